# SPDX-License-Identifier: Apache-2.0
"""Tiny randomly initialised translation models of each family, with tokenizers of made-up words."""

from __future__ import annotations

import io
import json
import random
import shutil

_RNG = random.Random(1)
WORDS = ["".join(_RNG.choice("abcdefghij") for _ in range(_RNG.randint(2, 6))) for _ in range(200)]
TEXTS = [" ".join(_RNG.choice(WORDS) for _ in range(_RNG.randint(2, 12))) for _ in range(500)]
SHAPE = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 128,
    # Large weights: the best word is far ahead, and rounding cannot change it.
    "init_std": 0.5,
    "tie_word_embeddings": False,
}


def write_model(family, folder, **options):
    """Write a model of a family as it would be published; return its folder.

    Args:
        family: of the model.
        folder: to write.
        options: of m2m100: ``words``, so many more that no text has but translations may have, and
            entries of ``SHAPE`` to replace.
    """
    import torch

    torch.manual_seed(1)
    folder.mkdir(parents=True)
    tokenizer, model = {"m2m100": _m2m100, "nllb": _nllb, "opus_mt": _marian, "madlad": _madlad}[
        family
    ](folder, **options)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def _m2m100(folder, words=0, **shape):
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    pieces = _sentencepiece(folder / "sentencepiece.bpe.model")
    names = ["<s>", "<pad>", "</s>", "<unk>", *pieces, *(f"▁more{i}" for i in range(words))]
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(names)}))
    tokenizer = M2M100Tokenizer(str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"))
    size = len(names) + len(tokenizer.lang_token_to_id) + tokenizer.num_madeup_words
    return tokenizer, M2M100ForConditionalGeneration(M2M100Config(vocab_size=size, **SHAPE | shape))


def _nllb(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(vocab_size=150, special_tokens=special, show_progress=False)
    backend.train_from_iterator(TEXTS, trainer)
    found = json.loads(backend.to_str())["model"]
    tokenizer = NllbTokenizer(
        vocab=found["vocab"], merges=[tuple(pair) for pair in found["merges"]]
    )
    # As in the published model, there are more rows than sub-words.
    config = M2M100Config(vocab_size=len(tokenizer) + 2, **SHAPE)
    return tokenizer, M2M100ForConditionalGeneration(config)


def _marian(folder):
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    pieces = _sentencepiece(folder / "source.spm")
    shutil.copy(folder / "source.spm", folder / "target.spm")
    names = ["</s>", "<unk>", *pieces, "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({name: i for i, name in enumerate(names)}))
    tokenizer = MarianTokenizer(
        source_spm=str(folder / "source.spm"),
        target_spm=str(folder / "target.spm"),
        vocab=str(folder / "vocab.json"),
        source_lang="en",
        target_lang="de",
    )
    pad = len(names) - 1
    config = MarianConfig(
        **SHAPE | {"tie_word_embeddings": True, "init_std": 0.3},
        vocab_size=len(names),
        pad_token_id=pad,
        decoder_start_token_id=pad,
        eos_token_id=0,
        forced_eos_token_id=0,
        scale_embedding=True,
        activation_function="swish",
    )
    model = MarianMTModel(config)
    # As published: the place holder is never said, and words are not equally likely.
    model.generation_config.bad_words_ids = [[pad]]
    model.final_logits_bias.normal_(std=1.0)
    return tokenizer, model


def _madlad(folder):
    import torch
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    pieces = _sentencepiece(None)
    tags = ["<2en>", "<2de>", "<2fil>"]
    scored = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    scored += [(piece, -1.0 - i / 50) for i, piece in enumerate(pieces)] + [(t, 0.0) for t in tags]
    tokenizer = T5Tokenizer(vocab=scored, extra_ids=0, additional_special_tokens=None)
    config = T5Config(
        vocab_size=len(scored),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        decoder_start_token_id=0,
        initializer_factor=1.0,
    )
    model = T5ForConditionalGeneration(config)
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    return tokenizer, model


def _sentencepiece(path):
    """Write a SentencePiece model if there is a path; return its pieces but the special ones."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS),
        model_writer=model,
        vocab_size=150,
        model_type="unigram",
        num_threads=1,
        minloglevel=2,
    )
    if path:
        path.write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return [processor.id_to_piece(number) for number in range(3, len(processor))]

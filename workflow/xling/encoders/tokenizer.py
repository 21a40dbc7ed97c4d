# SPDX-License-Identifier: Apache-2.0
"""Sub-word vocabularies of small encoders, in the form of XLM-R's and of BERT's tokenizer.

SentencePiece's unigram trainer makes both vocabularies: with one thread the same text gives the
same pieces, which the trainers of ``tokenizers`` 0.23 do not promise (their ties fall by hash).
"""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xling.errors import UsageError


def build_tokenizer(
    architecture: str, texts: Iterable[str], vocabulary: int, max_length: int
) -> Any:
    """Train a fast tokenizer of the given architecture.

    Args:
        architecture: ``xlm-roberta`` or ``bert``.
        texts: sentences; read once.
        vocabulary: most sub-words, special tokens included.
        max_length: stored as the tokenizer's ``model_max_length``.

    Returns:
        A ``transformers`` tokenizer with the special tokens, the pair template and the id layout
        of the published one (XLM-R: ``<s> <pad> </s> <unk>`` first and ``<mask>`` last).
    """
    from transformers import BertTokenizer, XLMRobertaTokenizer

    if architecture == "xlm-roberta":
        pieces = _unigram(texts, vocabulary - 1)
        return XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)], model_max_length=max_length)
    pieces = _unigram(texts, vocabulary)
    return BertTokenizer(
        vocab=_wordpieces(pieces, vocabulary), do_lower_case=False, model_max_length=max_length
    )


def _unigram(texts: Iterable[str], size: int) -> list[tuple[str, float]]:
    """Return at most ``size`` pieces with their log probabilities, specials first."""
    import sentencepiece

    sentences = list(texts)
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sentences),
                model_writer=model,
                vocab_size=size,
                hard_vocab_limit=False,
                character_coverage=1.0,
                # transformers 5 rebuilds the tokenizer from its vocabulary when it is loaded and
                # keeps no other normaliser than a compiled one, so the text is taken as it is.
                normalization_rule_name="identity",
                seed_sentencepieces_file=_seeds(sentences, size, Path(folder) / "seeds.tsv"),
                bos_id=0,
                pad_id=1,
                eos_id=2,
                unk_id=3,
                num_threads=1,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise UsageError(
                "the sub-word vocabulary cannot be made",
                where="encoders.<name>.vocabulary",
                allowed=f"more than the number of characters in the text ({error})",
                fix="raise 'vocabulary'",
            ) from error
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return [(processor.id_to_piece(i), processor.get_score(i)) for i in range(len(processor))]


def _seeds(sentences: list[str], size: int, path: Path) -> str:
    """Offer whole words as pieces if all of them fit into the vocabulary; return the file's name.

    SentencePiece starts from strings that occur in two different words.  In a language of few words
    that leaves out most words themselves, and every text becomes twice as long.
    """
    words = Counter(word for sentence in sentences for word in sentence.split())
    if len(words) > size:
        return ""
    pieces: Counter[str] = Counter()
    for word, count in words.items():
        marked = f"▁{word}"
        for start in range(len(marked)):
            for end in range(start + 1, len(marked) + 1):
                pieces[marked[start:end]] += count
    # The trainer's own seeds are weighted by frequency times length; so are these.
    weighted = sorted((-count * len(piece), piece) for piece, count in pieces.items())
    path.write_text("".join(f"{p}\t{-w}\n" for w, p in weighted), encoding="utf-8")
    return str(path)


def _wordpieces(pieces: list[tuple[str, float]], size: int) -> dict[str, int]:
    """Turn unigram pieces into a WordPiece vocabulary (a piece within a word gets ``##``)."""
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [piece for piece, _ in pieces[4:]]
    # Every character both as a beginning and as a continuation, so that no known script is [UNK].
    for character in sorted({c for word in words for c in word if c != "▁"}):
        tokens += [character, f"##{character}"]
    seen = set(tokens)
    for word in words:
        token = word[1:] if word.startswith("▁") else f"##{word}"
        if token and token not in seen and len(tokens) < size:
            seen.add(token)
            tokens.append(token)
    return {token: index for index, token in enumerate(tokens)}

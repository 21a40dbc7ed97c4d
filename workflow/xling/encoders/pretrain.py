# SPDX-License-Identifier: Apache-2.0
"""Masked language modelling of a small encoder on the study's own text (Devlin et al. 2019, §3.1).

Two related sentences are read together, as BERT and XLM-R read a pair, so that the encoder learns
to look across the separator before any task asks for it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.batches import updates
from xling.config.study import ScratchEncoder, TrainingSettings
from xling.encoders.tokenizer import build_tokenizer
from xling.stops import Stop
from xling.tasks.classification import tokenize_pairs
from xling.tokens import Tokens, write_tokens

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

log = logging.getLogger(__name__)


def new_model(encoder: ScratchEncoder, tokenizer: Any, positions: int) -> torch.nn.Module:
    """Return an untrained encoder with a masked-language-model head.

    Args:
        positions: longest input in sub-words, special tokens included.
    """
    from transformers import BertConfig, BertForMaskedLM, XLMRobertaConfig, XLMRobertaForMaskedLM

    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": encoder.hidden_size,
        "num_hidden_layers": encoder.layers,
        "num_attention_heads": encoder.heads,
        "intermediate_size": encoder.intermediate_size,
        "hidden_dropout_prob": encoder.dropout,
        "attention_probs_dropout_prob": encoder.dropout,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if encoder.architecture == "bert":
        return BertForMaskedLM(BertConfig(**shape, max_position_embeddings=positions))
    # RoBERTa-type encoders number positions from pad_token_id + 1.
    config = XLMRobertaConfig(
        **shape,
        max_position_embeddings=positions + tokenizer.pad_token_id + 1,
        type_vocab_size=1,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return XLMRobertaForMaskedLM(config)


def masked_batches(
    tokens: Tokens, tokenizer: Any, encoder: ScratchEncoder
) -> torch.utils.data.Dataset:
    """Return the masked batch of every step, each a pure function of (seed, step)."""
    import torch
    from transformers import DataCollatorForLanguageModeling

    plan = encoder.pretraining
    rows = updates(tokens.lengths, plan.batch_size, plan.steps, plan.seed)
    collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=plan.mask_probability)

    class MaskedBatches(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(rows)

        def __getitem__(self, step: int) -> dict[str, torch.Tensor]:
            batch = tokens.batch(rows[step], tokenizer.pad_token_id)
            special = torch.isin(batch["input_ids"], torch.tensor(tokenizer.all_special_ids))
            # The library masks with torch's global generator; it is lent a seed of this step only,
            # so that a resumed run masks the same sub-words.
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(
                    int(np.random.SeedSequence([plan.seed, step]).generate_state(1)[0])
                )
                batch["input_ids"], batch["labels"] = collator.torch_mask_tokens(
                    batch["input_ids"], special_tokens_mask=special
                )
            batch["loss_scale"] = torch.tensor(1.0)
            return batch

    return MaskedBatches()


def _masked_trainer() -> type:
    """Return a Trainer that scores the vocabulary at masked places only."""
    from torch.nn.functional import cross_entropy

    from xling.training import XlingTrainer

    class MaskedTrainer(XlingTrainer):
        def compute_loss(
            self,
            model: Any,
            inputs: dict[str, torch.Tensor],
            return_outputs: bool = False,
            num_items_in_batch: torch.Tensor | int | None = None,
        ) -> Any:
            """Return the mean cross-entropy over masked places.

            The models' own forward computes all places, about seven times as many.
            """
            del num_items_in_batch
            assert not return_outputs, "only evaluation asks for outputs"
            labels = inputs.pop("labels")
            inputs.pop("loss_scale")
            hidden = model.base_model(**inputs).last_hidden_state
            head = model.lm_head if hasattr(model, "lm_head") else model.cls
            masked = labels != -100
            return cross_entropy(head(hidden[masked]).float(), labels[masked])

    return MaskedTrainer


def pretrain(
    encoder: ScratchEncoder,
    text: pa.Table,
    positions: int,
    folder: Path,
    state: Path,
    stop: Stop | None = None,
) -> dict[str, Any]:
    """Train tokenizer and encoder and save both to ``folder``; return steps, seconds and loss.

    Args:
        text: columns ``sentence1``, ``sentence2``: two related sentences a row.
        positions: longest input that later stages will feed.
        state: where checkpoints live until the training is done.
        stop: whether the process is asked to leave; None: signals do what they do.

    Raises:
        xling.errors.Interrupted: a signal came and everything was saved.
        xling.errors.SetupError: all that the last attempts did was lost.
    """
    from transformers import set_seed

    from xling.encoders.encoder import check_precision
    from xling.training import fit, take_item, training_arguments

    check_precision(encoder.precision)
    plan = encoder.pretraining
    vocabulary = state / "tokenizer"
    tokenizer = _tokenizer(encoder, text, positions, vocabulary)
    arrow = state / "text.arrow"
    if not arrow.exists():
        table = tokenize_pairs(text, vocabulary / "tokenizer.json", plan.max_length)
        write_tokens(arrow, table, {"split": "text"})
    tokens = Tokens.read([arrow])
    set_seed(plan.seed)
    model = new_model(encoder, tokenizer, positions)
    log.info(
        "pre-training %s: %.2f M parameters, %d sub-words, %d texts, %d steps of %d",
        encoder.architecture,
        sum(p.numel() for p in model.parameters()) / 1e6,
        len(tokenizer),
        len(tokens),
        plan.steps,
        plan.batch_size,
    )
    settings = TrainingSettings(
        learning_rate=plan.learning_rate,
        warmup_ratio=plan.warmup_ratio,
        weight_decay=plan.weight_decay,
        batch_size=plan.batch_size,
        max_steps=plan.steps,
        checkpoint_every=plan.checkpoint_every,
    )
    trainer = _masked_trainer()(
        model=model,
        args=training_arguments(
            state, settings, steps=plan.steps, precision=encoder.precision, seed=plan.seed
        ),
        train_dataset=masked_batches(tokens, tokenizer, encoder),
        data_collator=take_item,
    )
    outcome = fit(trainer, state, model_folder=folder, stop=stop)
    assert outcome is not None, "a single process trains"
    tokenizer.save_pretrained(folder)
    losses = [entry["loss"] for entry in outcome.history if "loss" in entry]
    return {"steps": outcome.steps, "seconds": outcome.seconds, "loss": losses[-1]}


def _tokenizer(encoder: ScratchEncoder, text: pa.Table, positions: int, folder: Path) -> Any:
    """Train the tokenizer, or read it back when a run goes on."""
    from transformers import AutoTokenizer

    from xling.files import whole_folder

    if not folder.exists():
        sentences = (
            value.as_py() for name in ("sentence1", "sentence2") for value in text.column(name)
        )
        tokenizer = build_tokenizer(encoder.architecture, sentences, encoder.vocabulary, positions)
        with whole_folder(folder) as part:
            tokenizer.save_pretrained(part)
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)

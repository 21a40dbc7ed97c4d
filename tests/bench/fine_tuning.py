# SPDX-License-Identifier: Apache-2.0
"""One pass of fine-tuning on pairs as long as XNLI's, 32 per update.

- ours: batches of similar length, padded to the longest row of a batch (``xling.training``);
- the same loop and batches, every row padded to 128, as the released scripts of the papers do;
- a plain ``transformers.Trainer`` on a ``datasets.Dataset`` with ``DataCollatorWithPadding``, as in
  the library's example scripts.

The learning rate is 0.  That changes no step of the work, and the mean loss of a pass is then the
same whatever the batches are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.comparison import Case
from bench.made_up import PAD, padded, real_lengths, small_model, token_file

MAX_LENGTH = 128
BATCH = 32


def training(updates: int, folder: Path) -> Case:
    """Compare loops over as many pairs as fill the updates."""
    import pyarrow as pa

    lengths = real_lengths("xnli_lengths.csv", BATCH * updates)
    labels = np.random.default_rng(2).integers(0, 3, len(lengths))
    file = token_file(lengths, {"label": pa.array(labels, pa.int32())}, folder)
    return Case(
        f"fine-tuning on {len(lengths):,} pairs of XNLI's lengths",
        partial(ours, file, updates),
        {
            f"each row padded to {MAX_LENGTH}": partial(ours, file, updates, pad_to=MAX_LENGTH),
            "library's example loop": partial(example, file, updates),
        },
        partial(math.isclose, rel_tol=1e-5),
    )


def ours(file: Path, steps: int, *, pad_to: int = 0) -> Callable[[], float]:
    """Make our trainer ready, or the same one with every row padded to ``pad_to`` if not 0."""
    from xling.batches import updates
    from xling.tasks.classification import Tokens
    from xling.training import UpdateDataset, XlingTrainer, take_item

    class Padded(UpdateDataset):
        def __getitem__(self, item: int) -> dict[str, Any]:
            return padded(super().__getitem__(item), pad_to)

    tokens = Tokens.read([file])
    rows = updates(tokens.lengths, BATCH, steps, seed=1)
    return loss_of(
        XlingTrainer(
            model=_model(),
            args=arguments(file.parent, steps, 1),  # one item is one batch
            train_dataset=(Padded if pad_to else UpdateDataset)(tokens, rows, parts=1, pad_id=PAD),
            data_collator=take_item,
        )
    )


def example(file: Path, steps: int) -> Callable[[], float]:
    """Make the library's own loop ready as its example scripts set it up."""
    from datasets import Dataset
    from tokenizers import Tokenizer, models
    from transformers import DataCollatorWithPadding, PreTrainedTokenizerFast, Trainer

    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.Unigram(vocabulary, 3)), pad_token="<pad>"
    )
    return loss_of(
        Trainer(
            model=_model(),
            args=arguments(file.parent, steps, BATCH),
            train_dataset=Dataset.from_file(str(file)).remove_columns(["id", "language"]),
            data_collator=DataCollatorWithPadding(tokenizer),
        )
    )


def loss_of(trainer: Any) -> Callable[[], float]:
    """Return work that trains and gives the mean loss."""
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    return lambda: float(trainer.train().training_loss)


def _model() -> Any:
    from transformers import AutoModelForSequenceClassification

    return small_model(AutoModelForSequenceClassification, MAX_LENGTH, labels=3)


def arguments(folder: Path, steps: int, batch: int) -> Any:
    """Return equal settings for all sides."""
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(folder / "trainer"),
        max_steps=steps,
        per_device_train_batch_size=batch,
        learning_rate=0.0,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        logging_strategy="no",
        remove_unused_columns=False,
        use_cpu=True,
    )

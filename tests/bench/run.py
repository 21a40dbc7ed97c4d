# SPDX-License-Identifier: Apache-2.0
"""Speed claims, measured: both sides in one process, in turns, as a ratio with its spread.

    make bench

Fine-tuning a small XLM-R-shaped classifier on examples as long as real XNLI pairs
(``xnli_lengths.csv``), 32 per update:

- ours: batches of similar length, padded to the longest row of a batch (``xling.training``);
- padded: the same loop, every row padded to 128, as the released scripts of the papers do;
- example: a plain ``transformers.Trainer`` on a ``datasets.Dataset`` with
  ``DataCollatorWithPadding``, as in the library's example scripts.

A round times each side once; a ratio compares two sides of the same round.
"""

from __future__ import annotations

import argparse
import csv
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MAX_LENGTH = 128
BATCH = 32
VOCABULARY = 8000


def real_lengths(rows: int) -> np.ndarray:
    """Draw lengths from the distribution of XNLI, with a fixed seed."""
    path = Path(__file__).with_name("xnli_lengths.csv")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    table = [(int(r["length"]), int(r["pairs"])) for r in csv.DictReader(lines)]
    lengths, pairs = np.array(table).T
    return np.random.default_rng(0).choice(lengths, rows, p=pairs / pairs.sum())


def write_tokens_file(folder: Path, rows: int) -> Path:
    """Write made-up sub-words of real lengths as a tokenised split."""
    import pyarrow as pa

    from xling.tokens import write_tokens

    rng = np.random.default_rng(1)
    ids = [rng.integers(5, VOCABULARY, n).tolist() for n in real_lengths(rows)]
    table = pa.table(
        {
            "id": [str(i) for i in range(rows)],
            "language": ["en"] * rows,
            "label": pa.array(rng.integers(0, 3, rows), pa.int32()),
            "input_ids": pa.array(ids, pa.list_(pa.int32())),
        }
    )
    write_tokens(folder / "train.arrow", table, {"split": "train"})
    return folder / "train.arrow"


def new_model() -> Any:
    """Return an untrained classifier, small enough for a laptop, large enough to be a load."""
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

    torch.manual_seed(0)
    return XLMRobertaForSequenceClassification(
        XLMRobertaConfig(
            vocab_size=VOCABULARY,
            hidden_size=192,
            num_hidden_layers=4,
            num_attention_heads=4,
            intermediate_size=768,
            max_position_embeddings=MAX_LENGTH + 2,
            type_vocab_size=1,
            pad_token_id=1,
            num_labels=3,
        )
    )


def arguments(folder: Path, steps: int, batch: int) -> Any:
    """Return equal settings for all sides."""
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=batch,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        logging_strategy="no",
        remove_unused_columns=False,
        use_cpu=True,
    )


def ours(file: Path, folder: Path, steps: int, *, pad_to: int | None = None) -> Any:
    """Return our trainer, or the same one with every row padded to ``pad_to``."""
    import torch

    from xling.batches import updates
    from xling.tokens import Tokens
    from xling.training import UpdateDataset, XlingTrainer, take_item

    tokens = Tokens.read([file])

    class Padded(UpdateDataset):
        def __getitem__(self, item: int) -> dict[str, Any]:
            batch = super().__getitem__(item)
            for name, fill in (("input_ids", self.pad_id), ("attention_mask", 0)):
                more = (0, pad_to - batch[name].shape[1])
                batch[name] = torch.nn.functional.pad(batch[name], more, value=fill)
            return batch

    if pad_to is None:
        rows, dataset = updates(tokens.lengths, BATCH, steps, seed=1), UpdateDataset
    else:
        order = np.random.default_rng(1).permutation(len(tokens))
        rows = [order[i * BATCH : (i + 1) * BATCH] for i in range(steps)]
        dataset = Padded
    return XlingTrainer(
        model=new_model(),
        args=arguments(folder, steps, 1),
        train_dataset=dataset(tokens, rows, parts=1, pad_id=1),
        data_collator=take_item,
    )


def example(file: Path, folder: Path, steps: int) -> Any:
    """Return the library's own loop as its example scripts set it up."""
    from datasets import Dataset
    from tokenizers import Tokenizer, models
    from transformers import DataCollatorWithPadding, PreTrainedTokenizerFast, Trainer

    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.Unigram(vocabulary, 3)), pad_token="<pad>"
    )
    dataset = Dataset.from_file(str(file)).remove_columns(["id", "language"])
    return Trainer(
        model=new_model(),
        args=arguments(folder, steps, BATCH),
        train_dataset=dataset,
        data_collator=DataCollatorWithPadding(tokenizer),
    )


def seconds(trainer: Any) -> float:
    """Train and return the time it took, model and data ready before."""
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    started = time.perf_counter()
    trainer.train()
    return time.perf_counter() - started


def measure(rounds: int, steps: int) -> dict[str, list[float]]:
    """Return examples per second of each side, one number a round."""
    rates: dict[str, list[float]] = {"ours": [], "padded": [], "example": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = write_tokens_file(folder, BATCH * max(steps, 200))
        sides: dict[str, Callable[[int], Any]] = {
            "ours": lambda n: ours(file, folder / "ours", n),
            "padded": lambda n: ours(file, folder / "padded", n, pad_to=MAX_LENGTH),
            "example": lambda n: example(file, folder / "example", n),
        }
        for side in sides.values():
            seconds(side(2))  # warm-up, not counted
        for _ in range(rounds):
            for side_name, side in sides.items():
                rates[side_name].append(BATCH * steps / seconds(side(steps)))
    return rates


def main() -> None:
    """Print rates and ratios."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=25, help="updates a round, per side")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    lengths = real_lengths(100_000)
    rates = measure(args.rounds, args.steps)
    write = sys.stdout.write
    write(
        f"fine-tuning, lengths of XNLI (mean {lengths.mean():.1f}), {BATCH} examples an update, "
        f"{args.steps} updates a round, {args.rounds} rounds, {torch.get_num_threads()} threads\n\n"
    )
    for name, values in rates.items():
        write(
            f"{name:8} {statistics.median(values):7.1f} examples/s  "
            f"({min(values):.1f} to {max(values):.1f})\n"
        )
    write("\n")
    for name in ("padded", "example"):
        ratios = [a / b for a, b in zip(rates["ours"], rates[name], strict=True)]
        write(
            f"ours / {name:8} {statistics.median(ratios):.2f} times  "
            f"({min(ratios):.2f} to {max(ratios):.2f})\n"
        )


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""An update of X-Mixup: by plain updates on the same targets, and by the method written naively.

Learning rate 0 and no dropout, as in :mod:`bench.fine_tuning`: the work is the same, and so are the
losses of two sides that read the same texts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.comparison import Case
from bench.fine_tuning import MAX_LENGTH, arguments, loss_of
from bench.made_up import PAD, real_lengths, small_model, token_file
from xling.batches import GROUPS_OF, updates

if TYPE_CHECKING:
    from xling.tasks.classification import Tokens
    from xling.xmixup.pairs import Pairs

BATCH = 32
CLASSES = 3

# Matrix products are most of the work, as in encoders of usual size.
COST_MODEL = {"hidden": 256, "layers": 6}
COST_LENGTH = 56

# XNLI dev sets, en beside de es ar hi sw zh: mean and standard deviation of log(sub-words of the
# English pair / of the other).  Counted as the lengths in xnli_lengths.csv.
LOG_RATIO = (0.015, 0.227)
SHORTEST = 10  # in xnli_lengths.csv


def cost(rows: int, folder: Path) -> Case:
    """Compare plain training with X-Mixup on the same targets, mixing in the first layer.

    Each text is its own source, so both sides of a pair are equally long, and the source's part of
    the loss must be the loss of plain training.
    """
    tokens = _tokens(np.full(rows, COST_LENGTH), folder)
    batches = np.array_split(np.arange(rows), -(-rows // BATCH))
    return Case(
        f"plain training on {rows} rows of {COST_LENGTH} sub-words",
        partial(_plain, tokens, batches, folder),
        {"X-Mixup, same targets": partial(_beside, tokens, batches, folder)},
        partial(math.isclose, rel_tol=1e-5),
    )


def naive(pairs: int, folder: Path, *, widest: bool = False) -> Case:
    """Compare our X-Mixup with two calls of an eager encoder on texts padded to the maximum.

    Args:
        pairs: that are read, in batches spread evenly over the widths that one pass has.
        folder: for files.
        widest: take the widest batches in their place, which need most memory.
    """
    batch = min(BATCH, pairs)
    count = pairs // batch
    rows = real_pairs(batch * GROUPS_OF, folder)
    batches = by_width(rows.lengths, batch)
    chosen = batches[:count] if widest else spread_evenly(batches, count)
    return Case(
        f"X-Mixup on {batch * count} pairs of XNLI's lengths",
        partial(_mixed, rows, chosen, folder),
        {f"two eager calls, {MAX_LENGTH} wide": partial(_naive, rows, chosen, folder)},
        partial(math.isclose, rel_tol=1e-5),
    )


def real_pairs(count: int, folder: Path) -> Pairs:
    """Make pairs as long as real ones; each target has a source of its own."""
    from xling.xmixup.pairs import Pairs

    targets = real_lengths("xnli_lengths.csv", count)
    factors = np.exp(np.random.default_rng(3).normal(*LOG_RATIO, count))
    sources = np.rint(targets * factors).astype(int).clip(SHORTEST, MAX_LENGTH)
    sides = [_tokens(lengths, folder / name) for lengths, name in ((targets, "t"), (sources, "s"))]
    return Pairs(*sides, None, np.arange(count), None)


def by_width(lengths: np.ndarray, batch: int) -> list[np.ndarray]:
    """Return the rows of the trainer's batches in one pass, the widest batch first."""
    in_pass = updates(lengths, batch, len(lengths) // batch, seed=1)
    return sorted(in_pass, key=lambda rows: -lengths[rows].max())


def spread_evenly(batches: list[np.ndarray], count: int) -> list[np.ndarray]:
    """Return the middle ones of ``count`` equal shares."""
    middles = (np.arange(count) + 0.5) * len(batches) / count
    return [batches[i] for i in middles.astype(int)]


def _tokens(lengths: np.ndarray, folder: Path) -> Tokens:
    import pyarrow as pa

    from xling.tasks.classification import Tokens

    folder.mkdir(exist_ok=True)
    labels = np.random.default_rng(2).integers(0, CLASSES, len(lengths))
    return Tokens.read([token_file(lengths, {"label": pa.array(labels, pa.int32())}, folder)])


def _plain(tokens: Tokens, rows: list[np.ndarray], folder: Path) -> Callable[[], float]:
    from xling.training import UpdateDataset, XlingTrainer, take_item

    return loss_of(
        XlingTrainer(
            model=_model(**COST_MODEL),
            args=arguments(folder, len(rows), 1),
            train_dataset=UpdateDataset(tokens, rows, parts=1, pad_id=PAD),
            data_collator=take_item,
        )
    )


def _beside(tokens: Tokens, rows: list[np.ndarray], folder: Path) -> Callable[[], float]:
    """Make X-Mixup ready; the work gives the mean of the source's task loss."""
    import torch

    from xling.xmixup.model import XMixup
    from xling.xmixup.pairs import Pairs
    from xling.xmixup.training import XMixupTrainer

    class Noting(XMixupTrainer):
        def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            loss, pair = super().compute_loss(model, inputs, return_outputs=True)
            classes = inputs["labels"]["labels"]
            source = torch.nn.functional.cross_entropy(pair.source.logits.detach(), classes)
            losses.append(float(source))
            return loss

    losses: list[float] = []
    pairs = Pairs(tokens, tokens, None, np.arange(len(tokens)), None)
    model = XMixup(_model(**COST_MODEL), settings(COST_MODEL["layers"]))
    train = loss_of(_trainer(Noting, model, pairs, rows, folder))

    def work() -> float:
        train()
        return float(np.mean(losses))

    return work


def _mixed(pairs: Pairs, rows: list[np.ndarray], folder: Path) -> Callable[[], float]:
    from xling.xmixup.model import XMixup
    from xling.xmixup.training import XMixupTrainer

    encoder = _model()
    model = XMixup(encoder, settings(encoder.config.num_hidden_layers))
    return loss_of(_trainer(XMixupTrainer, model, pairs, rows, folder))


def _naive(pairs: Pairs, rows: list[np.ndarray], folder: Path) -> Callable[[], float]:
    from bench.naive_xmixup import TwoCalls
    from xling.xmixup.training import XMixupTrainer

    encoder = _model(attention="eager")
    model = TwoCalls(encoder, settings(encoder.config.num_hidden_layers), MAX_LENGTH)
    return loss_of(_trainer(XMixupTrainer, model, pairs, rows, folder))


def _trainer(kind: Any, model: Any, pairs: Pairs, rows: list[np.ndarray], folder: Path) -> Any:
    from xling.training import take_item
    from xling.xmixup.updates import PairDataset

    dataset = PairDataset(
        pairs,
        rows,
        family="classification",
        settings=model.settings,
        parts=1,
        pad_id=PAD,
        seed=1,
    )
    return kind(
        model=model,
        args=arguments(folder, len(rows), 1),
        train_dataset=dataset,
        data_collator=take_item,
    )


def _model(**size: Any) -> Any:
    from transformers import AutoModelForSequenceClassification

    return small_model(AutoModelForSequenceClassification, MAX_LENGTH, CLASSES, **size)


def settings(layers: int) -> Any:
    """Return the method's own settings for classification; sources are always originals."""
    from xling.xmixup.settings import preset

    return preset(
        "paper", "classification", layers=layers, max_length=MAX_LENGTH, layer=0, sampling="off"
    )

# SPDX-License-Identifier: Apache-2.0
"""What CATS costs beside the stock training of fairseq: time of updates, memory of a measurement.

CATS is frozen: it measures and learns, and trains with all factors 1.  So both sides do the same
training, and must end with the same loss, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import eq
from pathlib import Path
from typing import Any

from bench.cats_training import Training, prepare
from bench.comparison import Case

DIRECTIONS = 8  # TED-8
TOKENS = 4096  # of a batch, as in recipes for TED-8 and one GPU
PERIODS = (100, 10)
WIDTH = 32  # small: 100 updates are needed for one measurement
SIZES = (4, 16, 64)  # numbers of directions
WIDE = 192  # parameters are most of the memory


def cost(updates: int, folder: Path) -> Case:
    """Compare the stock training with CATS, measuring every 100 and every 10 updates.

    Args:
        updates: a multiple of the periods, so that each has its share of measurements.
        folder: for files.
    """
    return Case(
        f"stock training, {updates} updates of {TOKENS} tokens",
        partial(_train, folder, updates, None),
        {f"CATS, K = {period}": partial(_train, folder, updates, period) for period in PERIODS},
        eq,
    )


def memory(tokens: int, folder: Path) -> Case:
    """Compare measurements of 4, 16 and 64 directions, with one gradient at a time and with all.

    Args:
        tokens: of each direction's probe batch; few, so that gradients are most of the memory.
        folder: for files.
    """
    sides = {
        f"{kind}, {count} directions": partial(_measure, folder, tokens, kind, count)
        for kind, sizes in (("twopass", SIZES), ("gram", (SIZES[0], SIZES[-1])))
        for count in sizes
    }
    first, *_ = sides
    ours = sides.pop(first)
    return Case(f"measurement, {first}", ours, sides, eq)


def _settings(period: int, **probe: Any) -> dict[str, Any]:
    from xling.mt.cats.settings import preset

    weighting = preset("relative", period=period).model_dump()
    return {"method": "cats", "weighting": weighting, "probe": probe, "frozen": True}


def _train(folder: Path, updates: int, period: int | None) -> Callable[[], float]:
    settings = None if period is None else _settings(period)
    training = prepare(folder, DIRECTIONS, TOKENS, WIDTH, settings)
    return partial(training.run, updates)


def _measure(folder: Path, tokens: int, kind: str, directions: int) -> Callable[[], bool]:
    """Make a measurement ready; the work tells whether it is consistent."""
    import numpy as np

    training = prepare(folder, directions, 256, WIDE, _settings(100))
    # Not before: it makes fairseq importable.
    from xling.mt.fairseq.plugin import measure
    from xling.mt.fairseq.settings import ProbeSettings

    # All that a training holds is there: optimizer, gradients.
    training.run(1)
    trained = _trained(training)
    datasets = training.task.datasets["train"].datasets
    settings = ProbeSettings(kind=kind, tokens=tokens)
    alpha = np.full(directions, 1.0 / directions)

    def work() -> bool:
        found = measure.gradients(trained, datasets, 1, alpha, settings)
        return found.finite and found.disagreement < 1e-3

    return work


def _trained(training: Training) -> Any:
    from xling.mt.fairseq.plugin import measure

    trainer = training.trainer
    return measure.Trained(
        trainer.get_model(), trainer.get_criterion(), trainer.optimizer, False, (99, 99), 1
    )

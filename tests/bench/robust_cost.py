# SPDX-License-Identifier: Apache-2.0
"""An update of ADV by plain updates on the same rows.

Learning rate 0 and no dropout, as in :mod:`bench.fine_tuning`; the radius is next to nothing, so
that the steps are all done and the losses are those of plain training.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.comparison import Case
from bench.fine_tuning import arguments, loss_of
from bench.made_up import PAD, small_model, token_file

if TYPE_CHECKING:
    from xling.tasks.classification import Tokens

BATCH = 32
CLASSES = 3
# Matrix products are most of the work, as in encoders of usual size.
MODEL = {"hidden": 256, "layers": 6}
LENGTH = 56
STEPS = 3  # K


def cost(rows: int, folder: Path) -> Case:
    """Compare plain training with ADV, whose update may cost (K + 1) x 1.1 plain ones."""
    import pyarrow as pa

    from xling.tasks.classification import Tokens

    labels = np.random.default_rng(2).integers(0, CLASSES, rows)
    columns = {"label": pa.array(labels, pa.int32())}
    tokens = Tokens.read([token_file(np.full(rows, LENGTH), columns, folder)])
    batches = np.array_split(np.arange(rows), -(-rows // BATCH))
    points = ("word_embeddings", f"hidden:{MODEL['layers'] // 2}")
    return Case(
        f"plain training on {rows} rows of {LENGTH} sub-words",
        partial(_work, tokens, batches, folder, None),
        {
            f"ADV, {STEPS} steps at {point}": partial(_work, tokens, batches, folder, point)
            for point in points
        },
        partial(math.isclose, rel_tol=1e-4),
    )


def _work(
    tokens: Tokens, rows: list[np.ndarray], folder: Path, point: str | None
) -> Callable[[], float]:
    from transformers import AutoModelForSequenceClassification

    from xling.robust.model import RobustModel
    from xling.robust.scale import scale_of
    from xling.robust.settings import AdvSettings
    from xling.training import UpdateDataset, XlingTrainer, take_item

    model = small_model(AutoModelForSequenceClassification, LENGTH, CLASSES, **MODEL)
    if point is not None:
        settings = AdvSettings(perturb_at=point, steps=STEPS, radius=1e-7, radius_unit="absolute")
        model = RobustModel(model, settings, scale_of(settings, 1.0, MODEL["hidden"]))
    return loss_of(
        XlingTrainer(
            model=model,
            args=arguments(folder, len(rows), 1),
            train_dataset=UpdateDataset(tokens, rows, parts=1, pad_id=PAD),
            data_collator=take_item,
        )
    )

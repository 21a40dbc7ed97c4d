# SPDX-License-Identifier: Apache-2.0
"""Published settings, by name: the authors' training script at two times.

``v1``: sentence-transformers at d588949d (22 April 2020), with which the first version of the paper
was made.  ``emnlp``: at ea468f5e (November 2020), the time of EMNLP.

Ours in both, because the scripts' way is not to be had or not to be followed:

- AdamW corrects its bias, as in every library of today; the scripts' does not;
- weights are chosen on held-out parallel pairs of the training corpora.  The scripts choose on
  English-German XNLI pairs (v1) and on a mean over all evaluators, STS test sets among them
  (emnlp);
- trainings shorter than twice the warm-up warm up for a tenth of their updates.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from xling.distill.settings import DistillSettings, Mixing
from xling.errors import UsageError, nearest


@dataclass(frozen=True)
class Recipe:
    """What was published.

    Attributes:
        source: where it was read.
        training: settings of :class:`~xling.distill.settings.DistillSettings`.
        max_characters: of a sentence; longer ones are left out with their row.
        cap: pairs of one corpus in one language, in the order of the file; None: all.
    """

    source: str
    training: DistillSettings
    max_characters: int
    cap: int | None


_COMMON: dict[str, Any] = {"examples": "grouped", "warmup_steps": 10_000, "batch_size": 64}

RECIPES = MappingProxyType(
    {
        "v1": Recipe(
            source="UKPLab/sentence-transformers at d588949d, the script of arXiv 2004.09813v1",
            training=DistillSettings(
                **_COMMON, epochs=20.0, schedule="constant", mixing=Mixing(epoch="largest")
            ),
            max_characters=128,
            cap=None,
        ),
        "emnlp": Recipe(
            source="UKPLab/sentence-transformers at ea468f5e, the script at the time of EMNLP 2020",
            training=DistillSettings(
                **_COMMON, epochs=5.0, schedule="linear", mixing=Mixing(epoch="total")
            ),
            max_characters=250,
            cap=500_000,
        ),
    }
)


def recipe(name: str, **changes: Any) -> Recipe:
    """Return a recipe with some of its training settings changed.

    ``max_steps`` takes the place of the recipe's epochs.

    Raises:
        UsageError: there is no such recipe.
        pydantic.ValidationError: a change is no setting, its value is not allowed, or settings
            contradict each other.
    """
    if name not in RECIPES:
        raise UsageError(
            f"unknown recipe of distillation '{name}'",
            allowed=", ".join(RECIPES),
            fix=nearest(name, RECIPES) or "give one of the allowed names",
        )
    found = RECIPES[name]
    if "max_steps" in changes:
        changes = {"epochs": None} | changes
    values = found.training.model_dump() | changes
    return Recipe(
        found.source, DistillSettings.model_validate(values), found.max_characters, found.cap
    )

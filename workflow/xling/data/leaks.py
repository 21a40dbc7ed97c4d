# SPDX-License-Identifier: Apache-2.0
"""Whether a test item was seen in fine-tuning."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from xling.data.tables import languages_of, read_table
from xling.plan import Plan
from xling.robust.splits import augmented_split
from xling.tasks import TASKS
from xling.translate_splits import layout, made_split

# What makes two rows the same item for a model, whatever their ids are.
_TEXTS = {
    "classification": ("sentence1", "sentence2"),
    "tagging": ("tokens",),
    "qa": ("context", "question"),
}


@dataclass(frozen=True)
class Overlap:
    """Items that are both trained on and tested.

    Attributes:
        name: of the two splits.
        shared: different items in both.
        tested: different items that are tested.
        excuse: why shared items are no mistake, in words; empty if they are one.
    """

    name: str
    shared: int
    tested: int
    excuse: str


def leaks(plan: Plan, prepared: Path) -> list[Overlap]:
    """Count test items that occur word for word among the rows a study trains on.

    Args:
        plan: says what is trained on and what is tested.
        prepared: folder of the prepared tables, ``{task}/{split}.parquet``.
    """
    pairs: set[tuple[str, str, str, str]] = set()
    for run in plan.runs:
        if plan.trains(run):
            for lender, split in plan.train_splits(plan.trained_as(run)):
                pairs.add((lender, split, run.task, plan.test_split(run)))
    found = []
    items: dict[tuple[str, str], set[bytes]] = {}
    for lender, split, task, tested in sorted(pairs):
        for key in ((lender, split), (task, tested)):
            if key not in items:
                items[key] = _items(prepared / key[0] / f"{key[1]}.parquet", TASKS[key[0]].family)
        one, other = items[lender, split], items[task, tested]
        found.append(
            Overlap(
                name=f"{lender} {split} and {task} {tested}",
                shared=len(one & other),
                tested=len(other),
                excuse=_excuse(plan, lender, split, task, tested),
            )
        )
    return found


def _excuse(plan: Plan, lender: str, split: str, task: str, tested: str) -> str:
    study = plan.study
    if made_split(split) or split == "back_translate":
        return "a translation may say what is said in a test"
    if augmented_split(split):
        return "copies of training rows with other words"
    if layout(tested) == "translate_test":
        return "a translation may say what is said in training"
    if (
        study.data.artificial is None
        and study.tasks[lender].train_split == "train"
        and study.tasks[task].test_split == "test"
    ):
        return "published data is used as it is"
    # What we generate or divide ourselves must share nothing.
    return ""


def _items(path: Path, family: str) -> set[bytes]:
    """Return digests of the different items of a prepared table, one language after the other.

    Training sets translated to many languages have millions of rows; their texts would not fit.
    """
    names = _TEXTS[family]
    found: set[bytes] = set()
    for language in languages_of(path):
        table = read_table(path, [language], names)
        for row in zip(*(table[name].to_pylist() for name in names), strict=True):
            found.add(hashlib.blake2b(repr(row).encode(), digest_size=16).digest())
    return found

# SPDX-License-Identifier: Apache-2.0
"""Published sizes and label distributions, against which rows are checked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from xling.errors import DataError
from xling.tasks import TASKS

# Rows per label of one language.  XNLI: Conneau et al. 2018, balanced by design.  PAWS-X: counted
# in the release; rows that were not translated carry label 0, so languages differ.
_XNLI_PER_LABEL = {"dev": 830, "test": 1_670}
_PAWSX_DEV_POSITIVES = {
    "de": 831,
    "en": 863,
    "es": 847,
    "fr": 860,
    "ja": 854,
    "ko": 840,
    "zh": 853,
}
# Ours: the most uneven split of the two benchmarks has 58 % of one label.
_LARGEST_SHARE = 0.9
#: Ours: the published translations have a few malformed rows, far below this.
LARGEST_LOSS = 0.01
#: Ours: of our own translations, what failed is left out and counted where they are made; one that
#: lacks half of the rows is no translation.
LARGEST_OWN_LOSS = 0.5
#: Ours: at most 0.8 % of PAWS-X's dev rows are also test rows (counted); far more is a mistake.
LARGEST_OVERLAP = 0.05

_PLACEHOLDERS = (
    "labels may be placeholders: XTREME's download script removes the labels of test files "
    "(google-research/xtreme issues 24 and 29); take them from the original release"
)


def check_row_count(path: Path, rows: int, expected: int, what: str) -> None:
    """Raise :class:`DataError` unless a language has exactly the expected rows."""
    if rows != expected:
        raise DataError(
            f"{what} has {rows} rows",
            where=str(path),
            allowed=f"{expected} rows",
            fix="the file is cut off or of another release: copy or download it again",
        )


def check_spread(path: Path, labels: Counter[str], what: str) -> None:
    """Raise :class:`DataError` if nearly all rows have one label."""
    (label, count), total = labels.most_common(1)[0], labels.total()
    if len(labels) == 1 or count > _LARGEST_SHARE * total:
        raise DataError(
            f"{what}: {count} of {total} rows have the label '{label}'",
            where=str(path),
            allowed=f"several labels, none of them in over {_LARGEST_SHARE:.0%} of the rows",
            fix=_PLACEHOLDERS,
        )


def check_published_labels(
    path: Path, task: str, split: str, language: str, labels: Counter[str]
) -> None:
    """Raise :class:`DataError` unless labels are distributed as in the published release."""
    expected: dict[str, int] = {}
    if task == "xnli" and split in _XNLI_PER_LABEL:
        expected = dict.fromkeys(TASKS[task].labels, _XNLI_PER_LABEL[split])
    elif task == "pawsx" and split == "dev":
        positives = _PAWSX_DEV_POSITIVES[language]
        expected = {"0": labels.total() - positives, "1": positives}
    if expected and labels != expected:
        raise DataError(
            f"{task} {split} {language}: rows per label are {_in_words(labels)}",
            where=str(path),
            allowed=_in_words(expected),
            fix=_PLACEHOLDERS,
        )


def check_loss(
    path: Path, lost: int, total: int, what: str, *, limit: float, example: str = ""
) -> None:
    """Raise :class:`DataError` if too much of a file cannot be used.

    Args:
        path: the file.
        lost: rows that cannot be used.
        total: rows there are.
        what: what is wrong with them, in words.
        limit: largest share of such rows.
        example: where one of them is, if known.
    """
    if lost > limit * total:
        raise DataError(
            f"{lost} of {total} rows: {what}",
            where=example or str(path),
            allowed=f"at most {limit:.0%} of the rows" if limit else "none in artificial data",
            fix="the file is damaged or belongs to another release: copy or download it again",
        )


def _in_words(labels: dict[str, int]) -> str:
    return ", ".join(f"{label} {labels[label]}" for label in sorted(labels))

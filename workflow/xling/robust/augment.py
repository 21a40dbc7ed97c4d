# SPDX-License-Identifier: Apache-2.0
"""The stage ``augment``: a prepared split with copies of the training rows (RS-DA)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.data.tables import read_summary, read_table
from xling.errors import DataError
from xling.robust.splits import AugmentedSplit
from xling.robust.synonyms import augmented, same_stem

if TYPE_CHECKING:
    import pyarrow as pa


def augment(
    train: Path, copied: AugmentedSplit, synonyms: Path | None
) -> tuple[pa.Table, dict[str, Any]]:
    """Return copies of prepared training pairs, and the summary of the split.

    The summary is that of the rows, with m times their numbers; ``augmented`` says how many words
    were drawn, and where the synonyms are from.

    Args:
        train: prepared split ``train``.
        copied: how many copies, the seed, and whose words stand for each other.
        synonyms: what ``xling synonyms`` wrote; None where the table is made of the rows.

    Raises:
        DataError: a file cannot be read.
    """
    rows, summary = read_table(train), read_summary(train)
    if synonyms is None:
        texts = (text for name in ("sentence1", "sentence2") for text in rows[name].to_pylist())
        origin, table = "words of the training set with the same stem (ours)", same_stem(texts)
    else:
        origin, table = _read(synonyms)
    made, counts = augmented(rows, table, copied.copies, copied.seed)
    about = f"{copied.copies} copies of each row, {counts['words_replaced']:,} of "
    about += f"{counts['words']:,} words replaced; synonyms: {origin}"
    return made, summary | {
        "split": copied.name,
        "rows": _times(summary["rows"], copied.copies),
        "scored": _times(summary["scored"], copied.copies),
        "labels": {code: _times(found, copied.copies) for code, found in summary["labels"].items()},
        "ns_rows": _times(summary["ns_rows"], copied.copies),
        "notes": [*summary["notes"], about],
        "augmented": counts | {"synonyms": origin},
    }


def _times(counts: dict[str, int], copies: int) -> dict[str, int]:
    return {name: copies * count for name, count in counts.items()}


def _read(path: Path) -> tuple[str, dict[str, list[str]]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found["origin"], found["neighbours"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the table of synonyms cannot be read ({type(error).__name__})",
            where=str(path),
            allowed="the JSON that 'xling synonyms' writes",
            fix="delete the file and run snakemake again",
        ) from error

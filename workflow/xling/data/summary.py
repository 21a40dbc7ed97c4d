# SPDX-License-Identifier: Apache-2.0
"""What the stage ``prepare`` did, for people and for records."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xling.data.manifest import RawFile
from xling.data.origins import HUMAN, MACHINE
from xling.data.readers.raw import RawData
from xling.data.readers.rows import NOT_TRANSLATED


def summarise(
    task: str,
    split: str,
    table: pa.Table,
    raw: RawData,
    dropped: dict[str, dict[str, int]],
    *,
    train_split: str,
    artificial: bool,
) -> dict[str, Any]:
    """Return the summary of a prepared table; equal input gives equal values.

    Keys: ``task``, ``split``; ``rows`` and ``labels`` per language; ``dropped`` per reason and
    language; ``ns_rows`` (rows with the placeholder NS that were kept, PAWS-X); ``quoted`` (rows
    whose csv quoting was undone); ``notes`` (sentences); ``origin``, ``translations``; ``sources``.
    """
    labels = _labels(table)
    untranslated = _untranslated(table) if task == "pawsx" else {}
    return {
        "task": task,
        "split": split,
        "rows": {code: sum(counts.values()) for code, counts in labels.items()},
        "labels": {} if task == "text" else labels,
        "dropped": dropped,
        "ns_rows": untranslated,
        "quoted": raw.quoted,
        "notes": _notes(split, train_split, dropped, untranslated, raw.quoted),
        "origin": raw.manifest.origin,
        "translations": _translations(split, train_split, raw, artificial),
        "sources": sorted((_source(file) for file in raw.used), key=lambda s: s["path"]),
    }


def _labels(table: pa.Table) -> dict[str, dict[str, int]]:
    counted = table.group_by(["language", "label"], use_threads=False).aggregate(
        [([], "count_all")]
    )
    labels: dict[str, dict[str, int]] = {}
    for row in counted.to_pylist():
        labels.setdefault(row["language"], {})[row["label"]] = row["count_all"]
    return labels


def _untranslated(table: pa.Table) -> dict[str, int]:
    """Return the rows with the placeholder per language, zeros included."""
    found = pc.or_(*(pc.equal(table[name], NOT_TRANSLATED) for name in ("sentence1", "sentence2")))
    flags = pa.table({"language": table["language"], "found": pc.cast(found, pa.int64())})
    counted = flags.group_by("language", use_threads=False).aggregate([("found", "sum")])
    return {row["language"]: row["found_sum"] for row in counted.to_pylist()}


def _notes(
    split: str,
    train_split: str,
    dropped: dict[str, dict[str, int]],
    untranslated: dict[str, int],
    quoted: dict[str, int],
) -> list[str]:
    notes = []
    if train_split == "dev" and split in ("train", "translate_train"):
        notes.append("trained on the dev split")
    if train_split == "dev" and split == "dev":
        notes.append("the dev split is also the training set")
    notes += [f"left out, {reason}: {_in_words(dropped[reason])}" for reason in sorted(dropped)]
    if any(untranslated.values()):
        notes.append(f"not translated (NS) but kept, as in XTREME: {_in_words(untranslated)}")
    if quoted:
        notes.append(f"csv quoting undone, unlike XTREME: {_in_words(quoted)} rows")
    return notes


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{code} {counts[code]}" for code in sorted(counts) if counts[code])


def _translations(split: str, train_split: str, raw: RawData, artificial: bool) -> str:
    if not split.startswith("translate_"):
        return ""
    if artificial:
        return raw.manifest.translations
    if split == "translate_train" and train_split == "dev":
        return HUMAN
    return "; ".join(sorted({MACHINE[f.format] for f in raw.used if f.role == split}))


def _source(file: RawFile) -> dict[str, Any]:
    """Return a file's entry; of an absolute path only the end, so that folders may move."""
    path = PurePath(file.path)
    name = "/".join(path.parts[-2:]) if path.is_absolute() else path.as_posix()
    return {"path": name, "sha256": file.sha256, "bytes": file.bytes}

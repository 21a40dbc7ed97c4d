# SPDX-License-Identifier: Apache-2.0
"""What the stage ``prepare`` did, for people and for records."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from xling.data.job import Job
from xling.data.manifest import RawFile
from xling.data.origins import BACK, BACK_ARTIFICIAL, GOLD, MACHINE
from xling.data.readers.rows import NOT_TRANSLATED
from xling.tasks import TASKS


def summarise(job: Job, table: pa.Table) -> dict[str, Any]:
    """Return the summary of a prepared table; equal input gives equal values.

    Keys: ``task``, ``split``; ``rows`` and ``labels`` per language; ``scored``: rows that a score
    counts, per language; ``dropped`` per reason and language; ``ns_rows`` (rows with the
    placeholder NS that were kept, PAWS-X); ``quoted`` (rows whose csv quoting was undone);
    ``notes`` (sentences); ``origin``, ``translations``; ``sources``.
    """
    family = "text" if job.task == "text" else TASKS[job.task].family
    untranslated = _untranslated(table) if job.task == "pawsx" else {}
    rows = _counts(table)
    return {
        "task": job.task,
        "split": job.split,
        "rows": rows,
        "scored": _gold(table) if family == "retrieval" else rows,
        "labels": _labels(table, family),
        "dropped": job.dropped,
        "ns_rows": untranslated,
        "quoted": job.raw.quoted,
        "notes": [*_notes(job, untranslated), *job.notes],
        "origin": job.raw.manifest.origin,
        "translations": _translations(job),
        "sources": sorted((_source(file) for file in job.raw.used), key=lambda s: s["path"]),
    }


def _counts(table: pa.Table) -> dict[str, int]:
    """Return rows per language, in order of appearance."""
    counted = table.group_by("language", use_threads=False).aggregate([([], "count_all")])
    return {row["language"]: row["count_all"] for row in counted.to_pylist()}


def _gold(table: pa.Table) -> dict[str, int]:
    """Return gold pairs per language."""
    pairs = pa.table({"language": table["language"], "gold": pc.list_value_length(table["gold"])})
    counted = pairs.group_by("language", use_threads=False).aggregate([("gold", "sum")])
    return {row["language"]: row["gold_sum"] for row in counted.to_pylist()}


def _labels(table: pa.Table, family: str) -> dict[str, dict[str, int]]:
    """Return classes or tags per language; other families have none."""
    if family == "classification":
        values = table.select(["language", "label"])
    elif family == "tagging":
        parents = pc.list_parent_indices(table["tags"])
        values = pa.table(
            {
                "language": pc.take(table["language"], parents),
                "label": pc.list_flatten(table["tags"]),
            }
        )
    else:
        return {}
    counted = values.group_by(["language", "label"], use_threads=False).aggregate(
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


def _notes(job: Job, untranslated: dict[str, int]) -> list[str]:
    notes = []
    training = job.split in ("train", "translate_train")
    if training and job.train_split != "train":
        notes.append(f"trained on the {job.train_split} split")
    if job.split == "dev" and job.train_split == "dev":
        notes.append("the dev split is also the training set")
    if job.split in ("test", "gold_english") and job.test_split != "test":
        notes.append(f"scored on the {job.test_split} split")
    if job.shared_split and job.split in ("train", "translate_train", "test", "gold_english"):
        notes.append(f"{job.held_out:.0%} of the paragraphs are scored, the others trained on")
    dropped = job.dropped
    notes += [f"left out, {reason}: {_in_words(dropped[reason])}" for reason in sorted(dropped)]
    if any(untranslated.values()):
        notes.append(f"not translated (NS) but kept, as in XTREME: {_in_words(untranslated)}")
    if job.raw.quoted:
        notes.append(f"csv quoting undone, unlike XTREME: {_in_words(job.raw.quoted)} rows")
    return notes


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{code} {counts[code]}" for code in sorted(counts) if counts[code])


def _translations(job: Job) -> str:
    made = job.split == "back_translate" or job.split.startswith("translate_")
    if made and job.own_translations:
        return job.raw.manifest.translations
    if job.split == "back_translate":
        return BACK_ARTIFICIAL if job.artificial else BACK
    if job.split == "gold_english":
        return GOLD
    if not job.split.startswith("translate_"):
        return ""
    if job.artificial:
        return job.raw.manifest.translations
    if job.split == "translate_train" and job.train_split != "train":
        return f"human translation of the {job.train_split} set"
    return "; ".join(sorted({MACHINE[f.format] for f in job.raw.used if f.role == job.split}))


def _source(file: RawFile) -> dict[str, Any]:
    """Return a file's entry; of an absolute path only the end, so that folders may move."""
    path = PurePath(file.path)
    name = "/".join(path.parts[-2:]) if path.is_absolute() else path.as_posix()
    return {"path": name, "sha256": file.sha256, "bytes": file.bytes}

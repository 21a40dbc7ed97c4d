# SPDX-License-Identifier: Apache-2.0
"""The stage ``prepare``: raw files to one checked table per task and split.

Every file is verified against the manifest, every row is checked, rows are joined by id or by
content, and what was dropped or repaired is counted in a summary.  Each family has its own module
(``prepare_pairs`` …) with a function per split.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from xling.config.study import SplitSizes
from xling.data.job import Job, Own
from xling.data.manifest import Manifest
from xling.data.readers.raw import RawData
from xling.data.summary import summarise
from xling.data.tables import table_of
from xling.errors import UsageError
from xling.tasks import TASKS
from xling.translate_splits import layout

TEXT = "text"
_MODULES = {
    TEXT: "prepare_text",
    "classification": "prepare_pairs",
    "tagging": "prepare_tagging",
    "qa": "prepare_qa",
    "retrieval": "prepare_retrieval",
}


def prepare(
    task: str,
    split: str,
    languages: list[str],
    manifest: Manifest,
    manifest_folder: Path,
    artificial_sizes: SplitSizes | None,
    *,
    train_split: Own = "train",
    test_split: Own = "test",
    held_out: float = 0.5,
    threads: int = 1,
) -> tuple[pa.Table, dict[str, Any]]:
    """Return the rows of one split and a summary that can be written as JSON.

    Args:
        task: a benchmark, or ``text`` for the pre-training text.
        split: ``train``, ``translate_train``, ``back_translate``, ``dev``, ``test``,
            ``translate_test``, ``gold_english``; ``text`` for the task ``text``; with the name of
            an engine, ``translate_train-nllb``, if the manifest's translations are our own.
        languages: languages of the table, in this order.
        manifest: raw files of the task.
        manifest_folder: where relative paths of the manifest start.
        artificial_sizes: configured rows of artificial data; None for published data, whose rows
            and labels must be those of the release.
        train_split: published split that training rows are taken from.
        test_split: published split that is tested.
        held_out: share of the groups that is tested where both are the same split.
        threads: processes that may read files side by side.

    Returns:
        The table (columns of :mod:`xling.data.tables`; rows of a language in their original order)
        and the summary: rows, labels and untranslated rows per language, dropped rows per reason
        and language, notes, origin and sources; of our own translations also ``engines``.

    Raises:
        DataError: a file is missing, changed, damaged, or not what it should be.
        UsageError: the task has no such split.
    """
    family = TEXT if task == TEXT else TASKS[task].family
    splits: dict[str, Callable[[Job, str], list[Any]]]
    splits = importlib.import_module(f"xling.data.{_MODULES[family]}").SPLITS
    kind = layout(split)
    if kind not in splits:
        raise UsageError(
            f"the task '{task}' has no split '{split}'", where="split", allowed=", ".join(splits)
        )
    labels = () if task == TEXT else TASKS[task].labels
    raw = RawData(manifest, manifest_folder, labels)
    job = Job(task, kind, train_split, test_split, held_out, raw, artificial_sizes)
    job.threads = threads
    parts = [table_of(splits[kind](job, language), family) for language in languages]
    table = pa.concat_tables(parts)
    summary = summarise(job, table)
    return table, summary | ({"split": split, "engines": manifest.engines} if kind != split else {})

# SPDX-License-Identifier: Apache-2.0
"""A folder in the layout of an XTREME submission, from the predictions of a run.

``predictions/`` is the submission, ``labels/`` the gold side of the same rows, ``README.md`` says
what is there and what is missing.  ``xling score --submission`` scores one against the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from xling.errors import DataError, UsageError, nearest
from xling.files import whole_folder, write_text
from xling.logs import log
from xling.score import STANDARD, shown_of
from xling.tasks import TASKS
from xling.xtreme import LANGUAGES, file_name
from xling.xtreme.rows import WRITERS, Files, of_setting

if TYPE_CHECKING:
    import pyarrow as pa

PREDICTIONS, LABELS, README = "predictions", "labels", "README.md"
_TITLE = "# XTREME submission"


def export(
    predictions: Mapping[str, pa.Table],
    prepared: Mapping[str, pa.Table],
    folder: Path,
    *,
    origin: str,
    setting: str = STANDARD,
) -> None:
    """Write a submission, whole or not at all.

    Args:
        predictions: task -> table of predictions, all languages.
        prepared: task -> the prepared split that was predicted (BUCC: the test split); it may hold
            more languages.
        folder: to write; an earlier export there is replaced.
        origin: what predicted, for the README.
        setting: of Tatoeba: ``standard``, or a layer that was searched besides.

    Raises:
        DataError: predictions that do not fit the prepared rows, or nothing to write.
        UsageError: an unknown task or setting, or a folder that holds something else.
    """
    _check_folder(folder)
    tasks: dict[str, Files] = {}
    for task in sorted(predictions, key=_place):
        table = predictions[task]
        if "setting" in table.column_names:
            tested = table["setting"].unique().to_pylist()
            shown = setting if task == "tatoeba" else shown_of(tested)
            table = of_setting(task, table, shown)
        tasks[task] = WRITERS[task](task, table, prepared[task])
    if not any(files.predictions for files in tasks.values()):
        raise DataError(
            "there is nothing to export",
            where=", ".join(tasks),
            allowed="predictions of one language of one task, or more",
        )
    notes = {task: _notes(task, files) for task, files in tasks.items()}
    for task, sentences in notes.items():
        for sentence in sentences:
            log.warning("%s: %s", task, sentence)
    with whole_folder(folder) as part:
        for task, files in tasks.items():
            for name, texts in ((PREDICTIONS, files.predictions), (LABELS, files.labels)):
                for language, text in texts.items():
                    write_text(part / name / task / file_name(task, language), text)
        write_text(part / README, _readme(origin, tasks, notes))


def _place(task: str) -> int:
    if task not in LANGUAGES:
        raise UsageError(
            f"XTREME has no task '{task}'",
            allowed=", ".join(LANGUAGES),
            fix=nearest(task, LANGUAGES),
        )
    return list(LANGUAGES).index(task)


def _check_folder(folder: Path) -> None:
    """Refuse to replace anything but an earlier export."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    readme = folder / README
    if not readme.is_file() or not readme.read_text("utf-8", "replace").startswith(_TITLE):
        raise UsageError(
            "the output folder holds something else",
            where=str(folder),
            allowed="a new or empty folder, or an earlier export, which is replaced",
            fix="choose another folder",
        )


def _notes(task: str, files: Files) -> list[str]:
    """Return what keeps the files of a task from being XTREME's, in sentences."""
    notes = list(files.caveats)
    missing = [code for code in LANGUAGES[task] if code not in files.predictions]
    others = [code for code in files.predictions if code not in LANGUAGES[task]]
    if missing:
        notes.append(f"missing languages: {' '.join(missing)}; the task cannot be scored as XTREME")
    if others:
        notes.append(f"languages that XTREME's task does not have: {' '.join(others)}")
    for language, rows in files.rows.items():
        published = TASKS[task].published_rows("test", language)
        if language in LANGUAGES[task] and published not in (None, rows):
            notes.append(f"{language}: {rows:,} rows, the published test set has {published:,}")
    return notes


def _readme(origin: str, tasks: Mapping[str, Files], notes: Mapping[str, list[str]]) -> str:
    """Return the text that goes with a submission."""
    absent = [task for task in LANGUAGES if task not in tasks]
    lines = [
        _TITLE,
        "",
        f"Predictions of {origin}.",
        "",
        f"`{PREDICTIONS}/` has the layout of XTREME's evaluator; `{LABELS}/` holds the gold side",
        "of the same rows. Score one against the other:",
        "",
        f"    xling score --submission {PREDICTIONS} --labels {LABELS}",
        "",
        "Rows stand in the order of our prepared files. XTREME's own order of UD-POS sentences",
        "differs in some languages.",
        "",
        "| task | languages | rows |",
        "| --- | --- | --- |",
    ]
    for task, files in tasks.items():
        lines.append(f"| {task} | {' '.join(files.rows)} | {sum(files.rows.values()):,} |")
    if absent:
        lines += ["", f"Missing tasks: {', '.join(absent)}."]
    remarks = [f"- {task}: {text}" for task in tasks for text in notes[task] + tasks[task].notes]
    if remarks:
        lines += ["", *remarks]
    return "\n".join(lines) + "\n"

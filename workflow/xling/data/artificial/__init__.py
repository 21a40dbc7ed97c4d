# SPDX-License-Identifier: Apache-2.0
"""Artificial languages: benchmarks and text written from facts, in the formats of the real ones.

What they are and how labels follow: ``docs/artificial-languages.md``.
"""

from __future__ import annotations

from pathlib import Path

from xling.config.study import Artificial
from xling.data.artificial.back_translations import write_back_translations
from xling.data.artificial.grammar import languages_of
from xling.data.artificial.raw_panx import write_panx
from xling.data.artificial.raw_pawsx import write_pawsx
from xling.data.artificial.raw_qa import write_mlqa, write_tydiqa, write_xquad
from xling.data.artificial.raw_retrieval import write_bucc2018, write_tatoeba
from xling.data.artificial.raw_text import write_text_files
from xling.data.artificial.raw_udpos import write_udpos
from xling.data.artificial.raw_xnli import write_xnli
from xling.data.artificial.release import Release
from xling.data.manifest import Manifest
from xling.errors import UsageError, nearest
from xling.tasks import SOURCE_LANGUAGE, TASKS

_WRITERS = {
    "xnli": write_xnli,
    "pawsx": write_pawsx,
    "udpos": write_udpos,
    "panx": write_panx,
    "xquad": write_xquad,
    "mlqa": write_mlqa,
    "tydiqa": write_tydiqa,
    "bucc2018": write_bucc2018,
    "tatoeba": write_tatoeba,
    "text": write_text_files,
}
_UNTRANSLATED = ("bucc2018", "tatoeba", "text")


def write_raw(
    task: str,
    settings: Artificial,
    languages: list[str],
    folder: Path,
    *,
    back_translations: bool = False,
) -> Manifest:
    """Write the raw files of a task below a folder and return their list.

    Args:
        task: a benchmark, or ``text`` for the pre-training text.
        settings: the study's ``data.artificial``.
        languages: codes in the order of the rows; the source language among them, unless the
            task is ``text`` or retrieval.
        folder: paths in the manifest are relative to it.
        back_translations: also of the training set; no other file depends on it.

    Raises:
        UsageError: there is no generator for the task, or no settings for a language.
    """
    _check_task(task)
    if task == "text" or TASKS[task].family == "retrieval":
        # Languages of retrieval are pairs with the source language, which need not be named.
        languages = list(dict.fromkeys([SOURCE_LANGUAGE, *languages]))
    _check_languages(task, settings, languages)
    release = Release(folder)
    written = languages_of(settings, languages)
    _WRITERS[task](release, settings, written)
    if back_translations:
        write_back_translations(task, release, settings, written)
    return Manifest(
        task=task,
        origin=f"artificial languages, seed {settings.seed}",
        translations=""
        if task in _UNTRANSLATED
        else f"written from the same facts, {settings.noise:.0%} of the words changed",
        files=release.files,
    )


def _check_task(task: str) -> None:
    """Raise :class:`UsageError` if there is no generator for a task."""
    if task not in _WRITERS:
        raise UsageError(
            f"there is no artificial data for task '{task}'",
            where="tasks",
            allowed=", ".join(_WRITERS),
            fix=nearest(task, _WRITERS) or "leave the task out or use data.source: folder",
        )


def _check_languages(task: str, settings: Artificial, languages: list[str]) -> None:
    """Raise :class:`UsageError` if a language is unknown or the source language is missing."""
    known = (SOURCE_LANGUAGE, *settings.languages)
    for code in languages:
        if code not in known:
            raise UsageError(
                f"there is no artificial language '{code}'",
                where="data.artificial.languages",
                allowed=", ".join(known),
                fix=nearest(code, known) or "add the language to data.artificial.languages",
            )
    if SOURCE_LANGUAGE not in languages:
        raise UsageError(
            f"the source language '{SOURCE_LANGUAGE}' is missing",
            where=f"languages of task '{task}'",
            allowed=", ".join(known),
            fix=f"add '{SOURCE_LANGUAGE}'",
        )

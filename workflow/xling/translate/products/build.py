# SPDX-License-Identifier: Apache-2.0
"""From prepared rows to a file of translations that the readers of published ones understand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xling.data.artificial.release import Release
from xling.data.folder_layout import places
from xling.data.manifest import RawFile
from xling.data.manifest import Role as FileRole
from xling.data.readers.rows import QuestionRow, Row, TaggedRow
from xling.data.sources import back_translation_file
from xling.data.tables import read_table
from xling.data.wants import Want
from xling.errors import UsageError
from xling.translate.engine import Translation
from xling.translate.products import pairs, questions, tagged
from xling.translate.products.ask import Ask, Counts
from xling.translate.products.texts import Texts
from xling.translate.project.aligner import Aligner


def rows_of(path: Path, language: str, family: str) -> list[Any]:
    """Return prepared rows of one language.

    Raises:
        DataError: the file cannot be read or lacks the language.
    """
    table = read_table(path, [language]).to_pylist()
    if family == "classification":
        return [Row(**one, line=i) for i, one in enumerate(table, start=1)]
    if family == "tagging":
        return [
            TaggedRow(one["id"], language, tuple(one["tokens"]), tuple(one["tags"]), None, line=i)
            for i, one in enumerate(table, start=1)
        ]
    lists = ("answers", "starts")
    return [QuestionRow(**one | {name: tuple(one[name]) for name in lists}) for one in table]


def wanted(ask: Ask, rows: Sequence[Any]) -> list[str]:
    """Return the distinct texts that a file needs translated, in order of appearance.

    Args:
        ask: the file; the texts go from ``ask.source`` to ``ask.target``.
        rows: prepared rows: English ones of ``train``, rows of ``test`` or ``dev`` in the language,
            or, for back-translations, those of ``translate_train``.
    """
    if ask.family == "classification":
        return pairs.wanted(ask, rows)
    return tagged.wanted(ask, rows) if ask.family == "tagging" else questions.wanted(ask, rows)


def build(
    ask: Ask,
    rows: Sequence[Any],
    translations: Mapping[str, Translation],
    *,
    english: Sequence[Any] = (),
    aligner: Aligner | None = None,
) -> tuple[str, Counts]:
    """Return the text of a file and what became of the rows.

    Args:
        ask: the file.
        rows: as given to :func:`wanted`.
        translations: of all texts that it listed.
        english: for back-translations of pairs and tagged sentences: all English training rows.
        aligner: for the method ``alignment``, and for no other.

    Raises:
        DataError: a text has no translation, or English rows are missing.
        UsageError: an aligner is missing, or given where nothing is aligned.
    """
    aligned = ask.projection is not None and ask.projection.method == "alignment"
    if aligned != (aligner is not None):
        raise UsageError(
            "an aligner is missing" if aligned else "an aligner is given, and nothing is aligned",
            where=f"translations of {ask.task}, {ask.role}, {ask.language}",
            allowed="an encoder for the method alignment, none for other methods",
        )
    texts = Texts(translations, ask.refused)
    if ask.family == "classification":
        return pairs.written(ask, rows, texts, english)
    if ask.family == "tagging":
        return tagged.written(ask, rows, texts, english, aligner)
    return questions.written(ask, rows, texts, aligner)


def file_of(ask: Ask) -> tuple[str, str]:
    """Return path and format of a file: where an XTREME download folder has it (data.root).

    Nobody published translated dev sets; they lie beside the test sets.
    """
    if ask.role == "back_translation":
        return back_translation_file(ask.task, ask.language)
    role: FileRole = "translate_train" if ask.role == "translate_train" else "translate_test"
    place = places(Want(ask.task, role, ask.split, ask.language))[0][0]
    path = place.path
    if ask.role == "translate_dev":
        path = path.replace("translate-test/test-", "translate-dev/dev-")
        path = path.replace("translate-test/", "translate-dev/").replace(".test.", ".dev.")
        path = path.replace("translate_test.", "translate_dev.")
    return path, place.form


def write(ask: Ask, text: str, folder: Path) -> RawFile:
    """Write a file below a folder, whole or not at all; return its entry for the manifest.

    Translated dev sets have the role ``translate_test`` and the split ``dev``.
    """
    path, form = file_of(ask)
    role: FileRole = "translate_test" if ask.role == "translate_dev" else ask.role
    release = Release(folder)
    release.add(path, text, form=form, uses=[(role, ask.split, ask.language)])
    return release.files[0]

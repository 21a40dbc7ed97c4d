# SPDX-License-Identifier: Apache-2.0
"""Where the model is that a stage's note speaks of.

Notes are ``train.json`` of teachers and students (key ``model``), ``encoder.json`` (``path``), and
the note of a download, whose folder lies beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xling.cli_common import read_note
from xling.errors import DataError

#: Of models that were trained here, relative to their note.
MODEL = "model"


def folder_of(note: Path) -> Path:
    """Return the absolute folder of the model that a note speaks of.

    Raises:
        DataError: the note cannot be read or names no model, or the folder is gone.
    """
    about = read_note(note)
    folder = _stated(note, about)
    if folder is None or not folder.is_dir():
        raise DataError(
            "a note names no model" if folder is None else f"the model {folder} is not there",
            where=str(note),
            allowed="train.json of a teacher or a student, encoder.json, or the note of a download",
            fix="delete the note and run snakemake again",
        )
    return folder


def given_folder(path: str) -> Path:
    """Return the absolute folder that a study names."""
    return Path(path).expanduser().absolute()


def _stated(note: Path, about: dict[str, Any]) -> Path | None:
    for key in (MODEL, "path", "key"):
        if key in about:
            # Absolute paths stay as they are.
            return (note.parent / about[key]).resolve()
    return None

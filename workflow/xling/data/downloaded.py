# SPDX-License-Identifier: Apache-2.0
"""The files of downloaded artefacts, as ``xling fetch`` left them below ``resources/data``.

Only notes are read (:mod:`xling.data.notes`): checksums are verified where the files are.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from xling.data.manifest import RawFile
from xling.data.notes import note_path, read_note
from xling.data.origins import MAKE_BACK_TRANSLATIONS
from xling.data.sources import Need
from xling.errors import DataError

_ORIGIN = "published releases, downloaded"


def downloaded(base: Path, needs: list[Need]) -> tuple[list[RawFile], str]:
    """Return the needed files, and in words where they come from.

    The files of one need are in the code-point order of their names.

    Args:
        base: the folder with one folder and one note per artefact.
        needs: of one task.

    Raises:
        DataError: artefacts are not there (all of them in one message), a file is not in its
            artefact or not on the disk any more.
    """
    notes = _notes(base, sorted({need.artefact for need in needs}))
    files = [
        _entry(base, need, file)
        for need in needs
        for file in _matching(base, need, notes[need.artefact]["files"])
    ]
    rebuilt = [key for key, note in notes.items() if note["rebuilt"] is not None]
    return files, "; ".join([_ORIGIN, *(f"{key} from its Parquet copy" for key in rebuilt)])


def _notes(base: Path, keys: list[str]) -> dict[str, dict[str, Any]]:
    found = {key: note for key in keys if (note := read_note(base, key)) is not None}
    absent = [key for key in keys if key not in found]
    if absent:
        raise DataError(
            f"downloads are missing ({len(absent)})",
            where="\n           ".join([str(base), *absent]),
            allowed="what 'xling fetch' has downloaded, with a note <key>.json beside each folder",
            fix=f"xling fetch --dataset {' '.join(absent)}",
        )
    return found


def _matching(base: Path, need: Need, files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the files of a need, sorted by name (of treebanks: XTREME's order of sentences)."""
    found = [file for file in files if PurePosixPath(file["path"]).match(need.path)]
    if not found or (len(found) > 1 and not need.many):
        what = f"{len(found)} files match" if found else "no file matches"
        raise DataError(
            f"{what} '{need.path}' in the download {need.artefact}",
            where=str(base / need.artefact),
            allowed="at least one" if need.many else "exactly one",
            fix=MAKE_BACK_TRANSLATIONS
            if need.role == "back_translation"
            else "this is not the published download: delete the folder and its note, then run: "
            f"xling fetch --dataset {need.artefact}",
        )
    return sorted(found, key=lambda file: (PurePosixPath(file["path"]).name, file["path"]))


def _entry(base: Path, need: Need, file: dict[str, Any]) -> RawFile:
    path = (base / need.artefact / file["path"]).absolute()
    size = path.stat().st_size if path.is_file() else None
    if size != file["bytes"]:
        raise DataError(
            f"a file of the download {need.artefact} "
            + ("is gone" if size is None else f"has {size} bytes now"),
            where=str(path),
            allowed=f"{file['bytes']} bytes",
            fix=f"delete {note_path(base, need.artefact)}, then run: "
            f"xling fetch --dataset {need.artefact}",
        )
    return RawFile(
        path=str(path),
        format=need.form,
        role=need.role,
        split=need.split,
        language=need.language,
        bytes=file["bytes"],
        sha256=file["sha256"],
    )

# SPDX-License-Identifier: Apache-2.0
"""What of the registry is on the disk, and whether it still is what it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from xling.data.checksums import read_lock
from xling.data.disk import mega
from xling.data.download import PARTIAL
from xling.data.notes import differences, lock_name, note_path, read_note
from xling.data.registry import RECORD, Artefact
from xling.errors import DataError


def state(artefact: Artefact, base: Path) -> str:
    """Return ``absent``, ``partial``, ``present``, ``damaged`` or ``verified``, with details.

    ``present``: files without a note, so nobody knows whether they are right and complete.
    ``verified``: sums were right on that day, and all files are there in their sizes.
    """
    folder = base / artefact.key
    try:
        note = read_note(base, artefact.key)
    except DataError:
        return "damaged"
    if note is not None:
        wrong = any(differences(folder, note, sums=False))
        return "damaged" if wrong else f"verified {note['fetched']}"
    if folder.is_dir() and any(folder.iterdir()):
        return "present"
    begun = sum(path.stat().st_size for path in (base / PARTIAL / artefact.key).glob("*.part"))
    return f"partial {mega(begun)}" if begun else "absent"


def verify(artefacts: Iterable[Artefact], base: Path, lock: Path) -> tuple[list[str], list[str]]:
    """Compare everything that was fetched with notes, registry and recorded sums.

    Returns:
        Keys of what was compared, and every difference in words.

    Raises:
        DataError: the recorded sums cannot be read.
    """
    compared: list[str] = []
    found: list[str] = []
    recorded = read_lock(lock)
    for artefact in artefacts:
        try:
            note = read_note(base, artefact.key)
        except DataError as error:
            found.append(f"{error.where}: {error.what}")
            compared.append(artefact.key)
            continue
        if note is None:
            continue
        compared.append(artefact.key)
        found += differences(base / artefact.key, note, sums=True)
        name = lock_name(note)
        if name == artefact.key and artefact.sha256 != RECORD:
            found += _against(base, note, artefact.sha256, "config/datasets.csv")
        elif name not in recorded:
            found.append(f"{note_path(base, artefact.key)}: no sum of {name} is in {lock}")
        else:
            found += _against(base, note, recorded[name].sha256, str(lock))
    return compared, found


def _against(base: Path, note: dict[str, Any], sha256: str, source: str) -> Iterator[str]:
    if note["sha256"] != sha256:
        yield (
            f"{note_path(base, note['key'])}: the download had sha256 {note['sha256']}, "
            f"{source} says {sha256}"
        )

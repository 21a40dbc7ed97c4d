# SPDX-License-Identifier: Apache-2.0
"""The note of a download, ``resources/data/<key>.json``: where it is from and what it holds.

It is written last, so that a note says: all of this is there and was right.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xling.data.manifest import sha256_of
from xling.errors import DataError
from xling.files import write_text

PLACED = "placed by hand"
UNPACKED = "unpacked by hand"
_FIELDS = {"key", "address", "rebuilt", "bytes", "sha256", "fetched", "files"}


def note_path(base: Path, key: str) -> Path:
    """Return where a download's note lies."""
    return base / f"{key}.json"


def list_files(folder: Path) -> list[dict[str, Any]]:
    """Return path, bytes and SHA-256 of every file below a folder, sorted by path.

    Raises:
        DataError: there is a link, which can point anywhere.
    """
    found = []
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
        if path.is_symlink():
            raise DataError(
                "a link among downloaded files", where=str(path), fix="put the file itself there"
            )
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            found.append({"path": name, "bytes": path.stat().st_size, "sha256": sha256_of(path)})
    return found


def sum_of(files: Sequence[dict[str, Any]]) -> tuple[str, int]:
    """Return one SHA-256 and the size of several files.

    The sum is over one line ``<sha256>  <path>`` per file, sorted by path, as ``sha256sum`` writes.
    """
    text = "".join(f"{file['sha256']}  {file['path']}\n" for file in files)
    return hashlib.sha256(text.encode()).hexdigest(), sum(file["bytes"] for file in files)


def write_note(base: Path, note: dict[str, Any]) -> None:
    """Write a note, whole or not at all."""
    text = json.dumps(note, indent=1, sort_keys=True, ensure_ascii=False)
    write_text(note_path(base, note["key"]), text + "\n")


def read_note(base: Path, key: str) -> dict[str, Any] | None:
    """Return a download's note, or None if there is none.

    Raises:
        DataError: it cannot be understood.
    """
    path = note_path(base, key)
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        if set(note) != _FIELDS or note["key"] != key:
            raise ValueError("other fields than a note has")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(
            f"the note of a download cannot be read ({error})",
            where=str(path),
            allowed="the JSON that 'xling fetch' writes",
            fix=f"delete it and run 'xling fetch --dataset {key}'",
        ) from error
    return note


def lock_name(note: dict[str, Any]) -> str:
    """Return the name of a download in ``checksums.lock``."""
    if note["rebuilt"] is not None:
        return f"{note['key']}+rebuilt"
    return f"{note['key']}+unpacked" if note["address"] == UNPACKED else str(note["key"])


def differences(folder: Path, note: dict[str, Any], *, sums: bool) -> Iterator[str]:
    """Yield how the files of a folder differ from a note.

    Args:
        sums: compare checksums too, not only names and sizes.
    """
    listed = {file["path"]: file for file in note["files"]}
    for name, file in listed.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            yield f"{path}: is missing"
        elif (size := path.stat().st_size) != file["bytes"]:
            yield f"{path}: {size:,} bytes, not {file['bytes']:,}"
        elif sums and (found := sha256_of(path)) != file["sha256"]:
            yield f"{path}: sha256 {found}, not {file['sha256']}"
    if sums:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.relative_to(folder).as_posix() not in listed:
                yield f"{path}: is not one of the downloaded files"

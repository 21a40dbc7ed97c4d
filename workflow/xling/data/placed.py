# SPDX-License-Identifier: Apache-2.0
"""Files that a person puts in place, and how a finished folder gets its final name."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from xling.data.archives import is_archive
from xling.data.contents import WrongFileError
from xling.data.manifest import sha256_of
from xling.data.notes import PLACED, UNPACKED
from xling.data.registry import RECORD, Artefact
from xling.errors import DataError

_OLD = "old"


@dataclass(frozen=True)
class Placed:
    """What a person put in place: the download itself, or (None) its unpacked files."""

    archive: Path | None

    @property
    def address(self) -> str:
        """What the note gives as address."""
        return UNPACKED if self.archive is None else PLACED


def find(artefact: Artefact, folder: Path) -> Placed:
    """Return what lies in the folder of a manual artefact.

    Raises:
        DataError: nothing does; the message says what to put where.
    """
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    named = folder / (artefact.file_name or ".")
    if named.is_file():
        return Placed(named)
    top = [path for path in files if path.parent == folder and is_archive(path.name)]
    if not artefact.file_name and len(top) == 1:
        return Placed(top[0])
    if files:
        return Placed(None)
    size = f", {artefact.bytes:,} bytes" if artefact.bytes else ""
    known = f", sha256 {artefact.sha256}" if artefact.sha256 != RECORD else ""
    raise DataError(
        f"{artefact.key} has to be put in place by hand",
        where=f"{folder}{os.sep}",
        allowed=f"the file {artefact.file_name or 'as published'}{size}{known}, or what it unpacks "
        f"to; from {artefact.address or 'its owners'}",
        fix=f"{artefact.note}; then run 'xling fetch --dataset {artefact.key}'",
    )


def refusal(artefact: Artefact, archive: Path, refused: WrongFileError) -> DataError:
    """Return the message about a placed file that is not the right one; it is left there."""
    return DataError(
        f"the file placed for {artefact.key} is not the right one: {refused}",
        where=str(archive),
        fix=refused.fix if "--accept-changed" in refused.fix else artefact.note,
    )


def complete(archive: Path, new: Path) -> None:
    """Add a person's own archive to its unpacked files, so that publishing does not lose it.

    Raises:
        WrongFileError: the archive's folder holds other files, which publishing would delete.
    """
    for path in sorted(archive.parent.rglob("*")):
        twin = new / path.relative_to(archive.parent)
        if path == archive or not path.is_file():
            continue
        if not twin.is_file() or sha256_of(twin) != sha256_of(path):
            raise WrongFileError(f"{path} lies beside it and is not in it; move it elsewhere")
    if not (new / archive.name).exists():
        try:
            os.link(archive, new / archive.name)
        except OSError:  # a file system without hard links
            shutil.copy2(archive, new / archive.name)


def publish(new: Path, folder: Path, work: Path) -> None:
    """Give a finished folder its final name; what was there goes only after that."""
    for path in new.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
    old = work / _OLD
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    new.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


def recover(folder: Path, work: Path) -> None:
    """Bring back a folder if an earlier process was killed between the two renames."""
    if (work / _OLD).exists() and not folder.exists():
        (work / _OLD).replace(folder)

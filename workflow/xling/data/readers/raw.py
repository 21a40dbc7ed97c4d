# SPDX-License-Identifier: Apache-2.0
"""The raw files of a manifest: found, verified and read on demand."""

from __future__ import annotations

from pathlib import Path

from xling.data.manifest import Manifest, RawFile, sha256_of
from xling.data.readers import read
from xling.data.readers.rows import Reading, Row
from xling.errors import DataError


class RawData:
    """Raw data of one task.

    Attributes:
        used: files that were read.
        quoted: rows per language whose csv quoting was undone.
    """

    def __init__(self, manifest: Manifest, folder: Path, labels: tuple[str, ...]) -> None:
        """Take a manifest, the folder its relative paths start from, and the allowed labels."""
        self.manifest = manifest
        self.used: list[RawFile] = []
        self.quoted: dict[str, int] = {}
        self._folder = folder
        self._labels = labels
        self._labelled: dict[RawFile, dict[str, list[Row]]] = {}

    def path(self, file: RawFile) -> Path:
        """Return where a file is."""
        return self._folder / file.path

    def find(self, role: str, language: str) -> list[RawFile]:
        """Return the files that hold rows of a role in a language."""
        return [
            file
            for file in self.manifest.files
            if file.role == role and file.language in (language, "all")
        ]

    def one(self, role: str, split: str, language: str) -> RawFile:
        """Return the only such file; raise :class:`DataError` if there is none."""
        found = [file for file in self.find(role, language) if file.split == split]
        if len(found) != 1:
            raise DataError(
                f"the list of raw files names {len(found)} files with role {role}, split {split}, "
                f"language {language} for the task {self.manifest.task}",
                where=str(self._folder / "manifest.json"),
                allowed="exactly one",
                fix="delete the list and run snakemake again",
            )
        return found[0]

    def labelled(self, split: str, language: str) -> list[Row]:
        """Return the benchmark's own rows of a split in one language, in the file's order."""
        file = self.one("labelled", split, language)
        if file not in self._labelled:
            by_language: dict[str, list[Row]] = {}
            for row in self.read(file).rows:
                by_language.setdefault(row.language, []).append(row)
            self._labelled[file] = by_language
        found = self._labelled[file]
        if language not in found:
            raise DataError(
                f"the file has no row of the language '{language}'",
                where=str(self.path(file)),
                allowed=", ".join(sorted(found)),
                fix="take the language out of the study or use a complete file",
            )
        return found[language]

    def read(self, file: RawFile) -> Reading:
        """Read a file after verifying its checksum."""
        path = self.path(file)
        verify_raw(path, file)
        reading = read(path, file, self._labels)
        self.used.append(file)
        if reading.quoted:
            code = file.language
            self.quoted[code] = self.quoted.get(code, 0) + reading.quoted
        return reading


def verify_raw(path: Path, file: RawFile) -> None:
    """Raise :class:`DataError` unless a raw file is the one that was fetched."""
    try:
        actual = sha256_of(path)
    except OSError as error:
        raise DataError(
            f"a raw file cannot be read ({error.strerror})",
            where=str(path),
            fix="put the file back or run the fetch stage again",
        ) from error
    if actual != file.sha256:
        raise DataError(
            "a raw file is not the one that was fetched",
            where=f"{path} ({path.stat().st_size} bytes; {file.bytes} when it was fetched)",
            allowed=f"SHA-256 {file.sha256}, found {actual}",
            fix="the file was edited, replaced or cut off by a full disk: restore it, or delete "
            "the list of raw files (manifest.json) and run snakemake again to accept it",
        )

# SPDX-License-Identifier: Apache-2.0
"""What ``xling fetch`` leaves behind: a list of raw files with their checksums.

The manifest is the only thing later stages know of raw data, whether it was generated, found in a
folder or downloaded.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from xling.errors import DataError

#: What a raw file is for (see :class:`RawFile`).
Role = Literal["labelled", "translate_train", "translate_test", "back_translation", "text"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RawFile(_Part):
    """One raw file.

    Attributes:
        path: absolute, or relative to the manifest's folder.
        format: which reader understands it (see ``xling.data.readers``).
        role: ``labelled`` (a benchmark's own split), ``translate_train`` (training rows translated
            to ``language``), ``translate_test`` (test rows of ``language`` translated to English),
            ``back_translation`` (training rows translated to ``language`` and back to English), or
            ``text`` (pre-training text).
        split: ``train``, ``dev`` or ``test``; ``all`` when one file holds several languages.
        language: code, or ``all`` when one file holds several languages.
    """

    path: str
    format: str
    role: Role
    split: str
    language: str
    bytes: int
    sha256: str


class Manifest(_Part):
    """Raw files of one task (or of the pre-training text, task ``text``).

    Attributes:
        origin: where the data comes from, in words, for tables and records.
        translations: where translations come from, in words; empty if there are none.
        engines: provenance of the engines that made them, if they are our own
            (``xling.translate``).
    """

    task: str
    origin: str
    translations: str
    files: list[RawFile]
    engines: list[dict[str, Any]] = []

    def dump(self) -> str:
        """Return the manifest as JSON text in a fixed order."""
        value = self.model_dump(exclude=None if self.engines else {"engines"})
        value["files"].sort(key=lambda f: (f["role"], f["split"], f["language"], f["path"]))
        return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; raise :class:`DataError` if it is damaged."""
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise DataError(
            "the list of raw files cannot be read",
            where=str(path),
            allowed="the JSON that 'xling fetch' writes",
            fix="delete the file and run snakemake again",
        ) from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

# SPDX-License-Identifier: Apache-2.0
"""Files of downloads for a manifest, where readers say which files they read.

Sums are those of the notes (:mod:`xling.data.notes`): they were verified when the files came.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xling.data.manifest import RawFile, sha256_of
from xling.data.notes import note_path, read_note
from xling.errors import DataError


class Fetched:
    """The files of several downloads.

    Args:
        base: the folder with one folder and one note per download.
        keys: of the downloads.

    Raises:
        DataError: some are not there; all of them in one message.
    """

    def __init__(self, base: Path, keys: Sequence[str]) -> None:
        self.base = base
        self._files: dict[Path, tuple[str, dict[str, Any]]] = {}
        absent = []
        for key in keys:
            note = read_note(base, key)
            if note is None:
                absent.append(key)
                continue
            self._files |= {base / key / file["path"]: (key, file) for file in note["files"]}
        if absent:
            raise DataError(
                f"downloads are missing ({len(absent)})",
                where="\n           ".join([str(base), *absent]),
                allowed="what 'xling fetch' has downloaded, with a note <key>.json beside each "
                "folder",
                fix=f"xling fetch --dataset {' '.join(absent)}",
            )

    def entry(self, path: Path, split: str, language: str) -> RawFile:
        """Return the manifest's entry of a file; its format is the download's key.

        Raises:
            DataError: it is no file of the downloads, is gone, or has another size.
        """
        key, file = self._files.get(path, ("", {}))
        size = path.stat().st_size if path.is_file() else None
        if not key or size != file["bytes"]:
            artefact = key or path.relative_to(self.base).parts[0]
            raise DataError(
                f"a file of the download {artefact} is not as it was fetched",
                where=str(path),
                allowed=f"{file.get('bytes', 'a listed number of')} bytes"
                + ("" if size is None else f"; there are {size}"),
                fix=f"delete {note_path(self.base, artefact)}, then run: "
                f"xling fetch --dataset {artefact}",
            )
        return labelled(path, key, split, language, sha256=file["sha256"])


def labelled(
    path: Path, form: str, split: str, language: str, *, sha256: str | None = None
) -> RawFile:
    """Return the manifest's entry of a benchmark's own file, by its absolute path."""
    return RawFile(
        path=str(path),
        format=form,
        role="labelled",
        split=split,
        language=language,
        bytes=path.stat().st_size,
        sha256=sha256 or sha256_of(path),
    )

# SPDX-License-Identifier: Apache-2.0
"""What the preparing stages of distillation share: verified raw files, texts of test sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from xling.data.manifest import Manifest, RawFile, read_manifest
from xling.data.readers.raw import verify_raw
from xling.data.tables import read_table
from xling.distill.data.overlap import TestTexts
from xling.errors import DataError

_TEXTS = ("text", "sentence1", "sentence2")


class Raw:
    """The raw files of one data set.

    Args:
        manifest: written by ``fetch_distill``; each file is compared with its checksum.

    Attributes:
        paths: of the files, with what the manifest says of them.
        artificial: whether the files lie beside the manifest.

    Raises:
        DataError: the manifest cannot be read, or a file is missing or changed.
    """

    def __init__(self, manifest: Path) -> None:
        self.file = manifest
        self.about: Manifest = read_manifest(manifest)
        self.paths: dict[Path, RawFile] = {}
        for one in self.about.files:
            path = manifest.parent / one.path
            if path not in self.paths:  # a file of several languages is listed for each
                verify_raw(path, one)
            self.paths[path] = one
        self.artificial = not any(PurePath(one.path).is_absolute() for one in self.about.files)

    def folder(self) -> Path:
        """Return the folder that all files lie in.

        Raises:
            DataError: they lie in several.
        """
        folders = {path.parent for path in self.paths}
        if len(folders) != 1:
            raise self.wrong(f"the files of {self.about.task} lie in {len(folders)} folders")
        return folders.pop()

    def wrong(self, what: str) -> DataError:
        """Return the message that the manifest is not what it should be."""
        return DataError(
            what,
            where=str(self.file),
            allowed="the list that 'xling fetch-distill' writes",
            fix="delete the list (manifest.json) and run snakemake again",
        )

    def sources(self) -> list[dict[str, Any]]:
        """Return the files for a summary; of absolute paths only the end: folders may move."""
        found = [
            {
                "path": "/".join(path.parts[-2:]) if not self.artificial else one.path,
                "sha256": one.sha256,
                "bytes": one.bytes,
            }
            for path, one in self.paths.items()
        ]
        return sorted(found, key=lambda one: str(one["path"]))


def texts_of_tests(tests: Mapping[str, Path], more: Mapping[str, Iterable[str]]) -> TestTexts:
    """Return the texts of prepared test sets, by name, and of further ones."""
    return TestTexts({**{name: _texts(path) for name, path in tests.items()}, **more})


def _texts(path: Path) -> Iterator[str]:
    table = read_table(path)
    for name in _TEXTS:
        if name in table.column_names:
            yield from table[name].to_pylist()


def named_tests(paths: Sequence[Path]) -> dict[str, Path]:
    """Return prepared test sets by the name of their folder, ``prepared/{task}/test.parquet``."""
    return {path.parent.name: path for path in paths}


def in_words(counts: Mapping[str, int] | Counter[str]) -> str:
    """Return counts by language as notes print them."""
    return ", ".join(f"{code} {counts[code]:,}" for code in sorted(counts) if counts[code])

# SPDX-License-Identifier: Apache-2.0
"""Raw files of the artificial benchmarks, laid out as the real releases are.

The layouts are those of XNLI-1.0.zip, XNLI-MT-1.0.zip, x-final.tar.gz, Universal Dependencies,
WikiANN, SQuAD, XQuAD, MLQA_V1.zip, TyDiQA-GoldP, BUCC 2018, LASER's Tatoeba, XTREME's folder of
machine translations and X-Mixup's back-translations; no field is quoted, as none holds a tab.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from xling.data.manifest import RawFile, Role, sha256_of
from xling.files import write_text


class Release:
    """The folder of one task while its files are written.

    Attributes:
        files: what was written so far, for the manifest.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files: list[RawFile] = []

    def write(
        self,
        path: str,
        rows: Iterable[Sequence[str]],
        *,
        form: str,
        uses: Sequence[tuple[Role, str, str]],
    ) -> None:
        """Write rows as tab-separated lines.

        Args:
            path: relative to the folder.
            rows: the header, if the format has one, and the fields of each row.
            form: the manifest's ``format``.
            uses: (role, split, language) for each entry in the manifest.
        """
        self.add(path, "".join("\t".join(row) + "\n" for row in rows), form=form, uses=uses)

    def add(
        self, path: str, text: str, *, form: str, uses: Sequence[tuple[Role, str, str]]
    ) -> None:
        """Write a file; the arguments are those of :meth:`write`."""
        target = self._folder / path
        write_text(target, text)
        checksum, size = sha256_of(target), target.stat().st_size
        for role, split, language in uses:
            self.files.append(
                RawFile(
                    path=path,
                    format=form,
                    role=role,
                    split=split,
                    language=language,
                    bytes=size,
                    sha256=checksum,
                )
            )

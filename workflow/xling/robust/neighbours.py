# SPDX-License-Identifier: Apache-2.0
"""The stage ``synonyms``: the table of words that stand for each other, wherever it comes from.

Real English has the nearest neighbours in counter-fitted word vectors of Jia et al. (EMNLP 2019,
robinjia/certified-word-sub, MIT licence), the very file of the paper's released code.  Artificial
languages have a table of their own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xling.config.study import Data
from xling.data.fetch import DOWNLOADS
from xling.data.manifest import sha256_of
from xling.data.notes import read_note
from xling.errors import DataError
from xling.plan import NEIGHBOURS
from xling.robust.synonyms import read_neighbours

FILE = "counterfitted_neighbors.json"
#: Of the published file (git blob 37627dc74cc143d5d88ad44619130a3ef460d917).
SHA256 = "103247143f39bd5dd66850f3a912393392641dbd98093c61e2b24a4cc8a96fb0"


def synonyms(data: Data) -> dict[str, Any]:
    """Return ``origin`` and ``neighbours``, and for a published file its ``sha256``.

    Args:
        data: the study's section ``data``.  In a folder the file is ``synonyms/`` and its published
            name.

    Raises:
        DataError: the file is missing or not the published one.
    """
    if data.artificial is not None:
        from xling.data.artificial.synonyms import source_synonyms

        origin = f"artificial languages, seed {data.artificial.seed}"
        return {"origin": origin, "neighbours": source_synonyms(data.artificial.seed)}
    if data.source == "download":
        path = _downloaded()
    else:
        path = Path(data.root or "").expanduser().absolute() / "synonyms" / FILE
    if not path.is_file():
        raise DataError(
            "the table of synonyms of RS-DA is missing",
            where=str(path),
            allowed=f"{FILE} of robinjia/certified-word-sub",
            fix="put it there (xling fetch --dataset counterfitted-neighbours), or write "
            "'robust: {rs_da: {table: same_stem}}' in the training settings",
        )
    found = sha256_of(path)
    if found != SHA256:
        raise DataError(
            f"the table of synonyms is not the published one (sha256 {found})",
            where=str(path),
            allowed=f"sha256 {SHA256}",
            fix="fetch the file again",
        )
    origin = "counter-fitted neighbours, Jia et al. 2019 (robinjia/certified-word-sub)"
    return {"origin": origin, "sha256": found, "neighbours": read_neighbours(path)}


def _downloaded() -> Path:
    """Return the downloaded file; the note beside it says that it was fetched whole."""
    base = Path(DOWNLOADS)
    if read_note(base, NEIGHBOURS) is None:
        raise DataError(
            "the table of synonyms was not downloaded",
            where=str(base / NEIGHBOURS),
            allowed="what 'xling fetch' has downloaded",
            fix=f"xling fetch --dataset {NEIGHBOURS}",
        )
    return base / NEIGHBOURS / FILE

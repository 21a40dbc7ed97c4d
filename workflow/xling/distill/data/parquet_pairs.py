# SPDX-License-Identifier: Apache-2.0
"""Collections of parallel sentences in Parquet: ``train-0000N-of-0000M.parquet`` for each pair.

Columns are ``english`` and ``non_english``.  In a copy of a collection each pair has a folder
(``en-de``); ``all`` repeats the others, and ``default`` (Wikititles) mixes all languages and does
not say which row is in which.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xling.data.readers.lines import RESTORE
from xling.distill.data.corpus import ParallelCorpus, SentencePair
from xling.errors import DataError

_COLUMNS = ("english", "non_english")
_PART = re.compile(r"[a-z]+-(\d{5})-of-(\d{5})\.parquet")
_BATCH = 16_384


def corpus(folders: Sequence[Path], name: str, language: str) -> ParallelCorpus:
    """Return one pair of a collection, with its development part where it has one.

    Args:
        folders: that hold the pair's parts, of one pair alone.
        name: of the corpus, for example ``talks``.
        language: of the pair; ``mul`` where the parts mix languages.

    Raises:
        DataError: a part of the training set is missing, or there is none.
    """
    train, dev = _parts(folders, "train"), _parts(folders, "dev")
    if not train:
        raise DataError(
            f"{name} has no training part for '{language}'",
            where=" and ".join(str(folder) for folder in folders),
            allowed="train-00000-of-00001.parquet and so on",
            fix="fetch the data set, or take the language out of the list",
        )
    return ParallelCorpus(
        name,
        language,
        partial(_pairs, train),
        (*train, *dev),
        partial(_pairs, dev) if dev else None,
    )


def _parts(folders: Sequence[Path], split: str) -> tuple[Path, ...]:
    """Return the files of a split in order; all that the names promise must be there."""
    found: dict[int, Path] = {}
    totals: set[int] = set()
    for path in sorted(path for folder in folders for path in folder.glob(f"{split}-*.parquet")):
        if match := _PART.fullmatch(path.name):
            found[int(match[1])] = path
            totals.add(int(match[2]))
    if found and (len(totals) > 1 or sorted(found) != list(range(max(totals)))):
        raise DataError(
            f"parts of {split} are missing or of several releases",
            where=" and ".join(str(folder) for folder in folders),
            allowed=f"the parts 0 to {max(totals) - 1} of {max(totals)}",
            fix="fetch the missing files",
        )
    return tuple(found[i] for i in sorted(found))


def _pairs(paths: tuple[Path, ...], _: Counter[str]) -> Iterator[SentencePair]:
    number = 0
    for path in paths:
        try:
            with pq.ParquetFile(path) as file:
                names = file.schema_arrow.names
                if missing := [name for name in _COLUMNS if name not in names]:
                    raise DataError(
                        f"the file lacks the column {', '.join(missing)}",
                        where=str(path),
                        allowed=f"{', '.join(_COLUMNS)}; found {', '.join(names)}",
                        fix=RESTORE,
                    )
                for batch in file.iter_batches(_BATCH, columns=list(_COLUMNS)):
                    english, foreign = (batch.column(name).to_pylist() for name in _COLUMNS)
                    for source, target in zip(english, foreign, strict=True):
                        number += 1
                        yield SentencePair(number, source or "", target or "")
        except (OSError, pa.ArrowInvalid) as error:
            raise DataError(
                f"the Parquet file cannot be read ({type(error).__name__})",
                where=str(path),
                allowed="a whole Parquet file",
                fix=RESTORE,
            ) from error

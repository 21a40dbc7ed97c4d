# SPDX-License-Identifier: Apache-2.0
"""Readers of raw benchmark files, one module per format.

Every reader has the form ``read(path, about, labels) -> Reading``.  Files are UTF-8 text with one
row per line and fields separated by tabs.  Quotation marks have no meaning (``csv.QUOTE_NONE``);
the one exception is explained in :mod:`xling.data.readers.xtreme_tsv`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers import (
    bucc,
    myxnli_translation,
    pawsx_x_final,
    squad_json,
    tagged_tsv,
    tatoeba,
    text,
    token_lines,
    tydiqa_goldp,
    ud_conllu,
    wikiann,
    xnli_1_0,
    xnli_mt_1_0,
    xtreme_translation,
    xtreme_tsv,
    xtune_alignment,
)
from xling.data.readers.rows import Reading
from xling.errors import DataError

Reader = Callable[[Path, RawFile, tuple[str, ...]], Reading]

READERS: dict[str, Reader] = {
    "xnli-1.0": xnli_1_0.read,
    "xnli-mt-1.0": xnli_mt_1_0.read,
    "xtreme-tsv": xtreme_tsv.read,
    "xtreme-translation": xtreme_translation.read,
    "myxnli-translation": myxnli_translation.read,
    "pawsx-x-final": pawsx_x_final.read,
    "text": text.read,
    "squad-json": squad_json.read,
    "tydiqa-goldp": tydiqa_goldp.read,
    "bucc-source": bucc.read_side,
    "bucc-target": bucc.read_side,
    "bucc-gold": bucc.read_gold,
    "tatoeba-source": tatoeba.read,
    "tatoeba-target": tatoeba.read,
    "ud-conllu": ud_conllu.read,
    "wikiann": wikiann.read,
    "tagged-tsv": tagged_tsv.read,
    "token-lines": token_lines.read,
    "xtune-alignment": xtune_alignment.read,
}


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one raw file with the reader of its format.

    Args:
        path: where the file is.
        about: the file's entry in the manifest.
        labels: allowed labels; none means that labels are not looked at.

    Raises:
        DataError: the format is unknown or a row is damaged.
    """
    if about.format not in READERS:
        raise DataError(
            f"there is no reader for the format '{about.format}'",
            where=str(path),
            allowed=", ".join(sorted(READERS)),
            fix="delete the list of raw files and run snakemake again",
        )
    return READERS[about.format](path, about, labels)

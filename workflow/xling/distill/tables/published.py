# SPDX-License-Identifier: Apache-2.0
"""The paper's values.  Its two versions differ and are kept apart.

``v1``: arXiv, April 2020; its STS and BUCC tables were read in full.  ``v2``: EMNLP, November 2020;
averages were read, and four cells of one system.  ``config/reported/distill.csv`` has no keys of
ours: rows are found by the words of the paper.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from xling.config.loader import config_file
from xling.distill.tables.frame import LOW_RESOURCE, PAPER
from xling.reported import Missing, Reported, reported
from xling.reported.rows import AVG

Version = Literal["v1", "v2"]
#: The newer one first: ours are held against it where both have a cell.
TITLES: Mapping[Version, str] = MappingProxyType(
    {"v2": "v2 (EMNLP 2020)", "v1": "v1 (arXiv, April 2020)"}
)
_PAPERS: dict[str, Version] = {"reimers2020-arxiv-v1": "v1", "reimers2020-emnlp": "v2"}
# Tables by the numbers of v2.  Which of Tables 9 and 10 has a language was not always told.
_NUMBERS = {
    "STS monolingual (v1)": "1",
    "Table 1": "1",
    "STS cross-lingual (v1)": "2",
    "Table 2": "2",
    "BUCC (v1)": "3",
    "Table 3": "3",
    "Table 4": "4",
    "Table 9": "9-10",
    "Table 10": "9-10",
    "Table 9 or 10": "9-10",
}
# Our codes where the file has others.  BUCC's are given with English: de-en.
_CODES = {"jpn": "ja", "zsm": "ms", "kat": "ka", "swh": "sw", "tgl": "tl", "tat": "tt"}
# What the paper's means are over.  Those of Tables 9 and 10 were not read.
_LANGUAGES: dict[str, frozenset[str]] = {
    "1": frozenset(("en-en", "es-es", "ar-ar")),
    "2": frozenset(f"en-{code}" for code in "ar de tr es fr it nl".split()),
    "3": frozenset(("de", "fr", "ru", "zh")),
    "4": frozenset(LOW_RESOURCE),
}
OTHER_MEAN = "the paper's mean is over other languages"
UNREAD = "not read in either version (docs/reported.md)"
NOT_IN_PAPER = "the system is none of the paper's"


@dataclass(frozen=True)
class Printed:
    """What one version of the paper prints of one table.

    Attributes:
        cells: by name of the system, then by column; ``avg`` is the mean as printed.
    """

    version: Version
    cells: Mapping[str, Mapping[str, Reported]]


def printed(number: str) -> list[Printed]:
    """Return what is known of a table, the newer version first; versions without it are absent.

    Args:
        number: of v2: ``2``, ``9-10``.
    """
    found: dict[Version, dict[str, dict[str, Reported]]] = {}
    for version, table, column, row in _rows():
        if table == number:
            found.setdefault(version, {}).setdefault(row.model, {})[column] = row
    return [Printed(version, found[version]) for version in TITLES if version in found]


def same_mean(number: str, languages: Collection[str]) -> bool:
    """Return whether a mean over some languages is what the paper's mean of a table is."""
    return set(languages) == _LANGUAGES.get(number)


def paper_cell(
    number: str, name: str, column: str, languages: Collection[str]
) -> tuple[Version, Reported] | tuple[None, Missing]:
    """Return the cell that ours is held against: that of v2, else that of v1, else why none.

    Args:
        number: of the table in v2.
        name: of the system in the paper; empty: it has none.
        column: our language, or ``avg``.
        languages: that our mean is over.
    """
    if not name:
        return None, Missing(NOT_IN_PAPER)
    if column == AVG and not same_mean(number, languages):
        return None, Missing(OTHER_MEAN)
    for one in printed(number):
        if column in one.cells.get(name, {}):
            return one.version, one.cells[name][column]
    return None, Missing(UNREAD)


@cache
def _rows() -> tuple[tuple[Version, str, str, Reported], ...]:
    """Return version, number of the table, our column and value of the paper's own rows."""
    return tuple(_read())


def _read() -> Iterator[tuple[Version, str, str, Reported]]:
    with config_file(f"reported/{PAPER}.csv").open(encoding="utf-8", newline="") as stream:
        languages = [row["language"] for row in csv.DictReader(stream)]
    for row, language in zip(reported(PAPER), languages, strict=True):
        if row.paper in _PAPERS and row.table in _NUMBERS:
            number = _NUMBERS[row.table]
            code = language.removesuffix("-en") if number == "3" else language
            yield _PAPERS[row.paper], number, _CODES.get(code, code), row

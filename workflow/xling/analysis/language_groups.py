# SPDX-License-Identifier: Apache-2.0
"""Groups of languages (Table 1): by family, by pre-training text, by how they were made.

A grouping is a mapping from language to group.  A language whose fact is not known has the group
None: it belongs to no mean, and the means say so.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xling.analysis.cells import mean_cell
from xling.config.study import ArtificialLanguage
from xling.errors import DataError
from xling.tables.table import Cell
from xling.tasks import SOURCE_LANGUAGE

Groups = Mapping[str, str | None]
Corpus = Literal["cc100", "wikipedia"]
Dial = Literal["word_order", "cognates", "text_share"]

SAME_FAMILY, OTHER_FAMILY = "Indo-European", "other families"
COLUMNS = (
    "language name family indo_european cc100_gib wikipedia_bytes "
    "family_source indo_european_source cc100_source wikipedia_source"
).split()
_BYTES_PER_GIB = 2**30
# The artificial source's own order: its sentences are English-like.
_SOURCE_ORDER = "SVO"


@dataclass(frozen=True)
class LanguageFacts:
    """What ``config/languages.csv`` says of a language.

    Attributes:
        family: empty if no source was found.
        gib: size of the text an encoder was trained on, by corpus: ``cc100`` for XLM-R,
            ``wikipedia`` for mBERT (of a later dump than mBERT's); None if no source was found.
    """

    name: str
    family: str
    indo_european: bool
    gib: Mapping[Corpus, float | None]


@dataclass(frozen=True)
class GroupMean:
    """Mean score of the languages of one group.

    Attributes:
        languages: those in the mean, in the order they were given.
        cell: one value per seed; None for a group without languages.
    """

    group: str
    languages: tuple[str, ...]
    cell: Cell | None


def read_languages(path: Path) -> dict[str, LanguageFacts]:
    """Read ``config/languages.csv``: facts by language code, in the order of the file.

    Raises:
        DataError: other columns, a language twice, a value that cannot be read, or a fact without
            a source.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if list(reader.fieldnames or ()) != COLUMNS:
            raise _bad(path, 1, "the columns are not those of the table", ", ".join(COLUMNS))
        found: dict[str, LanguageFacts] = {}
        for number, row in enumerate(reader, start=2):
            if row["language"] in found:
                raise _bad(path, number, f"{row['language']} is there twice", "each language once")
            found[row["language"]] = _facts(path, number, row)
    return found


def _facts(path: Path, number: int, row: Mapping[str, str]) -> LanguageFacts:
    for fact, source in (
        ("family", "family_source"),
        ("indo_european", "indo_european_source"),
        ("cc100_gib", "cc100_source"),
        ("wikipedia_bytes", "wikipedia_source"),
    ):
        if row[fact] and not row[source]:
            raise _bad(path, number, f"{fact} has no source", f"a source in {source}")
    if row["indo_european"] not in ("yes", "no"):
        raise _bad(path, number, f"indo_european is {row['indo_european']!r}", "yes, no")
    try:
        cc100 = float(row["cc100_gib"]) if row["cc100_gib"] else None
        wiki = int(row["wikipedia_bytes"]) / _BYTES_PER_GIB if row["wikipedia_bytes"] else None
    except ValueError as error:
        raise _bad(path, number, f"a size cannot be read ({error})", "a number") from error
    sizes: dict[Corpus, float | None] = {"cc100": cc100, "wikipedia": wiki}
    return LanguageFacts(row["name"], row["family"], row["indo_european"] == "yes", sizes)


def _bad(path: Path, number: int, what: str, allowed: str) -> DataError:
    fix = "correct the table of languages"
    return DataError(what, where=f"{path}, line {number}", allowed=allowed, fix=fix)


def by_family(
    languages: Iterable[str], facts: Mapping[str, LanguageFacts]
) -> dict[str, str | None]:
    """Group languages by whether they are of the source's family (English: Indo-European)."""
    return {
        code: None
        if code not in facts
        else (SAME_FAMILY if facts[code].indo_european else OTHER_FAMILY)
        for code in languages
    }


def by_size(
    languages: Iterable[str], facts: Mapping[str, LanguageFacts], corpus: Corpus, threshold: float
) -> dict[str, str | None]:
    """Group languages by how much text the encoder has seen of them.

    Args:
        languages: codes.
        facts: of :func:`read_languages`.
        corpus: ``cc100`` for XLM-R, ``wikipedia`` for mBERT.
        threshold: in GiB; the paper's is not known.
    """
    sizes = {code: facts[code].gib[corpus] if code in facts else None for code in languages}
    return _at_least(sizes, threshold, f"{threshold:g} GiB")


def by_dial(
    dials: Mapping[str, ArtificialLanguage], dial: Dial, threshold: float = 0.0
) -> dict[str, str | None]:
    """Group artificial target languages by one of their dials.

    Args:
        dials: by language, as the study has them.
        dial: ``word_order``: like the source's or not; ``cognates`` and ``text_share``: at least
            ``threshold`` or less.
        threshold: a share; not read for ``word_order``.
    """
    if dial == "word_order":
        return {
            code: f"{_SOURCE_ORDER}, like the source"
            if language.word_order == _SOURCE_ORDER
            else "other word order"
            for code, language in dials.items()
        }
    shares: dict[str, float | None] = {c: getattr(one, dial) for c, one in dials.items()}
    name = {"cognates": "cognates", "text_share": "of the text"}[dial]
    return _at_least(shares, threshold, f"{threshold:.0%} {name}")


def _at_least(
    values: Mapping[str, float | None], threshold: float, name: str
) -> dict[str, str | None]:
    return {
        code: None if value is None else (f"{name} or more" if value >= threshold else f"< {name}")
        for code, value in values.items()
    }


def group_means(
    cells: Mapping[str, Cell], languages: Sequence[str], groups: Groups
) -> tuple[list[GroupMean], tuple[str, ...]]:
    """Average one system's scores over the target languages of each group.

    The source is in no group: it is what the targets are compared with.

    Args:
        cells: scores by language (``System.cells``), seeds in the same order.
        languages: of the task.
        groups: group of each language, or None.

    Returns:
        The groups, sorted by name, and the target languages that belong to none.

    Raises:
        DataError: a language of a group has no scores, or not those of every seed.
    """
    targets = [code for code in languages if code != SOURCE_LANGUAGE]
    names = sorted({name for name in groups.values() if name is not None})
    means = []
    for name in names:
        members = tuple(code for code in targets if groups.get(code) == name)
        means.append(GroupMean(name, members, mean_cell(cells, members) if members else None))
    return means, tuple(code for code in targets if groups.get(code) is None)

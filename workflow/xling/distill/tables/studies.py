# SPDX-License-Identifier: Apache-2.0
"""The paper's section 5: which corpora, how much data, one language or many.

The numbers of these tables in the paper were not read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from xling.distill.evaluation.similarity import STANDARD
from xling.distill.tables.about import about
from xling.distill.tables.frame import PAPER, STS, Frame, System
from xling.distill.tables.results import Results, difference
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet, number
from xling.tables.table import Cell

_UNREAD = "no value of the paper was read (docs/reported.md)"
_CORPORA, _AMOUNTS = "section-5-corpora", "section-5-amounts"
_BILINGUAL = "section-5-bilingual"
_METRIC = ("Cells", "STS 2017: Spearman's correlation of cosine with people's scores, times 100")
_SIZE = ("Pairs", "training pairs, as the records count them")


def by_pair(
    results: Results, system: System, seeds: Collection[int] | None = None
) -> dict[str, Cell | None]:
    """Return a system's STS scores by language pair, of these seeds alone if given."""
    return {
        pair: results.cell(system, STS, STANDARD, pair, "spearman", seeds)
        for pair in results.frame.languages(STS)
    }


def corpora(results: Results) -> Sheet:
    """Return the students of single corpora."""
    title = "Section 5: students of single corpora"
    return _by_system(results, "corpora", _CORPORA, title)


def amounts(results: Results) -> Sheet:
    """Return the students of parts of a corpus, small ones first; None asked for is all of it."""
    return _by_system(results, "amounts", _AMOUNTS, "Section 5: students of parts of a corpus")


def by_amount(frame: Frame) -> list[System]:
    """Return the students of parts of corpora, by encoder, corpus, languages and rising amount.

    Behind them stands the student of all of the corpus, if the study of corpora has it.
    """
    parts = frame.of("amounts")
    wanted = {_data(one) for one in parts} - {_data(one) for one in parts if one.amount is None}
    rest = [one for one in frame.of("corpora") if one.amount is None and _data(one) in wanted]
    return sorted(
        [*parts, *rest], key=lambda one: (_data(one), one.amount is None, one.amount or 0)
    )


def _data(one: System) -> tuple[object, ...]:
    return one.model, one.corpora, one.languages


def _by_system(
    results: Results, part: Literal["corpora", "amounts"], name: str, title: str
) -> Sheet:
    frame = results.frame
    systems = frame.of(part) if part == "corpora" else by_amount(frame)
    rows = [(system, by_pair(results, system)) for system in systems]
    # A student of one language is scored where that language is.
    pairs = tuple(p for p in frame.languages(STS) if any(cells[p] for _, cells in rows))
    return Sheet(
        name=f"{frame.study}/{PAPER}/{name}",
        caption=about(results, {STS}, title, (_METRIC, _SIZE), said=_UNREAD),
        labels=("corpus", "student"),
        sections=(
            Section(
                "",
                ("pairs", *pairs),
                tuple(
                    Row(
                        (", ".join(system.corpora), system.title),
                        (_count(results, system), *_numbers(results, system, cells, pairs)),
                    )
                    for system, cells in rows
                ),
            ),
        ),
        facts=tuple(
            {
                "corpora": " ".join(system.corpora),
                "asked": system.amount,
                "pairs": results.training_pairs(system, STS),
                "system": system.title,
                "method": system.method,
                "model": system.model,
                "column": pair,
                **_values(cell),
            }
            for system, cells in rows
            for pair, cell in cells.items()
        ),
    )


def _numbers(
    results: Results, system: System, cells: Mapping[str, Cell | None], pairs: Sequence[str]
) -> Iterator[Entry]:
    fell = results.collapsed(system, STS)
    for pair in pairs:
        cell = cells[pair]
        yield number(cell, dagger=fell and cell is not None)


def _count(results: Results, system: System) -> Entry:
    pairs = results.training_pairs(system, STS)
    return NOTHING if pairs is None else Entry(f"{pairs:,}")


def _values(cell: Cell | None, name: str = "mean") -> dict[str, Fact]:
    return {
        name: cell.mean if cell else None,
        f"{name}_sd": cell.sd if cell else None,
        f"{name}_seeds": len(cell.values) if cell else 0,
    }


@dataclass(frozen=True)
class _Beside:
    """A bilingual student beside a multilingual one on one language pair.

    ``gap`` is over the seeds that both have, which may be fewer than those of a cell.
    """

    system: System
    other: System | None
    pair: str
    own: Cell
    theirs: Cell | None
    gap: Cell | None

    def row(self) -> Row:
        return Row(
            (self.system.title, self.other.title if self.other else "–"),
            (
                Entry(self.pair),
                number(self.own),
                number(self.theirs),
                number(self.gap, "+.1f"),
            ),
        )

    def fact(self) -> Mapping[str, Fact]:
        return {
            "system": self.system.title,
            "against": self.other.title if self.other else None,
            "column": self.pair,
            **_values(self.own, "bilingual"),
            **_values(self.theirs, "multilingual"),
            **_values(self.gap, "difference"),
        }


def _beside(results: Results) -> Iterator[_Beside]:
    known = {system.key: system for system in results.frame.systems}
    for system in results.frame.of("bilingual"):
        other = known.get(system.against) if system.against else None
        theirs = by_pair(results, other) if other else {}
        gaps = _gaps(results, system, other) if other else {}
        for pair, cell in by_pair(results, system).items():
            if cell is not None:
                yield _Beside(system, other, pair, cell, theirs.get(pair), gaps.get(pair))


def _gaps(results: Results, system: System, other: System) -> dict[str, Cell | None]:
    """Return one system less another by language pair, over the seeds that both have."""
    shared = results.seeds(system, STS) & results.seeds(other, STS)
    own, theirs = by_pair(results, system, shared), by_pair(results, other, shared)
    return {pair: difference(own[pair], theirs[pair]) for pair in own}


def bilingual(results: Results) -> Sheet:
    """Return students of one language beside those of all."""
    frame, found = results.frame, list(_beside(results))
    columns = ("languages", "bilingual", "multilingual", "difference")
    return Sheet(
        name=f"{frame.study}/{PAPER}/{_BILINGUAL}",
        caption=about(
            results,
            {STS},
            "Section 5: students of one language beside students of all",
            (_METRIC, ("difference", "bilingual less multilingual, by seeds that both have")),
            said=_UNREAD,
        ),
        labels=("student", "beside"),
        sections=(Section("", columns, tuple(one.row() for one in found)),),
        facts=tuple(one.fact() for one in found),
    )


def _planned(part: Literal["corpora", "amounts", "bilingual"]) -> Callable[[Frame], bool]:
    return lambda frame: bool(frame.of(part) and frame.languages(STS))


TABLES: dict[str, tuple[Callable[[Frame], bool], Callable[[Results], Sheet]]] = {
    _CORPORA: (_planned("corpora"), corpora),
    _AMOUNTS: (_planned("amounts"), amounts),
    _BILINGUAL: (_planned("bilingual"), bilingual),
}

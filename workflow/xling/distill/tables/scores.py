# SPDX-License-Identifier: Apache-2.0
"""Tables 1 to 4, 9 and 10: scores of systems by language, beside the paper's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xling.distill.evaluation import bitext, similarity, tatoeba
from xling.distill.tables.about import about
from xling.distill.tables.against import (
    Held,
    counted,
    difference_sections,
    hold,
    missing_notes,
    paper_sections,
)
from xling.distill.tables.frame import BUCC, PAPER, STS, TATOEBA, Frame, System
from xling.distill.tables.results import Results, mean_cell
from xling.tables.sheet import Entry, Fact, Row, Section, Sheet, number
from xling.tables.table import AVG, Cell


@dataclass(frozen=True)
class _Block:
    """Systems by languages in one setting of the scores.

    Attributes:
        held: whether these are the numbers that the paper has.
    """

    title: str
    task: str
    setting: str
    metric: str
    languages: tuple[str, ...]
    held: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Languages, and their mean if there are several."""
        return (*self.languages, AVG) if len(self.languages) > 1 else self.languages

    def cells(self, results: Results, system: System) -> list[Cell | None]:
        """Return a system's cells in the order of the columns."""
        each = [
            results.cell(system, self.task, self.setting, code, self.metric)
            for code in self.languages
        ]
        return [*each, mean_cell(each)] if len(each) > 1 else each


def _sheet(
    results: Results,
    paper_number: str,
    name: str,
    title: str,
    blocks: Sequence[_Block],
    made: Sequence[tuple[str, str]],
) -> Sheet:
    """Return a table of blocks, the first that is held being the paper's numbers."""
    frame, systems = results.frame, results.frame.of("main")
    sections = [_section(results, block, systems) for block in blocks]
    facts: list[Mapping[str, Fact]] = []
    held: list[Held] = []
    for block in blocks:
        rows = []
        for system in systems:
            cells = dict(zip(block.columns, block.cells(results, system), strict=True))
            own = hold(frame, paper_number, system, cells, block.languages)
            rows.append((system, own))
            facts += _facts(results, block, system, cells, own)
        if block.held:
            held += [one for _, own in rows for one in own]
            sections += difference_sections(block.columns, rows)
            sections += paper_sections(paper_number, block.columns, block.languages)
    return Sheet(
        name=f"{frame.study}/{PAPER}/{name}",
        caption=about(
            results,
            {block.task for block in blocks},
            title,
            made,
            said=counted(frame, held),
            notes=missing_notes(held),
        ),
        labels=("system",),
        sections=tuple(sections),
        facts=tuple(facts),
    )


def _section(results: Results, block: _Block, systems: Sequence[System]) -> Section:
    rows = [(system, block.cells(results, system)) for system in systems]
    best = [
        _best([cells[i] for s, cells in rows if not results.collapsed(s, block.task)])
        for i in range(len(block.columns))
    ]
    return Section(
        block.title,
        block.columns,
        tuple(
            Row(
                (system.title,), tuple(_entries(cells, best, results.collapsed(system, block.task)))
            )
            for system, cells in rows
        ),
    )


def _best(cells: Sequence[Cell | None]) -> str:
    """Return the best printed mean; one alone is not the best of anything."""
    means = [cell.mean for cell in cells if cell is not None]
    return f"{max(means):.1f}" if len(means) > 1 else ""


def _entries(cells: Sequence[Cell | None], best: Sequence[str], fell: bool) -> Iterator[Entry]:
    for cell, top in zip(cells, best, strict=True):
        is_best = cell is not None and not fell and f"{cell.mean:.1f}" == top
        yield number(cell, best=is_best, dagger=fell and cell is not None)


def _facts(
    results: Results,
    block: _Block,
    system: System,
    cells: Mapping[str, Cell | None],
    held: Sequence[Held],
) -> Iterator[Mapping[str, Fact]]:
    records = results.of(system, block.task)
    for (column, cell), one in zip(cells.items(), held, strict=True):
        yield {
            "task": block.task,
            "setting": block.setting,
            "metric": block.metric,
            "system": system.title,
            "method": system.method,
            "model": system.model,
            "column": column,
            "mean": cell.mean if cell else None,
            "sd": cell.sd if cell else None,
            "seeds": len(records),
            "n": cell.rows if cell else None,
            "collapsed": int(results.collapsed(system, block.task)),
            **(one.facts if block.held else dict.fromkeys(one.facts)),
        }


def _sts(
    results: Results, paper_number: str, name: str, title: str, pairs: tuple[str, ...]
) -> Sheet:
    block = _Block("", STS, similarity.STANDARD, "spearman", pairs, held=True)
    made = (
        ("Cells", "Spearman's correlation of cosine with people's scores, times 100"),
        (AVG, "mean of the columns before rounding"),
    )
    return _sheet(results, paper_number, name, title, [block], made)


def monolingual(results: Results) -> Sheet:
    """Return Table 1."""
    title = "Table 1: STS 2017, both sentences in one language"
    return _sts(results, "1", "table-1-sts-monolingual", title, results.frame.monolingual)


def cross_lingual(results: Results) -> Sheet:
    """Return Table 2."""
    title = "Table 2: STS 2017, sentences in two languages"
    return _sts(results, "2", "table-2-sts-cross-lingual", title, results.frame.cross_lingual)


def mining(results: Results) -> Sheet:
    """Return Table 3; the honest threshold stands below the paper's."""
    languages = results.frame.languages(BUCC)
    blocks = [
        _Block("Oracle threshold", BUCC, bitext.ORACLE, "f1", languages, held=True),
        _Block("Threshold of the sample set", BUCC, bitext.TUNED, "f1", languages, held=False),
    ]
    made = (
        ("Cells", "F1 of mined pairs with English, 0 to 100"),
        (
            "Threshold",
            "oracle: tuned on the pairs that are scored, as in the paper; sample: tuned on other "
            "pairs",
        ),
        (AVG, "mean of the columns before rounding"),
    )
    return _sheet(results, "3", "table-3-bucc", "Table 3: BUCC 2018", blocks, made)


def _tatoeba_block(title: str, setting: str, languages: tuple[str, ...], *, held: bool) -> _Block:
    return _Block(title, TATOEBA, setting, "accuracy", languages, held)


_TATOEBA_MADE = (
    ("Cells", "accuracy of the nearest neighbour by cosine, 0 to 100; mean: of both directions"),
    (AVG, "mean of the columns before rounding"),
)


def low_resource(results: Results) -> Sheet:
    """Return Table 4."""
    languages = _low(results.frame)
    block = _tatoeba_block("", tatoeba.MEAN, languages, held=True)
    title = "Table 4: Tatoeba, low-resource languages"
    return _sheet(results, "4", "table-4-low-resource", title, [block], _TATOEBA_MADE)


def all_languages(results: Results) -> Sheet:
    """Return Tables 9 and 10 as one."""
    languages = results.frame.languages(TATOEBA)
    blocks = [
        _tatoeba_block("Mean of both directions", tatoeba.MEAN, languages, held=True),
        _tatoeba_block("To English", tatoeba.TO_ENGLISH, languages, held=False),
        _tatoeba_block("From English", tatoeba.FROM_ENGLISH, languages, held=False),
    ]
    title = "Tables 9 and 10: Tatoeba, all languages"
    return _sheet(results, "9-10", "tables-9-10-tatoeba", title, blocks, _TATOEBA_MADE)


def _low(frame: Frame) -> tuple[str, ...]:
    return tuple(code for code in frame.low_resource if code in frame.languages(TATOEBA))


#: Whether a study has a table, and what builds it; by name of the file.
TABLES: dict[str, tuple[Callable[[Frame], bool], Callable[[Results], Sheet]]] = {
    "table-1-sts-monolingual": (lambda frame: bool(frame.monolingual), monolingual),
    "table-2-sts-cross-lingual": (lambda frame: bool(frame.cross_lingual), cross_lingual),
    "table-3-bucc": (lambda frame: bool(frame.languages(BUCC)), mining),
    "table-4-low-resource": (lambda frame: bool(_low(frame)), low_resource),
    "tables-9-10-tatoeba": (lambda frame: bool(frame.languages(TATOEBA)), all_languages),
}

# SPDX-License-Identifier: Apache-2.0
"""A table whose rows are more than systems: labels, numbers, sections; and it as text.

:class:`xling.tables.table.Grid` is systems by columns and takes its text from there.  A sheet says
itself what is printed, and beside it what a program reads (the CSV file).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from xling.tables.caption import Caption
from xling.tables.render import (
    escape_latex,
    escape_markdown,
    latex_blocks,
    latex_float,
    markdown_page,
)
from xling.tables.table import Cell

Fact = str | int | float | None
# Ours: lines that fit on a page beside a caption; sections beyond it are floats of their own.
LATEX_LINES = 50
_RULES = 4  # lines that title, heads and rules of a tabular take


@dataclass(frozen=True)
class Entry:
    """One printed cell.

    Attributes:
        text: a number or a word.
        sd: standard deviation as printed, or empty.
        best: whether it is the best of its column.
        dagger: whether a collapsed run is part of it.
    """

    text: str
    sd: str = ""
    best: bool = False
    dagger: bool = False


NOTHING = Entry("–")


@dataclass(frozen=True)
class Row:
    """One line: as many labels and entries as there are heads."""

    labels: tuple[str, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Section:
    """Rows that belong together: those of an encoder, or those of other papers.

    Attributes:
        columns: heads of the columns of numbers.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Sheet:
    """A table of a paper.

    Attributes:
        name: study, paper and table, as in paths.
        labels: heads of the columns of words.
        facts: what a program reads, in full: equal keys in every line, None for what is not there.
    """

    name: str
    caption: Caption
    labels: tuple[str, ...]
    sections: tuple[Section, ...]
    facts: tuple[Mapping[str, Fact], ...]

    @property
    def file(self) -> str:
        """Name of the files, without their endings."""
        return self.name.rpartition("/")[2]


def number(cell: Cell | None, form: str = ".1f", **marks: bool) -> Entry:
    """Return mean and standard deviation over seeds as an entry."""
    if cell is None:
        return NOTHING
    sd = "" if cell.sd is None else format(cell.sd, form.removeprefix("+"))
    return Entry(format(cell.mean, form), sd, **marks)


def csv_text(sheet: Sheet) -> str:
    """Return one line per fact, numbers in full."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(sheet.facts[0] if sheet.facts else ())
    for line in sheet.facts:
        writer.writerow(_full(value) for value in line.values())
    return out.getvalue()


def _full(value: Fact) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def markdown_text(sheet: Sheet) -> str:
    """Return a Markdown table per section, the caption above and the notes below."""
    lines: list[str] = []
    for section in sheet.sections:
        if lines:
            lines.append("")
        lines += [f"**{escape_markdown(section.title)}**", ""] if section.title else []
        heads = [*sheet.labels, *map(escape_markdown, section.columns)]
        lines.append("| " + " | ".join(heads) + " |")
        lines.append("|" + "---|" * len(sheet.labels) + "---:|" * len(section.columns))
        for row in section.rows:
            cells = [*map(escape_markdown, row.labels), *map(_markdown_entry, row.entries)]
            lines.append("| " + " | ".join(cells) + " |")
    return markdown_page(sheet.caption, lines)


def _markdown_entry(entry: Entry) -> str:
    text = escape_markdown(entry.text)
    text = f"**{text}**" if entry.best else text
    return text + (f" ± {entry.sd}" if entry.sd else "") + (" †" if entry.dagger else "")


def latex_text(sheet: Sheet) -> str:
    """Return floats for ``\\input``; needs the packages booktabs and graphicx.

    A table that is too long for a page continues in another float.
    """
    floats = []
    for i, sections in enumerate(_pages(sheet.sections)):
        tabulars = [
            list(_tabular(sheet, section, places))
            for section in sections
            for places in latex_blocks(range(len(section.columns)))
        ]
        name, about = sheet.name, sheet.caption
        if i:
            name = f"{name}-{i + 1}"
            about = replace(about, title=f"{about.title}, continued", made=(), notes=())
        floats.append(latex_float(name, about, tabulars))
    return "\n".join(floats)


def _pages(sections: Sequence[Section]) -> list[list[Section]]:
    """Deal whole sections out to floats."""
    pages: list[list[Section]] = []
    room = 0
    for section in sections:
        # Columns that do not fit beside each other stand below.
        lines = (len(section.rows) + _RULES) * len(latex_blocks(section.columns))
        if not pages or room < lines:
            pages.append([])
            room = LATEX_LINES
        pages[-1].append(section)
        room -= lines
    return pages


def _tabular(sheet: Sheet, section: Section, places: Sequence[int]) -> Iterator[str]:
    """Yield the lines of one tabular; groups of rows with the same first label are set apart."""
    heads = [*sheet.labels, *(section.columns[i] for i in places)]
    # Shrinks what is wider than the page and leaves the rest alone.
    yield r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
    yield rf"\begin{{tabular}}{{{'l' * len(sheet.labels)}{'r' * len(places)}}}"
    yield r"\toprule"
    if section.title:
        title = escape_latex(section.title)
        yield rf"\multicolumn{{{len(heads)}}}{{l}}{{\textit{{{title}}}}} \\"
    yield " & ".join(map(escape_latex, heads)) + r" \\"
    yield r"\midrule"
    previous = None
    for row in section.rows:
        if len(sheet.labels) > 1 and previous not in (None, row.labels[0]):
            yield r"\addlinespace"
        previous = row.labels[0]
        cells = [*map(escape_latex, row.labels), *(_latex_entry(row.entries[i]) for i in places)]
        yield " & ".join(cells) + r" \\"
    yield r"\bottomrule"
    yield r"\end{tabular}}"


def _latex_entry(entry: Entry) -> str:
    text = escape_latex(entry.text)
    if text.startswith("-") and text[1:2].isdigit():
        text = f"$-${text[1:]}"
    text = rf"\textbf{{{text}}}" if entry.best else text
    return text + (rf"$_{{\pm{entry.sd}}}$" if entry.sd else "") + ("$^\\dagger$" * entry.dagger)


SHEET_FORMATS = {"csv": csv_text, "md": markdown_text, "tex": latex_text}

# SPDX-License-Identifier: Apache-2.0
"""A table as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from typing import TypeVar

from xling.tables.caption import Caption
from xling.tables.table import Cell, Grid, System

CSV_COLUMNS = (
    "system",
    "method",
    "model",
    "language",
    "mean",
    "sd",
    "seeds",
    "n",
    "unit",
    "collapsed_seeds",
)

SEEDS = "seeds"

Column = TypeVar("Column")

# Ours: with deviations and two columns of names, more would be too small to read on a page.
LATEX_COLUMNS = 10

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "†": r"$^\dagger$",
    "–": "--",
}


def escape_latex(text: str) -> str:
    """Return text that LaTeX prints as it stands here."""
    return "".join(_LATEX.get(character, character) for character in text)


def escape_markdown(text: str) -> str:
    """Return text that Markdown prints as it stands here, also inside a table."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text)


def name_of(system: System) -> str:
    """Return a row's title, with a dagger if a run of it collapsed."""
    return f"{system.title} †" if system.collapsed else system.title


def csv_text(table: Grid, about: Caption) -> str:
    """Return one line per system and column, numbers in full; empty cells have no line.

    ``seeds`` counts runs; ``n`` is rows scored per seed; ``sd`` is empty for one seed.
    """
    del about  # A file for programs: the words stand in the others.
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for system in table.systems:
        for column in table.columns:
            cell = system.cells.get(column)
            if cell is None:
                continue
            writer.writerow(
                (
                    f"{system.title}, {system.model}",
                    system.method,
                    system.model,
                    column,
                    repr(cell.mean),
                    "" if cell.sd is None else repr(cell.sd),
                    len(cell.values),
                    cell.rows,
                    table.unit,
                    " ".join(map(str, system.collapsed)),
                )
            )
    return out.getvalue()


def markdown_text(table: Grid, about: Caption) -> str:
    """Return a table in GitHub's Markdown, its caption above and its notes below."""
    lines = [
        "| " + " | ".join(("system", "model", *table.columns, SEEDS)) + " |",
        "|" + "---|" * 2 + "---:|" * (len(table.columns) + 1),
    ]
    for system in table.systems:
        cells = [_markdown_cell(system, column, table) for column in table.columns]
        names = (escape_markdown(name_of(system)), escape_markdown(system.model))
        lines.append("| " + " | ".join((*names, *cells, system.count)) + " |")
    return markdown_page(about, lines)


def markdown_page(about: Caption, table: Sequence[str]) -> str:
    """Return the lines of a Markdown table with its caption above and its notes below."""
    lines = [
        f"**{escape_markdown(about.title)}.** {escape_markdown(about.sentences)}",
        "",
        f"**Verdict:** {escape_markdown(about.verdict)}.",
        "",
        *table,
    ]
    for note in about.notes:
        lines += ["", escape_markdown(note)]
    return "\n".join(lines) + "\n"


def _markdown_cell(system: System, column: str, table: Grid) -> str:
    cell = system.cells.get(column)
    if cell is None:
        return "–"
    mean = f"**{cell.mean:.1f}**" if table.is_best(system, column) else f"{cell.mean:.1f}"
    return mean + spread(cell, " ± ")


def spread(cell: Cell, sign: str) -> str:
    """Return the standard deviation behind a sign, or nothing for one seed."""
    return "" if cell.sd is None else f"{sign}{cell.sd:.1f}"


def latex_text(table: Grid, about: Caption) -> str:
    """Return a float for ``\\input``; needs the packages booktabs and graphicx."""
    blocks = latex_blocks([*table.columns, SEEDS])
    return latex_float(table.name, about, [_latex_tabular(table, columns) for columns in blocks])


def latex_float(name: str, about: Caption, tabulars: Sequence[Sequence[str]]) -> str:
    """Return tabulars below each other as one float, its caption above and its notes below.

    Args:
        name: study, paper and subject; the label is made of it.
        about: the caption.
        tabulars: the lines of each.
    """
    words = f"{about.title}. {about.sentences} Verdict: {about.verdict}."
    lines = [
        r"% \usepackage{booktabs,graphicx}",
        r"\begin{table}[t]",
        r"\centering",
        r"\setlength{\belowcaptionskip}{4pt}",
        rf"\caption{{{escape_latex(words)}}}",
        rf"\label{{tab:{name.replace('/', ':')}}}",
    ]
    for i, tabular in enumerate(tabulars):
        if i:
            # A blank line and a gap put a tabular below the one before.
            lines += ["", r"\medskip"]
        lines += tabular
    # A blank line starts a paragraph: one note per line under the table.
    for note in about.notes:
        lines += ["", rf"\vspace{{2pt}}{{\footnotesize {escape_latex(note)}}}"]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def latex_blocks(columns: Sequence[Column]) -> list[Sequence[Column]]:
    """Deal columns out to tabulars of nearly equal width that stand below each other."""
    size = math.ceil(len(columns) / math.ceil(len(columns) / LATEX_COLUMNS))
    return [columns[start : start + size] for start in range(0, len(columns), size)]


def _latex_tabular(table: Grid, columns: Sequence[str]) -> list[str]:
    """Return the lines of one tabular; models are set apart."""
    lines = [
        # Shrinks what is wider than the page and leaves the rest alone.
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{ll{'r' * len(columns)}}}",
        r"\toprule",
        " & ".join(("System", "Model", *map(escape_latex, columns))) + r" \\",
        r"\midrule",
    ]
    previous = None
    for system in table.systems:
        if previous not in (None, system.model):
            lines.append(r"\addlinespace")
        previous = system.model
        cells = [_latex_cell(system, column, table) for column in columns]
        names = (escape_latex(name_of(system)), escape_latex(system.model))
        lines.append(" & ".join((*names, *cells)) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabular}}"]


def _latex_cell(system: System, column: str, table: Grid) -> str:
    if column == SEEDS:
        return system.count
    cell = system.cells.get(column)
    if cell is None:
        return "--"
    mean = rf"\textbf{{{cell.mean:.1f}}}" if table.is_best(system, column) else f"{cell.mean:.1f}"
    sd = spread(cell, r"\pm")
    return f"{mean}$_{{{sd}}}$" if sd else mean

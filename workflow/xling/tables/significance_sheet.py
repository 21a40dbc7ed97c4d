# SPDX-License-Identifier: Apache-2.0
"""Paired significance as a sheet: a printed row per pair; every language in the CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from xling.comparison.pairs import Pair
from xling.comparison.results import OverSeeds, PairResult, Tested
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet
from xling.tables.significance import Significance, significance_caption
from xling.tables.table import AVG, AVG_TARGETS
from xling.tasks import TASKS

GAP = "transfer gap"

_LABELS = ("model", "system", "other")
_COLUMNS = (
    *("score", "other's", "difference", "low", "high", "p", "Holm p"),
    *("gap", "gap low", "gap high", "gap p", "gap Holm p", "seeds", "over seeds"),
)


def significance_sheet(table: Significance) -> Sheet:
    """Return the table, tasks as sections.

    A line of the CSV file is a language of a pair, a mean or the transfer gap; systems have their
    keys.  What was found over seeds is in the lines of the mean over all languages.
    """
    sections = [
        Section(
            title=TASKS[task].title,
            columns=_COLUMNS,
            rows=tuple(Row(table.names(pair)[1:], _entries(one)) for pair, one in rows),
        )
        for task, rows in groupby(table.rows, key=lambda row: row[0].task)
    ]
    return Sheet(
        name=table.name,
        caption=significance_caption(table),
        labels=_LABELS,
        sections=tuple(sections),
        facts=tuple(fact for pair, one in table.rows for fact in _facts(pair, one)),
    )


def _entries(one: PairResult) -> tuple[Entry, ...]:
    mean, gap = one.avg_targets, one.gap
    return (
        Entry(f"{mean.first:.1f}"),
        Entry(f"{mean.second:.1f}"),
        *_shift(mean, mean.p_randomisation),
        *((NOTHING,) * 5 if gap is None else _shift(gap, gap.p_bootstrap)),
        Entry(str(len(one.seeds.seeds))),
        Entry(_over_seeds(one.seeds)),
    )


def _shift(test: Tested, p_value: float) -> tuple[Entry, ...]:
    """Return difference, its interval, p and corrected p."""
    return (
        Entry(f"{test.difference:+.1f}"),
        Entry(f"{test.low:+.1f}"),
        Entry(f"{test.high:+.1f}"),
        Entry(f"{p_value:.4f}"),
        Entry(f"{test.p_holm:.4f}"),
    )


def _over_seeds(seeds: OverSeeds) -> str:
    found = f"{seeds.difference:+.1f}" + ("" if seeds.sd is None else f" ± {seeds.sd:.1f}")
    return f"{found}, {seeds.note or f'p {seeds.p_value:.4f}'}"


def _facts(pair: Pair, one: PairResult) -> Iterator[dict[str, Fact]]:
    for of, test, left_out in _tests(pair, one):
        facts: dict[str, Fact] = {
            "task": pair.task,
            "model": pair.model,
            "system": pair.first,
            "other": pair.second,
            "of": of,
            "system_value": test.first,
            "other_value": test.second,
            "difference": test.difference,
            "low": test.low,
            "high": test.high,
            "p_bootstrap": test.p_bootstrap,
            "p_randomisation": test.p_randomisation,
            "p_holm": test.p_holm,
            "items": test.items,
            "items_left_out": left_out,
        }
        over_seeds: dict[str, Fact] = {
            "seeds": " ".join(map(str, one.seeds.seeds)),
            "seeds_difference": one.seeds.difference,
            "seeds_sd": one.seeds.sd,
            "seeds_p": one.seeds.p_value,
            "seeds_note": one.seeds.note,
        }
        yield facts | (over_seeds if of == AVG else dict.fromkeys(over_seeds))


def _tests(pair: Pair, one: PairResult) -> Iterator[tuple[str, Tested, int]]:
    """Yield what was tested, with the number of items that were left out."""
    for code in pair.languages:
        yield code, one.languages[code], one.left_out[code]
    lost = sum(one.left_out.values())
    yield AVG, one.avg, lost
    yield AVG_TARGETS, one.avg_targets, sum(one.left_out[code] for code in pair.targets)
    if one.gap is not None:
        yield GAP, one.gap, lost

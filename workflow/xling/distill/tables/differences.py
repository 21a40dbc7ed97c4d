# SPDX-License-Identifier: Apache-2.0
"""Students less other systems, tested on items and over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from xling.comparison.results import OverSeeds, Tested
from xling.distill.comparison.averages import AVERAGES
from xling.distill.comparison.contrasts import KINDS
from xling.distill.comparison.results import ContrastResult, SentenceComparison
from xling.distill.tables.about import about
from xling.distill.tables.frame import BUCC, PAPER, STS, TATOEBA
from xling.distill.tables.results import Results
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet
from xling.tables.table import AVG

#: Ours: columns that a printed table has room for; what is left out stands in the CSV file.
MOST_LANGUAGES = 20
_TITLES = {
    STS: "STS 2017: Spearman's correlation times 100",
    BUCC: "BUCC 2018: F1, 0 to 100",
    TATOEBA: "Tatoeba: accuracy, 0 to 100",
}
_SETTINGS = {
    "standard": "",
    "oracle": "oracle threshold",
    "tuned_on_sample": "threshold of the sample set",
    "xx-en": "to English",
    "en-xx": "from English",
    "mean": "mean of both directions",
}
_HELD = "thresholds are those of the whole set, also where items are drawn"
_RERANKED = (
    "drawn items are ranked anew; exchanged are ranks, as cosines of two systems have no scale in "
    "common"
)
_ITEMS = {
    STS: f"pairs of sentences; {_RERANKED}",
    BUCC: f"foreign sentences with a kept or a gold pair; {_HELD}",
    TATOEBA: "queries; of the mean, pairs of sentences with both their directions",
}


def differences_name(task: str) -> str:
    """Return the name of a task's table."""
    return f"differences-{task}"


def build(results: Results, comparison: SentenceComparison, task: str) -> Sheet:
    """Return the table of a task: sections by setting and kind, a row for each two systems."""
    found = [one for one in comparison.results if one.task == task]
    settings = list(dict.fromkeys(one.setting for one in found))
    kinds = list(KINDS)
    order = sorted(found, key=lambda one: (settings.index(one.setting), kinds.index(one.kind)))
    sections: list[Section] = []
    for _, group in groupby(order, key=lambda one: (one.setting, one.kind)):
        sections += _sections(results, list(group))
    return Sheet(
        name=f"{results.frame.study}/{PAPER}/{differences_name(task)}",
        caption=about(
            results,
            {task},
            f"Differences between systems, {_TITLES[task]}",
            _words(comparison, found),
            said="no test of the paper was read (docs/reported.md)",
            notes=_notes(results, comparison, task),
        ),
        labels=("student", "less"),
        sections=tuple(sections),
        facts=tuple(fact for one in found for fact in _facts(one)),
    )


def _sections(results: Results, group: Sequence[ContrastResult]) -> Iterator[Section]:
    """Yield means with their tests, then the languages by themselves."""
    one = group[0]
    title = ", ".join(filter(None, (KINDS[one.kind], _SETTINGS[one.setting])))
    parts = [name for name in AVERAGES if any(name in own.averages for own in group)][1:]
    heads = (AVG, "95 %", "p", "Holm p", "over seeds", *(h for n in parts for h in (n, "95 %")))
    rows = (
        Row(_labels(results, own), (*_mean(own), *(e for name in parts for e in _part(own, name))))
        for own in group
    )
    yield Section(title, heads, tuple(rows))
    codes = [code for code in results.frame.languages(one.task) if _has(group, code)]
    if len(codes) <= MOST_LANGUAGES:
        rows = (
            Row(_labels(results, own), tuple(_language(own.languages.get(code)) for code in codes))
            for own in group
        )
        yield Section(f"{title}: by language", tuple(codes), tuple(rows))


def _has(group: Sequence[ContrastResult], code: str) -> bool:
    return any(code in own.languages for own in group)


def _labels(results: Results, one: ContrastResult) -> tuple[str, str]:
    titles = {system.key: system.title for system in results.frame.systems}
    first, second = one.keys
    return titles[first], titles[second]


def _mean(one: ContrastResult) -> Iterator[Entry]:
    test = one.averages[AVG]
    yield Entry(f"{test.difference:+.1f}")
    yield Entry(_interval(test))
    yield Entry(f"{test.p_randomisation:.4f}")
    yield Entry(f"{test.p_holm:.4f}")
    yield Entry(_over_seeds(one.seeds[AVG]))


def _part(one: ContrastResult, name: str) -> Iterator[Entry]:
    test = one.averages.get(name)
    yield Entry(f"{test.difference:+.1f}") if test else NOTHING
    yield Entry(_interval(test)) if test else NOTHING


def _language(test: Tested | None) -> Entry:
    return Entry(f"{test.difference:+.1f} ({_interval(test)})") if test else NOTHING


def _interval(test: Tested) -> str:
    return f"{test.low:+.1f} to {test.high:+.1f}"


def _over_seeds(seeds: OverSeeds) -> str:
    found = f"{seeds.difference:+.1f}" + ("" if seeds.sd is None else f" ± {seeds.sd:.1f}")
    return f"{found}, {seeds.note or f'p {seeds.p_value:.4f}'}"


def _words(
    comparison: SentenceComparison, found: Sequence[ContrastResult]
) -> tuple[tuple[str, str], ...]:
    names = [name for name in AVERAGES if any(name in one.averages for one in found)]
    groups = {tuple(group) for one in found for group in one.together}
    task = found[0].task if found else STS
    drawn = "each language's items are drawn by themselves"
    if groups:
        shared = "; ".join(", ".join(group) for group in sorted(groups))
        drawn = f"drawn together, as their gold scores are the same: {shared}; others by themselves"
    return (
        ("Items", _ITEMS[task]),
        ("Means", "; ".join(f"{name}: {AVERAGES[name]}" for name in names)),
        (
            "95 %",
            f"percentile interval of the paired bootstrap, {comparison.resamples:,} resamples; "
            f"{drawn}",
        ),
        ("p", "approximate randomisation, two-sided; it speaks of other items with these models"),
        (
            "Holm p",
            "corrected for all such pairs of the study, each mean by itself (languages, in the CSV "
            "file: for those of the pair)",
        ),
        (
            "Over seeds",
            "mean ± sample standard deviation of the differences by seed, p of an exact sign-flip "
            "test; it speaks of other seeds on these items",
        ),
        ("Several seeds", comparison.pooling),
    )


def _notes(results: Results, comparison: SentenceComparison, task: str) -> list[str]:
    alone = [path for path in comparison.not_compared if f"/{task}/" in f"/{path}"]
    found = [f"Not compared, no other system is planned beside: {', '.join(alone)}."]
    notes = found if alone else []
    if len(results.frame.languages(task)) > MOST_LANGUAGES:
        notes.append("Languages by themselves are in the CSV file.")
    return notes


def _facts(one: ContrastResult) -> Iterator[Mapping[str, Fact]]:
    """Yield a line for each language and mean of a result."""
    for name, test in (*one.languages.items(), *one.averages.items()):
        seeds = one.seeds.get(name)
        yield {
            "kind": one.kind,
            "task": one.task,
            "setting": one.setting,
            "metric": one.metric,
            "student": one.first,
            "model": one.first_model,
            "other": one.second,
            "other_model": one.second_model,
            "language": name,
            "student_score": test.first,
            "other_score": test.second,
            "difference": test.difference,
            "low": test.low,
            "high": test.high,
            "p_bootstrap": test.p_bootstrap,
            "p_randomisation": test.p_randomisation,
            "p_holm": test.p_holm,
            "items": test.items,
            "seeds": " ".join(map(str, seeds.seeds)) if seeds else None,
            "seeds_left_out": " ".join(map(str, seeds.left_out)) if seeds else None,
            "seeds_difference": seeds.difference if seeds else None,
            "seeds_sd": seeds.sd if seeds else None,
            "seeds_p": seeds.p_value if seeds else None,
            "seeds_note": seeds.note if seeds else None,
        }

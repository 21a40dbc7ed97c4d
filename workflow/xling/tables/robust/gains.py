# SPDX-License-Identifier: Apache-2.0
"""What each system gains over the baseline, with intervals over items and spread over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import fmean, stdev

from xling.comparison.results import Comparison, GainResult, SumGain
from xling.tables.robust.about import robust_caption
from xling.tables.robust.planned import GAINS, PAPER, main_systems
from xling.tables.robust.results import Results
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet
from xling.tables.xmixup.about import encoder_words
from xling.tasks import SOURCE_LANGUAGE, TASKS

_SHOWN = {
    "diagonal_targets": "standard, targets",
    "off_diagonal": "two languages",
    "off_diagonal_targets": "two, targets",
    "excess": "two less standard",
}
_HEADS = (
    ("standard, targets", f"standard setting, mean of the languages without {SOURCE_LANGUAGE}"),
    ("two languages", "the generalised setting without its diagonal"),
    ("two, targets", f"the same, neither sentence in {SOURCE_LANGUAGE}"),
    ("two less standard", "'two languages' less the gain in the standard setting"),
)
_ROWS = {False: "", True: ", without NS rows"}


def build(results: Results) -> Sheet:
    """Return the table: systems by task, sums beside each other."""
    comparison = results.comparison
    gains = comparison.gains if comparison else []
    sections = [
        Section(encoder_words(results.plan, model), (*_SHOWN.values(), "seeds"), rows)
        for model in results.models
        if (rows := tuple(_row(results, gain) for gain in gains if _is_main(results, gain, model)))
    ]
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{GAINS}",
        caption=robust_caption(
            results,
            results.tables,
            "Robust training: gain over zero-shot, in points",
            (
                *_HEADS,
                ("In brackets", interval_words(comparison)),
                (
                    "Over seeds",
                    "mean ± sample standard deviation of the gain in 'standard, targets' is in "
                    "'seeds'; all sums by seed, p values and Holm's correction: CSV file",
                ),
            ),
        ),
        labels=("task", "system"),
        sections=tuple(sections),
        facts=tuple(fact for gain in gains for fact in _facts(results, gain)),
    )


def interval_words(comparison: Comparison | None) -> str:
    """Say what an interval is over."""
    if comparison is None:
        return "nothing has been compared yet"
    return (
        f"{100 * comparison.level:g} % percentile interval of the paired bootstrap over test "
        f"items, {comparison.resamples:,} resamples, an item drawn in all pairs of languages at "
        "once, each item averaged over the seeds that both systems have"
    )


def _is_main(results: Results, gain: GainResult, model: str) -> bool:
    return gain.model == model and bool(main_systems(results.plan, [gain.first]))


def _row(results: Results, gain: GainResult) -> Row:
    title = results.title(gain.first) + _ROWS[gain.without_ns]
    seeds = gain.sums.get("diagonal_targets") or next(iter(gain.sums.values()))
    return Row(
        (TASKS[gain.task].title, title),
        (*(bracketed(gain.sums.get(name)) for name in _SHOWN), _spread(seeds)),
    )


def bracketed(one: SumGain | None) -> Entry:
    """Return a difference with its interval."""
    if one is None:
        return NOTHING
    found = one.tested
    return Entry(f"{found.difference:+.1f} [{found.low:+.1f}, {found.high:+.1f}]")


def _spread(one: SumGain) -> Entry:
    values = list(one.seeds.values())
    sd = f"{stdev(values):.1f}" if len(values) > 1 else ""
    return Entry(f"{fmean(values):+.1f}", sd)


def _facts(results: Results, gain: GainResult) -> Iterator[Mapping[str, Fact]]:
    for name, one in gain.sums.items():
        values = list(one.seeds.values())
        yield {
            "task": gain.task,
            "system": results.title(gain.first),
            "method": gain.first,
            "baseline": gain.second,
            "model": gain.model,
            "without_ns": "yes" if gain.without_ns else "no",
            "sum": name,
            "baseline_value": one.tested.second,
            "value": one.tested.first,
            "gain": one.tested.difference,
            "low": one.tested.low,
            "high": one.tested.high,
            "p_bootstrap": one.tested.p_bootstrap,
            "p_randomisation": one.tested.p_randomisation,
            "p_holm": one.tested.p_holm,
            "items": one.tested.items,
            "seeds": " ".join(map(str, one.seeds)),
            "by_seed": " ".join(f"{value!r}" for value in values),
            "sd_over_seeds": stdev(values) if len(values) > 1 else None,
        }

# SPDX-License-Identifier: Apache-2.0
"""The three claims of the paper's abstracts, each with what was measured here, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import stdev

from xling.analysis.language_distances import KINDS
from xling.comparison.results import DistanceGain, GainResult, SumGain
from xling.plan import Plan
from xling.tables.robust.about import robust_caption
from xling.tables.robust.gains import interval_words
from xling.tables.robust.planned import CLAIMS, PAPER, main_systems
from xling.tables.robust.results import Results
from xling.tables.sheet import Entry, Fact, Row, Section, Sheet
from xling.tables.xmixup.about import encoder_words
from xling.tasks import TASKS

HELPS = "helps zero-shot transfer"
MORE = "helps more in the generalised setting"
FARTHER = "helps more the farther a language is"
CLAIMS_MADE = (HELPS, MORE, FARTHER)


_MEASURES = {
    "diagonal": "gain",
    "diagonal_targets": "gain, targets",
    "excess": "gain, two less one",
}


@dataclass(frozen=True)
class Answer:
    """What was measured of a claim.

    Attributes:
        measure: what ``value`` is.
        value: points, or Spearman's coefficient; None with a ``note``.
        low: of the interval over items.
        high: of the same.
        seeds: by seed, those that have a value.
        note: why there is no number, or empty.
    """

    claim: str
    gain: GainResult
    measure: str
    value: float | None
    low: float | None
    high: float | None
    seeds: tuple[float, ...]
    note: str

    @property
    def verdict(self) -> str:
        """Say whether the interval lies above 0, below 0, or holds it."""
        if self.value is None or self.low is None or self.high is None:
            return "no answer"
        if self.low > 0:
            return "yes"
        return "the opposite" if self.high < 0 else "not shown"


def answers(gains: Sequence[GainResult]) -> list[Answer]:
    """Return the answers by claim; those of the same rows and systems in the order of ``gains``."""
    found: dict[str, list[Answer]] = {claim: [] for claim in CLAIMS_MADE}
    for gain in gains:
        helps = "diagonal_targets" if "diagonal_targets" in gain.sums else "diagonal"
        found[HELPS].append(_of_sum(HELPS, gain, helps))
        found[MORE].append(_of_sum(MORE, gain, "excess"))
        found[FARTHER] += [_of_distance(gain, one) for one in gain.by_distance]
    return [answer for own in found.values() for answer in own]


def _of_sum(claim: str, gain: GainResult, name: str) -> Answer:
    one: SumGain | None = gain.sums.get(name)
    if one is None:
        note = "not tested in the generalised setting"
        return Answer(claim, gain, name, None, None, None, (), note)
    tested, seeds = one.tested, tuple(one.seeds.values())
    return Answer(claim, gain, name, tested.difference, tested.low, tested.high, seeds, "")


def _of_distance(gain: GainResult, one: DistanceGain) -> Answer:
    seeds = tuple(value for value in one.seeds.values() if value is not None)
    measure = f"rho, {one.kind}"
    return Answer(FARTHER, gain, measure, one.rho, one.low, one.high, seeds, one.note)


def build(results: Results) -> Sheet:
    """Return the table: a line per claim, task and system."""
    gains = results.comparison.gains if results.comparison else []
    found = answers([g for g in gains if _is_shown(results.plan, g.first)])
    shown = [one for one in found if not one.gain.without_ns]
    columns = ("measure", "measured", "low", "high", "over seeds", "claim holds")
    kinds = dict.fromkeys(one.kind for gain in gains for one in gain.by_distance)
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{CLAIMS}",
        caption=robust_caption(
            results,
            results.tables,
            "Robust training: the claims of the abstracts",
            (
                (
                    "Measures",
                    "gain over zero-shot in points: of the target languages in the standard "
                    "setting; with sentences in two languages less with both in one",
                ),
                (
                    "More updates alone",
                    "RS-DA trains for more updates than zero-shot; what these gain without it is "
                    "in table-gains",
                ),
                *((f"rho, {kind}", f"Spearman over targets; {KINDS[kind]}") for kind in kinds),
                ("low, high", interval_words(results.comparison)),
                ("over seeds", "sample standard deviation of the same number by seed"),
                (
                    "claim holds",
                    "yes: the interval lies above 0; the opposite: below; not shown: it holds 0; "
                    "nothing is corrected for the number of lines (Holm: table-gains)",
                ),
            ),
            notes=_few(shown),
        ),
        labels=("claim", "task", "system"),
        sections=tuple(
            Section(encoder_words(results.plan, model), columns, rows)
            for model in results.models
            if (rows := tuple(_row(results, one) for one in shown if one.gain.model == model))
        ),
        facts=tuple(_facts(results, answers(gains))),
    )


def _is_shown(plan: Plan, name: str) -> bool:
    """Return whether a system is a method of robust training, no variant and no other baseline."""
    method = plan.method(name)
    robust = bool(method.perturbs) or method.augments or method.smoothed
    return robust and bool(main_systems(plan, [name]))


def _few(shown: Sequence[Answer]) -> list[str]:
    """Say over how few languages a correlation is."""
    counts = {len(one.gain.languages) - 1 for one in shown if one.claim == FARTHER}
    if not counts or min(counts) >= 10:
        return []
    return [
        f"Correlations are over as few as {min(counts)} target languages, and speak of these "
        "languages only: the interval is over items."
    ]


def _row(results: Results, one: Answer) -> Row:
    form = ".2f" if one.claim == FARTHER else "+.1f"
    numbers = [Entry("–" if n is None else format(n, form)) for n in (one.value, one.low, one.high)]
    sd = format(stdev(one.seeds), form.removeprefix("+")) if len(one.seeds) > 1 else "–"
    return Row(
        (one.claim, TASKS[one.gain.task].title, results.title(one.gain.first)),
        (
            Entry(_MEASURES.get(one.measure, one.measure)),
            replace(numbers[0], dagger=_collapsed(results, one.gain)),
            *numbers[1:],
            Entry(sd),
            Entry(one.note or one.verdict),
        ),
    )


def _collapsed(results: Results, gain: GainResult) -> bool:
    """Return whether a run of either system is no better than chance: its gain says little."""
    return any(
        system.collapsed and system.method in (gain.first, gain.second)
        for table in results.tables
        for system in table.systems
        if (table.task.name, system.model) == (gain.task, gain.model)
    )


def _facts(results: Results, found: Sequence[Answer]) -> Iterator[Mapping[str, Fact]]:
    for one in found:
        yield {
            "claim": one.claim,
            "task": one.gain.task,
            "system": results.title(one.gain.first),
            "method": one.gain.first,
            "baseline": one.gain.second,
            "model": one.gain.model,
            "without_ns": "yes" if one.gain.without_ns else "no",
            "measure": one.measure,
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "by_seed": " ".join(f"{value!r}" for value in one.seeds),
            "verdict": one.verdict,
            "note": one.note,
        }

# SPDX-License-Identifier: Apache-2.0
"""The claims of the abstract, and what was measured here.

The abstract says that low-resource languages gain 0.8 to 2.2 BLEU without hurting high-resource
ones, and that the method is robust to over-parameterisation and large batches.  Which baseline and
which benchmark belong to which number could not be read, so no answer is a verdict on the paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xling.comparison.results import Tested
from xling.mt.plan import PAPER
from xling.mt.scoring.averages import AVERAGES
from xling.mt.scoring.contrasts import batch_series
from xling.mt.scoring.results import ContrastResult
from xling.reported import reported
from xling.tables.cats.about import sheet_caption, task_title
from xling.tables.cats.differences import (
    HOLM,
    INTERVAL,
    P,
    compared,
    in_order,
    interval,
    words_of_tests,
)
from xling.tables.cats.planned import CLAIMS
from xling.tables.cats.results import Results
from xling.tables.sheet import Entry, Fact, Row, Section, Sheet

_LOW, _HIGH = AVERAGES["low"], AVERAGES["high"]
GAIN = "low-resource languages gain"
HARMLESS = "high-resource languages are not hurt"
SIZE = "robust to over-parameterisation"
BATCH = "robust to large batches"


@dataclass(frozen=True)
class Answer:
    """One measurement that a claim is about."""

    claim: str
    task: str
    model: str
    measured: str
    test: Tested
    answer: str


def build(results: Results) -> Sheet:
    """Return the table: a row per claim and place where it was measured."""
    pairs = [one for one, _ in _measured(results)]
    answers = [answer for _, found in _measured(results) for answer in found]
    claims = (GAIN, HARMLESS, SIZE, BATCH)
    sections = []
    for claim in claims:
        rows = tuple(_row(one) for one in answers if one.claim == claim)
        nothing = Row(("not measured in this study", "–", "–"), (Entry("–"),) * len(_HEADS))
        sections.append(Section(claim + _published(claim), _HEADS, rows or (nothing,)))
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{CLAIMS}",
        caption=sheet_caption(
            results,
            compared(results, pairs),
            "What the abstract claims, and what was measured here",
            (
                (
                    "Answers",
                    "by the 95 % interval of the difference: on one side of 0, or not told apart "
                    "from 0, which shows neither a gain nor that nothing is lost; not corrected "
                    "for the number of comparisons, as Holm p is",
                ),
                (
                    "Robust",
                    "the change of CATS from its smallest to a larger model or batch; beside it "
                    "that of T = 5",
                ),
                *words_of_tests(results, [one.task for one in pairs], [INTERVAL, P, HOLM]),
            ),
        ),
        labels=("measured", "benchmark", "model"),
        sections=tuple(sections),
        facts=tuple(_facts(answers)),
    )


_HEADS = ("difference", INTERVAL, P, HOLM, "answer")


def _published(claim: str) -> str:
    """Return the abstract's numbers; it has some for the first claim alone."""
    if claim != GAIN:
        return ""
    gains = sorted(row.value for row in reported(PAPER) if row.kind == "paper")
    return f" (abstract: {gains[0]:+.1f} to {gains[-1]:+.1f} BLEU, baseline not named)"


def _measured(results: Results) -> Iterator[tuple[ContrastResult, list[Answer]]]:
    plain = _plain(results)
    for task in results.plan.tasks:
        for one in in_order(results, "baseline", task):
            if one.first in plain:
                yield one, _against_baseline(results, one)
        for kind, claim in (("model", SIZE), ("batch", BATCH)):
            for one in in_order(results, kind, task):
                if results.plan.origin(one.first) in ("cats", "temperature_5"):
                    yield one, _change(results, one, claim)


def _plain(results: Results) -> set[str]:
    """Return CATS and its variants that differ in the size of their batches alone."""
    series = ({run.method for run in runs} for runs in batch_series(results.plan))
    return {"cats"}.union(*(names for names in series if "cats" in names))


def _against_baseline(results: Results, one: ContrastResult) -> list[Answer]:
    first, second = results.plan.title(one.first), results.plan.title(one.second)
    words = {
        _LOW: (GAIN, ("gain", "loss", "not told apart from 0")),
        _HIGH: (HARMLESS, ("gain", "hurt", "no harm seen, none ruled out")),
    }
    return [
        Answer(
            claim,
            one.task,
            one.first_model,
            f"{first} less {second}: {name}",
            one.averages[name],
            answer_of(one.averages[name], *said),
        )
        for name, (claim, said) in words.items()
        if name in one.averages
    ]


def _change(results: Results, one: ContrastResult, claim: str) -> list[Answer]:
    title = results.plan.title(one.first)
    where = f"with {one.first_model} less with {one.second_model}"
    if claim == BATCH:
        where = f"less {results.plan.title(one.second)}"
    words = ("gains with size", "loses with size", "no change seen, none ruled out")
    return [
        Answer(
            claim,
            one.task,
            one.first_model,
            f"{title} {where}: {name}",
            one.averages[name],
            answer_of(one.averages[name], *words),
        )
        for name in (_LOW, _HIGH)
        if name in one.averages
    ]


def answer_of(test: Tested, above: str, below: str, neither: str) -> str:
    """Return the answer that an interval gives."""
    if test.low > 0:
        return above
    return below if test.high < 0 else neither


def _row(one: Answer) -> Row:
    test = one.test
    return Row(
        (one.measured, task_title(one.task), one.model),
        (
            Entry(f"{test.difference:+.1f}"),
            Entry(interval(test)),
            Entry(f"{test.p_randomisation:.4f}"),
            Entry(f"{test.p_holm:.4f}"),
            Entry(one.answer),
        ),
    )


def _facts(answers: list[Answer]) -> Iterator[Mapping[str, Fact]]:
    for one in answers:
        yield {
            "claim": one.claim,
            "task": one.task,
            "model": one.model,
            "measured": one.measured,
            "difference": one.test.difference,
            "low": one.test.low,
            "high": one.test.high,
            "p_randomisation": one.test.p_randomisation,
            "p_holm": one.test.p_holm,
            "answer": one.answer,
        }

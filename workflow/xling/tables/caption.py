# SPDX-License-Identifier: Apache-2.0
"""What stands under a table: enough to know what its numbers are, and what they are not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xling.config.study import ScratchEncoder
from xling.plan import Plan
from xling.record_run import UNTRAINED
from xling.score import MEAN, headline
from xling.tables.table import AVG, AVG_TARGETS, System, Table
from xling.tasks import SOURCE_LANGUAGE, TASKS

POLICIES = {
    UNTRAINED: "none: nothing is trained",
    "last": "last (the weights after the last update)",
    "best_source_dev": "best_source_dev (best on the source-language dev set)",
    "best_target_dev": "best_target_dev (best on the target-language dev sets: an oracle)",
}

#: How a test item is read, by setting of its scores.
SETTINGS = {
    "translate_test": "each test item is read with its translation to English",
    "translate_test_mean": "each test item is read with its translation to English; mean of the "
    "logits of both",
    "gold": "each test item is read with the gold English item, an oracle",
    "gold_mean": "each test item is read with the gold English item, an oracle; mean of the logits "
    "of both",
}


@dataclass(frozen=True)
class Caption:
    """Text of a table.

    Attributes:
        made: name and value of what the numbers rest on, in the order in which they are read.
        notes: what is wrong with a row.
    """

    title: str
    made: tuple[tuple[str, str], ...]
    verdict: str
    notes: tuple[str, ...]

    @property
    def sentences(self) -> str:
        """How the numbers were made, as running text."""
        return " ".join(f"{name}: {value}." for name, value in self.made)


def caption(table: Table) -> Caption:
    """Say what a table shows, from the study and from the records it is made of."""
    study = table.plan.study
    uses = study.tasks[table.task.name]
    lender = TASKS[table.task.trains_as]
    trained = []
    if table.task.trained:
        rows = "" if lender is table.task else f" of {lender.title}"
        trained = [("Training", f"on the {study.tasks[lender.name].train_split} split{rows}")]
    if uses.test_split != "test":
        trained.append(("Scored", f"on the {uses.test_split} split"))
    means = f"mean over all {len(table.languages)} languages"
    if SOURCE_LANGUAGE in table.languages:
        means += (
            f", {SOURCE_LANGUAGE} included, as in XTREME; {AVG_TARGETS}: without {SOURCE_LANGUAGE}"
        )
    return Caption(
        title=f"{table.task.title}: {table.task.metric_title}, 0 to 100",
        made=(
            ("Cells", seeds_of(table.systems)),
            ("Metric", table.signature or "nothing has been scored yet"),
            ("Study", f"{study.name} ({study.description}), paper {table.paper}"),
            *trained,
            ("Selection of weights", _selection(table)),
            ("Data", _origins(table)),
            (AVG, means),
        ),
        verdict=verdict(table.plan, [table.task.name], sorted({s.model for s in table.systems})),
        notes=_together(note for system in table.systems for note in system_notes(system, table)),
    )


def _together(notes: Iterable[str]) -> tuple[str, ...]:
    """Say once what is said of several rows; a note is "row: what to know of it"."""
    rows: dict[str, list[str]] = {}
    for note in notes:
        row, _, text = note.partition(": ")
        rows.setdefault(text, []).append(row)
    return tuple(f"{'; '.join(names)}: {text}" for text, names in rows.items())


def verdict(plan: Plan, tasks: Iterable[str], models: Iterable[str]) -> str:
    """Say whether the numbers may be held against the paper's, and if not, why."""
    study = plan.study
    if study.comparable:
        return "comparable with the paper; the paper's own values are not part of this table"
    reasons = []
    if study.data.artificial is not None:
        reasons.append("artificial languages")
    if any(isinstance(study.encoders[name], ScratchEncoder) for name in models):
        reasons.append("a small encoder trained on the study's own text")
    for task in tasks:
        title, uses = TASKS[task].title, study.tasks[task]
        if uses.train_split != "train":
            reasons.append(f"{title} trained on its {uses.train_split} split")
        if uses.test_split != "test":
            reasons.append(f"{title} scored on its {uses.test_split} split")
        if study.data.artificial is None and len(uses.languages) < len(TASKS[task].languages):
            published = len(TASKS[task].languages)
            reasons.append(f"{len(uses.languages)} of the {published} languages of {title}")
    return f"not comparable with the paper: {', '.join(reasons) or 'the study says so'}"


def system_notes(system: System, table: Table) -> list[str]:
    """Say what to know of a row: how it was tested, collapsed runs, what is missing."""
    name = f"{system.title}, {system.model}"
    shown = sorted({s.setting for r in system.records for s in headline(r.scores)})
    notes = [f"{name}: {SETTINGS[setting]}." for setting in shown if setting in SETTINGS]
    notes += [note for setting in shown for note in lost_english(system, setting)]
    return notes + run_notes(system, table.languages)


def lost_english(system: System, setting: str) -> list[str]:
    """Say how many test items were read without an English side in a setting that has one."""
    # It is the same for all seeds.
    lost = [r.own_source.get(setting.removesuffix(MEAN), {}) for r in system.records][:1]
    return [
        f"{system.title}, {system.model}: read with itself for want of English: "
        + ", ".join(f"{n} items in {code}" for code, n in counts.items())
        + "."
        for counts in lost
        if counts
    ]


def run_notes(system: System, languages: Sequence[str]) -> list[str]:
    """Say which runs of a row collapsed or are missing, and which languages they lack."""
    name, notes = f"{system.title}, {system.model}", []
    if system.collapsed:
        which = _numbers("seed", system.collapsed)
        verb = "are" if len(system.collapsed) > 1 else "is"
        notes.append(
            f"† {name}: {which} collapsed (no better than chance) and {verb} part of the means."
        )
    if system.missing:
        notes.append(f"{name}: not run: {_numbers('seed', system.missing)}.")
    lacking = [
        code
        for code in languages
        if code not in system.cells or len(system.cells[code].values) < len(system.records)
    ]
    if system.records and lacking:
        notes.append(f"{name}: not scored with every seed on {', '.join(lacking)}, so no {AVG}.")
    return notes


def _numbers(name: str, values: Sequence[int]) -> str:
    plural = "s" if len(values) > 1 else ""
    return f"{name}{plural} {', '.join(map(str, values))}"


def seeds_of(systems: Sequence[System]) -> str:
    """Say over which seeds the means of some rows are."""
    seeds = {system.seeds for system in systems}
    if max(map(len, seeds), default=0) < 2:
        return "one seed per system, so no standard deviation"
    if len(seeds) > 1:
        return "mean ± sample standard deviation over the seeds of each row"
    (same,) = seeds
    return f"mean ± sample standard deviation over {len(same)} seeds ({', '.join(map(str, same))})"


def _selection(table: Table) -> str:
    """Name the selection policy, per method if the methods differ."""
    policies: dict[str, list[str]] = {}
    for system in table.systems:
        for record in system.records:
            policy = record.selection["policy"]
            policies.setdefault(policy, []).append(f"{system.title}, {system.model}")
    if not policies:
        return "nothing has been run yet"
    if len(policies) == 1:
        return POLICIES[next(iter(policies))]
    return "; ".join(
        f"{POLICIES[name]} for {' and '.join(dict.fromkeys(policies[name]))}"
        for name in sorted(policies)
    )


def _origins(table: Table) -> str:
    """Say where rows and translations come from; splits of one origin are named together."""
    splits: dict[str, set[str]] = {}
    for system in table.systems:
        for record in system.records:
            for split, use in record.data.items():
                splits.setdefault(use.origin, set()).add(split)
    named = sorted((", ".join(sorted(splits[origin])), origin) for origin in splits)
    return "; ".join(f"{names}: {origin}" for names, origin in named) or "none yet"

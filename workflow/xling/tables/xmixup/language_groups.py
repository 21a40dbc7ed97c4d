# SPDX-License-Identifier: Apache-2.0
"""Table 1: mean scores of groups of target languages, by family, pre-training text, or dials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xling.analysis.language_groups import (
    Corpus,
    Dial,
    Groups,
    LanguageFacts,
    by_dial,
    by_family,
    by_size,
    read_languages,
)
from xling.analysis.rows import GroupRow, group_rows
from xling.config.loader import config_file
from xling.config.study import ArtificialLanguage
from xling.reported import model_family
from xling.tables.sheet import NOTHING, Fact, Row, Section, Sheet, number
from xling.tables.table import System, Table
from xling.tables.xmixup.about import UNREAD, encoder_words, metric_words, sheet_caption
from xling.tables.xmixup.planned import GROUPS, PAPER
from xling.tables.xmixup.scores import Results
from xling.tasks import SOURCE_LANGUAGE

# In GiB, ours: near the median of XTREME's target languages in config/languages.csv (28.7 in
# CC-100, 0.48 in Wikipedia), so that both groups are large; the paper's are not known.
THRESHOLDS: Mapping[Corpus, float] = {"cc100": 30.0, "wikipedia": 0.5}
_CORPORA: Mapping[Corpus, str] = {"cc100": "CC-100", "wikipedia": "Wikipedia"}
# Which text an encoder was trained on, by our name of it.
_TRAINED_ON: Mapping[str, Corpus] = {
    "mbert": "wikipedia",
    "xlmr-base": "cc100",
    "xlmr-large": "cc100",
}


@dataclass(frozen=True)
class Grouping:
    """One way to group languages.

    Attributes:
        title: what they are grouped by.
        prefix: stands before the names of its groups.
        groups: group of each language, or None.
        models: encoders that it is for.
    """

    title: str
    prefix: str
    groups: Groups
    models: tuple[str, ...]

    @property
    def heads(self) -> tuple[str, ...]:
        """The groups as columns."""
        names = sorted({name for name in self.groups.values() if name is not None})
        return tuple(self.prefix + name for name in names)


def build(results: Results) -> Sheet:
    """Return the table: systems by task, groups beside each other."""
    tables = results.main
    groupings = groupings_of(results)
    rows = [row for table in tables for one in groupings for row in _group_rows(table, one)]
    heads = tuple(dict.fromkeys(head for one in groupings for head in one.heads))
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{GROUPS}",
        caption=sheet_caption(
            results.plan,
            tables,
            "Table 1 of X-Mixup: scores by group of languages, 0 to 100",
            (
                ("Cells", "mean over the target languages of a group, without en"),
                ("Metric", metric_words(tables)),
                ("Groups", "their limits are ours; the paper's are not known"),
                ("The paper's cells", f"none: {UNREAD}"),
            ),
            said=f"not held against the paper: {UNREAD}",
            notes=_notes(results, rows, heads),
        ),
        labels=("task", "system"),
        sections=tuple(
            section
            for model in results.models
            if (section := _section(results, model, rows, groupings)).rows
        ),
        facts=tuple(_fact(row, head) for head, row in rows),
    )


def groupings_of(results: Results) -> list[Grouping]:
    """Return the groupings of a study's languages that tell some of them apart."""
    models = tuple(results.models)
    artificial = results.plan.study.data.artificial
    if artificial is not None:
        found = _dials(artificial.languages, models)
    else:
        codes = {code for table in results.main for code in table.languages} - {SOURCE_LANGUAGE}
        facts = read_languages(config_file("languages.csv"))
        found = [
            Grouping("family", "", by_family(sorted(codes), facts), models),
            *_sizes(results, sorted(codes), facts),
        ]
    return found


def _dials(languages: Mapping[str, ArtificialLanguage], models: tuple[str, ...]) -> list[Grouping]:
    """Group artificial languages by their dials; one that all have alike says nothing."""
    found = [Grouping("word order", "", by_dial(languages, "word_order"), models)]
    shares: tuple[Dial, ...] = ("cognates", "text_share")
    for dial in shares:
        values = [getattr(one, dial) for one in languages.values()]
        # Ours: half way between the extremes, so that no group is empty.
        middle = (min(values) + max(values)) / 2
        found.append(Grouping(dial, "", by_dial(languages, dial, middle), models))
    return [one for one in found if len(one.heads) > 1]


def _sizes(
    results: Results, codes: Sequence[str], facts: Mapping[str, LanguageFacts]
) -> Iterator[Grouping]:
    for corpus, threshold in THRESHOLDS.items():
        models = tuple(m for m in results.models if _corpus(results, m) == corpus)
        if models:
            groups = by_size(codes, facts, corpus, threshold)
            title = f"text in {_CORPORA[corpus]}"
            yield Grouping(title, f"{_CORPORA[corpus]} ", groups, models)


def _corpus(results: Results, model: str) -> Corpus | None:
    return _TRAINED_ON.get(model_family(results.plan.study.encoders[model]) or "")


def _group_rows(table: Table, grouping: Grouping) -> Iterator[tuple[str, GroupRow]]:
    """Yield the rows of a task with the columns that they stand in."""
    for row in group_rows(table, grouping.title, grouping.groups):
        if row.model in grouping.models:
            yield (grouping.prefix + row.group if row.group else ""), row


def _section(
    results: Results,
    model: str,
    rows: Sequence[tuple[str, GroupRow]],
    groupings: Sequence[Grouping],
) -> Section:
    """Return the rows of one encoder, in the groups that it has."""
    heads = tuple(head for one in groupings if model in one.models for head in one.heads)
    printed = []
    for table in results.main:
        for system in table.systems:
            if system.model == model:
                own = {head: row for head, row in rows if _is_of(row, table, system)}
                dagger = bool(system.collapsed)
                entries = (
                    number(own[head].cell, dagger=dagger) if head in own else NOTHING
                    for head in heads
                )
                printed.append(Row((table.task.title, system.title), tuple(entries)))
    return Section(encoder_words(results.plan, model), heads, tuple(printed))


def _is_of(row: GroupRow, table: Table, system: System) -> bool:
    key = (table.task.name, system.method, system.model)
    return (row.task, row.method, row.model) == key


def _notes(
    results: Results, rows: Sequence[tuple[str, GroupRow]], heads: Sequence[str]
) -> list[str]:
    """Say which languages are in a group, which in none, and what has no size."""
    members: dict[str, set[str]] = {head: set() for head in heads}
    for head, row in rows:
        if head:  # a system that lacks scores has a row without a group
            members[head].update(row.languages)
    groups = (f"{head}: {' '.join(sorted(codes)) or 'none'}" for head, codes in members.items())
    notes = [f"Languages: {'; '.join(groups)}."]
    for title in dict.fromkeys(row.grouping for _, row in rows):
        none = {code for _, row in rows if row.grouping == title for code in row.ungrouped}
        if none:
            codes = " ".join(sorted(none))
            notes.append(f"In no group by {title}, because it is not known: {codes}.")
    if results.plan.study.data.artificial is None:
        notes += [
            f"{model}: how much text of each language it was trained on is not known."
            for model in results.models
            if _corpus(results, model) is None
        ]
    return notes


def _fact(row: GroupRow, head: str) -> Mapping[str, Fact]:
    return {
        "task": row.task,
        "method": row.method,
        "model": row.model,
        "grouping": row.grouping,
        "group": head,
        "mean": row.cell.mean if row.cell else None,
        "sd": row.cell.sd if row.cell else None,
        "seeds": len(row.cell.values) if row.cell else 0,
        "languages": " ".join(row.languages),
        "in_no_group": " ".join(row.ungrouped),
        "note": row.note,
    }

# SPDX-License-Identifier: Apache-2.0
"""CKA with the source in the last layer: what X-Mixup does to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet, number
from xling.tables.table import Table
from xling.tables.xmixup.about import UNREAD, encoder_words, item_words, sheet_caption
from xling.tables.xmixup.planned import CKA, MAIN, PAPER, variants
from xling.tables.xmixup.scores import (
    WAYS,
    LastLayer,
    Results,
    analysed_only,
    last_layers,
)


def build(results: Results) -> Sheet:
    """Return the table: systems by task, ways of reading beside each other."""
    tables = analysed_only(results, results.of((*MAIN, *variants(results.plan))))
    found = [(table, list(last_layers(results, table, gold=True))) for table in tables]
    ways = [way for way in WAYS if any(one.way == way for _, layers in found for one in layers)]
    columns = (*(WAYS[way] for way in ways), "seeds")
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{CKA}",
        caption=sheet_caption(
            results.plan,
            tables,
            "CKA with en in the last layer, 0 to 1",
            (
                ("Cells", "mean over target languages of linear CKA with en"),
                ("Items", item_words(tables)),
                (
                    "Columns",
                    "read alone: as any encoder reads a sentence; with translation: as X-Mixup is "
                    "tested, so English is mixed into what is compared with English; with gold "
                    "English: the very sentence that it is compared with",
                ),
                ("The paper's cells", "none: we know of no such table in it"),
            ),
            said=f"not held against the paper: {UNREAD}",
            runs_only=True,
        ),
        labels=("task", "system"),
        sections=tuple(
            Section(encoder_words(results.plan, model), columns, rows)
            for model in results.models
            if (rows := tuple(r for t, own in found for r in _rows(t, own, model, ways)))
        ),
        facts=tuple(_fact(table, one) for table, layers in found for one in layers),
    )


def _rows(
    table: Table, layers: Sequence[LastLayer], model: str, ways: Sequence[str]
) -> Iterator[Row]:
    for system in table.systems:
        own = {one.way: one for one in layers if one.system is system and system.model == model}
        if own:
            dagger = bool(system.collapsed)
            entries = (
                number(own[way].mean, ".3f", dagger=dagger) if way in own else NOTHING
                for way in ways
            )
            seeds = Entry(str(len(next(iter(own.values())).seeds)))
            yield Row((table.task.title, system.title), (*entries, seeds))


def _fact(table: Table, one: LastLayer) -> Mapping[str, Fact]:
    return {
        "task": table.task.name,
        "system": one.system.title,
        "method": one.system.method,
        "model": one.system.model,
        "way": one.way,
        "as_tested": "yes" if one.tested else "no",
        "layer": one.layer,
        "mean": one.mean.mean,
        "sd": one.mean.sd,
        "seeds": " ".join(map(str, one.seeds)),
        "languages": " ".join(one.values),
    }

# SPDX-License-Identifier: Apache-2.0
"""The stage ``translate_shard``: one job's part of a list of sentences, into the store."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xling.config.study import Artificial
from xling.data.manifest import sha256_of
from xling.errors import UsageError
from xling.files import write_text
from xling.machine import hardware
from xling.translate.engine import Translation
from xling.translate.engines import open_engine, provenance
from xling.translate.guarded import GuardedEngine
from xling.translate.lists import Direction, directions_of, read_lists
from xling.translate.settings import ArtificialEngine, Machine, ModelEngine
from xling.translate.stages.stopping import stoppable
from xling.translate.store import Store

log = logging.getLogger(__name__)

#: Stands for all directions that have no engine of their own.
OTHERS = "*"


def translate_shard(
    *,
    settings: Mapping[str, ModelEngine | ArtificialEngine],
    machine: Machine,
    lists: Sequence[Path],
    number: int,
    count: int,
    store: Path,
    output: Path,
    artificial: Artificial | None = None,
) -> dict[str, Any]:
    """Translate those sentences of a shard that the store has not; note what became of all.

    Args:
        settings: of the engine of each direction (``en-de``), or of all others (``*``); ``model``
            is the folder on this machine.
        machine: what an engine may use.
        lists: of sentences (:mod:`xling.translate.lists`); one in two of them counts once.
        number: of the shard, from 0.
        count: of shards.
        store: folder that all jobs and studies share.
        output: JSON to write.
        artificial: the study's ``data.artificial``, for an engine of kind ``artificial``.

    Returns:
        The note: ``engines`` of all directions in the lists, whatever the shard (the ``key`` of one
        finds its translations in the store), ``lists`` (checksums), ``shard``, ``shards``,
        ``directions``, ``new`` sentences in all, ``timing``, ``machine``, ``hardware``.  Of each
        direction: ``sentences``, ``new`` ones, ``flags`` (sentences by flag) and ``empty``
        translations of sentences that are not.

    Raises:
        DataError: a list, the store or a model is damaged.
        UsageError: there is no such shard, no engine for a direction, or it does not know it.
        Interrupted: a signal came; what is translated is kept.
        SetupError: a package or a device is missing.
    """
    wanted = read_lists(lists, number, count)
    engines = _engines(settings, directions_of(lists), machine, artificial)
    kept, directions = Store(store), {}
    started = time.monotonic()
    with stoppable():
        for direction, texts in wanted.items():
            engine = engines[direction]
            new = kept.add(engine, texts, *direction)
            found = kept.translate_all(engine, texts, *direction)
            directions["-".join(direction)] = {"new": new, **summary(texts, found)}
    seconds = time.monotonic() - started
    new = sum(one["new"] for one in directions.values())
    log.info("shard %d of %d: %d new sentences in %.0f s", number, count, new, seconds)
    note = {
        "engines": {"-".join(direction): provenance(one) for direction, one in engines.items()},
        "lists": [sha256_of(path) for path in lists],
        "shard": number,
        "shards": count,
        "directions": directions,
        "new": new,
        "timing": {
            "translate_seconds": round(seconds, 3),
            "translate_sentences_per_second": round(new / max(seconds, 1e-9), 1),
        },
        "machine": machine.model_dump(),
        "hardware": hardware(),
    }
    write_text(output, json.dumps(note, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return note


def _engines(
    settings: Mapping[str, ModelEngine | ArtificialEngine],
    directions: Sequence[Direction],
    machine: Machine,
    artificial: Artificial | None,
) -> dict[Direction, GuardedEngine]:
    """Return the engine of each direction; equal settings share one."""
    opened: dict[ModelEngine | ArtificialEngine, GuardedEngine] = {}
    found = {}
    for direction in directions:
        name = "-".join(direction)
        own = settings.get(name, settings.get(OTHERS))
        if own is None:
            raise UsageError(
                f"no engine translates {name}",
                where="engine",
                allowed=", ".join(sorted(settings)),
                fix=f"name an engine for {name}, or one for all others ({OTHERS})",
            )
        if own not in opened:
            opened[own] = open_engine(own, machine, artificial)
        found[direction] = opened[own]
    return found


def summary(texts: Sequence[str], found: Sequence[Translation]) -> dict[str, Any]:
    """Return the number of texts, those by flag, and empty translations of texts that are not."""
    flags = Counter(flag for one in found for flag in one.flags)
    empty = sum(
        not one.text.strip() and bool(text.strip()) for text, one in zip(texts, found, strict=True)
    )
    return {"sentences": len(texts), "flags": dict(sorted(flags.items())), "empty": empty}

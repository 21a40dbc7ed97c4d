# SPDX-License-Identifier: Apache-2.0
"""The stages that make translations of one task: list sentences, and build files of them.

Two rounds, so that the graph of jobs is fixed.  Round ``there`` translates prepared rows; what it
built is prepared like published translations.  Round ``back`` translates those rows back: for
back-translations, and for the round trip of the quality report.  Between list and build any number
of jobs fills the store.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xling.data.manifest import Manifest, RawFile, read_manifest
from xling.errors import DataError
from xling.files import write_text
from xling.tasks import SOURCE_LANGUAGE
from xling.translate.compare import row_texts
from xling.translate.lists import write_list
from xling.translate.products.ask import Ask
from xling.translate.products.build import build, wanted, write
from xling.translate.products.texts import distinct
from xling.translate.products.work import RETURNING, Work
from xling.translate.project.aligner import Aligner
from xling.translate.quality import text_quality
from xling.translate.store import Store
from xling.translate.stored import Engines, Stored, engine_words

#: What lies beside a list of raw files of our own translations.
NOTE = "products.json"


def list_sentences(work: Work, output: Path) -> dict[str, int]:
    """Write the sentences of a task that one round translates, each once per direction.

    Args:
        work: the task, the round, and what is to be made.
        output: Parquet file of :mod:`xling.translate.lists`.

    Returns:
        Sentences by direction, such as ``en-de``.

    Raises:
        UsageError: something cannot be made, or a prepared file was not given.
        DataError: a prepared file cannot be read or lacks a language.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for ask, rows in work.asks():
        found.setdefault((ask.source, ask.target), []).extend(wanted(ask, rows))
    for source, target, texts in _checks(work):
        found.setdefault((source, target), []).extend(texts)
    return write_list(output, found)


def build_products(
    work: Work,
    *,
    store: Store,
    engines: Engines,
    base: Path,
    output: Path,
    aligner: Aligner | None = None,
) -> list[dict[str, Any]]:
    """Write the files of one round, a list of raw files that names them, and what became of rows.

    Args:
        work: as the sentences were listed.
        store: with all of them.
        engines: provenance of the engine of each direction (``xling.translate.engines``).
        base: list of the task's raw files: of ``fetch``, and in the round ``back`` of the round
            ``there``.  Its files of the products' roles are not in the new list: nothing is mixed.
        output: ``manifest.json``; the files go beside it, and ``products.json`` too.
        aligner: needed if labels of any product are aligned.

    Returns:
        What ``products.json`` holds: for each file its role, language, direction, method and policy
        of labels, ``key`` and ``licence`` of the engine, counts (``rows``), and
        :func:`xling.translate.quality.text_quality` of what was translated (``text``).

    Raises:
        DataError: a sentence is not in the store, or a file is damaged.
        UsageError: an aligner is missing, or the engine of a direction.
    """
    stored = Stored(store, engines)
    files: list[RawFile] = []
    products: list[dict[str, Any]] = []
    english: Sequence[Any] | None = None
    for ask, rows in work.asks():
        if ask.role == "back_translation" and ask.family != "qa" and english is None:
            english = work.rows("train", SOURCE_LANGUAGE)
        found = stored.find(wanted(ask, rows), ask.source, ask.target)
        aligns = work.settings.aligns(ask.task, ask.role)
        text, counts = build(
            ask, rows, found, english=english or (), aligner=aligner if aligns else None
        )
        files.append(write(ask, text, output.parent))
        engine = stored.engine(ask.source, ask.target)
        about = _about(ask) | {name: engine[name] for name in ("key", "licence")}
        products.append(about | {"text": text_quality(found), "rows": counts.as_json()})
    used = sorted({f"{one['source']}-{one['target']}" for one in products})
    own = {direction: dict(engines[direction]) for direction in used}
    note = {"task": work.task, "round": work.round, "engines": own, "products": products}
    manifest = _manifest(work, base, output.parent, files, list(own.values()))
    write_text(output.with_name(NOTE), _json(note))
    write_text(output, manifest.dump())
    return products


def read_products(path: Path) -> dict[str, Any]:
    """Return what :func:`build_products` wrote: ``task``, ``round``, ``engines``, ``products``."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not {"task", "round", "engines", "products"} <= set(found):
            raise ValueError("keys are missing")
    except (OSError, ValueError) as error:
        raise DataError(
            "a note on translations of our own cannot be read",
            where=str(path),
            allowed="the JSON that is written beside their files",
            fix="delete the file and run snakemake again",
        ) from error
    return found


def _checks(work: Work) -> Iterator[tuple[str, str, list[str]]]:
    """Yield source, target and texts that the quality report alone reads."""
    if work.round == "there":
        for language in work.uses.get("translate_train", ()):
            rows, _ = work.human(language)
            yield SOURCE_LANGUAGE, language, _texts(rows, SOURCE_LANGUAGE)
        return
    for role in RETURNING:
        for language in work.uses.get(role, ()):
            ask = work.settings.ask(work.task, role, language)
            texts = _texts(work.returning(role, language), ask.target)
            yield ask.target, ask.source, texts


def _texts(rows: Sequence[Any], language: str) -> list[str]:
    return distinct(text for row in rows for text in row_texts(row, language))


def _about(ask: Ask) -> dict[str, Any]:
    projection = ask.projection
    return {
        "role": ask.role,
        "language": ask.language,
        "source": ask.source,
        "target": ask.target,
        "method": projection.method if projection else None,
        "failed": projection.failed if projection and not ask.testing else None,
        "untranslated": "source" if ask.keeps_source else "drop",
        "refused": sorted(ask.refused),
    }


def _manifest(
    work: Work, base: Path, folder: Path, files: list[RawFile], engines: list[dict[str, Any]]
) -> Manifest:
    """Return the base list without other translations of the round, and with the new files."""
    before = read_manifest(base)
    replaced = {"back_translation"}
    if work.round == "there":
        replaced |= {"translate_train", "translate_test"}
    else:
        engines = [*engines, *read_products(base.with_name(NOTE))["engines"].values()]
    kept = [_moved(one, base.parent, folder) for one in before.files if one.role not in replaced]
    different = {engine["key"]: engine for engine in engines}
    update = {
        "translations": engine_words(engines),
        "files": [*kept, *files],
        "engines": [different[key] for key in sorted(different)],
    }
    return before.model_copy(update=update)


def _moved(file: RawFile, before: Path, after: Path) -> RawFile:
    """Return the entry of a file as seen from another folder; a whole tree can still be moved."""
    if Path(file.path).is_absolute():
        return file
    return file.model_copy(update={"path": os.path.relpath(before / file.path, after)})


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

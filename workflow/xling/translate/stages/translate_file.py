# SPDX-License-Identifier: Apache-2.0
"""The stage ``translate_file``: a text file or a table, by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xling.config.study import Artificial
from xling.data.manifest import sha256_of
from xling.files import write_text
from xling.translate.engines import open_engine, provenance
from xling.translate.file import TextFile
from xling.translate.settings import ArtificialEngine, Machine, ModelEngine
from xling.translate.stages.stopping import stoppable
from xling.translate.stages.translate_shard import summary
from xling.translate.store import Store


def translate_file(
    *,
    settings: ModelEngine | ArtificialEngine,
    machine: Machine,
    file: Path,
    source: str,
    target: str,
    store: Path,
    output: Path,
    columns: list[str] | None = None,
    artificial: Artificial | None = None,
) -> dict[str, Any]:
    """Translate a file and write it whole, with a note ``<output>.json``.

    Args:
        settings: of the engine.
        machine: what the engine may use.
        file: UTF-8; text with a sentence or paragraph per line, or with ``columns`` a TSV whose
            first line names its columns.
        source, target: ISO 639-1 codes.
        store: folder where translations are looked up and kept.
        output: of the same form and as many lines.
        columns: to translate; the others are copied.
        artificial: a study's ``data.artificial``, for an engine of kind ``artificial``.

    Returns:
        The note: ``engine``, ``source``, ``target``, ``file`` (checksum), ``lines``, ``different``
        texts, ``new`` ones, ``sentences`` (all texts), of them ``flags`` and ``empty`` (see
        :func:`xling.translate.stages.translate_shard.translate_shard`).

    Raises:
        DataError: the file is not UTF-8, or a row has more or fewer cells than the first line.
        UsageError: there is no such column or language.
        Interrupted: a signal came; what is translated is kept.
        SetupError: a package or a device is missing.
    """
    given = TextFile.read(file, columns)
    texts = given.texts()
    engine, kept = open_engine(settings, machine, artificial), Store(store)
    with stoppable():
        new = kept.add(engine, texts, source, target)
        found = kept.translate_all(engine, texts, source, target)
    given.write(output, [one.text for one in found])
    note = {
        "engine": provenance(engine),
        "source": source,
        "target": target,
        "file": sha256_of(file),
        "lines": given.lines,
        "different": len(set(texts)),
        "new": new,
        **summary(texts, found),
    }
    text = json.dumps(note, indent=1, sort_keys=True, ensure_ascii=False)
    write_text(output.with_name(output.name + ".json"), text + "\n")
    return note

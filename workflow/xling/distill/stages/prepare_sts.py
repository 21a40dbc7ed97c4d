# SPDX-License-Identifier: Apache-2.0
"""The stage ``prepare_sts``: the language pairs of STS 2017 extended in one table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xling.distill.data.raw import Raw, in_words
from xling.distill.data.sts import StsSet, read_sts2017, write_sts
from xling.errors import UsageError, nearest
from xling.files import write_text


def prepare_sts(
    *, pairs: Sequence[str], rows: int | None, manifest: Path, output: Path, summary: Path
) -> dict[str, Any]:
    """Write the test rows of some language pairs, and a summary of them.

    Args:
        pairs: languages of both sentences, English first: ``en-de``; the order of the row groups.
        rows: scored rows that each raw file must have, asked-for pair or not; None: any number.
        manifest: written by ``fetch_distill``.
        output: Parquet file to write.
        summary: JSON file to write.

    Returns:
        The summary: that of :func:`xling.distill.data.sts.write_sts`, and what summaries of other
        prepared splits have (``xling.data.summary``).

    Raises:
        DataError: a raw file is missing, changed or damaged, or has another number of rows.
        UsageError: there is no such language pair.
    """
    raw = Raw(manifest)
    found = {one.name: one for one in read_sts2017(raw.folder(), expected=rows)}
    chosen = [_known(pair, found) for pair in pairs]
    about = {
        "task": "sts17",
        "split": "test",
        "scored": {one.name: len(one.pairs) for one in chosen},
        "labels": {},
        "quoted": {},
        "ns_rows": {},
        "notes": _notes(chosen),
        "origin": raw.about.origin,
        "translations": raw.about.translations,
        "sources": raw.sources(),
    }
    written = write_sts(output, chosen, about)
    write_text(summary, json.dumps(written, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return written


def _known(pair: str, found: dict[str, StsSet]) -> StsSet:
    if pair in found:
        return found[pair]
    raise UsageError(
        f"STS 2017 has no language pair '{pair}'",
        where="distillation.sts17.pairs",
        allowed=", ".join(found),
        fix=nearest(pair, found) or "take the pair out of the list",
    )


def _notes(chosen: Sequence[StsSet]) -> list[str]:
    rules = sorted({rule for one in chosen for rule in one.dropped})
    return [
        f"left out, {rule}: {in_words({one.name: one.dropped[rule] for one in chosen})}"
        for rule in rules
    ]

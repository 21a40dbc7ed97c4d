# SPDX-License-Identifier: Apache-2.0
"""Whether the study's data is there and is what it was.

Cheap by default: names, sizes and the notes of downloads.  Reading every byte is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from xling.data.folder_layout import places
from xling.data.http import offline
from xling.data.registry import Artefact, artefacts
from xling.data.verify import state, verify
from xling.data.wants import wants
from xling.doctor.finding import Finding, error, few, ok, size, warning
from xling.plan import Plan
from xling.tasks import SOURCE_LANGUAGE

_FEW = 5  # ours: more names make no command that one likes to read


def downloads_of(plan: Plan) -> list[Artefact]:
    """Return the downloads of a study, in the order of their keys."""
    registry = artefacts()
    return [registry[key] for key in plan.downloads]


def absent(wanted: Sequence[Artefact], base: Path) -> list[Artefact]:
    """Return the downloads that are not there, or only in part."""
    return [one for one in wanted if state(one, base).startswith(("absent", "partial"))]


def data_findings(plan: Plan, wanted: Sequence[Artefact], base: Path) -> Iterator[Finding]:
    """Judge the data of a study by names, sizes and notes.

    Args:
        plan: of the study.
        wanted: its downloads.
        base: ``resources/data``.
    """
    if plan.study.data.source == "artificial":
        yield ok("data: the study makes its own")
    elif plan.study.data.source == "folder":
        yield _folder(plan)
    else:
        yield from _downloads(wanted, base)


def _folder(plan: Plan) -> Finding:
    """Look for every file in the folder of the study."""
    root = Path(plan.study.data.root or "").expanduser().absolute()
    fix = "set data.root, or --data-root, to XTREME's download folder (docs/real-data.md)"
    if not root.is_dir():
        return error(f"data: the folder {root} does not exist", fix)
    options = {
        tuple(place.path for place in some)
        for kind in plan.kinds
        for want in wants(kind, plan.uses(kind))
        for some in places(want)
    }
    options |= {(f"xnli/{split}-{code}.tsv",) for split, code in _bitext(plan)}
    missing = [
        " or ".join(paths)
        for paths in sorted(options)
        if not any((root / path).is_file() for path in paths)
    ]
    if missing:
        return error(
            f"data: {len(missing)} of {len(options)} files are missing in {root}: {few(missing)}",
            f"put them there, or take what needs them out of the study; {fix}",
        )
    return ok(f"data: all {len(options)} files are in {root} (names only; fetch reads them)")


def _bitext(plan: Plan) -> set[tuple[str, str]]:
    """Return splits and languages of XNLI that are read as parallel text."""
    codes: set[str] = set()
    if plan.translation is not None:
        own = plan.translation
        codes |= {SOURCE_LANGUAGE, *(c for one in own.benchmarks for c in own.languages_of(one))}
    if plan.distillation is not None:
        text = plan.distillation
        codes |= {SOURCE_LANGUAGE, *(c for one in text.corpora for c in text.corpus_languages(one))}
    return {(split, code) for code in codes for split in ("dev", "test")}


def _downloads(wanted: Sequence[Artefact], base: Path) -> Iterator[Finding]:
    """Group the downloads by their state."""
    states = {one: state(one, base) for one in wanted}
    fine = [one for one, text in states.items() if text.startswith("verified")]
    if fine:
        yield ok(
            f"data: {len(fine)} of {len(wanted)} downloads are in {base}, right when they were "
            "fetched, and have their sizes (--verify-data compares every byte)"
        )
    damaged = [one.key for one, text in states.items() if text == "damaged"]
    if damaged:
        yield error(
            f"data: downloads are damaged ({len(damaged)}): {few(damaged)}",
            f"remove {base}/KEY and {base}/KEY.json of each, then: {_fetch(damaged)}",
        )
    unknown = [one.key for one, text in states.items() if text == "present"]
    if unknown:
        yield warning(
            f"data: files are there, but were never verified ({len(unknown)}): {few(unknown)}",
            _fetch(unknown),
        )
    yield from _absent(absent(wanted, base), base)


def _fetch(keys: Sequence[str]) -> str:
    """Return the command that fetches some downloads, or all of a study if they are many."""
    if len(keys) <= _FEW:
        return f"xling fetch --dataset {' '.join(keys)}"
    return "snakemake --until download, with the --config of the study"


def _absent(missing: Sequence[Artefact], base: Path) -> Iterator[Finding]:
    by_hand = [one for one in missing if one.how == "manual"]
    for one in by_hand:
        yield error(
            f"data: {one.key} has to be put into {base / one.key} by hand",
            f"{one.note}; then: xling fetch --dataset {one.key}",
        )
    keys = [one.key for one in missing if one.how != "manual"]
    if not keys:
        return
    mega = sum(one.bytes or 0 for one in missing if one.how != "manual") / 1e6
    text = f"data: not downloaded yet ({len(keys)}, {size(mega)}): {few(keys)}"
    if offline():
        yield error(
            f"{text}; HF_HUB_OFFLINE forbids the network here",
            f"unset HF_HUB_OFFLINE, or fetch them on a host with a network: {_fetch(keys)}",
        )
    else:
        yield warning(
            text,
            "snakemake fetches them where it runs; if that host has no network, on another: "
            f"{_fetch(keys)}",
        )


def verified_findings(wanted: Sequence[Artefact], base: Path, lock: Path) -> Iterator[Finding]:
    """Compare every byte of the downloads with its checksum (minutes for tens of GB).

    Args:
        wanted: the downloads of the study.
        base: ``resources/data``.
        lock: ``resources/checksums.lock``.
    """
    damaged = []
    found = []
    here = 0
    for one in wanted:
        compared, differences = verify([one], base, lock)
        here += len(compared)
        if differences:
            damaged.append(one.key)
            found += differences
    if damaged:
        yield error(
            f"data: downloads differ from what was fetched ({len(damaged)}): {few(found)}",
            f"remove {base}/KEY and {base}/KEY.json of each, then: {_fetch(damaged)}",
        )
    else:
        yield ok(f"data: all files of {here} downloads have their checksums")

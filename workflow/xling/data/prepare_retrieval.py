# SPDX-License-Identifier: Apache-2.0
"""Prepared splits of the retrieval tasks (BUCC 2018, Tatoeba).

The rows of a language are those of the foreign side, then those of the English side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from xling.data.checks import check_row_count
from xling.data.job import Job, Own
from xling.data.manifest import RawFile
from xling.data.readers.bucc import GoldPair
from xling.data.readers.rows import SideRow
from xling.errors import DataError

BUCC = "bucc2018"

# The sample sets of BUCC 2018, counted: sentences of a side, and gold pairs.
_BUCC_DEV_SENTENCES = {("zh", "source"): 8_624, ("zh", "target"): 13_589}
_BUCC_DEV_GOLD = {"de": 1_038, "fr": 929, "ru": 2_374, "zh": 257}


def _dev(job: Job, language: str) -> list[SideRow]:
    return _sides(job, "dev", language)


def _test(job: Job, language: str) -> list[SideRow]:
    rows = _sides(job, job.test_split, language)
    if job.task == BUCC and job.test_split == "dev":
        note = "the dev split is scored, and the threshold is tuned on the same pairs"
        if note not in job.notes:
            job.notes.append(note)
    return rows


def _sides(job: Job, split: Own, language: str) -> list[SideRow]:
    """Return both sides of a language, verified."""
    rows = (_bucc if job.task == BUCC else _tatoeba)(job, split, language)
    _note_repeated(job, language, rows)
    return rows


def _bucc(job: Job, split: Own, language: str) -> list[SideRow]:
    source = _bucc_side(job, split, language, "source")
    target = _bucc_side(job, split, language, "target")
    file = _one(job, "bucc-gold", split, language)
    path = job.raw.path(file)
    pairs: list[GoldPair] = job.raw.read(file).rows
    if job.artificial:
        job.check_rows(path, split, language, len(pairs))
    elif split == "dev" and language in _BUCC_DEV_GOLD:
        what = f"{job.task} {split} {language}, gold,"
        check_row_count(path, len(pairs), _BUCC_DEV_GOLD[language], what)
    return _with_gold(path, source, target, pairs)


def _bucc_side(job: Job, split: Own, language: str, side: str) -> list[SideRow]:
    file = _one(job, f"bucc-{side}", split, language)
    rows: list[SideRow] = job.raw.read(file).rows
    expected = _BUCC_DEV_SENTENCES.get((language, side)) if split == "dev" else None
    if expected is not None and not job.artificial:
        what = f"{job.task} {split} {language}, {side} side,"
        check_row_count(job.raw.path(file), len(rows), expected, what)
    return rows


def _with_gold(
    path: Path, source: list[SideRow], target: list[SideRow], pairs: list[GoldPair]
) -> list[SideRow]:
    """Give source rows the ids of their partners; both ids of a pair must exist."""
    known = ({row.id for row in source}, {row.id for row in target})
    partners: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        for row_id, ids, side in zip(pair, known, ("foreign", "English"), strict=False):
            if row_id not in ids:
                raise DataError(
                    f"the gold names '{row_id}', which no sentence of the {side} side has",
                    where=f"{path}, line {pair.line}",
                    allowed="ids of the two files of sentences, the foreign one first",
                    fix="take all three files from one release",
                )
        partners[pair.source] = (*partners.get(pair.source, ()), pair.target)
    return [*(row._replace(gold=partners.get(row.id, ())) for row in source), *target]


def _tatoeba(job: Job, split: Own, language: str) -> list[SideRow]:
    sides: list[list[SideRow]] = []
    paths = []
    for side in ("source", "target"):
        file = _one(job, f"tatoeba-{side}", split, language)
        paths.append(job.raw.path(file))
        sides.append(job.raw.read(file).rows)
        job.check_rows(paths[-1], split, language, len(sides[-1]))
    source, target = sides
    if len(source) != len(target):
        raise DataError(
            f"the two sides of {language} have {len(source)} and {len(target)} lines",
            where=f"{paths[0]} and {paths[1]}",
            allowed="as many lines on both sides: the same line number belongs together",
            fix="take both files from one release",
        )
    texts = [row.text for row in target]
    # A few artificial sentences may be in order by chance; hundreds of real ones never are.
    if not job.artificial and texts == sorted(texts):
        raise DataError(
            f"the English lines of {language} are sorted, so their partners are unknown",
            where=str(paths[1]),
            allowed="the release's own order, in which the two sides are parallel",
            fix="XTREME's preparation sorts them to hide the gold: put the files of LASER's "
            "data/tatoeba/v1 in their place",
        )
    return [*source, *target]


def _one(job: Job, form: str, split: Own, language: str) -> RawFile:
    """Return the only file of a format; a (split, language) has one for each side."""
    files = job.raw.find("labelled", language)
    found = [file for file in files if file.split == split and file.format == form]
    if len(found) != 1:
        raise DataError(
            f"the list of raw files names {len(found)} files of the format {form}, split {split}, "
            f"language {language} for the task {job.task}",
            where="manifest.json",
            allowed="exactly one",
            fix="delete the list and run snakemake again",
        )
    return found[0]


def _note_repeated(job: Job, language: str, rows: list[SideRow]) -> None:
    """Say how many sentences stand more than once on their side."""
    counts = Counter((row.side, row.text) for row in rows)
    repeated = Counter(row.side for row in rows if counts[row.side, row.text] > 1)
    if not repeated:
        return
    so = (
        "never predicted, because a text must name one sentence"
        if job.task == BUCC
        else "only the first of equal ones can be found"
    )
    job.notes.append(
        f"{language}: {repeated['source']} foreign and {repeated['target']} English sentences "
        f"stand more than once on their side; {so}"
    )


SPLITS: dict[str, Callable[[Job, str], list[SideRow]]] = {"dev": _dev, "test": _test}

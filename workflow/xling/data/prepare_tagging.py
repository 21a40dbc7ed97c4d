# SPDX-License-Identifier: Apache-2.0
"""Prepared splits of tagged sentences (UD-POS, PAN-X)."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Literal

from xling.data import back_translated
from xling.data.checks import LARGEST_OVERLAP, check_loss
from xling.data.job import Job, Own
from xling.data.manifest import RawFile
from xling.data.prepare_pairs import IN_TEST, NO_TRANSLATION, UNKNOWN_TEXT
from xling.data.readers.raw import RawData
from xling.data.readers.rows import AlignedRow, Reading, TaggedRow, numbered
from xling.data.tag_projection import NO_CLASS, OUTSIDE, carry_classes, carry_entities
from xling.errors import DataError, UsageError
from xling.tasks import SOURCE_LANGUAGE

NO_ALIGNMENT = "translation without alignment"
_TRANSLATION_FILE = "translation file: "
BLANK_INSIDE = "words with a blank inside (XTREME loses their tags), kept whole"
UNALIGNED = "words of the translation that are aligned with nothing, {} (ours)"
UNLINKED = "words without a translated word, given the default tag (ours)"

# Ours: the most frequent tag of a published split covers up to three quarters of the words
# (PAN-X zh); where one tag covers all, it is a placeholder.
_LARGEST_SHARE = 0.98
# Ours: below this, starting processes takes longer than reading (about 40 MB a second).
_PARALLEL_FROM = 32_000_000

Role = Literal["translate_train", "translate_test"]


# --- labelled files ----------------------------------------------------------------------------


def _labelled(job: Job, split: Own, language: str) -> list[TaggedRow]:
    """Return all sentences of a benchmark's own split, checked.

    The treebanks of a language follow each other in the order of their file names.
    """
    if (split, language) in job.verified:
        return job.verified[split, language]
    files = _files(job, split, language)
    rows: list[TaggedRow] = []
    for file in files:
        reading = _reading(job, split, file)
        for reason, count in sorted(reading.dropped.items()):
            job.drop(reason, language, count)
        rows += reading.rows
    if len(files) > 1:
        rows = [row._replace(id=numbered(split, i)) for i, row in enumerate(rows, start=1)]
    paths = [job.raw.path(file) for file in files]
    where = paths[0] if len(paths) == 1 else Path(os.path.commonpath(paths))
    job.check_rows(where, split, language, len(rows))
    _check_tags(where, rows, f"{job.task} {split} {language}")
    _note(job, BLANK_INSIDE, language, sum(map(_blanks_inside, rows)))
    job.verified[split, language] = rows
    return rows


def _files(job: Job, split: Own, language: str) -> list[RawFile]:
    """Return the treebanks of a language in the order of their names, or the only file."""
    found = [file for file in job.raw.find("labelled", language) if file.split == split]
    if found and all(file.format == "ud-conllu" for file in found):
        return sorted(found, key=lambda file: (Path(file.path).name, file.path))
    return [job.raw.one("labelled", split, language)]


def _reading(job: Job, split: Own, file: RawFile) -> Reading:
    """Read a file, or take what was read ahead."""
    ahead = _read_ahead(job.raw, split, job.threads)
    if file not in ahead:
        return job.raw.read(file)
    job.raw.used.append(file)
    return ahead.pop(file)


@lru_cache(maxsize=2)
def _read_ahead(raw: RawData, split: Own, threads: int) -> dict[RawFile, Reading]:
    """Read all labelled files of a split in several processes, if there is enough to read."""
    files = [file for file in raw.manifest.files if (file.role, file.split) == ("labelled", split)]
    processes = min(threads, len(files))
    if processes < 2 or sum(file.bytes for file in files) < _PARALLEL_FROM:
        return {}
    # The largest first, so that no process is left with one at the end.
    files.sort(key=lambda file: (-file.bytes, file.path))
    # Not forked: libraries of this process may have threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        return dict(zip(files, pool.map(partial(_read, raw), files), strict=True))


def _read(raw: RawData, file: RawFile) -> Reading:
    return raw.read(file)


def _check_tags(path: Path, rows: list[TaggedRow], what: str) -> None:
    """Raise :class:`DataError` if there are no sentences or nearly all words have one tag."""
    counts = Counter(chain.from_iterable(row.tags for row in rows))
    if not counts:
        raise DataError(
            f"{what} has no sentences with words",
            where=str(path),
            allowed="at least one",
            fix="take the language out of the study or use complete files",
        )
    (tag, count), total = counts.most_common(1)[0], counts.total()
    if count > _LARGEST_SHARE * total:
        raise DataError(
            f"{what}: {count} of {total} words have the tag '{tag}'",
            where=str(path),
            allowed=f"several tags, none of them on over {_LARGEST_SHARE:.0%} of the words",
            fix="tags may be placeholders: XTREME's download script removes the tags of test files "
            "(google-research/xtreme issues 24 and 29); take them from the original release",
        )


def _blanks_inside(row: TaggedRow) -> int:
    """Count words that are no single word for ``str.split``."""
    if len(" ".join(row.tokens).split()) == len(row.tokens):
        return 0
    return sum(len(token.split()) != 1 for token in row.tokens)


def _note(job: Job, what: str, language: str, count: int) -> None:
    """Say in the summary how often something happened, all languages in one sentence."""
    if not count:
        return
    for place, note in enumerate(job.notes):
        if note.startswith(f"{what}: "):
            job.notes[place] = f"{note}, {language} {count}"
            return
    job.notes.append(f"{what}: {language} {count}")


# --- splits ------------------------------------------------------------------------------------


def _dev(job: Job, language: str) -> list[TaggedRow]:
    return _labelled(job, "dev", language)


def _test(job: Job, language: str) -> list[TaggedRow]:
    _refuse_shared(job)
    return _labelled(job, job.test_split, language)


def _train(job: Job, language: str) -> list[TaggedRow]:
    """Return training sentences; of a home-made training set those that are tested are left out."""
    _refuse_shared(job)
    rows = _labelled(job, job.train_split, language)
    if job.train_split == "train":
        return rows
    tested = {row.tokens for row in _labelled(job, job.test_split, language)}
    kept = job.without(IN_TEST, rows, lambda row: row.tokens in tested)
    path = job.raw.path(_files(job, job.train_split, language)[0])
    check_loss(path, len(rows) - len(kept), len(rows), IN_TEST, limit=LARGEST_OVERLAP)
    return kept


def _refuse_shared(job: Job) -> None:
    if job.shared_split:
        raise UsageError(
            f"{job.task} is trained and tested on the same split ({job.train_split})",
            where=f"tasks.{job.task}",
            allowed="another train_split than test_split: sentences have no groups to hold out",
            fix="change one of them",
        )


def _translate_train(job: Job, language: str) -> list[TaggedRow]:
    """Return the English training sentences in another language, with carried-over tags."""
    source = _train(job, SOURCE_LANGUAGE)
    entities = job.task == "panx"
    carry = carry_entities if entities else carry_classes
    rows, unaligned = [], 0
    for row, found in _translated(job, "translate_train", language, source):
        if not found.pairs:  # of our own, to be labelled by a teacher: no tag is known
            tags = (NO_CLASS,) * len(found.tokens)
            rows.append(row._replace(language=language, tokens=found.tokens, tags=tags))
            continue
        carried = carry(row.tags, found.pairs, len(found.tokens))
        unaligned += carried.unaligned
        rows.append(row._replace(language=language, tokens=found.tokens, tags=carried.tags))
    _note(
        job,
        UNALIGNED.format(f"tagged {OUTSIDE}" if entities else "not trained on"),
        language,
        unaligned,
    )
    return rows


def _translate_test(job: Job, language: str) -> list[TaggedRow]:
    """Return English translations, and for each word of the test set its translated word."""
    source = _test(job, language)
    if language == SOURCE_LANGUAGE:
        return source
    rows, unlinked = [], 0
    for row, found in _translated(job, "translate_test", language, source):
        first: dict[int, int] = {}
        for word, token in found.pairs:
            first.setdefault(word, token)
        links = tuple([first.get(word, -1) for word in range(len(row.tags))])
        unlinked += links.count(-1)
        rows.append(row._replace(tokens=found.tokens, links=links))
    _note(job, UNLINKED, language, unlinked)
    return rows


def _back_translate(job: Job, language: str) -> list[TaggedRow]:
    english = _train(job, SOURCE_LANGUAGE)
    if language == SOURCE_LANGUAGE:
        return english
    trained = _translate_train(job.as_split("translate_train"), language)
    return back_translated.sentences(job, language, trained, english)


# --- translations ------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _aligned(raw: RawData, file: RawFile) -> Reading:
    """Read translations; a file of all languages is read once."""
    return raw.read(file)


def _translation_file(job: Job, role: Role, language: str) -> RawFile:
    """Return the file of one language, or else that of all languages."""
    split = "train" if role == "translate_train" else "test"
    own = [f for f in job.raw.find(role, language) if (f.split, f.language) == (split, language)]
    return own[0] if len(own) == 1 else job.raw.one(role, split, language)


def _translated(
    job: Job, role: Role, language: str, source: list[TaggedRow]
) -> Iterable[tuple[TaggedRow, AlignedRow]]:
    """Give each sentence with its translation; the words of a sentence identify it.

    Sentences without a translation are left out and counted, and for training those without
    alignment, unless translations are our own: labels that failed were left out there.  Of several
    translations the first in alphabetical order is taken: the order of the file never matters.
    """
    file = _translation_file(job, role, language)
    path = job.raw.path(file)
    reading = _aligned(job.raw, file)
    limit = job.largest_loss
    check_loss(path, reading.dropped.total(), reading.total, "malformed", limit=limit)
    for reason, count in reading.dropped.items():
        # Set, not added: a file of all languages comes here once per language.
        job.dropped.setdefault(_TRANSLATION_FILE + reason, {})[file.language] = count
    spoken = SOURCE_LANGUAGE if role == "translate_test" else language
    wanted = {row.tokens for row in source}
    texts: dict[tuple[str, ...], AlignedRow] = {}
    unknown: list[AlignedRow] = []
    rows = [row for row in reading.rows if row.language == spoken]
    for row in rows:
        if row.source not in wanted:
            unknown.append(row)
        elif row.source not in texts or row[2:4] < texts[row.source][2:4]:
            texts[row.source] = row
    example = f"{path}, line {unknown[0].line}: '{' '.join(unknown[0].source)}'" if unknown else ""
    check_loss(path, len(unknown), len(rows), "not in the source", limit=limit, example=example)
    job.drop(UNKNOWN_TEXT, language, len(unknown))
    found = [(row, texts[row.tokens]) for row in source if row.tokens in texts]
    missing = len(source) - len(found)
    check_loss(path, missing, len(source), NO_TRANSLATION, limit=limit)
    job.drop(NO_TRANSLATION, language, missing)
    if role == "translate_test" or job.own_translations:
        return found
    kept = [pair for pair in found if pair[1].pairs]
    check_loss(path, len(found) - len(kept), len(found), NO_ALIGNMENT, limit=limit)
    job.drop(NO_ALIGNMENT, language, len(found) - len(kept))
    return kept


SPLITS: dict[str, Callable[[Job, str], list[TaggedRow]]] = {
    "train": _train,
    "translate_train": _translate_train,
    "dev": _dev,
    "test": _test,
    "translate_test": _translate_test,
    "back_translate": _back_translate,
}

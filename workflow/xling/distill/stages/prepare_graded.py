# SPDX-License-Identifier: Apache-2.0
"""The stage ``prepare_graded``: English sentence pairs with a grade, which a teacher learns from.

Grades are 0 (unlike) to 1 (the same meaning).  Pairs of which a test set holds a sentence are left
out: a teacher's students are scored on them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xling.data.manifest import RawFile
from xling.data.readers import xtreme_tsv
from xling.data.readers.rows import UNKNOWN_LABEL
from xling.distill.data.overlap import TestTexts
from xling.distill.data.raw import Raw, in_words, named_tests, texts_of_tests
from xling.distill.data.sts import StsPair, StsSet, read_stsbenchmark, write_sts
from xling.distill.stages.fetch_distill import STS_BENCHMARK, XNLI_PAIRS
from xling.errors import DataError, UsageError
from xling.files import write_text
from xling.tasks import SOURCE_LANGUAGE, TASKS

#: Ours: what the labels of XNLI say about similarity.  Only their order is used by the objectives
#: ``cosent`` and ``ranking``.
GRADES = {"entailment": 1.0, "neutral": 0.5, "contradiction": 0.0}
UNLABELLED = "unlabelled"
IN_TEST = "in_test"
_NAME = f"{SOURCE_LANGUAGE}-{SOURCE_LANGUAGE}"
_BEST = 5.0


def prepare_graded(
    *, data: str, manifest: Path, tests: Sequence[Path], output: Path, summary: Path
) -> dict[str, Any]:
    """Write graded pairs and a summary of them.

    Args:
        data: ``stsbenchmark``: its training split, scores divided by 5; ``xnli``: the English dev
            set, labels as grades (:data:`GRADES`).
        manifest: written by ``fetch_distill``.
        tests: prepared test sets of the study, ``{task}/test.parquet``.
        output: Parquet file to write, rows as :meth:`xling.distill.teacher.GradedPairs.read` reads
            them; the largest grade is 1.
        summary: JSON file to write.

    Returns:
        The summary: ``rows``, ``dropped`` by rule, ``tests`` (different texts of each test set),
        and what summaries of other prepared splits have.

    Raises:
        DataError: a raw file is missing, changed or damaged, or no pair is left.
        UsageError: there is no such data.
    """
    raw = Raw(manifest)
    found, more = _pairs(raw, data)
    texts = texts_of_tests(named_tests(tests), more)
    kept = _without(found, texts)
    if not kept.pairs:
        raise DataError(
            "no graded pair is left",
            where=str(manifest),
            allowed=f"pairs that no test set holds; dropped: {dict(kept.dropped)}",
            fix="fetch the data again, or train the teacher on other data",
        )
    about = {
        "task": f"graded-{data}",
        "split": "train",
        "scored": {},
        "labels": {},
        "quoted": {},
        "ns_rows": {},
        "tests": texts.sizes,
        "notes": [
            f"left out, {rule}: {in_words({kept.name: count})}"
            for rule, count in sorted(kept.dropped.items())
        ],
        "origin": raw.about.origin,
        "translations": "",
        "sources": raw.sources(),
    }
    written = write_sts(output, [kept], about)
    write_text(summary, json.dumps(written, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return written


def _pairs(raw: Raw, data: str) -> tuple[StsSet, dict[str, Iterator[str]]]:
    """Return all pairs, and texts of test sets that the raw files hold."""
    if data == STS_BENCHMARK:
        return _benchmark(raw), {}
    if data == XNLI_PAIRS:
        return _xnli(raw), {"xnli": _test_sentences(raw)}
    raise UsageError(
        f"there are no graded pairs '{data}'",
        where="distillation.teachers",
        allowed=f"{STS_BENCHMARK}, {XNLI_PAIRS}",
        fix="give one of these names",
    )


def _benchmark(raw: Raw) -> StsSet:
    found = read_stsbenchmark(raw.folder(), "train")
    pairs = [pair._replace(score=pair.score / _BEST) for pair in found.pairs]
    return StsSet(_NAME, pairs, found.dropped)


def _xnli(raw: Raw) -> StsSet:
    found = StsSet(_NAME, [])
    path, about = _english(raw, "dev")
    for row in xtreme_tsv.read(path, about, TASKS["xnli"].labels).rows:
        if row.label == UNKNOWN_LABEL:
            found.dropped[UNLABELLED] += 1
        else:
            grade = GRADES[row.label]
            found.pairs.append(StsPair(row.id, row.sentence1, row.sentence2, grade))
    return found


def _test_sentences(raw: Raw) -> Iterator[str]:
    """Give the English sentences of the test set; its labels may have been removed."""
    path, about = _english(raw, "test")
    for row in xtreme_tsv.read(path, about, ()).rows:
        yield from (row.sentence1, row.sentence2)


def _english(raw: Raw, split: str) -> tuple[Path, RawFile]:
    for path, about in raw.paths.items():
        if (about.split, about.language) == (split, SOURCE_LANGUAGE):
            return path, about
    raise raw.wrong(f"no English file of the split {split} is listed")


def _without(found: StsSet, tests: TestTexts) -> StsSet:
    """Leave out pairs with a sentence of a test set; counted under the first that has it."""
    kept = StsSet(found.name, [], Counter(found.dropped))
    for pair in found.pairs:
        names = {
            name for text in (pair.sentence1, pair.sentence2) for name in tests.sets_of(text)[0]
        }
        first = next((name for name in tests.sizes if name in names), None)
        if first is None:
            kept.pairs.append(pair)
        else:
            kept.dropped[f"{IN_TEST}:{first}"] += 1
    return kept

# SPDX-License-Identifier: Apache-2.0
"""The translation benchmarks by name: languages, downloads, corpora."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from xling.errors import UsageError, nearest
from xling.mt.data import opus100, ted, wmt, wmt_sources, xnli_parallel
from xling.mt.data.bitext import Corpus, Direction, Split, check_known
from xling.mt.data.groups import language_groups
from xling.mt.data.published import sizes_of
from xling.tasks import SOURCE_LANGUAGE

TED_ARTEFACT = "ted-talks"
_FIXED = {
    "ted8_related": ted.RELATED,
    "ted8_diverse": ted.DIVERSE,
    "wmt10": wmt_sources.WMT10,
    "wmt6": wmt_sources.WMT6,
    "xnli_parallel": tuple(xnli_parallel.SIZES.train),
}
#: All benchmarks.
BENCHMARKS = (*_FIXED, "opus100")


def languages_of(task: str) -> tuple[str, ...]:
    """Return the languages of a benchmark that are scored, beside English.

    Raises:
        UsageError: there is no such benchmark.
    """
    if task not in BENCHMARKS:
        raise UsageError(
            f"there is no translation benchmark '{task}'",
            where="tasks",
            allowed=", ".join(BENCHMARKS),
            fix=nearest(task, BENCHMARKS) or "correct the name",
        )
    if task == "opus100":
        return tuple(code for code, row in language_groups(task).items() if row.group)
    return _FIXED[task]


def artefacts_of(task: str, languages: Iterable[str]) -> list[str]:
    """Return the keys of the registry that languages of a benchmark need, sorted.

    ``xnli_parallel`` needs none: its files are those of a folder in XTREME's layout.
    """
    if task in ("wmt10", "wmt6"):
        return wmt.artefacts_of(languages)
    if task == "opus100":
        return sorted(opus_artefact(code) for code in languages)
    return [] if task == "xnli_parallel" else [TED_ARTEFACT]


def draws_of(task: str) -> Mapping[str, int]:
    """Return the training pairs that are drawn of each language; empty: all there are."""
    return {"wmt10": wmt_sources.WMT10_SIZES, "wmt6": wmt_sources.WMT6_SIZES}.get(task, {})


def corpora(
    task: str,
    folder: Path,
    languages: list[str],
    split: Split,
    direction: Direction,
    variant: ted.Variant = "detokenised",
    *,
    published: bool = True,
) -> list[Corpus]:
    """Return the corpora of one split, in the order of the languages.

    Args:
        task: a benchmark.
        folder: of the downloads (one folder below it per artefact); of the files themselves for
            ``xnli_parallel``.
        languages: of the benchmark; for OPUS-100 also the five without dev and test set.
        split: which one.
        direction: files of WMT's dev and test sets depend on it.
        variant: of TED's text.
        published: False for artificial data in a benchmark's layout: it has other languages, and no
            published number of lines.

    Raises:
        UsageError: the benchmark or a language of it is not known.
        DataError: a file is missing or damaged; some damage is found when the lines are read.
    """
    known = languages_of(task)
    if task == "opus100":
        known = (*known, *opus100.TRAIN_ONLY)
    for language in languages if published else ():
        check_known(language, known, task)
    if task == "opus100":
        folders = {code: folder / opus_artefact(code) for code in languages}
        expected = sizes_of(task, split) if published else {}
        return opus100.corpora(folders, split, expected=expected)
    if task in ("wmt10", "wmt6"):
        return wmt.corpora(folder, languages, split, direction)
    if task == "xnli_parallel":
        found = {corpus.pair.language: corpus for corpus in xnli_parallel.corpora(folder, split)}
        return [found[language] for language in languages]
    return ted.corpora(folder / TED_ARTEFACT, languages, split, variant)


def opus_artefact(language: str) -> str:
    """Return the key of the registry of a language's archive of OPUS-100."""
    return f"opus100-{opus100.pair_name(SOURCE_LANGUAGE, language)}"

# SPDX-License-Identifier: Apache-2.0
"""Parallel data in tab-separated files: TED2020, WikiMatrix, lines of English and translations.

No field is quoted: a quotation mark is text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from xling.data.readers.lines import RESTORE
from xling.distill.data.corpus import MIXED, ParallelCorpus, SentencePair, only_file, pair_name
from xling.errors import DataError, UsageError, nearest
from xling.mt.data.lines import iter_lines
from xling.tasks import SOURCE_LANGUAGE

#: The margin score from which pairs of WikiMatrix are used: the value in the authors' script
#: (``get_parallel_data_wikimatrix.py``; a value of 1.05 in the paper is only recalled).
MARGIN = 1.075
#: Pairs of WikiMatrix below the margin.
BELOW_MARGIN = "below_margin"
#: Pairs of WikiMatrix whose sides are equal.
IDENTICAL = "identical"
#: Cells of TED without text, on either side.
NO_TRANSLATION = "no_translation"
_TALK = "talkid"


def ted2020(path: Path, languages: list[str]) -> list[ParallelCorpus]:
    """Return the pairs of English with columns of TED2020 (``ted2020.tsv.gz``).

    The header has ``talkid`` and codes of languages in any order; an empty cell is no translation;
    a cell may hold several sentences.  Equal numbers are one English cell in all languages.

    Raises:
        DataError: the file cannot be read or lacks a column of its own.
        UsageError: a language is no column.
    """
    names = next(iter_lines(path)).split("\t")
    for name in (_TALK, SOURCE_LANGUAGE):
        if name not in names:
            raise _damage(path, 1, f"the header lacks the column {name}", "talkid, en, codes")
    known = [name for name in names if name not in (_TALK, SOURCE_LANGUAGE)]
    for language in languages:
        if language not in known:
            raise UsageError(
                f"TED2020 has no language '{language}'",
                where=str(path),
                allowed=", ".join(known),
                fix=nearest(language, known) or "take the language out of the list",
            )
    english, width = names.index(SOURCE_LANGUAGE), len(names)
    return [
        ParallelCorpus(
            "TED2020",
            language,
            partial(_cells, path, (english, names.index(language), width)),
            (path,),
        )
        for language in languages
    ]


def wikimatrix(folder: Path, language: str, margin: float = MARGIN) -> ParallelCorpus:
    """Return a pair of WikiMatrix, ``WikiMatrix.<pair>.tsv``: margin and both sentences.

    The two codes of the name are in alphabetical order and say which field is English.  Rows are
    sorted by margin, the best first; nothing here relies on that.

    Args:
        folder: where the file lies, unpacked or as ``.tsv.gz``.
        language: of the other side.
        margin: the lowest one that is kept.
    """
    pair = pair_name(language)
    name = f"WikiMatrix.{pair}.tsv"
    path = only_file(folder, (name, f"{name}.gz"), f"WikiMatrix {pair}")
    english = 1 + pair.split("-").index(SOURCE_LANGUAGE)
    reader = partial(_mined, path, english, margin)
    return ParallelCorpus("WikiMatrix", language, reader, (path,))


def translations(
    path: Path, name: str, language: str = MIXED, *, dev: Path | None = None, english: int = 0
) -> ParallelCorpus:
    """Return a file of English and one or more translations per line, without header.

    So are the authors' files (``News-Commentary-en-ar-train.tsv.gz``, ``MUSE-all-train.tsv.gz``)
    and what ``opus_read -wm moses --write x.tsv.gz`` writes.

    Args:
        path: the file.
        name: of the corpus.
        language: of the translations; ``mul`` where a file mixes them.
        dev: the published development file, if there is one.
        english: the field in English; WMT's Wikititles have it last (1).
    """
    return ParallelCorpus(
        name,
        language,
        partial(_translations, path, english),
        (path,) if dev is None else (path, dev),
        None if dev is None else partial(_translations, dev, english),
    )


def muse(path: Path, language: str) -> ParallelCorpus:
    """Return a dictionary of MUSE, ``en-<language>.txt``: a word and its translation.

    Fields are separated by a tab or by blanks, which changes within one release.
    """
    return ParallelCorpus("MUSE", language, partial(_words, path), (path,))


def _cells(
    path: Path, place: tuple[int, int, int], dropped: Counter[str]
) -> Iterator[SentencePair]:
    english, foreign, width = place
    lines = iter_lines(path)
    next(lines)
    for number, line in enumerate(lines, start=1):
        fields = line.split("\t")
        if len(fields) != width:
            what = f"{len(fields)} fields instead of {width}"
            raise _damage(path, number + 1, what, "one field per column of the header")
        source, target = fields[english].strip(), fields[foreign].strip()
        if source and target:
            yield SentencePair(number, source, target)
        else:
            dropped[NO_TRANSLATION] += 1


def _mined(
    path: Path, english: int, margin: float, dropped: Counter[str]
) -> Iterator[SentencePair]:
    for number, line in enumerate(iter_lines(path), start=1):
        fields = line.split("\t")
        try:
            # A comparison that a score "nan" fails counts as below.
            good = float(fields[0]) >= margin
            source, target = fields[english], fields[3 - english]
            if len(fields) != 3:
                raise ValueError
        except (ValueError, IndexError):
            what = f"no score and two sentences in {len(fields)} fields"
            raise _damage(path, number, what, "margin, sentence, sentence") from None
        if not good:
            dropped[BELOW_MARGIN] += 1
        elif source.strip() == target.strip():
            dropped[IDENTICAL] += 1
        else:
            yield SentencePair(number, source, target)


def _translations(path: Path, english: int, _: Counter[str]) -> Iterator[SentencePair]:
    for number, line in enumerate(iter_lines(path), start=1):
        fields = line.split("\t")
        if len(fields) < 2:
            raise _damage(path, number, "one field", "English and at least one translation")
        source = fields.pop(english)
        for target in fields:
            yield SentencePair(number, source, target)


def _words(path: Path, _: Counter[str]) -> Iterator[SentencePair]:
    for number, line in enumerate(iter_lines(path), start=1):
        fields = line.split(maxsplit=1)
        if len(fields) != 2:
            raise _damage(path, number, "one word", "a word and its translation")
        yield SentencePair(number, fields[0], fields[1])


def _damage(path: Path, line: int, what: str, allowed: str) -> DataError:
    return DataError(
        what,
        where=f"{path}, line {line}",
        allowed=f"{allowed}, separated by tabs",
        fix=RESTORE,
    )

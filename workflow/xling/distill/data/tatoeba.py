# SPDX-License-Identifier: Apache-2.0
"""Tatoeba's exports, ``sentences.csv`` and ``links.csv``: training data, not LASER's test set.

Both are tab-separated in spite of their names.  Test sentences of LASER's Tatoeba (2018) are among
them, so the overlap with tests matters here more than elsewhere.  The export is live: pin it by its
checksum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from xling.data.readers.lines import RESTORE
from xling.distill.data.corpus import ParallelCorpus, SentencePair
from xling.errors import DataError
from xling.mt.data.lines import iter_lines

_ENGLISH = "eng"
#: Codes of Tatoeba (ISO 639-3) for the languages of the paper, by the code used here.
CODES = dict(
    pair.split(":")
    for pair in (
        "ar:ara bg:bul ca:cat cs:ces da:dan de:deu el:ell es:spa et:est fa:pes fi:fin fr:fra "
        "gl:glg gu:guj he:heb hi:hin hr:hrv hu:hun hy:hye id:ind it:ita ja:jpn ka:kat ko:kor "
        "lt:lit lv:lvs mk:mkd mn:mon mr:mar ms:zsm my:mya nb:nob nl:nld pl:pol pt:por ro:ron "
        "ru:rus sk:slk sl:slv sq:sqi sr:srp sv:swe th:tha tr:tur uk:ukr ur:urd vi:vie zh:cmn "
        "sw:swh tl:tgl tt:tat"
    ).split()
)


def corpora(sentences: Path, links: Path, languages: list[str]) -> list[ParallelCorpus]:
    """Return pairs of English with each language, all translations of a sentence together.

    English and one language are in memory while a corpus is read.  Links to sentences that were
    deleted, or of other languages, are no pairs of a corpus and are not counted.

    Args:
        sentences: ``sentences.csv``: number, language, text.
        links: ``links.csv``: number, number of a translation; each link stands there both ways.
        languages: codes as used here or as Tatoeba has them.

    Raises:
        DataError: while it is read: a line is damaged, or a language has no sentence.
    """
    return [
        ParallelCorpus(
            "Tatoeba",
            language,
            partial(_pairs, sentences, links, CODES.get(language, language)),
            (sentences, links),
        )
        for language in languages
    ]


def _pairs(sentences: Path, links: Path, code: str, _: Counter[str]) -> Iterator[SentencePair]:
    english, foreign = _texts(sentences, code)
    found: dict[int, list[int]] = {}
    for number, line in enumerate(iter_lines(links), start=1):
        one, tab, two = line.partition("\t")
        try:
            source, target = int(one), int(two)
        except ValueError:
            raise _damage(links, number, "no two numbers", "number, number") from None
        # The same link the other way round has English second.
        if tab and source in english and target in foreign:
            found.setdefault(source, []).append(target)
    for source in sorted(found):
        for target in sorted(set(found[source])):
            yield SentencePair(source, english[source], foreign[target])


def _texts(path: Path, code: str) -> tuple[dict[int, str], dict[int, str]]:
    """Return the texts in English and in one language by number."""
    texts: dict[str, dict[int, str]] = {_ENGLISH: {}, code: {}}
    for number, line in enumerate(iter_lines(path), start=1):
        # What follows the second tab is text, whatever is in it.
        fields = line.split("\t", 2)
        if len(fields) != 3 or not fields[0].isdecimal():
            raise _damage(path, number, f"{len(fields)} fields", "number, language, text")
        if fields[1] in texts:
            texts[fields[1]][int(fields[0])] = fields[2]
    for language, found in texts.items():
        if not found:
            raise DataError(
                f"no sentence is in the language '{language}'",
                where=str(path),
                allowed="codes of ISO 639-3, as Tatoeba has them",
                fix="take the language out of the list, or name it as Tatoeba does",
            )
    return texts[_ENGLISH], texts[code]


def _damage(path: Path, line: int, what: str, allowed: str) -> DataError:
    return DataError(
        what,
        where=f"{path}, line {line}",
        allowed=f"{allowed}, separated by tabs",
        fix=RESTORE,
    )

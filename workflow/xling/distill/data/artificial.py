# SPDX-License-Identifier: Apache-2.0
"""Artificial data of distillation, in the layouts of the releases; the real readers read it.

``STS2017-extended/STS.<l1>-<l2>.txt``, ``stsbenchmark/sts-<split>.csv``, and OPUS' Moses format for
two corpora: ``Talks``, exact translations of the same English sentences into all languages, and
``Mined``, sentences of each language's own with wrong words in the translations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xling.config.study import Artificial
from xling.data.artificial.events import RETRIEVAL, draw_clause
from xling.data.artificial.grammar import Language, text_of
from xling.data.artificial.meaning import Clause, Sentence, Style
from xling.data.artificial.noise import translated
from xling.data.artificial.purposes import Purpose
from xling.data.artificial.release import Release
from xling.data.artificial.streams import Stream
from xling.distill.data import moses
from xling.distill.data.corpus import ParallelCorpus, pair_name
from xling.distill.data.graded import draw_graded
from xling.tasks import SOURCE_LANGUAGE

#: Formats in the list of raw files.
STS2017, STSBENCHMARK, MOSES = "sts2017", "stsbenchmark", "opus-moses"
TALKS, MINED = "Talks", "Mined"
# Text of parallel corpora may be in the pre-training text too, never in a dev or test set, and it
# has all names, as real corpora have.
_PURPOSE: Purpose = "text"
# Ours: of the sentences with a place or a time, those that have a second translation in ``Talks``.
_SECOND = 0.1


@dataclass(frozen=True)
class DistillSizes:
    """How much is written.

    Attributes:
        graded: English pairs of each split of the STS benchmark.
        sts: pairs of each file of STS 2017 extended.
        talks, mined: English sentences of the corpora by language.
    """

    graded: Mapping[Purpose, int]
    sts: int
    talks: Mapping[str, int]
    mined: Mapping[str, int]


def write_sts2017(
    release: Release, settings: Artificial, languages: Mapping[str, Language], sizes: DistillSizes
) -> None:
    """Write the pairs of English, of each language, and of English with each language.

    All files say the same pairs, so their gold is the same, as that of EN-EN, EN-DE, EN-FR, EN-IT
    and EN-NL is in the release.
    """
    pairs = list(draw_graded(Stream(settings.seed, "sts2017"), "test", sizes.sts))
    targets = [code for code in languages if code != SOURCE_LANGUAGE]
    same = [(code, code) for code in (SOURCE_LANGUAGE, *targets)]
    for one, two in (*same, *((SOURCE_LANGUAGE, code) for code in targets)):
        rows = [
            (
                text_of(languages[one].say(pair.first)),
                text_of(languages[two].say(pair.second)),
                f"{pair.score:.1f}",
            )
            for pair in pairs
        ]
        path = f"STS2017-extended/STS.{one}-{two}.txt"
        release.write(path, rows, form=STS2017, uses=[("labelled", "test", f"{one}-{two}")])


def write_stsbenchmark(
    release: Release, settings: Artificial, languages: Mapping[str, Language], sizes: DistillSizes
) -> None:
    """Write graded pairs of English, which a teacher learns from."""
    english = languages[SOURCE_LANGUAGE]
    for split, count in sizes.graded.items():
        drawn = draw_graded(Stream(settings.seed, "stsbenchmark", split), split, count)
        rows = [
            (
                "artificial",
                "facts",
                "2017",
                f"{number:04d}",
                f"{pair.score:.3f}",
                text_of(english.say(pair.first)),
                text_of(english.say(pair.second)),
            )
            for number, pair in enumerate(drawn)
        ]
        path = f"stsbenchmark/sts-{split}.csv"
        release.write(path, rows, form=STSBENCHMARK, uses=[("labelled", split, SOURCE_LANGUAGE)])


def write_moses(
    release: Release, settings: Artificial, languages: Mapping[str, Language], sizes: DistillSizes
) -> None:
    """Write both corpora, ``opus/<corpus>/<pair>/<corpus>.<pair>.<language>``."""
    english = languages[SOURCE_LANGUAGE]
    for name, counts in ((TALKS, sizes.talks), (MINED, sizes.mined)):
        for code, count in counts.items():
            language = languages[code]
            if name == TALKS:
                rows = _talks(settings, english, language, count)
            else:
                rows = _mined(settings, english, language, count)
            pair = pair_name(code)
            texts = list(rows)
            for end, side in ((SOURCE_LANGUAGE, 0), (code, 1)):
                release.write(
                    f"opus/{name}/{pair}/{name}.{pair}.{end}",
                    [[row[side]] for row in texts],
                    form=MOSES,
                    uses=[("labelled", "train", code)],
                )


def artificial_corpora(
    folder: Path, languages: Sequence[str], names: Sequence[str] = (TALKS, MINED)
) -> list[ParallelCorpus]:
    """Return the corpora that :func:`write_moses` wrote below a folder."""
    return [
        moses.corpus(folder / "opus" / name / pair_name(code), name, code)
        for name in names
        for code in languages
    ]


def _talks(
    settings: Artificial, english: Language, language: Language, count: int
) -> Iterator[tuple[str, str]]:
    """Give the first sentences of one stream, so larger corpora begin with the smaller ones."""
    again = Stream(settings.seed, "distill", TALKS, "again")
    for clause, text in _sentences(Stream(settings.seed, "distill", TALKS), english, count):
        yield text, text_of(language.say(Sentence(clause)))
        if (clause.place or clause.time) and again.chance(_SECOND):
            style = Style(fronted="place" if clause.place else "time")
            yield text, text_of(language.say(Sentence(clause, style)))


def _mined(
    settings: Artificial, english: Language, language: Language, count: int
) -> Iterator[tuple[str, str]]:
    names = (settings.seed, "distill", MINED, language.code)
    noise = Stream(*names, "noise")
    for clause, text in _sentences(Stream(*names), english, count):
        exact = language.say(Sentence(clause))
        yield text, text_of(translated(noise, language, exact, settings.noise))


def _sentences(stream: Stream, english: Language, count: int) -> Iterator[tuple[Clause, str]]:
    """Give clauses with their English text, no text twice."""
    seen: set[str] = set()
    while len(seen) < count:
        clause = draw_clause(stream, _PURPOSE, RETRIEVAL)
        text = text_of(english.say(Sentence(clause)))
        if text not in seen:
            seen.add(text)
            yield clause, text

# SPDX-License-Identifier: Apache-2.0
"""Parallel data of the artificial languages, in the layouts of TED and OPUS-100.

The real readers read it.  Imbalance is chosen: TED's file has one row for the largest language's
every sentence, and ``__NULL__`` where a smaller language has no translation, as in the release;
OPUS-100 has files of different length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xling.config.study import Artificial
from xling.data.artificial.events import RETRIEVAL, draw_clause
from xling.data.artificial.grammar import Language, text_of
from xling.data.artificial.meaning import Sentence
from xling.data.artificial.release import Release
from xling.data.artificial.retrieval import draw_translations
from xling.data.artificial.streams import Stream
from xling.errors import UsageError
from xling.mt.data.bitext import Split
from xling.mt.data.opus100 import pair_name
from xling.mt.data.sampling import selected
from xling.mt.data.ted import TALK
from xling.tasks import SOURCE_LANGUAGE

SPLITS: tuple[Split, ...] = ("train", "dev", "test")
#: Formats in the manifest.
TED_FORM, OPUS_FORM = "ted-tsv", "opus100"
# The release has both spellings.
_NULL = ("__NULL__", "_ _ NULL _ _")
# Ours: sentences of a talk.
_TALK_LENGTH = 50
_MARKS = (" .", " ?")


@dataclass(frozen=True)
class BitextSizes:
    """Pairs of each split; ``train`` by language, the others of every language."""

    train: Mapping[str, int]
    dev: int
    test: int

    def of(self, split: Split, language: str) -> int:
        """Return the pairs of a language in a split."""
        return {"train": self.train[language], "dev": self.dev, "test": self.test}[split]


def imbalanced(languages: list[str], largest: int, ratio: float) -> dict[str, int]:
    """Return sizes that fall geometrically from ``largest`` to ``largest / ratio``.

    Geometric as TED-8 and WMT-10 nearly are; a ratio of 30 is that of TED-8 (cats.md, section 5).

    Raises:
        UsageError: fewer than two languages, a ratio below 1, or a smallest size below 1.
    """
    if len(languages) < 2 or ratio < 1 or round(largest / ratio) < 1:
        raise UsageError(
            f"no sizes for {len(languages)} languages from {largest:,} down to 1/{ratio:g} of it",
            where="sizes of artificial parallel data",
            allowed="two languages or more, a ratio of at least 1, a smallest size of at least 1",
            fix="raise the largest size or lower the ratio",
        )
    step = ratio ** (1 / (len(languages) - 1))
    return {code: round(largest / step**i) for i, code in enumerate(languages)}


def write_ted(
    release: Release, settings: Artificial, languages: dict[str, Language], sizes: BitextSizes
) -> None:
    """Write ``all_talks_{train,dev,test}.tsv``; ``languages`` with the source.

    Languages share the English sentences.  Text is tokenised as in the release: marks are words.
    """
    codes = list(sizes.train)
    for split in SPLITS:
        rows = max(sizes.of(split, code) for code in codes)
        stream = Stream(settings.seed, "bitext", "ted", split)
        translated = {code: _places(settings, split, code, rows, sizes) for code in codes}
        release.write(
            f"all_talks_{split}.tsv",
            _ted_rows(stream, split, languages, codes, rows, translated),
            form=TED_FORM,
            uses=[("labelled", split, "all")],
        )


def write_opus100(
    release: Release, settings: Artificial, languages: dict[str, Language], sizes: BitextSizes
) -> None:
    """Write ``opus-100-corpus/v1.0/supervised/…``; ``languages`` with the source.

    Each pair has sentences of its own.  Text is untokenised, as in the release.
    """
    for code in sizes.train:
        name = pair_name(SOURCE_LANGUAGE, code)
        for split in SPLITS:
            stream = Stream(settings.seed, "bitext", "opus100", split, code)
            both = (languages[code], languages[SOURCE_LANGUAGE])
            drawn = list(draw_translations(stream, split, both, sizes.of(split, code)))
            for side, texts in (
                (SOURCE_LANGUAGE, [item.english for item in drawn]),
                (code, [item.foreign for item in drawn]),
            ):
                release.write(
                    f"opus-100-corpus/v1.0/supervised/{name}/opus.{name}-{split}.{side}",
                    [[_untokenised(text)] for text in texts],
                    form=OPUS_FORM,
                    uses=[("labelled", split, code)],
                )


def _places(
    settings: Artificial, split: Split, code: str, rows: int, sizes: BitextSizes
) -> frozenset[int]:
    """Return the rows, from 0, that are translated into a language."""
    stream = Stream(settings.seed, "bitext", "translated", split, code)
    return frozenset(selected(rows, sizes.of(split, code), stream))


def _ted_rows(
    stream: Stream,
    split: Split,
    languages: dict[str, Language],
    codes: list[str],
    rows: int,
    translated: Mapping[str, frozenset[int]],
) -> Iterator[list[str]]:
    yield [SOURCE_LANGUAGE, *codes, TALK]
    seen: set[str] = set()
    while len(seen) < rows:
        sentence = Sentence(draw_clause(stream, split, RETRIEVAL))
        english = text_of(languages[SOURCE_LANGUAGE].say(sentence))
        if english in seen:
            continue
        number = len(seen)
        seen.add(english)
        cells = [
            text_of(languages[code].say(sentence)) if number in translated[code] else _NULL[i % 2]
            for i, code in enumerate(codes)
        ]
        yield [english, *cells, f"{split}_talk_{number // _TALK_LENGTH}"]


def _untokenised(text: str) -> str:
    """Write the final mark without a blank before it."""
    return text[:-2] + text[-1] if text.endswith(_MARKS) else text

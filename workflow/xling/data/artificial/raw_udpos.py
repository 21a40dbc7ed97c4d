# SPDX-License-Identifier: Apache-2.0
"""The artificial treebanks, laid out as Universal Dependencies releases are."""

from __future__ import annotations

from xling.config.study import Artificial
from xling.data.artificial import conllu, events
from xling.data.artificial.alignment import Groups
from xling.data.artificial.grammar import Language
from xling.data.artificial.meaning import Sentence
from xling.data.artificial.phrases import Token
from xling.data.artificial.purposes import Purpose
from xling.data.artificial.raw_tagging import draw, write_translations
from xling.data.artificial.release import Release
from xling.data.artificial.streams import Stream
from xling.tasks import SOURCE_LANGUAGE

TASK = "udpos"
# Ours: share of the test sentences that are in a second treebank, which has no other split; UD
# has such treebanks, and readers must join them.
EXTRA = 0.25
# Ours: share of the sentences with an empty node.
EMPTY_NODES = 0.03


def write_udpos(release: Release, settings: Artificial, languages: dict[str, Language]) -> None:
    """Write all files of the task."""
    sentences = draw(settings, TASK, events.UDPOS)
    for code, language in languages.items():
        for split, drawn in sentences.items():
            if split == "train" and code != SOURCE_LANGUAGE:
                continue
            extra = round(EXTRA * len(drawn)) if split == "test" else 0
            border = len(drawn) - extra
            stream = Stream(settings.seed, TASK, "empty nodes", split, code)
            for treebank, part in (("Artificial", drawn[:border]), ("Extra", drawn[border:])):
                if part:
                    _write(release, language, treebank, split, part, stream)
    write_translations(release, settings, languages, TASK, sentences, written)


def written(language: Language, words: list[Token]) -> tuple[list[str], Groups]:
    """Return the written words of a sentence and what each is made of."""
    parts = conllu.groups(language, words)
    return conllu.written_words(language, words, parts), parts


def _write(
    release: Release,
    language: Language,
    treebank: str,
    split: Purpose,
    sentences: list[Sentence],
    stream: Stream,
) -> None:
    code = language.code
    name = "English" if code == SOURCE_LANGUAGE else code.capitalize()
    stem = f"{code}_{treebank.lower()}-ud-{split}"
    blocks = (
        conllu.block(
            language,
            language.say(sentence),
            f"{stem}-{number:04d}",
            copied=stream.chance(EMPTY_NODES),
        )
        for number, sentence in enumerate(sentences, start=1)
    )
    release.add(
        f"UD_{name}-{treebank}/{stem}.conllu",
        "".join(blocks),
        form="ud-conllu",
        uses=[("labelled", split, code)],
    )

# SPDX-License-Identifier: Apache-2.0
"""The artificial BUCC 2018 and Tatoeba; each pair of languages has its own sentences."""

from __future__ import annotations

from xling.config.study import Artificial
from xling.data.artificial.grammar import Language
from xling.data.artificial.purposes import Purpose
from xling.data.artificial.release import Release
from xling.data.artificial.retrieval import draw_corpora, draw_translations
from xling.data.artificial.streams import Stream
from xling.tasks import SOURCE_LANGUAGE


def write_bucc2018(release: Release, settings: Artificial, languages: dict[str, Language]) -> None:
    """Write both sides and the gold of each pair; sizes count gold pairs.

    The release calls the development set "sample" and the test set "training".
    """
    sizes = settings.sizes["bucc2018"]
    splits: tuple[tuple[Purpose, str, int], ...] = (
        ("dev", "sample", sizes.dev),
        ("test", "training", sizes.test),
    )
    for code, language in _targets(languages):
        for split, name, size in splits:
            if not size:
                continue
            stream = Stream(settings.seed, "bucc2018", split, code)
            drawn = draw_corpora(stream, split, (language, languages[SOURCE_LANGUAGE]), size)
            gold = [(_id(code, one), _id(SOURCE_LANGUAGE, two)) for one, two in drawn.gold]
            for end, form, rows in (
                (code, "bucc-source", _numbered(code, drawn.foreign)),
                (SOURCE_LANGUAGE, "bucc-target", _numbered(SOURCE_LANGUAGE, drawn.english)),
                ("gold", "bucc-gold", gold),
            ):
                path = f"bucc2018/{code}-en/{code}-en.{name}.{end}"
                release.write(path, rows, form=form, uses=[("labelled", split, code)])


def write_tatoeba(release: Release, settings: Artificial, languages: dict[str, Language]) -> None:
    """Write both sides of each pair, line by line."""
    for code, language in _targets(languages):
        stream = Stream(settings.seed, "tatoeba", "test", code)
        both = (language, languages[SOURCE_LANGUAGE])
        drawn = list(draw_translations(stream, "test", both, settings.sizes["tatoeba"].test))
        for end, form, texts in (
            (code, "tatoeba-source", [item.foreign for item in drawn]),
            ("eng", "tatoeba-target", [item.english for item in drawn]),
        ):
            release.write(
                f"v1/tatoeba.{code}-eng.{end}",
                [[text] for text in texts],
                form=form,
                uses=[("labelled", "test", code)],
            )


def _targets(languages: dict[str, Language]) -> list[tuple[str, Language]]:
    return [(code, language) for code, language in languages.items() if code != SOURCE_LANGUAGE]


def _numbered(code: str, texts: list[str]) -> list[tuple[str, str]]:
    return [(_id(code, number), text) for number, text in enumerate(texts)]


def _id(code: str, number: int) -> str:
    """Return the id of a line from 0, with nine digits as in the release."""
    return f"{code}-{number + 1:09d}"

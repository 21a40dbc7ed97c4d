# SPDX-License-Identifier: Apache-2.0
"""WMT-10 and the WMT-6 stand-in, made of the files that ``wmt_sources`` names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from xling.errors import DataError
from xling.mt.data.bitext import (
    AlignedLine,
    Corpus,
    Direction,
    LanguagePair,
    Split,
    aligned,
    chained,
    check_known,
    with_english,
)
from xling.mt.data.wmt_formats import sgml, tmx, tsv
from xling.mt.data.wmt_sources import RECIPES, Source


def artefacts_of(languages: Iterable[str]) -> list[str]:
    """Return the keys of the registry that languages need, sorted.

    Raises:
        UsageError: there is no recipe for a language.
    """
    return sorted({source.artefact for code in languages for source in _all(code)})


def corpora(
    downloads: Path, languages: list[str], split: Split, direction: Direction
) -> list[Corpus]:
    """Return the pairs of English with each language.

    Development and test sets depend on the direction: since 2019 both directions have their own
    sentences (gu), before they differ in which side is the original.

    Args:
        downloads: holds a folder of each artefact, as ``xling fetch`` leaves it.
        languages: among the keys of ``RECIPES``.
        split: of the recipe.
        direction: which files of dev and test.

    Raises:
        UsageError: there is no recipe for a language.
        DataError: a file is missing, or several fit.
    """
    found = []
    for language in languages:
        check_known(language, RECIPES, "our WMT data")
        recipe, pair = RECIPES[language], with_english(language)
        sources = {"train": recipe.train, "dev": (recipe.dev,), "test": (recipe.test,)}[split]
        opened = [_opened(downloads, source, pair, direction) for source in sources]
        found.append(
            Corpus(
                pair=pair,
                split=split,
                lines=partial(chained, [read for read, _ in opened]),
                files=tuple(file for _, files in opened for file in files),
            )
        )
    return found


def tenth(sizes: dict[str, int]) -> dict[str, int]:
    """Return a size profile divided by ten: the first stage before full WMT-10."""
    return {language: size // 10 for language, size in sizes.items()}


def _all(language: str) -> tuple[Source, ...]:
    check_known(language, RECIPES, "our WMT data")
    recipe = RECIPES[language]
    return (*recipe.train, recipe.dev, recipe.test)


_Read = Callable[[], Iterable[AlignedLine]]


def _opened(
    downloads: Path, source: Source, pair: LanguagePair, direction: Direction
) -> tuple[_Read, list[Path]]:
    files = [
        _file(downloads, source.artefact, _filled(path, pair, direction)) for path in source.paths
    ]
    if source.form == "tmx":
        return partial(tmx, files[0], pair), files
    if source.form == "tsv":
        return partial(tsv, files[0], english=1), files
    if source.form == "titles":
        return partial(tsv, files[0], english=1, separator="|||"), files
    return partial(sgml if source.form == "sgml" else aligned, *files), files


def _filled(path: str, pair: LanguagePair, direction: Direction) -> str:
    sides = ("src", "ref") if direction == "o2m" else ("ref", "src")
    return path.format(
        xx=pair.second,
        pair="".join(pair.directed(direction)),
        en_side=sides[0],
        xx_side=sides[1],
    )


def _file(downloads: Path, artefact: str, pattern: str) -> Path:
    """Return the only file whose last parts match a pattern; some archives have a folder more."""
    folder = downloads / artefact
    found = sorted(folder.rglob(pattern))
    if len(found) != 1:
        there = ", ".join(str(path.relative_to(folder)) for path in found)
        raise DataError(
            f"several files of '{artefact}' fit {pattern}: {there}"
            if found
            else f"a file of '{artefact}' is missing",
            where=str(folder / pattern),
            allowed="one file of that name",
            fix=f"run 'xling fetch --dataset {artefact}' where there is a network",
        )
    return found[0]

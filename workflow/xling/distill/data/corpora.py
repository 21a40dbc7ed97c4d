# SPDX-License-Identifier: Apache-2.0
"""Corpora by name: what is downloaded for them, and how the downloads are read.

Keys are those of the registry of downloads (``config/datasets.csv``); a download lies in
the folder of its key.  Names of corpora are those in the rows of prepared data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from xling.distill.data import moses, parquet_pairs, tables, tatoeba
from xling.distill.data.corpus import MIXED, ParallelCorpus, only_file, pair_name
from xling.errors import UsageError, nearest

# Where OPUS calls a language otherwise; GlobalVoices has codes of its own.
_OPUS_CODES = {"zh-cn": "zh_cn", "zh-tw": "zh_tw", "pt-br": "pt_br", "fr-ca": "fr_ca"}
_GLOBAL_VOICES = {"zh-cn": "zhs", "zh-tw": "zht", "ja": "jp"}


@dataclass(frozen=True)
class Source:
    """A corpus as it is published.

    Attributes:
        keys: of the downloads for one language.
        read: gives the corpora of languages from the folder of all downloads.
    """

    keys: Callable[[str], Sequence[str]]
    read: Callable[[Path, list[str]], list[ParallelCorpus]]


def keys_of(name: str, languages: list[str]) -> list[str]:
    """Return the keys of the downloads of a corpus, each once.

    Raises:
        UsageError: there is no such corpus.
    """
    source = _source(name)
    return list(dict.fromkeys(key for language in languages for key in source.keys(language)))


def corpora_of(name: str, languages: list[str], data: Path) -> list[ParallelCorpus]:
    """Return a corpus in each language.

    Args:
        name: of the corpus, a key of ``SOURCES``.
        languages: codes; ``mul`` alone for ``wikititles`` and ``MUSE-all``.
        data: the folder of the downloads, ``resources/data``.

    Raises:
        UsageError: there is no such corpus, or it lacks a language.
        DataError: a download is missing or damaged.
    """
    return _source(name).read(data, languages)


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise UsageError(
            f"there is no parallel corpus '{name}'",
            where="corpora",
            allowed=", ".join(SOURCES),
            fix=nearest(name, SOURCES) or "take it out of the list",
        )
    return SOURCES[name]


def _opus(name: str, codes: dict[str, str] | None = None) -> Source:
    known = _OPUS_CODES if codes is None else codes

    def key(language: str) -> str:
        return f"opus-{name.lower()}-{pair_name(known.get(language, language))}"

    def read(data: Path, languages: list[str]) -> list[ParallelCorpus]:
        return [
            moses.corpus(data / key(language), name, language, known.get(language))
            for language in languages
        ]

    return Source(lambda language: [key(language)], read)


def _collection(name: str, *, dev: bool = False) -> Source:
    splits = ("train", "dev") if dev else ("train",)

    def keys(language: str) -> list[str]:
        pair = "all" if language == MIXED else f"en-{language}"
        return [f"parallel-{name}-{pair}-{split}" for split in splits]

    def read(data: Path, languages: list[str]) -> list[ParallelCorpus]:
        return [
            parquet_pairs.corpus([data / key for key in keys(language)], name, language)
            for language in languages
        ]

    return Source(keys, read)


def _one_file(
    key: Callable[[str], str], name: str, read: Callable[[Path, str], ParallelCorpus]
) -> Source:
    """Return a source with a file per language; only one file lies in the folder of its key."""

    def read_all(data: Path, languages: list[str]) -> list[ParallelCorpus]:
        folders = {language: data / key(language) for language in languages}
        return [
            read(only_file(folder, ("*.tsv", "*.tsv.gz", "*.txt"), name), language)
            for language, folder in folders.items()
        ]

    return Source(lambda language: [key(language)], read_all)


def _ted(data: Path, languages: list[str]) -> list[ParallelCorpus]:
    path = only_file(data / "ted2020", ("*.tsv", "*.tsv.gz"), "TED2020")
    return tables.ted2020(path, languages)


def _tatoeba(data: Path, languages: list[str]) -> list[ParallelCorpus]:
    folders = {name: data / f"tatoeba-{name}" / f"{name}.csv" for name in ("sentences", "links")}
    return tatoeba.corpora(folders["sentences"], folders["links"], languages)


def _wikimatrix(data: Path, languages: list[str]) -> list[ParallelCorpus]:
    return [
        tables.wikimatrix(data / f"wikimatrix-{pair_name(language)}", language)
        for language in languages
    ]


def _mixed(path: Path, language: str, name: str) -> ParallelCorpus:
    return tables.translations(path, name, language)


SOURCES: dict[str, Source] = {
    "TED2020": Source(lambda _: ["ted2020"], _ted),
    "WikiMatrix": Source(lambda code: [f"wikimatrix-{pair_name(code)}"], _wikimatrix),
    "Tatoeba": Source(lambda _: ["tatoeba-sentences", "tatoeba-links"], _tatoeba),
    "MUSE": _one_file(lambda code: f"muse-en-{code}", "MUSE", tables.muse),
    "MUSE-all": _one_file(lambda _: "muse-all", "MUSE-all", partial(_mixed, name="MUSE-all")),
    "GlobalVoices": _opus("GlobalVoices", _GLOBAL_VOICES),
    "News-Commentary": _opus("News-Commentary"),
    "Europarl": _opus("Europarl"),
    "OpenSubtitles": _opus("OpenSubtitles"),
    "UNPC": _opus("UNPC"),
    "JW300": _opus("JW300"),
    "talks": _collection("talks", dev=True),
    "wikimatrix": _collection("wikimatrix", dev=True),
    "tatoeba": _collection("tatoeba", dev=True),
    "news-commentary": _collection("news-commentary"),
    "global-voices": _collection("global-voices"),
    "europarl": _collection("europarl"),
    "wikititles": _collection("wikititles"),
}

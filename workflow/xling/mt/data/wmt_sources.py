# SPDX-License-Identifier: Apache-2.0
"""Which published files our WMT-10 and the WMT-6 stand-in are made of.

No archive of "WMT-10" exists and the languages, years and filters of CATS are unknown.  Languages
are those of the only published benchmark of that name (Wang, Zhai, Hassan Awadalla, EMNLP 2020);
the year of each is ours, files as in fairseq's ``download_wmt19_and_before.py`` (cats-data.md,
section 3).  Not to be had without registration, and left out: CzEng (cs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal["lines", "tsv", "titles", "tmx", "sgml"]


@dataclass(frozen=True)
class Source:
    """One or two files of an artefact (a row of the registry).

    Attributes:
        paths: patterns below the artefact's folder: one for ``tsv``, ``titles`` and ``tmx``; else
            one per side, English first.  ``{xx}`` stands for the other language, ``{pair}`` for
            source and target of the direction (``deen``), ``{en_side}`` and ``{xx_side}`` for
            ``src`` or ``ref``.
    """

    artefact: str
    form: Form
    paths: tuple[str, ...]


@dataclass(frozen=True)
class LanguageSources:
    """The files of one language, in the order in which they are read."""

    train: tuple[Source, ...]
    dev: Source
    test: Source


def _lines(artefact: str, stem: str) -> Source:
    return Source(artefact, "lines", (f"{stem}.en", f"{stem}.{{xx}}"))


def _news(artefact: str, stem: str) -> Source:
    """Return a set that was published as source and reference of each direction."""
    stem = f"{stem}-{{pair}}"
    return Source(
        artefact, "sgml", (f"{stem}-{{en_side}}.en.sgm", f"{stem}-{{xx_side}}.{{xx}}.sgm")
    )


def _news_2014(stem: str) -> Source:
    # Both directions are in files named after the one into English.
    return Source(
        "wmt14-test-full",
        "sgml",
        (f"{stem}-{{xx}}en-{{en_side}}.en.sgm", f"{stem}-{{xx}}en-{{xx_side}}.{{xx}}.sgm"),
    )


def _setimes(language: str) -> Source:
    return Source(f"setimes-2-en-{language}", "tmx", ("*.tmx",))


_EUROPARL_7 = _lines("wmt13-europarl-v7", "training/europarl-v7.{xx}-en")
_COMMON_CRAWL = _lines("wmt13-commoncrawl", "commoncrawl.{xx}-en")
_NEWS_9 = _lines("wmt14-news-commentary-v9", "training/news-commentary-v9.{xx}-en")
_DEV_2013 = _lines("wmt14-dev", "dev/newstest2013")
_PARACRAWL_1 = "paracrawl-release1.en-{xx}.zipporah0-dedup-clean"

RECIPES: dict[str, LanguageSources] = {
    "fr": LanguageSources(
        (
            _EUROPARL_7,
            _COMMON_CRAWL,
            _lines("wmt13-un", "un/undoc.2000.{xx}-en"),
            _NEWS_9,
            # A tar of gzip files.
            Source(
                "wmt10-giga-fren",
                "lines",
                ("giga-fren.release2.fixed.en.gz", "giga-fren.release2.fixed.fr.gz"),
            ),
        ),
        _DEV_2013,
        _news_2014("test-full/newstest2014"),
    ),
    "cs": LanguageSources(
        (
            _EUROPARL_7,
            _COMMON_CRAWL,
            _lines("wmt18-news-commentary-v13", "news-commentary-v13.{xx}-en"),
            _lines("paracrawl-1-en-cs", _PARACRAWL_1),
        ),
        _news("wmt18-dev", "dev/newstest2017"),
        _news("wmt18-test", "test/newstest2018"),
    ),
    "de": LanguageSources(
        (_EUROPARL_7, _COMMON_CRAWL, _NEWS_9),
        _DEV_2013,
        _news_2014("test-full/newstest2014"),
    ),
    "fi": LanguageSources(
        (
            _lines("wmt17-europarl-v8", "europarl-v8.{xx}-en"),
            Source("wmt15-wiki-titles", "titles", ("wiki/fi-en/titles.fi-en",)),
            _lines("wmt17-rapid2016", "rapid2016.en-{xx}"),
        ),
        _news("wmt17-dev", "dev/newstest2016"),
        _news("wmt17-test", "test/newstest2017"),
    ),
    "lv": LanguageSources(
        (
            _lines("wmt17-europarl-v8", "europarl-v8.{xx}-en"),
            _lines("wmt17-rapid2016", "rapid2016.en-{xx}"),
            _lines("wmt17-leta-v1", "leta"),
            _lines("wmt17-dcep-v1", "dcep"),
            _lines("wmt17-books-v1", "farewell"),
        ),
        _news("wmt17-dev", "dev/newsdev2017"),
        _news("wmt17-test", "test/newstest2017"),
    ),
    "et": LanguageSources(
        (
            _lines("wmt18-europarl-v8", "europarl-v8.{xx}-en"),
            _lines("paracrawl-1-en-et", _PARACRAWL_1),
            _lines("wmt18-rapid2016", "rapid2016.en-{xx}"),
        ),
        _news("wmt18-dev", "dev/newsdev2018"),
        _news("wmt18-test", "test/newstest2018"),
    ),
    "ro": LanguageSources(
        (_lines("wmt16-europarl-v8", "europarl-v8.{xx}-en"), _setimes("ro")),
        _news("wmt16-dev-romanian", "dev/newsdev2016"),
        _news("wmt16-test", "test/newstest2016"),
    ),
    "hi": LanguageSources(
        (_lines("iitb-en-hi", "parallel/IITB.en-{xx}"),),
        _lines("iitb-en-hi-dev-test", "dev_test/dev"),
        _lines("iitb-en-hi-dev-test", "dev_test/test"),
    ),
    "tr": LanguageSources(
        (_setimes("tr"),),
        _news("wmt17-dev", "dev/newstest2016"),
        _news("wmt17-test", "test/newstest2017"),
    ),
    "gu": LanguageSources(
        (
            Source("wmt19-bible-gu-en", "tsv", ("bible.gu-en.tsv",)),
            Source("wmt19-govin-clean-gu-en", "tsv", ("govin-clean.gu-en.tsv",)),
            Source("wmt19-wikipedia-gu-en", "tsv", ("wikipedia.gu-en.tsv",)),
            Source("wikititles-1-gu-en", "tsv", ("wikititles-v1.gu-en.tsv",)),
        ),
        _news("wmt19-dev", "dev/newsdev2019"),
        _news("wmt19-test", "sgm/newstest2019"),
    ),
    # Of the WMT-6 stand-in alone; CWMT's sets need a registration and are left out.
    "zh": LanguageSources(
        (
            _lines("wmt17-news-commentary-v12", "training/news-commentary-v12.{xx}-en"),
            _lines("un-1.0-en-zh", "UNv1.0.en-{xx}"),
        ),
        _news("wmt17-dev", "dev/newsdev2017"),
        _news("wmt17-test", "test/newstest2017"),
    ),
}

#: Languages from most to least data, as in the scripts that use the benchmark.
WMT10 = ("fr", "cs", "de", "fi", "lv", "et", "ro", "hi", "tr", "gu")
#: Ours: training pairs of WMT-10, where all there is would be more.  The sizes are said to be those
#: of the paper, from memory and not verified; so none of them is a check.
WMT10_SIZES = {
    "fr": 10_000_000,
    "cs": 10_000_000,
    "de": 4_600_000,
    "fi": 4_800_000,
    "lv": 1_400_000,
    "et": 700_000,
    "ro": 500_000,
    "hi": 260_000,
    "tr": 180_000,
    "gu": 80_000,
}
#: Training pairs of the stand-in (Huang et al. 2023), which has published scores.
WMT6_SIZES = {
    "tr": 5_000,
    "ro": 10_000,
    "et": 80_000,
    "zh": 400_000,
    "de": 1_500_000,
    "fr": 3_000_000,
}
WMT6 = tuple(WMT6_SIZES)

# SPDX-License-Identifier: Apache-2.0
"""How far a language is from the source: typology of real ones, the dials of artificial ones."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from xling.config.loader import config_file
from xling.config.study import ArtificialLanguage, Study
from xling.errors import DataError

COLUMNS = ("language", "kind", "distance", "source")
#: Kinds of distance, in words.
KINDS = {
    "syntactic": "cosine distance of URIEL's syntactic features (ours: the paper's is not known)",
    "dials": "mean of the dials of an artificial language, 0 to 1 (ours)",
    "order": "share of the three dials of order that differ from the source (ours)",
    "words": "share of words that are no cognates (ours)",
}
# The source has the order of English, and its script.
_SOURCE = {"word_order": "SVO", "adjective": "before", "adposition": "before", "script": "latin"}
_ORDER = ("word_order", "adjective", "adposition")


def distances(study: Study, languages: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the distance of languages to the source, by kind.

    A language of which nothing is known is in no kind.
    """
    artificial = study.data.artificial
    if artificial is None:
        known = read_distances(config_file("language_distances.csv"))
    else:
        known = dialled(artificial.languages)
    return {
        kind: {code: own[code] for code in languages if code in own} for kind, own in known.items()
    }


def dialled(languages: Mapping[str, ArtificialLanguage]) -> dict[str, dict[str, float]]:
    """Return the distances of artificial languages from how they were made."""
    found: dict[str, dict[str, float]] = {"dials": {}, "order": {}, "words": {}}
    for code, language in languages.items():
        differs = {name: float(getattr(language, name) != own) for name, own in _SOURCE.items()}
        words = 1.0 - language.cognates
        found["dials"][code] = fmean([*differs.values(), words])
        found["order"][code] = fmean(differs[name] for name in _ORDER)
        found["words"][code] = words
    return found


def read_distances(path: Path) -> dict[str, dict[str, float]]:
    """Read ``config/language_distances.csv``: distances by kind and language.

    Raises:
        DataError: other columns, an unknown kind, a value twice, one that is no distance, or one
            without a source.
    """
    found: dict[str, dict[str, float]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise _bad(path, 1, "the columns are not those of the table", ", ".join(COLUMNS))
        for line, row in enumerate(reader, start=2):
            own = found.setdefault(row["kind"], {})
            if row["kind"] not in KINDS:
                raise _bad(path, line, f"unknown kind '{row['kind']}'", ", ".join(KINDS))
            if row["language"] in own:
                raise _bad(path, line, f"{row['language']} is there twice", "each language once")
            if not row["source"]:
                raise _bad(path, line, "a distance has no source", "where it is from")
            try:
                own[row["language"]] = float(row["distance"])
            except ValueError as error:
                raise _bad(path, line, f"'{row['distance']}' is no number", "a number") from error
            if not 0.0 <= own[row["language"]] <= 1.0:
                raise _bad(path, line, f"a distance of {row['distance']}", "0 to 1")
    return found


def _bad(path: Path, line: int, what: str, allowed: str) -> DataError:
    return DataError(what, where=f"{path}, line {line}", allowed=allowed, fix="correct the line")

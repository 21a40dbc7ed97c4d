# SPDX-License-Identifier: Apache-2.0
"""What translation models call a language: ``config/translation_codes.csv``.

Sources: FLORES-200 and M2M-100 as the tokenizers of transformers list them; MADLAD-400's model
card; for OPUS-MT the tags of the multilingual Tatoeba-Challenge models (``>>deu<<``).  Which of the
latter a model knows is seen when it is loaded.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Literal

from xling.config.loader import config_file
from xling.errors import UsageError, nearest

#: Families of models that share codes; NLLB-200 has those of FLORES-200.
Family = Literal["nllb", "m2m100", "madlad", "opus_mt"]
_COLUMN = {"nllb": "flores", "m2m100": "m2m100", "madlad": "madlad", "opus_mt": "opus_mt"}
TABLE = "translation_codes.csv"


def code_of(family: Family, language: str) -> str:
    """Return what the models of a family call a language.

    Args:
        family: of models.
        language: ISO 639-1 code, as in studies.

    Raises:
        UsageError: the family does not know the language.
    """
    known = languages_of(family)
    if language not in known:
        raise UsageError(
            f"{family} models cannot translate '{language}'",
            where=f"config/{TABLE}, column '{_COLUMN[family]}'",
            allowed=", ".join(known),
            fix=nearest(language, known) or "take another model, or leave the language out",
        )
    return known[language]


def languages_of(family: Family) -> dict[str, str]:
    """Return the languages that a family of models knows, and what it calls them."""
    rows = _rows(config_file(TABLE)).items()
    return {code: row[_COLUMN[family]] for code, row in rows if row[_COLUMN[family]]}


@cache
def _rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["code"]: row for row in csv.DictReader(stream)}

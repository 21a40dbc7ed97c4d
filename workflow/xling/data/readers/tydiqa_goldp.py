# SPDX-License-Identifier: Apache-2.0
"""Format ``tydiqa-goldp``: TyDiQA-GoldP's training file, all languages in one SQuAD JSON.

An id begins with the language: ``swahili-…-3``.  Of artificial data that is the language's code.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from xling.data.language_names import TYDIQA
from xling.data.manifest import RawFile
from xling.data.readers.lines import RESTORE
from xling.data.readers.rows import Reading
from xling.data.readers.squad_json import Placed, parse, refuse_repeated
from xling.errors import DataError

_CODES = {name: code for code, name in TYDIQA.items()}


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read all languages of one file, in the order of the file.

    An id keeps its last part only, as in XTREME's files by language, where that names every
    question of a language; in the published file it does not, and the id keeps all but the
    language.

    Raises:
        DataError: an id names no language, or what
            :func:`xling.data.readers.squad_json.read` refuses.
    """
    del labels  # Answers are no classes.
    placed, dropped = parse(path, about)
    split = [_split(path, p) for p in placed]
    last = Counter((code, rest.rpartition("-")[2]) for code, rest in split)
    unclear = {code for (code, _), count in last.items() if count > 1}
    named = [
        p._replace(
            row=p.row._replace(
                id=rest if code in unclear else rest.rpartition("-")[2],
                language=code,
                text_language=code,
            )
        )
        for p, (code, rest) in zip(placed, split, strict=True)
    ]
    refuse_repeated(path, named)
    return Reading(rows=[p.row for p in named], dropped=dropped)


def _split(path: Path, placed: Placed) -> tuple[str, str]:
    """Return the language of an id and the rest of it."""
    prefix, _, rest = placed.row.id.partition("-")
    code = _CODES.get(prefix, prefix)
    if not rest or not re.fullmatch(r"[a-z]{2,3}", code):
        raise DataError(
            f"the id '{placed.row.id}' names no language",
            where=f"{path}, {placed.place}",
            allowed=f"ids that begin with {', '.join(sorted(_CODES))} or a language code",
            fix=RESTORE,
        )
    return code, rest

# SPDX-License-Identifier: Apache-2.0
"""Unweighted means over languages, or language pairs, that are tested."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from xling.distill.evaluation.similarity import languages_of
from xling.distill.tables.frame import STS
from xling.tables.table import AVG
from xling.tasks import SOURCE_LANGUAGE

SEEN, UNSEEN = "avg seen", "avg unseen"
MONOLINGUAL, CROSS_LINGUAL = "avg monolingual", "avg cross-lingual"
#: In the order of tables, in words.
AVERAGES = {
    AVG: "all languages that both systems are scored on",
    MONOLINGUAL: "both sentences in one language",
    CROSS_LINGUAL: "sentences in two languages",
    SEEN: "languages that the student was trained on (English always is)",
    UNSEEN: "the others",
}


def members(task: str, codes: Sequence[str], seen: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the languages of each mean by its name.

    A part of them has a mean of its own only if there is another part.

    Args:
        task: of STS codes are pairs.
        codes: languages that are compared.
        seen: languages that the student was trained on; corpora tell countries apart (``zh-cn``),
            tests do not.
    """
    known = {SOURCE_LANGUAGE, *(code.partition("-")[0] for code in seen)}
    found = {AVG: tuple(codes)}
    if task == STS:
        alone = [code for code in codes if len(set(languages_of(code))) == 1]
        found |= _parts(codes, alone, MONOLINGUAL, CROSS_LINGUAL)
        known_codes = [code for code in codes if known.issuperset(languages_of(code))]
    else:
        known_codes = [code for code in codes if code in known]
    return found | _parts(codes, known_codes, SEEN, UNSEEN)


def _parts(
    codes: Sequence[str], part: Collection[str], name: str, other: str
) -> dict[str, tuple[str, ...]]:
    rest = tuple(code for code in codes if code not in part)
    return {name: tuple(part), other: rest} if part and rest else {}

# SPDX-License-Identifier: Apache-2.0
"""Items whose English side is lacking: how many may, and what is said of them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xling.data.checks import LARGEST_LOSS
from xling.errors import DataError

if TYPE_CHECKING:
    from xling.tokens import Tokens

log = logging.getLogger(__name__)

#: Stands for the row of an English side where there is none.
ITSELF = -1

_EXAMPLES = 3


def items_of(tokens: Tokens, rows: np.ndarray) -> dict[str, int]:
    """Return how many items some rows are of, by language, in alphabetical order."""
    different = {(tokens.languages[row], tokens.ids[row]) for row in rows}
    return dict(sorted(Counter(language for language, _ in different).items()))


def count_missing(
    found: np.ndarray,
    target: Tokens,
    what: str,
    files: Sequence[Path | str],
    most: float = LARGEST_LOSS,
) -> dict[str, int]:
    """Return how many items have no partner, by language; of each at most a share may lack.

    Raises:
        DataError: more than that; the first language is named.
    """
    missing = np.flatnonzero(found == ITSELF)
    if not len(missing):
        return {}
    lost, languages = items_of(target, missing), np.asarray(target.languages)
    for language in dict.fromkeys(languages[missing].tolist()):
        of_language = np.flatnonzero(languages == language)
        if lost[language] > most * len({target.ids[row] for row in of_language}):
            ids = dict.fromkeys(target.ids[r] for r in missing if languages[r] == language)
            raise _missing(list(ids), language, what, files, most)
    return lost


def _missing(
    ids: list[str], language: str, what: str, files: Sequence[Path | str], most: float
) -> DataError:
    examples = ", ".join(f"'{name}'" for name in ids[:_EXAMPLES])
    rows = f"all but {most:.0%} of the rows" if most else "every row"
    return DataError(
        f"{len(ids)} items in '{language}' have no {what}, the first: {examples}",
        where=f"{', '.join(map(str, files))}; language {language}",
        allowed=f"a row with the same id for {rows} that X-Mixup reads",
        fix="prepare and tokenise both splits of the same files again; a language whose English "
        "side is lacking cannot be among the languages of X-Mixup",
    )


def log_missing(lost: Mapping[str, int], what: str, instead: str) -> None:
    """Say in the log which languages lack items, and what stands in for them."""
    for language, count in lost.items():
        log.warning("%d items in %s have no %s: %s", count, language, what, instead)


def split_of(tokens: Tokens) -> str:
    """Name the splits of some tokens."""
    splits = dict.fromkeys(f"{info['task']} {info['split']}" for info in tokens.info)
    return f"the tokens of {', '.join(splits)}"

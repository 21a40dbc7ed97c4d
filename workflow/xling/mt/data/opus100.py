# SPDX-License-Identifier: Apache-2.0
"""OPUS-100 v1.0 (Zhang et al. 2020): the files inside its archives (cats-data.md, section 2).

``opus-100-corpus/v1.0/supervised/<pair>/opus.<pair>-<split>.<language>`` and the same below
``zero-shot``, tests only.  A pair's two codes are in alphabetical order.  Plain UTF-8, untokenised,
one sentence per line; only a newline ends a line, as web text holds U+2028.

Five pairs have training data only.  Development and test sets have 2,000 lines but of five small
pairs, where they need not be equal (en-or 1,317 and 1,318).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from xling.errors import UsageError
from xling.mt.data.bitext import Corpus, LanguagePair, Split, aligned, check_known, with_english

#: Pairs without development and test set: of English with these.
TRAIN_ONLY = ("an", "dz", "hy", "mn", "yo")
#: Languages of the zero-shot pairs, each with each other.
ZERO_SHOT = ("ar", "de", "fr", "nl", "ru", "zh")
_ROOT = Path("opus-100-corpus", "v1.0")


def pair_name(one: str, two: str) -> str:
    """Return the name of a pair in OPUS-100: ``af-en``, but ``en-fr``."""
    return "-".join(sorted((one, two)))


def corpora(
    folders: Mapping[str, Path],
    split: Split,
    *,
    expected: Mapping[str, int] | None = None,
) -> list[Corpus]:
    """Return the pairs of English with each language that has this split.

    Args:
        folders: by language, where its archive was unpacked (the folder that holds
            ``opus-100-corpus``).
        split: languages of ``TRAIN_ONLY`` have ``train`` alone; they are left out of the others.
        expected: published number of lines by language, for those that are to be checked.

    Raises:
        DataError: while it is read: a file is missing or damaged, its two sides differ in length,
            or it has not the expected number of lines.
    """
    return [
        _corpus(with_english(language), "supervised", split, folder, (expected or {}).get(language))
        for language, folder in folders.items()
        if split == "train" or language not in TRAIN_ONLY
    ]


def zero_shot(folder: Path, pairs: list[tuple[str, str]]) -> list[Corpus]:
    """Return test sets between two languages other than English.

    The direction ``o2m`` of such a pair is from the first code in alphabetical order.

    Args:
        folder: where the archive of zero-shot tests was unpacked.
        pairs: codes, in any order.

    Raises:
        UsageError: there is no such pair.
    """
    found = []
    for one, two in pairs:
        check_known(one, ZERO_SHOT, "the zero-shot test of OPUS-100")
        check_known(two, ZERO_SHOT, "the zero-shot test of OPUS-100")
        if one == two:
            raise UsageError(
                f"'{one}' twice is no pair",
                where="pairs",
                allowed="two different languages",
                fix="correct the pair",
            )
        found.append(_corpus(LanguagePair(*sorted((one, two))), "zero-shot", "test", folder, None))
    return found


def _corpus(
    pair: LanguagePair, domain: str, split: Split, folder: Path, expected: int | None
) -> Corpus:
    name = pair_name(*pair)
    base = folder / _ROOT / domain / name
    files = tuple(base / f"opus.{name}-{split}.{code}" for code in pair)
    return Corpus(
        pair=pair,
        split=split,
        lines=partial(aligned, *files),
        files=files,
        expected=expected,
    )

# SPDX-License-Identifier: Apache-2.0
"""TED-8 from the primary archive of Qi et al. 2018, ``ted_talks.tar.gz`` (cats-data.md, 1.1, 1.3).

Three TSV files without quoting, one column per language and one for the talk; columns are found by
name.  A cell without translation says ``__NULL__`` or ``_ _ NULL _ _``.  The text is tokenised with
Moses; by default it is detokenised here.

Which text CATS and MultiDDS used is not known (tokenised or not), and BLEU may differ by a point:
name the variant with every score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from xling.data.readers.lines import RESTORE
from xling.errors import DataError, SetupError
from xling.mt.data.bitext import AlignedLine, Corpus, Split, check_known, with_english
from xling.mt.data.lines import iter_lines

Variant = Literal["detokenised", "tokenised"]

#: Columns of the languages of TED-8.  Portuguese is the Brazilian one: ``pt`` of the archive is
#: European and a quarter of its size.
COLUMNS = {
    "aze": "az",
    "bel": "be",
    "glg": "gl",
    "slk": "sk",
    "tur": "tr",
    "rus": "ru",
    "por": "pt-br",
    "ces": "cs",
    "bos": "bs",
    "mar": "mr",
    "hin": "hi",
    "mkd": "mk",
    "ell": "el",
    "bul": "bg",
    "fra": "fr",
    "kor": "ko",
}
#: The two benchmarks of MultiDDS (Wang et al. 2020), low-resource languages first.
RELATED = ("aze", "bel", "glg", "slk", "tur", "rus", "por", "ces")
DIVERSE = ("bos", "mar", "hin", "mkd", "ell", "bul", "fra", "kor")
TALK = "talk_name"
_ENGLISH_COLUMN = "en"
# neulab's reader drops a pair if a side contains this, wherever it stands.
_PLACEHOLDER = "NULL"


class _Columns(NamedTuple):
    """Where a pair stands in a row, and how many fields a row has."""

    english: int
    foreign: int
    width: int


def corpora(
    folder: Path, languages: list[str], split: Split, variant: Variant = "detokenised"
) -> list[Corpus]:
    """Return the pairs of English with each language.

    Args:
        folder: holds ``all_talks_train.tsv``, ``all_talks_dev.tsv`` and ``all_talks_test.tsv``.
        languages: ISO 639-3 codes of TED-8, or names of columns where they are none.
        split: which file.
        variant: ``tokenised`` keeps the text of the archive.

    Raises:
        DataError: the file is missing or lacks a column.
        UsageError: a language is neither one of TED-8 nor a column.
        SetupError: the detokeniser is not installed.
    """
    path = folder / f"all_talks_{split}.tsv"
    names = next(iter_lines(path)).split("\t")
    for name in (_ENGLISH_COLUMN, TALK):
        if name not in names:
            raise DataError(
                f"the header lacks the column {name}",
                where=f"{path}, line 1",
                allowed="codes of languages and talk_name, separated by tabs",
                fix=RESTORE,
            )
    known = [code for code, column in COLUMNS.items() if column in names]
    known += [name for name in names if name not in (*COLUMNS.values(), _ENGLISH_COLUMN, TALK)]
    found = []
    for language in languages:
        check_known(language, known, f"the file {path.name}")
        column = COLUMNS.get(language, language)
        place = _Columns(names.index(_ENGLISH_COLUMN), names.index(column), len(names))
        clean = None
        if variant == "detokenised":
            clean = (_detokeniser(_ENGLISH_COLUMN), _detokeniser(column))
        found.append(
            Corpus(
                pair=with_english(language),
                split=split,
                lines=partial(_rows, path, place),
                files=(path,),
                placeholder=_PLACEHOLDER,
                clean=clean,
            )
        )
    return found


def _rows(path: Path, place: _Columns) -> Iterator[AlignedLine]:
    """Give the cells of two columns; rows are numbered from 1 after the header."""
    lines = iter_lines(path)
    next(lines)
    for number, line in enumerate(lines, start=1):
        fields = line.split("\t")
        if len(fields) != place.width:
            raise DataError(
                f"{len(fields)} fields instead of {place.width}",
                where=f"{path}, line {number + 1}",
                allowed="one field per column of the header, separated by tabs",
                fix=RESTORE,
            )
        yield AlignedLine(number, fields[place.english], fields[place.foreign])


def _detokeniser(column: str) -> Callable[[str], str]:
    """Return Moses' rules for a column; they go by ISO 639-1 codes without the country."""
    try:
        from sacremoses import MosesDetokenizer
    except ImportError as error:
        raise SetupError(
            "the package sacremoses is missing",
            where="reading TED",
            allowed="Moses' detokeniser, which TED's tokenised text needs",
            fix="install xling with its requirements, or ask for the variant 'tokenised'",
        ) from error
    moses = MosesDetokenizer(lang=column.partition("-")[0])
    return lambda text: str(moses.detokenize(text.split()))

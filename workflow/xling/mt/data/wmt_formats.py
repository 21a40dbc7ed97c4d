# SPDX-License-Identifier: Apache-2.0
"""Formats of WMT's parallel files beside plain line-parallel ones: TSV, titles, TMX, SGML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, iterparse

from xling.data.readers.lines import RESTORE
from xling.errors import DataError
from xling.mt.data.bitext import AlignedLine, LanguagePair
from xling.mt.data.lines import count_rest, iter_lines

_SEGMENT = re.compile(r"<seg\b[^>]*>(.*?)</seg>", re.IGNORECASE | re.DOTALL)
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def tsv(path: Path, *, english: int, separator: str = "\t") -> Iterator[AlignedLine]:
    """Give the lines of a file with two or more fields, the first two of which are a pair.

    Args:
        path: for example ``wikititles-v1.gu-en.tsv``; WMT15's titles have ``|||`` for a tab.
        english: 0 or 1, the field in English.
        separator: of the fields.

    Raises:
        DataError: a line has one field only.
    """
    for number, line in enumerate(iter_lines(path), start=1):
        fields = line.split(separator)
        if len(fields) < 2:
            raise DataError(
                "one field instead of two",
                where=f"{path}, line {number}",
                allowed=f"two sentences, separated by {separator!r}",
                fix=RESTORE,
            )
        yield AlignedLine(number, fields[english], fields[1 - english])


def tmx(path: Path, pair: LanguagePair) -> Iterator[AlignedLine]:
    """Give the translation units of a TMX file; one unit is in memory at a time.

    A unit that lacks a language gives an empty line, which the filter drops and counts.

    Raises:
        DataError: the file cannot be read, is no TMX or has no unit.
    """
    number = 0
    try:
        body = None
        for event, element in iterparse(path, events=("start", "end")):
            if event == "start":
                body = element if element.tag == "body" else body
            elif element.tag == "tu":
                number += 1
                texts = {_code(variant): _text(variant) for variant in element.iter("tuv")}
                yield AlignedLine(number, texts.get(pair.first, ""), texts.get(pair.second, ""))
                if body is not None:
                    body.clear()  # else all units stay in memory as its children
    except (OSError, ParseError) as error:
        raise DataError(
            f"the TMX file cannot be read ({error})",
            where=str(path),
            allowed="XML with the elements tu, tuv and seg",
            fix=RESTORE,
        ) from error
    if not number:
        raise DataError("the TMX file has no translation unit", where=str(path), fix=RESTORE)


def _code(variant: Element) -> str:
    return (variant.get(_LANGUAGE) or variant.get("lang") or "").lower()


def _text(variant: Element) -> str:
    """Return the text of a variant; inline tags inside it are formatting."""
    segment = variant.find("seg")
    return "" if segment is None else "".join(segment.itertext())


def sgml(first: Path, second: Path) -> Iterator[AlignedLine]:
    """Give the segments of two SGML files of a WMT dev or test set, numbered from 1.

    Raises:
        DataError: a file cannot be read or has no segment, or the numbers of segments differ.
    """
    one, two = _segments(first), _segments(second)
    for number, (left, right) in enumerate(zip_longest(one, two), start=1):
        if left is None or right is None:
            longer = number + count_rest(one if right is None else two)
            counts = (longer, number - 1) if right is None else (number - 1, longer)
            raise DataError(
                f"the two sides have {counts[0]:,} and {counts[1]:,} segments",
                where=f"{first} and {second}",
                allowed="source and reference of one test set",
                fix=RESTORE,
            )
        yield AlignedLine(number, left, right)


def _segments(path: Path) -> Iterator[str]:
    # Test sets are small; their markup is SGML, which no XML parser takes.
    text = "\n".join(iter_lines(path))
    found = [html.unescape(match) for match in _SEGMENT.findall(text)]
    if not found:
        raise DataError(
            "the file has no segment",
            where=str(path),
            allowed="SGML with <seg> elements",
            fix=RESTORE,
        )
    yield from found

# SPDX-License-Identifier: Apache-2.0
"""Lines of large text files, as a stream.

Only a newline ends a line.  Web text has other separators inside lines (U+2028, a lone carriage
return, form feeds), at which ``str.splitlines`` and Python's universal newlines would break it:
the two sides of a corpus would no longer be aligned.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from xling.data.readers.lines import RESTORE
from xling.data.readers.sentences import lines_of
from xling.errors import DataError

# Whatever ``str.splitlines`` or universal newlines break a line at.
_SEPARATORS = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


def iter_lines(path: Path) -> Iterator[str]:
    """Give the lines of a file without line ends (CRLF too); ``.gz`` is unpacked on the way.

    Raises:
        DataError: the file cannot be read, is empty or is not UTF-8.
    """
    raw = _unpacked(path) if path.suffix == ".gz" else lines_of(path)
    for line in raw:
        yield line.removesuffix("\n").removesuffix("\r")


def one_line(text: str) -> str:
    """Return text without separators inside (one blank for a run of them) or blanks at the ends.

    Later programs read text files line by line and would break a line at such a separator.
    """
    # No separator is printable: nearly all text takes the fast way.
    return text.strip() if text.isprintable() else _SEPARATORS.sub(" ", text).strip()


def has_separator(text: str) -> bool:
    """Whether some programs would break the text into several lines."""
    return not text.isprintable() and bool(_SEPARATORS.search(text))


def count_rest(lines: Iterable[str]) -> int:
    """Count what is left of a stream."""
    return sum(1 for _ in lines)


def _unpacked(path: Path) -> Iterator[str]:
    line = ""
    try:
        with gzip.open(path, "rt", encoding="utf-8-sig", newline="\n") as stream:
            for line in stream:
                yield line
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(
            f"a raw file cannot be read ({error})",
            where=str(path),
            allowed="a gzip file of UTF-8 text",
            fix=RESTORE,
        ) from error
    if not line:
        raise DataError("the file is empty", where=str(path), fix=RESTORE)

# SPDX-License-Identifier: Apache-2.0
"""Files that are translated by hand: the lines of a text, or columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xling.errors import DataError, UsageError
from xling.files import write_text


@dataclass(frozen=True)
class TextFile:
    """A file in memory.

    Attributes:
        head: the first line of a table; empty for a text.
        rows: cells of each line; a line of a text is one cell.
        places: of the cells that are translated.
        table: whether it has columns.
    """

    head: list[str]
    rows: list[list[str]]
    places: list[int]
    table: bool

    @classmethod
    def read(cls, file: Path, columns: list[str] | None) -> TextFile:
        """Read a text, or with ``columns`` a TSV whose first line names its columns.

        Raises:
            DataError: the file is not there or not UTF-8, or rows differ in their cells.
            UsageError: there is no such column.
        """
        lines = _lines(file)
        if columns is None:
            return cls([], [[line] for line in lines], [0], table=False)
        rows = [line.split("\t") for line in lines]
        for number, row in enumerate(rows, start=1):
            if len(row) != len(rows[0]):
                raise DataError(
                    f"a row has {len(row)} cells",
                    where=f"{file}, line {number}",
                    allowed=f"{len(rows[0])}, as the first line",
                    fix="correct the file",
                )
        head = rows[0] if rows else []
        return cls(head, rows[1:], [_place(file, head, name) for name in columns], table=True)

    @property
    def lines(self) -> int:
        """Return the lines without the head."""
        return len(self.rows)

    def texts(self) -> list[str]:
        """Return what is translated, row by row."""
        return [row[place] for row in self.rows for place in self.places]

    def write(self, output: Path, translations: Sequence[str]) -> None:
        """Write the file with its texts replaced.

        Args:
            output: file to write.
            translations: of :meth:`texts`; line ends in them, and tabs in a table, become blanks.
        """
        given = iter(translations)
        lines = ["\t".join(self.head)] if self.table else []
        for row in self.rows:
            cells = list(row)
            for place in self.places:
                text = next(given).replace("\n", " ")
                cells[place] = text.replace("\t", " ") if self.table else text
            lines.append("\t".join(cells))
        write_text(output, "".join(line + "\n" for line in lines))


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise DataError("the file is not there", where=str(file), fix="check the path") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"the file is not UTF-8 (byte {error.start:,})",
            where=str(file),
            allowed="UTF-8 text",
            fix="convert it, for example with iconv",
        ) from None
    # Only a line feed ends a line: other marks may stand inside a sentence.
    return text.removesuffix("\n").split("\n") if text else []


def _place(file: Path, head: list[str], name: str) -> int:
    if name not in head:
        raise UsageError(
            f"there is no column '{name}'",
            where=f"{file}, line 1",
            allowed=", ".join(head),
            fix="name one of these columns",
        )
    return head.index(name)

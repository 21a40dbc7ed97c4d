# SPDX-License-Identifier: Apache-2.0
"""Tables of text that fit on a screen."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 100


def table(head: Sequence[str], columns: Sequence[Sequence[str]]) -> list[str]:
    """Lay columns out, aligned to the right, beside the names of rows.

    Columns that do not fit into :data:`WIDTH` go below, with the names again.
    """
    first = max(map(len, head))
    blocks: list[list[str]] = []
    for column in columns:
        width = max(map(len, column)) + 2
        if not blocks or len(blocks[-1][0]) + width > WIDTH:
            blocks.append([name.ljust(first) for name in head])
        cells = zip(blocks[-1], column, strict=True)
        blocks[-1] = [line + cell.rjust(width) for line, cell in cells]
    return [line.rstrip() for block in blocks for line in block]


def wrap(text: str, indent: str = "") -> list[str]:
    """Wrap words; paths and other long words stay whole, so that they can be copied."""
    return textwrap.wrap(
        text,
        WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def cut(line: str) -> str:
    """Cut what does not fit, and say so."""
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 2]} …"

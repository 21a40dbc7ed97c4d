# SPDX-License-Identifier: Apache-2.0
"""Reports on translations of our own, as their stages wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xling.errors import DataError


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a report: a list of rows.

    Raises:
        DataError: it cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise ValueError("no list of rows")
    except (OSError, ValueError) as error:
        raise DataError(
            "a report on translations of our own cannot be read",
            where=str(path),
            allowed="the JSON of 'xling measure-quality' or 'xling measure-projection'",
            fix="delete the file and run snakemake again",
        ) from error
    return found

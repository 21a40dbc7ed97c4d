# SPDX-License-Identifier: Apache-2.0
"""Values of records and notes as a person writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, Any]


def text_of(value: Any) -> str:
    """Return a value as a person writes it: plain words, lists with commas, short numbers."""
    if isinstance(value, str):
        return value or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 100 else f"{value:.6g}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {text_of(value[key])}" for key in sorted(value))
    if isinstance(value, Sequence):
        return ", ".join(map(text_of, value))
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def by_language(values: Mapping[str, Any], unit: str = "") -> str:
    """Return values per language; equal ones are said once ("800 rows in en, qaa")."""
    groups: dict[str, list[str]] = {}
    for language, value in values.items():
        groups.setdefault(text_of(value), []).append(language)
    return "; ".join(f"{value}{unit} in {', '.join(groups[value])}" for value in groups)

# SPDX-License-Identifier: Apache-2.0
"""Studies: their types, reading them, explaining them.

The functions are imported when they are asked for: ``xling.plan`` needs the types in this package,
and ``xling.config.loader`` needs ``xling.plan``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xling.config.explain import merged_yaml
    from xling.config.loader import LoadedStudy, load_study

__all__ = ["LoadedStudy", "load_study", "merged_yaml"]

_HOMES = {"LoadedStudy": "loader", "load_study": "loader", "merged_yaml": "explain"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

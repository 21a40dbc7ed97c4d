# SPDX-License-Identifier: Apache-2.0
"""What tables say of engines, and how they print numbers of reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xling.tables.sheet import NOTHING, Entry, Fact

if TYPE_CHECKING:
    from xling.translations_plan import TranslationsPlan

#: Folder of the tables, below that of all tables.
FOLDER = "translations"
VERDICT = "described, not held against published numbers"


def engine_words(plan: TranslationsPlan, names: Iterable[str]) -> str:
    """Say what each engine is: model, revision, licence, or the generator with its noise."""
    return "; ".join(f"{name}: {_words(plan, name)}" for name in names)


def _words(plan: TranslationsPlan, name: str) -> str:
    engine = plan.engine(name)
    if engine.kind == "artificial":
        return f"the generator, {engine.noise:.0%} of its words wrong"
    origins = [plan.origin(name, part) for part in plan.parts(name) or ["all"]]
    models = ", ".join(dict.fromkeys(one["model"] for one in origins))
    revision = f"revision {engine.revision}" if engine.revision else "no revision"
    licence = f"licence {engine.licence}" if engine.licence else "no licence named"
    return f"{models} ({engine.kind}, {engine.precision}, {revision}, {licence})"


def entry(value: Fact, form: str = ".1f") -> Entry:
    """Return a number as it is printed; a dash where there is none."""
    return NOTHING if value is None else Entry(format(value, form))

# SPDX-License-Identifier: Apache-2.0
"""Engines as people name them: settings, a file of settings, or the engine of a study."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import TypeAdapter, ValidationError

from xling.errors import UsageError, nearest

if TYPE_CHECKING:
    from xling.config.study import Artificial
    from xling.plan import Plan
    from xling.translate.settings import ArtificialEngine, ModelEngine

_NAME = re.compile(r"[A-Za-z0-9_-]+")


def chosen_engine(
    text: str, direction: str, study: str | None
) -> tuple[ModelEngine | ArtificialEngine, Artificial | None]:
    """Return an engine's settings, and the artificial languages of the study if it has some.

    Args:
        text: settings in YAML, the path of a YAML file, or the name of an engine of the study.
        direction: such as ``en-de``: a study's engine may have a model for each.
        study: name or path.

    Raises:
        UsageError: there is no such engine or file, or its settings have a mistake.
    """
    plan = None
    if study is not None:
        from xling.config.loader import load_study
        from xling.plan import Plan

        plan = Plan(load_study(study).study)
    artificial = plan.study.data.artificial if plan else None
    values = _of_study(text, direction, plan) if _NAME.fullmatch(text) else _read(text)
    return _checked(values, text), artificial


def _of_study(name: str, direction: str, plan: Plan | None) -> dict[str, Any]:
    """Return the settings of an engine of a study, with the folder of its model."""
    ours = plan.translations if plan else None
    engines = ours.engines if ours else []
    if plan is None or ours is None or name not in engines:
        raise UsageError(
            f"there is no engine '{name}'",
            where="--engine",
            allowed=", ".join(engines) or "settings in YAML, or the name of a YAML file",
            fix=nearest(name, engines) or "name a study whose systems use engines with --study",
        )
    folders, values = ours.folders(name), ours.settings(name)
    if not folders:
        return values
    folder = folders.get(direction, folders.get("*"))
    if folder is None:
        raise UsageError(
            f"the engine '{name}' has no model from and to these languages",
            where=f"--from, --to: {direction}",
            allowed=", ".join(sorted(folders)),
        )
    # Converted models lie below the results, published ones where the study says.
    results = Path("results") / plan.study.name if ours.parts(name) else Path()
    return values | {"model": str(results / folder)}


def _read(text: str) -> Any:
    """Read YAML from the text, or from the file that it names."""
    if text.endswith((".yaml", ".yml", ".json")):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"the engine's file cannot be read ({type(error).__name__})",
                where=f"--engine {text}",
                allowed="a YAML file in UTF-8",
                fix="check the path",
            ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(
            f"this is no YAML: {error}",
            where="--engine",
            allowed="{family: nllb, model: DIR, licence: CC-BY-NC-4.0}",
        ) from None


def _checked(values: Any, text: str) -> ModelEngine | ArtificialEngine:
    from xling.translate.settings import EngineSettings

    if isinstance(values, dict):
        values = {"kind": "ctranslate2", **values}
    try:
        return TypeAdapter(EngineSettings).validate_python(values)
    except ValidationError as error:
        said = [
            ": ".join(filter(None, (".".join(map(str, one["loc"][1:])), one["msg"])))
            for one in error.errors()
        ]
        raise UsageError(
            f"the engine has mistakes: {'; '.join(said)}",
            where=f"--engine {text[:120]}",
            allowed="keys and values of docs/translation.md, 'Engines'",
        ) from None

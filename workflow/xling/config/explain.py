# SPDX-License-Identifier: Apache-2.0
"""A study with nothing left implicit: all values, and where each of them comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from xling.config.checks import idle_overrides, setting_origin, training_groups
from xling.config.loader import COMMAND_LINE, LoadedStudy
from xling.config.source import KeyPath
from xling.config.study import Study, TrainingSettings
from xling.plan import Plan

# Comments start here, where the value leaves room.
_COMMENT_COLUMN = 56


class _Dumper(yaml.SafeDumper):
    """Writes equal parts out instead of pointing at each other."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (PyYAML's signature)
        return True


def _dump(value: Any, *, flow: bool) -> str:
    return yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=flow,
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
    )


def as_yaml(value: Any) -> str:
    """Return a value in one line, so that YAML reads the same value again (2.0e-05, 'no')."""
    if isinstance(value, str) and "\n" in value:
        return json.dumps(value, ensure_ascii=False)
    return _dump(value, flow=True).removesuffix("\n").removesuffix("\n...")


def merged_yaml(study: Study) -> str:
    """Return the study with all defaults filled in; ``load_study`` reads an equal study from it."""
    return _dump(study.model_dump(), flow=False)


def explain(loaded: LoadedStudy) -> str:
    """Return the resolved study with the origin of each value, then the settings of each run."""
    lines = [*_part(loaded.study.model_dump(), (), "", loaded), "", *_trainings(loaded)]
    return "\n".join(lines) + "\n"


def _origin(path: KeyPath, loaded: LoadedStudy) -> str:
    """Return ``file:line`` of a value, the option that set it, or ``default``."""
    if path not in loaded.lines:
        return "default"
    file, line = loaded.lines[path]
    return file if file == COMMAND_LINE else f"{file}:{line}"


def _line(text: str, origin: str) -> str:
    return f"{text:<{_COMMENT_COLUMN}}  # {origin}"


def _part(value: Any, path: KeyPath, indent: str, loaded: LoadedStudy) -> Iterator[str]:
    """Yield the lines of a map or of a list of maps."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        here = (*path, key)
        head = f"{indent}- " if isinstance(key, int) else f"{indent}{as_yaml(key)}: "
        nested = isinstance(item, dict) or (
            isinstance(item, list) and any(isinstance(entry, dict) for entry in item)
        )
        if not nested or not item:
            yield _line(f"{head}{as_yaml(item)}", _origin(here, loaded))
        elif isinstance(key, int):
            first, *rest = _part(item, here, f"{indent}  ", loaded)
            yield f"{head}{first.removeprefix(f'{indent}  ')}"
            yield from rest
        else:
            yield head.rstrip()
            yield from _part(item, here, f"{indent}  ", loaded)


def _trainings(loaded: LoadedStudy) -> Iterator[str]:
    """Yield the resolved training settings; trainings that agree in all share one block."""
    study = loaded.study
    plan = Plan(study)
    blocks: dict[tuple[str, ...], list[str]] = {}
    for run in training_groups(plan):
        settings = plan.settings(run).model_dump()
        lines = tuple(
            _line(
                f"#   {key}: {as_yaml(settings[key])}",
                _origin(setting_origin(plan, run, key), loaded),
            )
            for key in TrainingSettings.model_fields
        )
        blocks.setdefault(lines, []).append(f"{run.paper}/{run.method}/{run.model}/{run.task}")
    for lines, names in blocks.items():
        yield "# training settings of"
        yield from (f"#   {name}" for name in names)
        yield "# are"
        yield from lines
        yield "#"
    for i in idle_overrides(study):
        path = ("training", "overrides", i)
        yield f"# training.overrides[{i}] touches no model that is trained: {_origin(path, loaded)}"

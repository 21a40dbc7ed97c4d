# SPDX-License-Identifier: Apache-2.0
"""What the verbs share: how they are registered and how they read JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from xling.errors import DataError, UsageError
from xling.logs import job


def add_verb(
    verbs: Any, name: str, function: Callable[[argparse.Namespace], None], text: str
) -> argparse.ArgumentParser:
    """Register a verb whose log tells what ran and how it ended."""

    def call(args: argparse.Namespace) -> int:
        with job(name):
            function(args)
        return 0

    sub: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    sub.set_defaults(func=call)
    return sub


def add_paths(sub: Any, *, required: bool = True, **names: str) -> None:
    """Register arguments that are paths, by name and help text."""
    for name, text in names.items():
        sub.add_argument(f"--{name.replace('_', '-')}", type=Path, required=required, help=text)


def require(args: argparse.Namespace, *names: str) -> None:
    """Raise :class:`UsageError` for missing options of a verb that can be called in two ways."""
    missing = [f"--{n.replace('_', '-')}" for n in names if getattr(args, n) is None]
    if missing:
        raise UsageError(
            f"the verb '{args.verb}' lacks {', '.join(missing)}",
            where=missing[0],
            fix=f"see xling {args.verb} --help",
        )


def read_json(text: str, kind: Any, name: str) -> Any:
    """Read a JSON argument into one of the study's types."""
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        raise UsageError(
            f"the settings cannot be read: {error.errors()[0]['msg']}",
            where=f"--{name}",
            allowed=f"JSON of {getattr(kind, '__name__', kind)}",
            fix="let snakemake write the command",
        ) from error


def read_note(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            "a file of this study cannot be read",
            where=str(path),
            allowed="JSON written by an earlier stage",
            fix="delete the file and run snakemake again",
        ) from error

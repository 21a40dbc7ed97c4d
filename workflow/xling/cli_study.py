# SPDX-License-Identifier: Apache-2.0
"""The verbs that people use on studies: check, show, schema, plan."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from xling.errors import UsageError

_STUDY = "name of a study in config/studies, or path to a study file (*.yaml)"
_DATA_ROOT = "use this folder instead of the study's data.root; it need not exist yet"


def add_arguments(subparsers: Any) -> None:
    """Register ``xling study …`` and ``xling plan``."""
    study = subparsers.add_parser(
        "study",
        help="check or explain a study; generate its schema",
        description="Check a study, show it with all defaults, or generate what is made from the "
        "types of a study.",
    )
    verbs = study.add_subparsers(dest="study_verb", metavar="VERB", required=True)

    _verb(
        verbs,
        "check",
        _check,
        "say what is wrong with a study, or that nothing is",
        "Read a study as the workflow does and list every mistake with its line, what is allowed "
        "and what to do.  Exit code 2 if there is any.",
    )
    _verb(
        verbs,
        "show",
        _show,
        "print a study with all defaults and where each value comes from",
        "Print all values of a study, defaults included, each with its file and line, and the "
        "training settings of each model after all overrides.  The output is a valid study.",
    )
    schema = verbs.add_parser(
        "schema",
        help="print, write or check the generated schema and the table of keys",
        description="Print the JSON schema of a study.  With --write: write config/"
        "study.schema.json, which editors use, and the table of keys in docs/study.md.",
    )
    either = schema.add_mutually_exclusive_group()
    either.add_argument("--write", action="store_true", help="write both generated files")
    either.add_argument(
        "--check",
        action="store_true",
        help="print how the files differ from the types; exit code 2 if they do",
    )
    schema.set_defaults(func=_schema)

    plan = _verb(
        subparsers,
        "plan",
        _plan,
        "list a study's runs and jobs and what they will take",
        "List the runs of a study and, for each stage, the jobs, CPU hours, GPU hours and disk: "
        "estimated, and corrected by measured times once jobs have run.",
    )
    plan.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder of results, read for measured times (default: results)",
    )


def _verb(verbs: Any, name: str, function: Any, text: str, more: str) -> argparse.ArgumentParser:
    """Register a verb that reads a study."""
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=more)
    parser.add_argument("study", metavar="FILE_OR_NAME", help=_STUDY)
    parser.add_argument("--data-root", metavar="DIR", help=_DATA_ROOT)
    parser.set_defaults(func=function)
    return parser


def _check(args: argparse.Namespace) -> int:
    from xling.config.checks import idle_overrides
    from xling.config.loader import load_study
    from xling.config.source import shown
    from xling.plan import Plan

    loaded = load_study(args.study, data_root=args.data_root)
    plan = Plan(loaded.study)
    size = f"{len(plan.all_runs)} runs, {len(plan.all_trainings)} models to train"
    sys.stdout.write(f"{shown(loaded.path)}: fine, {size}\n")
    for i in idle_overrides(loaded.study):
        _, line = loaded.lines["training", "overrides", i]
        sys.stdout.write(
            f"note: training.overrides[{i}] (line {line}) touches no model that is trained\n"
        )
    return 0


def _show(args: argparse.Namespace) -> int:
    from xling.config.explain import explain
    from xling.config.loader import load_study

    sys.stdout.write(explain(load_study(args.study, data_root=args.data_root)))
    return 0


def _schema(args: argparse.Namespace) -> int:
    from xling.config import schema
    from xling.config.loader import repository_root

    if args.write:
        schema.write(repository_root())
    elif args.check:
        difference = schema.drift(repository_root())
        if difference:
            sys.stdout.write(difference)
            raise UsageError(
                "generated files are older than the types of a study",
                where=f"{schema.SCHEMA_FILE}, {schema.DOCS_FILE}",
                fix=f"run: {schema.FIX_COMMAND}",
            )
    else:
        sys.stdout.write(schema.json_schema())
    return 0


def _plan(args: argparse.Namespace) -> int:
    from xling.config.loader import load_study
    from xling.estimate import estimate
    from xling.plan import Plan
    from xling.plan_text import format_plan

    plan = Plan(load_study(args.study, data_root=args.data_root).study)
    benchmarks = args.results / plan.study.name / "benchmarks"
    stages = estimate(plan, benchmarks if benchmarks.is_dir() else None)
    sys.stdout.write(format_plan(plan, stages))
    return 0

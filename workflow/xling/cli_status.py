# SPDX-License-Identifier: Apache-2.0
"""The verb ``xling status``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_arguments(verbs: Any) -> None:
    """Register the verb."""
    sub: argparse.ArgumentParser = verbs.add_parser(
        "status",
        help="say where a study stands: what is done, runs, failed, and what to do next",
        description="Say where a study stands: runs and jobs done, running, queued, failed and "
        "waiting; how far trainings are; time used against planned; the last lines of failed "
        "logs; what to do next.  Reads files and Slurm's queue; no snakemake has to run.",
    )
    sub.add_argument(
        "study",
        metavar="FILE_OR_NAME",
        help="name of a study in config/studies, or path to a study file (*.yaml)",
    )
    sub.add_argument(
        "--data-root",
        metavar="DIR",
        help="use this folder instead of the study's data.root, as for snakemake",
    )
    sub.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder of results (default: results); snakemake works in the folder that holds it",
    )
    sub.add_argument("--json", action="store_true", help="print data for scripts")
    sub.set_defaults(func=_status)


def _status(args: argparse.Namespace) -> int:
    from xling.config.loader import load_study
    from xling.plan import Plan
    from xling.status.data import as_json
    from xling.status.next_steps import next_steps
    from xling.status.study import look
    from xling.status.text import format_status

    plan = Plan(load_study(args.study, data_root=args.data_root).study)
    status = look(plan, args.results)
    steps = next_steps(status, args.study, args.data_root)
    form = as_json if args.json else format_status
    sys.stdout.write(form(status, steps))
    return 0

# SPDX-License-Identifier: Apache-2.0
"""The command ``xling``: one verb per stage of the workflow, and some for people.

Exit codes: 0 done, 1 a bug in xling (with a traceback), 2 a mistake in what was asked, 3 a problem
with data, 4 a problem with the machine, 143 stopped by a signal after saving.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from xling import (
    __version__,
    cli_analyse,
    cli_distill,
    cli_doctor,
    cli_mt,
    cli_products,
    cli_projection,
    cli_results,
    cli_robust,
    cli_stages,
    cli_status,
    cli_study,
    cli_translate,
    cli_xtreme,
)
from xling.errors import Interrupted, XlingError
from xling.journal import write_to
from xling.logs import set_up

STOPPED = 143  # what a shell reports for SIGTERM: the job did not finish, a retry goes on


def parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    top = argparse.ArgumentParser(
        prog="xling",
        description="Four papers on cross-lingual learning, from raw data to tables and figures. "
        "The workflow calls these verbs; each can be run by hand too.",
    )
    top.add_argument("--version", action="version", version=f"xling {__version__}")
    top.add_argument(
        "--log",
        type=Path,
        help="append everything printed to this job's log, which keeps all attempts",
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    cli_study.add_arguments(verbs)
    cli_status.add_arguments(verbs)
    cli_doctor.add_arguments(verbs)
    cli_stages.add_arguments(verbs)
    cli_robust.add_arguments(verbs)
    cli_analyse.add_arguments(verbs)
    cli_results.add_arguments(verbs)
    cli_xtreme.add_arguments(verbs)
    cli_mt.add_arguments(verbs)
    cli_distill.add_arguments(verbs)
    cli_translate.add_arguments(verbs)
    cli_products.add_arguments(verbs)
    cli_projection.add_arguments(verbs)
    _add_stages(verbs)
    return top


def _add_stages(verbs: argparse._SubParsersAction) -> None:
    text = "show the stages' versions, or check that they fit the code"
    sub = verbs.add_parser("stages", help=text, description=text)
    group = sub.add_mutually_exclusive_group()
    group.add_argument("--check", action="store_true", help="fail if code changed unnoticed")
    group.add_argument("--accept", action="store_true", help="write stages.lock for this code")
    sub.set_defaults(func=_stages)


def _stages(args: argparse.Namespace) -> int:
    from xling import stages

    if args.check:
        stages.check()
    elif args.accept:
        stages.accept()
    else:
        sys.stdout.writelines(f"{name} {version}\n" for name, version in stages.VERSIONS.items())
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    args = parser().parse_args(argv)
    if args.log is not None:
        write_to(args.log)
    set_up()
    try:
        return int(args.func(args) or 0)
    except XlingError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except Interrupted as stopped:
        sys.stderr.write(f"{stopped}; run the same command again to go on\n")
        return STOPPED


if __name__ == "__main__":
    sys.exit(main())

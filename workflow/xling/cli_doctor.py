# SPDX-License-Identifier: Apache-2.0
"""The verb ``doctor``: is this machine, or this cluster, ready for a study?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from xling.errors import SetupError, UsageError

_TEXT = (
    "Look at Python and packages, GPUs, disk, data, encoders and Slurm, and say for each whether "
    "it is ok and what to do if it is not.  Exit code 4 if there is an error."
)


def add_arguments(verbs: Any) -> None:
    """Register ``xling doctor``."""
    sub = verbs.add_parser(
        "doctor", help="say whether this machine is ready for a study", description=_TEXT
    )
    sub.add_argument(
        "study",
        nargs="?",
        metavar="FILE_OR_NAME",
        help="name of a study in config/studies, or path to a study file; without one only the "
        "machine is looked at",
    )
    sub.add_argument(
        "--data-root", metavar="DIR", help="use this folder instead of the study's data.root"
    )
    sub.add_argument(
        "--verify-data",
        action="store_true",
        help="compare every byte of the study's downloads with its checksum; takes minutes",
    )
    sub.add_argument(
        "--write-slurm-site",
        nargs="?",
        type=Path,
        const=Path(),
        metavar="FILE",
        help="draft the site file from sinfo instead (default: profiles/site.yaml, or what "
        "XLING_SLURM_SITE names)",
    )
    sub.add_argument("--force", action="store_true", help="replace a site file that is there")
    sub.set_defaults(func=_doctor)


def _doctor(args: argparse.Namespace) -> int:
    _refuse_idle_options(args)
    if args.write_slurm_site is not None:
        return _write_site(args)
    from xling.config.loader import load_study
    from xling.doctor.checkup import checkup
    from xling.plan import Plan

    plan = None
    if args.study is not None:
        plan = Plan(load_study(args.study, data_root=args.data_root).study)
    counts = {"ok": 0, "warning": 0, "error": 0}
    for finding in checkup(plan, verify_data=args.verify_data):
        counts[finding.level] += 1
        sys.stdout.write(str(finding))
        sys.stdout.flush()  # some checks take seconds
    sys.stdout.write(
        f"{counts['ok']} ok, warnings: {counts['warning']}, errors: {counts['error']}\n"
    )
    return SetupError.exit_code if counts["error"] else 0


def _write_site(args: argparse.Namespace) -> int:
    from xling.cluster.draft_site import write_draft
    from xling.cluster.site import site_path
    from xling.config.source import shown

    path = site_path() if args.write_slurm_site == Path() else args.write_slurm_site
    if path.suffix not in (".yaml", ".yml"):
        raise UsageError(
            f"'{path}' is not the name of a site file",
            where="--write-slurm-site",
            allowed="a name that ends in .yaml, or none",
        )
    sys.stdout.write(write_draft(path, force=args.force))
    sys.stdout.write(f"written to {shown(path)}; read it and change what is not right\n")
    return 0


def _refuse_idle_options(args: argparse.Namespace) -> None:
    """Refuse options that would do nothing."""
    writes = args.write_slurm_site is not None
    idle = [
        ("--force", args.force and not writes, "--write-slurm-site"),
        ("--data-root", args.data_root is not None and args.study is None, "a study"),
        ("--verify-data", args.verify_data and args.study is None, "a study"),
        (str(args.study), args.study is not None and writes, "no --write-slurm-site"),
    ]
    for name, given, other in idle:
        if given:
            raise UsageError(
                f"'{name}' does nothing here", where=name, allowed=f"'{name}' with {other}"
            )

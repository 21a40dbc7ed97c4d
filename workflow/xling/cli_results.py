# SPDX-License-Identifier: Apache-2.0
"""The verbs that read records only: tables, figures, check, page, and the summary on the terminal.

They find the records by the study's plan: thousands of paths do not fit into a command line.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from xling.cli_common import add_verb, read_json, read_note
from xling.config.study import Study
from xling.files import write_text
from xling.plan import Plan
from xling.records import Record, read_record, scores_csv


def _plan(args: argparse.Namespace) -> Plan:
    if args.study.lstrip().startswith("{"):
        return Plan(read_json(args.study, Study, "study"))
    from xling.config.loader import load_study

    return Plan(load_study(args.study).study)


def _records(plan: Plan, results: Path) -> list[Record]:
    return [read_record(results / "runs" / run.path / "record.json") for run in plan.runs]


def _prepared(plan: Plan, results: Path) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (task, split): read_note(results / "prepared" / task / f"{split}.json")
        for task in plan.tasks
        for split in plan.splits(task)
    }


def _tabulate(args: argparse.Namespace) -> None:
    from xling.tables import write_tables

    plan = _plan(args)
    records = _records(plan, args.results)
    write_tables(plan, records, args.results / "tables")
    write_text(args.results / "scores.csv", scores_csv(records))


def _plot(args: argparse.Namespace) -> None:
    from xling.figures import write_figures

    plan = _plan(args)
    write_figures(plan, _records(plan, args.results), args.results / "figures")


def _check(args: argparse.Namespace) -> None:
    from xling.check import check, dump_check
    from xling.data.leaks import leaks

    plan = _plan(args)
    result = check(
        plan,
        _records(plan, args.results),
        _prepared(plan, args.results),
        leaks(plan, args.results / "prepared"),
    )
    write_text(args.results / "check.json", dump_check(result))


def _report(args: argparse.Namespace) -> None:
    from xling.check import read_check
    from xling.report import write_report

    plan = _plan(args)
    write_report(
        plan,
        _records(plan, args.results),
        _prepared(plan, args.results),
        read_check(args.results / "check.json"),
        args.results / "figures",
        args.results / "report" / "index.html",
    )


def _summary(args: argparse.Namespace) -> int:
    from xling.check import read_check, to_know
    from xling.summary import summary
    from xling.tables import table_paths

    plan = _plan(args)
    records = _records(plan, args.results)
    tables = table_paths(plan, args.results / "tables")
    page = args.results / "report" / "index.html"
    checked = args.results / "check.json"
    flags = read_check(checked).flags if checked.exists() else to_know(plan, records)
    sys.stdout.write(summary(plan, records, flags, tables, page))
    return 0


def add_arguments(verbs: Any) -> None:
    """Register the verbs."""
    for name, function, text in (
        ("tabulate", _tabulate, "write scores.csv and the tables of a study's records"),
        ("plot", _plot, "draw the figures of a study's records"),
        ("check", _check, "check all results; fail on what must not be, list what to know"),
        ("report", _report, "write the HTML page of a study"),
    ):
        _add_study(add_verb(verbs, name, function, text))
    text = "print a study's tables and where the page is"
    sub = verbs.add_parser("summary", help=text, description=text)
    sub.set_defaults(func=_summary)
    _add_study(sub)


def _add_study(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--study", required=True, help="name, path, or the resolved study as JSON")
    sub.add_argument("--results", type=Path, required=True, help="the study's folder of results")

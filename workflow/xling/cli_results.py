# SPDX-License-Identifier: Apache-2.0
"""The verbs that read results only: tests, tables, figures, check, page, summary on the terminal.

They find records and predictions by the study's plan: thousands of paths do not fit into a command
line.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.cli_common import add_paths, add_verb, read_json, read_note
from xling.comparison.pairs import BASELINES, SUBJECT, compared_papers
from xling.config.study import Study
from xling.errors import UsageError
from xling.files import write_text
from xling.mt.plan import SPLITS
from xling.plan import DISTILLATION, TRANSLATION, Plan
from xling.records import Record, read_record, scores_csv

if TYPE_CHECKING:
    from xling.comparison.results import Comparison
    from xling.found import Found


def _plan(args: argparse.Namespace) -> Plan:
    if args.study.lstrip().startswith("{"):
        return Plan(read_json(args.study, Study, "study"))
    from xling.config.loader import load_study

    return Plan(load_study(args.study).study)


def _records(plan: Plan, results: Path) -> list[Record]:
    return [read_record(results / "runs" / run.path / "record.json") for run in plan.runs]


def _apart(plan: Plan, results: Path, *papers: str) -> list[Record]:
    """Read the records of papers whose tables and figures are made apart."""
    runs = [run for paper in papers if paper in plan.apart for run in plan.apart[paper].runs]
    return [read_record(results / "runs" / run.path / "record.json") for run in runs]


def _prepared(plan: Plan, results: Path) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (task, split): read_note(results / "prepared" / task / f"{split}.json")
        for task in plan.tasks
        for split in plan.splits(task)
    }


def _prepared_bitext(plan: Plan, results: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Read the summaries of prepared parallel data."""
    return {
        (*pair, split): read_note(results.joinpath("prepared", *pair, f"{split}.json"))
        for pair in (plan.translation.pairs if plan.translation else [])
        for split in SPLITS
    }


def _prepared_sentences(plan: Plan, results: Path) -> dict[str, dict[str, Any]]:
    """Read what is said of the prepared data of sentence encoders."""
    paths = plan.distillation.summaries if plan.distillation else []
    return {path: read_note(results / "prepared" / path) for path in paths}


def _compare(args: argparse.Namespace) -> None:
    from xling.comparison.compare import compare_paper
    from xling.comparison.results import dump_comparison
    from xling.tasks.predicted import read_predictions

    plan = _plan(args)
    if args.paper not in compared_papers(plan):
        one = BASELINES.get(args.paper, SUBJECT)
        raise UsageError(
            f"there is nothing to compare in the paper '{args.paper}'",
            where="--paper",
            allowed=", ".join(compared_papers(plan)) or f"a paper with runs of {one}",
            fix=f"plan runs of {one} and of another system on the same task and seeds",
        )
    folder = args.results / "predictions"
    found = compare_paper(
        plan, args.paper, lambda run: read_predictions(folder / f"{run.path}.parquet")
    )
    write_text(args.output, dump_comparison(found))


def _comparisons(plan: Plan, results: Path) -> list[Comparison]:
    """Read the comparisons of all papers that have some."""
    from xling.comparison.results import read_comparison

    folder = results / "comparisons"
    return [read_comparison(folder / f"{paper}.json") for paper in compared_papers(plan)]


def _plan_of_paper(args: argparse.Namespace) -> Plan:
    """Return the plan, or the part of one paper."""
    plan = _plan(args)
    if args.paper is None:
        return plan
    if args.paper not in plan.papers:
        raise UsageError(
            f"the study plans nothing of the paper '{args.paper}'",
            where="--paper",
            allowed=", ".join(plan.papers),
            fix="give one of these, or leave --paper out",
        )
    return plan.of_paper(args.paper)


def _scores(args: argparse.Namespace) -> None:
    plan = _plan(args)
    records = [*_records(plan, args.results), *_apart(plan, args.results, *plan.apart)]
    write_text(args.results / "scores.csv", scores_csv(records))


def _tabulate(args: argparse.Namespace) -> None:
    from xling.tables import write_tables
    from xling.tables.xmixup.read import read_analyses

    plan = _plan_of_paper(args)
    if plan.runs:
        write_tables(
            plan,
            _records(plan, args.results),
            args.results / "tables",
            _comparisons(plan, args.results),
            read_analyses(plan, args.results),
        )
    if plan.translation:
        from xling.tables import cats

        cats.write_tables(plan.translation, args.results, args.results / "tables")
    if plan.distillation:
        from xling.tables import distill

        distill.write_tables(plan.distillation, args.results, args.results / "tables")


def _plot(args: argparse.Namespace) -> None:
    from xling.analysis.files import read_analysis
    from xling.figures import write_figures
    from xling.figures.robust import measured_runs
    from xling.figures.xmixup import sentence_runs
    from xling.tables.xmixup.read import read_analyses

    plan = _plan_of_paper(args)
    if plan.runs:
        analyses = read_analyses(plan, args.results, whole=sentence_runs(plan))
        folder = args.results / "analysis"
        analyses |= {run: read_analysis(folder / f"{run.path}.npz") for run in measured_runs(plan)}
        write_figures(plan, _records(plan, args.results), args.results / "figures", analyses)
    if plan.translation:
        from xling.figures import cats

        cats.draw(plan.translation, args.results, args.results / "figures")
    if plan.distillation:
        from xling.figures import distill

        distill.draw(plan.distillation, args.results, args.results / "figures")


def _check(args: argparse.Namespace) -> None:
    from xling.check import check, dump_check
    from xling.data.leaks import leaks

    plan = _plan(args)
    result = check(
        plan,
        _records(plan, args.results),
        _prepared(plan, args.results),
        leaks(plan, args.results / "prepared"),
        _check_translation(plan, args.results) + _check_distillation(plan, args.results),
    )
    write_text(args.results / "check.json", dump_check(result))


def _check_translation(plan: Plan, results: Path) -> Found:
    from xling.found import Found
    from xling.mt.check import check_translation

    if plan.translation is None:
        return Found()
    records, prepared = _apart(plan, results, TRANSLATION), _prepared_bitext(plan, results)
    return check_translation(plan.translation, records, prepared, results)


def _check_distillation(plan: Plan, results: Path) -> Found:
    from xling.distill.check import check_distillation
    from xling.found import Found

    if plan.distillation is None:
        return Found()
    records, prepared = _apart(plan, results, DISTILLATION), _prepared_sentences(plan, results)
    return check_distillation(plan.distillation, records, prepared)


def _report(args: argparse.Namespace) -> None:
    from xling.check import read_check
    from xling.report import write_report
    from xling.report.distillation import Distilled
    from xling.report.translation import Translated
    from xling.tables.xmixup.read import read_analyses

    plan = _plan(args)
    write_report(
        plan,
        _records(plan, args.results),
        _prepared(plan, args.results),
        read_check(args.results / "check.json"),
        args.results / "figures",
        args.results / "report" / "index.html",
        read_analyses(plan, args.results),
        _comparisons(plan, args.results),
        Translated(
            args.results,
            _apart(plan, args.results, TRANSLATION),
            _prepared_bitext(plan, args.results),
        ),
        Distilled(
            args.results,
            _apart(plan, args.results, DISTILLATION),
            _prepared_sentences(plan, args.results),
        ),
    )


def _summary(args: argparse.Namespace) -> int:
    from xling.check import read_check, to_know
    from xling.found import records_alone
    from xling.summary import summary
    from xling.tables import table_paths

    plan = _plan(args)
    records = _records(plan, args.results)
    tables = table_paths(plan, args.results / "tables")
    page = args.results / "report" / "index.html"
    checked = args.results / "check.json"
    translated = _apart(plan, args.results, TRANSLATION)
    distilled = _apart(plan, args.results, DISTILLATION)
    if checked.exists():
        flags = read_check(checked).flags
    else:
        flags = to_know(plan, records, apart=records_alone([*translated, *distilled]))
    sys.stdout.write(summary(plan, records, flags, tables, page, translated, distilled))
    return 0


def add_arguments(verbs: Any) -> None:
    """Register the verbs."""
    text = "test the systems of a paper against each other, from their predictions"
    sub = add_verb(verbs, "compare", _compare, text)
    _add_study(sub)
    sub.add_argument("--paper", required=True, help="key of the paper")
    add_paths(sub, output="JSON file of the tests")
    for name, function, text in (
        ("tabulate", _tabulate, "write the tables of a study's records"),
        ("plot", _plot, "draw the figures of a study's records"),
    ):
        sub = add_verb(verbs, name, function, text)
        _add_study(sub)
        sub.add_argument("--paper", help="key of one paper; without it, all of the study")
    for name, function, text in (
        ("scores", _scores, "write scores.csv: every score of a study's records"),
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

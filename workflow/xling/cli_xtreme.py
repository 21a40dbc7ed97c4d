# SPDX-License-Identifier: Apache-2.0
"""The verbs about XTREME submissions: score one, write one."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

from xling.cli_common import add_verb
from xling.errors import UsageError
from xling.files import write_text
from xling.methods import methods
from xling.tasks import TASKS

WIDTH = 100


def register_score(sub: argparse.ArgumentParser) -> None:
    """Add the options that score a submission to the verb ``score``."""
    group = sub.add_argument_group("a submission in the layout of XTREME's evaluator")
    group.add_argument(
        "--submission", type=Path, metavar="DIR", help="folder with a sub-folder per task"
    )
    group.add_argument("--labels", type=Path, metavar="DIR", help="its gold side, same layout")
    group.add_argument("--json", type=Path, metavar="FILE", help="write all scores there too")


def run_score(args: argparse.Namespace) -> bool:
    """Score a submission if one was asked for, print the scores, and return whether it was."""
    if args.submission is None:
        if args.labels or args.json:
            raise UsageError(
                "there is nothing to score",
                where="--labels, --json",
                allowed="together with --submission DIR",
            )
        return False
    if args.labels is None:
        raise UsageError(
            "a submission is scored against labels",
            where="--submission",
            fix="add --labels DIR, a folder of the same layout",
        )
    from xling.xtreme.evaluate import evaluate

    scores = evaluate(args.submission, args.labels)
    if args.json:
        write_text(args.json, json.dumps(scores, indent=1, ensure_ascii=False) + "\n")
    sys.stdout.write(scores_text(scores))
    return True


def scores_text(scores: dict[str, Any]) -> str:
    """Return the scores of :func:`xling.xtreme.evaluate.evaluate` for the terminal."""
    from xling.xtreme import GROUPS, LANGUAGES

    lines = []
    tasks = [task for task in LANGUAGES if task in scores]
    for task in tasks:
        values = scores[task]
        lines.append(f"{TASKS[task].title} ({len(LANGUAGES[task])} languages)")
        for metric in (name for name, value in values.items() if isinstance(value, dict)):
            cells = [f"{code}\u00a0{value:.1f}" for code, value in values[metric].items()]
            head = f"  {metric:<11} {values[f'avg_{metric}']:6.2f}   "
            lines += textwrap.wrap(
                "  ".join(cells), WIDTH, initial_indent=head, subsequent_indent=" " * len(head)
            )
        lines.append("")
    lines += [f"{TASKS[task].title:<16} {scores[task]['avg_metric']:6.2f}" for task in tasks]
    lines.append("")
    for name in (*GROUPS, "all_task"):
        missing = [task for task in GROUPS.get(name, LANGUAGES) if task not in scores]
        value = (
            f"{scores[name]:6.2f}"
            if name in scores
            else f"     -   not scored: {', '.join(missing)}"
        )
        lines.append(f"{name:<16} {value}")
    return "\n".join(lines).replace("\u00a0", " ") + "\n"


def add_arguments(verbs: Any) -> None:
    """Register ``xling export-submission``."""
    sub = add_verb(
        verbs,
        "export-submission",
        _export,
        "write a run's predictions in the layout of an XTREME submission",
    )
    sub.add_argument("--study", required=True, metavar="NAME", help="its folder below --results")
    sub.add_argument(
        "--method",
        required=True,
        nargs="+",
        metavar="NAME",
        help="one, or several that share no task (a trained one and one for retrieval)",
    )
    sub.add_argument("--model", required=True, metavar="NAME")
    sub.add_argument("--seed", type=int, required=True)
    sub.add_argument("--paper", metavar="NAME", help="needed if several papers have such runs")
    sub.add_argument("--setting", default="standard", help="of Tatoeba: standard, or layer-N")
    sub.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder to write")
    sub.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="default: results"
    )


def _export(args: argparse.Namespace) -> None:
    from xling.data.tables import read_table
    from xling.tasks.predicted import read_predictions
    from xling.xtreme.export import export

    study = args.results / args.study
    runs = _runs(args, study / "predictions")
    predictions, prepared = {}, {}
    for task, path in runs.items():
        split = methods()[path.parts[-4]].test_split
        predictions[task] = read_predictions(path)
        prepared[task] = read_table(study / "prepared" / task / f"{split}.parquet")
    origin = f"study {args.study}, {' and '.join(args.method)}, {args.model}, seed {args.seed}"
    export(predictions, prepared, args.output, origin=origin, setting=args.setting)


def _runs(args: argparse.Namespace, folder: Path) -> dict[str, Path]:
    """Return the predictions of each task; raise if there are none or it is not clear which."""
    known = methods()
    for name in args.method:
        if name not in known:
            raise UsageError(
                f"there is no method '{name}'", where="--method", allowed=", ".join(sorted(known))
            )
    found: dict[str, Path] = {}
    for method in args.method:
        pattern = f"{args.paper or '*'}/{method}/{args.model}/*/seed-{args.seed}.parquet"
        for path in sorted(folder.glob(pattern)):
            task = path.parts[-2]
            if task in found:
                raise UsageError(
                    f"{task} was predicted twice",
                    where=f"{found[task]}\n           {path}",
                    allowed="one run per task",
                    fix="give --paper, or one --method",
                )
            found[task] = path
    if not found:
        raise UsageError(
            "there are no such predictions",
            where=f"{folder / pattern}",
            allowed="; ".join(sorted({"/".join(p.parts[-5:-2]) for p in folder.glob(_ALL)}))
            or "a study that has run",
            fix="see 'xling plan' for the runs of a study",
        )
    return found


_ALL = "*/*/*/*/seed-*.parquet"

# SPDX-License-Identifier: Apache-2.0
"""The verb ``analyse``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from xling.cli_common import add_paths, add_verb, read_note
from xling.files import write_text
from xling.tasks import TASKS


def _analyse(args: argparse.Namespace) -> None:
    from xling.analyse import analyse
    from xling.analysis.files import write_analysis
    from xling.machine import set_threads

    set_threads(args.threads)
    trained = read_note(args.train_note)
    analysis, note = analyse(
        task=args.task,
        model_folder=args.train_note.parent / "model",
        tokens_file=args.tokens,
        languages=args.languages,
        encoder=trained["encoder"],
        max_tokens=args.eval_batch_tokens,
        sources={setting: Path(tokens) for setting, tokens in args.english},
        **_point(trained),
    )
    write_analysis(args.output, analysis)
    write_text(args.note, json.dumps(note, indent=1, sort_keys=True) + "\n")


def _point(trained: dict[str, Any]) -> dict[str, str]:
    """Return where a model was perturbed in training; nothing if it was not."""
    robust = trained.get("robust") or {}
    point = robust.get("settings", {}).get("perturb_at")
    return {"point": point} if point else {}


def add_arguments(verbs: Any) -> None:
    """Register the verb."""
    text = "compare the languages of a parallel test set as a trained model represents them"
    sub = add_verb(verbs, "analyse", _analyse, text)
    tasks = [name for name, about in TASKS.items() if about.gold_english]
    sub.add_argument("--task", choices=sorted(tasks), required=True)
    sub.add_argument("--languages", nargs="+", required=True, metavar="CODE")
    text = "tokenised English sides of the rows, for a setting (X-Mixup)"
    names = ("SETTING", "TOKENS")
    sub.add_argument("--english", nargs=2, action="append", default=[], metavar=names, help=text)
    sub.add_argument("--threads", type=int, default=1)
    sub.add_argument("--eval-batch-tokens", type=int, default=8192)
    add_paths(
        sub,
        train_note="train.json; the model lies beside it",
        tokens="tokenised test split",
        note="JSON to write",
        output=".npz to write",
    )

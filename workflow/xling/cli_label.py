# SPDX-License-Identifier: Apache-2.0
"""The verb ``label``: soft labels for the words of translations."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from xling.cli_common import add_paths, add_verb, read_note
from xling.tasks import TASKS


def _label(args: argparse.Namespace) -> None:
    from xling.label import Teacher, label
    from xling.machine import set_threads
    from xling.tokens import write_tokens

    set_threads(args.threads)
    table, info = label(
        task=args.task,
        teacher=Teacher(args.train_note.parent / "model", read_note(args.train_note)),
        tokens_files=args.tokens,
        languages=args.languages,
        max_tokens=args.eval_batch_tokens,
    )
    write_tokens(args.output, table, info)


def add_label(verbs: Any) -> None:
    """Register the verb ``label``."""
    text = "label the words of translations with a trained tagger's probabilities"
    sub = add_verb(verbs, "label", _label, text)
    tagged = sorted(name for name, task in TASKS.items() if task.family == "tagging")
    sub.add_argument("--task", choices=tagged, required=True)
    sub.add_argument("--tokens", type=Path, nargs="+", required=True, help="tokenised translations")
    sub.add_argument("--languages", nargs="+", required=True, metavar="CODE")
    sub.add_argument("--threads", type=int, default=1)
    sub.add_argument("--eval-batch-tokens", type=int, default=8192)
    add_paths(
        sub,
        train_note="train.json of the teacher; the model lies beside it",
        output="Arrow file to write",
    )

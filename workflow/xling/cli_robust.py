# SPDX-License-Identifier: Apache-2.0
"""The verbs of RS-DA: ``synonyms`` and ``augment``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from xling.cli_common import add_paths, add_verb, read_json
from xling.config.study import Data
from xling.errors import UsageError
from xling.files import write_text


def _synonyms(args: argparse.Namespace) -> None:
    from xling.robust.neighbours import synonyms

    found = synonyms(read_json(args.data, Data, "data"))
    write_text(args.output, json.dumps(found, sort_keys=True, ensure_ascii=False) + "\n")


def _augment(args: argparse.Namespace) -> None:
    from xling.data.tables import write_table
    from xling.robust.augment import augment
    from xling.robust.splits import augmented_split

    copied = augmented_split(args.split)
    if copied is None or (copied.table == "neighbours") != (args.synonyms is not None):
        raise UsageError(
            f"'{args.split}' does not fit the table of synonyms",
            where="xling augment --split, --synonyms",
            allowed="train_rs_da-m3-seed1 with --synonyms; train_rs_da-same_stem-m3-seed1 without",
            fix="give the table, or leave it out",
        )
    table, summary = augment(args.input, copied, args.synonyms)
    write_table(args.output, table, summary)
    write_text(args.summary, json.dumps(summary, indent=1, sort_keys=True, ensure_ascii=False))


def add_arguments(verbs: Any) -> None:
    """Register the verbs."""
    sub = add_verb(verbs, "synonyms", _synonyms, "find or make the table of synonyms of RS-DA")
    sub.add_argument("--data", required=True, help="JSON: the study's 'data' section")
    add_paths(sub, output="JSON to write")
    sub = add_verb(verbs, "augment", _augment, "copy training rows with other words (RS-DA)")
    sub.add_argument("--split", required=True, help="its name says copies and seed")
    sub.add_argument("--synonyms", type=Path, help="what 'xling synonyms' wrote")
    add_paths(
        sub,
        input="prepared Parquet of the split train",
        output="Parquet to write",
        summary="JSON to write",
    )

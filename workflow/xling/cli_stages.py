# SPDX-License-Identifier: Apache-2.0
"""The verbs that the workflow's rules call: named arguments and files in, files out.

Settings travel as JSON text, exactly as the rule recorded them in its parameters; nothing is looked
up in a study file again, so what ran is what was recorded.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling import cli_fetch, cli_label, cli_training, cli_xtreme
from xling.cli_common import add_paths, add_verb, read_json, read_note, require
from xling.config.study import (
    Choice,
    Data,
    SplitSizes,
)
from xling.errors import UsageError
from xling.files import write_text
from xling.plan import Run
from xling.robust.settings import VoteSettings
from xling.tasks import TASKS

if TYPE_CHECKING:
    pass


def _fetch(args: argparse.Namespace) -> None:
    if cli_fetch.run(args):
        return
    from xling.data.fetch import fetch

    require(args, "task", "data", "uses", "output")
    manifest = fetch(
        args.task,
        read_json(args.data, Data, "data"),
        read_json(args.uses, dict[str, Any], "uses"),
        args.output.parent,
    )
    write_text(args.output, manifest.dump())


def _prepare(args: argparse.Namespace) -> None:
    from xling.data.manifest import read_manifest
    from xling.data.prepare import prepare
    from xling.data.tables import write_table

    table, summary = prepare(
        args.task,
        args.split,
        args.languages,
        read_manifest(args.manifest),
        args.manifest.parent,
        read_json(args.sizes, SplitSizes | None, "sizes"),
        threads=args.threads,
        **read_json(args.choice, Choice, "choice").model_dump(),
    )
    write_table(args.output, table, summary)
    write_text(args.summary, json.dumps(summary, indent=1, sort_keys=True, ensure_ascii=False))


def _tokenize(args: argparse.Namespace) -> None:
    from xling.data.manifest import sha256_of
    from xling.data.tables import read_table
    from xling.tasks.family import family_of
    from xling.tokens import write_tokens

    prepared = read_note(args.summary)
    table = read_table(args.input)
    reading = read_json(args.reading, dict[str, Any], "reading")
    tokens = family_of(args.task).tokenize(table, args.tokenizer, TASKS[args.task], reading)
    info = {key: prepared[key] for key in ("task", "split", "rows", "origin", "translations")}
    info |= {"sha256": sha256_of(args.input), "reading": reading}
    write_tokens(args.output, tokens, info | {"tokenizer": sha256_of(args.tokenizer)})


def _predict(args: argparse.Namespace) -> None:
    from xling.encoders.encoder import read_encoder
    from xling.machine import set_threads
    from xling.predict import Split, predict
    from xling.tasks.predicted import write_predictions

    set_threads(args.threads)
    if not len(args.splits) == len(args.tokens) == len(args.tables):
        raise UsageError(
            f"{len(args.splits)} splits, {len(args.tokens)} tokenised and {len(args.tables)} "
            "prepared files",
            where="--splits, --tokens, --tables",
            allowed="as many of each, in the same order",
        )
    mixes, robust = False, None
    if args.train_note is not None:
        trained = read_note(args.train_note)
        folder, encoder = args.train_note.parent / "model", trained["encoder"]
        mixes, robust = "xmixup" in trained, trained.get("robust")
    else:
        encoder, folder = read_encoder(args.encoder)
    table, note = predict(
        task=args.task,
        model_folder=folder,
        splits=[
            Split(name, tokens, prepared)
            for name, tokens, prepared in zip(args.splits, args.tokens, args.tables, strict=True)
        ],
        encoder=encoder,
        max_tokens=args.eval_batch_tokens,
        languages=args.languages,
        decoding=read_json(args.decoding, dict[str, Any], "decoding"),
        sources={setting: Path(tokens) for setting, tokens in args.english} or None,
        mixes=mixes,
        votes=read_json(args.smoothed, VoteSettings | None, "smoothed"),
        robust=robust,
        pairs=args.pairs,
    )
    write_predictions(args.output, table)
    write_text(args.note, json.dumps(note, indent=1, sort_keys=True) + "\n")


def _score(args: argparse.Namespace) -> None:
    if cli_xtreme.run_score(args):
        return
    require(args, *_SCORED, "predictions", "predict_note", "output")
    from xling.record_run import build_record
    from xling.records import dump_record
    from xling.tasks.predicted import read_predictions

    record = build_record(
        study=args.study_name,
        comparable=args.comparable,
        run=Run(args.paper, args.method, args.model, args.task, args.seed),
        predictions=read_predictions(args.predictions),
        trained_as=args.trained_as,
        train_note=read_note(args.train_note) if args.train_note else None,
        predict_note=read_note(args.predict_note),
    )
    write_text(args.output, dump_record(record))


# What names the run that is scored.
_SCORED = ("study_name", "paper", "method", "model", "task", "seed")


def add_arguments(verbs: Any) -> None:
    """Register the stages' verbs."""

    def verb(name: str, function: Any, text: str) -> argparse.ArgumentParser:
        return add_verb(verbs, name, function, text)

    tasks = sorted(TASKS)

    sub = verb(
        "fetch",
        _fetch,
        "list a task's raw files with their checksums; generate them first if artificial; or "
        "download published data",
    )
    group = sub.add_argument_group("raw files of a task (the workflow's rule)")
    group.add_argument("--task", choices=[*tasks, "text"])
    group.add_argument("--data", help="JSON: the study's 'data' section")
    group.add_argument("--uses", help="JSON: what the study needs of the task")
    add_paths(group, required=False, output="manifest.json to write; generated files lie beside it")
    cli_fetch.register(sub)

    sub = verb("prepare", _prepare, "check and join raw files into one table per split")
    sub.add_argument("--task", choices=[*tasks, "text"], required=True)
    sub.add_argument("--split", required=True)
    sub.add_argument("--languages", nargs="+", required=True, metavar="CODE")
    sub.add_argument("--choice", default="{}", help="JSON: published splits trained on and scored")
    sub.add_argument("--threads", type=int, default=1, help="files that are read side by side")
    sub.add_argument("--sizes", default="null", help="JSON: expected rows of artificial data")
    add_paths(sub, manifest="of the task", output="Parquet to write", summary="JSON to write")

    cli_training.add_pretrain(verbs)

    sub = verb("tokenize", _tokenize, "encode a prepared split with an encoder's tokenizer")
    sub.add_argument("--task", choices=tasks, required=True)
    sub.add_argument("--reading", required=True, help="JSON: how rows become inputs")
    add_paths(
        sub,
        input="prepared Parquet",
        summary="its JSON",
        tokenizer="tokenizer.json",
        output="Arrow file to write",
    )

    cli_label.add_label(verbs)
    cli_training.add_train(verbs)

    sub = verb("predict", _predict, "predict all test rows of a trained model")
    sub.add_argument("--task", choices=tasks, required=True)
    sub.add_argument("--splits", nargs="+", required=True, help="names of the splits")
    sub.add_argument("--tokens", type=Path, nargs="+", required=True, help="tokenised splits")
    sub.add_argument("--tables", type=Path, nargs="+", required=True, help="prepared splits")
    sub.add_argument("--languages", nargs="+", required=True, metavar="CODE")
    text = "tokenised English sides of the rows, for a setting (X-Mixup, ensembles)"
    names = ("SETTING", "TOKENS")
    sub.add_argument("--english", nargs=2, action="append", default=[], metavar=names, help=text)
    text = "also score sentences in two languages: the encoder's tokenizer.json (robust training)"
    sub.add_argument("--pairs", type=Path, metavar="TOKENIZER", help=text)
    text = "JSON: how noisy readings of a row vote (models of RS-RP); null: a row is read once"
    sub.add_argument("--smoothed", default="null", help=text)
    sub.add_argument("--decoding", default="{}", help="JSON: from outputs to predictions")
    model = sub.add_mutually_exclusive_group(required=True)
    model.add_argument("--train-note", type=Path, help="train.json; the model lies beside it")
    model.add_argument("--encoder", type=Path, help="encoder.json, if nothing was trained")
    sub.add_argument("--threads", type=int, default=1)
    sub.add_argument("--eval-batch-tokens", type=int, default=8192)
    add_paths(sub, output="Parquet to write", note="JSON to write")

    sub = verb(
        "score", _score, "score one run's predictions and write its record; or score a submission"
    )
    group = sub.add_argument_group("one run (the workflow's rule)")
    group.add_argument("--study-name")
    text = "data and settings are the papers'"
    group.add_argument("--comparable", action="store_true", help=text)
    for name in ("paper", "method", "model", "task"):
        group.add_argument(f"--{name}")
    group.add_argument("--seed", type=int)
    group.add_argument("--train-note", type=Path, help="train.json, if a model was trained")
    text = "path of the run whose model was used, if one was trained"
    group.add_argument("--trained-as", metavar="PAPER/METHOD/…", default="", help=text)
    cli_xtreme.register_score(sub)
    add_paths(
        group,
        required=False,
        predictions="Parquet",
        predict_note="JSON of the predictions",
        output="record.json to write",
    )

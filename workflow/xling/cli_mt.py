# SPDX-License-Identifier: Apache-2.0
"""The verbs of multilingual translation (the paper on CATS), from raw files to comparisons."""

from __future__ import annotations

import argparse
from typing import Any

from xling.cli_common import add_paths, add_verb, read_json
from xling.config.study import Data
from xling.config.translation import (
    BENCHMARKS,
    DIRECTIONS,
    TransformerSettings,
    TranslationSettings,
    Vocabulary,
)

_SPLITS = ("train", "dev", "test")
_GROUPS = dict[str, list[str]]


def _fetch(args: argparse.Namespace) -> None:
    from xling.mt.stages.fetch_parallel import Uses, fetch_parallel

    fetch_parallel(
        benchmark=args.benchmark,
        data=read_json(args.data, Data, "data"),
        uses=read_json(args.uses, Uses, "uses"),
        output=args.output,
    )


def _prepare(args: argparse.Namespace) -> None:
    from xling.mt.stages.prepare_parallel import Choice, prepare_parallel

    prepare_parallel(
        benchmark=args.benchmark,
        direction=args.direction,
        split=args.split,
        languages=args.languages,
        choice=read_json(args.choice, Choice, "choice"),
        manifest=args.manifest,
        output=args.output,
        summary=args.summary,
    )


def _subwords(args: argparse.Namespace) -> None:
    from xling.mt.stages.subwords import subwords

    settings = read_json(args.settings, Vocabulary, "settings")
    subwords(settings=settings, train=args.train, output=args.output)


def _binarize(args: argparse.Namespace) -> None:
    from xling.mt.stages.binarize import binarize

    binarize(
        train=args.train,
        dev=args.dev,
        test=args.test,
        subwords=args.subwords,
        threads=args.threads,
        output=args.output,
    )


def _train(args: argparse.Namespace) -> None:
    from xling.mt.stages.train_mt import train_mt

    train_mt(
        binarized=args.binarized,
        settings=read_json(args.settings, TranslationSettings, "settings"),
        model=read_json(args.model, TransformerSettings, "model"),
        plug_in=read_json(args.plug_in, dict[str, Any], "plug-in"),
        temperature=args.temperature,
        seed=args.seed,
        threads=args.threads,
        gpus=args.gpus,
        state=args.state,
        output=args.output,
    )


def _generate(args: argparse.Namespace) -> None:
    from xling.mt.stages.generate import generate

    generate(
        binarized=args.binarized,
        test=args.test,
        train_note=args.train_note,
        threads=args.threads,
        note=args.note,
        output=args.output,
    )


def _score(args: argparse.Namespace) -> None:
    from xling.mt.stages.score_mt import score_mt

    score_mt(
        study_name=args.study_name,
        comparable=args.comparable,
        method=args.method,
        model=args.model,
        task=args.task,
        seed=args.seed,
        groups=read_json(args.groups, _GROUPS, "groups"),
        predictions=args.predictions,
        predict_note=args.predict_note,
        train_note=args.train_note,
        output=args.output,
    )


def _analyse(args: argparse.Namespace) -> None:
    from xling.machine import set_threads
    from xling.mt.stages.analyse_mt import analyse_mt

    set_threads(args.threads)
    analyse_mt(
        binarized=args.binarized,
        train_note=args.train_note,
        groups=read_json(args.groups, _GROUPS, "groups"),
        threads=args.threads,
        output=args.output,
    )


def _compare(args: argparse.Namespace) -> None:
    from xling.cli_results import _plan
    from xling.mt.stages.compare_mt import compare_mt

    compare_mt(study=_plan(args), results=args.results, output=args.output)


def _add_data(verbs: Any) -> None:
    sub = add_verb(verbs, "fetch-parallel", _fetch, "write or find parallel data and list it")
    sub.add_argument("--benchmark", choices=BENCHMARKS, required=True)
    sub.add_argument("--data", required=True, help="JSON: the study's section 'data'")
    sub.add_argument("--uses", required=True, help="JSON: languages, sizes of artificial data")
    add_paths(sub, output="manifest.json to write")

    text = "filter parallel data and write the rows of one direction and split"
    sub = add_verb(verbs, "prepare-parallel", _prepare, text)
    sub.add_argument("--benchmark", choices=BENCHMARKS, required=True)
    sub.add_argument("--direction", choices=DIRECTIONS, required=True)
    sub.add_argument("--split", choices=_SPLITS, required=True)
    sub.add_argument("--languages", nargs="+", required=True, metavar="CODE")
    text = "JSON: variant of the text, deduplicate, dev_rows"
    sub.add_argument("--choice", default="{}", help=text)
    add_paths(
        sub,
        manifest="manifest.json of fetch-parallel",
        output="Parquet file to write",
        summary="JSON file to write",
    )

    sub = add_verb(verbs, "subwords", _subwords, "learn the sub-words of a benchmark")
    sub.add_argument("--settings", required=True, help="JSON: the benchmark's 'vocabulary'")
    add_paths(
        sub,
        train="prepared training rows",
        output="note.json to write; source.model and target.model lie beside it",
    )

    sub = add_verb(verbs, "binarize", _binarize, "encode parallel data for fairseq")
    sub.add_argument("--threads", type=int, default=1)
    add_paths(
        sub,
        train="prepared rows",
        dev="prepared rows",
        test="prepared rows",
        subwords="note.json of subwords",
        output="note.json to write; the data lies beside it",
    )


def _add_runs(verbs: Any) -> None:
    text = "train a translation model; goes on from its newest checkpoint"
    sub = add_verb(verbs, "train-mt", _train, text)
    sub.add_argument("--settings", required=True, help="JSON: resolved training settings")
    sub.add_argument("--model", required=True, help="JSON: one entry of translation.models")
    sub.add_argument("--plug-in", required=True, help="JSON: what the fairseq plug-in does")
    text = "of the languages in training batches"
    sub.add_argument("--temperature", type=float, required=True, help=text)
    sub.add_argument("--seed", type=int, required=True)
    sub.add_argument("--threads", type=int, default=1, help="of all processes together")
    text = "train on N GPUs of this machine (1 trains on the CPU if none is visible)"
    sub.add_argument("--gpus", type=int, default=1, metavar="N", help=text)
    add_paths(
        sub,
        binarized="note.json of binarize",
        state="folder for checkpoints",
        output="train.json to write; weights and histories lie beside it",
    )

    sub = add_verb(verbs, "generate", _generate, "translate the test set of all languages")
    sub.add_argument("--threads", type=int, default=1)
    add_paths(
        sub,
        binarized="note.json of binarize",
        test="prepared test rows",
        train_note="train.json; the weights lie beside it",
        note="JSON to write",
        output="Parquet file to write",
    )


def _add_results(verbs: Any) -> None:
    sub = add_verb(verbs, "score-mt", _score, "score the translations of a run")
    sub.add_argument("--study-name", required=True)
    text = "data and settings are the papers'"
    sub.add_argument("--comparable", action="store_true", help=text)
    for name in ("method", "model", "task"):
        sub.add_argument(f"--{name}", required=True)
    sub.add_argument("--seed", type=int, required=True)
    sub.add_argument("--groups", required=True, help="JSON: languages by group: low, mid, high")
    add_paths(
        sub,
        predictions="Parquet file of generate",
        predict_note="note of generate",
        train_note="train.json",
        output="record.json to write",
    )

    text = "measure gradients and curvature of the languages at a trained model"
    sub = add_verb(verbs, "analyse-mt", _analyse, text)
    sub.add_argument("--groups", required=True, help="JSON: languages by group: low, mid, high")
    sub.add_argument("--threads", type=int, default=1)
    add_paths(
        sub,
        binarized="note.json of binarize",
        train_note="train.json; weights and histories lie beside it",
        output="JSON to write",
    )

    text = "compare translation systems with the baseline: resampling of sentences"
    sub = add_verb(verbs, "compare-mt", _compare, text)
    sub.add_argument("--study", required=True, help="name or file of the study, or its JSON")
    add_paths(sub, results="folder of the study's results", output="JSON to write")


def add_arguments(verbs: Any) -> None:
    """Register the verbs."""
    _add_data(verbs)
    _add_runs(verbs)
    _add_results(verbs)

# SPDX-License-Identifier: Apache-2.0
"""The verbs of multilingual distillation, from raw files to comparisons."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from xling.cli_common import add_paths, add_verb, read_json
from xling.config.study import Data

_TASKS = ("sts17", "bucc2018", "tatoeba")


def _fetch(args: argparse.Namespace) -> None:
    from xling.distill.stages.fetch_distill import Uses, fetch_distill

    fetch_distill(
        dataset=args.dataset,
        data=read_json(args.data, Data, "data"),
        uses=read_json(args.uses, Uses, "uses"),
        output=args.output,
    )


def _prepare_sts(args: argparse.Namespace) -> None:
    from xling.distill.stages.prepare_sts import prepare_sts

    prepare_sts(
        pairs=args.pairs,
        rows=args.rows,
        manifest=args.manifest,
        output=args.output,
        summary=args.summary,
    )


def _prepare_graded(args: argparse.Namespace) -> None:
    from xling.distill.stages.prepare_graded import prepare_graded

    prepare_graded(
        data=args.data,
        manifest=args.manifest,
        tests=args.tests,
        output=args.output,
        summary=args.summary,
    )


def _prepare_distill(args: argparse.Namespace) -> None:
    from xling.distill.stages.prepare_distill import Choice, prepare_distill

    prepare_distill(
        choice=read_json(args.choice, Choice, "choice"),
        manifests=args.manifest,
        tests=args.tests,
        train=args.train,
        dev=args.dev,
        summary=args.summary,
    )


def _train_teacher(args: argparse.Namespace) -> None:
    from xling.config.distillation_models import Teacher
    from xling.distill.stages.train_teacher import train_teacher

    train_teacher(
        teacher=read_json(args.teacher, Teacher, "teacher"),
        pairs=args.pairs,
        encoder=args.encoder,
        published=args.published,
        threads=args.threads,
        state=args.state,
        output=args.output,
    )


def _encode(args: argparse.Namespace) -> None:
    from xling.distill.stages.encode_teacher import encode_teacher

    encode_teacher(
        teacher=args.teacher,
        pairs=args.pairs,
        max_lengths=args.max_lengths,
        vectors=args.vectors,
        threads=args.threads,
        output=args.output,
    )


def _train_student(args: argparse.Namespace) -> None:
    from xling.distill.settings import DistillSettings
    from xling.distill.stages.train_student import train_student

    train_student(
        settings=read_json(args.settings, DistillSettings, "settings"),
        seed=args.seed,
        train=args.train,
        dev=args.dev,
        teacher=args.teacher,
        encoder=args.encoder,
        languages=args.languages,
        vectors=args.vectors,
        threads=args.threads,
        state=args.state,
        output=args.output,
    )


def _evaluate(args: argparse.Namespace) -> None:
    from xling.distill.stages.evaluate_sentences import Tested, evaluate_sentences

    evaluate_sentences(
        task=args.task,
        system=read_json(args.system, Tested, "system"),
        source=args.source,
        splits={"test": args.test} | ({"dev": args.dev} if args.dev else {}),
        space=args.space,
        threads=args.threads,
        note=args.note,
        output=args.output,
    )


def _score(args: argparse.Namespace) -> None:
    from xling.distill.stages.score_sentences import score_sentences

    score_sentences(
        study_name=args.study_name,
        comparable=args.comparable,
        method=args.method,
        model=args.model,
        task=args.task,
        seed=args.seed,
        predictions=args.predictions,
        predict_note=args.predict_note,
        train_note=args.train_note,
        output=args.output,
    )


def _compare(args: argparse.Namespace) -> None:
    from xling.cli_results import _plan
    from xling.distill.stages.compare_sentences import compare_sentences

    compare_sentences(study=_plan(args), results=args.results, output=args.output)


def _add_data(verbs: Any) -> None:
    text = "write or find the raw files of STS, graded pairs or a parallel corpus"
    sub = add_verb(verbs, "fetch-distill", _fetch, text)
    sub.add_argument("--dataset", required=True, help="name of the data set in the manifest")
    sub.add_argument("--data", required=True, help="JSON: the study's section 'data'")
    text = "JSON: kind, name, languages, sizes of artificial data"
    sub.add_argument("--uses", required=True, help=text)
    add_paths(sub, output="manifest.json to write")

    sub = add_verb(verbs, "prepare-sts", _prepare_sts, "check the sentence pairs of STS 2017")
    text = "of both sentences, English first: en-de"
    sub.add_argument("--pairs", nargs="+", required=True, metavar="CODES", help=text)
    text = "scored rows that each raw file must have (default: any number)"
    sub.add_argument("--rows", type=int, metavar="N", help=text)
    _add_prepared(sub)

    text = "check the graded English pairs that a teacher learns from"
    sub = add_verb(verbs, "prepare-graded", _prepare_graded, text)
    sub.add_argument("--data", choices=("stsbenchmark", "xnli"), required=True)
    text = "prepared test sets, {task}/test.parquet; pairs that hold a text of theirs are dropped"
    sub.add_argument("--tests", type=Path, nargs="*", default=[], metavar="FILE", help=text)
    _add_prepared(sub)

    text = "choose and clean parallel text; divide it into training and held-out pairs"
    sub = add_verb(verbs, "prepare-distill", _prepare_distill, text)
    text = "JSON: corpora with their languages, rules, caps"
    sub.add_argument("--choice", required=True, help=text)
    text = "of fetch-distill, one for each corpus in the order of the choice"
    sub.add_argument("--manifest", type=Path, nargs="+", required=True, metavar="FILE", help=text)
    text = "prepared test sets, {task}/test.parquet; the overlap with them is counted"
    sub.add_argument("--tests", type=Path, nargs="*", default=[], metavar="FILE", help=text)
    add_paths(
        sub,
        train="Parquet file to write",
        dev="Parquet file to write",
        summary="JSON file to write",
    )


def _add_prepared(sub: Any) -> None:
    add_paths(
        sub,
        manifest="manifest.json of fetch-distill",
        output="Parquet file to write",
        summary="JSON file to write",
    )


def _add_teachers(verbs: Any) -> None:
    text = "train a teacher on graded English pairs, or look at one that is given"
    sub = add_verb(verbs, "train-teacher", _train_teacher, text)
    text = "JSON: one entry of distillation.teachers"
    sub.add_argument("--teacher", required=True, help=text)
    sub.add_argument("--threads", type=int, default=1)
    add_paths(
        sub,
        required=False,
        pairs="rows of prepare-graded (trained teachers)",
        encoder="encoder.json that it starts from (trained teachers)",
        published="note of the download (published teachers)",
    )
    add_paths(
        sub,
        state="folder for checkpoints",
        output="train.json to write; a trained model lies beside it",
    )

    text = "compute a teacher's vectors of all sentences that its students learn"
    sub = add_verb(verbs, "encode-teacher", _encode, text)
    text = "training and held-out pairs of prepare-distill"
    sub.add_argument("--pairs", type=Path, nargs="+", required=True, metavar="FILE", help=text)
    text = "sub-words at which students cut sentences"
    sub.add_argument("--max-lengths", type=int, nargs="+", required=True, metavar="N", help=text)
    sub.add_argument("--threads", type=int, default=1)
    add_paths(
        sub,
        teacher="train.json of train-teacher",
        vectors="folder of all teachers' vectors",
        output="JSON to write",
    )


def _add_student(verbs: Any) -> None:
    text = "train a student; goes on from its newest checkpoint"
    sub = add_verb(verbs, "train-student", _train_student, text)
    sub.add_argument("--settings", required=True, help="JSON: resolved training settings")
    sub.add_argument("--seed", type=int, required=True)
    text = "of the translations; rows of others are left out"
    sub.add_argument("--languages", nargs="+", required=True, metavar="CODE", help=text)
    sub.add_argument("--threads", type=int, default=1)
    add_paths(
        sub,
        train="pairs of prepare-distill",
        dev="held-out pairs of prepare-distill",
        teacher="train.json of train-teacher",
        encoder="encoder.json that the student starts from",
        vectors="folder of all teachers' vectors; jobs share it",
        state="folder for checkpoints",
        output="train.json to write; the model lies beside it",
    )


def _add_results(verbs: Any) -> None:
    text = "compute the vectors of a task's sentences and what they predict"
    sub = add_verb(verbs, "evaluate-sentences", _evaluate, text)
    sub.add_argument("--task", choices=_TASKS, required=True)
    text = "JSON: kind; path of a model without note; python, max_length"
    sub.add_argument("--system", required=True, help=text)
    sub.add_argument("--threads", type=int, default=1)
    add_paths(
        sub,
        required=False,
        source="train.json, encoder.json or note of a download: where the model is",
        dev="prepared sample split of BUCC",
        space="vectors to write, for the figure of the sentence space (sts17)",
    )
    add_paths(
        sub,
        test="prepared test split",
        note="JSON to write",
        output="Parquet file to write",
    )

    sub = add_verb(verbs, "score-sentences", _score, "score the predictions of a run")
    sub.add_argument("--study-name", required=True)
    text = "data and settings are the paper's"
    sub.add_argument("--comparable", action="store_true", help=text)
    for name in ("method", "model"):
        sub.add_argument(f"--{name}", required=True)
    sub.add_argument("--task", choices=_TASKS, required=True)
    sub.add_argument("--seed", type=int, required=True)
    add_paths(sub, required=False, train_note="train.json of a student")
    add_paths(
        sub,
        predictions="Parquet file of evaluate-sentences",
        predict_note="note of evaluate-sentences",
        output="record.json to write",
    )


def _add_comparison(verbs: Any) -> None:
    text = "compare students with their encoders, teachers and each other"
    sub = add_verb(verbs, "compare-sentences", _compare, text)
    sub.add_argument("--study", required=True, help="name or file of the study, or its JSON")
    add_paths(sub, results="folder of the study's results", output="JSON to write")


def add_arguments(verbs: Any) -> None:
    """Register the verbs."""
    _add_data(verbs)
    _add_teachers(verbs)
    _add_student(verbs)
    _add_results(verbs)
    _add_comparison(verbs)

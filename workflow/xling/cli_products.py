# SPDX-License-Identifier: Apache-2.0
"""The verbs around translating: what is translated, what is made of it, how good it is."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from xling.cli_common import add_paths, add_verb, read_json, read_note
from xling.cli_translate import add_store, named_paths
from xling.errors import DataError, UsageError
from xling.files import write_text
from xling.mt.settings import MethodSettings

if TYPE_CHECKING:
    from xling.plan import Plan
    from xling.translate.products.settings import ProductSettings
    from xling.translate.products.work import Work
    from xling.translate.project.aligner import Aligner


class Job(MethodSettings):
    """The option ``--work``: a task, a round, and the languages of each product.

    Attributes:
        settings: of products (:class:`xling.translate.products.settings.ProductSettings`).
    """

    task: str
    round: Literal["there", "back"]
    uses: dict[str, list[str]]
    settings: dict[str, Any] = Field(default_factory=dict)


def _list(args: argparse.Namespace) -> None:
    from xling.translate.products.stages import list_sentences

    list_sentences(_work(args), args.output)


def _build(args: argparse.Namespace) -> None:
    from xling.translate.products.stages import build_products
    from xling.translate.store import Store

    work = _work(args)
    build_products(
        work,
        store=Store(args.store),
        engines=engines_of(args.notes),
        base=args.base,
        output=args.output,
        aligner=aligner_of(args.encoder, work.settings) if args.encoder else None,
    )


def _measure(args: argparse.Namespace) -> None:
    from xling.translate.products.report import measure_quality
    from xling.translate.store import Store

    measure_quality(
        _work(args),
        products=args.products,
        store=Store(args.store),
        engines=engines_of(args.notes),
        output=args.output,
        exact=_splits(args.exact, "exact"),
    )


def _compare(args: argparse.Namespace) -> None:
    from xling.comparison.results import dump_comparison
    from xling.comparison.translations import compare_translations, compared_papers
    from xling.stats.items import RESAMPLES
    from xling.tasks.predicted import read_predictions

    plan = plan_of(args.study)
    if args.paper not in compared_papers(plan):
        raise UsageError(
            f"no method of the paper '{args.paper}' reads translations of several sources",
            where="--paper",
            allowed=", ".join(compared_papers(plan)) or "a paper with systems that do",
        )
    folder = args.results / "predictions"
    found = compare_translations(
        plan,
        args.paper,
        lambda run: read_predictions(folder / f"{run.path}.parquet"),
        resamples=RESAMPLES,
    )
    write_text(args.output, dump_comparison(found))


def _tabulate(args: argparse.Namespace) -> None:
    from xling.figures.translations import write_figures
    from xling.tables.translations import write_tables

    plan = plan_of(args.study)
    write_tables(plan, args.results, args.results / "tables")
    write_figures(plan, args.results, args.results / "figures")


def plan_of(text: str) -> Plan:
    """Return the plan of a study that makes translations."""
    from xling.config.loader import load_study
    from xling.config.study import Study
    from xling.plan import Plan

    as_json = text.lstrip().startswith("{")
    plan = Plan(read_json(text, Study, "study") if as_json else load_study(text).study)
    if plan.translations is None:
        raise UsageError(
            "no system of the study uses translations of our own",
            where=f"--study {plan.study.name}",
            allowed="a study with the part 'translations' and a system that uses an engine",
            fix="see docs/translation.md",
        )
    return plan


def _work(args: argparse.Namespace) -> Work:
    from xling.translate.products.settings import ProductSettings
    from xling.translate.products.work import Work

    job = read_json(args.work, Job, "work")
    return Work(
        task=job.task,
        round=job.round,
        uses=job.uses,
        prepared=_splits(args.prepared, "prepared"),
        settings=read_json(json.dumps(job.settings), ProductSettings, "work, settings"),
    )


def _splits(pairs: list[str], option: str) -> dict[str, Path]:
    return named_paths(pairs, option, "train=prepared/xnli/train.parquet")


def aligner_of(note: Path, settings: ProductSettings, rule: str | None = None) -> Aligner:
    """Return the aligner of a study, or the same with another rule."""
    from xling.translate.project.aligner import Alignment, EncoderAligner

    own = settings.alignment.model_dump()
    return EncoderAligner(note, Alignment(**own | ({"rule": rule} if rule else {})))


def engines_of(notes: list[Path]) -> dict[str, dict[str, Any]]:
    """Return what notes of shards say of the engine of each direction.

    Raises:
        DataError: a note says nothing of engines, or two name different ones.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in notes:
        engines = read_note(path).get("engines")
        if not isinstance(engines, dict):
            raise _strange_note(path, "the note of a shard names no engine")
        for direction, engine in engines.items():
            if found.setdefault(direction, engine)["key"] != engine["key"]:
                raise _strange_note(path, f"two engines translated {direction}")
    return found


def _strange_note(path: Path, what: str) -> DataError:
    return DataError(
        what,
        where=str(path),
        allowed="notes of 'xling translate-shard', one engine for each direction",
        fix="delete the notes of shards and run snakemake again",
    )


def add_arguments(verbs: Any) -> None:
    """Register the verbs."""
    text = "list the sentences of a task that one round translates"
    sub = add_verb(verbs, "list-sentences", _list, text)
    _add_work(sub)
    add_paths(sub, output="Parquet file to write")

    text = "write the translated files of a task, in the layout of published ones"
    sub = add_verb(verbs, "build-products", _build, text)
    _add_work(sub)
    add_stored(sub)
    text = "encoder.json of the encoder that aligns words, if labels are aligned"
    sub.add_argument("--encoder", type=Path, help=text)
    add_paths(
        sub,
        base="manifest.json of fetch; in the round 'back' that of the round 'there'",
        output="manifest.json to write; files and products.json lie beside it",
    )

    text = "compare translations of a task with their sources, people's and exact ones"
    sub = add_verb(verbs, "measure-quality", _measure, text)
    _add_work(sub)
    add_stored(sub)
    text = "products.json of both rounds"
    sub.add_argument("--products", type=Path, nargs="+", required=True, metavar="FILE", help=text)
    text = "the same splits with exact translations (artificial data)"
    sub.add_argument("--exact", nargs="+", default=[], metavar="NAME=PATH", help=text)
    add_paths(sub, output="JSON to write")
    _add_tables(verbs)


def _add_tables(verbs: Any) -> None:
    text = "test a paper's methods with translations of several sources against each other"
    sub = add_verb(verbs, "compare-translations", _compare, text)
    _add_study(sub)
    sub.add_argument("--paper", required=True, help="key of the paper")
    add_paths(sub, output="JSON to write")
    text = "write tables and figure of a study's translations: quality, projection, transfer"
    _add_study(add_verb(verbs, "tabulate-translations", _tabulate, text))


def _add_study(sub: Any) -> None:
    sub.add_argument("--study", required=True, help="name, path, or the resolved study as JSON")
    add_paths(sub, results="the study's folder of results")


def _add_work(sub: Any) -> None:
    text = "JSON: task, round (there, back), uses (languages by product), settings of products"
    sub.add_argument("--work", required=True, help=text)
    text = "prepared Parquet files by split, without the engine's name: train=FILE test=FILE"
    sub.add_argument("--prepared", nargs="+", required=True, metavar="NAME=PATH", help=text)


def add_stored(sub: Any) -> None:
    """Register ``--store`` and ``--notes``."""
    add_store(sub)
    text = "notes of shards of translate-shard: which engine translated which direction"
    sub.add_argument("--notes", type=Path, nargs="+", required=True, metavar="FILE", help=text)

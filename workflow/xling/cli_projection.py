# SPDX-License-Identifier: Apache-2.0
"""The verbs that measure and show how labels are carried over, on artificial sentences."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.cli_common import add_paths, add_verb, read_json
from xling.cli_products import add_stored, aligner_of, engines_of, plan_of
from xling.cli_translate import add_store
from xling.errors import UsageError

if TYPE_CHECKING:
    from xling.translate.project.report import Probe
    from xling.translate.stored import Stored

# Both are measured; which one a study uses, its settings say.
_RULES = ("argmax", "itermax")


def _list_projection(args: argparse.Namespace) -> None:
    from xling.translate.project.report import list_projection

    list_projection(_probe(args), args.output)


def _measure_projection(args: argparse.Namespace) -> None:
    from xling.translate.products.settings import ProductSettings
    from xling.translate.project.report import measure_projection

    settings = read_json(args.settings, ProductSettings, "settings")
    measure_projection(
        _probe(args),
        aligners={rule: aligner_of(args.encoder, settings, rule) for rule in _RULES}
        if args.encoder
        else {},
        output=args.output,
        stored=_stored(args),
    )


def _examples(args: argparse.Namespace) -> None:
    from xling.translate.store import Store
    from xling.translate.stored import Stored
    from xling.translation_examples import write_examples

    plan = plan_of(args.study)
    results = args.results or Path("results") / plan.study.name
    folder = results / "translated" / args.engine / "projection" / "there"
    notes = sorted(folder.glob("shard-*.json"))
    stored = Stored(Store(args.store), engines_of(notes))
    write_examples(plan, args.engine, results, stored, args.page)


def _probe(args: argparse.Namespace) -> Probe:
    from xling.translate.project.report import Probe

    probe: Probe = read_json(args.probe, Probe, "probe")
    unknown = [code for code in probe.languages if code not in probe.artificial.languages]
    if unknown:
        raise UsageError(
            f"there is no artificial language '{unknown[0]}'",
            where="--probe, languages",
            allowed=", ".join(probe.artificial.languages),
        )
    return probe


def _stored(args: argparse.Namespace) -> Stored:
    from xling.translate.store import Store
    from xling.translate.stored import Stored

    return Stored(Store(args.store), engines_of(args.notes))


def add_arguments(verbs: Any) -> None:
    """Register the verbs."""
    text = "list artificial sentences on which the carrying over of labels is measured"
    sub = add_verb(verbs, "list-projection", _list_projection, text)
    _add_probe(sub)
    add_paths(sub, output="Parquet file to write")
    text = "measure markers and word alignment against exact phrases of artificial languages"
    sub = add_verb(verbs, "measure-projection", _measure_projection, text)
    _add_probe(sub)
    add_stored(sub)
    sub.add_argument("--settings", default="{}", help="JSON: settings of products (alignment)")
    text = "encoder.json of the encoder that aligns words; without it markers alone are measured"
    sub.add_argument("--encoder", type=Path, help=text)
    add_paths(sub, output="JSON to write")

    text = "write sentences with translation, markers and labels into the docs"
    sub = add_verb(verbs, "translation-examples", _examples, text)
    sub.add_argument("--study", default="mini", metavar="FILE_OR_NAME", help="that has been run")
    sub.add_argument("--engine", required=True, metavar="NAME", help="of the study")
    sub.add_argument("--results", type=Path, help="of the study (default: results/STUDY)")
    text = "Markdown file with a place for them"
    sub.add_argument("--page", type=Path, default=Path("docs", "translation.md"), help=text)
    add_store(sub)


def _add_probe(sub: Any) -> None:
    text = "JSON: artificial (data.artificial), languages, count, marker"
    sub.add_argument("--probe", required=True, help=text)

# SPDX-License-Identifier: Apache-2.0
"""The verbs of translation engines: convert a model, translate shards, translate a file by hand."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.cli_common import add_paths, add_verb, read_json
from xling.errors import UsageError

if TYPE_CHECKING:
    from xling.config.study import Artificial
    from xling.translate.settings import ArtificialEngine, ModelEngine

#: Translations of all studies.
STORE = Path("resources") / "translations"
#: Stands for every direction that is not named.
ALL = "*"


def _convert(args: argparse.Namespace) -> None:
    from xling.translate.converted import NOTE, Origin
    from xling.translate.stages.convert_engine import convert_engine

    if args.output.name != NOTE:
        raise UsageError(
            f"'{args.output}' is not the note of a converted model",
            where="--output",
            allowed=f"a path that ends in {NOTE}; the model lies beside it",
        )
    convert_engine(
        family=args.family,
        origin=read_json(args.origin, Origin, "origin"),
        output=args.output.parent,
        model=args.model,
        train_note=args.train_note,
        binarized=args.binarized,
    )


def _shard(args: argparse.Namespace) -> None:
    from xling.translate.settings import Machine
    from xling.translate.stages.translate_shard import translate_shard

    translate_shard(
        settings=_by_direction(args.engine, args.model),
        machine=read_json(args.machine, Machine, "machine"),
        lists=args.lists,
        number=args.number,
        count=args.count,
        store=args.store,
        output=args.output,
        artificial=read_artificial(args.artificial),
    )


def _by_hand(args: argparse.Namespace) -> None:
    from xling.chosen_engine import chosen_engine
    from xling.translate.settings import Machine
    from xling.translate.stages.translate_file import translate_file

    machine = {name: getattr(args, name) for name in ("device", "threads", "batch_tokens")}
    direction = f"{args.source}-{args.target}"
    settings, artificial = chosen_engine(args.engine, direction, args.study)
    note = translate_file(
        settings=settings,
        machine=read_json(json.dumps(machine), Machine, "threads, --batch-tokens"),
        file=args.file,
        source=args.source,
        target=args.target,
        store=args.store,
        output=args.output,
        columns=args.columns,
        artificial=artificial,
    )
    flags = ", ".join(f"{flag} {count:,}" for flag, count in note["flags"].items())
    sys.stdout.write(
        f"{args.output}: {note['lines']:,} lines, {note['different']:,} different texts, "
        f"{note['new']:,} of them translated now; flags: {flags or 'none'}; "
        f"licence: {note['engine']['licence']}\n"
    )


def read_artificial(text: str | None) -> Artificial | None:
    """Return a study's artificial languages; None if the option was not given."""
    from xling.config.study import Artificial

    return None if text is None else read_json(text, Artificial, "artificial")


def named_paths(pairs: list[str], option: str, example: str) -> dict[str, Path]:
    """Return the paths of an option whose values are ``NAME=PATH``.

    Raises:
        UsageError: a value has another form, or a name occurs twice.
    """
    found: dict[str, Path] = {}
    for pair in pairs:
        name, sign, path = pair.partition("=")
        if not (name and sign and path) or name in found:
            raise UsageError(
                f"'{pair}' names " + ("a second path" if name in found else "no path"),
                where=f"--{option}",
                allowed=f"NAME=PATH, each name once, such as {example}",
            )
        found[name] = Path(path)
    return found


def _by_direction(text: str, models: list[str]) -> dict[str, ModelEngine | ArtificialEngine]:
    """Return the engine of each direction: equal settings, but a model of its own."""
    from xling.translate.settings import EngineSettings

    folders = named_paths(models, "model", "en-de=engines/opus/en-de or *=engines/nllb")
    if not folders:
        return {ALL: read_json(text, EngineSettings, "engine")}
    try:
        values = dict(json.loads(text))
    except (ValueError, TypeError):
        values = {}  # the type says what is wrong
    return {
        direction: read_json(json.dumps(values | {"model": str(folder)}), EngineSettings, "engine")
        for direction, folder in folders.items()
    }


def add_arguments(verbs: Any) -> None:
    """Register the verbs."""
    text = "convert a translation model for CTranslate2, once"
    sub = add_verb(verbs, "convert-engine", _convert, text)
    families = ("nllb", "m2m100", "madlad", "opus_mt", "fairseq")
    sub.add_argument("--family", choices=families, required=True)
    text = "JSON: model (its name), revision, licence (SPDX)"
    sub.add_argument("--origin", required=True, help=text)
    add_paths(
        sub,
        required=False,
        model="folder of the model as published (all families but fairseq)",
        train_note="train.json of train-mt (fairseq)",
        binarized="note of binarize (fairseq)",
    )
    add_paths(sub, output="converted.json to write; the model lies beside it")
    _add_shard(verbs)
    _add_by_hand(verbs)


def _add_shard(verbs: Any) -> None:
    text = "translate one shard of a list of sentences; what the store has is not done again"
    sub = add_verb(verbs, "translate-shard", _shard, text)
    text = "JSON: settings of the engine; 'model' can be left out where --model is given"
    sub.add_argument("--engine", required=True, help=text)
    text = "folder of the model for a direction (en-de), or for all others (*)"
    sub.add_argument("--model", nargs="+", default=[], metavar="DIRECTION=DIR", help=text)
    text = "JSON: device, threads, batch_tokens"
    sub.add_argument("--machine", default="{}", help=text)
    sub.add_argument("--artificial", help="JSON: data.artificial, for engines of that kind")
    text = "of list-sentences or list-projection"
    sub.add_argument("--lists", type=Path, nargs="+", required=True, metavar="FILE", help=text)
    sub.add_argument("--number", type=int, required=True, metavar="N", help="of the shard, from 0")
    sub.add_argument("--count", type=int, required=True, metavar="N", help="of shards")
    add_store(sub)
    add_paths(sub, output="JSON to write")


def _add_by_hand(verbs: Any) -> None:
    text = "translate a file; what was translated before is looked up"
    sub = add_verb(verbs, "translate", _by_hand, text)
    text = "UTF-8: a sentence or paragraph per line; with --columns a TSV that names its columns"
    sub.add_argument("file", type=Path, metavar="FILE", help=text)
    for name, place in (("from", "source"), ("to", "target")):
        text = "ISO 639-1 code"
        sub.add_argument(f"--{name}", dest=place, required=True, metavar="CODE", help=text)
    text = "settings ('{family: nllb, model: DIR, licence: CC-BY-NC-4.0}'), a YAML file of them, "
    text += "or with --study the name of an engine"
    sub.add_argument("--engine", required=True, help=text)
    text = "whose engine, or whose artificial languages"
    sub.add_argument("--study", metavar="FILE_OR_NAME", help=text)
    text = "of a TSV, to translate; the others are copied"
    sub.add_argument("--columns", nargs="+", metavar="NAME", help=text)
    sub.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    sub.add_argument("--threads", type=int, default=1)
    text = "sub-words of a batch, padding included (a GPU takes 16,000)"
    sub.add_argument("--batch-tokens", type=int, default=2_000, metavar="N", help=text)
    add_store(sub)
    add_paths(sub, output="file to write; a note lies beside it")


def add_store(sub: Any) -> None:
    """Register ``--store``."""
    text = f"folder of all translations, shared by studies (default: {STORE})"
    sub.add_argument("--store", type=Path, default=STORE, metavar="DIR", help=text)

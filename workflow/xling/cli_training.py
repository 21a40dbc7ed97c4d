# SPDX-License-Identifier: Apache-2.0
"""The verbs that train: ``pretrain`` and ``train``."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.cli_common import add_paths, add_verb, read_json
from xling.config.study import Encoder, PretrainedEncoder, TrainingSettings
from xling.methods import methods
from xling.stops import Stop
from xling.tasks import TASKS

if TYPE_CHECKING:
    from xling.distributed import Workers


def _pretrain(args: argparse.Namespace) -> None:
    with Stop() as stop:
        _pretrain_here(args, stop)


def _pretrain_here(args: argparse.Namespace, stop: Stop) -> None:
    from xling.encoders.encoder import describe, save_fast_tokenizer, write_note
    from xling.machine import peak_memory_mb, set_threads, take_first_gpu

    take_first_gpu()
    set_threads(args.threads)
    encoder = read_json(args.encoder, Encoder, "encoder")
    note: dict[str, Any] = {}
    if isinstance(encoder, PretrainedEncoder):
        folder = Path(encoder.path).expanduser().resolve()
        stated, origin = str(folder), f"folder {encoder.path}"
    else:
        from xling.data.manifest import sha256_of
        from xling.data.tables import read_table
        from xling.encoders.pretrain import pretrain
        from xling.run import state_of_run
        from xling.stages import VERSIONS

        folder = args.output.parent / "model"
        stated, origin = "model", "pre-trained on the study's own text"
        state = state_of_run(
            args.state,
            encoder.model_dump(),
            args.positions,
            sha256_of(args.text),
            VERSIONS["pretrain"],
        )
        text = read_table(args.text)
        note = pretrain(encoder, text, args.positions, folder, state, stop) | peak_memory_mb()
    info = describe(
        folder,
        stated,
        precision=encoder.precision,
        origin=origin,
        positions=args.positions,
    )
    save_fast_tokenizer(folder, args.tokenizer)
    write_note(args.output, info | {"pretraining": note})
    if args.state.exists():
        shutil.rmtree(args.state)


def _train(args: argparse.Namespace) -> None:
    with Stop() as stop:
        if args.gpus > 1:
            from xling.launch import launch

            launch(args.gpus, args, stop)
        else:
            from xling.distributed import ALONE
            from xling.machine import take_first_gpu

            take_first_gpu()
            train_here(args, stop, ALONE)


def train_here(args: argparse.Namespace, stop: Stop, workers: Workers) -> None:
    """Train in this process, alone or as one of several workers."""
    from xling.machine import set_threads
    from xling.run import train

    set_threads(max(1, args.threads // workers.count))
    train(
        task=args.task,
        method=args.method,
        settings=read_json(args.settings, TrainingSettings, "settings"),
        seed=args.seed,
        train_files=args.train,
        languages=args.languages,
        dev_files=tuple(args.dev) if args.dev else None,
        english_files=(args.originals, args.back_translations) if args.originals else None,
        labels_file=args.soft_labels,
        decoding=read_json(args.decoding, dict[str, Any], "decoding"),
        encoder_note=args.encoder,
        folder=args.output.parent,
        state=args.state,
        eval_batch_tokens=args.eval_batch_tokens,
        stop=stop,
        workers=workers,
    )


def add_pretrain(verbs: Any) -> None:
    """Register the verb ``pretrain``."""
    sub = add_verb(verbs, "pretrain", _pretrain, "pre-train a small encoder, or check a given one")
    sub.add_argument("--encoder", required=True, help="JSON: one entry of the study's 'encoders'")
    sub.add_argument("--positions", type=int, required=True, help="longest input, in sub-words")
    sub.add_argument("--text", type=Path, help="prepared text (encoders from scratch only)")
    sub.add_argument("--threads", type=int, default=1)
    add_paths(
        sub,
        output="encoder.json to write; the model lies beside it",
        tokenizer="tokenizer.json to write",
        state="folder for checkpoints",
    )


def add_train(verbs: Any) -> None:
    """Register the verb ``train``."""
    sub = add_verb(verbs, "train", _train, "fine-tune one run; goes on from its newest checkpoint")
    sub.add_argument("--task", choices=sorted(TASKS), required=True)
    sub.add_argument("--method", choices=sorted(methods()), required=True)
    sub.add_argument("--settings", required=True, help="JSON: resolved training settings")
    sub.add_argument("--seed", type=int, required=True)
    sub.add_argument("--train", type=Path, nargs="+", required=True, help="tokenised splits")
    sub.add_argument("--languages", nargs="+", required=True, metavar="CODE")
    sub.add_argument("--dev", type=Path, nargs=2, help="dev split, tokenised and prepared")
    text = "tokenised English originals of the rows (paired methods)"
    sub.add_argument("--originals", type=Path, nargs="+", default=[], help=text)
    text = "tokenised back-translations of the rows (paired methods)"
    sub.add_argument("--back-translations", type=Path, nargs="+", default=[], help=text)
    text = "a teacher's labels of the words of translations (paired methods, tagging)"
    sub.add_argument("--soft-labels", type=Path, help=text)
    sub.add_argument("--decoding", default="{}", help="JSON: from outputs to predictions")
    sub.add_argument("--threads", type=int, default=1, help="of all GPUs' processes together")
    text = "train on N GPUs of this machine (N processes on the CPU if none is visible)"
    sub.add_argument("--gpus", type=int, default=1, metavar="N", help=text)
    sub.add_argument("--eval-batch-tokens", type=int, default=8192)
    add_paths(
        sub,
        encoder="encoder.json",
        output="train.json to write; the model lies beside it",
        state="folder for checkpoints",
    )

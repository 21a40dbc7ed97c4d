# SPDX-License-Identifier: Apache-2.0
"""The encoder every later stage reads: a folder in Hugging Face format, and a note about it.

``xling pretrain`` leaves ``encoder.json`` (where the weights are, their checksum, the shape) and
``tokenizer.json`` (the exact fast tokenizer) for scratch encoders and for given folders alike.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xling.data.manifest import sha256_of
from xling.errors import DataError, SetupError, UsageError
from xling.files import write_text

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
TOKENIZERS = ("tokenizer.json", "sentencepiece.bpe.model", "vocab.txt")


def describe(
    folder: Path, stated_as: str, *, precision: str, origin: str, positions: int = 0
) -> dict[str, Any]:
    """Check that a folder holds a usable encoder and return what later stages need to know.

    Args:
        folder: absolute path of the encoder.
        stated_as: the path to write down; relative paths are relative to ``encoder.json``.
        precision: number format the encoder trains in.
        origin: where the weights come from, in words.
        positions: longest input of the study, in sub-words.

    Raises:
        UsageError: the study's inputs are longer than the encoder can read.
        DataError: a file is missing or unreadable.
        SetupError: the precision needs a device that this machine lacks.
    """
    from transformers import AutoConfig

    for names in (("config.json",), WEIGHTS, TOKENIZERS):
        if not any((folder / name).exists() for name in names):
            raise _unreadable(folder, f"no {' or '.join(names)}")
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(folder, str(error).splitlines()[0]) from error
    check_precision(precision)
    _check_positions(config, folder, positions)
    weights = sorted(folder.glob("*.safetensors"))
    return {
        "path": stated_as,
        "origin": origin,
        "architecture": config.model_type,
        "hidden_size": config.hidden_size,
        "layers": config.num_hidden_layers,
        "vocabulary": config.vocab_size,
        "precision": precision,
        "sha256": {file.name: sha256_of(file) for file in weights},
    }


def _check_positions(config: Any, folder: Path, positions: int) -> None:
    """Refuse inputs that are longer than the encoder's table of positions."""
    room = getattr(config, "max_position_embeddings", None)
    if room is None:
        return
    if "roberta" in config.model_type:
        # They number positions from the padding's id + 1.
        room -= config.pad_token_id + 1
    if positions > room:
        raise UsageError(
            f"the study has inputs of up to {positions} sub-words; the encoder reads {room}",
            where=f"{folder}/config.json, max_position_embeddings",
            allowed=f"max_length up to {room} in all tasks of the study",
            fix="lower tasks.<name>.max_length or take another encoder",
        )


def _unreadable(folder: Path, why: str) -> DataError:
    return DataError(
        f"the encoder cannot be read: {why}",
        where=str(folder),
        allowed="a folder with config.json, model.safetensors and a tokenizer that has a fast form",
        fix="check the key encoders.<name>.path; models are loaded without remote code or pickles",
    )


def check_precision(precision: str) -> None:
    """Refuse fp16 where it cannot train."""
    import torch

    if precision == "fp16" and not torch.cuda.is_available():
        raise SetupError(
            "fp16 training needs a GPU",
            where="encoders.<name>.precision",
            allowed="fp32 or bf16 on a CPU",
            fix="set precision: fp32, or run on a machine with a GPU",
        )


def read_encoder(note: Path) -> tuple[dict[str, Any], Path]:
    """Return ``encoder.json`` and the absolute folder of the weights."""
    try:
        info = json.loads(note.read_text(encoding="utf-8"))
        folder = (note.parent / info["path"]).resolve()
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            "the note about an encoder cannot be read",
            where=str(note),
            allowed="the encoder.json that 'xling pretrain' writes",
            fix="delete the file and run snakemake again",
        ) from error
    return info, folder


def write_note(note: Path, info: dict[str, Any]) -> None:
    """Write ``encoder.json``."""
    write_text(note, json.dumps(info, indent=1, sort_keys=True) + "\n")


def save_fast_tokenizer(folder: Path, target: Path) -> None:
    """Write the tokenizer exactly as ``AutoTokenizer`` builds it from the folder.

    transformers 5 rebuilds some tokenizers when they are loaded, so the folder's own
    ``tokenizer.json`` may differ from what the model is used with.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if not tokenizer.is_fast:
        raise _unreadable(folder, "its tokenizer has no fast version")
    write_text(target, tokenizer.backend_tokenizer.to_str())


def load_with_head(auto: Any, folder: Path, labels: tuple[str, ...]) -> Any:
    """Load an encoder with a new head (drawn from torch's global generator).

    Args:
        auto: one of transformers' ``AutoModelFor…`` classes.
        folder: of the encoder.
        labels: class names in index order; none for heads without classes.
    """
    classes: dict[str, Any] = {}
    if labels:
        classes = {
            "num_labels": len(labels),
            "id2label": dict(enumerate(labels)),
            "label2id": {label: i for i, label in enumerate(labels)},
        }
    try:
        return auto.from_pretrained(folder, local_files_only=True, use_safetensors=True, **classes)
    except (OSError, ValueError) as error:
        raise _unreadable(folder, str(error).splitlines()[0]) from error


def load_trained(auto: Any, folder: Path, labels: tuple[str, ...]) -> Any:
    """Load what a training left; raise :class:`DataError` if its classes are not ``labels``."""
    try:
        model = auto.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError) as error:
        raise DataError(
            f"the trained model cannot be read: {str(error).splitlines()[0]}",
            where=str(folder),
            allowed="the folder that 'xling train' writes",
            fix="delete the folder and run snakemake again",
        ) from error
    found = tuple(model.config.id2label[i] for i in sorted(model.config.id2label))
    if labels and found != labels:
        raise DataError(
            "the model's classes are not the task's",
            where=f"{folder}/config.json, id2label",
            allowed=", ".join(labels),
            fix="train the model on this task",
        )
    return model

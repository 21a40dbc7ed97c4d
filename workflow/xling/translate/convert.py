# SPDX-License-Identifier: Apache-2.0
"""Published models as CTranslate2 reads them: converted once, whole or not at all.

Weights keep their number format; another one is chosen when they are loaded.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from xling.data.manifest import sha256_of
from xling.errors import DataError, UsageError
from xling.files import whole_folder
from xling.translate.codes import Family
from xling.translate.converted import (
    TOKENIZER,
    Origin,
    converted_before,
    finish,
    incomplete,
    require_ctranslate2,
)

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_SEVERAL = (".safetensors.index.json", ".bin.index.json")
_MODEL_TYPES = {"nllb": "m2m_100", "m2m100": "m2m_100", "madlad": "t5", "opus_mt": "marian"}


def convert_model(model: Path, family: Family, output: Path, origin: Origin) -> dict[str, Any]:
    """Convert a model of transformers; nothing is done if ``output`` is whole and of this model.

    Args:
        model: folder as published, or as ``save_pretrained`` writes it.
        family: of the model.
        output: folder to write.
        origin: of the model.

    Returns:
        The note: ``family``, ``source`` (checksum of the weights), ``positions`` (None: no bound),
        ``model``, ``revision``, ``licence``, ``files`` (sizes), ``versions``.

    Raises:
        DataError: the model's folder is incomplete.
        UsageError: it is of another family.
        SetupError: ctranslate2 is not installed.
    """
    config = check_folder(model, family)
    source = weights_checksum(model)
    if (found := converted_before(output, source, origin)) is not None:
        return found
    require_ctranslate2()
    from xling.translate.tokens import load_tokenizer

    with whole_folder(output) as part:
        try:
            _convert(model, part)
        except unreadable() as error:
            raise _unconvertible(model, error) from error
        load_tokenizer(model).save_pretrained(part / TOKENIZER)
        positions = None if family == "madlad" else config["max_position_embeddings"]
        about = {"family": family, "source": source, "positions": positions}
        return finish(part, about, origin, ("ctranslate2", "transformers"))


def check_folder(model: Path, family: Family) -> dict[str, Any]:
    """Return the configuration of a model of transformers; see whether its folder is whole.

    Raises:
        DataError: a file is missing or cannot be read.
        UsageError: the model is of another family.
    """
    try:
        config: dict[str, Any] = json.loads((model / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise incomplete(model / "config.json", "the model's configuration") from error
    if config.get("model_type") != _MODEL_TYPES[family]:
        raise UsageError(
            f"this is a model of type '{config.get('model_type')}', not of the family {family}",
            where=str(model),
            allowed=f"type '{_MODEL_TYPES[family]}'",
            fix="name its family, or another folder",
        )
    for path in weight_files(model):
        if not path.is_file() or not path.stat().st_size:
            raise incomplete(path, "the model's weights")
    return config


def weight_files(model: Path) -> list[Path]:
    """Return the files that hold a model's weights, whether they are there or not."""
    for name in WEIGHTS:
        if (model / name).is_file():
            return [model / name]
    for index in sorted(path for path in model.glob("*.json") if path.name.endswith(_SEVERAL)):
        names = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        return [model / name for name in sorted(set(names))]
    return [model / WEIGHTS[0]]


def weights_checksum(model: Path) -> str:
    """Return a checksum of a model's weights."""
    digest = hashlib.sha256()
    for path in weight_files(model):
        digest.update(sha256_of(path).encode())
    return digest.hexdigest()


def unreadable() -> tuple[type[Exception], ...]:
    """Return what libraries raise where a model's files are damaged."""
    from safetensors import SafetensorError

    return (OSError, ValueError, RuntimeError, KeyError, EOFError, UnpicklingError, SafetensorError)


def _convert(model: Path, folder: Path) -> None:
    """Write weights and vocabularies."""
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):
        def load_tokenizer(self, tokenizer_class: Any, name: str, **options: Any) -> Any:
            return _with_languages(tokenizer_class.from_pretrained(name, **options))

        def load_model(self, model_class: Any, name: str, **options: Any) -> Any:
            return _with_scale(model_class.from_pretrained(name, **options))

    Converter(str(model)).convert(str(folder), force=True)


def _with_languages(tokenizer: Any) -> Any:
    """Return a tokenizer whose vocabulary has the languages.

    M2M-100's has not since transformers 5: the converter would find 108 entries too few.
    """
    languages = getattr(tokenizer, "lang_token_to_id", None)
    if languages:
        whole = tokenizer.get_vocab() | languages
        tokenizer.get_vocab = lambda: whole
    return tokenizer


def _with_scale(model: Any) -> Any:
    """Return a model whose configuration says what the converter takes from it.

    T5 scaled the decoder's output where embeddings were tied, and the converter asks for that.
    Since transformers 5 all are tied, and another entry says what MADLAD-400 does: it does not.
    Greedy search would not show it, beams and scores would.
    """
    scaled = getattr(model.config, "scale_decoder_outputs", None)
    if scaled is not None:
        model.config.tie_word_embeddings = scaled
    return model


def _unconvertible(model: Path, error: Exception) -> DataError:
    return DataError(
        f"CTranslate2 cannot convert this model ({type(error).__name__}: {error})",
        where=str(model),
        allowed="a whole model of the families nllb, m2m100, madlad, opus_mt",
        fix="download the model again, or use an engine of kind 'transformers'",
    )

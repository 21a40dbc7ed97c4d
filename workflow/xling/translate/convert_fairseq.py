# SPDX-License-Identifier: Apache-2.0
"""Models that ``xling train-mt`` trained, as CTranslate2 reads them.

fairseq is asked for the module, so that no name of its weights is written down here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xling.data.manifest import sha256_of
from xling.errors import DataError
from xling.files import whole_folder, write_text
from xling.translate.converted import (
    Origin,
    converted_before,
    finish,
    incomplete,
    require_ctranslate2,
)

#: Positions that converted models have; they are computed, so any number may be had.
POSITIONS = 1024
SOURCE_TOKENS = "source_tokens.json"


def convert_fairseq(
    train_note: Path, binarized: Path, output: Path, origin: Origin
) -> dict[str, Any]:
    """Convert a trained model; nothing is done if ``output`` is whole and of this model.

    Args:
        train_note: ``train.json``; the weights lie beside it.
        binarized: note of ``binarize``, with the vocabularies in its folder.
        output: folder to write.
        origin: of the model.

    Returns:
        The note: as of :func:`xling.translate.convert.convert_model`, with ``languages``, ``pairs``
        (``en-qaa``), ``token`` (``src``: the source's language is put in front, else ``tgt``) and
        ``longest`` (sub-words of the longest sentence in training).

    Raises:
        DataError: a file is missing, or the model has another vocabulary.
        SetupError: ctranslate2 or fairseq is not installed.
    """
    from xling.mt.fairseq.trained import CHECKPOINT, load
    from xling.mt.stages.binarize import read_binarized

    data = read_binarized(binarized)
    checkpoint = train_note.parent / CHECKPOINT
    for path in (train_note, checkpoint):
        if not path.is_file():
            raise incomplete(path, "a model that 'xling train-mt' wrote")
    said = json.loads(train_note.read_text(encoding="utf-8"))
    if said["vocabulary"] != data.note["models"]:
        raise DataError(
            "the model was trained with another vocabulary",
            where=str(train_note),
            allowed=f"a model of the vocabulary in {data.folder}",
            fix="delete train.json and run snakemake again",
        )
    source = sha256_of(checkpoint)
    if (found := converted_before(output, source, origin)) is not None:
        return found
    require_ctranslate2()
    trained = load(checkpoint, data.folder)
    with whole_folder(output) as part:
        _save(trained, part)
        for side in ("source", "target"):
            (part / f"{side}.model").write_bytes((data.folder / f"{side}.model").read_bytes())
        write_text(part / SOURCE_TOKENS, json.dumps(trained.task.source_dictionary.symbols))
        about = {
            "family": "fairseq",
            "source": source,
            "positions": POSITIONS,
            "languages": list(trained.task.langs),
            "pairs": list(trained.pairs),
            "token": "src" if data.note["direction"] == "m2o" else "tgt",
            "longest": said["settings"]["max_length"],
        }
        return finish(part, about, origin, ("ctranslate2", "fairseq"))


def _save(trained: Any, folder: Path) -> None:
    """Write the weights of one of fairseq's Transformers, with its vocabularies."""
    import torch
    from ctranslate2.converters import fairseq as parts
    from ctranslate2.specs import common_spec, transformer_spec

    encoder, decoder = trained.model.encoder, trained.model.decoder
    spec = transformer_spec.TransformerSpec.from_config(
        (len(encoder.layers), len(decoder.layers)),
        encoder.layers[0].self_attn.num_heads,
        pre_norm=encoder.layers[0].normalize_before,
        activation=common_spec.Activation.RELU,
        layernorm_embedding=encoder.layernorm_embedding is not None,
    )
    with torch.no_grad():
        for side in (encoder, decoder):
            _lengthen(side.embed_positions)
        parts.set_transformer_encoder(spec.encoder, encoder)
        parts.set_transformer_decoder(spec.decoder, decoder)
        for name, register in (
            ("source_dictionary", spec.register_source_vocabulary),
            ("target_dictionary", spec.register_target_vocabulary),
        ):
            symbols = getattr(trained.task, name).symbols
            register(["<blank>" if symbol == "<pad>" else symbol for symbol in symbols])
        spec.config.decoder_start_token = spec.config.eos_token
        spec.validate()
        spec.optimize()
        spec.save(str(folder))


def _lengthen(positions: Any) -> None:
    """Compute sinusoidal positions beyond those of training, as fairseq does when it decodes."""
    count = POSITIONS + positions.padding_idx + 1
    positions.weights = positions.get_embedding(
        count, positions.embedding_dim, positions.padding_idx
    )

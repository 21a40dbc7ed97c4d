# SPDX-License-Identifier: Apache-2.0
"""The stage ``convert_engine``: a translation model as CTranslate2 reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from xling.errors import UsageError
from xling.translate.codes import Family
from xling.translate.convert import convert_model
from xling.translate.convert_fairseq import convert_fairseq
from xling.translate.converted import Origin


def convert_engine(
    *,
    family: Family | Literal["fairseq"],
    origin: Origin,
    output: Path,
    model: Path | None = None,
    train_note: Path | None = None,
    binarized: Path | None = None,
) -> dict[str, Any]:
    """Convert a model into a folder; nothing is done if the folder is whole and of this model.

    Args:
        family: of the model.
        origin: of the model: name, revision, licence.
        output: folder to write; ``converted.json`` in it is written last.
        model: folder as published; for all families but ``fairseq``.
        train_note: ``train.json`` of ``xling train-mt``; for ``fairseq``.
        binarized: note of ``binarize``; for ``fairseq``.

    Returns:
        The note: see :func:`xling.translate.convert.convert_model` and
        :func:`xling.translate.convert_fairseq.convert_fairseq`.

    Raises:
        DataError: a file of the model is missing.
        UsageError: the files given are not those of the family, or the model is of another one.
        SetupError: a package is missing.
    """
    if family == "fairseq" and train_note and binarized and not model:
        return convert_fairseq(train_note, binarized, output, origin)
    if family != "fairseq" and model and not train_note and not binarized:
        return convert_model(model, family, output, origin)
    raise UsageError(
        f"a model of the family {family} is not given like that",
        where="convert-engine",
        allowed="train.json and the note of binarize for fairseq, else the folder of the model",
        fix="name these files alone",
    )

# SPDX-License-Identifier: Apache-2.0
"""The settings of translation engines, as types that a study can contain."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from xling.mt.settings import MethodSettings

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Precision = Literal["float32", "float16", "bfloat16", "int8"]
Device = Literal["auto", "cpu", "cuda"]


class Search(MethodSettings):
    """How translations are searched for."""

    beam: PositiveInt = Field(4, description="hypotheses at a time; 1 is greedy (4: as NLLB's)")
    length_penalty: float = Field(
        1.0, description="alpha: a hypothesis' log-probability is divided by length^alpha"
    )
    patience: PositiveFloat = Field(
        1.0,
        description="the search ends with beam x patience finished hypotheses; CTranslate2 needs 2 "
        "for the quality that transformers has (USERS.md, section 3.1), at 4/5 of the speed",
    )
    longest_source: PositiveInt = Field(
        256,
        description="sub-words of a sentence (ours); a longer one is cut, translated and joined",
    )
    longest_ratio: PositiveFloat = Field(
        2.0,
        description="a translation has at most longest_ratio n + longest_more sub-words, as in "
        "xling.mt.stages.generate; n: sub-words of the source, rounded up to a multiple of 8",
    )
    longest_more: NonNegativeInt = Field(10, description="see longest_ratio")


class Guard(MethodSettings):
    """What counts as a bad translation, and what becomes of it.  All numbers are ours."""

    shortest: Share = Field(
        0.25, description="a translation shorter than this share of its source is flagged 'short'"
    )
    longest: PositiveFloat = Field(
        4.0, description="one longer than this many times its source is flagged 'long'"
    )
    length_from: PositiveInt = Field(
        20,
        description="sources shorter than this have no length ratio (width: see xling.translate"
        ".guard)",
    )
    repeats: int = Field(
        4, ge=2, description="a phrase this many times in a row, and not in the source: 'repeated'"
    )
    copied_from: PositiveInt = Field(
        4, description="sources of this many words that come back unchanged are flagged 'copied'"
    )
    retry_beam: PositiveInt | None = Field(
        1,
        description="flagged sentences are translated again with this beam and no phrase of three "
        "sub-words twice; what has fewer flags is taken; null: no second try",
    )
    fallback: Literal["keep", "source", "drop"] = Field(
        "keep",
        description="of what is bad after that: keep it, put the source in its place, or drop the "
        "whole text (it comes back empty)",
    )


class ModelEngine(MethodSettings):
    """A translation model on disk."""

    kind: Literal["ctranslate2", "transformers"] = Field(
        "ctranslate2", description="transformers is the reference, several times slower"
    )
    family: Literal["nllb", "m2m100", "madlad", "opus_mt", "fairseq"] = Field(
        ..., description="how languages are named; fairseq: a model that this workflow trained"
    )
    model: str = Field(..., description="folder; of kind ctranslate2: what convert_model wrote")
    revision: str = Field("", description="commit or version of the model, for the record")
    licence: str = Field(..., description="of the model, SPDX: what it writes is under it too")
    precision: Precision = Field("float32", description="number format of the computation")
    split: Literal["sentences", "long"] = Field(
        "sentences",
        description="sentences: each sentence of a text is translated alone, as models were "
        "trained; long: only texts beyond longest_source are split",
    )
    search: Search = Field(Search(), description="of translations")
    guard: Guard = Field(Guard(), description="against bad translations")

    @model_validator(mode="after")
    def _check(self) -> ModelEngine:
        if self.kind == "transformers" and self.family == "fairseq":
            raise ValueError("models of fairseq are run by kind: ctranslate2")
        if self.kind == "transformers" and self.precision == "int8":
            raise ValueError("precision int8 is of kind: ctranslate2")
        if self.kind == "transformers" and self.search.patience != 1.0:
            raise ValueError("transformers knows no patience: set search.patience to 1.0")
        return self


class ArtificialEngine(MethodSettings):
    """The generator of the artificial languages as a translator."""

    kind: Literal["artificial"] = Field("artificial", description="of the artificial languages")
    noise: Share = Field(0.0, description="share of the words that are wrong")
    guard: Guard = Field(
        Guard(retry_beam=None), description="against bad translations; a second try gives the same"
    )


EngineSettings = Annotated[ModelEngine | ArtificialEngine, Field(discriminator="kind")]


class Machine(MethodSettings):
    """What an engine may use; nothing here is part of what a translation is called by."""

    device: Device = Field("auto", description="auto: a GPU if there is one")
    threads: PositiveInt = Field(1, description="of the CPU")
    batch_tokens: PositiveInt = Field(
        2_000, description="source sub-words of a batch, with padding (ours; a GPU takes 16,000)"
    )

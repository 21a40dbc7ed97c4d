# SPDX-License-Identifier: Apache-2.0
"""The types of a study's part ``translation``: multilingual translation, for the paper on CATS.

Settings of methods and of measurements (``weighting``, ``probe``) have types of their own, which
need NumPy; ``xling.config.translation_checks`` loads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from xling.config.parts import Closed, Language, Name, RunResources, Share, known
from xling.mt.systems import SYSTEMS

# Of xling.mt.data.benchmarks and .bitext; their modules read files.
BENCHMARKS = ("opus100", "ted8_diverse", "ted8_related", "wmt10", "wmt6", "xnli_parallel")
DIRECTIONS = ("m2o", "o2m")
#: Layouts that artificial languages are written in.
ARTIFICIAL = ("opus100", "ted8_diverse", "ted8_related")
BenchmarkName = Annotated[str, known("benchmark", BENCHMARKS)]
SystemKind = Annotated[str, known("system", tuple(SYSTEMS))]
DirectionName = Literal["m2o", "o2m"]


class Vocabulary(Closed):
    """Sub-words of one benchmark, by SentencePiece (unigram)."""

    size: PositiveInt = Field(
        ..., description="pieces; of the side that is not English if not shared"
    )
    english: PositiveInt | None = Field(
        None, description="pieces of the English side, if not shared; null: as many"
    )
    shared: bool = Field(True, description="one vocabulary for source and target")
    temperature: float = Field(
        5.0, ge=1.0, description="of the languages' shares in the text it is learned from"
    )

    @model_validator(mode="after")
    def _check(self) -> Vocabulary:
        if self.shared and self.english is not None:
            raise ValueError("a shared vocabulary has no English part: leave 'english' out")
        return self


class BitextSizes(Closed):
    """Sentence pairs of artificial languages."""

    largest: PositiveInt = Field(..., description="training pairs of the first language")
    ratio: float = Field(
        30.0, ge=1.0, description="first to last language; sizes fall geometrically"
    )
    dev: PositiveInt = Field(..., description="pairs per language")
    test: PositiveInt = Field(..., description="pairs per language")


class Benchmark(Closed):
    """How a study uses one translation benchmark."""

    languages: list[Language] | None = Field(
        None, min_length=2, description="translated from or to English; null: all that are scored"
    )
    vocabulary: Vocabulary
    variant: Literal["detokenised", "tokenised"] = Field(
        "detokenised", description="of TED's text, which is published tokenised"
    )
    deduplicate: bool = Field(
        False, description="drop repeated training pairs, and pairs that a later split holds"
    )
    dev_rows: PositiveInt | None = Field(
        None, description="take the first so many dev pairs of each language; null: all"
    )
    sizes: BitextSizes | None = Field(None, description="needed for artificial data")

    @model_validator(mode="after")
    def _check(self) -> Benchmark:
        codes = self.languages or []
        if len(set(codes)) != len(codes):
            raise ValueError("a language is listed twice")
        return self


class TransformerSettings(Closed):
    """An encoder and a decoder (Vaswani et al. 2017)."""

    encoder_layers: PositiveInt = Field(6, description="layers of the encoder")
    decoder_layers: PositiveInt = Field(6, description="layers of the decoder")
    width: PositiveInt = Field(512, description="of states and embeddings; a multiple of heads")
    ffn: PositiveInt = Field(2048, description="width of the feed-forward parts")
    heads: PositiveInt = Field(8, description="attention heads per layer")
    dropout: Share = Field(0.1, description="of states")
    attention_dropout: Share = Field(0.0, description="of attention weights")
    activation_dropout: Share = Field(0.0, description="inside the feed-forward parts")
    pre_norm: bool = Field(False, description="normalise before each part, not after it")
    normalised_embeddings: bool = Field(False, description="normalise embeddings as well")
    share_embeddings: Literal["all", "decoder", "none"] = Field(
        "decoder",
        description="all: source, target and output (needs a shared vocabulary); decoder: target "
        "and output",
    )

    @model_validator(mode="after")
    def _check(self) -> TransformerSettings:
        if self.width % self.heads:
            raise ValueError("width must be a multiple of heads")
        return self


class TranslationSettings(Closed):
    """Training and decoding of one run: Adam, inverse square root schedule, beam search."""

    max_updates: PositiveInt = Field(..., description="updates; the same for all systems")
    max_tokens: PositiveInt = Field(
        4096, description="sub-words of a batch on one GPU, longer side and padding included"
    )
    update_freq: PositiveInt = Field(1, description="batches per update")
    learning_rate: PositiveFloat = Field(5e-4, description="peak")
    warmup_updates: PositiveInt = Field(4000, description="updates to the peak")
    warmup_from: PositiveFloat = Field(1e-7, description="learning rate of the first update")
    adam_epsilon: PositiveFloat = Field(1e-8, description="of Adam (betas 0.9 and 0.98)")
    weight_decay: NonNegativeFloat = Field(0.0, description="of Adam")
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.1, description="share of the loss that is spread over all sub-words"
    )
    clip_norm: NonNegativeFloat = Field(
        1.0, description="longer gradients are shortened to it; 0: none are"
    )
    max_length: PositiveInt = Field(
        256, description="sub-words of a side; longer training pairs are left out and counted"
    )
    precision: Literal["fp32", "fp16", "bf16", "amp"] = Field(
        "fp32", description="number format of training; amp: mixed, weights in fp32"
    )
    sampling_temperature: float | None = Field(
        None,
        ge=1.0,
        description="of the languages in training batches; null: 1, and T for temperature_T",
    )
    weighting: dict[str, Any] = Field(
        default_factory=dict,
        description="settings of the system's method that differ from its defaults (docs/cats.md)",
    )
    probe: dict[str, Any] = Field(
        default_factory=dict,
        description="how losses and gradients of directions are measured: kind, tokens, split, "
        "dropout, scope",
    )
    largest_factor: float = Field(10.0, ge=1.0, description="bound of the factor of a token's loss")
    log_every: PositiveInt = Field(100, description="updates between lines of the history")
    validate_every: PositiveInt = Field(1000, description="updates between looks at the dev sets")
    checkpoint_every: PositiveInt = Field(1000, description="updates between checkpoints")
    selection: Literal["best", "last"] = Field(
        "best", description="best: the least mean loss over the languages' dev sets"
    )
    beam: PositiveInt = Field(5, description="hypotheses per sentence in the search")
    length_penalty: NonNegativeFloat = Field(
        1.0, description="exponent of the length that a hypothesis' score is divided by"
    )

    @model_validator(mode="after")
    def _check(self) -> TranslationSettings:
        if self.warmup_updates > self.max_updates:
            raise ValueError("warmup_updates must be at most max_updates")
        return self


class TranslationWhere(Closed):
    """Which runs an override is for; a list that is left out matches all."""

    methods: list[Name] | None = Field(None, min_length=1, description="systems and their variants")
    models: list[Name] | None = Field(None, min_length=1, description="names below models")
    benchmarks: list[BenchmarkName] | None = Field(None, min_length=1, description="of these")
    directions: list[DirectionName] | None = Field(None, min_length=1, description="m2o, o2m")


class TranslationOverride(Closed):
    """Other training settings for some runs; later overrides win, ``weighting`` key by key."""

    where: TranslationWhere
    set: dict[str, Any] = Field(..., min_length=1, description="keys of the training settings")

    @model_validator(mode="after")
    def _check(self) -> TranslationOverride:
        _known_keys("training setting", self.set, tuple(TranslationSettings.model_fields))
        return self


class TranslationResourceOverride(Closed):
    """Other resources for some runs; later overrides win."""

    where: TranslationWhere
    set: dict[str, Any] = Field(..., min_length=1, description="train_threads, gpu, gpu_type")

    @model_validator(mode="after")
    def _check(self) -> TranslationResourceOverride:
        _known_keys("resource of a run", self.set, tuple(RunResources.model_fields))
        RunResources.model_validate(self.set)
        return self


class TranslationTraining(Closed):
    """Settings of all trainings of translation models."""

    defaults: TranslationSettings
    overrides: list[TranslationOverride] = Field(default_factory=list)


class TranslationSystem(Closed):
    """A variant of a system, with a name and a title of its own."""

    method: SystemKind = Field(..., description="the system that it varies")
    title: str = Field(..., min_length=1, description="as tables print it")
    set: dict[str, Any] = Field(
        default_factory=dict, description="settings of the method (docs/cats.md)"
    )
    training: dict[str, Any] = Field(
        default_factory=dict, description="keys of the training settings"
    )

    @model_validator(mode="after")
    def _check(self) -> TranslationSystem:
        _known_keys("training setting", self.training, tuple(TranslationSettings.model_fields))
        if not self.set and not self.training:
            raise ValueError("a variant needs 'set' or 'training': nothing differs")
        return self


class TranslationExperiment(Closed):
    """A block of the grid: every combination of the names in its lists is a run."""

    methods: list[Name] = Field(
        ..., min_length=1, description="systems, and names below translation.systems"
    )
    models: list[Name] = Field(..., min_length=1, description="names below translation.models")
    benchmarks: list[BenchmarkName] = Field(
        ..., min_length=1, description="names below translation.benchmarks"
    )
    directions: list[DirectionName] = Field(
        ..., min_length=1, description="m2o: to English; o2m: from English"
    )
    seeds: list[NonNegativeInt] = Field(..., min_length=1, description="one run for each")


class Translation(Closed):
    """Multilingual translation: benchmarks, models, training, systems and the grid of runs."""

    benchmarks: dict[BenchmarkName, Benchmark] = Field(..., min_length=1)
    models: dict[Name, TransformerSettings] = Field(
        ..., min_length=1, description="by a name of your choice"
    )
    training: TranslationTraining
    systems: dict[Name, TranslationSystem] = Field(
        default_factory=dict, description="variants of systems, by a name of your choice"
    )
    experiments: list[TranslationExperiment] = Field(..., min_length=1)
    resources: list[TranslationResourceOverride] = Field(
        default_factory=list,
        description="where a run's resources differ from the study's; later entries win",
    )

    @model_validator(mode="after")
    def _check(self) -> Translation:
        names = {*SYSTEMS, *self.systems}
        for name in self.systems:
            if name in SYSTEMS:
                raise ValueError(
                    f"systems.{name}: the name of a system of its own; allowed: any other name"
                )
        for i, block in enumerate(self.experiments):
            _all_known(f"experiments[{i}].methods", "system", block.methods, names)
            _all_known(f"experiments[{i}].models", "model", block.models, self.models)
            _all_known(
                f"experiments[{i}].benchmarks", "benchmark", block.benchmarks, self.benchmarks
            )
        wheres = [
            *((f"training.overrides[{i}]", o.where) for i, o in enumerate(self.training.overrides)),
            *((f"resources[{i}]", o.where) for i, o in enumerate(self.resources)),
        ]
        for place, where in wheres:
            at = f"{place}.where"
            _all_known(f"{at}.methods", "system", where.methods or [], names)
            _all_known(f"{at}.models", "model", where.models or [], self.models)
            _all_known(f"{at}.benchmarks", "benchmark", where.benchmarks or [], self.benchmarks)
        return self


def _known_keys(kind: str, given: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for key in given:
        if key not in allowed:
            raise ValueError(f"unknown {kind} '{key}'; allowed: {', '.join(allowed)}")


def _all_known(where: str, kind: str, names: list[str], allowed: Any) -> None:
    for name in names:
        if name not in allowed:
            raise ValueError(
                f"{where}: unknown {kind} '{name}'; allowed: {', '.join(sorted(allowed))}"
            )

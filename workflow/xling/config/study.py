# SPDX-License-Identifier: Apache-2.0
"""The types of a study: every key a study file may have, its default, its meaning.

The models are closed: an unknown key is an error.  The JSON schema for editors and the table in
``docs/study.md`` are generated from them (``xling study schema``).
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from xling.config.distillation import Distillation
from xling.config.parts import Closed, Language, Name, Precision, RunResources, Share, known
from xling.config.translation import Translation
from xling.config.translations import Translations
from xling.methods import Method, methods
from xling.robust.settings import RobustSettings
from xling.tasks import SOURCE_LANGUAGE, TASKS
from xling.xmixup.settings import XMixupSettings, preset

PAPERS = ("xmixup", "robust", "cats", "distill")
# A method or one of the study's own systems, which only the whole study knows.
SystemName = Name
TaskName = Annotated[str, known("task", tuple(TASKS))]
MethodName = Annotated[str, known("method", tuple(methods()))]
PaperName = Annotated[str, known("paper", PAPERS)]


class ArtificialLanguage(Closed):
    """One artificial target language: how far it is from the source, and how much text it has."""

    word_order: Literal["SVO", "SOV", "VSO"] = Field("SVO", description="order of the clause")
    adjective: Literal["before", "after"] = Field("before", description="adjective and noun")
    adposition: Literal["before", "after"] = Field("before", description="adposition and noun")
    cognates: Share = Field(0.0, description="share of words spelt nearly as in the source")
    script: Literal["latin", "cyrillic", "greek", "georgian"] = Field(
        "latin", description="alphabet; cognates in another script share no characters"
    )
    text_share: Share = Field(..., description="share of the pre-training text")


class SplitSizes(Closed):
    """Rows of one language in each split of an artificial benchmark."""

    train: NonNegativeInt = Field(0, description="rows of the source training set")
    dev: NonNegativeInt = Field(0, description="rows per language")
    test: PositiveInt = Field(..., description="rows per language")


class Artificial(Closed):
    """The artificial languages and the size of what is written in them."""

    seed: int = Field(1, description="all facts, words and noise follow from it")
    languages: dict[Language, ArtificialLanguage] = Field(
        ..., description="target languages by private-use code (qaa to qtz)"
    )
    source_text_share: Share = Field(..., description="share of the text in the source language")
    text_documents: PositiveInt = Field(..., description="two-sentence texts for pre-training")
    sizes: dict[TaskName, SplitSizes] = Field(
        default_factory=dict, description="rows per benchmark"
    )
    noise: Share = Field(0.0, description="share of wrong words in machine translations")

    @model_validator(mode="after")
    def _check(self) -> Artificial:
        for code in self.languages:
            if not re.fullmatch(r"q[a-t][a-z]", code):
                raise ValueError(f"'{code}' is not a private-use code; allowed: qaa to qtz")
        total = self.source_text_share + sum(v.text_share for v in self.languages.values())
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"the text shares add up to {total:g}; they must add up to 1")
        return self


class Data(Closed):
    """Where raw data comes from."""

    source: Literal["artificial", "folder", "download"] = Field(
        ...,
        description="artificial: generated; folder: an XTREME download folder (root); "
        "download: fetched from the published addresses (config/datasets.csv)",
    )
    root: str | None = Field(
        None, description="the folder, absolute or relative to where snakemake is started"
    )
    artificial: Artificial | None = Field(None, description="needed for source: artificial")

    @model_validator(mode="after")
    def _check(self) -> Data:
        if self.source == "artificial" and (self.artificial is None or self.root is not None):
            raise ValueError("source 'artificial' needs the key 'artificial' and no 'root'")
        if self.source == "download" and (self.root is not None or self.artificial is not None):
            raise ValueError("source 'download' needs no 'root' and no 'artificial'")
        if self.source == "folder" and (self.root is None or self.artificial is not None):
            raise ValueError("source 'folder' needs the key 'root' and no 'artificial'")
        return self


class Windows(Closed):
    """How long contexts are read and answers are picked (question answering)."""

    doc_stride: PositiveInt = Field(128, description="sub-words between the starts of windows")
    max_question: PositiveInt = Field(64, description="sub-words of a question; the rest is cut")
    max_answer: PositiveInt = Field(30, description="sub-words of an answer, at most")
    n_best: PositiveInt = Field(20, description="best starts and ends that are combined")


class Search(Closed):
    """How sentences are embedded and matched (retrieval)."""

    pooling: Literal["mean", "cls"] = Field(
        "mean", description="mean over all sub-words of a sentence, or its first"
    )
    layer: NonNegativeInt | None = Field(
        None, description="layer that is read, 0 being the embeddings; null: the last"
    )
    sweep: bool = Field(False, description="also score every other layer (Tatoeba)")
    neighbours: PositiveInt = Field(4, description="of the margin score (BUCC)")


class Choice(Closed):
    """Which published splits are trained on and scored: what ``xling prepare`` is told."""

    train_split: Literal["train", "dev", "test"] = "train"
    test_split: Literal["train", "dev", "test"] = "test"
    held_out: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5


class TaskSettings(Closed):
    """How a study uses one benchmark."""

    languages: list[Language] = Field(..., min_length=1, description="languages that are scored")
    train_split: Literal["train", "dev", "test"] = Field(
        "train", description="dev, test: train on the dev or test set (and its human translations)"
    )
    test_split: Literal["train", "dev", "test"] = Field(
        "test", description="published split that is scored"
    )
    held_out: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        0.5,
        description="share of the paragraphs that is scored if train_split and test_split are the "
        "same (question answering)",
    )
    max_length: PositiveInt = Field(
        128, description="sub-words per example; longer pairs are cut, longest text first"
    )
    windows: Windows | None = Field(None, description="of question answering; null: XTREME's")
    search: Search | None = Field(None, description="of retrieval; null: mean of the last layer")
    pairs: bool = Field(
        False,
        description="for the paper robust, of parallel sentence pairs: also score pairs of "
        "sentences in two languages, all of them (docs/robust.md)",
    )

    @model_validator(mode="after")
    def _check(self) -> TaskSettings:
        if len(set(self.languages)) != len(self.languages):
            raise ValueError("a language is listed twice")
        return self


class Pretraining(Closed):
    """Masked language modelling of a small encoder (Devlin et al. 2019, §3.1)."""

    steps: PositiveInt = Field(..., description="updates")
    batch_size: PositiveInt = Field(128, description="two-sentence texts per step")
    learning_rate: PositiveFloat = Field(1e-3, description="peak, linear warm-up and decay")
    warmup_ratio: Share = Field(0.1, description="share of the steps")
    weight_decay: float = Field(0.01, ge=0.0, description="of AdamW")
    mask_probability: Share = Field(0.15, description="share of sub-words to predict")
    max_length: PositiveInt = Field(64, description="sub-words per text")
    seed: NonNegativeInt = Field(
        1, description="weights, order of the texts and masks follow from it"
    )
    checkpoint_every: PositiveInt = Field(500, description="steps between checkpoints")


class ScratchEncoder(Closed):
    """A small encoder that is pre-trained on the study's own text."""

    source: Literal["scratch"] = Field(..., description="pre-trained on the study's own text")
    architecture: Literal["bert", "xlm-roberta"] = Field(
        ..., description="whose layers, tokenizer and special tokens"
    )
    vocabulary: PositiveInt = Field(..., description="size of the sub-word vocabulary, at most")
    hidden_size: PositiveInt = Field(..., description="width; a multiple of heads")
    layers: PositiveInt = Field(..., description="Transformer layers")
    heads: PositiveInt = Field(..., description="attention heads per layer")
    intermediate_size: PositiveInt = Field(..., description="width of the feed-forward part")
    dropout: Share = Field(0.1, description="of hidden states and attention")
    precision: Precision = Field("fp32", description="number format of training and prediction")
    pretraining: Pretraining

    @model_validator(mode="after")
    def _check(self) -> ScratchEncoder:
        if self.hidden_size % self.heads:
            raise ValueError("hidden_size must be a multiple of heads")
        return self


class PretrainedEncoder(Closed):
    """An encoder in a folder in Hugging Face format (safetensors and a fast tokenizer)."""

    source: Literal["folder"] = Field(..., description="already trained, on disk")
    path: str = Field(..., description="folder with config.json, model.safetensors, tokenizer")
    precision: Precision = Field("fp32", description="number format of training and prediction")


Encoder = Annotated[ScratchEncoder | PretrainedEncoder, Field(discriminator="source")]


class XMixupChoices(Closed):
    """How X-Mixup mixes: a preset, and what differs from it."""

    preset: Literal["paper", "released"] = Field(
        "paper", description="the paper's description, or what the released code does"
    )
    set: dict[str, Any] = Field(
        default_factory=dict, description="settings that replace the preset's (docs/xmixup.md)"
    )
    teacher: Literal["zero_shot", "translate_train"] | None = Field(
        "zero_shot",
        description="of tagging: whose probabilities the words of translations are labelled with; "
        "null: the tags that were carried over with the words",
    )
    english: list[Literal["translate_test", "gold"]] | None = Field(
        None,
        min_length=1,
        description="English sides of test rows; null: their translation, and gold English (an "
        "oracle) where the test set is parallel",
    )

    def resolve(self, family: str, *, layers: int, max_length: int) -> XMixupSettings:
        """Return all settings for a task family and an encoder."""
        return preset(self.preset, family, layers=layers, max_length=max_length, **self.set)

    @property
    def samples(self) -> bool:
        """Whether back-translations are trained on."""
        return self.set.get("sampling") != "off"

    @model_validator(mode="after")
    def _check(self) -> XMixupChoices:
        for key in self.set:
            if key not in XMixupSettings.model_fields:
                allowed = ", ".join(XMixupSettings.model_fields)
                raise ValueError(f"unknown setting of X-Mixup '{key}'; allowed: {allowed}")
        # Contradictions show with any family and size; what depends on the encoder comes later.
        self.resolve("classification", layers=24, max_length=128)
        return self


class TrainingSettings(Closed):
    """Fine-tuning of one run.  Exactly one of ``epochs`` and ``max_steps`` is set."""

    learning_rate: PositiveFloat = Field(2e-5, description="peak")
    schedule: Literal["linear", "constant"] = Field("linear", description="after the warm-up")
    warmup_ratio: Share = Field(0.0, description="share of the steps")
    warmup_steps: NonNegativeInt | None = Field(
        None, description="updates of the warm-up; instead of warmup_ratio"
    )
    batch_size: PositiveInt = Field(32, description="examples per update")
    accumulation: PositiveInt = Field(1, description="parts in which a batch is computed")
    epochs: PositiveFloat | None = Field(None, description="passes over the training data")
    max_steps: PositiveInt | None = Field(None, description="updates")
    weight_decay: float = Field(0.0, ge=0.0, description="of AdamW")
    adam_epsilon: PositiveFloat = Field(1e-8, description="of AdamW")
    max_grad_norm: PositiveFloat = Field(1.0, description="longer gradients are shortened to it")
    gradient_checkpointing: bool = Field(False, description="less memory, more time")
    selection: Literal["last", "best_source_dev", "best_target_dev"] = Field(
        "last", description="which weights are kept; best_target_dev uses target labels (oracle)"
    )
    evaluate_every: PositiveInt = Field(500, description="updates between looks at the dev set")
    checkpoint_every: PositiveInt = Field(500, description="updates between checkpoints")
    xmixup: XMixupChoices | None = Field(None, description="of the method xmixup; null: its preset")
    robust: RobustSettings | None = Field(
        None, description="of robust training; null: its defaults (docs/robust.md)"
    )

    @model_validator(mode="after")
    def _check(self) -> TrainingSettings:
        if (self.epochs is None) == (self.max_steps is None):
            raise ValueError("set exactly one of 'epochs' and 'max_steps'")
        if self.warmup_steps is not None and self.warmup_ratio:
            raise ValueError("set only one of 'warmup_ratio' and 'warmup_steps'")
        if self.batch_size % self.accumulation:
            raise ValueError("batch_size must be a multiple of accumulation")
        return self


class Where(Closed):
    """Which runs an override is for; a list that is left out matches all."""

    methods: list[SystemName] | None = Field(
        None, min_length=1, description="of these methods and their variants, or of these variants"
    )
    models: list[Name] | None = Field(None, min_length=1, description="with these encoders")
    tasks: list[TaskName] | None = Field(None, min_length=1, description="on these tasks")


class _SetsTraining(Closed):
    """Base of what replaces training settings."""

    set: dict[str, Any] = Field(..., min_length=1, description="keys of the training settings")

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key in self.set:
            if key not in TrainingSettings.model_fields:
                allowed = ", ".join(TrainingSettings.model_fields)
                raise ValueError(f"unknown training setting '{key}'; allowed: {allowed}")
        return self


class Override(_SetsTraining):
    """Other training settings for some runs; later overrides win."""

    where: Where


class System(_SetsTraining):
    """A variant of a method, with a name and a title of its own: an ablation, another rate."""

    method: MethodName = Field(..., description="whose code it runs; one that trains its own model")
    title: str = Field(..., min_length=1, description="as tables print it")
    set: dict[str, Any] = Field(
        default_factory=dict,
        description="keys of the training settings; may be left out if 'translations' is given",
    )
    translations: Name | None = Field(
        None,
        description="whose translations it reads: 'published', or a name below "
        "translations.engines; null: those of translations.use",
    )

    @model_validator(mode="after")
    def _differs(self) -> System:
        if not self.set and self.translations is None:
            raise ValueError("a variant needs 'set' or 'translations': nothing differs")
        return self


class Training(Closed):
    """Settings of all fine-tuning runs."""

    defaults: TrainingSettings
    overrides: list[Override] = Field(default_factory=list)


class Experiment(Closed):
    """A block of the grid: every combination of the names in its lists is a run."""

    paper: PaperName = Field(..., description="whose tables the runs fill")
    methods: list[SystemName] = Field(
        ..., min_length=1, description="what to compare: methods, and names below systems"
    )
    models: list[Name] = Field(..., min_length=1, description="names below encoders")
    tasks: list[TaskName] = Field(..., min_length=1, description="names below tasks")
    seeds: list[NonNegativeInt] = Field(..., min_length=1, description="one run for each")
    languages: dict[TaskName, Annotated[list[Language], Field(min_length=1)]] = Field(
        default_factory=dict, description="score only these languages of a task"
    )


class ResourceOverride(Closed):
    """Other resources for some runs; later overrides win."""

    where: Where
    set: dict[str, Any] = Field(..., min_length=1, description="train_threads, gpu, gpu_type")

    @model_validator(mode="after")
    def _check(self) -> ResourceOverride:
        for key in self.set:
            if key not in RunResources.model_fields:
                allowed = ", ".join(RunResources.model_fields)
                raise ValueError(f"unknown resource of a run '{key}'; allowed: {allowed}")
        RunResources.model_validate(self.set)
        return self


class Resources(RunResources):
    """What one job may use.  The profile maps it to a machine or a cluster."""

    pretrain_threads: PositiveInt = Field(2, description="CPU threads of pre-training")
    eval_batch_tokens: PositiveInt = Field(
        8192, description="sub-words, padding included, per batch when nothing is trained"
    )
    short_minutes: NonNegativeInt = Field(
        10,
        description="trainings and predictions of at most so many estimated minutes share an "
        "allocation on a cluster; 0: none do",
    )
    overrides: list[ResourceOverride] = Field(default_factory=list)


class Study(Closed):
    """One study: data, encoders, tasks, settings, and the grid of runs."""

    name: Name = Field(..., description="also the folder under results/")
    description: str = Field(..., description="one line for reports")
    comparable: bool = Field(
        False, description="true only if data, models and settings are the papers' own"
    )
    data: Data
    translation: Translation | None = None
    distillation: Distillation | None = None
    translations: Translations | None = Field(
        None, description="translations of our own; null: published ones alone"
    )
    # Without one of these, a study must have the next three and experiments; see _needed.
    tasks: dict[TaskName, TaskSettings] = Field(None, validate_default=True)
    encoders: dict[Name, Encoder] = Field(
        None, validate_default=True, description="by a name of your choice"
    )
    training: Training | None = Field(None, validate_default=True)
    systems: dict[Name, System] = Field(
        default_factory=dict, description="variants of methods, by a name of your choice"
    )
    experiments: list[Experiment] = Field(None, validate_default=True)
    resources: Resources = Field(default_factory=Resources)

    @field_validator("tasks", "encoders", "training", "experiments", mode="before")
    @classmethod
    def _needed(cls, value: Any, info: ValidationInfo) -> Any:
        """Let a study of translation or distillation leave these parts out; no other may."""
        alone = any(
            info.data.get(part, ...) is not None for part in ("translation", "distillation")
        )
        if value is None and not alone:
            raise PydanticKnownError("missing")
        if value is None:
            return {"training": None, "experiments": []}.get(str(info.field_name), {})
        if value in ({}, []) and not alone and info.field_name != "training":
            kind = "List" if info.field_name == "experiments" else "Dictionary"
            limits = {"field_type": kind, "min_length": 1, "actual_length": 0}
            raise PydanticKnownError("too_short", limits)
        return value

    @model_validator(mode="after")
    def _check(self) -> Study:
        self._check_languages()
        self._check_systems()
        for i, block in enumerate(self.experiments):
            for kind, names, allowed in (
                ("models", block.models, self.encoders),
                ("tasks", block.tasks, self.tasks),
                ("languages", block.languages, self.tasks),
            ):
                for name in names:
                    if name not in allowed:
                        raise ValueError(
                            f"experiments[{i}].{kind}: unknown name '{name}'; "
                            f"allowed: {', '.join(allowed)}"
                        )
            for task, wanted in block.languages.items():
                for code in wanted:
                    if code in self.tasks[task].languages:
                        continue
                    raise ValueError(
                        f"experiments[{i}].languages.{task}: unknown language '{code}'; "
                        f"allowed: {', '.join(self.tasks[task].languages)}"
                    )
        return self

    @property
    def overrides(self) -> list[Override]:
        """Overrides of the training settings; none without fine-tuning."""
        return self.training.overrides if self.training else []

    @cached_property
    def methods(self) -> dict[str, Method]:
        """All methods and the study's variants of them, by name."""
        built_in = methods()
        own = {
            name: built_in[one.method].variant(name, one.title)
            for name, one in self.systems.items()
        }
        return built_in | own

    def _check_systems(self) -> None:
        built_in = methods()
        for name, system in self.systems.items():
            if name in built_in:
                raise ValueError(f"systems.{name}: the name of a method; allowed: any other name")
            lender = built_in[built_in[system.method].trained_as]
            # With a model that reads no translations, translations alone can differ.
            borrows = bool(system.set) or system.translations is None or lender.translated
            if lender.name != system.method and borrows:
                own = [one.name for one in built_in.values() if one.trained_as == one.name]
                raise ValueError(
                    f"systems.{name}.method: '{system.method}' has no training of its own, so "
                    f"nothing can differ; allowed: {', '.join(own)}"
                )
            self._check_robust(name, system, built_in[system.method])
        lists = [("experiments[{}].methods", [one.methods for one in self.experiments])]
        lists += [
            (part + ".overrides[{}].where.methods", [where.methods or [] for where in wheres])
            for part, wheres in (
                ("training", [one.where for one in self.overrides]),
                ("resources", [one.where for one in self.resources.overrides]),
            )
        ]
        named = [(key.format(i), names) for key, found in lists for i, names in enumerate(found)]
        for where, names in named:
            for name in names:
                if name not in self.methods:
                    allowed = ", ".join(sorted(self.methods))
                    raise ValueError(f"{where}: unknown method '{name}'; allowed: {allowed}")

    @staticmethod
    def _check_robust(name: str, system: System, method: Method) -> None:
        """A variant sets what its method reads, and nothing of another method."""
        read = {part for part in (method.perturbs, "rs_da" if method.augments else "") if part}
        given = system.set.get("robust")
        for part in given if isinstance(given, dict) else ():
            if part not in read:
                allowed = ", ".join(f"robust.{one}" for one in sorted(read)) or "no key robust"
                raise ValueError(
                    f"systems.{name}.set.robust.{part}: the method '{system.method}' does not "
                    f"read it; allowed: {allowed}"
                )

    def _check_languages(self) -> None:
        for name, task in self.tasks.items():
            about = TASKS[name]
            allowed: tuple[str, ...] = about.languages
            if self.data.artificial is not None:
                targets = tuple(self.data.artificial.languages)
                allowed = (SOURCE_LANGUAGE, *targets) if about.trained else targets
                if name not in self.data.artificial.sizes:
                    raise ValueError(f"data.artificial.sizes: no sizes for task '{name}'")
            for code in task.languages:
                if code not in allowed:
                    raise ValueError(
                        f"tasks.{name}.languages: unknown language '{code}'; "
                        f"allowed: {', '.join(allowed)}"
                    )
            if about.trained and SOURCE_LANGUAGE not in task.languages:
                raise ValueError(
                    f"tasks.{name}.languages: the source language '{SOURCE_LANGUAGE}' "
                    "must be listed"
                )
            if about.family != "qa" and task.windows is not None:
                raise ValueError(f"tasks.{name}.windows: only question answering has windows")
            if about.family != "retrieval" and task.search is not None:
                raise ValueError(f"tasks.{name}.search: only retrieval has it")
            if task.pairs and not (about.family == "classification" and about.parallel):
                raise ValueError(f"tasks.{name}.pairs: only parallel sentence pairs have them")

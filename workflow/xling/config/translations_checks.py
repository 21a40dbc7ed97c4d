# SPDX-License-Identifier: Apache-2.0
"""Checks of a study's part ``translations`` that no single type can make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from xling.config.problems import Problem
from xling.config.source import KeyPath
from xling.config.study import Study
from xling.config.translations import PUBLISHED, TranslationModel
from xling.costs import shape_of
from xling.errors import UsageError, nearest
from xling.plan import Plan
from xling.tasks import SOURCE_LANGUAGE, TASKS
from xling.translate.products.ask import Role
from xling.translations_plan import TranslationsPlan

if TYPE_CHECKING:
    from xling.translate.codes import Family

_PART: KeyPath = ("translations",)


def translation_names(study: Study) -> Iterator[Problem]:
    """Name systems, encoders and models that are not there; the grid is not asked."""
    part = study.translations
    engines = [PUBLISHED, *(part.engines if part else [])]
    for name, system in study.systems.items():
        if system.translations is None:
            continue
        path: KeyPath = ("systems", name, "translations")
        if system.translations not in engines:
            yield Problem(
                f"unknown engine '{system.translations}'",
                path,
                ", ".join(engines),
                nearest(system.translations, engines) or "add it to translations.engines",
            )
        if not study.methods[name].translated:
            yield Problem(
                f"the method '{system.method}' reads no translations",
                path,
                ", ".join(one for one, m in sorted(study.methods.items()) if m.translated),
                "leave 'translations' out",
            )
    if part and part.aligner is not None and part.aligner not in study.encoders:
        yield Problem(
            f"unknown encoder '{part.aligner}'",
            (*_PART, "aligner"),
            ", ".join(study.encoders),
            nearest(part.aligner, study.encoders),
        )


def check_translations(whole: Plan) -> Iterator[Problem]:
    """Name what engines cannot translate, and labels that cannot be carried over."""
    plan = whole.translations
    if plan is None:
        return
    for engine in plan.engines:
        yield from _engine(plan, engine)
    yield from _training_rows(plan)
    yield from _labels(plan)


def _engine(plan: TranslationsPlan, engine: str) -> Iterator[Problem]:
    choice, path = plan.engine(engine), (*_PART, "engines", engine)
    if not isinstance(choice, TranslationModel):
        if plan.artificial is None:
            yield Problem(
                "an engine of kind 'artificial' without artificial languages",
                path,
                "a study with data.source: artificial",
                "name a translation model",
            )
    elif choice.trained:
        yield from _trained(plan, engine, path)
    elif choice.models:
        for way in plan.directions(engine):
            if way not in choice.models:
                yield Problem(
                    f"the engine '{engine}' has no model for {way} (round trips take both ways)",
                    (*path, "models"),
                    ", ".join(plan.directions(engine)),
                    f"give models.{way}, or leave the language out",
                )
    elif choice.family != "fairseq":
        yield from _codes(plan, engine, choice.family, path)


def _codes(plan: TranslationsPlan, engine: str, family: Family, path: KeyPath) -> Iterator[Problem]:
    from xling.translate.codes import code_of  # it reads a file that the loader finds

    for language in [SOURCE_LANGUAGE, *plan.languages(engine)]:
        try:
            code_of(family, language)
        except UsageError as error:
            yield Problem(error.what, (*path, "family"), error.allowed, error.fix)


def _trained(plan: TranslationsPlan, engine: str, path: KeyPath) -> Iterator[Problem]:
    """Name trainings that the study does not plan, and languages that they do not see."""
    choice = plan.engine(engine)
    if isinstance(choice, TranslationModel) and not choice.licence and plan.artificial is None:
        yield Problem(
            f"the licence of '{engine}' is not said: it depends on the text it is trained on",
            (*path, "licence"),
            "an SPDX expression, such as CC-BY-NC-4.0",
            "set 'licence'",
        )
    models = plan.plan.translation
    runs = models.runs if models else []
    for part in plan.parts(engine):
        run = plan.trained_run(engine, part)
        if run not in runs or run is None or models is None:
            yield Problem(
                f"no experiment of 'translation' trains the model of '{engine}'"
                + (f": {run.path}" if run else ""),
                (*path, "trained"),
                ", ".join(sorted({one.path for one in runs}))
                or "a study with a part 'translation'",
                "add it to translation.experiments with the directions [m2o, o2m]",
            )
            return
        for code in plan.languages(engine):
            if code not in models.languages(run):
                yield Problem(
                    f"the model of '{engine}' does not know the language '{code}'",
                    (*path, "trained", "benchmark"),
                    ", ".join(models.languages(run)),
                    "take another benchmark, or leave the language out",
                )


def _training_rows(plan: TranslationsPlan) -> Iterator[Problem]:
    """Name tasks whose training rows are not those of the training set: they are not listed."""
    tasks = {task for task, one in plan.made if one.split != "translate_test"}
    for task in sorted(tasks):
        split = plan.plan.study.tasks[task].train_split
        if split != "train":
            yield Problem(
                f"engines translate training sets, but '{task}' is trained on its {split} split",
                ("tasks", task, "train_split"),
                "train",
                f"remove tasks.{task}.train_split, or read published translations",
            )


def _labels(plan: TranslationsPlan) -> Iterator[Problem]:
    told: set[Problem] = set()
    for engine, task in plan.qualities:
        for problem in (
            *_projected(plan, engine, task),
            *_soft(plan, task),
            *_aligned(plan, engine, task),
        ):
            if problem not in told:
                told.add(problem)
                yield problem


def _projected(plan: TranslationsPlan, engine: str, task: str) -> Iterator[Problem]:
    """Name products that cannot be made with the settings of labels."""
    for role, codes in plan.uses(engine, task).items():
        made: Role = role  # type: ignore[assignment]
        try:
            plan.products.ask(task, made, codes[0])
        except UsageError as error:
            yield Problem(error.what, (*_PART, "products", "labels"), error.allowed, error.fix)


def _soft(plan: TranslationsPlan, task: str) -> Iterator[Problem]:
    """Name systems that need labels where none are carried over."""
    chosen = plan.products.labels
    if {"udpos": chosen.udpos, "panx": chosen.panx}.get(task) != "soft_labels":
        return
    for run in plan.plan.trainings:
        reads = any(part in plan.splits for part in plan.plan.train_splits(run))
        if run.task == task and reads and plan.plan.teacher(run) is None:
            yield Problem(
                f"'{run.method}' needs labels of translations, and those of '{task}' have none",
                (*_PART, "products", "labels", task),
                "alignment" if task == "udpos" else "alignment, markers",
                "carry labels over, or leave the task out of the system's experiment",
            )


def _aligned(plan: TranslationsPlan, engine: str, task: str) -> Iterator[Problem]:
    """Name what is missing to align words."""
    if not plan.aligns(engine, task):
        return
    name, layer = plan.part.aligner, plan.products.alignment.layer
    if name is None:
        yield Problem(
            f"labels of {TASKS[task].title} are carried over by word alignment, and no encoder "
            "aligns words",
            (*_PART, "aligner"),
            ", ".join(plan.plan.study.encoders),
            "name one of these, or carry labels over by markers",
        )
        return
    shape = shape_of(plan.plan.study.encoders[name], plan.plan.positions)
    if shape is not None and layer > shape.layers:
        yield Problem(
            f"the encoder '{name}' has no layer {layer}",
            (*_PART, "products", "alignment", "layer"),
            f"0 to {shape.layers}",
            f"write 'layer: {round(shape.layers * 2 / 3)}'",
        )

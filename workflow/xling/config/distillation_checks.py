# SPDX-License-Identifier: Apache-2.0
"""Checks of a study's part ``distillation`` that no single type can make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from xling.config.distillation import BUILT_IN, MEAN_POOLED, STS
from xling.config.distillation_models import GivenSystem, PublishedModel, Student, TrainedTeacher
from xling.config.problems import Problem, found_by_types
from xling.config.source import KeyPath, Source
from xling.config.study import Study
from xling.distill.plan import DistillPlan
from xling.errors import nearest
from xling.plan import DISTILLATION, Run
from xling.tasks import SOURCE_LANGUAGE, TASKS

_PART: KeyPath = ("distillation",)
ARTIFICIAL = ("Talks", "Mined")  # corpora of xling.distill.data.artificial, which generates text
FOLDER = ("XNLI",)


def check_distillation(study: Study, source: Source) -> list[Problem]:
    """Return all mistakes of the part whose types are right; none if there is no such part."""
    if study.distillation is None:
        return []
    plan = DistillPlan(study)
    problems = [
        *_elsewhere(study),
        *_corpora(plan),
        *_pairs(plan),
        *_teachers(plan),
        *_names(plan),
        *_downloads(plan),
    ]
    # The grid can be asked only if its names are right.
    problems = problems or [*_students(plan), *_reported(plan)]
    return problems or list(_settings(plan, source))


def _unknown(what: str, name: str, path: KeyPath, allowed: Sequence[str]) -> Problem:
    fix = nearest(name, allowed) or "take it out"
    return Problem(f"unknown {what} '{name}'", path, ", ".join(allowed), fix)


def _elsewhere(study: Study) -> Iterator[Problem]:
    for i, block in enumerate(study.experiments):
        if block.paper == DISTILLATION:
            yield Problem(
                "runs of the paper 'distill' are those below 'distillation'",
                ("experiments", i, "paper"),
                "another paper",
                "move the block to distillation.experiments",
            )


def _corpora(plan: DistillPlan) -> Iterator[Problem]:
    """Name corpora, and their languages, that the study's source of data does not have."""
    part, data = plan.distillation, plan.study.data
    if (data.source == "artificial") != (part.sizes is not None):
        artificial = data.source == "artificial"
        yield Problem(
            "artificial corpora have no sizes"
            if artificial
            else "published data has its own sizes",
            (*_PART, "sizes"),
            "graded, talks, mined" if artificial else "no sizes",
            "give 'sizes'" if artificial else "remove 'sizes'",
        )
    known = _known_corpora(data.source)
    for name, corpus in part.corpora.items():
        path = (*_PART, "corpora", name)
        if name not in known:
            yield _unknown(f"corpus of data.source: {data.source}", name, path, known)
        elif corpus.languages is None and data.source != "artificial":
            yield Problem(
                f"the languages of '{name}' are not said",
                (*path, "languages"),
                "codes of languages beside English",
                "list them",
            )
        else:
            yield from _languages(plan, name, path)


def _known_corpora(source: str) -> tuple[str, ...]:
    if source != "download":
        return ARTIFICIAL if source == "artificial" else FOLDER
    from xling.distill.data.corpora import SOURCES

    return tuple(SOURCES)


def _languages(plan: DistillPlan, name: str, path: KeyPath) -> Iterator[Problem]:
    sizes = plan.distillation.sizes
    if plan.study.data.source == "download":
        return  # which languages there are is a matter of the registry of downloads
    if sizes is not None:
        known: Sequence[str] = list({"Talks": sizes.talks, "Mined": sizes.mined}[name])
    else:
        known = [code for code in TASKS["xnli"].languages if code != SOURCE_LANGUAGE]
    for code in plan.corpus_languages(name):
        if code not in known:
            given = plan.corpus(name).languages is not None
            place = (*path, "languages") if given else (*_PART, "sizes", name.lower())
            yield _unknown(f"language of '{name}'", code, place, known)


def _pairs(plan: DistillPlan) -> Iterator[Problem]:
    test = plan.distillation.sts17
    for i, pair in enumerate(test.pairs or [] if test else []):
        if pair not in plan.known_pairs:
            yield _unknown("language pair", pair, (*_PART, STS, "pairs", i), plan.known_pairs)


def _teachers(plan: DistillPlan) -> Iterator[Problem]:
    folder = plan.study.data.source == "folder"
    for name, teacher in plan.distillation.teachers.items():
        path = (*_PART, "teachers", name)
        if not isinstance(teacher, TrainedTeacher):
            continue
        if teacher.encoder not in plan.study.encoders:
            names = list(plan.study.encoders)
            yield _unknown("encoder", teacher.encoder, (*path, "encoder"), names)
        if teacher.data == "xnli" and not folder:
            yield Problem(
                "XNLI's labels are only read from a folder",
                (*path, "data"),
                "stsbenchmark",
                "set data: stsbenchmark",
            )


def _names(plan: DistillPlan) -> Iterator[Problem]:
    """Name tasks and encoders that the study does not have, and overrides of no student."""
    part, study = plan.distillation, plan.study
    encoders = list(study.encoders)
    for i, block in enumerate(part.experiments):
        path = (*_PART, "experiments", i)
        for j, task in enumerate(block.tasks):
            if task != STS and task not in study.tasks:
                yield Problem(
                    f"the task '{task}' is not below 'tasks'",
                    (*path, "tasks", j),
                    ", ".join([*study.tasks, STS]),
                    f"add '{task}' to 'tasks', with its languages",
                )
        reads = any(s == MEAN_POOLED or plan.is_student(s) for s in block.systems)
        for j, model in enumerate(block.models if reads else []):
            if model not in encoders:
                yield _unknown("encoder", model, (*path, "models", j), encoders)
    for i, override in enumerate(part.training.overrides):
        path = (*_PART, "training", "overrides", i, "where")
        for j, name in enumerate(override.where.systems or []):
            if not plan.is_student(name):
                students = [n for n in (*BUILT_IN, *part.systems) if plan.is_student(n)]
                yield _unknown("student", name, (*path, "systems", j), students)
        for j, model in enumerate(override.where.models or []):
            if model not in encoders:
                yield _unknown("encoder", model, (*path, "models", j), encoders)


def _downloads(plan: DistillPlan) -> Iterator[Problem]:
    """Name models that are no row of the registry."""
    wanted = [
        ((*_PART, "teachers", name, "key"), teacher.key)
        for name, teacher in plan.distillation.teachers.items()
        if isinstance(teacher, PublishedModel)
    ]
    wanted += [
        ((*_PART, "systems", name, "key"), system.key)
        for name, system in plan.distillation.systems.items()
        if isinstance(system, GivenSystem) and system.key
    ]
    if not wanted:
        return
    if plan.study.data.source != "download":
        for path, _ in wanted:
            yield Problem(
                "models are downloaded only by studies with data.source: download",
                path,
                "a folder",
                "give its path",
            )
        return
    from xling.data.registry import artefacts

    models = [one.key for one in artefacts().values() if "model" in one.role.split()]
    for path, key in wanted:
        if key not in models:
            yield _unknown("model of config/datasets.csv", key, path, models)


def _students(plan: DistillPlan) -> Iterator[Problem]:
    """Name languages of students that none of their corpora has."""
    for name, system in plan.distillation.systems.items():
        if not isinstance(system, Student):
            continue
        run = Run(DISTILLATION, name, "", "", 1)
        there = {c for corpus in plan.corpora_of(run) for c in plan.corpus_languages(corpus)}
        for j, code in enumerate(system.languages or []):
            if code not in there:
                path = (*_PART, "systems", name, "languages", j)
                yield _unknown("language of its corpora", code, path, sorted(there))


def _reported(plan: DistillPlan) -> Iterator[Problem]:
    planned = sorted({f"{run.method}/{run.model}" for run in plan.runs})
    for cell in plan.distillation.reported:
        if cell not in planned:
            yield _unknown("system/model", cell, (*_PART, "reported", cell), planned)


def _settings(plan: DistillPlan, source: Source) -> Iterator[Problem]:
    """Name settings that no student can be trained with, each once."""
    told: set[Problem] = set()
    first: dict[tuple[str, str], Run] = {}
    for run in plan.students:
        first.setdefault((run.method, run.model), run)
    for run in first.values():
        try:
            plan.settings(run)
        except ValidationError as error:
            for problem in found_by_types(error, source, _origin(plan, run)):
                if problem not in told:
                    told.add(problem)
                    yield problem


def _origin(plan: DistillPlan, run: Run) -> KeyPath:
    """Return the part of the study that decides a student's settings last."""
    if plan.choices(run).training:
        return (*_PART, "systems", run.method, "training")
    overrides, training = plan.overrides(run), (*_PART, "training")
    return (*training, "overrides", overrides[-1], "set") if overrides else (*training, "defaults")

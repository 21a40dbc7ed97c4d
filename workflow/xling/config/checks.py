# SPDX-License-Identifier: Apache-2.0
"""Checks of a whole study that no single type can make: names, overrides, the grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from xling.config.distillation_checks import check_distillation
from xling.config.problems import Problem, found_by_types
from xling.config.source import KeyPath, Source, dotted
from xling.config.split_checks import empty_splits, splits
from xling.config.study import Study, TrainingSettings, Where, Windows
from xling.config.translation_checks import check_translation
from xling.config.translations_checks import check_translations, translation_names
from xling.errors import UsageError, nearest
from xling.methods import methods
from xling.plan import Plan, Run
from xling.tasks import SOURCE_LANGUAGE, TASKS

_DEFAULTS: KeyPath = ("training", "defaults")
_OVERRIDES: KeyPath = ("training", "overrides")
_EXCLUSIVE = {
    "epochs": "max_steps",
    "max_steps": "epochs",
    "warmup_ratio": "warmup_steps",
    "warmup_steps": "warmup_ratio",
}


def training_groups(plan: Plan) -> list[Run]:
    """Return the first run of each (paper, method, model, task) that is trained."""
    first: dict[tuple[str, str, str, str], Run] = {}
    for run in plan.trainings:
        first.setdefault((run.paper, run.method, run.model, run.task), run)
    return list(first.values())


def setting_origin(plan: Plan, run: Run, key: str) -> KeyPath:
    """Return the key path that decides a training setting of a run: the last that sets it.

    Setting one of ``epochs`` and ``max_steps`` clears the other, so an override of one is also the
    origin of the other's absence.
    """
    systems, overrides = plan.study.systems, plan.study.overrides
    own = [("systems", run.method)] if run.method in systems else []
    places: list[KeyPath] = [*own, *((*_OVERRIDES, i) for i in reversed(plan.overrides(run)))]
    for place in places:
        given = systems[run.method].set if place in own else overrides[int(place[-1])].set
        for name in (key, _EXCLUSIVE.get(key)):
            if name in given:
                return (*place, "set", name)
    return (*_DEFAULTS, key)


def idle_overrides(study: Study) -> list[int]:
    """Return the indices of overrides that touch no run that is trained."""
    plan = Plan(study)
    used = {i for run in training_groups(plan) for i in plan.overrides(run)}
    return [i for i in range(len(study.overrides)) if i not in used]


def check(study: Study, source: Source) -> list[Problem]:
    """Return all mistakes of a study whose types are right."""
    problems = [
        *_name(study, source),
        *_experiments(study),
        *_families(study),
        *_borrowed(study),
        *_overrides(study, source),
        *_systems(study, source),
        *check_translation(study, source),
        *check_distillation(study, source),
        *translation_names(study),
    ]
    # The grid can be asked only if names and tasks fit, all splits only if runs have settings.
    plan = Plan(study)
    problems = problems or [*splits(plan), *_trainings(plan, source), *_languages(plan)]
    return problems or [*empty_splits(plan), *check_translations(plan)]


def _name(study: Study, source: Source) -> Iterator[Problem]:
    # results/<study>/study.yaml is the resolved study: there the folder carries the name.
    stem = source.path.stem
    allowed = source.path.absolute().parent.name if stem == "study" else stem
    if study.name not in (stem, allowed):
        yield Problem(
            f"the study is called '{study.name}' but its file is {source.path.name}",
            ("name",),
            f"name: {allowed}",
            "rename the file or change the name",
        )


def _experiments(study: Study) -> Iterator[Problem]:
    for i, block in enumerate(study.experiments):
        for task in sorted(set(block.languages) - set(block.tasks)):
            yield Problem(
                f"languages are given for task '{task}', which this experiment does not run",
                ("experiments", i, "languages", task),
                ", ".join(block.tasks),
                "add the task to the experiment or remove its languages",
            )


def _families(study: Study) -> Iterator[Problem]:
    """Name methods that are not for a task, and seeds where nothing is random."""
    for i, block in enumerate(study.experiments):
        for name in block.methods:
            method = study.methods[name]
            for task in block.tasks:
                if TASKS[task].family not in method.families:
                    fitting = [
                        m.name for m in methods().values() if TASKS[task].family in m.families
                    ]
                    yield Problem(
                        f"the method '{name}' is not for the task '{task}'",
                        ("experiments", i, "methods", block.methods.index(name)),
                        ", ".join(fitting),
                        "give the task an experiment of its own",
                    )
            if not method.trains and len(block.seeds) > 1:
                yield Problem(
                    f"the method '{name}' trains nothing, so its seeds would all give the same",
                    ("experiments", i, "seeds"),
                    "one seed",
                    "give the method an experiment of its own with seeds: [1]",
                )


def _borrowed(study: Study) -> Iterator[Problem]:
    """Name tasks that train on another task's rows and cannot."""
    for name, settings in study.tasks.items():
        lender = TASKS[name].trains_as
        if lender == name:
            continue
        if lender not in study.tasks:
            yield Problem(
                f"the task '{name}' trains on the training rows of '{lender}', which is not there",
                ("tasks", name),
                f"both tasks under 'tasks'; '{lender}' need not be in an experiment",
                f"add '{lender}' to 'tasks'",
            )
            continue
        other = study.tasks[lender]
        for key, one, two in (
            ("max_length", settings.max_length, other.max_length),
            ("windows", settings.windows or Windows(), other.windows or Windows()),
        ):
            if one != two:
                yield Problem(
                    f"'{name}' reads the training rows of '{lender}', so '{key}' must be the same",
                    ("tasks", name, key) if key in settings.model_fields_set else ("tasks", name),
                    f"the value of tasks.{lender}.{key}",
                    f"give both tasks the same '{key}'",
                )
        if settings.train_split != "train":
            yield Problem(
                f"'{name}' trains on the training rows of '{lender}'",
                ("tasks", name, "train_split"),
                "no train_split of its own",
                f"set tasks.{lender}.train_split instead",
            )
        lacking = [code for code in settings.languages if code not in other.languages]
        if lacking:
            yield Problem(
                f"'{name}' trains on the rows of '{lender}', which has no {', '.join(lacking)}",
                ("tasks", name, "languages"),
                ", ".join(other.languages),
                f"add {', '.join(lacking)} to tasks.{lender}.languages",
            )


def _overrides(study: Study, source: Source) -> Iterator[Problem]:
    for i, override in enumerate(study.overrides):
        yield from _known_models(study, override.where, (*_OVERRIDES, i))
        yield from _setting_types(study, override.set, source, (*_OVERRIDES, i))
    for i, other in enumerate(study.resources.overrides):
        yield from _known_models(study, other.where, ("resources", "overrides", i))


def _known_models(study: Study, where: Where, path: KeyPath) -> Iterator[Problem]:
    for j, name in enumerate(where.models or []):
        if name not in study.encoders:
            yield Problem(
                f"unknown model '{name}'",
                (*path, "where", "models", j),
                ", ".join(study.encoders),
                nearest(name, study.encoders),
            )


def _systems(study: Study, source: Source) -> Iterator[Problem]:
    for name, system in study.systems.items():
        yield from _setting_types(study, system.set, source, ("systems", name))


def _setting_types(
    study: Study, given: dict[str, Any], source: Source, path: KeyPath
) -> Iterator[Problem]:
    """Check each value by itself; how they go together depends on the run."""
    if study.training is None:  # then nothing is trained, whatever is set
        return
    try:
        TrainingSettings.model_validate(study.training.defaults.model_dump() | given)
    except ValidationError as error:
        for problem in found_by_types(error, source, (*path, "set")):
            if problem.path[len(path) + 1 :]:
                yield problem


def _trainings(plan: Plan, source: Source) -> Iterator[Problem]:
    told = set()
    for run in training_groups(plan):
        overrides = plan.overrides(run)
        path = (*_OVERRIDES, overrides[-1], "set") if overrides else _DEFAULTS
        if run.method in plan.study.systems:
            path = ("systems", run.method, "set")
        try:
            selection = plan.settings(run).selection
        except ValidationError as error:
            for problem in found_by_types(error, source, path):
                if problem not in told:
                    told.add(problem)
                    yield problem
            continue
        missing = _no_dev(plan, run, selection)
        if missing is not None and missing not in told:
            told.add(missing)
            yield missing
    yield from _idle_for_borrowers(plan)


def _no_dev(plan: Plan, run: Run, selection: str) -> Problem | None:
    """Return what is wrong if weights are selected on a dev set that is not there."""
    task = plan.study.tasks[run.task]
    if selection == "last":
        return None
    path = setting_origin(plan, run, "selection")
    if task.train_split == "dev":
        return Problem(
            f"task '{run.task}' trains on its dev set (train_split: dev), "
            f"so '{selection}' has no dev set left",
            path,
            "selection: last",
            f"write 'selection: last' or remove {dotted(('tasks', run.task, 'train_split'))}",
        )
    if task.test_split == "dev":
        return Problem(
            f"task '{run.task}' is scored on its dev set (test_split: dev), "
            f"so '{selection}' would choose weights on the scored rows",
            path,
            "selection: last",
            f"write 'selection: last' or remove {dotted(('tasks', run.task, 'test_split'))}",
        )
    with_dev = plan.dev_languages(run.task)
    targets = [code for code in with_dev if code != SOURCE_LANGUAGE]
    if not with_dev or (selection == "best_target_dev" and not targets):
        return Problem(
            f"task '{run.task}' has no dev set"
            + (" in a target language" if with_dev else "")
            + f", so '{selection}' has nothing to choose weights on",
            path,
            "selection: last" + (", best_source_dev" if with_dev else ""),
            f"write an override for tasks: [{run.task}] that sets selection",
        )
    return None


def _idle_for_borrowers(plan: Plan) -> Iterator[Problem]:
    """Name overrides for a task by name whose models are those of another task."""
    for i, override in enumerate(plan.study.overrides):
        for j, task in enumerate(override.where.tasks or []):
            if TASKS[task].trains_as == task:
                continue
            borrowed = {
                run.method
                for run in plan.runs
                if run.task == task
                and plan.trained_as(run).task != task
                and (
                    override.where.methods is None
                    or plan.trained_as(run).method in override.where.methods
                )
                and (override.where.models is None or run.model in override.where.models)
                and TASKS[task].trains_as not in (override.where.tasks or [])
            }
            if borrowed:
                yield Problem(
                    f"'{task}' uses the models of '{TASKS[task].trains_as}' for "
                    f"{', '.join(sorted(borrowed))}, so this override would not reach them",
                    (*_OVERRIDES, i, "where", "tasks", j),
                    f"overrides for '{TASKS[task].trains_as}', or methods that train on "
                    "translations",
                    f"name '{TASKS[task].trains_as}' too, or restrict the methods",
                )


def _languages(plan: Plan) -> Iterator[Problem]:
    for run in plan.runs:
        try:
            plan.languages(run)
        except UsageError as error:
            blocks = [
                i
                for i, block in enumerate(plan.study.experiments)
                if (run.paper, run.method in block.methods, run.model in block.models)
                == (block.paper, True, True)
                and run.task in block.tasks
                and run.seed in block.seeds
            ]
            yield Problem(
                error.what,
                ("experiments", blocks[-1]),
                f"the languages of {dotted(('experiments', blocks[0]))}",
                error.fix,
            )
            return  # one conflict names the blocks; its other seeds would only repeat it

# SPDX-License-Identifier: Apache-2.0
"""Checks of a whole study that no single type can make: names, overrides, the grid."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from xling.config.problems import Problem, found_by_types
from xling.config.source import KeyPath, Source, dotted
from xling.config.study import Override, Study, TrainingSettings
from xling.errors import UsageError, nearest
from xling.plan import Plan, Run

_DEFAULTS: KeyPath = ("training", "defaults")
_OVERRIDES: KeyPath = ("training", "overrides")
_EXCLUSIVE = {"epochs": "max_steps", "max_steps": "epochs"}


def training_groups(plan: Plan) -> list[Run]:
    """Return the first run of each (paper, method, model, task) that is trained."""
    first: dict[tuple[str, str, str, str], Run] = {}
    for run in plan.trainings:
        first.setdefault((run.paper, run.method, run.model, run.task), run)
    return list(first.values())


def setting_origin(plan: Plan, run: Run, key: str) -> KeyPath:
    """Return the key path that decides a training setting of a run.

    Setting one of ``epochs`` and ``max_steps`` clears the other, so an override of one is also the
    origin of the other's absence.
    """
    for i in reversed(plan.overrides(run)):
        given = plan.study.training.overrides[i].set
        for name in (key, _EXCLUSIVE.get(key)):
            if name in given:
                return (*_OVERRIDES, i, "set", name)
    return (*_DEFAULTS, key)


def idle_overrides(study: Study) -> list[int]:
    """Return the indices of overrides that touch no run that is trained."""
    plan = Plan(study)
    used = {i for run in training_groups(plan) for i in plan.overrides(run)}
    return [i for i in range(len(study.training.overrides)) if i not in used]


def check(study: Study, source: Source) -> list[Problem]:
    """Return all mistakes of a study whose types are right."""
    problems = [*_name(study, source), *_experiments(study), *_overrides(study, source)]
    # The grid can be asked only if every run has settings.
    return problems or [*_trainings(study, source), *_languages(study)]


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


def _overrides(study: Study, source: Source) -> Iterator[Problem]:
    for i, override in enumerate(study.training.overrides):
        path = (*_OVERRIDES, i)
        for j, name in enumerate(override.where.models or []):
            if name not in study.encoders:
                yield Problem(
                    f"unknown model '{name}'",
                    (*path, "where", "models", j),
                    ", ".join(study.encoders),
                    nearest(name, study.encoders),
                )
        yield from _override_types(study, override, source, path)


def _override_types(
    study: Study, override: Override, source: Source, path: KeyPath
) -> Iterator[Problem]:
    """Check each value by itself; how they go together depends on the run."""
    try:
        TrainingSettings.model_validate(study.training.defaults.model_dump() | override.set)
    except ValidationError as error:
        for problem in found_by_types(error, source, (*path, "set")):
            if problem.path[len(path) + 1 :]:
                yield problem


def _trainings(study: Study, source: Source) -> Iterator[Problem]:
    plan = Plan(study)
    told = set()
    for run in training_groups(plan):
        overrides = plan.overrides(run)
        path = (*_OVERRIDES, overrides[-1], "set") if overrides else _DEFAULTS
        try:
            selection = plan.settings(run).selection
        except ValidationError as error:
            for problem in found_by_types(error, source, path):
                if problem not in told:
                    told.add(problem)
                    yield problem
            continue
        if study.tasks[run.task].train_split == "dev" and selection != "last":
            path = setting_origin(plan, run, "selection")
            problem = Problem(
                f"task '{run.task}' trains on its dev set (train_split: dev), "
                f"so '{selection}' has no dev set left",
                path,
                "selection: last",
                f"write 'selection: last' or remove {dotted(('tasks', run.task, 'train_split'))}",
            )
            if problem not in told:
                told.add(problem)
                yield problem


def _languages(study: Study) -> Iterator[Problem]:
    plan = Plan(study)
    for run in plan.runs:
        try:
            plan.languages(run)
        except UsageError as error:
            blocks = [
                i
                for i, block in enumerate(study.experiments)
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

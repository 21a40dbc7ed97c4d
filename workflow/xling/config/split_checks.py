# SPDX-License-Identifier: Apache-2.0
"""Checks of the published splits that a study trains on and scores, before any job needs them.

What each family can do with ``train_split`` and ``test_split`` is said in its ``prepare_*`` module.
"""

from __future__ import annotations

from collections.abc import Iterator

from xling.config.problems import Problem
from xling.plan import Plan
from xling.tasks import SOURCE_LANGUAGE, TASKS
from xling.translate_splits import layout

_SPLITS = ("train", "dev", "test")


def splits(plan: Plan) -> Iterator[Problem]:
    """Name published splits that cannot be scored or trained on; asks no training settings."""
    distilled = plan.distillation.prepared_tasks if plan.distillation else []
    for task in sorted({*distilled, *(run.task for run in plan.runs)}):
        yield from _scored(plan, task)
    for task in plan.tasks:
        yield from _trained_on(plan, task)
    yield from _translations(plan)


def empty_splits(plan: Plan) -> Iterator[Problem]:
    """Name splits that are used and have no rows; every run has settings."""
    yield from _english_sides(plan)
    artificial = plan.study.data.artificial
    if artificial is None:
        return
    for task in plan.tasks:
        uses = plan.study.tasks[task]
        published = {
            {"dev": "dev", "test": uses.test_split, "gold_english": uses.test_split}.get(
                layout(split).removeprefix("translate_"), uses.train_split
            )
            for split in plan.splits(task)
        }
        for split in sorted(published):
            if not getattr(artificial.sizes[task], split):
                yield Problem(
                    f"the {split} split of task '{task}' is used but has no rows",
                    ("data", "artificial", "sizes", task, split),
                    "more than 0",
                    f"give '{split}' a number of rows",
                )


def _english_sides(plan: Plan) -> Iterator[Problem]:
    """Name tasks whose rows have no English counterpart of the kind that a method reads."""
    for task in plan.tasks:
        about, uses = TASKS[task], plan.study.tasks[task]
        splits = {layout(split) for split in plan.splits(task)}
        if "back_translate" in splits and uses.train_split != "train":
            yield Problem(
                f"back-translations are of the training set, but '{task}' is trained on its "
                f"{uses.train_split} split",
                ("tasks", task, "train_split"),
                "train",
                f"turn scheduled sampling off, or remove tasks.{task}.train_split",
            )
        if "gold_english" in splits and not about.gold_english:
            yield Problem(
                f"the test sets of '{task}' are no translations: no row has an English original",
                ("tasks", task),
                ", ".join(name for name, known in TASKS.items() if known.gold_english),
                "leave the task out of the methods that read gold English",
            )
        if "translate_test" in splits and uses.test_split != "test":
            yield Problem(
                f"test rows are read with their translations, but '{task}' is scored on its "
                f"{uses.test_split} split, which was never translated",
                ("tasks", task, "test_split"),
                "test",
                f"remove tasks.{task}.test_split, or leave the task out of the methods that read "
                "translations",
            )


def _held(plan: Plan, task: str, split: str) -> list[str]:
    """Return the languages of a task that a published split holds."""
    languages = plan.study.tasks[task].languages
    about = TASKS[task]
    if split == "dev":
        return plan.dev_languages(task)
    if split == "test":
        return languages
    if not about.trained or about.train_task:
        return []
    # SQuAD and artificial training sets are in the source language, the others in all.
    source_only = task == "xquad" or plan.study.data.artificial is not None
    return [SOURCE_LANGUAGE] if source_only else languages


def _scored(plan: Plan, task: str) -> Iterator[Problem]:
    settings = plan.study.tasks[task]
    possible = ("test",) if TASKS[task].family == "classification" else _SPLITS
    allowed = [s for s in possible if _held(plan, task, s) == settings.languages]
    if settings.test_split not in allowed:
        held = _held(plan, task, settings.test_split) if settings.test_split in possible else []
        yield Problem(
            f"'{task}' cannot be scored on its {settings.test_split} split"
            + (f", which only has {', '.join(held)}" if held else ""),
            ("tasks", task, "test_split"),
            ", ".join(allowed),
            "choose another split" + (" or fewer languages" if held else ""),
        )


def _trained_on(plan: Plan, task: str) -> Iterator[Problem]:
    settings, about = plan.study.tasks[task], TASKS[task]
    path = ("tasks", task, "train_split")
    if about.train_task:
        return  # its own split is not read
    if not about.trained:
        if settings.train_split != "train":
            yield Problem(f"nothing is trained on '{task}'", path, "no train_split", "remove it")
        return
    possible = [s for s in _SPLITS if SOURCE_LANGUAGE in _held(plan, task, s)]
    if about.family != "qa":  # only questions have paragraphs of which a part can be held out
        possible.remove("test" if about.family == "classification" else settings.test_split)
    if settings.train_split not in possible:
        shared = settings.train_split == settings.test_split
        yield Problem(
            f"'{task}' cannot be trained on its {settings.train_split} split"
            + (", which is scored" if shared else ""),
            path,
            ", ".join(possible),
            "choose another train_split or test_split" if shared else "choose another split",
        )


def _translations(plan: Plan) -> Iterator[Problem]:
    """Name methods that need translations of rows that were never translated."""
    told = set()
    for run in plan.runs:
        method, settings = plan.method(run.method), plan.study.tasks[run.task]
        if method.test_split == "translate_test" and settings.test_split != "test":
            told.add((run.task, "test_split", method.name))
        if "translate_train" not in method.train_splits:
            continue
        lender = TASKS[run.task].trains_as
        uses = plan.study.tasks[lender]
        # The other languages of a parallel split are human translations.
        human = TASKS[lender].parallel and _held(plan, lender, uses.train_split) == uses.languages
        if uses.train_split != "train" and not human:
            told.add((lender, "train_split", method.name))
    for task, key, name in sorted(told):
        published = key.removesuffix("_split")
        yield Problem(
            f"the method '{name}' needs translations, and of '{task}' only the {published} split "
            "was translated",
            ("tasks", task, key),
            published,
            f"remove tasks.{task}.{key}, or leave the task out of the method's experiment",
        )

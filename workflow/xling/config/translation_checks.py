# SPDX-License-Identifier: Apache-2.0
"""Checks of a study's part ``translation`` that no single type can make."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from xling.config.problems import Problem, found_by_types
from xling.config.source import KeyPath, Source
from xling.config.study import Study
from xling.config.translation import ARTIFICIAL
from xling.errors import nearest
from xling.mt.plan import TranslationPlan
from xling.mt.systems import SYSTEMS
from xling.plan import Run

_PART: KeyPath = ("translation",)


def check_translation(study: Study, source: Source) -> list[Problem]:
    """Return all mistakes of the part whose types are right; none if there is no such part."""
    if study.translation is None:
        return []
    plan = TranslationPlan(study)
    problems = [*_data(plan), *_languages(plan), *_vocabularies(plan)]
    return problems or list(_settings(plan, source))


def _data(plan: TranslationPlan) -> Iterator[Problem]:
    """Name benchmarks that the study's source of data does not have, and sizes out of place."""
    source = plan.study.data.source
    allowed = {
        "artificial": ARTIFICIAL,
        "folder": ("xnli_parallel",),
        "download": tuple(sorted({*plan.translation.benchmarks} - {"xnli_parallel"})),
    }[source]
    for name, choice in plan.translation.benchmarks.items():
        path = (*_PART, "benchmarks", name)
        if name not in allowed:
            yield Problem(
                f"the benchmark '{name}' cannot come from 'data.source: {source}'",
                path,
                ", ".join(allowed) or "benchmarks that are downloaded",
                "take another benchmark, or another source of data",
            )
        if (source == "artificial") != (choice.sizes is not None):
            artificial = source == "artificial"
            yield Problem(
                f"'{name}' has no sizes" if artificial else f"'{name}' has sizes of its own",
                (*path, "sizes"),
                "largest, ratio, dev, test" if artificial else "no sizes: it is published",
                "give 'sizes'" if artificial else "remove 'sizes'",
            )


def _languages(plan: TranslationPlan) -> Iterator[Problem]:
    """Name languages that a benchmark, or the artificial data, does not have."""
    from xling.mt.data.benchmarks import languages_of

    artificial = plan.study.data.artificial
    for name, choice in plan.translation.benchmarks.items():
        known = list(artificial.languages) if artificial else list(languages_of(name))
        for i, code in enumerate(choice.languages or []):
            if code not in known:
                yield Problem(
                    f"unknown language '{code}'",
                    (*_PART, "benchmarks", name, "languages", i),
                    ", ".join(known),
                    nearest(code, known),
                )


def _vocabularies(plan: TranslationPlan) -> Iterator[Problem]:
    """Name models that share what two vocabularies cannot."""
    for i, block in enumerate(plan.translation.experiments):
        for model in block.models:
            shares = plan.translation.models[model].share_embeddings
            for name in block.benchmarks:
                if shares == "all" and not plan.choice_of(name).vocabulary.shared:
                    yield Problem(
                        f"'{model}' shares its source and target embeddings, but '{name}' has two "
                        "vocabularies",
                        (*_PART, "experiments", i, "models", block.models.index(model)),
                        "share_embeddings: decoder or none, or one vocabulary",
                        f"change translation.models.{model}.share_embeddings",
                    )


def _settings(plan: TranslationPlan, source: Source) -> Iterator[Problem]:
    """Name settings that no run can be trained with."""
    told: set[Problem] = set()
    first: dict[tuple[str, str, str], Run] = {}
    for run in plan.runs:
        first.setdefault((run.method, run.model, run.task), run)
    for run in first.values():
        for problem in _of_run(plan, run, source):
            if problem not in told:
                told.add(problem)
                yield problem


def _of_run(plan: TranslationPlan, run: Run, source: Source) -> Iterator[Problem]:
    path = _origin(plan, run)
    try:
        plan.settings(run)
    except ValidationError as error:
        yield from found_by_types(error, source, path)
        return
    try:
        plan.plug_in(run)
    except ValidationError as error:
        yield from _foreign(plan, run, path, error)
        return
    if plan.base(run.method) == "temperature" and plan.settings(run).sampling_temperature:
        yield Problem(
            f"'{run.method}' has a temperature of its own",
            path,
            "sampling_temperature for systems that are no temperature sampling",
            "restrict the override to other methods",
        )


def _foreign(
    plan: TranslationPlan, run: Run, path: KeyPath, error: ValidationError
) -> Iterator[Problem]:
    """Name settings that a run's method, or its measurements, do not have."""
    from xling.mt.fairseq.settings import ProbeSettings
    from xling.mt.rivals import METHODS

    base = plan.base(run.method)
    for detail in error.errors(include_url=False):
        key = str(detail["loc"][-1]) if detail["loc"] else ""
        fields = (ProbeSettings if error.title == "ProbeSettings" else METHODS[base]).model_fields
        about = "measurements" if error.title == "ProbeSettings" else f"the method '{base}'"
        if detail["type"] == "extra_forbidden":
            fix = nearest(key, fields) or "remove it"
            yield Problem(f"unknown setting '{key}' of {about}", path, ", ".join(fields), fix)
        else:
            said = detail["msg"].removeprefix("Value error, ")
            said = said.replace("Input should be", "it must be")
            yield Problem(f"'{key}' of {about}: {said}", path, "", "correct it (docs/cats.md)")


def _origin(plan: TranslationPlan, run: Run) -> KeyPath:
    """Return the part of the study that decides a run's settings last."""
    if run.method not in SYSTEMS:
        own = plan.translation.systems[run.method]
        return (*_PART, "systems", run.method, "set" if own.set else "training")
    overrides = plan.overrides(run)
    training = (*_PART, "training")
    return (*training, "overrides", overrides[-1], "set") if overrides else (*training, "defaults")

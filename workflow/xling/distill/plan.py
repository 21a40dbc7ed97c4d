# SPDX-License-Identifier: Apache-2.0
"""From a study's part ``distillation`` to all that its stages need.

Rules, tables, figures and the cost estimate ask a :class:`DistillPlan`
(``xling.plan.Plan.distillation``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xling.config.distillation import MEAN_POOLED, STS, TEACHER, Corpus, DistillWhere
from xling.config.parts import RunResources
from xling.distill.grid import PARALLEL, DistillGrid
from xling.distill.settings import DistillSettings
from xling.plan import Run

if TYPE_CHECKING:
    from xling.distill.tables.frame import Frame

ALL = "all"  # the selection of all corpora
_LONGEST = 60  # ours: characters of the name of a selection


@dataclass(frozen=True)
class Selection:
    """What is made of the raw corpora for one or several students.

    Attributes:
        name: a folder below ``prepared/distill``.
        corpora: sorted.
        amount: training pairs of each corpus and language; None: as the study's rules say.
    """

    name: str
    corpora: tuple[str, ...]
    amount: int | None


@dataclass(frozen=True)
class DistillPlan(DistillGrid):
    """All runs of a study's sentence encoders and what each stage needs.  Lists are sorted."""

    @cached_property
    def corpora(self) -> list[str]:
        """Corpora that any student learns from, in the study's order."""
        used = {name for run in self.students for name in self.corpora_of(run)}
        return [name for name in self.distillation.corpora if name in used]

    def corpora_of(self, run: Run) -> list[str]:
        """Return the corpora of a student, in the study's order."""
        chosen = self.choices(run).corpora
        return [name for name in self.distillation.corpora if chosen is None or name in chosen]

    def corpus(self, name: str) -> Corpus:
        """Return what the study says of a corpus."""
        return self.distillation.corpora[name]

    def corpus_languages(self, name: str) -> list[str]:
        """Return the languages of a corpus beside English."""
        given = self.corpus(name).languages
        if given is not None:
            return list(given)
        artificial = self.study.data.artificial
        return list(artificial.languages) if artificial else []

    def languages_of(self, run: Run) -> list[str]:
        """Return the languages of a student's translations, in the order of its corpora."""
        there = dict.fromkeys(
            code for name in self.corpora_of(run) for code in self.corpus_languages(name)
        )
        chosen = self.choices(run).languages
        return [code for code in there if chosen is None or code in chosen]

    @cached_property
    def selections(self) -> dict[str, Selection]:
        """What is made of the corpora, by name; students with equal choices share one."""
        found = [self.selection(run) for run in self.students]
        return {one.name: one for one in sorted(found, key=lambda one: one.name)}

    def selection(self, run: Run) -> Selection:
        """Return the selection that a student is trained on.

        The students of single languages read their part of the file of all.
        """
        corpora, amount = tuple(sorted(self.corpora_of(run))), self.choices(run).amount
        parts = ["+".join(corpora) if len(corpora) < len(self.distillation.corpora) else ALL]
        name = "-".join([*parts, *([str(amount)] if amount else [])])
        if len(name) > _LONGEST:
            digest = hashlib.sha256(name.encode()).hexdigest()[:8]
            name = f"{len(corpora)}-corpora-{digest}"
        return Selection(name, corpora, amount)

    def selected(self, selection: str) -> dict[str, list[str]]:
        """Return the languages of each corpus of a selection that any of its students learns."""
        own = [run for run in self.students if self.selection(run).name == selection]
        wanted = {code for run in own for code in self.languages_of(run)}
        found = {
            name: [code for code in self.corpus_languages(name) if code in wanted]
            for name in self.selections[selection].corpora
        }
        return {name: codes for name, codes in found.items() if codes}

    def choice(self, selection: str) -> dict[str, Any]:
        """Return what ``prepare-distill`` does with the pairs of a selection."""
        corpora, amount = self.selected(selection), self.selections[selection].amount
        caps = {name: amount or self.corpus(name).cap for name in corpora}
        return {
            "corpora": corpora,
            "rules": self.distillation.pairs.model_dump(),
            "caps": {name: cap for name, cap in caps.items() if cap is not None},
        }

    @cached_property
    def datasets(self) -> list[str]:
        """What is fetched: ``sts17``, ``graded-{data}`` of teachers, ``parallel-{corpus}``."""
        tests = [STS] if STS in self.tasks else []
        graded = [f"graded-{name}" for name in self.graded]
        return [*tests, *graded, *map(self.dataset, self.corpora)]

    @property
    def summaries(self) -> list[str]:
        """What is said of prepared data, as paths below ``prepared``."""
        tests = [f"{STS}/test.json"] if STS in self.tasks else []
        graded = [f"graded/{name}/train.json" for name in self.graded]
        return [*tests, *graded, *(f"distill/{name}/summary.json" for name in self.selections)]

    def dataset(self, corpus: str) -> str:
        """Return the name of a corpus among what is fetched."""
        return f"{PARALLEL}-{corpus}"

    def uses(self, dataset: str) -> dict[str, Any]:
        """Return what ``fetch-distill`` must find, or write where data is artificial."""
        kind, _, name = dataset.partition("-")
        languages = {STS: self.pairs}.get(kind, [])
        if kind == PARALLEL:
            languages = self.corpus_languages(name)
        sizes = self.distillation.sizes
        return {
            "kind": kind,
            "name": name,
            "languages": languages,
            "sizes": sizes.model_dump() if sizes else None,
        }

    def artefacts(self, dataset: str) -> list[str]:
        """Return the downloads (keys of the registry) that a data set's raw files come from."""
        if self.study.data.source != "download":
            return []
        kind, _, name = dataset.partition("-")
        if kind == PARALLEL:
            from xling.distill.data.corpora import keys_of

            return keys_of(name, self.corpus_languages(name))
        return {STS: ["sts2017-extended"], "graded": ["stsbenchmark"]}[kind]

    @cached_property
    def downloads(self) -> list[str]:
        """All downloads, those of models too."""
        keys = {key for name in self.datasets for key in self.artefacts(name)}
        keys |= {key for name in self.teachers if (key := self.teacher_key(name))}
        return sorted(keys | {key for run in self.runs if (key := self.model_key(run))})

    def settings(self, run: Run) -> DistillSettings:
        """Return the training settings of a student.

        The last of these that sets a key decides: the recipe, defaults, overrides in order, the
        system's own.  ``mixing`` and ``guard`` are replaced key by key; ``epochs`` and
        ``max_steps`` clear each other.

        Raises:
            pydantic.ValidationError: a value is not allowed, or settings contradict each other.
        """
        training = self.distillation.training
        values: dict[str, Any] = {}
        if training.recipe:
            from xling.distill.recipes import RECIPES

            values = RECIPES[training.recipe].training.model_dump()
        own = [training.overrides[i].set for i in self.overrides(run)]
        for given in (training.defaults, *own, self.choices(run).training):
            values = _replaced(values, given)
        return DistillSettings.model_validate(values)

    @property
    def lengths(self) -> list[int]:
        """Sub-words of the longest inputs that encoders of the study are fed."""
        teachers = [one.training for name in self.teachers for one in self.trainings_of(name)]
        students = [self.settings(run).max_length for run in self.students]
        return [*(one.max_length for one in teachers), *students]

    @cached_property
    def teaching(self) -> list[str]:
        """Teachers that any student learns from."""
        return sorted({self.teacher_of(run) for run in self.students})

    def taught(self, teacher: str) -> list[Run]:
        """Return the students of a teacher."""
        return [run for run in self.students if self.teacher_of(run) == teacher]

    def taught_selections(self, teacher: str) -> list[str]:
        """Return the selections whose sources a teacher encodes."""
        return sorted({self.selection(run).name for run in self.taught(teacher)})

    def taught_lengths(self, teacher: str) -> list[int]:
        """Return the sub-words at which a teacher's students cut sentences: vectors of each."""
        return sorted({self.settings(run).max_length for run in self.taught(teacher)})

    def overrides(self, run: Run) -> list[int]:
        """Return the numbers of the training overrides that touch a student, in order."""
        wheres = [one.where for one in self.distillation.training.overrides]
        return _matching(wheres, run)

    def resources(self, run: Run) -> RunResources:
        """Return threads and GPUs of the jobs that train and evaluate a run."""
        values = self._own_resources
        given = self.distillation.resources
        for i in _matching([one.where for one in given], run):
            values |= given[i].set
        return RunResources.model_validate(values)

    @property
    def teacher_resources(self) -> RunResources:
        """Threads and GPUs of the job that trains a teacher."""
        return RunResources.model_validate(self._own_resources)

    @property
    def _own_resources(self) -> dict[str, Any]:
        return {key: getattr(self.study.resources, key) for key in RunResources.model_fields}

    def title(self, method: str) -> str:
        """Return a system's name as tables print it, its model left out."""
        system = self.system(method)
        if system is not None:
            return system.title
        return {MEAN_POOLED: "mean-pooled", TEACHER: "teacher"}[method]

    def frame(self) -> Frame:
        """Return what tables and figures must know of the study."""
        from xling.distill.frames import frame_of

        return frame_of(self)


def _matching(wheres: Sequence[DistillWhere], run: Run) -> list[int]:
    """Return the numbers of the entries whose lists all hold the run's names, in order."""
    return [
        i
        for i, where in enumerate(wheres)
        if (where.systems is None or run.method in where.systems)
        and (where.models is None or run.model in where.models)
    ]


def _replaced(values: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    values = dict(values)
    for one, other in (("epochs", "max_steps"), ("max_steps", "epochs")):
        if one in given:
            values[other] = None
    for key, value in given.items():
        part = key in ("mixing", "guard") and isinstance(value, dict)
        values[key] = {**values.get(key, {}), **value} if part else value
    return values

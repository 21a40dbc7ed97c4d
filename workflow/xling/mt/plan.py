# SPDX-License-Identifier: Apache-2.0
"""From a study's part ``translation`` to its runs: the one place where that grid is expanded.

Rules, tables, figures and the cost estimate ask a :class:`TranslationPlan`
(``xling.plan.Plan.translation``).  A run's task is ``{benchmark}-{direction}``, its languages are
those that are not English.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from xling.config.parts import RunResources
from xling.config.study import Study
from xling.config.translation import (
    Benchmark,
    TransformerSettings,
    Translation,
    TranslationSettings,
    TranslationWhere,
)
from xling.mt.systems import ANALYSED, BASELINE, SYSTEMS
from xling.plan import TRANSLATION as PAPER
from xling.plan import Run
from xling.tasks import SOURCE_LANGUAGE

if TYPE_CHECKING:
    from xling.mt.data.bitext import Direction
    from xling.mt.fairseq.settings import PlugInSettings

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class TranslationPlan:
    """All runs of a study's translation models and what each stage needs.  Lists are sorted."""

    study: Study

    @property
    def translation(self) -> Translation:
        """The study's part."""
        if self.study.translation is None:
            raise ValueError(f"the study '{self.study.name}' has no part 'translation'")
        return self.study.translation

    @cached_property
    def runs(self) -> list[Run]:
        """Runs that are trained, tested and recorded."""
        return sorted(
            {
                Run(PAPER, method, model, f"{benchmark}-{direction}", seed)
                for block in self.translation.experiments
                for method, model, benchmark, direction, seed in product(
                    block.methods, block.models, block.benchmarks, block.directions, block.seeds
                )
            }
        )

    @property
    def trainings(self) -> list[Run]:
        """Runs whose model is trained: all."""
        return self.runs

    @property
    def downloads(self) -> list[str]:
        """All downloads of the benchmarks."""
        return sorted({key for one in self.benchmarks for key in self.artefacts(one)})

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Benchmarks with directions, as (benchmark, direction)."""
        return sorted({(self.benchmark(run), self.direction(run)) for run in self.runs})

    @cached_property
    def benchmarks(self) -> list[str]:
        """Benchmarks that any run uses."""
        return sorted({benchmark for benchmark, _ in self.pairs})

    @cached_property
    def tasks(self) -> list[str]:
        """Benchmarks with directions, as the task of a run: ``ted8_diverse-m2o``."""
        return ["-".join(pair) for pair in self.pairs]

    @cached_property
    def models(self) -> list[str]:
        """Models that any run uses."""
        return sorted({run.model for run in self.runs})

    @cached_property
    def analysed(self) -> list[Run]:
        """Runs whose checkpoint is analysed: T = 1, T = 5 and CATS, no variants of them."""
        return [run for run in self.runs if run.method in ANALYSED]

    def benchmark(self, run: Run) -> str:
        """Return the benchmark of a run."""
        return run.task.rpartition("-")[0]

    def direction(self, run: Run) -> Direction:
        """Return the direction of a run, ``m2o`` or ``o2m``."""
        return cast("Direction", run.task.rpartition("-")[2])

    def languages(self, run: Run) -> list[str]:
        """Return the languages of a run beside English, in the study's order."""
        return self.languages_of(self.benchmark(run))

    def language_pairs(self, run: Run) -> list[str]:
        """Return source and target of each language of a run, as fairseq names them: ``qaa-en``."""
        to_english = self.direction(run) == "m2o"
        codes = self.languages(run)
        return [f"{c}-{SOURCE_LANGUAGE}" if to_english else f"{SOURCE_LANGUAGE}-{c}" for c in codes]

    def languages_of(self, benchmark: str) -> list[str]:
        """Return the languages of a benchmark beside English, in the study's order."""
        given = self.choice_of(benchmark).languages
        if given is not None:
            return list(given)
        if self.study.data.artificial is not None:
            return list(self.study.data.artificial.languages)
        from xling.mt.data.benchmarks import languages_of

        return list(languages_of(benchmark))

    def choice_of(self, benchmark: str) -> Benchmark:
        """Return what the study says about a benchmark."""
        return self.translation.benchmarks[benchmark]

    def title(self, method: str) -> str:
        """Return a system's name as tables print it."""
        own = self.translation.systems.get(method)
        return own.title if own else SYSTEMS[method].title

    def origin(self, method: str) -> str:
        """Return the built-in system that a system is, or is a variant of."""
        own = self.translation.systems.get(method)
        return own.method if own else method

    def base(self, method: str) -> str:
        """Return a system's method, a key of ``xling.mt.rivals.METHODS``."""
        return SYSTEMS[self.origin(method)].base

    def model(self, run: Run) -> TransformerSettings:
        """Return the architecture of a run."""
        return self.translation.models[run.model]

    def settings(self, run: Run) -> TranslationSettings:
        """Return the training settings of a run.

        The last of these that sets a key decides: defaults, overrides in order, the system's own
        ``training``.  ``weighting`` and ``probe`` are replaced key by key.
        """
        return self._settings(run.method, run.model, run.task)

    @cached_property
    def _settings(self) -> Callable[[str, str, str], TranslationSettings]:
        """The same by method, model and task: rules ask for each many times."""

        @cache
        def resolved(method: str, model: str, task: str) -> TranslationSettings:
            run = Run(PAPER, method, model, task, 0)
            training = self.translation.training
            given = [training.overrides[i].set for i in self.overrides(run)]
            own = self.translation.systems.get(method)
            if own:
                given += [own.training, {"weighting": own.set}]
            values = training.defaults.model_dump()
            for one in given:
                for key in ("weighting", "probe"):
                    one = one | {key: values[key] | one[key]} if key in one else one
                values |= one
            return TranslationSettings.model_validate(values)

        return resolved

    def overrides(self, run: Run) -> list[int]:
        """Return the numbers of the training overrides that touch a run, in order."""
        wheres = [override.where for override in self.translation.training.overrides]
        return self._matching(wheres, run)

    def resources(self, run: Run) -> RunResources:
        """Return threads and GPUs of the jobs that train, generate and analyse a run."""
        resources = self.study.resources
        values = {key: getattr(resources, key) for key in RunResources.model_fields}
        given = self.translation.resources
        for i in self._matching([override.where for override in given], run):
            values |= given[i].set
        return RunResources.model_validate(values)

    def _matching(self, wheres: Sequence[TranslationWhere], run: Run) -> list[int]:
        """Return the numbers of the entries whose lists all hold the run's names, in order.

        A variant has two names: its own and that of the system that it varies.
        """
        names = {run.method, self.origin(run.method)}
        benchmark, direction = self.benchmark(run), self.direction(run)
        return [
            i
            for i, where in enumerate(wheres)
            if (where.methods is None or not names.isdisjoint(where.methods))
            and (where.models is None or run.model in where.models)
            and (where.benchmarks is None or benchmark in where.benchmarks)
            and (where.directions is None or direction in where.directions)
        ]

    def temperature(self, run: Run) -> float:
        """Return the temperature that training batches are drawn with.

        Methods that weight losses draw proportionally unless the study says otherwise (section 5).
        """
        own = self._weighting(run)
        if self.base(run.method) == "temperature":
            return float(own["temperature"])
        return self.settings(run).sampling_temperature or 1.0

    def plug_in(self, run: Run) -> PlugInSettings:
        """Return what the fairseq plug-in is told.

        Raises:
            pydantic.ValidationError: settings that the run's method does not have.
        """
        from xling.mt.fairseq.settings import PlugInSettings, ProbeSettings
        from xling.mt.rivals import method_settings

        settings, base = self.settings(run), self.base(run.method)
        return PlugInSettings(
            method=base,
            weighting=method_settings(base, self._weighting(run)),
            probe=ProbeSettings(**settings.probe),
            largest_factor=settings.largest_factor,
        )

    def _weighting(self, run: Run) -> dict[str, Any]:
        """Return the settings of a run's method: the system's, the study's, what depends on both.

        CATS begins at the end of the warm-up (section 10, point 9); random orders follow the seed.
        """
        settings, base = self.settings(run), self.base(run.method)
        given = {**SYSTEMS[self.origin(run.method)].settings, **settings.weighting}
        if base == "cats":
            given.setdefault("start", settings.warmup_updates)
        elif base in ("pcgrad", "gradvac"):
            given.setdefault("seed", run.seed)
        elif base == "static":
            given.setdefault("weights", dict.fromkeys(self.language_pairs(run), 1.0))
        return given

    def baseline(self, run: Run) -> Run | None:
        """Return the run that a run is compared with: T = 5 of the same cell and budget.

        A variant with training settings of its own (larger batches) is compared with the variant
        of T = 5 that has the same ones.  None if that is not planned.
        """
        budget = self._budget(run.method)
        same = [
            name
            for name in sorted({*SYSTEMS, *self.translation.systems}, key=lambda n: n != BASELINE)
            if self.origin(name) == BASELINE
            and not self._varied(name)
            and self._budget(name) == budget
        ]
        found = [Run(PAPER, name, run.model, run.task, run.seed) for name in same]
        return next((one for one in found if one in self._planned), None)

    @cached_property
    def _planned(self) -> frozenset[Run]:
        return frozenset(self.runs)

    def _varied(self, method: str) -> bool:
        """Tell whether a system is a variant with other settings of its method."""
        own = self.translation.systems.get(method)
        return own is not None and bool(own.set)

    def _budget(self, method: str) -> dict[str, Any]:
        """Return a variant's own training settings, those of its weights left out."""
        own = self.translation.systems.get(method)
        weights = ("weighting", "probe", "largest_factor", "sampling_temperature")
        return {k: v for k, v in own.training.items() if k not in weights} if own else {}

    def groups(self, benchmark: str) -> dict[str, list[str]]:
        """Return the languages of a benchmark by group: ``low``, ``mid``, ``high``; some empty.

        From ``config/mt_groups.csv``; halves by training size for artificial languages.  Languages
        without a group are not scored in any.
        """
        from xling.mt.data.groups import GROUPS, by_size, language_groups

        codes = self.languages_of(benchmark)
        sizes = self.train_sizes(benchmark)
        if sizes is not None:
            group: dict[str, Any] = dict(by_size(sizes))
        else:
            group = {code: row.group for code, row in language_groups(benchmark).items()}
        return {name: [code for code in codes if group.get(code) == name] for name in GROUPS}

    def train_sizes(self, benchmark: str) -> dict[str, int] | None:
        """Return the training pairs of artificial languages; None for published benchmarks."""
        sizes = self.choice_of(benchmark).sizes
        if sizes is None or self.study.data.artificial is None:
            return None
        from xling.mt.data.artificial_bitext import imbalanced

        return imbalanced(self.languages_of(benchmark), sizes.largest, sizes.ratio)

    def artefacts(self, benchmark: str) -> list[str]:
        """Return the downloads (keys of the registry) that a benchmark's raw files come from."""
        if self.study.data.source != "download":
            return []
        from xling.mt.data.benchmarks import artefacts_of

        return artefacts_of(benchmark, self.languages_of(benchmark))

    def uses(self, benchmark: str) -> dict[str, Any]:
        """Return what ``fetch-parallel`` must find, or write where data is artificial."""
        sizes = self.choice_of(benchmark).sizes
        return {
            "languages": self.languages_of(benchmark),
            "sizes": sizes.model_dump() if sizes else None,
        }

    def choice(self, benchmark: str) -> dict[str, Any]:
        """Return what ``prepare-parallel`` does with the lines: variant, deduplicate, dev_rows."""
        return self.choice_of(benchmark).model_dump(include={"variant", "deduplicate", "dev_rows"})

    def subwords(self, benchmark: str) -> dict[str, Any]:
        """Return the settings of a benchmark's vocabulary."""
        return self.choice_of(benchmark).vocabulary.model_dump()

# SPDX-License-Identifier: Apache-2.0
"""From a study to the list of its runs: the one place where the grid is expanded.

Rules, tables, tests and the cost estimate ask a :class:`Plan`; none of them expands lists itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from xling.config.study import (
    PAPERS,
    RunResources,
    Search,
    Study,
    TrainingSettings,
    Where,
    Windows,
    XMixupChoices,
)
from xling.config.translations import PUBLISHED
from xling.errors import UsageError
from xling.methods import AUGMENTED, Method
from xling.robust.settings import RobustSettings, VoteSettings
from xling.robust.splits import AugmentedSplit, augmented_split
from xling.score import MEAN, SMOOTHED, STANDARD
from xling.tasks import SOURCE_LANGUAGE, TASKS
from xling.translate_splits import ROLES, MadeSplit, layout, made_split, sources_of

if TYPE_CHECKING:
    from xling.distill.plan import DistillPlan
    from xling.mt.plan import TranslationPlan
    from xling.translations_plan import TranslationsPlan

NEIGHBOURS = "counterfitted-neighbours"  # the table of synonyms in config/datasets.csv
READERS = 4  # ours: a cluster's smallest jobs have as many cores
TRANSLATION = "cats"  # the paper that translation models belong to
DISTILLATION = "distill"  # the paper that sentence encoders belong to
TEXT = "text"  # the pre-training text, where a task could stand
TRANSLATE_TRAIN = "translate_train"  # the split whose words teachers label


@dataclass(frozen=True, order=True)
class Run:
    """One cell of the grid: what is trained (or borrowed), tested and recorded."""

    paper: str
    method: str
    model: str
    task: str
    seed: int

    @property
    def path(self) -> str:
        """The run's place below ``runs/`` and ``predictions/``."""
        return f"{self.paper}/{self.method}/{self.model}/{self.task}/seed-{self.seed}"


@dataclass(frozen=True)
class Plan:
    """All runs of a study and what each stage needs.

    Attributes:
        study: whose runs they are.
        whole: the plan that this is one paper's part of; it knows whose models are shared.
    """

    study: Study
    whole: Plan | None = None

    @cached_property
    def translation(self) -> TranslationPlan | None:
        """The runs of translation models; None in a study without them.

        They are in none of the lists below but :attr:`papers`.
        """
        from xling.mt.plan import TranslationPlan

        return None if self.study.translation is None else TranslationPlan(self.study)

    @cached_property
    def distillation(self) -> DistillPlan | None:
        """The runs of sentence encoders; None in a study without them.

        They are in none of the lists below but :attr:`papers`; their encoders are in
        :attr:`models`, and what they are scored on of the study's tasks is in :attr:`tasks`.
        """
        from xling.distill.plan import DistillPlan

        return None if self.study.distillation is None else DistillPlan(self.study)

    @cached_property
    def translations(self) -> TranslationsPlan | None:
        """Translations of our own; None if no run reads any."""
        from xling.translations_plan import TranslationsPlan

        found = None if self.study.translations is None else TranslationsPlan(self)
        return found if found and found.engines else None

    def engine_of(self, method: str) -> str | None:
        """Return the engine whose translations a method reads; None: the published ones."""
        part, system = self.study.translations, self.study.systems.get(method)
        if part is None:
            return None
        name = system.translations if system and system.translations else part.use
        return None if name == PUBLISHED else name

    def _read_by(self, run: Run, split: str) -> str:
        """Return the split that a run reads where its method names one."""
        engine = self.engine_of(run.method) if split in ROLES else None
        return MadeSplit(split, engine).name if engine else split

    @cached_property
    def apart(self) -> dict[str, TranslationPlan | DistillPlan]:
        """The plans of runs that have rules of their own, by paper."""
        found = {TRANSLATION: self.translation, DISTILLATION: self.distillation}
        return {paper: plan for paper, plan in found.items() if plan is not None}

    @property
    def all_runs(self) -> list[Run]:
        """Every run that gets a record, those with rules of their own last."""
        return [*self.runs, *(run for plan in self.apart.values() for run in plan.runs)]

    @property
    def all_trainings(self) -> list[Run]:
        """Every run whose model is trained, those with rules of their own last."""
        return [*self.trainings, *(run for one in self.apart.values() for run in one.trainings)]

    def of_paper(self, paper: str) -> Plan:
        """Return the plan of one paper's runs alone."""
        blocks = [block for block in self.study.experiments if block.paper == paper]
        parts = {
            "experiments": blocks,
            "translation": self.study.translation if paper == TRANSLATION else None,
            "distillation": self.study.distillation if paper == DISTILLATION else None,
        }
        return Plan(self.study.model_copy(update=parts), self.whole or self)

    @cached_property
    def runs(self) -> list[Run]:
        """Runs that get a record, sorted."""
        return sorted(self._wanted)

    @cached_property
    def trainings(self) -> list[Run]:
        """Runs whose model is trained, sorted (a shared model is trained once)."""
        own = {self.trained_as(run) for run in self.runs if self.trains(run)}
        taught = {self.trained_as(one) for run in own for one, _ in self.labelled_for(run)}
        return sorted(own | taught)

    @cached_property
    def labellings(self) -> list[tuple[Run, str]]:
        """Runs whose model labels the words of translations for other trainings, sorted.

        Each with the prepared split whose words they are.
        """
        return sorted({one for run in self.trainings for one in self.labelled_for(run)})

    @cached_property
    def analysed(self) -> list[Run]:
        """Runs whose model is analysed on its parallel test set, sorted.

        The test set has the same items in English and in other languages, and the run is scored on
        both.  An ensemble and a vote have no representation of their own; translate-test reads
        English alone.
        """
        return [run for run in self.runs if self._is_analysed(run)]

    def _is_analysed(self, run: Run) -> bool:
        method, languages = self.method(run.method), self.languages(run)
        compared = SOURCE_LANGUAGE in languages and len(languages) > 1
        own = method.trains and method.test_split == "test" and not method.borrows
        return TASKS[run.task].gold_english and compared and own

    def labelled_for(self, run: Run) -> list[tuple[Run, str]]:
        """Return who labels the words of which split for a training; none without a teacher."""
        teacher = self.teacher(run)
        return [(teacher, self._read_by(run, TRANSLATE_TRAIN))] if teacher else []

    def labels_path(self, teacher: Run, split: str) -> str:
        """Return the place of a teacher's labels below ``labels/``."""
        if split == TRANSLATE_TRAIN:
            return teacher.path
        folder, _, seed = teacher.path.rpartition("/")
        return f"{folder}/{split}/{seed}"

    def method(self, name: str) -> Method:
        """Return a method, or the study's variant of one."""
        return self.study.methods[name]

    def trained_as(self, run: Run) -> Run:
        """Return the run whose model a run uses (itself unless a model is borrowed).

        A method may borrow another's model.  A task that trains on another's rows (MLQA on those of
        XQuAD) borrows its model too, as long as nothing but the source language is trained on:
        then the two trainings are the same.  Nor do they depend on the paper: what several papers
        compare is trained for the first of them.
        """
        key = self._training_key(run)
        return Run(self._homes.get(key, run.paper), *key)

    def _training_key(self, run: Run) -> tuple[str, str, str, int]:
        """Return method, model, task and seed of the training whose model a run uses."""
        method = self.method(self.method(run.method).trained_as)
        task = TASKS[run.task].trains_as if method.train_splits == ("train",) else run.task
        return method.name, run.model, task, run.seed

    @cached_property
    def _homes(self) -> dict[tuple[str, str, str, int], str]:
        """The first paper, in the order of the papers, of each model that is trained for several.

        By method, model, task and seed of the training.
        """
        if self.whole:
            return self.whole._homes
        homes: dict[tuple[str, str, str, int], str] = {}
        for run in sorted(self.runs, key=lambda run: PAPERS.index(run.paper)):
            if self.trains(run):
                homes.setdefault(self._training_key(run), run.paper)
        return homes

    def trains(self, run: Run) -> bool:
        """Return whether a run has a trained model at all."""
        return self.method(run.method).trains

    @cached_property
    def _wanted(self) -> dict[Run, set[tuple[str, ...]]]:
        """The sets of languages that blocks ask for, per run, each in the task's order."""
        wanted: dict[Run, set[tuple[str, ...]]] = {}
        for block in self.study.experiments:
            for task in block.tasks:
                order = self.study.tasks[task].languages
                listed = block.languages.get(task, order)
                codes = tuple(code for code in order if code in listed)
                for method, model, seed in product(block.methods, block.models, block.seeds):
                    run = Run(block.paper, method, model, task, seed)
                    wanted.setdefault(run, set()).add(codes)
        return wanted

    def languages(self, run: Run) -> list[str]:
        """Languages a run is scored on, in the task's order; checks that blocks agree."""
        wanted = self._wanted[run]
        if len(wanted) > 1:
            raise UsageError(
                f"two experiments ask for other languages of the same run {run.path}",
                where="experiments[].languages",
                fix="give both blocks the same languages or separate their seeds or models",
            )
        return list(next(iter(wanted)))

    def overrides(self, run: Run) -> list[int]:
        """Return the numbers of the training overrides that touch a run, in order."""
        return self._matching([override.where for override in self.study.overrides], run)

    def settings(self, run: Run) -> TrainingSettings:
        """Training settings of a run: defaults, matching overrides in order, the system's own."""
        return self._settings(run.method, run.model, run.task)

    @cached_property
    def _settings(self) -> Callable[[str, str, str], TrainingSettings]:
        """The same by method, model and task: rules ask for each many times."""

        @cache
        def resolved(method: str, model: str, task: str) -> TrainingSettings:
            if self.study.training is None:
                raise ValueError(f"the study '{self.study.name}' fine-tunes nothing")
            values = self.study.training.defaults.model_dump()
            for i in self.overrides(Run("", method, model, task, 0)):
                values = _replaced(values, self.study.overrides[i].set)
            if lender := self.method(method).updates_of:
                values = _replaced(values, self._updates_of(lender, model, task))
            if method in self.study.systems:
                values = _replaced(values, self.study.systems[method].set)
            return TrainingSettings.model_validate(values)

        return resolved

    def _updates_of(self, method: str, model: str, task: str) -> dict[str, Any]:
        """Return how long to train on the plain rows for as many updates as on the copies of RS-DA.

        Epochs over m copies become m times as many over the rows; the last batches of the passes
        may differ, by less than one update for each pass over the rows.
        """
        lender = self._settings(method, model, task)
        if lender.epochs is None:
            return {"max_steps": lender.max_steps}
        return {"epochs": lender.epochs * (lender.robust or RobustSettings()).rs_da.copies}

    def robust(self, run: Run) -> RobustSettings:
        """All settings of robust training of a run."""
        return self.settings(run).robust or RobustSettings()

    def resources(self, run: Run) -> RunResources:
        """Threads and GPUs of the jobs that train and predict a run; also one of other plans."""
        if run.paper in self.apart:
            return self.apart[run.paper].resources(run)
        resources = self.study.resources
        values = {key: getattr(resources, key) for key in RunResources.model_fields}
        for i in self._matching([override.where for override in resources.overrides], run):
            values.update(resources.overrides[i].set)
        return RunResources.model_validate(values)

    def train_splits(self, run: Run) -> list[tuple[str, str]]:
        """Prepared splits, as (task, split), that a training run reads for its updates."""
        task = TASKS[run.task].trains_as
        named = self.method(run.method).train_splits
        return [
            (task, self._copies(run) if s == AUGMENTED else self._read_by(run, s)) for s in named
        ]

    def _copies(self, run: Run) -> str:
        """Return the split with the copies of training rows that a run of RS-DA reads."""
        chosen = self.robust(run).rs_da
        return AugmentedSplit(chosen.copies, run.seed, chosen.table).name

    @cached_property
    def augmented(self) -> list[tuple[str, str]]:
        """Prepared splits, as (task, split), that are copies of training rows, sorted."""
        return sorted(part for part in self._splits if augmented_split(part[1]))

    @property
    def needs_synonyms(self) -> bool:
        """Whether any training reads copies with words of a table of synonyms."""
        copies = (augmented_split(split) for _, split in self.augmented)
        return any(one is not None and one.table == "neighbours" for one in copies)

    def english_splits(self, run: Run) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """English sides of a training run's rows: originals, and back-translations.

        Both are empty for methods that read each row by itself.
        """
        if not self.method(run.method).paired:
            return [], []
        task = TASKS[run.task].trains_as
        sampled = self._xmixup(run).samples
        back = (task, self._read_by(run, "back_translate"))
        return [(task, "train")], [back] if sampled else []

    def english_tests(self, run: Run) -> list[tuple[str, str]]:
        """English sides of a run's test rows, as (setting, split).

        Gold English is an oracle: nobody has it for a text that is to be classified.
        """
        if not self.method(run.method).reads_english:
            return []
        sides = {"translate_test": "translate_test", "gold": "gold_english"}
        parallel = TASKS[run.task].gold_english
        chosen = self._xmixup(run).english or [*sides][: 2 if parallel else 1]
        return [(setting, self._read_by(run, sides[setting])) for setting in chosen]

    def test_settings(self, run: Run) -> list[str]:
        """Settings that the scores of a run are in, in order, layers of retrieval left out."""
        if self.method(run.method).smoothed:
            return [SMOOTHED]
        sides, method = [side for side, _ in self.english_tests(run)], self.method(run.method)
        if TASKS[run.task].family == "classification":
            alone = [] if method.ensemble else [""]
            sides = [side + ending for side in sides for ending in (*alone, MEAN)]
        return sides or [STANDARD]

    def pairs(self, run: Run) -> bool:
        """Whether a run is also scored on sentences in two languages (the generalised setting)."""
        method = self.method(run.method)
        alone = method.test_split == "test" and not (method.reads_english or method.smoothed)
        return run.paper == "robust" and alone and self.study.tasks[run.task].pairs

    def votes(self, run: Run) -> VoteSettings | None:
        """How noisy readings of a test row vote; None if it is read once."""
        return self.robust(run).smoothed if self.method(run.method).smoothed else None

    def teacher(self, run: Run) -> Run | None:
        """Return the run whose model labels the translations that a training run reads, if any."""
        if not self.method(run.method).paired or TASKS[run.task].family != "tagging":
            return None
        name = self._xmixup(run).teacher
        return replace(run, method=name) if name else None

    def labelled_part(self, teacher: Run, split: str = TRANSLATE_TRAIN) -> tuple[str, str]:
        """Return the prepared split, as (task, split), whose words a teacher labels."""
        return TASKS[teacher.task].trains_as, split

    def _xmixup(self, run: Run) -> XMixupChoices:
        return self.settings(run).xmixup or XMixupChoices()

    def train_languages(self, run: Run) -> list[str]:
        """Languages a training run takes of its training splits."""
        return self.study.tasks[run.task].languages

    def dev_splits(self, run: Run) -> list[tuple[str, str]]:
        """Prepared splits, as (task, split), a training run reads to choose its weights."""
        return [] if self.settings(run).selection == "last" else [(run.task, "dev")]

    def test_split(self, run: Run) -> str:
        """Prepared split that a run is scored on."""
        return self._read_by(run, self.method(run.method).test_split)

    def test_splits(self, run: Run) -> list[str]:
        """Prepared splits whose rows a run predicts: BUCC's threshold is tuned on the dev set."""
        tuned = run.task == "bucc2018" and self.study.tasks[run.task].test_split != "dev"
        return [*(["dev"] if tuned else []), self.test_split(run)]

    def splits(self, task: str) -> list[str]:
        """Prepared splits of a task that any run needs, sorted; also those that are copies."""
        return sorted(split for name, split in self._splits if name == task)

    def raw_splits(self, task: str) -> list[str]:
        """Prepared splits of a task that are made of raw files, sorted."""
        return [split for split in self.prepared_splits(task) if made_split(split) is None]

    def prepared_splits(self, task: str) -> list[str]:
        """Prepared splits of a task that ``prepare`` makes: all but copies, sorted."""
        return [split for split in self.splits(task) if augmented_split(split) is None]

    @cached_property
    def _splits(self) -> set[tuple[str, str]]:
        """All prepared splits, as (task, split)."""
        read = [part for run in self.trainings for part in self.train_splits(run)]
        read += [part for run in self.trainings for part in self.dev_splits(run)]
        read += [p for run in self.trainings for side in self.english_splits(run) for p in side]
        read += [(run.task, split) for run in self.runs for _, split in self.english_tests(run)]
        read += [(run.task, split) for run in self.runs for split in self.test_splits(run)]
        if self.distillation:
            read += self.distillation.prepared
        # Copies are made of the prepared rows, translations too.
        copied = {(task, "train") for task, split in read if augmented_split(split)}
        made = {(task, one) for task, split in read for one in sources_of(split)}
        return set(read) | copied | made | self._translated_dev_sets(read)

    def _translated_dev_sets(self, read: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Dev sets that engines translate although no run reads the translations."""
        part = self.study.translations
        if part is None or not part.dev_sets:
            return set()
        tested = {
            task for task, split in read if made_split(split) and layout(split) == "translate_test"
        }
        return {(t, "dev") for t in tested if set(self.dev_languages(t)) - {SOURCE_LANGUAGE}}

    @cached_property
    def text_languages(self) -> list[str]:
        """Languages of the pre-training text: all that any task uses, the source first."""
        listed = (code for task in self.tasks for code in self.study.tasks[task].languages)
        return list(dict.fromkeys([SOURCE_LANGUAGE, *listed]))

    def split_languages(self, task: str, split: str) -> list[str]:
        """Languages a prepared split holds, in the task's order."""
        kind = layout(split)
        if task == "text":
            return self.text_languages
        languages = self.study.tasks[task].languages
        if split == "train" or augmented_split(split):
            return [SOURCE_LANGUAGE]
        if kind in ("translate_train", "back_translate"):
            return [code for code in languages if code != SOURCE_LANGUAGE]
        if split in ("test", "gold_english"):
            return list(languages)
        if split == "dev":
            return self.dev_languages(task)
        wanted = {
            code
            for run in self.runs
            if run.task == task
            and split in (self.test_split(run), *(name for _, name in self.english_tests(run)))
            for code in self.languages(run)
        }
        return [code for code in languages if code in wanted]

    def dev_languages(self, task: str) -> list[str]:
        """Languages of a task that have a dev set."""
        languages = self.study.tasks[task].languages
        published = TASKS[task].dev_languages
        # Artificial benchmarks lack no language's dev set, unless the benchmark as such has none.
        artificial = self.study.data.artificial is not None
        if published is None or (artificial and published not in ((), (SOURCE_LANGUAGE,))):
            return list(languages)
        return [code for code in languages if code in published]

    def uses(self, task: str) -> dict[str, Any]:
        """What ``fetch`` must find for a task; for ``text``: the tasks whose text is used."""
        if task == "text":
            return {"tasks": {name: self.uses(name) for name in self.tasks}}
        settings = self.study.tasks[task]
        return {
            "languages": settings.languages,
            "train_split": settings.train_split,
            "test_split": settings.test_split,
            "splits": {split: self.split_languages(task, split) for split in self.raw_splits(task)},
        }

    def artefacts(self, task: str) -> list[str]:
        """Downloads (keys of ``config/datasets.csv``) that a task's raw files come from."""
        if self.study.data.source != "download":
            return []
        from xling.data.sources import artefacts_of

        return artefacts_of(task, self.uses(task))

    @cached_property
    def kinds(self) -> list[str]:
        """What is fetched and prepared: the tasks, and the text if any encoder reads it."""
        return [*self.tasks, *([TEXT] if any(map(self.needs_text, self.models)) else [])]

    @property
    def synonym_artefacts(self) -> list[str]:
        """Downloads that the table of synonyms comes from."""
        return [NEIGHBOURS] if self.needs_synonyms and self.study.data.source == "download" else []

    @cached_property
    def downloads(self) -> list[str]:
        """All downloads (keys of ``config/datasets.csv``), sorted; also those of other plans."""
        keys = {key for kind in self.kinds for key in self.artefacts(kind)}
        keys |= set(self.synonym_artefacts)
        keys |= {key for plan in self.apart.values() for key in plan.downloads}
        return sorted(keys)

    def choice(self, task: str) -> dict[str, Any]:
        """Which published splits are trained on and scored (the text has but one)."""
        if task == "text":
            return {}
        settings = self.study.tasks[task]
        chosen = settings.model_dump(include={"train_split", "test_split"})
        if settings.train_split == settings.test_split:
            chosen["held_out"] = settings.held_out
        return chosen

    def reading_threads(self, task: str) -> int:
        """How many processes read a task's raw files: treebanks of many languages are large."""
        many = task != "text" and TASKS[task].family == "tagging"
        return READERS if many and self.study.data.artificial is None else 1

    def reading(self, task: str) -> dict[str, Any]:
        """How a task's rows become inputs of a model."""
        settings = self.study.tasks[task]
        values: dict[str, Any] = {"max_length": settings.max_length}
        if TASKS[task].family == "qa":
            windows = settings.windows or Windows()
            values |= windows.model_dump(include={"doc_stride", "max_question"})
        return values

    def decoding(self, task: str) -> dict[str, Any]:
        """How a task's predictions follow from the outputs of a model."""
        settings = self.study.tasks[task]
        if TASKS[task].family == "qa":
            return (settings.windows or Windows()).model_dump(include={"max_answer", "n_best"})
        if TASKS[task].family == "retrieval":
            return (settings.search or Search()).model_dump()
        return {}

    def sizes(self, task: str) -> str:
        """Expected rows of an artificial task as JSON, else ``null``."""
        artificial = self.study.data.artificial
        if artificial is None or task == "text":
            return "null"
        return canonical(artificial.sizes[task].model_dump())

    def needs_text(self, model: str) -> bool:
        """Whether an encoder is pre-trained on the study's text."""
        return self.study.encoders[model].source == "scratch"

    @cached_property
    def positions(self) -> int:
        """Longest input, in sub-words, that any stage feeds to an encoder from scratch."""
        study = self.study
        lengths = [settings.max_length for settings in study.tasks.values()]
        scratch = [e for e in study.encoders.values() if e.source == "scratch"]
        if self.distillation:
            lengths += self.distillation.lengths
        return max([0, *lengths, *(e.pretraining.max_length for e in scratch)])

    def _matching(self, wheres: Sequence[Where], run: Run) -> list[int]:
        """Return the numbers of the entries whose lists all hold the run's names, in order.

        A variant has two: its own and that of its method.
        """
        systems = {run.method, self.method(run.method).base}
        return [
            i
            for i, where in enumerate(wheres)
            if all(
                listed is None or not names.isdisjoint(listed)
                for listed, names in (
                    (where.methods, systems),
                    (where.models, {run.model}),
                    (where.tasks, {run.task}),
                )
            )
        ]

    @cached_property
    def tasks(self) -> list[str]:
        """Tasks that any run uses, sorted; a task whose training rows are used is one of them."""
        return sorted(
            {run.task for run in self.runs}
            | {run.task for run in self.trainings}
            | {task for run in self.trainings for task, _ in self.train_splits(run)}
            | set(self.distillation.prepared_tasks if self.distillation else [])
        )

    @cached_property
    def models(self) -> list[str]:
        """Encoders that any run uses, or that align translations, sorted."""
        distilled = self.distillation.models if self.distillation else []
        aligner = self.translations.aligner if self.translations else None
        own = {run.model for run in self.runs}
        return sorted({*distilled, *own, *([aligner] if aligner else [])})

    @cached_property
    def papers(self) -> list[str]:
        """Papers that any run belongs to, sorted."""
        return sorted({*self.apart, *(run.paper for run in self.runs)})


def _replaced(values: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return training settings with some of them replaced, those of a paper's method one by one."""
    values = dict(values)
    # "epochs" and "max_steps" exclude each other: setting one clears the other.
    for one, other in (("epochs", "max_steps"), ("max_steps", "epochs")):
        if one in given:
            values[other] = None
    # So do the two ways to say how long the warm-up is.
    if "warmup_steps" in given:
        values["warmup_ratio"] = 0.0
    if "warmup_ratio" in given:
        values["warmup_steps"] = None
    own, new = values.get("xmixup"), given.get("xmixup")
    robust, changes = values.get("robust") or {}, given.get("robust")
    values |= given
    if changes:
        parts = {name: {**robust.get(name, {}), **part} for name, part in changes.items()}
        values["robust"] = robust | parts
    if own and new:
        values["xmixup"] = own | new | {"set": {**own.get("set", {}), **new.get("set", {})}}
    return values


def canonical(value: Any) -> str:
    """Return JSON with sorted keys and no blanks: equal settings give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

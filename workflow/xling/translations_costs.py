# SPDX-License-Identifier: Apache-2.0
"""What each job of translations of our own takes, and what it asks a cluster for.

As :mod:`xling.job_costs`, whose rows it counts with; what is new was measured on one thread on the
study ``mini`` ("measured"), or is a guess ("ours").
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from xling import costs, memory
from xling.comparison.translations import compared_papers
from xling.config.translations import TranslationModel
from xling.job_costs import Job, JobCosts
from xling.needs import Needs, with_margins
from xling.plan import Plan
from xling.tasks import SOURCE_LANGUAGE, TASKS
from xling.translations_plan import BACK, PROJECTION, THERE, TranslationsPlan

# Sentences of a row: both of a pair, the one that has tags; of a question all of its context.
SENTENCES = {"classification": 2, "tagging": 1, "qa": 5}
# Sentences per second of the generator, which reads every sentence.
GENERATOR = 500  # measured: 500 to 1,000 on a busy core
# Sentences per second of a model of a study (measured: 500 to 2,000 of width 64 on a core), and
# of a published one (ours: 600 million parameters, int8), on a thread and on a GPU.
TRAINED, PUBLISHED_CPU, PUBLISHED_GPU = 800, 2, 150
# Rows per second that are listed, written as files, measured.
ROWS = 3_000  # ours
# Bytes of a sentence and its translation in the store, and of a row of a translated file.
STORED, WRITTEN = 250, 200  # ours
# Memory of a model that translates, in MB: of a study, and published.
SMALL_MODEL, LARGE_MODEL = 300.0, 3_000.0  # ours
CONVERT = 20.0  # ours: seconds to read and write a model
# Seconds to load an encoder and align a row.
ALIGN = 0.005  # ours


class TranslationsCosts:
    """The jobs of a plan's own translations.

    Args:
        known: the plan's other jobs.
    """

    def __init__(self, known: JobCosts) -> None:
        self._known = known
        self.plan: TranslationsPlan = _own(known.plan)
        self.sentences = cache(self._sentences)

    def gpus(self, engine: str) -> int:
        """GPUs of a job that translates."""
        choice, part = self.plan.engine(engine), self.plan.part
        models = isinstance(choice, TranslationModel) and part.machine.device != "cpu"
        return min(1, self.plan.plan.study.resources.gpu) if models else 0

    def rows(self, engine: str, task: str, turn: str) -> int:
        """Rows that a round translates."""
        known, found = self._known, 0
        for role, codes in self.plan.uses(engine, task).items():
            back = role == "back_translation"
            split = {"translate_test": "test", "translate_dev": "dev"}.get(role, "train")
            if back == (turn == BACK):
                found += sum(
                    known.language_rows(task, split, SOURCE_LANGUAGE if split == "train" else code)
                    for code in codes
                )
            elif turn == BACK:  # a sample makes the round trip
                found += len(codes) * self.plan.products.checked_rows
        return found

    def _sentences(self, engine: str, task: str, turn: str) -> int:
        if task == PROJECTION:
            # Without and with markers.
            return 2 * self.plan.part.probe * len(self.plan.languages(engine))
        return SENTENCES[TASKS[task].family] * self.rows(engine, task, turn)

    def convert(self, engine: str) -> Job:
        """A model as CTranslate2 reads it."""
        return Job(CONVERT, self.model_mb(engine))

    def model_mb(self, engine: str) -> float:
        """Size of a model of an engine."""
        choice = self.plan.engine(engine)
        trained = isinstance(choice, TranslationModel) and choice.trained
        return SMALL_MODEL if trained else LARGE_MODEL

    def listed(self, engine: str, task: str, turn: str) -> Job:
        """A list of sentences."""
        count = self.sentences(engine, task, turn)
        return Job(costs.START + count / ROWS, count * STORED / 2 / 1e6)

    def shard(self, engine: str, task: str, turn: str) -> Job:
        """One of the jobs that share a list."""
        choice, threads = self.plan.engine(engine), self.plan.part.machine.threads
        gpus, count = self.gpus(engine), self.sentences(engine, task, turn) / self.plan.part.shards
        if not isinstance(choice, TranslationModel):
            speed, start = float(GENERATOR), costs.START
        else:
            slow = PUBLISHED_GPU if gpus else PUBLISHED_CPU * threads
            speed, start = TRAINED * threads if choice.trained else slow, costs.START_TORCH
        return Job(start + count / speed, count * STORED / 1e6, threads, gpus)

    def build(self, engine: str, task: str, turn: str) -> Job:
        """The files of a round."""
        rows = self.rows(engine, task, turn)
        seconds = costs.START + rows / ROWS
        if self.plan.aligns(engine, task):
            seconds += costs.START_TORCH + rows * ALIGN
        return Job(seconds, rows * WRITTEN / 1e6)

    def measure(self, engine: str, task: str) -> Job:
        """The quality report of a task."""
        rows = sum(self.rows(engine, task, turn) for turn in (THERE, BACK))
        return Job(costs.START + rows / ROWS, costs.RECORD_MB)

    def measure_projection(self, engine: str) -> Job:
        """The report on label projection."""
        rows = self.plan.part.probe * len(self.plan.languages(engine))
        seconds = costs.START + rows / ROWS
        if self.plan.aligner:
            seconds += costs.START_TORCH + 4 * rows * ALIGN
        return Job(seconds, costs.RECORD_MB)

    def compare(self) -> Job:
        """The tests of a paper."""
        return self._known.result()

    def tabulate(self) -> Job:
        """All tables of translations."""
        return Job(costs.DRAW_AND_WRITE, costs.RESULT_MB)


class TranslationsNeeds:
    """The needs of these jobs, one method for each rule."""

    def __init__(self, plan: Plan) -> None:
        self.costs = TranslationsCosts(JobCosts(plan))
        self.convert_engine: Callable[[str], Needs] = cache(self._convert)
        self.list_sentences: Callable[[str, str, str], Needs] = cache(self._list)
        self.translate_shard: Callable[[str, str, str], Needs] = cache(self._shard)
        self.build_products: Callable[[str, str, str], Needs] = cache(self._build)
        self.measure_quality: Callable[[str, str], Needs] = cache(self._measure)
        self.measure_projection: Callable[[str], Needs] = cache(self._projection)

    def _convert(self, engine: str) -> Needs:
        # Read into memory, changed, written.
        held = memory.TORCH + 3 * self.costs.model_mb(engine)
        return with_margins(held, self.costs.convert(engine))

    def _texts(self, engine: str, task: str, turn: str) -> float:
        """Rows and sentences that are held at once."""
        count = self.costs.sentences(engine, task, turn)
        return memory.PYTHON + memory.OBJECTS * count * STORED / memory.MB

    def _list(self, engine: str, task: str, turn: str) -> Needs:
        return with_margins(self._texts(engine, task, turn), self.costs.listed(engine, task, turn))

    def _shard(self, engine: str, task: str, turn: str) -> Needs:
        found = self._texts(engine, task, turn)
        if self.costs.plan.parts(engine):
            found += memory.TORCH + 2 * self.costs.model_mb(engine)
        return with_margins(found, self.costs.shard(engine, task, turn))

    def _build(self, engine: str, task: str, turn: str) -> Needs:
        found = self._texts(engine, task, turn)
        found += memory.TORCH if self.costs.plan.aligns(engine, task) else 0.0
        return with_margins(found, self.costs.build(engine, task, turn))

    def _measure(self, engine: str, task: str) -> Needs:
        held = sum(self._texts(engine, task, turn) for turn in (THERE, BACK))
        return with_margins(held, self.costs.measure(engine, task))

    def _projection(self, engine: str) -> Needs:
        found = self._texts(engine, PROJECTION, THERE) + memory.TORCH
        return with_margins(found, self.costs.measure_projection(engine))


def stages(known: JobCosts) -> dict[str, list[Job]]:
    """Return the jobs of each stage, in the order of the workflow."""
    own = TranslationsCosts(known)
    plan = own.plan
    shards = [own.shard(*one) for one in plan.lists for _ in plan.shards]
    built = [(e, task, turn) for e, task in plan.qualities for turn in plan.rounds(e, task)]
    found = {
        "convert_engine": [own.convert(engine) for engine, _ in plan.converted],
        "list_sentences": [own.listed(*one) for one in plan.lists if one[1] != PROJECTION],
        "list_projection": [own.listed(e, PROJECTION, THERE) for e in plan.projections],
        "translate_shard": shards,
        "build_products": [own.build(*one) for one in built],
        "measure_quality": [own.measure(*one) for one in plan.qualities],
        "measure_projection": [own.measure_projection(engine) for engine in plan.projections],
        "compare_translations": [own.compare() for _ in compared_papers(plan.plan)],
        "tabulate_translations": [own.tabulate()],
    }
    return {stage: jobs for stage, jobs in found.items() if jobs}


def _own(plan: Plan) -> TranslationsPlan:
    if plan.translations is None:
        raise ValueError(f"the study '{plan.study.name}' reads no translations of its own")
    return plan.translations

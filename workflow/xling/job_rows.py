# SPDX-License-Identifier: Apache-2.0
"""How many rows, sub-words and updates the jobs of a plan are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from xling import costs
from xling.batches import steps_of
from xling.costs import RowSize, Shape
from xling.plan import TEXT, Plan, Run
from xling.robust.splits import augmented_split
from xling.tasks import SOURCE_LANGUAGE, TASKS
from xling.translate_splits import layout

# Prepared splits that have as many rows as another.
_MADE_OF = {
    "translate_train": "train",
    "back_translate": "train",
    "translate_test": "test",
    "gold_english": "test",
}
# Texts that a model of X-Mixup reads for a row; without gradients the mixed layer costs little.
PAIR = 2
Tested = tuple[tuple[str, str, int], ...]  # split, language, rows


def without_seed(run: Run) -> Run:
    """Return what stands for all runs that differ in nothing that changes their cost."""
    return replace(run, paper="", seed=0)


class JobRows:
    """What the jobs of a plan read.

    Args:
        plan: of the study.
        unknown: stands in for encoders whose sizes are unknown.
    """

    def __init__(self, plan: Plan, unknown: Shape | None = None) -> None:
        self.plan = plan
        self.study = plan.study
        self.source = plan.study.data.source
        self._unknown = unknown
        self.known_shape = cache(self._known_shape)
        self.rows = cache(self._split_rows)
        self._one_test = cache(self._test)

    def _known_shape(self, model: str) -> Shape | None:
        """The sizes of an encoder; None if they are unknown."""
        return costs.shape_of(self.study.encoders[model], self.plan.positions)

    def shape(self, model: str) -> Shape | None:
        """The sizes to count with: the encoder's own or those that stand in for it."""
        return self.known_shape(model) or self._unknown

    def raw_splits(self, kind: str) -> list[str]:
        """Prepared splits of a task that are made of raw files; the text is one."""
        return [TEXT] if kind == TEXT else self.plan.raw_splits(kind)

    def prepared_splits(self, kind: str) -> list[str]:
        """Prepared splits of a task that are made of files; the text is one."""
        return [TEXT] if kind == TEXT else self.plan.prepared_splits(kind)

    def _split_rows(self, kind: str, split: str) -> int:
        """Rows of a prepared split in all its languages."""
        if kind == TEXT:
            return self._text_rows()
        codes = self.plan.split_languages(kind, split)
        return sum(self.language_rows(kind, split, code) for code in codes)

    def language_rows(self, task: str, split: str, language: str = SOURCE_LANGUAGE) -> int:
        """Rows of a language in a prepared split, or what counts as one where none is published."""
        if copied := augmented_split(split):
            return copied.copies * self.language_rows(task, "train", language)
        uses = self.study.tasks[task]
        kind = _MADE_OF.get(layout(split), split)
        published = {"train": uses.train_split, "test": uses.test_split}.get(kind, kind)
        part = 1.0
        if uses.train_split == uses.test_split and kind != "dev":
            part = uses.held_out if kind == "test" else 1 - uses.held_out
        if self.study.data.artificial is not None:
            rows = int(getattr(self.study.data.artificial.sizes[task], published))
        else:
            rows = costs.published_rows(task, published, language)
        # A sentence of the other side is a row too.
        return round(part * rows * (2 if task == "tatoeba" else 1))

    def _text_rows(self) -> int:
        """Rows of the pre-training text; a folder's is its train and dev sets, never a test."""
        if self.study.data.artificial is not None:
            return self.study.data.artificial.text_documents
        rows = 0
        for task in self.plan.tasks:
            uses = self.study.tasks[task]
            about = TASKS[task]
            if about.family in ("classification", "tagging"):
                codes = self.plan.dev_languages(task)
                rows += sum(self.language_rows(task, "dev", code) for code in codes)
            own = about.trained and about.trains_as == task
            if own and uses.train_split == "train" != uses.test_split:
                rows += self.language_rows(task, "train")
        return rows

    def raw_rows(self, kind: str) -> int:
        """Rows in the raw files: all artificial ones, or those that the splits need."""
        if kind == TEXT:
            return self._text_rows()
        if self.study.data.artificial is None:
            return sum(self.rows(kind, split) for split in self.raw_splits(kind))
        sizes = self.study.data.artificial.sizes[kind]
        languages = len(self.study.tasks[kind].languages)
        return (sizes.train + sizes.dev + sizes.test) * languages + sizes.test * (languages - 1)

    def size(self, kind: str) -> RowSize:
        """The size of a row."""
        return costs.row_size(self.source, kind)

    def subwords(self, kind: str, model: str, limit: int | None = None) -> float:
        """Mean length of a row, cut at ``limit`` (by default the task's ``max_length``)."""
        limit = limit or self.study.tasks[kind].max_length
        return costs.subwords(self.source, kind, self.shape(model), limit)

    def updates(self, run: Run) -> int:
        """Updates of a training."""
        settings = self.plan.settings(run)
        if settings.max_steps is not None:
            return settings.max_steps
        assert settings.epochs is not None  # the settings' own check
        return steps_of(self.train_rows(run), settings.batch_size, settings.epochs)

    def train_rows(self, run: Run) -> int:
        """Rows that a training reads for its updates."""
        return sum(self.rows(*part) for part in self.plan.train_splits(run))

    def tested(self, run: Run) -> Tested:
        """Split, language and rows of all that a run predicts."""
        return self._one_test(without_seed(run), tuple(self.plan.languages(run)))

    def _test(self, run: Run, languages: Sequence[str]) -> Tested:
        return tuple(
            (split, code, self.language_rows(run.task, split, code))
            for split in self.plan.test_splits(run)
            for code in languages
        )

    def english_rows(self, run: Run) -> int:
        """Rows of the English sides that a training holds beside its own; none if unpaired."""
        originals, back = self.plan.english_splits(run)
        # Originals stand in for the back-translations of English rows, and are held once more.
        parts = [*originals, *back, *(originals if back else [])]
        return sum(self.rows(*part) for part in parts)

    def dev_rows(self, run: Run) -> int:
        """Rows of a look at the dev set; none if the last weights are kept."""
        one_language = self.plan.settings(run).selection == "best_source_dev"
        return sum(
            self.language_rows(task, split) if one_language else self.rows(task, split)
            for task, split in self.plan.dev_splits(run)
        )

    def labelled_rows(self, run: Run) -> int:
        """Rows whose words a teacher labels."""
        # Our own translations have as many rows as published ones.
        task, split = self.plan.labelled_part(run)
        codes = [c for c in self.study.tasks[task].languages if c != SOURCE_LANGUAGE]
        return sum(self.language_rows(task, split, code) for code in codes)

    def texts(self, run: Run) -> int:
        """Texts that are read for a test row: pairs for each English side, or each text once.

        With votes a row is read several times, and in the generalised setting once for each
        language of its other sentence.
        """
        if votes := self.plan.votes(run):
            return votes.draws
        if self.plan.pairs(run):
            return len(self.plan.languages(run))
        sides = len(self.plan.english_tests(run))
        return PAIR * sides if self.plan.method(run.method).paired else 1 + sides

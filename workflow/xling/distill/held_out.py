# SPDX-License-Identifier: Apache-2.0
"""The held-out error that weights are chosen by, and looks at whether the student has collapsed."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from transformers import TrainerControl, TrainerState, TrainingArguments

from xling.distill.examples import Ints, ParallelRows
from xling.distill.guard import Spread, check_student, check_teacher, spread_of
from xling.distill.settings import DistillSettings, Guard
from xling.distill.student import encode
from xling.distill.vectors import Vectors
from xling.files import write_text
from xling.stops import Stop
from xling.tasks import SOURCE_LANGUAGE
from xling.training_callbacks import KeepBest

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from xling.config.study import TrainingSettings

log = logging.getLogger(__name__)

POLICY = "held_out_mse"


class HeldOut:
    """Held-out pairs with the teacher's vectors of their sources.

    Args:
        rows: held-out pairs.
        teacher: vectors of ``rows.sources``, in their order.
        guard: what counts as collapsed.
        seed: random pairs of the guard follow from it.

    Attributes:
        teacher_spread: of the teacher on the sources.
        student_spread: of the student on the translations, at the last look.

    Raises:
        DataError: the teacher has collapsed.
    """

    def __init__(self, rows: ParallelRows, teacher: Vectors, guard: Guard, seed: int) -> None:
        self.rows = rows
        self.teacher = teacher
        self.guard = guard
        self.seed = seed
        self.texts: list[str] = rows.texts.to_pylist()
        self.teacher_spread = spread_of(teacher, guard.pairs, seed)
        self.student_spread: Spread | None = None
        check_teacher(self.teacher_spread, guard)
        self._vector_of_row = rows.source_numbers()[rows.source]
        self._rows_of = _rows_by_language(rows)

    def values(self, student: SentenceTransformer) -> dict[str, float]:
        """Return minus the mean squared error x 100 by language, as the library's MSEEvaluator.

        English: of the student's vectors of the sources; other languages: of the translations.
        """
        found = encode(student, self.texts)
        targets = np.unique(self.rows.target)
        self.student_spread = spread_of(found[targets], self.guard.pairs, self.seed)
        values = {SOURCE_LANGUAGE: _score(found[self.rows.sources], self.teacher)}
        for language, rows in self._rows_of.items():
            wanted = self.teacher[self._vector_of_row[rows]]
            values[language] = _score(found[self.rows.target[rows]], wanted)
        return values


def _score(student: Vectors, teacher: Vectors) -> float:
    return -100.0 * float(np.mean((student - teacher) ** 2, dtype=np.float64))


def _rows_by_language(rows: ParallelRows) -> dict[str, Ints]:
    found: dict[str, list[Ints]] = {}
    for part, end in zip(rows.parts, rows.bounds()[1:].tolist(), strict=True):
        found.setdefault(part.language, []).append(np.arange(end - part.rows, end))
    return {language: np.concatenate(blocks) for language, blocks in found.items()}


@dataclass(frozen=True)
class _Cadence:
    """What :class:`KeepBest` reads of settings."""

    evaluate_every: int
    selection: str = POLICY


class KeepClosest(KeepBest):
    """Keep the weights with the smallest mean error over the languages; end what leads nowhere.

    Each language counts the same, however many held-out pairs it has.  English does not count.

    Args:
        folder: where the best weights are kept; ``looks.json`` is next to it.
        settings: cadence, patience and guard.
        warmup: updates of the warm-up; a student may look collapsed until then.
        held_out: pairs that are looked at.
        stop: whether the process was asked to leave.

    Raises:
        DataError: from a look: the student has collapsed.
    """

    def __init__(
        self, folder: Path, settings: DistillSettings, warmup: int, held_out: HeldOut, stop: Stop
    ) -> None:
        cadence = cast("TrainingSettings", _Cadence(settings.evaluate_every))
        super().__init__(folder, cadence, held_out.values, stop)
        self.patience = settings.patience
        self.warmup = warmup
        self.held_out = held_out
        self.file = folder.parent / "looks.json"
        found = self.file.exists()
        self.looks: list[dict[str, Any]] = json.loads(self.file.read_text()) if found else []

    def criterion(self, values: dict[str, float]) -> float:
        """Return the mean over the target languages."""
        return float(np.mean([v for code, v in values.items() if code != SOURCE_LANGUAGE]))

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **kwargs: Any,
    ) -> None:
        """End at once what an earlier attempt found collapsed."""
        self._judge()
        super().on_train_begin(args, state, control, model, **kwargs)

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: Any = None,
        **kwargs: Any,
    ) -> None:
        """Look every ``evaluate_every`` steps and after the last; end when patience is over."""
        super().on_step_end(args, state, control, model, **kwargs)
        if self.patience is None or self.best is None or self.pending:
            return
        since = [look for look in self.looks if self.best["step"] < look["step"]]
        if len(since) >= self.patience and self.looks[-1]["step"] == state.global_step:
            log.info("no smaller held-out error in %d looks: training ends", self.patience)
            state.max_steps = state.global_step
            control.should_training_stop = True

    def _look(self, step: int, model: Any) -> None:
        super()._look(step, model)
        seen = self.held_out.student_spread
        assert seen is not None, "a look has just been taken"
        # A run that went on from a checkpoint meets steps again.
        self.looks = [look for look in self.looks if look["step"] < step]
        self.looks.append({"step": step, "cosine": seen.cosine, "norm": seen.norm})
        write_text(self.file, json.dumps(self.looks) + "\n")
        self._judge()

    def _judge(self) -> None:
        late = [look for look in self.looks if look["step"] > self.warmup]
        check_student(
            [Spread(look["cosine"], look["norm"]) for look in late],
            [look["step"] for look in late],
            self.held_out.teacher_spread,
            self.held_out.guard,
        )

# SPDX-License-Identifier: Apache-2.0
"""The attempts of one training, and the end of those that lead nowhere.

A cluster may kill a job again and again before it saves.  Retries of such a training cost hours and
change nothing, so the third one says what to do instead.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from xling.errors import Interrupted, SetupError
from xling.files import write_text
from xling.stops import BrokenOff

log = logging.getLogger(__name__)

FILE = "attempts.json"
LOST_IN_A_ROW = 2  # ours: one lost attempt is bad luck, two are a pattern
SECONDS_BETWEEN_NOTES = 30.0  # ours: often enough to tell whether there were updates, and cheap


@dataclass
class Attempt:
    """One attempt.

    Attributes:
        began: step it went on from.
        reached: last step it noted.
        end: ``open`` (at work, or killed), ``done``, ``stopped``, or ``failed: <exception>``.
    """

    began: int
    reached: int
    end: str = "open"


class Attempts(TrainerCallback):
    """The list of attempts in ``attempts.json``, the running one last.

    Args:
        state: folder of the checkpoints.
        step: where this attempt goes on.

    Raises:
        SetupError: the last attempts that did updates went on from this very step, so all they did
            is lost.  The list is cleared: the next call tries again.
    """

    def __init__(self, state: Path, step: int) -> None:
        self.file = state / FILE
        self.list: list[Attempt] = []
        if self.file.exists():
            found = json.loads(self.file.read_text(encoding="utf-8"))
            self.list = [Attempt(**entry) for entry in found]
        self._check_progress(step)
        self.list.append(Attempt(step, step))
        self._write()

    def _check_progress(self, step: int) -> None:
        # Without an update, as when memory ran out at loading, an attempt could not lose any.
        worked = [attempt for attempt in self.list if attempt.reached > attempt.began]
        last = worked[-LOST_IN_A_ROW:]
        if len(last) < LOST_IN_A_ROW or any(attempt.began != step for attempt in last):
            return
        self.list = []
        self._write()
        lost = " and ".join(str(attempt.reached - step) for attempt in last)
        raise SetupError(
            f"the training makes no progress: {lost} updates of the last two attempts are lost",
            where=f"{self.file.parent}, from step {step}; why they ended is in the log of this job",
            allowed="a checkpoint before a job is killed",
            fix="lower checkpoint_every, or give the job more time or memory (resources, profile); "
            "the next call tries again",
        )

    @property
    def running(self) -> Attempt:
        """This attempt."""
        return self.list[-1]

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note how the block ends."""
        try:
            yield
        except BaseException as error:
            left = isinstance(error, Interrupted | BrokenOff)
            self.running.end = "stopped" if left else f"failed: {type(error).__name__}"
            raise
        else:
            self.running.end = "done"
        finally:
            self._write()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Note the first update, then the step now and then."""
        del args, control, kwargs
        first = self.running.reached == self.running.began
        self.running.reached = state.global_step
        if first or time.monotonic() - self._written >= SECONDS_BETWEEN_NOTES:
            self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        entries = [asdict(attempt) for attempt in self.list]
        write_text(self.file, json.dumps(entries, indent=1) + "\n")

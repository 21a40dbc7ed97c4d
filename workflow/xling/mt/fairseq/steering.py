# SPDX-License-Identifier: Apache-2.0
"""What a training with learned weights remembers: a method, token shares, and the file of both.

No fairseq and no tensors here; ``plugin/task.py`` measures and asks.

Methods that measure every K updates leave a line in the file after each measurement; what is in
force between two is all in the line.  Methods that are told something at every update, and those
that choose the sentences, change in between: they leave one with each checkpoint too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xling.mt.fairseq.settings import PlugInSettings
from xling.mt.fairseq.sidecar import Sidecar
from xling.mt.rivals import weighting as new_weighting
from xling.mt.token_shares import TokenShares
from xling.mt.weighting import Floats, Measured, Weighting

SIDECAR = "weighting.jsonl"  # below --save-dir


class Steering:
    """Turns measurements into factors of token losses, and keeps them across a kill.

    Attributes:
        directions: in the order of all arrays.
        weighting: the method.
        shares: of the directions in the tokens that are drawn.
        factors: what token losses are multiplied by, [N].
        probabilities: of a sentence of each direction, in the present epoch, [N].
        epoch: the present one, counted from 1; 0 before the first.
        measured: finished updates at the last measurement that was used; 0: none.
    """

    def __init__(
        self,
        directions: Sequence[str],
        settings: PlugInSettings,
        save_dir: Path,
        data: tuple[Sequence[int], npt.ArrayLike, npt.ArrayLike],
    ) -> None:
        """Begin.

        Args:
            directions: of the model.
            settings: of the plug-in.
            save_dir: where the file is, beside the checkpoints.
            data: of each direction: sentences, sampling probability (any scale), mean target
                tokens of a sentence.

        Raises:
            DataError: a direction without data.
        """
        sizes, sampling, tokens = data
        self.directions = tuple(directions)
        self.settings = settings
        self.weighting: Weighting = new_weighting(self.directions, sizes, settings.weighting)
        self.shares = TokenShares(
            self.directions, sampling, tokens, largest=settings.largest_factor
        )
        self.factors: Floats = np.ones(len(self.directions))
        drawn = np.array(sampling, dtype=np.float64)
        self.probabilities: Floats = drawn / drawn.sum()
        self.epoch = 0
        self.measured = 0
        self._written = 0  # finished updates at the last line of the file
        head = {"settings": settings.model_dump(), "directions": list(self.directions)}
        self._sidecar = Sidecar(save_dir / SIDECAR, head)

    @property
    def alpha(self) -> Floats:
        """The shares of the loss that are trained with, [N]."""
        free = self.weighting.acts_on == "loss" and not self.settings.frozen
        return self.weighting.weights if free else self.shares.shares

    @property
    def in_force(self) -> Floats:
        """What the method does at this moment, [N].

        Shares of the loss, probabilities that sentences are drawn with, or factors of gradients
        (their mean over groups of parameters).
        """
        if self.weighting.acts_on == "sampling":
            return self.probabilities
        if self.weighting.acts_on == "gradients":
            return self.gradient_factors(used=True).mean(0)
        return self.alpha

    @property
    def chooses_sentences(self) -> bool:
        """Whether the method changes how sentences are drawn."""
        return self.weighting.acts_on == "sampling" and self.weighting.needs.when != "never"

    @property
    def told_every_update(self) -> bool:
        """Whether the method is told something of each batch."""
        return self.weighting.needs.when == "update"

    def start(self, *, main: bool) -> None:
        """Start at update 0.  The main process begins a new file."""
        self._weigh()
        if main:
            self._sidecar.create(self._state())

    def resume(self, updates: int) -> None:
        """Go on after ``updates`` finished updates; reads the file and leaves it as it is.

        Raises:
            DataError: the file is missing or damaged.
            UsageError: it is of another training.
        """
        if self._changes_in_between:
            last = updates
        else:
            last = next((past for past in range(updates, 0, -1) if self.weighting.due(past)), 0)
        state = self._sidecar.resume(updates, last)["state"]
        self.weighting.restore(state["weighting"])
        # As they were at the start: data in shards would give others now.
        self.shares.shares = np.array(state["token_shares"])
        self._weigh()
        self.shares.restore(state["shares"])  # after the line above, which counts
        self.measured = int(state["measured"])
        self._written = last
        if self.chooses_sentences:
            self.epoch = int(state["epoch"])
            self.probabilities = np.array(state["probabilities"])

    def cut(self, updates: int) -> None:
        """Drop from the file what came after ``updates``; for the main process."""
        self._sidecar.cut(updates)

    def observe(self, measured: Measured) -> bool:
        """Take a measurement in; return whether it was used: it must be finite."""
        used = measured.finite if self.settings.frozen else self.weighting.observe(measured)
        if used:
            self.measured = measured.update
        if self.told_every_update:
            self._weigh()
        return used

    def gradient_factors(self, *, used: bool) -> Floats:
        """Return the factors of the gradients of the present batch, [groups, N].

        Args:
            used: whether its measurement was; if not, the batch counts as in ordinary training.
        """
        factors = self.weighting.weights
        return np.ones_like(factors) if self.settings.frozen or not used else factors

    def start_epoch(self, epoch: int) -> None:
        """Fix how the sentences of an epoch are drawn; again for the same one changes nothing."""
        if epoch == self.epoch or not self.chooses_sentences:
            return
        self.epoch = epoch
        self.weighting.start_epoch(epoch)
        if not self.settings.frozen:
            self.probabilities = np.array(self.weighting.weights)

    def agree(self, state: dict[str, Any]) -> None:
        """Take over the method's state of the main process, and set the factors."""
        self.weighting.restore(state)
        self._weigh()

    def write(self, updates: int, trace: dict[str, Any]) -> None:
        """Write state and trace after ``updates`` finished updates; for the main process."""
        trace |= {
            "weighting": self.weighting.trace(),
            "token_share": self.named(self.shares.shares),
            "factor": self.named(self.factors),
            "capped": self.shares.trace()["capped"],
        }
        self._append(updates, trace)

    def checkpoint(self, updates: int) -> None:
        """Write what a checkpoint after ``updates`` finished updates goes on with, if need be."""
        if self._changes_in_between and updates > self._written:
            self._append(updates, {})

    def named(self, values: Floats) -> dict[str, float | None]:
        """Return numbers [N] by direction, as JSON can hold them."""
        return dict(zip(self.directions, map(finite, values), strict=True))

    def _append(self, updates: int, trace: dict[str, Any]) -> None:
        self._sidecar.append(updates, self._state(), trace)
        self._written = updates

    def _weigh(self) -> None:
        """Turn shares of the loss into factors of token losses (CATS, section 4.1)."""
        if self.weighting.acts_on == "loss" and not self.settings.frozen:
            self.factors = self.shares.factors(self.weighting.weights)

    @property
    def _changes_in_between(self) -> bool:
        """Whether what goes on changes without a measurement every K updates."""
        return self.told_every_update or self.chooses_sentences

    def _state(self) -> dict[str, Any]:
        drawn = {"epoch": self.epoch, "probabilities": self.probabilities.tolist()}
        return {
            "weighting": self.weighting.state(),
            "token_shares": self.shares.shares.tolist(),
            "shares": self.shares.state(),
            "measured": self.measured,
            **(drawn if self.chooses_sentences else {}),
        }


def finite(value: Any) -> float | None:
    """Return a number as JSON can hold it: null for what is not finite."""
    return float(value) if np.isfinite(value) else None

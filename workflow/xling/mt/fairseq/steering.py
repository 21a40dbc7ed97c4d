# SPDX-License-Identifier: Apache-2.0
"""What a training with learned weights remembers: a method, token shares, and the file of both.

No fairseq and no tensors here; ``plugin/task.py`` measures and asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xling.errors import UsageError
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
            UsageError: the method does not weight losses.
            DataError: a direction without data.
        """
        sizes, sampling, tokens = data
        self.directions = tuple(directions)
        self.settings = settings
        self.weighting: Weighting = new_weighting(self.directions, sizes, settings.weighting)
        self._check_method()
        self.shares = TokenShares(
            self.directions, sampling, tokens, largest=settings.largest_factor
        )
        self.factors: Floats = np.ones(len(self.directions))
        self.measured = 0
        head = {"settings": settings.model_dump(), "directions": list(self.directions)}
        self._sidecar = Sidecar(save_dir / SIDECAR, head)

    @property
    def alpha(self) -> Floats:
        """The shares of the loss that are trained with, [N]."""
        return self.shares.shares if self.settings.frozen else self.weighting.weights

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
        last = next((past for past in range(updates, 0, -1) if self.weighting.due(past)), 0)
        state = self._sidecar.resume(updates, last)["state"]
        self.weighting.restore(state["weighting"])
        # As they were at the start: data in shards would give others now.
        self.shares.shares = np.array(state["token_shares"])
        self._weigh()
        self.shares.restore(state["shares"])  # after the line above, which counts
        self.measured = int(state["measured"])

    def cut(self, updates: int) -> None:
        """Drop from the file what came after ``updates``; for the main process."""
        self._sidecar.cut(updates)

    def observe(self, measured: Measured) -> bool:
        """Take a measurement in; return whether it was used: it must be finite."""
        used = measured.finite if self.settings.frozen else self.weighting.observe(measured)
        if used:
            self.measured = measured.update
        return used

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
        self._sidecar.append(updates, self._state(), trace)

    def named(self, values: Floats) -> dict[str, float | None]:
        """Return numbers [N] by direction, as JSON can hold them."""
        return dict(zip(self.directions, map(finite, values), strict=True))

    def _weigh(self) -> None:
        """Turn shares of the loss into factors of token losses (CATS, section 4.1)."""
        if not self.settings.frozen:
            self.factors = self.shares.factors(self.weighting.weights)

    def _state(self) -> dict[str, Any]:
        return {
            "weighting": self.weighting.state(),
            "token_shares": self.shares.shares.tolist(),
            "shares": self.shares.state(),
            "measured": self.measured,
        }

    def _check_method(self) -> None:
        """Refuse methods that change something else than the losses, or at other times."""
        method = self.weighting
        if method.acts_on != "loss" or method.needs.when == "update":
            raise UsageError(
                f"the plug-in does not run the method '{self.settings.method}'",
                where="method",
                allowed="methods that weight losses and measure every K updates, or never",
                fix="take another method",
            )


def finite(value: Any) -> float | None:
    """Return a number as JSON can hold it: null for what is not finite."""
    return float(value) if np.isfinite(value) else None

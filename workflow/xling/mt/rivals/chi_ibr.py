# SPDX-License-Identifier: Apache-2.0
"""Chi-square DRO by iterated best response (Zhou et al., EMNLP 2021).

After the released code (violet-zct/fairseq-dro-mnmt).  Before every epoch the worst distribution in
a ball around the data's own p is found, and sentences are drawn by it:

    maximise over q   sum_i q_i (loss_i - baseline_i)   with   1/2 sum_i p_i (q_i/p_i - 1)^2 <= rho

Its solution is q_i proportional to p_i max(loss_i - eta, 0).  ``loss`` is a moving average over
batches.

Ours: the average starts at the first loss and goes on over epochs; the code starts it at 0 in every
epoch, which makes the loss of languages with few batches too small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from xling.errors import UsageError
from xling.mt.rivals.settings import ChiIbrSettings
from xling.mt.weighting import ActsOn, Floats, Measured, Needs, State, Weighting, vector


def divergence(q: Floats, p: Floats) -> float:
    """Return 1/2 sum_i p_i (q_i/p_i - 1)^2."""
    return 0.5 * float(p @ (q / p - 1.0) ** 2)


def worst_distribution(
    losses: Floats, p: Floats, radius: float, ratio_floor: float = 0.0
) -> Floats:
    """Return the q in the ball that has the largest mean loss, [N].

    With a floor the ratios q/p are cut before the ball is measured, as the released code does; the
    result is then on the ball's edge too, but not exactly the best.

    Args:
        losses: [N].
        p: the data's own distribution, [N], above 0.
        radius: rho.
        ratio_floor: smallest q_i / p_i, before normalising.
    """
    from scipy.optimize import brentq

    largest, spread = float(losses.max()), float(np.ptp(losses))
    if spread == 0:
        return p.copy()

    def response(eta: float) -> Floats:
        above = p * np.maximum(losses - eta, 0.0)
        q = p * np.maximum(above / above.sum() / p, ratio_floor)
        return q / q.sum()

    def outside(eta: float) -> float:
        return divergence(response(eta), p) - radius

    # Near the largest loss only the worst languages are left: if even that is in the ball, take it.
    highest = largest - 1e-9 * spread
    if outside(highest) <= 0:
        return response(highest)
    lowest = largest - 2.0 * spread
    while outside(lowest) > 0:
        lowest = largest - 2.0 * (largest - lowest)
    return response(brentq(outside, lowest, highest, xtol=1e-12 * spread, rtol=1e-14))


class ChiIbr(Weighting):
    """Sentences are drawn by the worst distribution near the data's own."""

    needs: ClassVar[Needs] = Needs("update")
    acts_on: ClassVar[ActsOn] = "sampling"
    settings: ChiIbrSettings

    def __init__(
        self, languages: Sequence[str], probabilities: Floats, settings: ChiIbrSettings
    ) -> None:
        """Start at the data's own ``probabilities`` [N]."""
        super().__init__(languages, settings)
        self._p = vector(probabilities, self.languages)
        self._q = self._p.copy()
        self._baselines = baselines(settings.baselines, self.languages)
        self._losses: Floats = np.full(len(self.languages), np.nan)
        self._waited = 0

    @property
    def weights(self) -> Floats:
        """Q of the present epoch, [N]."""
        return self._q

    def _observe(self, measured: Measured) -> None:
        rate = self.settings.average
        seen, known = ~np.isnan(measured.losses), ~np.isnan(self._losses)
        old = np.where(known, self._losses, measured.losses)
        self._losses = np.where(seen, (1 - rate) * old + rate * measured.losses, self._losses)

    def start_epoch(self, epoch: int) -> None:
        """Find the distribution of an epoch, after the first ones on the data's own.

        As long as a language was in no batch nothing changes; such epochs are counted.
        """
        if epoch <= self.settings.warmup_epochs:
            return
        if np.isnan(self._losses).any():
            self._waited += 1
            return
        q = worst_distribution(
            self._losses - self._baselines,
            self._p,
            self.settings.radius,
            self.settings.ratio_floor,
        )
        # No language is drawn more rarely than the rarest of the data.
        q = np.maximum(q, self._p.min())
        self._q = q / q.sum()

    def trace(self) -> State:
        """Return the distribution and the moving averages; a language not yet seen has none."""
        losses = {
            language: loss
            for language, loss in self.by_language(self._losses).items()
            if not np.isnan(loss)
        }
        return {
            **super().trace(),
            "probability": self.by_language(self._q),
            "loss": losses,
            "epochs_waited": self._waited,
        }

    def _state(self) -> State:
        losses = [None if np.isnan(loss) else float(loss) for loss in self._losses]
        return {"q": self._q.tolist(), "losses": losses, "waited": self._waited}

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._q = vector(state["q"], self.languages)
        losses = [np.nan if loss is None else loss for loss in state["losses"]]
        self._losses = vector(losses, self.languages)
        self._waited = int(state["waited"])


def baselines(given: Mapping[str, float] | None, languages: Sequence[str]) -> Floats:
    """Return what is subtracted from losses, [N]: 0 if nothing is given.

    Raises:
        UsageError: given for other languages.
    """
    if given is None:
        return np.zeros(len(languages))
    if set(given) != set(languages):
        raise UsageError(
            f"baselines are given for {', '.join(given) or 'no language'}",
            allowed=f"one for each of {', '.join(languages)}",
            fix="name every language of the model",
        )
    return np.array([given[language] for language in languages])

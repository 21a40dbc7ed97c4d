# SPDX-License-Identifier: Apache-2.0
"""What CATS and its rivals have in common, so that one training loop can drive all of them.

A :class:`Weighting` says what it needs to know and when (:class:`Needs`), is told it
(:class:`Measured`), and then has ``weights``.  What these are for is its ``acts_on``:

============= ==================================================================================
``loss``      shares alpha [N] of the loss: minimise sum over n of alpha_n L_n, with L_n the mean
              token loss of language n.  :class:`xling.mt.token_shares.TokenShares` turns them
              into factors of token losses.
``sampling``  probabilities [N] that sentences are drawn with.
``gradients`` factors [groups, N] of the gradients of the languages' parts of one batch, where
              1 is ordinary training; :func:`xling.mt.gradients.combine` applies them.
============= ==================================================================================

Languages are translation directions wherever a model has several; the order is fixed.  Numbers are
float64 NumPy arrays, so that a state written as JSON and read back goes on exactly.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from xling.errors import DataError, UsageError
from xling.mt.settings import MethodSettings, PeriodicSettings

Floats = npt.NDArray[np.float64]
State = dict[str, Any]
ActsOn = Literal["loss", "sampling", "gradients"]


@dataclass(frozen=True)
class Needs:
    """What a method wants to be told.

    Attributes:
        when: ``update``: before each optimiser step, of the batch itself.  ``period``: after those
            updates that :meth:`Weighting.due` names, of probe batches.  ``never``: nothing.
        gradients: ``products``: any of the probes of ``xling.mt.cats.probe``.  ``norms``: the same,
            of the last shared layer's parameters alone.  ``gram``: all inner products, by group of
            parameters.  ``rewards``: ``xling.mt.rivals.multidds.rewards``.
        repeated: also the losses, now, of the batches of the measurement before.
    """

    when: Literal["never", "update", "period"]
    gradients: Literal["none", "products", "norms", "gram", "rewards"] = "none"
    repeated: bool = False


@dataclass(frozen=True)
class GradientProducts:
    """Inner products of the languages' gradients g_n with g(alpha) = sum over n of alpha_n g_n.

    Attributes:
        products: <g_n, g(alpha)> = (G alpha)_n, [N].
        squared_norms: ||g_n||^2 = G_nn, [N].
        combined: ||g(alpha)||^2 = alpha^T G alpha.
        uniform: the same of alpha_n = 1/N.
    """

    products: Floats
    squared_norms: Floats
    combined: float
    uniform: float

    @classmethod
    def of_gram(cls, gram: Floats, alpha: Floats) -> GradientProducts:
        """Return the products of G [N, N] at alpha [N]."""
        products = gram @ alpha
        return cls(products, np.diag(gram).copy(), float(alpha @ products), float(gram.mean()))

    @property
    def finite(self) -> bool:
        """Whether all numbers are finite."""
        numbers = (self.products, self.squared_norms, self.combined, self.uniform)
        return all(bool(np.isfinite(value).all()) for value in numbers)


@dataclass(frozen=True)
class Measured:
    """What was measured for one call of :meth:`Weighting.observe`.

    Attributes:
        update: finished updates; with ``when: update`` those before the present one.
        losses: mean loss of a target token, [N]; NaN for a language that is not in the batch.  A
            probe has batches of all languages: there NaN is an overflow.
        products: of a probe.
        gram: [groups, N, N]; zeros for a language that is not in the batch.
        rewards: [N].
        repeated: like ``losses``, of the batches of the measurement before; None at the first.
    """

    update: int
    losses: Floats
    products: GradientProducts | None = None
    gram: Floats | None = None
    rewards: Floats | None = None
    repeated: Floats | None = None

    @property
    def finite(self) -> bool:
        """Whether nothing overflowed: no infinite loss, and gradients without NaN."""
        given = [value for value in (self.gram, self.rewards, self.repeated) if value is not None]
        return (
            not np.isinf(self.losses).any()
            and all(bool(np.isfinite(value).all()) for value in given)
            and (self.products is None or self.products.finite)
        )


class Weighting(ABC):
    """A method that weights languages.

    Attributes:
        needs: what it wants to be told.
        acts_on: what its weights are for.
        languages: in the order of all arrays.
        settings: of the method.
        skipped: measurements that were not finite and left everything as it was.
    """

    needs: ClassVar[Needs]
    acts_on: ClassVar[ActsOn]

    settings: MethodSettings

    def __init__(self, languages: Sequence[str], settings: MethodSettings) -> None:
        if len(languages) < 2 or len(set(languages)) != len(languages):
            raise UsageError(
                f"languages to be weighted are {', '.join(languages) or 'none'}",
                allowed="two or more different ones",
                fix="name each translation direction once",
            )
        self.languages = tuple(languages)
        self.settings = settings
        self.skipped = 0

    @property
    @abstractmethod
    def weights(self) -> Floats:
        """The weights that hold now; see ``acts_on``.  Not to be written to."""

    def due(self, updates: int) -> bool:
        """Tell whether to measure after that many finished updates; for ``when: period``."""
        return isinstance(self.settings, PeriodicSettings) and self.settings.due(updates)

    def observe(self, measured: Measured) -> bool:
        """Take a measurement in; return whether it was used, else it is counted as skipped."""
        absent = bool(np.isnan(measured.losses).any())
        if not measured.finite or (absent and self.needs.when == "period"):
            self.skipped += 1
            return False
        self._observe(measured)
        return True

    def start_epoch(self, epoch: int) -> None:
        """Tell that an epoch, counted from 1, starts; before its sentences are drawn."""
        del epoch

    def _observe(self, measured: Measured) -> None:
        """Change the weights; the measurement is finite."""
        raise UsageError(f"'{type(self).__name__}' takes no measurements; it got {measured}")

    def by_language(self, values: npt.ArrayLike) -> dict[str, float]:
        """Return numbers [N] under the languages' names."""
        return {
            language: float(value)
            for language, value in zip(self.languages, np.asarray(values), strict=True)
        }

    def trace(self) -> State:
        """Return one row of the trace, of what may be looked at later; JSON."""
        return {"skipped": self.skipped}

    def state(self) -> State:
        """Return what :meth:`restore` needs to go on exactly; JSON."""
        return {
            "languages": list(self.languages),
            "settings": self.settings.model_dump(),
            "skipped": self.skipped,
            **self._state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state.

        Raises:
            DataError: it is of other languages or settings, or lacks something.
        """
        expected = {"languages": list(self.languages), "settings": self.settings.model_dump()}
        for name, value in expected.items():
            if state.get(name) != value:
                raise DataError(
                    f"the saved weights are of other {name}",
                    where=f"saved: {state.get(name)}",
                    allowed=f"{value}, as they are now",
                    fix=f"go on with the {name} that training was started with, or start anew",
                )
        try:
            self.skipped = int(state["skipped"])
            self._restore(state)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"the saved state of '{type(self).__name__}' is not usable: {error!r}",
                allowed="a state that the same method wrote",
                fix="go on with the method that training was started with, or start anew",
            ) from error

    def _state(self) -> State:
        return {}

    def _restore(self, state: Mapping[str, Any]) -> None:
        del state


def vector(values: npt.ArrayLike, languages: Sequence[str]) -> Floats:
    """Return numbers of all languages as a new array [N]; ValueError for another number of them."""
    array = np.array(values, dtype=np.float64)
    if array.shape != (len(languages),):
        raise ValueError(f"{array.shape} numbers for {len(languages)} languages")
    return array

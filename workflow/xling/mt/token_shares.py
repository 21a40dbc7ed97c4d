# SPDX-License-Identifier: Apache-2.0
"""From shares of the loss to factors of token losses (CATS, section 4.1).

Training minimises the sum of token losses over the tokens of a batch.  A language's share of these
tokens is p_n in expectation, so that the factor w_n = alpha_n / p_n on its tokens gives
sum over n of alpha_n L_n in expectation, and needs no special case for a language that is not in a
batch.  alpha = p gives w = 1: ordinary training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xling.errors import DataError, UsageError
from xling.mt.settings import LARGEST
from xling.mt.weighting import Floats, State, vector


class TokenShares:
    """The share p of each language in the tokens that are drawn, and factors made with it.

    p is fixed: the probability that a sentence is of language n, times the mean number of target
    tokens of its sentences, normalised.

    Attributes:
        shares: p, [N].
        conversions: how often factors were made.
        capped: how often the factor of each language was cut, [N].
    """

    def __init__(
        self,
        languages: Sequence[str],
        sampling: npt.ArrayLike,
        tokens_per_sentence: npt.ArrayLike,
        *,
        largest: float = LARGEST,
    ) -> None:
        """Take sampling probabilities and mean target lengths, both [N].

        Args:
            languages: in the order of all arrays.
            sampling: of a sentence of each language; normalised here.
            tokens_per_sentence: target tokens, end of sentence included.
            largest: bound of the absolute value of a factor.

        Raises:
            UsageError: ``largest`` below 1.
            DataError: a language that is never drawn or has no tokens.
        """
        if not largest >= 1:
            raise UsageError(
                f"the largest factor of a token's loss is {largest}", allowed="1 or more"
            )
        drawn = vector(sampling, languages) * vector(tokens_per_sentence, languages)
        for language, share in zip(languages, drawn, strict=True):
            if not (np.isfinite(share) and share > 0):
                raise DataError(
                    f"no tokens of '{language}' are drawn",
                    allowed="languages with sentences and a sampling probability above 0",
                    fix="leave the language out",
                )
        self.languages = tuple(languages)
        self.shares: Floats = drawn / drawn.sum()
        self.largest = largest
        self.conversions = 0
        self.capped = np.zeros(len(languages), dtype=np.int64)

    def factors(self, alpha: Floats) -> Floats:
        """Return w_n = alpha_n / p_n, cut at +- ``largest``; [N].  Counts the cuts."""
        factors = alpha / self.shares
        self.conversions += 1
        self.capped += np.abs(factors) > self.largest
        return np.clip(factors, -self.largest, self.largest)

    def trace(self) -> State:
        """Return how often each language's factor was cut, of how many."""
        capped = dict(zip(self.languages, self.capped.tolist(), strict=True))
        return {"conversions": self.conversions, "capped": capped}

    def state(self) -> State:
        """Return the counts; JSON."""
        return self.trace()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on counting from a state.

        Raises:
            DataError: it is of other languages.
        """
        if list(state["capped"]) != list(self.languages):
            raise DataError(
                "the saved counts are of other languages",
                where=f"languages {list(state['capped'])}",
                allowed=f"{list(self.languages)}, in this order",
                fix="go on with the languages that training was started with, or start anew",
            )
        self.conversions = int(state["conversions"])
        self.capped = np.array(list(state["capped"].values()), dtype=np.int64)

# SPDX-License-Identifier: Apache-2.0
"""Names of the prepared splits that hold copies of the training rows with synonyms (RS-DA)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xling.methods import AUGMENTED

_NAME = re.compile(rf"{AUGMENTED}(?P<stem>-same_stem)?-m(?P<copies>\d+)-seed(?P<seed>\d+)")


@dataclass(frozen=True)
class AugmentedSplit:
    """What decides the rows of such a split, apart from the rows that are copied.

    Attributes:
        copies: m, of each row.
        seed: of the draws; that of the run, so each seed draws anew.
        table: ``neighbours`` or ``same_stem`` (:class:`xling.robust.settings.SynonymSettings`).
    """

    copies: int
    seed: int
    table: str = "neighbours"

    @property
    def name(self) -> str:
        """The split's name in paths."""
        table = "-same_stem" if self.table == "same_stem" else ""
        return f"{AUGMENTED}{table}-m{self.copies}-seed{self.seed}"


def augmented_split(name: str) -> AugmentedSplit | None:
    """Return what a split's name says; None for splits of another kind."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    table = "same_stem" if match["stem"] else "neighbours"
    return AugmentedSplit(int(match["copies"]), int(match["seed"]), table)

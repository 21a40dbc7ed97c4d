# SPDX-License-Identifier: Apache-2.0
"""Names of the prepared splits that are made of translations of our own."""

from __future__ import annotations

from dataclasses import dataclass

#: Prepared splits of translations, published or our own, and the product that fills them.
ROLES = {
    "translate_train": "translate_train",
    "translate_test": "translate_test",
    "back_translate": "back_translation",
}


@dataclass(frozen=True)
class MadeSplit:
    """What such a name says.

    Attributes:
        split: the split with published translations that it stands for.
        engine: name of the study's engine that translated it.
    """

    split: str
    engine: str

    @property
    def name(self) -> str:
        """The split's name in paths."""
        return f"{self.split}-{self.engine}"


def made_split(name: str) -> MadeSplit | None:
    """Return what a split's name says; None for splits of another kind."""
    split, _, engine = name.partition("-")
    return MadeSplit(split, engine) if split in ROLES and engine else None


def layout(name: str) -> str:
    """Return the split whose layout a split has: itself unless its translations are our own."""
    made = made_split(name)
    return made.split if made else name


def sources_of(name: str) -> list[str]:
    """Return the prepared splits that a split of our own translations is made of, if it is one."""
    made = made_split(name)
    if made is None:
        return []
    if made.split == "back_translate":
        return ["train", MadeSplit("translate_train", made.engine).name]
    return [{"translate_train": "train", "translate_test": "test"}[made.split]]

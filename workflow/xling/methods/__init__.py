# SPDX-License-Identifier: Apache-2.0
"""The systems that are compared: one module per method, registered here by name.

A module under this package holds one :class:`Method`.  What it says here is enough to plan the
jobs; code that needs torch is imported inside :meth:`Method.trainer_class`.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, replace
from functools import cache

from xling.translate_splits import ROLES

#: In ``train_splits``: copies of ``train`` with synonyms; the plan knows how many (RS-DA).
AUGMENTED = "train_rs_da"


@dataclass(frozen=True)
class Method:
    """What a system trains on and what it is tested on.

    Attributes:
        name: key in studies, paths and ``scores.csv``.
        title: as tables print it.
        train_splits: prepared splits that are concatenated for training.
        test_split: prepared split that is predicted.
        trained_as: method whose trained model is used; itself unless the model is shared.
        source: where the method is defined.
        families: task families it is for.
        paired: every target-language row is read together with its English side.
        ensemble: a plain model reads a test row and its English side; their logits are averaged.
        perturbs: how training perturbs embeddings, by the name of a part of
            :class:`xling.robust.settings.RobustSettings`; empty for the methods that do not.
        smoothed: a test row is read several times with noise, and the readings vote.
        updates_of: method as whose training this one has as many updates; empty: its own settings
            say how many.
        variant_of: the method whose code a study's variant runs with other settings; empty for the
            methods themselves.
    """

    name: str
    title: str
    train_splits: tuple[str, ...]
    test_split: str
    trained_as: str
    source: str
    families: tuple[str, ...] = ("classification", "tagging", "qa")
    paired: bool = False
    ensemble: bool = False
    perturbs: str = ""
    smoothed: bool = False
    updates_of: str = ""
    variant_of: str = ""

    @property
    def base(self) -> str:
        """The method itself: what the stages are told."""
        return self.variant_of or self.name

    @property
    def reads_english(self) -> bool:
        """Whether test rows are read with their English sides."""
        return self.paired or self.ensemble

    @property
    def borrows(self) -> bool:
        """Whether it reads test rows in another way than the method whose model it uses."""
        return self.ensemble or self.smoothed

    @property
    def augments(self) -> bool:
        """Whether copies with synonyms are made of the training rows."""
        return AUGMENTED in self.train_splits

    @property
    def translated(self) -> bool:
        """Whether machine translations are read, in training or at test time."""
        read = {*self.train_splits, self.test_split}
        return self.reads_english or not read.isdisjoint(ROLES)

    @property
    def trains(self) -> bool:
        """Whether a model is trained at all."""
        return bool(self.train_splits)

    def trainer_class(self) -> type:
        """Return the Trainer (a subclass of :class:`xling.training.XlingTrainer`) to train with."""
        from xling.training import XlingTrainer

        return XlingTrainer

    def variant(self, name: str, title: str) -> Method:
        """Return a method of another name; it trains its own model if this one does."""
        lender = name if self.trained_as == self.name else self.trained_as
        return replace(self, name=name, title=title, trained_as=lender, variant_of=self.name)


@cache
def methods() -> dict[str, Method]:
    """Return all methods by name, in alphabetical order of their modules."""
    found = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        method = importlib.import_module(f"{__name__}.{module}").METHOD
        found[method.name] = method
    return found

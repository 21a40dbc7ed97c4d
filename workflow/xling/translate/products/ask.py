# SPDX-License-Identifier: Apache-2.0
"""What is to be made, and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from xling.errors import UsageError
from xling.tasks import SOURCE_LANGUAGE, TASKS
from xling.translate.project.settings import Projection, check_projection

Role = Literal["translate_train", "translate_test", "translate_dev", "back_translation"]
ROLES: tuple[Role, ...] = ("translate_train", "translate_test", "translate_dev", "back_translation")

# Why items are left out, as the report says it.
UNTRANSLATED = "not translated"
UNWRITABLE = "a word or sentence that the format cannot hold"
# Why items are kept although something failed.
SOURCE_KEPT = "text of the source kept"
WHOLE = "label not found, the whole sentence or O instead"


@dataclass(frozen=True)
class Ask:
    """One file of translations.

    Attributes:
        task: a benchmark that has a training set, or for tests any but retrieval.
        role: ``translate_train`` (English training rows to ``language``), ``translate_test`` and
            ``translate_dev`` (rows of ``language`` to English), ``back_translation`` (rows of
            ``translate_train`` in ``language`` back to English).
        language: never English.
        projection: of answers and tags; None for pairs and back-translations.
        untranslated: a training item without a usable translation is left out (``drop``), or keeps
            the text of the source (``source``).  Test and dev items always keep it: none may be
            missing.
        refused: flags (:mod:`xling.translate.guard`) that make a translation unusable; an empty one
            always is.
    """

    task: str
    role: Role
    language: str
    projection: Projection | None = None
    untranslated: Literal["drop", "source"] = "drop"
    refused: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Raise :class:`UsageError` if no such file can be made."""
        about = TASKS.get(self.task)
        where = f"translations of {self.task}, {self.role}, {self.language}"
        if about is None or about.family == "retrieval":
            allowed = ", ".join(name for name, one in TASKS.items() if one.family != "retrieval")
            raise UsageError(f"{self.task} is not translated", where=where, allowed=allowed)
        if self.language == SOURCE_LANGUAGE:
            raise UsageError(
                "English is what is translated from and to", where=where, allowed="other languages"
            )
        if not self.testing and about.train_task:
            raise UsageError(
                f"{about.title} has no training set of its own",
                where=where,
                allowed=f"the task {about.train_task}, whose rows it is trained on",
            )
        labelled = about.family != "classification" and self.role != "back_translation"
        if labelled != (self.projection is not None):
            raise UsageError(
                "a projection is missing" if labelled else "labels are copied here, not projected",
                where=where,
                allowed="a projection for answers and tags, none for pairs and back-translations",
            )
        if self.projection:
            check_projection(self.projection, self.task, testing=self.testing)

    @property
    def family(self) -> str:
        """The task's family."""
        return TASKS[self.task].family

    @property
    def testing(self) -> bool:
        """Whether rows of a test or dev set are translated."""
        return self.role in ("translate_test", "translate_dev")

    @property
    def split(self) -> str:
        """The published split that is translated."""
        return {"translate_test": "test", "translate_dev": "dev"}.get(self.role, "train")

    @property
    def source(self) -> str:
        """The language that is translated from."""
        return SOURCE_LANGUAGE if self.role == "translate_train" else self.language

    @property
    def target(self) -> str:
        """The language that is translated to."""
        return self.language if self.role == "translate_train" else SOURCE_LANGUAGE

    @property
    def keeps_source(self) -> bool:
        """Whether an item without translation keeps the text of the source."""
        return self.testing or self.untranslated == "source"


@dataclass
class Counts:
    """What became of the items of a file.

    Attributes:
        items: rows that were asked for.
        written: of them, those in the file.
        dropped: rows left out, by reason.
        kept: rows that are in the file although something failed, by what was done.
        labels: answers or entities that were to be found in a translation, or, with an alignment
            of tags, words of the translation.
        projected: of them, those that were found, or have a link.
        failed: the others, by reason.
        strange: markers that belong to nothing, taken out of translations.
    """

    items: int = 0
    written: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    labels: int = 0
    projected: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    strange: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return all numbers, reasons sorted."""
        found = dict(vars(self))
        return found | {
            name: dict(sorted(found[name].items())) for name in ("dropped", "kept", "failed")
        }

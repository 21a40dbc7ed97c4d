# SPDX-License-Identifier: Apache-2.0
"""The settings of translations of our own, as types that a study can contain."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator

from xling.mt.settings import MethodSettings
from xling.tasks import TASKS
from xling.translate.guard import FLAGS
from xling.translate.products.ask import Ask, Role
from xling.translate.project.settings import Method, Projection


class AlignmentSettings(MethodSettings):
    """Word alignment by an encoder; which one, the study's experiments say."""

    layer: NonNegativeInt = Field(
        8, description="hidden states that are compared, 0 being the embeddings (SimAlign: 8 of 12)"
    )
    rule: Literal["argmax", "itermax"] = Field(
        "itermax", description="mutual argmax has fewer wrong links, itermax fewer missing ones"
    )
    max_tokens: PositiveInt = Field(4096, description="sub-words of a batch, padding included")


class LabelSettings(MethodSettings):
    """How answers and tags get to translations."""

    udpos: Literal["alignment", "soft_labels"] = Field(
        "alignment",
        description="tags of training sentences; soft_labels: none are carried over, and a teacher "
        "labels the words (X-Mixup alone can train on that)",
    )
    panx: Literal["alignment", "markers", "soft_labels"] = Field(
        "markers", description="entities of training sentences"
    )
    questions: Literal["alignment", "markers"] = Field(
        "markers", description="answers; of test sets their place in the plain translation"
    )
    marker: Literal["xml", "brackets"] = Field("xml", description="form of the markers")
    failed: Literal["drop", "whole"] = Field(
        "drop",
        description="training items whose label is not found: leave them out, or take the whole "
        "sentence as answer and words of a lost entity as outside",
    )


class ProductSettings(MethodSettings):
    """What becomes of translations on their way to a task."""

    labels: LabelSettings = Field(LabelSettings(), description="answers and tags")
    alignment: AlignmentSettings = Field(AlignmentSettings(), description="of words")
    untranslated: Literal["drop", "source"] = Field(
        "drop",
        description="training items without a usable translation: leave them out, or keep the text "
        "of the source; test and dev items always keep it",
    )
    refused: list[str] = Field(
        ["cut", "repeated"],
        description="flags that make a translation unusable (ours: those of a broken search); an "
        "empty one always is",
    )
    checked_rows: PositiveInt = Field(
        1000,
        description="rows of a product that are translated back for the quality report, and rows "
        "that are held against human translations (ours)",
    )

    @field_validator("refused")
    @classmethod
    def _known(cls, flags: list[str]) -> list[str]:
        for flag in flags:
            if flag not in FLAGS:
                raise ValueError(f"there is no flag '{flag}'; allowed: {', '.join(FLAGS)}")
        return flags

    def ask(self, task: str, role: Role, language: str) -> Ask:
        """Return what is to be made; raise :class:`xling.errors.UsageError` if it cannot be."""
        about = TASKS.get(task)
        labelled = about is not None and about.family in ("tagging", "qa")
        projection = None
        if labelled and role != "back_translation":
            projection = self._projection(task, role)
        return Ask(task, role, language, projection, self.untranslated, frozenset(self.refused))

    def _projection(self, task: str, role: Role) -> Projection:
        """Return how labels are carried; texts of a test set must not depend on its labels."""
        testing = role != "translate_train"
        chosen = self.labels
        if TASKS[task].family == "qa":
            text: Literal["plain", "marked"] = "plain" if testing else "marked"
            return Projection(chosen.questions, chosen.marker, text, chosen.failed)
        method: Method = chosen.udpos if task == "udpos" else chosen.panx
        return Projection(
            "alignment" if testing else method, chosen.marker, "marked", chosen.failed
        )

    def aligns(self, task: str, role: Role) -> bool:
        """Whether an aligner is needed."""
        if TASKS[task].family not in ("tagging", "qa") or role == "back_translation":
            return False
        return self._projection(task, role).method == "alignment"

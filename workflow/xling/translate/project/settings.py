# SPDX-License-Identifier: Apache-2.0
"""How labels are carried over, and what is done where that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xling.errors import UsageError
from xling.tasks import TASKS
from xling.translate.project.markers import form_of

Method = Literal["markers", "alignment", "soft_labels"]


@dataclass(frozen=True)
class Projection:
    """How answers and tags get to a translation.

    Attributes:
        method: ``markers`` around spans, translated along; ``alignment`` of words; ``soft_labels``
            (tags alone): nothing is carried over, a teacher labels the translated words as it does
            for X-Mixup (:mod:`xling.label`).
        marker: form of the markers (:data:`xling.translate.project.markers.FORMS`).
        text: with markers, which translation is written: that of the ``plain`` text, in which the
            marked phrase is looked up, or the ``marked`` one without its markers.
        failed: a training item whose label is not found: ``drop`` leaves it out; ``whole`` makes
            the whole translated sentence the answer, and words of a lost entity are outside.
    """

    method: Method
    marker: str = "xml"
    text: Literal["plain", "marked"] = "marked"
    failed: Literal["drop", "whole"] = "drop"


def check_projection(projection: Projection, task: str, *, testing: bool) -> None:
    """Raise :class:`UsageError` if a projection does not suit a task.

    Args:
        projection: the settings.
        task: a benchmark of tagging or question answering.
        testing: whether labels are for a test or dev set; its texts must not depend on them.
    """
    family, method = TASKS[task].family, projection.method
    allowed, why = "", ""
    if method == "soft_labels" and family == "qa":
        allowed, why = "markers, alignment", "a teacher labels words, it does not find answers"
    elif method == "soft_labels" and testing:
        allowed, why = "alignment", "tags of a test set are compared with those of its own words"
    elif method == "markers" and task == "udpos":
        allowed, why = "alignment, soft_labels", "every word has a tag, and markers are for spans"
    elif method == "markers" and family == "tagging" and testing:
        allowed, why = "alignment", "markers would show where the entities of the test set are"
    elif method == "markers" and projection.text == "marked" and testing:
        allowed, why = "text: plain", "the text of a test set must not depend on its answers"
    elif method == "markers" and family == "tagging":
        form = form_of(projection.marker)
        if form.most == 1:
            allowed, why = "marker: xml", "brackets do not say which entity they are of"
        elif projection.text == "plain":
            allowed, why = "text: marked", "entities are short and occur again: none is looked up"
    if allowed:
        raise UsageError(
            f"labels of {TASKS[task].title} cannot be carried over this way: {why}",
            where=f"projection: method {method}, marker {projection.marker}, text "
            f"{projection.text}; {'test' if testing else 'training'} rows",
            allowed=allowed,
        )
    if method == "markers":
        form_of(projection.marker)

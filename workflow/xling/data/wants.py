# SPDX-License-Identifier: Apache-2.0
"""Which published files the prepared splits of a task are made from, wherever they lie.

Free of heavy imports and of files: the Snakefile asks it through :mod:`xling.data.sources`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from xling.errors import UsageError
from xling.tasks import SOURCE_LANGUAGE, TASKS

TEXT = "text"

# Prepared splits and the published splits that were translated for them.
_MACHINE_TRANSLATED = (("translate_train", "train"), ("translate_test", "test"))

Role = Literal["labelled", "translate_train", "translate_test", "text"]


@dataclass(frozen=True)
class Want:
    """Rows of one published split in one language.

    Attributes:
        role: as in :class:`xling.data.manifest.RawFile`.
    """

    task: str
    role: Role
    split: str
    language: str


def wants(task: str, uses: dict[str, Any]) -> list[Want]:
    """Return what a study needs of a task, each once, in a fixed order.

    Args:
        task: a benchmark, or ``text`` for the pre-training text.
        uses: ``languages``, ``train_split``, ``test_split`` and ``splits`` (languages of each
            prepared split); for ``text``: ``tasks``, the same of each task whose text is used
            (see :meth:`xling.plan.Plan.uses`).

    Raises:
        UsageError: a published benchmark has no such split.
    """
    if task == TEXT:
        found = [
            want for name in sorted(uses["tasks"]) for want in _text(name, uses["tasks"][name])
        ]
    else:
        each = {"classification": _pairs, "retrieval": _retrieval}.get(TASKS[task].family, _single)
        found = list(each(task, uses))
    for want in found:
        _check(want)
    return list(dict.fromkeys(found))


def languages(task: str, uses: dict[str, Any]) -> list[str]:
    """Return all languages of a task; those of the text in order of appearance."""
    parts = uses["tasks"].values() if task == TEXT else [uses]
    return list(dict.fromkeys(code for part in parts for code in part["languages"]))


def _published(split: str, uses: dict[str, Any]) -> str:
    """Return the published split whose labelled rows a prepared split holds."""
    own = {"dev": "dev", "test": uses["test_split"], "translate_test": "test"}
    return str(own.get(split, uses["train_split"]))


def _pairs(task: str, uses: dict[str, Any]) -> Iterator[Want]:
    """Sentence pairs: every language is checked against the source language and joined with it."""
    for split, codes in sorted(uses["splits"].items()):
        training = split in ("train", "translate_train")
        own = _published(split, uses)
        for code in dict.fromkeys([SOURCE_LANGUAGE, *codes]):
            if code == SOURCE_LANGUAGE or own != "train":
                yield Want(task, "labelled", own, code)
            if training and own == "dev":
                # Rows of a home-made training set that are also in the test set are left out.
                yield Want(task, "labelled", "test", code)
            elif code != SOURCE_LANGUAGE and (split, own) in _MACHINE_TRANSLATED:
                yield _translation(task, split, code)


def _single(task: str, uses: dict[str, Any]) -> Iterator[Want]:
    """Tagging and question answering: a language is read without the others.

    Translations name the item they translate (its words or its id), so the original comes along:
    of training rows the English one, of test rows that of the language.
    """
    for split, codes in sorted(uses["splits"].items()):
        own = _published(split, uses)
        if split == "translate_train":
            yield Want(task, "labelled", own, SOURCE_LANGUAGE)
        for code in codes:
            if (split, own) != ("translate_train", "train"):
                yield Want(task, "labelled", own, code)
            if code != SOURCE_LANGUAGE and (split, own) in _MACHINE_TRANSLATED:
                yield _translation(task, split, code)


def _retrieval(task: str, uses: dict[str, Any]) -> Iterator[Want]:
    """Retrieval: a language means its pair with English."""
    for split, codes in sorted(uses["splits"].items()):
        for code in codes:
            if code != SOURCE_LANGUAGE:
                yield Want(task, "labelled", _published(split, uses), code)


def _translation(task: str, split: str, code: str) -> Want:
    if split == "translate_train":
        return Want(task, "translate_train", "train", code)
    return Want(task, "translate_test", "test", code)


def _text(task: str, uses: dict[str, Any]) -> Iterator[Want]:
    """Pre-training text: train and dev files, never what is tested."""
    about, tested = TASKS[task], uses["test_split"]
    if about.trained and not about.train_task and uses["train_split"] == "train" != tested:
        yield Want(task, "text", "train", SOURCE_LANGUAGE)
    if about.family != "qa" and tested != "dev":
        for code in uses["languages"]:
            if _has_dev(task, code) and not (
                about.family == "retrieval" and code == SOURCE_LANGUAGE
            ):
                yield Want(task, "text", "dev", code)


def _has_dev(task: str, code: str) -> bool:
    published = TASKS[task].dev_languages
    return published is None or code in published


def _check(want: Want) -> None:
    """Refuse splits that were never published, before any file is looked for."""
    about = TASKS[want.task]
    if want.split == "dev" and not _has_dev(want.task, want.language):
        what = f"{about.title} has no dev set in the language '{want.language}'"
        allowed = f"dev sets: {', '.join(about.dev_languages or ()) or 'none'}"
    elif want.split == "train" and (about.train_task or not about.trained):
        what = f"{about.title} has no training set"
        allowed = f"it is trained as {about.train_task}" if about.train_task else "dev, test"
    else:
        return
    raise UsageError(
        what,
        where=f"tasks.{want.task}",
        allowed=allowed,
        fix="take the language or the split out of the study",
    )

# SPDX-License-Identifier: Apache-2.0
"""Which published files the prepared splits of a task are made from, wherever they lie.

Free of heavy imports, and no file is read: the Snakefile asks it through :mod:`xling.data.sources`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xling.data.manifest import Role
from xling.errors import UsageError
from xling.tasks import SOURCE_LANGUAGE, TASKS

TEXT = "text"

# Prepared splits and the published splits that were translated for them.
_MACHINE_TRANSLATED = (("translate_train", "train"), ("translate_test", "test"))


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
        UsageError: a published benchmark has no such split, or the study trains on another one than
            back-translations are of.
    """
    if task == TEXT:
        found = [
            want for name in sorted(uses["tasks"]) for want in _text(name, uses["tasks"][name])
        ]
    else:
        each = {"classification": _pairs, "retrieval": _retrieval}.get(TASKS[task].family, _single)
        found = list(each(task, uses))
        if "gold_english" in uses["splits"] and not TASKS[task].gold_english:
            raise no_gold_english(task)
    for want in found:
        _check(want)
    return list(dict.fromkeys(found))


def languages(task: str, uses: dict[str, Any]) -> list[str]:
    """Return all languages of a task; those of the text in order of appearance."""
    parts = uses["tasks"].values() if task == TEXT else [uses]
    return list(dict.fromkeys(code for part in parts for code in part["languages"]))


def _published(split: str, uses: dict[str, Any]) -> str:
    """Return the published split whose labelled rows a prepared split holds."""
    own = {
        "dev": "dev",
        "test": uses["test_split"],
        "translate_test": "test",
        "gold_english": uses["test_split"],
    }
    return str(own.get(split, uses["train_split"]))


def _pairs(task: str, uses: dict[str, Any]) -> Iterator[Want]:
    """Sentence pairs: every language is checked against the source language and joined with it."""
    for split, codes in sorted(uses["splits"].items()):
        training = split in ("train", "translate_train", "back_translate")
        own = _published(split, uses)
        for code in dict.fromkeys([SOURCE_LANGUAGE, *codes]):
            if code == SOURCE_LANGUAGE or own != "train":
                yield Want(task, "labelled", own, code)
            if training and own == "dev":
                # Rows of a home-made training set that are also in the test set are left out.
                yield Want(task, "labelled", "test", code)
            elif code != SOURCE_LANGUAGE and (split, own) in _MACHINE_TRANSLATED:
                yield _translation(task, split, code)
            if split == "back_translate" and code != SOURCE_LANGUAGE:
                yield from _back_translation(task, own, code)


def _single(task: str, uses: dict[str, Any]) -> Iterator[Want]:
    """Tagging and question answering: a language is read without the others.

    Translations name the item they translate (its words or its id), so the original comes along:
    of training rows the English one, of test rows that of the language.  Gold English is the
    English part of the test set.
    """
    for split, codes in sorted(uses["splits"].items()):
        own = _published(split, uses)
        if split in ("translate_train", "back_translate", "gold_english"):
            yield Want(task, "labelled", own, SOURCE_LANGUAGE)
        for code in codes:
            if split == "back_translate":
                yield from () if code == SOURCE_LANGUAGE else _back_translation(task, own, code)
                continue
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


def _back_translation(task: str, own: str, code: str) -> Iterator[Want]:
    """Back-translations translate the translated training rows, which say what is in the table."""
    yield _translation(task, "translate_train", code)
    yield Want(task, "back_translation", own, code)


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


def no_back_translations(task: str, split: str) -> UsageError:
    """Return the error for back-translations of another split than ``train``."""
    return UsageError(
        f"back-translations are of the training set, but {TASKS[task].title} is trained on its "
        f"{split} split",
        where=f"tasks.{task}.train_split",
        allowed="train",
        fix="turn scheduled sampling off: nothing else reads back-translations",
    )


def no_gold_english(task: str) -> UsageError:
    """Return the error for English originals of test rows that have none."""
    return UsageError(
        f"the test sets of {TASKS[task].title} are no translations: no row has an English original",
        where=f"tasks.{task}",
        allowed=", ".join(name for name, about in TASKS.items() if about.gold_english),
        fix="leave the task out of the methods that read gold English, or use machine translations",
    )


def _check(want: Want) -> None:
    """Refuse splits that were never published, before any file is looked for."""
    about = TASKS[want.task]
    if want.role == "back_translation" and want.split != "train":
        raise no_back_translations(want.task, want.split)
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

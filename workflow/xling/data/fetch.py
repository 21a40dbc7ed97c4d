# SPDX-License-Identifier: Apache-2.0
"""The stage ``fetch``: generate or find the raw files of a task and list them.

Files of a folder are not copied; the manifest names them by absolute path and checksum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from xling.config.study import Data
from xling.data.manifest import Manifest, RawFile, sha256_of
from xling.data.origins import HUMAN, MACHINE
from xling.data.readers.xtreme_tsv import refuse_removed_labels
from xling.errors import DataError
from xling.tasks import SOURCE_LANGUAGE, TASKS

TEXT = "text"
# Names of the tasks in XTREME's folder of translations.
_TRANSLATION_FOLDERS = {"xnli": "XNLI", "pawsx": "PAWSX"}

Role = Literal["labelled", "translate_train", "translate_test", "text"]


@dataclass(frozen=True)
class _Need:
    """A raw file that a study needs.

    Attributes:
        places: (path below the root, format): where it may be, the best first.
    """

    role: Role
    split: str
    language: str
    places: tuple[tuple[str, str], ...]


def fetch(task: str, data: Data, uses: dict[str, Any], folder: Path) -> Manifest:
    """Return the list of a task's raw files; generate them first if they are artificial.

    Args:
        task: a benchmark, or ``text`` for the pre-training text.
        data: the study's section ``data``.
        uses: what the study needs of the task: ``languages``, ``train_split`` and ``splits``
            (languages of each prepared split); for ``text``: ``tasks``, the same of each task
            whose text is used (see :meth:`xling.plan.Plan.uses`).
        folder: where generated files go; relative paths of the manifest start there.

    Raises:
        DataError: a file is missing (all of them in one message) or has no labels.
    """
    if data.artificial is not None:
        from xling.data.artificial import write_raw

        return write_raw(task, data.artificial, _languages(task, uses), folder)
    root = Path(data.root or "").expanduser().absolute()
    needs = _text_needs(uses["tasks"]) if task == TEXT else _needs(task, uses)
    found = _find(root, needs, sorted(uses["tasks"]) if task == TEXT else [task])
    for need, path, _ in found:
        if need.role == "labelled":
            refuse_removed_labels(path, TASKS[task].labels)
    files = [_entry(need, path, form) for need, path, form in found]
    return Manifest(
        task=task,
        origin="XTREME download folder",
        translations="" if task == TEXT else _translations(files, uses),
        files=files,
    )


def _languages(task: str, uses: dict[str, Any]) -> list[str]:
    """Return all languages of a task; those of the text in order of appearance."""
    parts = uses["tasks"].values() if task == TEXT else [uses]
    return list(dict.fromkeys(code for part in parts for code in part["languages"]))


def _needs(task: str, uses: dict[str, Any]) -> list[_Need]:
    """Return the files for the prepared splits of a task, each once."""
    return list(dict.fromkeys(_each_need(task, uses["train_split"], uses["splits"])))


def _each_need(task: str, train_split: str, splits: dict[str, list[str]]) -> Iterator[_Need]:
    for split, languages in sorted(splits.items()):
        training = split in ("train", "translate_train")
        # The source language is what all others are checked against and joined with.
        for code in dict.fromkeys([SOURCE_LANGUAGE, *languages]):
            own = {"dev": "dev", "test": "test", "translate_test": "test"}.get(split, train_split)
            if code == SOURCE_LANGUAGE or own != "train":
                yield _labelled(task, "labelled", own, code)
            if training and train_split == "dev":
                # Rows of a home-made training set that are also in the test set are left out.
                yield _labelled(task, "labelled", "test", code)
            elif code != SOURCE_LANGUAGE and split.startswith("translate_"):
                yield _translation(task, "translate_train" if training else "translate_test", code)


def _text_needs(tasks: dict[str, dict[str, Any]]) -> list[_Need]:
    """Return the files that give pre-training text: train and dev, never test."""
    needs = []
    for task, uses in sorted(tasks.items()):
        if uses["train_split"] == "train":
            needs.append(_labelled(task, "text", "train", SOURCE_LANGUAGE))
        needs += [_labelled(task, "text", "dev", code) for code in uses["languages"]]
    return needs


def _labelled(task: str, role: Role, split: str, code: str) -> _Need:
    return _Need(role, split, code, ((f"{task}/{split}-{code}.tsv", "xtreme-tsv"),))


def _translation(task: str, role: Role, code: str) -> _Need:
    folder = f"xtreme_translations/{_TRANSLATION_FOLDERS[task]}"
    if role == "translate_train":
        path = f"{folder}/translate-train/en-{code}-translated.tsv"
        return _Need(role, "train", code, ((path, "xtreme-translation"),))
    path = f"{folder}/translate-test/test-{code}-en-translated.tsv"
    places = [(path, "xtreme-translation")]
    if task == "xnli":
        places.append((f"xnli/translate_test_myxnli/{code}.trans.test.tsv", "myxnli-translation"))
    return _Need(role, "test", code, tuple(places))


def _find(root: Path, needs: list[_Need], tasks: list[str]) -> list[tuple[_Need, Path, str]]:
    """Return each needed file with its path and format; raise if any is missing."""
    found, missing = [], []
    for need in needs:
        places = [(root / path, form) for path, form in need.places if (root / path).is_file()]
        if places:
            found.append((need, *places[0]))
        else:
            missing.append(" or ".join(path for path, _ in need.places))
    if missing:
        raise _missing(root, missing, tasks)
    return found


def _entry(need: _Need, path: Path, form: str) -> RawFile:
    try:
        checksum, size = sha256_of(path), path.stat().st_size
    except OSError as error:
        raise DataError(
            f"a raw file cannot be read ({error.strerror})", where=str(path), fix="make it readable"
        ) from error
    return RawFile(
        path=str(path),
        format=form,
        role=need.role,
        split=need.split,
        language=need.language,
        bytes=size,
        sha256=checksum,
    )


def _missing(root: Path, missing: list[str], tasks: list[str]) -> DataError:
    if not root.is_dir():
        what = "the folder of data.root does not exist"
        where = str(root)
    else:
        what = f"raw files are missing in the folder of data.root ({len(missing)})"
        where = "\n           ".join([str(root), *missing])
    inner = root / "download"
    if any((inner / task).is_dir() for task in tasks):
        fix = f"set data.root to {inner}"
    else:
        fix = (
            "set data.root (or data_root=PATH on the command line of snakemake) to XTREME's "
            "download folder, or take what needs these files out of the study"
        )
    return DataError(
        what,
        where=where,
        allowed="the layout of XTREME's download folder (docs/real-data.md)",
        fix=fix,
    )


def _translations(files: list[RawFile], uses: dict[str, Any]) -> str:
    words = {MACHINE[file.format] for file in files if file.role.startswith("translate_")}
    if "translate_train" in uses["splits"] and uses["train_split"] == "dev":
        words.add(HUMAN)
    return "; ".join(sorted(words))

# SPDX-License-Identifier: Apache-2.0
"""Test files whose labels XTREME's download script removed, recognised before anything is prepared.

It deletes the label column (pairs), the tags (tagging) and BUCC's gold file, blanks the answers
(question answering), and sorts Tatoeba's English side, which hides what belongs together
(google-research/xtreme issues 24 and 29).
"""

from __future__ import annotations

import json
from pathlib import Path

from xling.data.readers.lines import read_lines
from xling.data.readers.xtreme_tsv import refuse_removed_labels as refuse_removed_pairs
from xling.errors import DataError
from xling.tasks import TASKS

_REMOVED = "XTREME's download script removes the labels of test files: "
#: Where the labels of a task can be found, in words.
RELEASES = {
    "udpos": "make the file from the treebanks of UD 2.5 (data.source: download does)",
    "panx": "take the file 'test' of the PAN-X release (data.source: download does)",
    "xquad": "take xquad.<language>.json from google-deepmind/xquad",
    "mlqa": "take the files of MLQA_V1.zip",
    "tydiqa": "put tydiqa-goldp-dev-<language>.json of tydiqa-goldp-v1.1-dev.tgz beside this file",
    "tatoeba": "put LASER's tatoeba.<iso3>-eng.* into tatoeba/v1",
    "bucc2018": "put <language>-en.training.gold of the shared task's training archive there as "
    "<language>-en.test.gold",
}


def refuse_removed_labels(task: str, form: str, path: Path) -> None:
    """Raise :class:`DataError` if a labelled file has no labels.

    Args:
        task: the benchmark.
        form: format of the file; formats of original releases are not looked at.
        path: the file.
    """
    if form == "xtreme-tsv":
        refuse_removed_pairs(path, TASKS[task].labels)
    elif form == "tagged-tsv":
        _refuse_untagged(task, path)
    elif form == "squad-json":
        _refuse_blanked(task, path)
    elif form == "tatoeba-target":
        _refuse_sorted(task, path)


def _refuse_untagged(task: str, path: Path) -> None:
    lines = [line for line in read_lines(path).texts if line.strip()]
    if not any("\t" in line for line in lines):
        raise _removed(
            task,
            path,
            "there is no second column",
            f"token and tag, separated by a tab; tags: {', '.join(TASKS[task].labels)}",
        )


def _refuse_blanked(task: str, path: Path) -> None:
    if not any(_answers(path)):
        raise _removed(task, path, "every answer is empty", "SQuAD 1.1 JSON with answers")


def _answers(path: Path) -> list[str]:
    """Return the texts of all answers in a file of SQuAD's format."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return [
            answer["text"]
            for article in value["data"]
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
            for answer in question["answers"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"this is not a file in SQuAD's format ({type(error).__name__}: {error})",
            where=str(path),
            allowed="data, paragraphs, qas, answers, text as in SQuAD 1.1",
            fix="copy or download the file again",
        ) from error


def _refuse_sorted(task: str, path: Path) -> None:
    lines = [line.strip() for line in read_lines(path).texts]
    # No release is sorted; files of a line or two say nothing.
    if len(lines) > 2 and lines == sorted(lines):
        raise _removed(
            task,
            path,
            "the English lines are sorted, so line numbers no longer say what belongs together",
            "line i is the translation of line i of the other file",
        )


def _removed(task: str, path: Path, found: str, allowed: str) -> DataError:
    return DataError(
        f"the labels of this file were removed: {found}",
        where=str(path),
        allowed=allowed,
        fix=_REMOVED + RELEASES[task],
    )

# SPDX-License-Identifier: Apache-2.0
"""XTREME as a benchmark: its tasks, languages, metrics, and the layout of a submission.

A submission is a folder with one sub-folder per task and in it one file per language, as the
released ``evaluate.py`` reads it (google-research/xtreme, commit 838c13b).
"""

from __future__ import annotations

from xling.tasks import TASKS

# Tasks, languages and groups stand in the order in which evaluate.py adds their scores up: the last
# digit of a mean depends on it.
LANGUAGES: dict[str, tuple[str, ...]] = {
    task: TASKS[task].languages
    for task in "pawsx xnli panx udpos bucc2018 tatoeba xquad mlqa tydiqa".split()
}

GROUPS: dict[str, tuple[str, ...]] = {
    "classification": ("pawsx", "xnli"),
    "tagging": ("udpos", "panx"),
    "qa": ("xquad", "mlqa", "tydiqa"),
    "retrieval": ("bucc2018", "tatoeba"),
}

# The metrics whose mean over languages, then over metrics, is a task's score.
MAIN_METRICS: dict[str, tuple[str, ...]] = {
    task: ("em", "f1") if task in GROUPS["qa"] else (TASKS[task].metric,) for task in LANGUAGES
}


def file_name(task: str, language: str) -> str:
    """Return the name of a language's file in the folder of a task, on both sides."""
    return f"test-{language}.{'json' if task in GROUPS['qa'] else 'tsv'}"

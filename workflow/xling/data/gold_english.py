# SPDX-License-Identifier: Apache-2.0
"""The prepared split ``gold_english``: for each test row the English test row with the same id.

X-Mixup's oracle reads it where an honest system reads a machine translation.  Ids join the rows of
XNLI (pairID), PAWS-X, XQuAD, and MLQA, of whose English questions each other language has a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from xling.data.checks import LARGEST_LOSS, check_loss
from xling.data.job import Job
from xling.data.readers.rows import QuestionRow, Row
from xling.data.wants import no_gold_english
from xling.tasks import TASKS

NO_ENGLISH = "no English row with the same id"
# Ours: each artificial MLQA has a random four fifths of the questions, English too.
_LARGEST_ARTIFICIAL_LOSS = 0.5

R = TypeVar("R", Row, QuestionRow)


def english_rows(job: Job, tested: Sequence[R], english: Sequence[R], path: Path) -> list[R]:
    """Return the English rows of test rows, in their order and counted as their language's.

    Rows without one are left out and counted; in published data more than 1 % of them is an error.

    Args:
        job: counts what is left out.
        tested: test rows of a language.
        english: English test rows.
        path: file of the test rows.

    Raises:
        UsageError: the task's test sets are not parallel.
    """
    if not TASKS[job.task].gold_english:
        raise no_gold_english(job.task)
    originals = {row.id: row for row in english}
    found = [
        originals[row.id]._replace(language=row.language) for row in tested if row.id in originals
    ]
    missing = len(tested) - len(found)
    limit = _LARGEST_ARTIFICIAL_LOSS if job.artificial else LARGEST_LOSS
    check_loss(path, missing, len(tested), NO_ENGLISH, limit=limit)
    if missing:
        job.drop(NO_ENGLISH, tested[0].language, missing)
    return found

# SPDX-License-Identifier: Apache-2.0
"""The stage ``encode_teacher``: a teacher's vectors of all sentences that its students learn.

The last bit of a vector depends on the sentences it is computed with.  Students that encode what
they need, side by side, would share that work in another way in every run; one job that does it for
all of them gives the same vectors each time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xling.files import write_text
from xling.stops import Stop


def encode_teacher(
    *,
    teacher: Path,
    pairs: Sequence[Path],
    max_lengths: Sequence[int],
    vectors: Path,
    threads: int,
    output: Path,
) -> None:
    """Encode the different sources of all pairs; sentences that are there already stay.

    Args:
        teacher: note of ``train_teacher``.
        pairs: training and held-out pairs of ``prepare_distill``.
        max_lengths: sub-words at which the students' settings cut sentences; vectors of each.
        vectors: folder of all teachers' vectors.
        threads: of the CPU.
        output: JSON to write, last: by number of sub-words the store's name and what was done.

    Raises:
        Interrupted: a signal came; whole blocks of vectors stay.
        DataError: a file or the teacher cannot be read, or a vector is not of finite numbers.
    """
    with Stop():
        from xling.machine import hardware, peak_memory_mb, set_threads, take_first_gpu, versions

        take_first_gpu()
        set_threads(threads)
        from xling.distill.examples import ParallelRows
        from xling.distill.model_notes import folder_of
        from xling.distill.teacher_vectors import Teacher, encode_sources

        folder = folder_of(teacher)
        sources = [text for path in pairs for text in ParallelRows.read(path).source_texts()]
        encoded: dict[str, Any] = {}
        for length in max_lengths:
            own = Teacher(folder, length)
            encoded[str(length)] = {
                "teacher": own.key,
                **asdict(encode_sources(own, sources, vectors)[1]),
            }
        note = {
            "encoded": encoded,
            "timing": peak_memory_mb(),
            "hardware": hardware(),
            "versions": versions(),
        }
        write_text(output, json.dumps(note, indent=1, sort_keys=True) + "\n")

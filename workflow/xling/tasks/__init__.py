# SPDX-License-Identifier: Apache-2.0
"""What is known of each benchmark before any file is read.

Free of heavy imports: the Snakefile asks it.  Row counts are those of the published releases and
are asserted by the readers; sources are given beside each number.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SOURCE_LANGUAGE = "en"


@dataclass(frozen=True)
class Task:
    """One benchmark.

    Attributes:
        name: key in studies, paths and ``scores.csv``.
        title: as the papers write it.
        family: which code trains and scores it.
        labels: class names; their order is the class index.
        languages: languages of the published test set.
        metric: main metric of the benchmark, 0 to 100.
        rows: rows of one language in each published split.
    """

    name: str
    title: str
    family: str
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    metric: str = "accuracy"
    rows: dict[str, int] = field(default_factory=dict)


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="xnli",
            title="XNLI",
            family="classification",
            # Alphabetical, as in XTREME's processor; the Hugging Face copy numbers them otherwise.
            labels=("contradiction", "entailment", "neutral"),
            languages=tuple("ar bg de el en es fr hi ru sw th tr ur vi zh".split()),
            # Conneau et al. 2018 (test, dev); MultiNLI (train).
            rows={"train": 392_702, "dev": 2_490, "test": 5_010},
        ),
        Task(
            name="pawsx",
            title="PAWS-X",
            family="classification",
            labels=("0", "1"),
            languages=tuple("de en es fr ja ko zh".split()),
            # Yang et al. 2019, README of the release.
            rows={"train": 49_401, "dev": 2_000, "test": 2_000},
        ),
    )
}

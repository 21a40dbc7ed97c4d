# SPDX-License-Identifier: Apache-2.0
"""Made-up predictions of a small study of distillation, and a plan that says what is compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from xling.distill.tables import Frame, System
from xling.distill.tables.frame import STS
from xling.plan import Run

PLAIN = System("mean_pooled", "tiny", "Mean pooled")
TEACHER = System("teacher", "graded", "Teacher")
STUDENT = System("distilled", "tiny", "Student")
GERMAN = System("german", "tiny", "German student", "bilingual", against=STUDENT.key)
SEEN = {"distilled": ["de", "zh-cn"], "german": ["de"]}


def runs_of(system, task, seeds=(1,)):
    return [Run("distill", *system.key, task, seed) for seed in seeds]


@dataclass
class MadeUpPlan:
    """What a plan tells comparisons, tables and figures."""

    runs: list[Run]
    systems: tuple[System, ...] = (PLAIN, TEACHER, STUDENT, GERMAN)
    languages: dict = field(default_factory=dict)
    study: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(name="made-up"))

    def __post_init__(self):
        self.runs = sorted(self.runs)

    @property
    def tasks(self):
        return sorted({run.task for run in self.runs})

    def frame(self):
        tasks = {task: self.languages.get(task, ("de",)) for task in self.tasks}
        return Frame("made-up", "made-up numbers", False, self.systems, tasks)

    def student(self, run):
        return run if run.method in SEEN else None

    def teacher_of(self, run):
        return "graded"

    def languages_of(self, run):
        return SEEN[run.method]


def plan_of(tasks=(STS,), seeds=(1, 2, 3), languages=None):
    """Return a plan with the four systems on each task, the German student with one seed."""
    runs = [
        run
        for task in tasks
        for system, own in ((PLAIN, (1,)), (TEACHER, (1,)), (STUDENT, seeds), (GERMAN, (1,)))
        for run in runs_of(system, task, own)
    ]
    return MadeUpPlan(runs, languages=languages or {})


def rng_of(*names):
    return np.random.default_rng([ord(letter) for letter in " ".join(map(str, names))])


def sts(run, pairs=("en-en", "en-de", "en-zh"), n=30, noise=1.0, shuffled=False):
    """Cosines that follow the gold scores; ``en-en`` and ``en-de`` have the same gold."""
    rows = []
    for pair in pairs:
        gold = rng_of("gold", "other" if pair == "en-zh" else "").integers(0, 11, n) / 2
        cosine = gold / 5 + noise * rng_of(run.path, pair).normal(size=n)
        both = zip(gold, cosine, strict=True)
        rows += [(f"{i:04}", pair, g, np.float32(c)) for i, (g, c) in enumerate(both)]
    if shuffled:
        rng_of("order").shuffle(rows)
    ids, codes, golds, cosines = zip(*rows, strict=True)
    return pa.table(
        {
            "setting": ["standard"] * len(rows),
            "id": ids,
            "language": codes,
            "gold": pa.array(golds, pa.float64()),
            "prediction": pa.array(cosines, pa.float32()),
        }
    )


def tatoeba(right):
    """Predictions in both directions; ``right``: by language, whether (to, from) English is."""
    rows = []
    for code, both in right.items():
        for i, (to_english, from_english) in enumerate(both):
            foreign, english = f"{code}-{i:03}", f"en-{i:03}"
            rows.append(("xx-en", foreign, code, english, english if to_english else "no"))
            rows.append(("en-xx", english, code, foreign, foreign if from_english else "no"))
    names = ("setting", "id", "language", "gold", "prediction")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def bucc(run, codes=("de", "zh"), n=60, hit_rate=0.6):
    """Mined pairs of both splits: gold ones with higher scores on average; some are lost."""
    rows = []
    for split in ("dev", "test"):
        for code in codes:
            rng = rng_of(run.path, split, code)
            for i in range(n):
                if i % 3 == 0 and rng.random() > hit_rate:
                    rows.append((split, code, f"s{i:03}", f"t{i:03}", None, True))
                    if rng.random() < 0.5:
                        continue
                    score = 1 + rng.random()
                    rows.append((split, code, f"s{i:03}", f"w{i:03}", score, False))
                else:
                    is_gold = i % 3 == 0
                    score = 1 + rng.random() + 0.5 * is_gold
                    rows.append((split, code, f"s{i:03}", f"t{i:03}", score, is_gold))
    names = ("split", "language", "source", "target", "score", "gold")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return pa.table(columns | {"score": pa.array(columns["score"], pa.float32())})

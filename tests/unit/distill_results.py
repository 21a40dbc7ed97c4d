# SPDX-License-Identifier: Apache-2.0
"""Made-up records of a study of distillation; numbers follow from names by a checksum."""

from __future__ import annotations

import zlib

from xling.distill.tables import Frame, System
from xling.records import DataUse, Record, Score

STUDENT = System("distill", "tiny", "Student", reported="XLM-R <- SBERT-nli-stsb")
PLAIN = System("mean_pooled", "tiny", "Mean pooled", reported="XLM-R mean")
LASER = System("laser", "laser", "LASER", reported="LASER")
PARTS = (
    System("ted", "tiny", "TED student", "corpora", corpora=("TED2020",)),
    System("small", "tiny", "Small student", "amounts", corpora=("TED2020",), amount=1000),
    System("large", "tiny", "Large student", "amounts", corpora=("TED2020",)),
    System("german", "tiny", "German student", "bilingual", against=("distill", "tiny")),
)
TASKS = {
    "sts17": ("en-qaa", "en-de", "en-en", "ar-ar", "en-ar", "es-es"),
    "bucc2018": ("zh", "de"),
    "tatoeba": ("ka", "de", "ja"),
}


def frame(*systems, comparable=True, tasks=None, **options):
    return Frame(
        "made-up",
        "made-up numbers",
        comparable,
        systems or (LASER, PLAIN, STUDENT, *PARTS),
        TASKS if tasks is None else tasks,
        **options,
    )


def value(*names):
    """Return 20.0 to 79.99, the same for the same names."""
    return 20 + zlib.crc32("/".join(map(str, names)).encode()) % 6000 / 100


def score(system, task, setting, language, metric, seed, n):
    return Score(
        setting=setting,
        language=language,
        metric=metric,
        value=value(system.method, task, setting, language, metric, seed),
        n=n,
        signature=f"{metric}|made up",
        chance=0.0,
    )


def scores_of(system, task, seed, codes):
    if task == "sts17":
        found = [(pair, "standard", "spearman", 250) for pair in codes]
        found += [
            (g, s, "spearman", 9)
            for g in ("all pairs", "same gold")
            for s in ("expected", "pooled")
        ]
    elif task == "bucc2018":
        found = [(c, s, "f1", 100) for c in codes for s in ("oracle", "tuned_on_sample")]
    else:
        found = [(c, s, "accuracy", 50) for c in codes for s in ("xx-en", "en-xx", "mean")]
    return [
        score(system, task, setting, code, metric, seed, n) for code, setting, metric, n in found
    ]


def record(system, task, seed=1, codes=(), **changes):
    size = system.amount or 5000
    values = {
        "study": "made-up",
        "comparable": True,
        "paper": "distill",
        "method": system.method,
        "model": system.model,
        "task": task,
        "seed": seed,
        "trained_as": "",
        "settings": {},
        "selection": {},
        "scores": scores_of(system, task, seed, codes or TASKS[task]),
        "data": {
            "test": DataUse(sha256=f"{task} test", rows={"de": 1}, origin="made up"),
            "train": DataUse(sha256="train", rows={"de": size, "ar": 1}, origin="made up"),
        },
        "flags": [],
        "versions": {},
        "stages": {"score": 1},
        "hardware": {},
        "timing": {},
    }
    return Record(**(values | changes))


def records(of, seeds=(1, 2, 3)):
    return [
        record(system, task, seed, of.tasks[task])
        for system in of.systems
        for task in of.tasks
        if system.part == "main" or task == "sts17"
        for seed in seeds
    ]

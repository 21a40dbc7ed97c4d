# SPDX-License-Identifier: Apache-2.0
"""Made-up results of X-Mixup and its baselines: any plan's records and analyses.

Numbers follow from names by a checksum, so that every one differs and none changes.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from xling.analysis.files import Analysis
from xling.analysis.representations import LanguageSurvey, layers_of, pooling_of
from xling.config.study import Study
from xling.plan import Plan, Run
from xling.records import DataUse, Record, Score
from xling.score import flags
from xling.tasks import TASKS

TARGETS = ("qaa", "qab", "qac", "qad")
MAIN = ["zero_shot", "translate_test", "translate_train", "translate_train_ensemble", "xmixup"]
_DIALS = {
    "qaa": {"word_order": "SVO", "cognates": 0.5, "text_share": 0.2},
    "qab": {"word_order": "SOV", "cognates": 0.4, "text_share": 0.2},
    "qac": {"word_order": "VSO", "cognates": 0.3, "text_share": 0.2},
    "qad": {"word_order": "SOV", "cognates": 0.2, "text_share": 0.1},
}
_SCRATCH = {
    "source": "scratch",
    "architecture": "bert",
    "vocabulary": 50,
    "hidden_size": 8,
    "layers": 2,
    "heads": 1,
    "intermediate_size": 8,
    "pretraining": {"steps": 1},
}
# What a method adds to chance in the source, and how much of it reaches the farthest target.
_LEVELS = {"zero_shot": (40, 0.5), "translate_test": (40, 0.8), "xmixup": (41, 0.9)}
_PUBLISHED = {"mbert": "bert-base-multilingual-cased", "xlmr-large": "xlm-roberta-large"}


def artificial_study(*blocks: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Return a study of four artificial languages; blocks replace keys of its experiments."""
    tasks = [name for name, task in TASKS.items() if task.trained]
    block = {
        "paper": "xmixup",
        "methods": MAIN,
        "models": ["tiny"],
        "tasks": ["xnli"],
        "seeds": [1, 2],
    }
    return {
        "name": "made-up",
        "description": "made-up numbers",
        "data": {
            "source": "artificial",
            "artificial": {
                "source_text_share": 0.3,
                "text_documents": 10,
                "languages": _DIALS,
                "sizes": {name: {"train": 3, "dev": 3, "test": 300} for name in tasks},
            },
        },
        "tasks": {name: {"languages": ["en", *TARGETS]} for name in tasks},
        "encoders": {"tiny": _SCRATCH},
        "training": {"defaults": {"max_steps": 5}},
        "experiments": [{**block, **one} for one in blocks or ({},)],
        **parts,
    }


def real_study(languages: dict[str, list[str]], **parts: Any) -> dict[str, Any]:
    """Return a study of both published encoders on real files."""
    return {
        **artificial_study({"models": [*_PUBLISHED], "tasks": [*languages]}),
        "data": {"source": "folder", "root": "somewhere"},
        "tasks": {task: {"languages": codes} for task, codes in languages.items()},
        "encoders": {
            name: {"source": "folder", "path": f"models/{folder}"}
            for name, folder in _PUBLISHED.items()
        },
        **parts,
    }


def plan_of(study: dict[str, Any]) -> Plan:
    """Return a study's plan."""
    return Plan(Study.model_validate(study))


def some(*names: object) -> float:
    """Return a number in [-1, 1) that follows from names."""
    return zlib.crc32(" ".join(map(str, names)).encode()) / 2**31 - 1


def record_of(plan: Plan, run: Run, **changes: Any) -> Record:
    """Return the record of a run; arguments replace fields."""
    task = TASKS[run.task]
    settings = ["standard"]
    if plan.english_tests(run):
        ends = ("", "_mean") if task.family == "classification" else ("",)
        settings = [name + end for name, _ in plan.english_tests(run) for end in ends]
    scores = [
        Score(
            setting=setting,
            language=language,
            metric=metric,
            value=_value(plan, run, language, setting) - (12.0 if metric == "em" else 0.0),
            n=300,
            signature=f"{metric}|v:1",
            chance=20.0,
        )
        for setting in settings
        for language in plan.languages(run)
        for metric in task.metrics
    ]
    split = plan.test_split(run)
    fields = {
        "study": plan.study.name,
        "comparable": plan.study.comparable,
        **{name: getattr(run, name) for name in ("paper", "method", "model", "task", "seed")},
        "trained_as": plan.trained_as(run).path,
        "settings": {"encoder": {"layers": 2}, "decoding": {"layer": None}},
        "selection": {"policy": plan.settings(run).selection},
        "scores": scores,
        "data": {split: DataUse(sha256="0" * 64, rows={"en": 300}, origin="made up")},
        "flags": flags(scores, task),
        "versions": {},
        "stages": {},
        "hardware": {},
        "timing": {},
    }
    return Record(**{**fields, **changes})


def _value(plan: Plan, run: Run, language: str, setting: str) -> float:
    level, reach = _LEVELS.get(plan.method(run.method).base, (40, 0.85))
    place = plan.languages(run).index(language) / max(1, len(plan.languages(run)) - 1)
    far = 0.0 if language == "en" else 0.3 + 0.7 * place
    noise = some(run.path, language) + some(run.method, run.task) + 0.3 * some(setting)
    return 40.0 + level * (1.0 - (1.0 - reach) * far) + 1.5 * noise


def records_of(plan: Plan) -> list[Record]:
    """Return the records of all runs."""
    return [record_of(plan, run) for run in plan.runs]


def analyses_of(plan: Plan, *, width: int = 6, sample: int = 9) -> dict[Run, Analysis]:
    """Return the analyses of all runs that are analysed."""
    return {run: analysis_of(plan, run, width=width, sample=sample) for run in plan.analysed}


def analysis_of(plan: Plan, run: Run, *, width: int, sample: int) -> Analysis:
    """Return the analysis of a run: languages apart from each other, X-Mixup's nearer."""
    encoder = plan.study.encoders[run.model]
    layers = encoder.layers if encoder.source == "scratch" else 12
    pooling = pooling_of(run.task)
    numbers = layers_of(layers, pooling)
    ways = ["alone"]
    if plan.method(run.method).paired:
        ways += [name for name, _ in plan.english_tests(run)]
    rng = np.random.default_rng(zlib.crc32(run.task.encode()))
    content = rng.normal(size=(sample, width))
    reach = {"zero_shot": 1.0, "translate_train": 0.7}.get(run.method, 0.5)
    return Analysis(
        task=run.task,
        pooling=pooling,
        layers=tuple(numbers),
        sample_ids=tuple(map(str, range(sample))),
        ways={
            way: {
                code: _survey(run, way, code, i, content, numbers, reach * 0.6 ** ways.index(way))
                for i, code in enumerate(plan.languages(run))
            }
            for way in ways
        },
    )


def _survey(
    run: Run,
    way: str,
    code: str,
    place: int,
    content: np.ndarray,
    layers: list[int],
    reach: float,
) -> LanguageSurvey:
    rng = np.random.default_rng(zlib.crc32(f"{run.path} {way} {code}".encode()))
    shift = np.random.default_rng(place).normal(size=content.shape[1]) * (place > 0)
    states = content + 3.0 * reach * shift + 0.4 * rng.normal(size=content.shape)
    cka = tuple(
        1.0
        - reach * (0.15 + 0.5 * place / (place + 3)) * (k + 1) / len(layers)
        + 0.02 * some(run.path, way, code, k)
        for k in range(len(layers))
    )
    centroids = np.array([states.mean(axis=0)] * len(layers))
    spread = float(np.sqrt(np.square(states - centroids[0]).sum(axis=1).mean()))
    own = None if code == "en" else cka
    return LanguageSurvey(300, 0, own, centroids, (spread,) * len(layers), states)

# SPDX-License-Identifier: Apache-2.0
"""Made-up translations of any plan of translation models, and the records that follow from them.

Wrong words follow from names by a checksum, so that every run differs and none changes.
"""

from __future__ import annotations

import random
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xling.config.study import Study
from xling.files import write_text
from xling.mt.plan import TranslationPlan
from xling.mt.scoring.run_scores import score_run
from xling.mt.scoring.sentences import translations
from xling.mt.stages.score_mt import build_record
from xling.plan import Plan, Run
from xling.records import Record, dump_record

LANGUAGES = ("qaa", "qab", "qac", "qad")
WORDS = "the cat sat on a mat while dogs ran over green hills and rivers fast or slow".split()
#: Share of wrong words by system.
_NOISE = {"temperature_1": 0.35, "temperature_5": 0.3, "cats": 0.25}
_DIALS = {code: {"word_order": "SVO", "text_share": 0.1} for code in LANGUAGES}
_TINY = {"encoder_layers": 1, "decoder_layers": 1, "width": 8, "ffn": 16, "heads": 2}
_FOUR = {"update_freq": 4}


def study(**translation: Any) -> Study:
    """Return a study of four artificial languages; parts of ``translation`` are replaced."""
    sizes = {"largest": 800, "ratio": 8.0, "dev": 5, "test": 30}
    parts = {
        "benchmarks": {
            "ted8_diverse": {
                "languages": [*LANGUAGES],
                "vocabulary": {"size": 50},
                "sizes": sizes,
            }
        },
        "models": {"tiny": _TINY, "wide": {**_TINY, "width": 16}},
        "training": {"defaults": {"max_updates": 10, "warmup_updates": 5, "max_tokens": 100}},
        "systems": {
            "cats_x4": {"method": "cats", "title": "CATS, x4", "training": _FOUR},
            "t5_x4": {"method": "temperature_5", "title": "T = 5, x4", "training": _FOUR},
        },
        "experiments": [block()],
    }
    artificial = {"source_text_share": 0.6, "text_documents": 10, "languages": _DIALS}
    return Study.model_validate(
        {
            "name": "made-up",
            "description": "made-up numbers",
            "data": {"source": "artificial", "artificial": artificial},
            "translation": parts | translation,
        }
    )


def block(**lists: Any) -> dict[str, Any]:
    """Return an experiment: T = 1, T = 5 and CATS, to English, two seeds."""
    return {
        "methods": ["temperature_1", "temperature_5", "cats"],
        "models": ["tiny"],
        "benchmarks": ["ted8_diverse"],
        "directions": ["m2o"],
        "seeds": [1, 2],
    } | lists


def plan_of(**translation: Any) -> TranslationPlan:
    """Return the plan of :func:`study`."""
    plan = Plan(study(**translation)).translation
    assert plan is not None
    return plan


def predictions(plan: TranslationPlan, run: Run) -> pa.Table:
    """Return a run's translations: references with wrong words."""
    noise = _NOISE[plan.origin(run.method)]
    rows = []
    for code in plan.languages(run):
        texts = random.Random(7)
        made = random.Random(zlib.crc32(f"{run.path} {code}".encode()))
        for i in range(30):
            words = [texts.choice(WORDS) for _ in range(texts.randint(5, 12))]
            wrong = [made.choice(WORDS) if made.random() < noise else word for word in words]
            rows.append((f"test-{i}", code, f"{code} {i}", " ".join(words), " ".join(wrong)))
    names = ("id", "language", "source", "reference", "hypothesis")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return pa.table({**columns, "score": [0.0] * len(rows)})


def notes(plan: TranslationPlan, run: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the notes of a run's training and generation."""
    sizes = plan.train_sizes(plan.benchmark(run)) or {}
    codes = plan.languages(run)

    def part(split: str, rows: dict[str, int]) -> dict[str, Any]:
        return {"task": run.task, "split": split, "sha256": split, "rows": rows, "origin": "made"}

    train = {
        "settings": plan.settings(run).model_dump(),
        "model": plan.model(run).model_dump(),
        "plug_in": plan.plug_in(run).model_dump(),
        "temperature": plan.temperature(run),
        "selection": {"policy": "best", "step": 10, "loss": 2.0},
        "train_data": [part("train", sizes)],
        "dev_data": [part("dev", dict.fromkeys(codes, 5))],
        "timing": {"train_seconds": 1.0},
        "hardware": {"host": "here"},
        "versions": {"python": "3"},
    }
    generated = {
        "test_data": [part("test", dict.fromkeys(codes, 30))],
        "timing": {"predict_seconds": 1.0},
        "decoding": {"beam": 5},
    }
    return train, generated


def record_of(plan: TranslationPlan, run: Run) -> Record:
    """Return the record of a run's made-up translations."""
    groups = plan.groups(plan.benchmark(run))
    train, generated = notes(plan, run)
    return build_record(
        study=plan.study.name,
        comparable=False,
        run=run,
        found=score_run(translations(predictions(plan, run)), plan.direction(run), groups, None),
        groups=groups,
        train_note=train,
        predict_note=generated,
        seconds=0.0,
    )


def write_all(plan: TranslationPlan, results: Path) -> None:
    """Write predictions and records of all runs, as the workflow leaves them."""
    for run in plan.runs:
        path = results / "predictions" / f"{run.path}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(predictions(plan, run), path)
        record = dump_record(record_of(plan, run))
        write_text(results / "runs" / run.path / "record.json", record)

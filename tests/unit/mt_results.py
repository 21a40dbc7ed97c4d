# SPDX-License-Identifier: Apache-2.0
"""Made-up files of translation runs: records, histories, traces, analyses, for any plan.

Numbers follow from names by a checksum, so that every one differs and none changes.  They go the
way the paper describes: T = 1 serves high-, T = 5 low-resource languages, CATS both.
"""

from __future__ import annotations

import json
import math
import zlib
from itertools import permutations
from pathlib import Path

from xling.config.study import Study
from xling.mt.plan import TranslationPlan
from xling.mt.scoring.averages import averages
from xling.records import DataUse, Record, Score, dump_record

CODES = ("qaa", "qab", "qac", "qad")
UPDATES = range(100, 1001, 100)
SWEEP = [f"temperature_{t}" for t in ("1", "1_5", "2", "3", "5", "10", "100")]
RIVALS = ["static", "gradnorm", "multidds_s", "chi_ibr", "pcgrad", "gradvac", "famo", "group_dro"]
# What a system adds to the BLEU of low- and high-resource languages.
_EFFECTS = {"temperature_1": (-4, 1.5), "temperature_5": (0, 0), "cats": (1.5, 1.2)}
_TINY = {"width": 8, "heads": 2, "ffn": 8}


def study(*experiments, models=("tiny",), systems=None, codes=CODES, directions=("m2o",)):
    """Return a study of translation alone; blocks are completed with all that they lack."""
    block = {
        "methods": ["temperature_1", "temperature_5", "cats"],
        "models": list(models),
        "benchmarks": ["ted8_diverse"],
        "directions": list(directions),
        "seeds": [1, 2, 3],
    }
    share = round(0.5 / len(codes), 6)
    return Study.model_validate(
        {
            "name": "made-up",
            "description": "made-up results",
            "data": {
                "source": "artificial",
                "artificial": {
                    "source_text_share": 1 - share * len(codes),
                    "text_documents": 10,
                    "languages": {code: {"text_share": share} for code in codes},
                },
            },
            "translation": {
                "benchmarks": {
                    "ted8_diverse": {
                        "languages": list(codes),
                        "vocabulary": {"size": 100},
                        "sizes": {"largest": 3000, "ratio": 30, "dev": 20, "test": 20},
                    }
                },
                "models": {
                    name: {"encoder_layers": n + 1, **_TINY} for n, name in enumerate(models)
                },
                "training": {
                    "defaults": {"max_updates": 1000, "warmup_updates": 100, "max_tokens": 1000}
                },
                "systems": systems or {},
                "experiments": [{**block, **one} for one in experiments or ({},)],
            },
        }
    )


def noise(*names):
    """Return a number between -1 and 1."""
    return zlib.crc32("/".join(map(str, names)).encode()) / 2**31 - 1


def write_results(plan: TranslationPlan, folder: Path) -> None:
    """Write what the stages leave of every run below ``results/{study}``."""
    for run in plan.runs:
        place = folder / "runs" / run.path
        place.mkdir(parents=True)
        (place / "record.json").write_text(dump_record(record(plan, run)))
        size = 40_000 * 3 ** plan.models.index(run.model)
        (place / "train.json").write_text(json.dumps({"parameters": size}))
        lines(place / "history.jsonl", history(plan, run))
        if plan.base(run.method) == "cats":
            lines(place / "trace.jsonl", traces(plan, run))
    for run in plan.analysed:
        file = folder / "analysis" / f"{run.path}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(analysis(plan, run), sort_keys=True))


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def is_low(plan, run, language):
    return language in plan.groups(plan.benchmark(run))["low"]


def bleu(plan, run, language):
    """Return a language's BLEU."""
    low = is_low(plan, run, language)
    origin = plan.origin(run.method)
    base = plan.temperature(run) if plan.base(origin) == "temperature" else 5.0
    swept = (-4 + 2.5 * math.log(base), 1.5 - 0.9 * math.log(base))
    effect = _EFFECTS.get(origin, swept if origin in SWEEP else (noise(origin), noise(origin, 2)))
    size = plan.models.index(run.model)
    batch = math.log2(plan.settings(run).max_tokens * plan.settings(run).update_freq / 1000)
    own = effect[0 if low else 1] + size * (0.5 if low else 2) - batch * (0.6 if low else 0.1)
    return (12 if low else 28) + own + 0.4 * noise(run.path, language)


def record(plan, run):
    """Return a run's record, with averages as the stage score_mt adds them."""
    scores = {code: bleu(plan, run, code) for code in plan.languages(run)}
    scores |= averages(scores, plan.groups(plan.benchmark(run)))
    made = [
        Score(
            setting="standard",
            language=code,
            metric="bleu",
            value=value,
            n=20,
            signature="nrefs:1",
            chance=0.0,
        )
        for code, value in scores.items()
    ]
    use = DataUse(sha256="0" * 64, rows={}, origin="artificial")
    about = {"paper": run.paper, "method": run.method, "model": run.model, "task": run.task}
    return Record(
        study="made-up",
        comparable=False,
        **about,
        seed=run.seed,
        trained_as=run.method,
        settings={},
        selection={},
        scores=made,
        data={"test": use},
        flags=[],
        versions={},
        stages={},
        hardware={},
        timing={},
    )


def history(plan, run):
    """Yield lines of training and validation."""
    codes = plan.languages(run)
    for update in UPDATES:
        # Two lines between looks at the dev set; the last language is not in the first of them.
        for half in (50, 0):
            at = update - half
            shown = codes[:-1] if half else codes
            nll = {c: loss(plan, run, c, at, "train") if c in shown else None for c in codes}
            tokens = {c: 100 + 10 * n if c in shown else 0 for n, c in enumerate(codes)}
            line = {"kind": "train", "update": at, "nll": nll, "loss": nll, "tokens": tokens}
            yield line | {"weights": {}, "factors": dict.fromkeys(codes, 1.0)}
        dev = {code: loss(plan, run, code, update, "dev") for code in codes}
        yield {"kind": "valid", "update": update, "nll": dev, "loss": dev, "mean_nll": 1.0}


def loss(plan, run, language, update, split):
    low = is_low(plan, run, language)
    fast = {"temperature_1": 0.6, "temperature_5": 1.4}.get(run.method, 1.2) if low else 1.0
    value = 1.5 + 4.5 * math.exp(-update / 300 * fast)
    if split == "dev":
        value += (0.9 * fast if low else 0.2) * update / 1000
    return value + 0.05 * noise(run.path, language, update, split)


def traces(plan, run):
    """Yield the sidecar's records."""
    codes = plan.languages(run)
    pairs = [f"{code}-en" if run.task.endswith("m2o") else f"en-{code}" for code in codes]
    yield {"update": 0, "state": {}}
    for update in UPDATES:
        raw = [
            math.exp(0.4 * noise(code) * update / 1000 + 0.02 * noise(run.path, code, update))
            for code in codes
        ]
        alpha = {pair: value / sum(raw) for pair, value in zip(pairs, raw, strict=True)}
        state = {
            "alpha": alpha,
            "lambda_curvature": update / 1000 * (1 + 0.1 * noise(run.seed)),
            "curvature": 0.9 - 0.3 * update / 1000 + 0.03 * noise(run.path, update),
            "curvature_bound": 0.5,
        }
        yield {"update": update, "state": {}, "trace": {"weighting": state, "used": True}}


def analysis(plan, run):
    """Return what the stage analyse_mt writes, but for what figures do not read."""
    codes = plan.languages(run)
    scale = {"temperature_1": 1.0, "temperature_5": 1.8, "cats": 0.7}[run.method]

    def curvature(code):
        size = scale * (80 if is_low(plan, run, code) else 30) * (1.3 ** noise(run.path, code))
        top = {"value": size / 8, "residual": 0.03, "iterations": 9}
        return {
            "loss": 3.0,
            "fisher_empirical": size,
            "fisher_sampled": size * 1.4,
            "top_eigenvalue": top | {"converged": code != codes[-1] or run.seed > 1},
        }

    def part(name):
        cosine = 0.1 * noise(run.path, name) + 0.05 * (name == "encoder")
        shown = {"mean_cosine": cosine, "conflicting": float(cosine < 0.02), "pairs": 4}
        return {"norms": {}, "cosines": [], "high_low": shown}

    steps = []
    for one, other in permutations(codes, 2):
        bend = scale * 10 ** (1.5 * noise(one, other) + 0.1 * noise(run.path, one, other)) - 0.05
        rise = 0.005 * bend + 0.004 * noise(run.path, one, other, 1)
        names = {"language": one, "other": other, "length": 0.1}
        steps.append(names | {"curvature": bend, "increase": rise, "linear": rise / 2})
    shares = {code: 0.4 + 0.2 * noise(run.path, code, "share") for code in codes}
    return {
        "curvature": {code: curvature(code) for code in codes},
        "gradients": {
            "languages": list(codes),
            "groups": {n: part(n) for n in ("all", "embeddings", "encoder", "decoder", "output")},
            "update_shares": shares,
        },
        "interference": steps,
    }

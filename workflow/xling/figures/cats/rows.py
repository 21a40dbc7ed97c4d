# SPDX-License-Identifier: Apache-2.0
"""The numbers of each figure, one row per number and seed: what is drawn, and kept beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from xling.figures.cats import planned as kinds
from xling.figures.cats.planned import Planned, batch_tokens
from xling.figures.cats.results import Results
from xling.mt.analysis.geometry import ALL, GROUPS
from xling.mt.analysis.history import Line
from xling.mt.fairseq.history import languages as named
from xling.plan import Run

Row = dict[str, Any]


def rows(results: Results, one: Planned) -> list[Row]:
    """Return the rows of a figure, in the order of systems and seeds; all have the same keys.

    Raises:
        DataError: a file of a run is missing, or lacks a number.
    """
    make: Mapping[str, Callable[[Results, Run], Iterator[Row]]] = {
        kinds.LOSSES: _losses,
        kinds.FRONT: _front,
        kinds.WEIGHTS: _weights,
        kinds.CURVATURE: _curvature,
        kinds.GRADIENTS: _gradients,
        kinds.INTERFERENCE: _interference,
        kinds.SIZES: _sizes,
        kinds.BATCHES: _batches,
    }
    runs = sorted(one.runs, key=lambda run: (one.methods.index(run.method), run.seed, run.model))
    return [
        {
            "system": run.method,
            "title": results.plan.title(run.method),
            "seed": run.seed,
            **row,
        }
        for run in runs
        for row in make[one.kind](results, run)
    ]


def as_csv(found: Sequence[Row]) -> str:
    """Return rows as CSV, numbers with all their digits."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(found[0]) if found else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return stream.getvalue()


def _losses(results: Results, run: Run) -> Iterator[Row]:
    """Losses at each look at the dev set; training losses are means since the one before.

    The training losses of a language are weighted by its target tokens.  A language that was not
    drawn in between has none.
    """
    group = results.group_of(run)
    lines = results.history(run)
    before = 0
    for line in lines:
        if line.kind != "valid":
            continue
        between = [x for x in lines if x.kind == "train" and before < x.update <= line.update]
        for language in results.plan.languages(run):
            train, dev = _mean(between, language), line.nll.get(language)
            gap = None if train is None or dev is None else dev - train
            yield {
                "language": language,
                "group": group.get(language, ""),
                "update": line.update,
                "train_nll": train,
                "dev_nll": dev,
                "gap": gap,
            }
        before = line.update


def _mean(lines: Sequence[Line], language: str) -> float | None:
    parts = [
        (line.nll[language], line.tokens.get(language, 0.0))
        for line in lines
        if language in line.nll
    ]
    tokens = sum(count for _, count in parts)
    return sum(nll * count for nll, count in parts) / tokens if tokens else None


def _front(results: Results, run: Run) -> Iterator[Row]:
    plan = results.plan
    swept = plan.base(run.method) == "temperature"
    yield {
        "temperature": plan.temperature(run) if swept else None,
        "high_bleu": results.bleu(run, "high"),
        "low_bleu": results.bleu(run, "low"),
    }


def _weights(results: Results, run: Run) -> Iterator[Row]:
    languages = results.plan.languages(run)
    group = results.group_of(run)
    for trace in results.trace(run):
        state = trace["weighting"]
        alpha = dict(zip(named(list(state["alpha"])), state["alpha"].values(), strict=True))
        numbers = [("alpha", language, alpha[language]) for language in languages]
        numbers += [
            (name, "", state[name])
            for name in ("lambda_curvature", "curvature", "curvature_bound")
            if name in state
        ]
        for quantity, language, value in numbers:
            yield {
                "update": trace["update"],
                "quantity": quantity,
                "language": language,
                "group": group.get(language, ""),
                "value": value,
            }


def _curvature(results: Results, run: Run) -> Iterator[Row]:
    group = results.group_of(run)
    found = results.analysis(run)["curvature"]
    for language in results.plan.languages(run):
        one = found[language]
        yield {
            "language": language,
            "group": group.get(language, ""),
            "fisher_sampled": one["fisher_sampled"],
            "fisher_empirical": one["fisher_empirical"],
            "top_eigenvalue": one["top_eigenvalue"]["value"],
            "converged": one["top_eigenvalue"]["converged"],
            "residual": one["top_eigenvalue"]["residual"],
        }


def _gradients(results: Results, run: Run) -> Iterator[Row]:
    found = results.analysis(run)["gradients"]
    for part in (part for part in (ALL, *GROUPS) if part in found["groups"]):
        relation = found["groups"][part]["high_low"]
        for quantity in ("mean_cosine", "conflicting"):
            yield {"quantity": quantity, "at": part, "value": relation[quantity]}
    shares = found["update_shares"] or {}
    for language in results.plan.languages(run):
        if language in shares:
            yield {"quantity": "update_share", "at": language, "value": shares[language]}


def _interference(results: Results, run: Run) -> Iterator[Row]:
    columns = ("language", "other", "curvature", "increase", "linear", "length")
    for step in results.analysis(run)["interference"]:
        yield {column: step[column] for column in columns}


def _sizes(results: Results, run: Run) -> Iterator[Row]:
    size = results.note(run)["parameters"]
    for group in ("low", "high"):
        yield {
            "model": run.model,
            "parameters": size,
            "group": group,
            "bleu": results.bleu(run, group),
        }


def _batches(results: Results, run: Run) -> Iterator[Row]:
    plan = results.plan
    for group in ("low", "high"):
        yield {
            "base": plan.origin(run.method),
            "batch_tokens": batch_tokens(plan, run),
            "group": group,
            "bleu": results.bleu(run, group),
        }

# SPDX-License-Identifier: Apache-2.0
"""Figures of the X-Mixup paper by number: which a study has, and what is drawn in them.

One per encoder and, but for Figure 1, task.  Sentences and centroids are those of one seed: spaces
of two trainings have no axes in common.  The plane is that of PCA, fitted to all points of a panel;
:func:`xling.analysis.projection.joint_tsne` lays them out by t-SNE for who calls it by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from xling.errors import DataError
from xling.plan import Plan, Run
from xling.records import Record
from xling.tables.table import Table
from xling.tables.xmixup.planned import BASELINES, FULL, PAPER, analysed, tested_way
from xling.tables.xmixup.scores import WAYS, Analyses, LastLayer, Results, collect, last_layers
from xling.tasks import SOURCE_LANGUAGE, TASKS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xling.analysis.files import Analysis
    from xling.analysis.projection import Projection
    from xling.analysis.representations import LanguageSurvey

# Of Figure 1; XNLI is the task that has all four.
PAPER_LANGUAGES = (SOURCE_LANGUAGE, "es", "ar", "sw")
# Ours: where these are not there, what colours still tell apart.
MOST_LANGUAGES = 5
# A plane needs three points; one of them is the source.
_FEWEST = 3

SENTENCES, SCATTER = "figure-1-sentences", "figure-3-score-cka"
CENTROIDS, LAYERS = "figure-4-centroids", "figure-cka-layers"
# What they show, in their order.
KINDS = {
    SENTENCES: "Figure 1 of X-Mixup: sentences in the last layer, joint PCA, one seed",
    SCATTER: "Figure 3 of X-Mixup: score and CKA with en of each target language, mean over seeds",
    CENTROIDS: "Figure 4 of X-Mixup: centroids of languages in the last layer, joint PCA, one seed",
    LAYERS: "CKA with en by layer; thin lines: seeds",
}


@dataclass(frozen=True)
class Planned:
    """One figure of a study.

    Attributes:
        kind: what is drawn, as in the file's name.
        name: of the file.
        runs: of the two systems that are held against each other, of one seed; else empty.
    """

    kind: str
    name: str
    task: str
    model: str
    runs: tuple[Run, ...] = ()


def planned_figures(plan: Plan) -> list[Planned]:
    """Return the figures that a study has, in the order of the paper.

    Free of heavy imports: the Snakefile asks for it.
    """
    runs = analysed(plan)
    models = sorted({run.model for run in runs})
    found = []
    for kind in KINDS:
        for task in TASKS:
            for model in models:
                own = [run for run in runs if (run.task, run.model) == (task, model)]
                name = kind if kind == SENTENCES else f"{kind}-{task}"
                name += f"-{model}" if len(models) > 1 else ""
                pair = _pair(plan, own)
                if kind == SENTENCES and task != "xnli":
                    continue
                if own and (pair or kind in (SCATTER, LAYERS)):
                    shown = pair if kind in (SENTENCES, CENTROIDS) else ()
                    found.append(Planned(kind, name, task, model, shown))
    return found


def sentence_runs(plan: Plan) -> set[Run]:
    """Return the runs whose sentences are drawn one by one."""
    return {run for one in planned_figures(plan) if one.kind == SENTENCES for run in one.runs}


def _pair(plan: Plan, runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return a baseline's run and X-Mixup's of the first seed that both have, or nothing."""
    seeds = {(run.method, run.seed): run for run in runs if len(plan.languages(run)) >= _FEWEST}
    for baseline in BASELINES:
        for method, seed in sorted(seeds):
            if method == baseline and (FULL, seed) in seeds:
                return seeds[baseline, seed], seeds[FULL, seed]
    return ()


def draw_figures(
    plan: Plan, records: Sequence[Record], analyses: Analyses
) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """Yield the name of each figure, and its images by their endings.

    Raises:
        DataError: a run that is drawn has no analysis, or one that cannot be laid out.
    """
    from xling.figures.style import images

    wanted = planned_figures(plan)
    if not wanted:
        return
    results = collect(plan, records, analyses)
    for run in analysed(plan):
        if run not in analyses:
            raise DataError(
                "a figure needs the analysis of a run",
                where=run.path,
                allowed="an analysis of every run that the study has analysed",
                fix="run snakemake again",
            )
    draw: Mapping[str, Callable[[Results, Planned], Figure]] = {
        SENTENCES: _sentences,
        SCATTER: _scatter,
        CENTROIDS: _centroids,
        LAYERS: _layers,
    }
    for one in wanted:
        yield one.name, images(lambda one=one: draw[one.kind](results, one))  # type: ignore[misc]


def _title(results: Results, one: Planned) -> str:
    """Name task, study, encoder and, where it is but one, the seed."""
    words = [TASKS[one.task].title, f"study {results.plan.study.name}", one.model]
    return ", ".join([*words, *(f"seed {run.seed}" for run in one.runs[:1])])


def _table(results: Results, one: Planned) -> Table:
    """Return the task's table with the encoder's systems of the main comparison."""
    (table,) = (table for table in results.main if table.task.name == one.task)
    return replace(table, systems=tuple(s for s in table.systems if s.model == one.model))


def _scatter(results: Results, one: Planned) -> Figure:
    """Figure 3: scores against CKA, as the systems were tested."""
    from xling.analysis.correlation import spearman
    from xling.figures.cka import Scatter, score_against_cka

    table = _table(results, one)
    systems = []
    for layer in last_layers(results, table):
        if layer.tested:
            cells = layer.system.cells
            scores = {c: cells[c].mean for c in table.languages if c in cells}
            cka = {code: fmean(values) for code, values in layer.values.items()}
            systems.append(Scatter(layer.title, scores, cka, spearman(scores, cka)))
    return score_against_cka(systems, table.task.metric_title, _title(results, one))


def _layers(results: Results, one: Planned) -> Figure:
    """Draw CKA by layer, of each way of reading but that with gold English."""
    from xling.figures.cka import cka_by_layer

    found = list(last_layers(results, _table(results, one)))
    curves = {layer.title: _curves(results, one, layer) for layer in found}
    first = next(results.analyses[run] for run in _runs(one, found[0]))
    return cka_by_layer(curves, first.layers, _title(results, one))


def _runs(one: Planned, layer: LastLayer) -> list[Run]:
    return [Run(PAPER, layer.system.method, one.model, one.task, seed) for seed in layer.seeds]


def _curves(results: Results, one: Planned, layer: LastLayer) -> dict[str, list[Sequence[float]]]:
    """Return CKA by target language: one list per seed, one value per layer."""
    ways = [results.analyses[run].ways[layer.way] for run in _runs(one, layer)]
    return {code: [way[code].cka or () for way in ways] for code in layer.values}


def _sentences(results: Results, one: Planned) -> Figure:
    """Figure 1: sentences of some languages."""
    from xling.figures.sentence_space import sentence_space

    def points(survey: LanguageSurvey) -> object:
        return survey.sample

    panels = {}
    for title, surveys in _panels(results, one):
        shown = {code: surveys[code] for code in _shown(surveys)}
        if not len(shown[SOURCE_LANGUAGE].sample):
            raise DataError(
                "a figure of sentences needs items that all languages have",
                where=", ".join(run.path for run in one.runs),
                allowed="one sampled item or more",
                fix="score languages that share items, or run the analysis again",
            )
        panels[title] = _plane(shown, points)
    return sentence_space(panels, _title(results, one))


def _centroids(results: Results, one: Planned) -> Figure:
    """Figure 4: languages as the means of their sentences."""
    from xling.figures.sentence_space import centroid_space

    def points(survey: LanguageSurvey) -> object:
        return survey.centroids[-1:]

    panels = {title: _plane(surveys, points) for title, surveys in _panels(results, one)}
    return centroid_space(panels, _title(results, one))


def _panels(results: Results, one: Planned) -> Iterator[tuple[str, Mapping[str, LanguageSurvey]]]:
    """Yield the baseline, and X-Mixup in both ways of reading."""
    for run in one.runs:
        analysis: Analysis = results.analyses[run]
        title = results.plan.method(run.method).title
        tested = tested_way(results.plan, run)
        for way in dict.fromkeys(("alone", tested)):
            only = way == tested == "alone"
            yield (title if only else f"{title}, {WAYS[way]}"), analysis.ways[way]


def _shown(surveys: Mapping[str, LanguageSurvey]) -> Sequence[str]:
    """Return the paper's languages, or the source and the first others."""
    if all(code in surveys for code in PAPER_LANGUAGES):
        return PAPER_LANGUAGES
    return list(surveys)[:MOST_LANGUAGES]


def _plane(
    surveys: Mapping[str, LanguageSurvey], points: Callable[[LanguageSurvey], object]
) -> Projection:
    """Lay languages out; the unit is the distance of a sentence to its language's centroid."""
    import numpy as np

    from xling.analysis.projection import joint_pca

    squares = [survey.spread[-1] ** 2 for survey in surveys.values()]
    groups = {code: np.asarray(points(survey)) for code, survey in surveys.items()}
    return joint_pca(groups, scale=float(np.sqrt(fmean(squares))))

# SPDX-License-Identifier: Apache-2.0
"""The analyses of a study, read once for all tables or figures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from xling.analysis.files import Analysis, read_analysis
from xling.plan import Plan, Run
from xling.tables.xmixup.planned import analysed


def read_analyses(plan: Plan, results: Path, whole: Collection[Run] = ()) -> dict[Run, Analysis]:
    """Read the analyses of the paper's runs.

    Args:
        plan: of the study.
        results: the study's folder.
        whole: runs whose sentences are kept.  Of the others only numbers stay, and centroids of the
            last layer: a large grid's vectors take gigabytes.

    Raises:
        DataError: a file is lacking or damaged.
    """
    found = {}
    for run in analysed(plan, with_variants=True):
        analysis = read_analysis(results / "analysis" / f"{run.path}.npz")
        found[run] = analysis if run in whole else _numbers(analysis)
    return found


def _numbers(analysis: Analysis) -> Analysis:
    ways = {
        way: {
            # Copies: a part of an array would keep the whole.
            code: replace(one, centroids=one.centroids[-1:].copy(), sample=one.sample[:0].copy())
            for code, one in surveys.items()
        }
        for way, surveys in analysis.ways.items()
    }
    return replace(analysis, ways=ways)

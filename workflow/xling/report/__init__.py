# SPDX-License-Identifier: Apache-2.0
"""The report: one HTML page that needs no other file and no network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xling.check import CheckResult, Prepared
from xling.comparison.results import Comparison
from xling.errors import DataError
from xling.figures import figure_path
from xling.files import write_text
from xling.plan import Plan
from xling.records import Record
from xling.report.distillation import Distilled, distilled_tables
from xling.report.distillation import facts as distillation_facts
from xling.report.made_translations import facts as made_facts
from xling.report.made_translations import made_tables
from xling.report.translation import Translated, translated_tables
from xling.report.translation import facts as translation_facts
from xling.tables.xmixup import NO_ANALYSES, Analyses

NOT_TRANSLATED, NOT_DISTILLED = Translated(), Distilled()


def report_text(
    plan: Plan,
    records: Sequence[Record],
    prepared: Prepared,
    result: CheckResult,
    figures: Path,
    analyses: Analyses = NO_ANALYSES,
    comparisons: Sequence[Comparison] = (),
    translated: Translated = NOT_TRANSLATED,
    distilled: Distilled = NOT_DISTILLED,
) -> str:
    """Return the page; equal inputs give equal bytes.

    Args:
        prepared: summary of each prepared split, by (task, split).
        result: of ``xling check``.
        figures: folder that :func:`xling.figures.write_figures` wrote; beside it lie the results of
            translations of our own.
        analyses: by run, as tables and figures were made of.
        comparisons: of pairs of systems, as tables were made of.
        translated: results of translation models.
        distilled: results of sentence encoders.

    Raises:
        DataError: a figure is missing, or records of one table do not belong together.
    """
    from xling.report import view
    from xling.report.numbered import numbered

    results = view.results(plan, records)
    for one in results:
        path = figure_path(figures, one["paper"], one["task"], "svg")
        one["figure"] = _data_address(path)
    by_number = numbered(plan, records, analyses, comparisons, figures)
    everything = [*records, *translated.records, *distilled.records]
    about = view.facts(plan, everything)
    if plan.translation:
        by_number.append(translated_tables(plan.translation, translated.results))
        about += translation_facts(plan.translation)
    if plan.distillation:
        by_number.append(distilled_tables(plan.distillation, distilled.results))
        about += distillation_facts(plan.distillation)
    if plan.translations:
        by_number.append(made_tables(plan, figures.parent))
        about += made_facts(plan)
    for paper in by_number:
        for one in (one for kind in paper["kinds"] for one in kind["figures"]):
            one["figure"] = _data_address(one["path"])
    return _render(
        study=plan.study,
        verdict=view.study_verdict(plan),
        facts=about,
        overviews=view.overviews(plan, records),
        results=results,
        numbered=by_number,
        check=result,
        settings=view.settings(records),
        data=view.data(
            everything,
            {**prepared, **translated.by_task, **distilled.by_task},
            distilled.checksums(plan.distillation) if plan.distillation else {},
        ),
        runs=view.runs(plan, everything),
        machines=view.machines(everything),
    )


def _render(**values: Any) -> str:
    """Fill the template; text of a study is escaped, an unknown name is an error."""
    import jinja2
    from markupsafe import Markup

    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Our own file, not text of a study: it must not be escaped.
    style = Markup((here / "page.css").read_text(encoding="utf-8"))
    return environment.get_template("page.html").render(style=style, **values)


def write_report(
    plan: Plan,
    records: Sequence[Record],
    prepared: Prepared,
    result: CheckResult,
    figures: Path,
    path: Path,
    analyses: Analyses = NO_ANALYSES,
    comparisons: Sequence[Comparison] = (),
    translated: Translated = NOT_TRANSLATED,
    distilled: Distilled = NOT_DISTILLED,
) -> None:
    """Write the page; see :func:`report_text`."""
    text = report_text(
        plan,
        records,
        prepared,
        result,
        figures,
        analyses,
        comparisons,
        translated,
        distilled,
    )
    write_text(path, text)


def _data_address(path: Path) -> str:
    """Return an SVG file as an address that holds the file itself."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            "a figure of the report cannot be read",
            where=str(path),
            allowed="the SVG that 'xling plot' writes",
            fix="run snakemake again",
        ) from error
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode('ascii')}"

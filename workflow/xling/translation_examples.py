# SPDX-License-Identifier: Apache-2.0
"""Sentences with translation, markers and labels for ``docs/translation.md``, of a study.

They stand between two comments of the page; the rest of it is left as it is.
"""

from __future__ import annotations

from pathlib import Path

from xling.errors import DataError, UsageError, nearest
from xling.files import write_text
from xling.plan import Plan
from xling.translate.stored import Stored

BEGIN = "<!-- examples: written by 'xling translation-examples' -->"
END = "<!-- end of the examples -->"


def write_examples(plan: Plan, engine: str, results: Path, stored: Stored, page: Path) -> None:
    """Write the examples of an engine into a page.

    Args:
        plan: of a study with artificial languages.
        engine: of the study.
        results: of the study: the encoder that aligns words is taken from there.
        stored: translations of the sentences on which projection is measured.
        page: Markdown file with a place for them.

    Raises:
        UsageError: there is no such page, the engine's projection is not measured, or nothing
            aligns words.
        DataError: the page has no place for examples, or a translation is missing.
    """
    from xling.translate.products.examples import stored_examples
    from xling.translate.project.aligner import Alignment, EncoderAligner
    from xling.translate.project.report import Probe

    ours = plan.translations
    engines = ours.projections if ours else []
    if ours is None or ours.artificial is None or engine not in engines:
        raise UsageError(
            f"labels are not carried over with an engine '{engine}'",
            where=f"study {plan.study.name}, artificial languages",
            allowed=", ".join(engines) or "a study of artificial languages with 'translations'",
            fix=nearest(engine, engines),
        )
    if ours.aligner is None:
        raise UsageError(
            "no encoder aligns words in this study",
            where=f"study {plan.study.name}, translations.aligner",
            fix="name an encoder of the study there",
        )
    if not page.is_file():
        raise UsageError(
            "there is no page to write examples into",
            where=str(page),
            allowed="a Markdown file with a place for them",
            fix="name it with --page, or run this where docs/translation.md is",
        )
    labels = ours.products.labels
    probe = Probe(ours.artificial, tuple(ours.languages(engine)), ours.part.probe, labels.marker)
    note = results / "encoders" / ours.aligner / "encoder.json"
    aligner = EncoderAligner(note, Alignment(**ours.products.alignment.model_dump()))
    text = page.read_text(encoding="utf-8")
    write_text(page, with_examples(text, stored_examples(probe, stored, aligner), page))


def with_examples(text: str, examples: str, page: Path) -> str:
    """Return a page with other examples.

    Raises:
        DataError: there is not exactly one place for them.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise DataError(
            "the page has no place for examples",
            where=str(page),
            allowed=f"one line '{BEGIN}', and below it one line '{END}'",
            fix="write both lines where the examples belong",
        )
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{examples.strip()}\n\n{END}{rest.split(END)[1]}"

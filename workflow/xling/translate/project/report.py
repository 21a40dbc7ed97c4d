# SPDX-License-Identifier: Apache-2.0
"""Markers and alignment against exact phrases of the artificial languages, as a report.

Sentences of the report are listed and translated like those of products; measuring needs no engine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xling.config.study import Artificial
from xling.files import write_text
from xling.metrics.prf import Scores
from xling.tasks import SOURCE_LANGUAGE
from xling.translate.engine import Translation
from xling.translate.lists import write_list
from xling.translate.project.aligner import Aligner
from xling.translate.project.artificial import MarkedArtificial
from xling.translate.project.markers import FORMS
from xling.translate.project.measure import (
    Exact,
    exact_sentences,
    phrases_by_alignment,
    phrases_by_markers,
    requests,
    score_links,
    score_phrases,
)
from xling.translate.project.names import ALIGNMENT, GENERATOR, LINKS, MARKERS
from xling.translate.stored import Stored

#: Ours: shares of lost markers for which their cost is shown.
LOSSES = (0.0, 0.1)


@dataclass(frozen=True)
class Probe:
    """Sentences on which projection is measured.

    Attributes:
        languages: artificial ones.
        count: sentences of each (ours: 500 have about 700 names, so that 1 point is no accident).
        marker: form of the markers.
    """

    artificial: Artificial
    languages: tuple[str, ...]
    count: int = 500
    marker: str = "xml"

    def sentences(self, language: str) -> list[Exact]:
        """Return the sentences; the first few do not depend on ``count``."""
        return exact_sentences(self.artificial, language, self.count)


def list_projection(probe: Probe, output: Path) -> dict[str, int]:
    """Write the sentences to translate, without and with markers; return how many by direction."""
    found = {}
    for language in probe.languages:
        exacts = probe.sentences(language)
        texts = [one.text for one in exacts] + requests(exacts, FORMS[probe.marker])
        found[SOURCE_LANGUAGE, language] = texts
    return write_list(output, found)


def measure_projection(
    probe: Probe,
    *,
    aligners: Mapping[str, Aligner],
    output: Path,
    stored: Stored | None = None,
) -> list[dict[str, Any]]:
    """Write how well labels are carried over, as JSON.

    Args:
        probe: the sentences; those of :func:`list_projection`, if there is an engine.
        aligners: by name, such as ``argmax`` and ``itermax``.
        output: JSON file.
        stored: translations by engines, to be measured too; without them the generator alone
            translates, and what is measured is projection alone.

    Returns:
        Rows with ``language``, its distance to the source (``word_order``, ``cognates``,
        ``script``), ``method``, ``detail`` (rule of an aligner, share of lost markers),
        ``translator``, ``wanted`` and ``found`` labels, ``precision``, ``recall``, ``f1`` and
        ``overlap`` (0 to 100; null for links).  Labels of the generator's translations, wrong words
        and all, are those of :attr:`xling.translate.project.measure.Exact.said`; of an engine's
        those of :attr:`~xling.translate.project.measure.Exact.phrases`.
    """
    rows: list[dict[str, Any]] = []
    for language in probe.languages:
        exacts = probe.sentences(language)
        rows += _exactly(probe, language, exacts, aligners)
        if stored is not None:
            rows += _by_engine(probe, language, exacts, aligners, stored)
    write_text(output, json.dumps(rows, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return rows


def marked_text(probe: Probe, language: str) -> list[tuple[str, str]]:
    """Return English sentences with markers and exact translations with theirs, for training.

    A translator that never saw markers loses most of them.  The sentences are of the purpose
    ``train``: none of them is measured on.
    """
    artificial = probe.artificial.model_copy(update={"noise": 0.0})
    exacts = exact_sentences(artificial, language, probe.count, "train")
    form = FORMS[probe.marker]
    asked = list(dict.fromkeys(requests(exacts, form)))
    said = MarkedArtificial(exacts, language, form=form).translate(asked, SOURCE_LANGUAGE, language)
    return [(one, two.text) for one, two in zip(asked, said, strict=True)]


def _exactly(
    probe: Probe, language: str, exacts: Sequence[Exact], aligners: Mapping[str, Aligner]
) -> list[dict[str, Any]]:
    """Return rows of the generator's own translations."""
    form, gold = FORMS[probe.marker], [phrase for one in exacts for phrase in one.said]
    about = _about(probe, language) | {"translator": GENERATOR}
    rows = []
    for loss in LOSSES:
        marking = MarkedArtificial(exacts, language, loss=loss, form=form)
        said = _said(marking, requests(exacts, form), language)
        phrases = phrases_by_markers(exacts, said, language, form)
        detail = f"{loss:.0%} of the markers lost"
        rows.append(about | {"method": MARKERS, "detail": detail} | _phrases(gold, phrases))
    plain = _said(MarkedArtificial(exacts, language), [one.text for one in exacts], language)
    for name, aligner in aligners.items():
        phrases = phrases_by_alignment(exacts, plain, language, aligner)
        rows.append(about | {"method": ALIGNMENT, "detail": name} | _phrases(gold, phrases))
        links = score_links(exacts, language, aligner)
        wanted = sum(len(one.links) for one in exacts)
        rows.append(about | {"method": LINKS, "detail": name} | _numbers(links, wanted, None, None))
    return rows


def _by_engine(
    probe: Probe,
    language: str,
    exacts: Sequence[Exact],
    aligners: Mapping[str, Aligner],
    stored: Stored,
) -> list[dict[str, Any]]:
    """Return rows of an engine's translations, against the right words."""
    form, gold = FORMS[probe.marker], [phrase for one in exacts for phrase in one.phrases]
    way = SOURCE_LANGUAGE, language
    about = _about(probe, language) | {"translator": str(stored.engine(*way)["key"])}
    marked = stored.find(requests(exacts, form), *way)
    phrases = phrases_by_markers(exacts, marked, language, form)
    rows = [about | {"method": MARKERS, "detail": probe.marker} | _phrases(gold, phrases)]
    plain = stored.find([one.text for one in exacts], *way)
    for name, aligner in aligners.items():
        phrases = phrases_by_alignment(exacts, plain, language, aligner)
        rows.append(about | {"method": ALIGNMENT, "detail": name} | _phrases(gold, phrases))
    return rows


def _said(engine: MarkedArtificial, texts: Sequence[str], language: str) -> dict[str, Translation]:
    found = engine.translate(list(texts), SOURCE_LANGUAGE, language)
    return dict(zip(texts, found, strict=True))


def _about(probe: Probe, language: str) -> dict[str, Any]:
    traits = probe.artificial.languages[language]
    names = ("word_order", "cognates", "script")
    return {"language": language} | {name: getattr(traits, name) for name in names}


def _phrases(gold: Sequence[str], phrases: Sequence[str | None]) -> dict[str, Any]:
    found = score_phrases(gold, phrases)
    return _numbers(found.exact, found.wanted, found.found, found.overlap)


def _numbers(
    scores: Scores, wanted: int, found: int | None, overlap: float | None
) -> dict[str, Any]:
    return {"wanted": wanted, "found": found, **scores._asdict(), "overlap": overlap}

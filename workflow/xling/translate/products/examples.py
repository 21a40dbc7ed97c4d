# SPDX-License-Identifier: Apache-2.0
"""Sentences of each artificial language with translation, markers and labels, for the docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xling.tasks import SOURCE_LANGUAGE
from xling.translate.engine import Engine, Translation
from xling.translate.project.aligner import Aligner
from xling.translate.project.entities import entities_of
from xling.translate.project.markers import FORMS, recovered
from xling.translate.project.measure import (
    Exact,
    phrases_by_alignment,
    phrases_by_markers,
    requests,
)
from xling.translate.project.report import Probe
from xling.translate.stored import Stored

#: Sentences of each language that are shown.
SHOWN = 3
_NOTHING = "(not found)"
_HEADS = ("English", "exact", "by markers", "by alignment")


def stored_examples(probe: Probe, stored: Stored, aligner: Aligner) -> str:
    """Return the Markdown text of :func:`examples`, of translations in a store.

    Args:
        probe: whose sentences were listed (:func:`xling.translate.project.report.list_projection`).
        stored: their translations.
        aligner: of words.

    Raises:
        DataError: a translation is missing.
    """
    lines = []
    for language, exacts in _shown(probe).items():
        found = stored.find(_texts(probe, exacts), SOURCE_LANGUAGE, language)
        key = str(stored.engine(SOURCE_LANGUAGE, language)["key"])
        lines += _language(probe, language, exacts, found, key, aligner)
    return "\n".join(lines)


def examples(probe: Probe, engine: Engine, aligner: Aligner) -> str:
    """Return a Markdown text: three sentences of each language, and where their names went.

    Args:
        probe: languages, and the form of the markers.
        engine: translates from English.
        aligner: of words.
    """
    lines = []
    for language, exacts in _shown(probe).items():
        texts = _texts(probe, exacts)
        said = engine.translate(texts, SOURCE_LANGUAGE, language)
        found = dict(zip(texts, said, strict=True))
        lines += _language(probe, language, exacts, found, engine.key, aligner)
    return "\n".join(lines)


def _shown(probe: Probe) -> dict[str, list[Exact]]:
    """Return the first sentences that have names."""
    return {
        code: [one for one in probe.sentences(code) if one.phrases][:SHOWN]
        for code in probe.languages
    }


def _texts(probe: Probe, exacts: Sequence[Exact]) -> list[str]:
    form = FORMS[probe.marker]
    return list(dict.fromkeys([*(one.text for one in exacts), *requests(exacts, form)]))


def _language(
    probe: Probe,
    language: str,
    exacts: Sequence[Exact],
    said: Mapping[str, Translation],
    key: str,
    aligner: Aligner,
) -> list[str]:
    """Return the lines of a language; the last one is empty."""
    lines = [f"### {language}", "", f"Translator: `{key}`.", ""]
    for one in exacts:
        lines += [*_example(probe, one, said, language, aligner), ""]
    return lines


def _example(
    probe: Probe,
    one: Exact,
    said: Mapping[str, Translation],
    language: str,
    aligner: Aligner,
) -> list[str]:
    """Return the lines of a sentence: texts with and without markers, and a row per name."""
    form = FORMS[probe.marker]
    sides = [("English", one.text), ("translation", said[one.text].text)]
    for request in requests([one], form):
        sides += [("with markers", request), ("translation", said[request].text)]
        back = recovered(said[request].text, 1, form, language)
        sides.append(("without them again", back.text))
    lines = [f"- {name}: `{text or '(empty)'}`" for name, text in sides]
    lines += ["", "| " + " | ".join(_HEADS) + " |", "|" + "---|" * len(_HEADS)]
    by_markers = phrases_by_markers([one], said, language, form)
    by_links = phrases_by_alignment([one], said, language, aligner)
    entities = entities_of(one.tags)
    for entity, exact, *found in zip(entities, one.phrases, by_markers, by_links, strict=True):
        phrase = " ".join(one.source[entity.first : entity.last + 1])
        cells = [f"{phrase} ({entity.kind})", exact, *(text or _NOTHING for text in found)]
        lines.append("| " + " | ".join(cells) + " |")
    return lines

# SPDX-License-Identifier: Apache-2.0
"""The report on label projection, its table, and the examples of the docs."""

from __future__ import annotations

import json

import pytest
from test_artificial import LANGUAGES, settings
from translate_products import Straight

from xling.errors import DataError
from xling.translate.engine import key_of
from xling.translate.lists import read_lists
from xling.translate.products.examples import SHOWN, examples, stored_examples
from xling.translate.project.artificial import MarkedArtificial
from xling.translate.project.markers import FORMS, recovered
from xling.translate.project.measure import exact_sentences
from xling.translate.project.names import ALIGNMENT, GENERATOR, LINKS, MARKERS
from xling.translate.project.report import (
    Probe,
    list_projection,
    marked_text,
    measure_projection,
)
from xling.translate.project.words import joined
from xling.translate.store import Store
from xling.translate.stored import Stored

CODES = tuple(sorted(LANGUAGES))[:2]
PROBE = Probe(settings(noise=0.1), CODES, count=40)


class Known:
    """The generator's links."""

    key = "known"

    def __init__(self, probe):
        self.links = {
            (one.text, joined(one.tokens, code)[0]): one.links
            for code in probe.languages
            for one in probe.sentences(code)
        }

    def align(self, pairs):
        return [self.links.get((one.text, two.text), []) for one, two in pairs]


class Generator:
    """Translates the sentences of a probe into all of its languages."""

    licence, about = "Apache-2.0", {}

    def __init__(self, probe, loss=0.0):
        self.engines = {
            code: MarkedArtificial(probe.sentences(code), code, loss=loss)
            for code in probe.languages
        }
        self.key = key_of("generator", loss=loss)

    def translate(self, sentences, source, target):
        return self.engines[target].translate(sentences, source, target)


def of(store, engine):
    about = {"key": engine.key, "licence": engine.licence}
    return Stored(store, {f"en-{code}": about for code in CODES})


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("projection")
    store, engine = Store(folder / "store"), Generator(PROBE, loss=0.3)
    counts = list_projection(PROBE, folder / "list.parquet")
    lists = read_lists([folder / "list.parquet"])
    assert counts == {f"en-{code}": len(lists["en", code]) for code in CODES}
    for (source, target), texts in lists.items():
        store.add(engine, texts, source, target)
    rows = measure_projection(
        PROBE,
        aligners={"known": Known(PROBE), "straight": Straight()},
        output=folder / "projection.json",
        stored=of(store, engine),
    )
    return folder, of(store, engine), engine, rows


def chosen(rows, **values):
    return [row for row in rows if all(row[name] == value for name, value in values.items())]


def test_each_language_and_method_has_a_row(stored):
    *_, engine, rows = stored
    for code in CODES:
        own = chosen(rows, language=code, translator=GENERATOR)
        assert [row["method"] for row in own] == [MARKERS] * 2 + [ALIGNMENT, LINKS] * 2
        kept, lossy = chosen(own, method=MARKERS)
        assert kept["recall"] > 90 > lossy["recall"] > 60
        assert lossy["precision"] > 90
        known, straight = chosen(own, method=ALIGNMENT)
        assert known["f1"] == 100 > straight["f1"]
        assert chosen(own, method=LINKS, detail="known")[0]["f1"] == 100
        translated = chosen(rows, language=code, translator=engine.key)
        assert [row["method"] for row in translated] == [MARKERS, ALIGNMENT, ALIGNMENT]
        # Wrong words of the translation count too: even the right links do not find them all.
        assert translated[1]["f1"] < 100
        assert translated[0]["recall"] < translated[1]["recall"]


def test_the_report_is_json(stored):
    folder, *_, rows = stored
    assert json.loads((folder / "projection.json").read_text(encoding="utf-8")) == rows


def test_projection_alone_needs_no_engine(tmp_path):
    rows = measure_projection(PROBE, aligners={}, output=tmp_path / "x.json")
    assert {(row["translator"], row["method"]) for row in rows} == {(GENERATOR, MARKERS)}


def test_examples_show_three_sentences_of_each_language(stored):
    _, kept, engine, _ = stored
    text = stored_examples(PROBE, kept, Known(PROBE))
    assert text == examples(PROBE, engine, Known(PROBE))
    assert [line for line in text.splitlines() if line.startswith("### ")] == [
        f"### {code}" for code in CODES
    ]
    assert text.count("- English: ") == SHOWN * len(CODES)
    assert text.count("| English | exact | by markers | by alignment |") == SHOWN * len(CODES)
    first = next(one for one in PROBE.sentences(CODES[0]) if one.phrases)
    assert f"- English: `{first.text}`" in text
    assert f"| {first.phrases[0]} |" in text
    assert "(not found)" in examples(PROBE, Generator(PROBE, loss=1.0), Known(PROBE))


def test_examples_of_what_was_never_translated(tmp_path):
    with pytest.raises(DataError, match="not in the store"):
        stored_examples(PROBE, of(Store(tmp_path), Generator(PROBE)), Known(PROBE))


def test_text_with_markers_for_training():
    pairs = marked_text(PROBE, CODES[0])
    assert len(pairs) == len(set(pairs)) > 30
    tested = {one.text for one in PROBE.sentences(CODES[0])}
    trained = exact_sentences(PROBE.artificial, CODES[0], PROBE.count, "train")
    plain = {one.text for one in trained}
    for source, target in pairs:
        count = source.count("</")
        assert count
        english, other = (recovered(text, count, FORMS["xml"], "en") for text in (source, target))
        assert english.text in plain - tested
        assert None not in other.spans

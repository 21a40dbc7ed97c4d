# SPDX-License-Identifier: Apache-2.0
"""Parallel rows as examples: pairs, and sets of a source and its translations."""

import pytest
from distill_models import write_pairs

from xling.distill.examples import ParallelRows, examples_of
from xling.distill.settings import DistillSettings
from xling.errors import DataError

BLOCKS = {
    ("talks", "de"): [("yes", "ja"), ("no", "nein"), ("yes", "doch"), ("ok", "ok"), ("yes", "ja")],
    ("talks", "fr"): [("no", "non"), ("well", "bon")],
    ("wiki", "de"): [("no", "nein")],
}


@pytest.fixture
def rows(tmp_path):
    return ParallelRows.read(write_pairs(tmp_path / "train.parquet", BLOCKS))


def words(rows, examples):
    """Texts of every example, with the source whose vector it has."""
    texts, sources = rows.texts.to_pylist(), rows.source_texts()
    return [
        (*(texts[i] for i in example), sources[vector])
        for example, vector in zip(examples.texts.tolist(), examples.vectors.tolist(), strict=True)
    ]


def settings(**other):
    return DistillSettings(max_steps=1, **other)


def test_each_source_is_there_once(rows):
    assert rows.source_texts() == ["yes", "no", "ok", "well"]
    assert len(rows) == 8
    assert rows.rows_per_language() == {"de": 6, "fr": 2}


def test_some_languages(tmp_path):
    file = write_pairs(tmp_path / "train.parquet", BLOCKS)
    assert ParallelRows.read(file, ["fr"]).source_texts() == ["no", "well"]
    with pytest.raises(DataError, match="no pair in: it") as caught:
        ParallelRows.read(file, ["fr", "it"])
    assert caught.value.allowed == "de, fr"


def test_pairs_have_the_vector_of_their_source(rows):
    examples = examples_of(rows, settings())
    assert examples.sides == ("source", "target")
    wanted = [(s, t, s) for pairs in BLOCKS.values() for s, t in pairs]
    assert words(rows, examples) == wanted
    assert [one.tolist() for one in examples.starts] == [[0, 1, 2, 3, 4, 5], [5, 6, 7], [7, 8]]


@pytest.mark.parametrize(("side", "off"), [("source", "target"), ("target", "source")])
def test_one_side(rows, side, off):
    examples = examples_of(rows, settings(**{f"{off}_side": False}))
    assert examples.sides == (side,)
    place = ("source", "target").index(side)
    wanted = [(pair[place], pair[0]) for pairs in BLOCKS.values() for pair in pairs]
    assert words(rows, examples) == wanted


def test_grouped_is_the_set_of_source_and_translations_per_part(rows):
    examples = examples_of(rows, settings(examples="grouped"))
    assert examples.sides == ("sentence",)
    assert words(rows, examples) == [
        *(("yes", "yes"), ("ja", "yes"), ("doch", "yes")),
        *(("no", "no"), ("nein", "no")),
        ("ok", "ok"),  # its translation is the same text
        *(("no", "no"), ("non", "no"), ("well", "well"), ("bon", "well")),
        *(("no", "no"), ("nein", "no")),
    ]
    assert [one.tolist() for one in examples.starts] == [[0, 3, 5, 6], [6, 8, 10], [10, 12]]


def test_grouped_targets_alone(rows):
    examples = examples_of(rows, settings(examples="grouped", source_side=False))
    assert words(rows, examples)[:4] == [
        ("ja", "yes"),
        ("doch", "yes"),
        ("nein", "no"),
        ("ok", "ok"),
    ]
    assert [one.tolist() for one in examples.starts] == [[0, 2, 3, 4], [4, 5, 6], [6, 7]]

# SPDX-License-Identifier: Apache-2.0
"""Mistakes in the part ``translation`` of a study: what a user reads."""

import re

import pytest
from mt_study import SMALL, load_small

from xling.config.loader import load_study
from xling.errors import UsageError


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


MISTAKES = {
    "unknown system": (
        ("static, gradvac", "static, gradvak"),
        ["unknown system 'gradvak'", "translation.experiments[0].methods[3]", "'gradvac'?"],
    ),
    "unknown model": (
        ("models: [tiny]", "models: [tinny]"),
        ["unknown model 'tinny'", "translation.experiments[0].models[0]", "'tiny'?"],
    ),
    "unknown benchmark": (
        ("benchmarks: [opus100]", "benchmarks: [opus10]"),
        ["unknown benchmark 'opus10'", "translation.experiments[2].benchmarks[0]", "'opus100'?"],
    ),
    "a benchmark that the study does not describe": (
        ("benchmarks: [opus100]", "benchmarks: [wmt10]"),
        ["unknown benchmark 'wmt10'", "allowed: opus100, ted8_diverse"],
    ),
    "unknown direction": (
        ("directions: [m2o, o2m]", "directions: [m2o, o2n]"),
        ["unknown value 'o2n'", "experiments[0].directions[1]", "m2o, o2m"],
    ),
    "unknown key": (
        ("max_updates: 100", "max_update: 100"),
        ["unknown key 'max_update'", "translation.training.defaults", "'max_updates'?"],
    ),
    "unknown key of an override": (
        ("set: {max_tokens: 3000}", "set: {max_token: 3000}"),
        ["unknown training setting 'max_token'", "training.overrides[2].set.max_token"],
    ),
    "unknown system in an override": (
        ("where: {methods: [cats]}", "where: {methods: [cat]}"),
        ["unknown system 'cat'", "training.overrides[0].where.methods[0]", "'cats'?"],
    ),
    "a variant of nothing": (
        ("method: temperature_5, title", "method: temperature_4, title"),
        ["unknown system 'temperature_4'", "systems.temperature_5-x4.method"],
    ),
    "a variant with the name of a system": (
        ("    cats-literal: {", "    famo: {"),
        ["the name of a system of its own", "translation.systems.famo"],
    ),
    "a variant in which nothing differs": (
        ("training: {update_freq: 4}", "training: {}"),
        ["a variant needs 'set' or 'training'", "translation.systems.temperature_5-x4"],
    ),
    "a setting that the method does not have": (
        ("weighting: {period: 20}", "weighting: {periods: 20}"),
        ["unknown setting 'periods' of the method 'cats'", "training.overrides[0]", "'period'?"],
    ),
    "a setting for all systems that only some have": (
        ("probe: {tokens: 50}", "weighting: {period: 20}"),
        ["unknown setting 'period' of the method 'temperature'", "training.defaults"],
    ),
    "a value that the method does not allow": (
        ("set: {mode: literal, period: 7}", "set: {mode: literal, floor: 2.0}"),
        ["'floor' of the method 'cats'", "systems.cats-literal.set"],
    ),
    "an unknown setting of measurements": (
        ("probe: {tokens: 50}", "probe: {token: 50}"),
        ["unknown setting 'token' of measurements", "'tokens'?"],
    ),
    "settings that contradict each other": (
        ("warmup_updates: 10", "warmup_updates: 101"),
        ["warmup_updates must be at most max_updates", "training.defaults"],
    ),
    "a benchmark of other data": (
        ("  models:\n    tiny", "    wmt10: {vocabulary: {size: 9}}\n  models:\n    tiny"),
        ["the benchmark 'wmt10' cannot come from 'data.source: artificial'"],
    ),
    "no sizes": (
        ("      sizes: {largest: 800, ratio: 8.0, dev: 10, test: 20}\n", ""),
        ["'ted8_diverse' has no sizes", "give 'sizes'"],
    ),
    "unknown language": (
        ("languages: [qaa, qac, qab]", "languages: [qaa, qac, qae]"),
        ["unknown language 'qae'", "benchmarks.opus100.languages[2]"],
    ),
    "one embedding for two vocabularies": (
        (
            "wide: {encoder_layers: 1, decoder_layers: 1, width: 16,",
            "wide: {share_embeddings: all, encoder_layers: 1, decoder_layers: 1, width: 16,",
        ),
        ["'wide' shares its source and target embeddings", "experiments[2].models[0]"],
    ),
    "english pieces of a shared vocabulary": (
        ("vocabulary: {size: 100}", "vocabulary: {size: 100, english: 50}"),
        ["a shared vocabulary has no English part", "benchmarks.ted8_diverse.vocabulary"],
    ),
    "a width that heads do not divide": (
        ("width: 8, ffn: 16, heads: 2", "width: 8, ffn: 16, heads: 3"),
        ["width must be a multiple of heads", "translation.models.tiny"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_place_and_remedy(name, tmp_path):
    replacement, words = MISTAKES[name]
    with pytest.raises(UsageError) as caught:
        load_small(tmp_path, replacement)
    text = str(caught.value)
    for word in ("small.yaml:", *words):
        assert word in text
    assert not re.search(r"pydantic|https?:|Value error|Input should", text)


def test_temperature_sampling_has_one_temperature(tmp_path):
    where = ("where: {models: [wide]}", "where: {methods: [temperature_5]}")
    setting = ("set: {max_tokens: 3000}", "set: {sampling_temperature: 3.0}")
    with pytest.raises(UsageError, match="has a temperature of its own"):
        load_small(tmp_path, where, setting)


def test_without_translation_the_other_parts_are_missing(tmp_path):
    text = SMALL[: SMALL.index("translation:")]
    path = tmp_path / "small.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_study(str(path))
    for key in ("tasks", "encoders", "training", "experiments"):
        assert f"missing key '{key}'" in str(caught.value)

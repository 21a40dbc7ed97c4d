# SPDX-License-Identifier: Apache-2.0
"""From tokens to vectors per layer, and what is kept of them; the plane."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from xling.analysis.cka import linear_cka, minibatch_cka
from xling.analysis.projection import joint_pca, joint_tsne
from xling.analysis.representations import (
    Represented,
    first_common_ids,
    first_rows,
    layers_of,
    pooling_of,
    read_language,
    survey,
)
from xling.errors import DataError, SetupError, UsageError
from xling.tasks import TASKS, classification
from xling.tasks.family import Inference

LANGUAGES = ("en", "qaa")


# --- reading ---------------------------------------------------------------------------------


def slow_vectors(model, tokens, row, pooling):
    """One item alone, without padding; by layer."""
    length = tokens.lengths[row]
    batch = tokens.inputs(np.array([row]), 0)
    assert batch["input_ids"].shape == (1, length)
    with torch.inference_mode():
        states = model.eval()(**batch, output_hidden_states=True).hidden_states
    rows = [layer[0].double().numpy() for layer in states]
    return [one.mean(axis=0) if pooling == "mean" else one[0] for one in rows]


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_each_item_is_what_it_is_alone(encoder, pooling):
    model = classification.new_model(encoder.folder / "model", TASKS["xnli"])
    how = Inference(model.config.pad_token_id, "fp32", 200)
    layers = layers_of(2, pooling)
    read = read_language(model, encoder.tokens, "qaa", how, pooling=pooling, layers=layers)
    assert read.ids == tuple(f"r{i}" for i in range(60, 120))
    assert read.states.shape == (len(layers), 60, 16)
    for i in (0, 17, 59):
        alone = slow_vectors(model, encoder.tokens, 60 + i, pooling)
        for layer, own in zip(layers, read.states[:, i], strict=True):
            assert own == pytest.approx(alone[layer], abs=1e-5)


def test_the_first_token_is_the_same_everywhere_before_the_first_layer(encoder):
    assert layers_of(2, "cls") == [1, 2]
    assert layers_of(2, "mean") == [0, 1, 2]
    model = classification.new_model(encoder.folder / "model", TASKS["xnli"])
    how = Inference(model.config.pad_token_id, "fp32", 200)
    (states,) = read_language(model, encoder.tokens, "en", how, pooling="cls", layers=[0]).states
    with pytest.raises(DataError, match="same for all 60 items"):
        linear_cka(states, states)


def test_only_tasks_with_parallel_items():
    assert [pooling_of(task) for task in ("xnli", "pawsx", "xquad", "mlqa")] == [
        *("cls", "cls"),
        *("mean", "mean"),
    ]
    with pytest.raises(UsageError, match="udpos has no parallel test items"):
        pooling_of("udpos")


class Rows:
    """Tokens as far as items are looked up."""

    def __init__(self, *rows):
        self.languages, self.ids = map(list, zip(*rows, strict=True))

    def rows_per_language(self):
        return dict.fromkeys(self.languages)


def test_the_first_window_stands_for_an_item():
    tokens = Rows(("en", "b"), ("en", "b"), ("en", "a"), ("de", "a"), ("en", "c"), ("de", "b"))
    ids, rows = first_rows(tokens, "en")
    assert (ids, rows.tolist()) == (("b", "a", "c"), [0, 2, 4])
    assert first_common_ids(tokens, ["en", "de"], 9) == ("b", "a")
    assert first_common_ids(tokens, ["de", "en"], 1) == ("a",)
    with pytest.raises(DataError, match="no rows of sw"):
        first_rows(tokens, "sw")


# --- survey ----------------------------------------------------------------------------------


def made(ids, seed, layers=3, width=5):
    rng = np.random.default_rng(seed)
    return Represented(tuple(ids), rng.normal(size=(layers, len(ids), width)).astype(np.float32))


def test_survey_compares_shared_items_in_the_same_order():
    read = {"en": made("abcdef", 1), "de": made("fzbadc", 2), "sw": made("abcdef", 3)}
    asked = []

    def one(language):
        asked.append(language)
        return read[language]

    found = survey(one, "en", ["de", "sw"], ["c", "a"])
    assert asked == ["en", "de", "sw"]
    german, english = found["de"], found["en"]
    assert (german.items, german.left_out) == (5, 1)
    # f b a d c of both.
    there, rows = [5, 1, 0, 3, 2], [0, 2, 3, 4, 5]
    for layer in range(3):
        x, y = read["en"].states[layer][there], read["de"].states[layer][rows]
        assert german.cka[layer] == pytest.approx(linear_cka(x, y))
        assert german.centroids[layer] == pytest.approx(y.mean(axis=0), abs=1e-6)
        distances = np.linalg.norm(y - y.mean(axis=0), axis=1)
        assert german.spread[layer] == pytest.approx(np.sqrt(np.mean(distances**2)), rel=1e-5)
    assert german.sample == pytest.approx(read["de"].states[-1][[5, 3]])
    assert english.cka is None
    assert (english.items, english.left_out) == (6, 0)
    assert english.sample == pytest.approx(read["en"].states[-1][[2, 0]])


def test_survey_in_batches():
    read = {"en": made([str(i) for i in range(30)], 1), "de": made([str(i) for i in range(30)], 2)}
    found = survey(read.__getitem__, "en", ["de"], [], batch_size=8)
    expected = minibatch_cka(read["en"].states[1], read["de"].states[1], 8)
    assert found["de"].cka[1] == pytest.approx(expected)


def test_survey_refuses_what_is_not_parallel():
    read = {"en": made("abc", 1), "de": made("xyz", 2)}
    with pytest.raises(DataError, match="CKA of 0 items"):
        survey(read.__getitem__, "en", ["de"], [])
    with pytest.raises(DataError, match="1 of 1 sampled items do not exist in en"):
        survey(read.__getitem__, "en", ["de"], ["x"])


# --- plane -----------------------------------------------------------------------------------


def test_pca_finds_the_plane_that_was_put_in():
    rng = np.random.default_rng(0)
    plane, _ = np.linalg.qr(rng.normal(size=(8, 2)))
    flat = {c: rng.normal(size=(20, 2)) * [5.0, 1.0] + i for i, c in enumerate(LANGUAGES)}
    found = joint_pca({c: points @ plane.T + 7.0 for c, points in flat.items()}, scale=2.0)
    assert sum(found.shares) == pytest.approx(1.0)
    assert found.shares[0] > found.shares[1]
    joined, wanted = (np.concatenate(list(one.values())) for one in (found.points, flat))
    # Distances survive, in the new unit.
    for i, j in ((0, 1), (3, 25), (10, 39)):
        expected = np.linalg.norm(wanted[i] - wanted[j]) / 2.0
        assert np.linalg.norm(joined[i] - joined[j]) == pytest.approx(expected)
    assert joined.mean(axis=0) == pytest.approx([0.0, 0.0], abs=1e-9)


def test_an_axis_does_not_turn_round():
    x = np.random.default_rng(1).normal(size=(30, 6)) * [9, 5, 1, 1, 1, 1]
    points = joint_pca({"en": x}).points["en"]
    assert np.corrcoef(points[:, 0], x[:, 0])[0, 1] > 0.9
    assert np.corrcoef(points[:, 1], x[:, 1])[0, 1] > 0.9
    mirrored = joint_pca({"en": -x}).points["en"]
    assert mirrored == pytest.approx(-points)


def test_no_plane_through_one_point():
    for points in (np.ones((5, 4)), np.eye(4)[:2], np.arange(5.0)[:, None]):
        with pytest.raises(DataError, match="no plane"):
            joint_pca({"en": points})


def test_tsne_keeps_languages_together():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    groups = {c: rng.normal(size=(20, 6)) + 30.0 * i for i, c in enumerate(LANGUAGES)}
    found = joint_tsne(groups, perplexity=8.0)
    assert (found.scale, found.shares) == (None, ())
    centres = [points.mean(axis=0) for points in found.points.values()]
    spread = max(np.linalg.norm(p - p.mean(axis=0), axis=1).max() for p in found.points.values())
    assert np.linalg.norm(centres[0] - centres[1]) > spread
    with pytest.raises(DataError, match="40 points with perplexity 50"):
        joint_tsne(groups, perplexity=50.0)


def test_tsne_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    with pytest.raises(SetupError, match="scikit-learn"):
        joint_tsne({"en": np.eye(4)})

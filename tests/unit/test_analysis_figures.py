# SPDX-License-Identifier: Apache-2.0
"""Figures of the analyses: what is drawn, what is said, and that bytes repeat."""

from __future__ import annotations

import numpy as np
import pytest
from test_figures import words

from xling.analysis.correlation import spearman
from xling.analysis.projection import Projection, joint_pca
from xling.figures.cka import Scatter, cka_by_layer, score_against_cka
from xling.figures.sentence_space import centroid_space, sentence_space
from xling.figures.style import images

SYSTEMS = ("Zero-shot", "X-Mixup")


def curves(languages, layers=3):
    return {
        system: {
            code: [[0.1 * s + 0.01 * i + 0.2 * k for k in range(layers)] for i in range(3)]
            for code in languages
        }
        for s, system in enumerate(SYSTEMS)
    }


def drawn(axes):
    return [tuple(np.round(np.asarray(line.get_ydata(), float), 6)) for line in axes.lines]


def test_a_panel_per_language_with_means_and_seeds():
    figure = cka_by_layer(curves(["qaa", "qab", "qac"]), [0, 1, 2], "XNLI, study toy")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["qaa", "qab", "qac"]
    lines = drawn(figure.axes[0])
    assert len(lines) == 8
    for i in range(3):
        assert (
            round(0.1 + 0.01 * i, 6),
            round(0.3 + 0.01 * i, 6),
            round(0.5 + 0.01 * i, 6),
        ) in lines
    # The mean of X-Mixup's seeds lies on the middle one.
    assert lines.count((0.11, 0.31, 0.51)) == 2


@pytest.mark.parametrize("count", [1, 5, 14])
def test_every_column_of_panels_has_its_layers_named(count):
    figure = cka_by_layer(curves([f"q{i:02d}" for i in range(count)]), [1, 2, 3], "XNLI")
    figure.draw_without_rendering()
    named = [axes.xaxis.get_tick_params()["labelbottom"] for axes in figure.axes]
    assert len(figure.axes) == count
    assert sum(named) == min(count, 5)


def scatter(system, codes, shift):
    cka = {code: shift + 0.05 * i for i, code in enumerate(codes)}
    scores = {code: 60.0 + i for i, code in enumerate(codes)}
    return Scatter(system, scores, cka, spearman(scores, cka))


def test_points_labels_and_correlations():
    figures = [scatter("Zero-shot", ["de", "es", "sw", "zh"], 0.2), scatter("X-Mixup", ["de"], 0.6)]
    made = images(lambda: score_against_cka(figures, "accuracy", "XNLI, study toy"))
    found = words(made["svg"])
    assert [found.count(code) for code in ("de", "es", "sw", "zh")] == [2, 1, 1, 1]
    assert "Zero-shot: ρ = 1.00, p = 0.083, 4 languages" in found
    assert "X-Mixup: no ρ (too few languages: 1)" in found
    assert "accuracy" in found


def test_labels_do_not_cover_each_other():
    codes = "ar bg de el es fr hi ru sw th tr ur vi zh".split()
    rng = np.random.default_rng(0)
    scores = {code: float(rng.normal(70, 3)) for code in codes}
    cka = {code: scores[code] / 100 + float(rng.normal(0, 0.01)) for code in codes}
    figure = score_against_cka([Scatter("X", scores, cka, spearman(scores, cka))], "F1", "XQuAD")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [text.get_window_extent() for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == codes
    for i, one in enumerate(boxes):
        # A unit in the corners is the blank around letters.
        assert not any(one.shrunk(0.8, 0.8).overlaps(b.shrunk(0.8, 0.8)) for b in boxes[:i])
        assert axes.get_window_extent().overlaps(one)


def planes(factor, size):
    rng = np.random.default_rng(1)
    groups = {c: rng.normal(size=(size, 6)) + i for i, c in enumerate(("en", "es", "sw"))}
    return {
        "Zero-shot": joint_pca(groups),
        "X-Mixup": joint_pca({c: p * factor for c, p in groups.items()}),
    }


def test_panels_with_a_unit_share_their_scale():
    figure = sentence_space(planes(0.2, 40), "XNLI, study toy")
    widths = [float(np.ptp(axes.get_xlim())) for axes in figure.axes]
    assert widths[0] == pytest.approx(widths[1])
    for axes in figure.axes:
        points = np.concatenate([np.array(line.get_data()).T for line in axes.lines])
        assert len(points) == 120
        low, high = axes.get_xlim()
        assert low < points[:, 0].min()
        assert points[:, 0].max() < high


def test_panels_without_a_unit_say_so():
    rng = np.random.default_rng(0)
    bare = {
        name: Projection({"en": rng.normal(size=(9, 2)) * size}, (), None)
        for name, size in zip(SYSTEMS, (1.0, 50.0), strict=True)
    }
    figure = sentence_space(bare, "XNLI")
    widths = [float(np.ptp(axes.get_xlim())) for axes in figure.axes]
    assert widths[1] > 5 * widths[0]
    assert "t-SNE: distances have no unit" in words(images(lambda: sentence_space(bare, ""))["svg"])


def test_centroids_are_named_and_the_source_stands_out():
    figure = centroid_space(planes(0.5, 1), "XNLI, study toy")
    for axes in figure.axes:
        assert sorted(text.get_text() for text in axes.texts) == ["en", "es", "sw"]
        colours = [line.get_color() for line in axes.lines]
        assert colours.count("#000000") == 1
        assert len(colours) == 3


def test_equal_figures_give_equal_bytes():
    def draw():
        return centroid_space(planes(0.5, 1), "XNLI")

    assert images(draw) == images(draw)
    assert images(draw)["png"].startswith(b"\x89PNG")

# SPDX-License-Identifier: Apache-2.0
"""X-Mixup's figures by number: which a study has, what is drawn in them, and what is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_figures import words
from xmixup_results import MAIN, analyses_of, artificial_study, plan_of, real_study, records_of

from xling.errors import DataError
from xling.figures import write_figures
from xling.figures import xmixup as figures
from xling.figures.xmixup import draw_figures, planned_figures, sentence_runs
from xling.plan import Run
from xling.tables.xmixup.scores import collect

VARIANT = {
    "ratio-0": {
        "method": "xmixup",
        "title": "X-Mixup, ratio 0",
        "set": {"xmixup": {"set": {"ratio": "fixed", "fixed_ratio": 0.0}}},
    }
}
PAIR = {"methods": ["translate_train", "xmixup"]}


def names(study) -> list[str]:
    return [one.name for one in planned_figures(plan_of(study))]


def test_figures_follow_from_the_plan():
    assert names(artificial_study({"tasks": ["xnli", "xquad", "udpos"]})) == [
        "figure-1-sentences",
        "figure-3-score-cka-xnli",
        "figure-3-score-cka-xquad",
        "figure-4-centroids-xnli",
        "figure-4-centroids-xquad",
        "figure-cka-layers-xnli",
        "figure-cka-layers-xquad",
    ]
    # Without X-Mixup, or with two points, there is nothing to hold side by side.
    assert names(artificial_study({"methods": ["zero_shot"]})) == [
        "figure-3-score-cka-xnli",
        "figure-cka-layers-xnli",
    ]
    two = artificial_study()
    two["tasks"]["xnli"]["languages"] = ["en", "qaa"]
    assert names(two) == ["figure-3-score-cka-xnli", "figure-cka-layers-xnli"]
    assert names(artificial_study({"methods": ["translate_test"]})) == []
    assert names(artificial_study({"paper": "robust"})) == []


def test_figures_of_several_encoders_have_their_names():
    assert names(real_study({"xnli": ["en", "de", "es"]}))[:2] == [
        "figure-1-sentences-mbert",
        "figure-1-sentences-xlmr-large",
    ]


@pytest.mark.parametrize(
    ("blocks", "pair"),
    [
        ([{"seeds": [3, 2]}], [("translate_train", 2), ("xmixup", 2)]),
        ([{"methods": ["zero_shot", "xmixup"]}], [("zero_shot", 1), ("xmixup", 1)]),
        (
            [
                {"methods": ["translate_train"], "seeds": [4]},
                {"methods": ["zero_shot", "xmixup"], "seeds": [1, 4]},
            ],
            [("translate_train", 4), ("xmixup", 4)],
        ),
        (
            [
                {"methods": ["translate_train"], "seeds": [5]},
                {"methods": ["zero_shot", "xmixup"], "seeds": [1]},
            ],
            [("zero_shot", 1), ("xmixup", 1)],
        ),
    ],
)
def test_one_seed_that_both_systems_have_is_drawn(blocks, pair):
    plan = plan_of(artificial_study(*blocks))
    (one,) = [one for one in planned_figures(plan) if one.kind == figures.SENTENCES]
    assert [(run.method, run.seed) for run in one.runs] == pair
    assert sentence_runs(plan) == set(one.runs)


@pytest.fixture(scope="module")
def made():
    """Images of a small study, by name."""
    plan = plan_of(artificial_study({"methods": MAIN}))
    return dict(draw_figures(plan, records_of(plan), analyses_of(plan)))


def test_figures_say_study_encoder_systems_and_seed(made):
    found = {name: " | ".join(words(images["svg"])) for name, images in made.items()}
    assert (
        "XNLI, study made-up, tiny, seed 1: 9 sentences per language" in found["figure-1-sentences"]
    )
    assert (
        "XNLI, study made-up, tiny, seed 1: centroids of languages"
        in found["figure-4-centroids-xnli"]
    )
    for name in ("figure-1-sentences", "figure-4-centroids-xnli"):
        for panel in ("Translate-train-all", "X-Mixup, read alone", "X-Mixup, with translation"):
            assert panel in found[name].split(" | ")
    assert "XNLI, study made-up, tiny" in found["figure-3-score-cka-xnli"].split(" | ")
    assert "X-Mixup, with translation: ρ =" in found["figure-3-score-cka-xnli"]
    assert "read alone" not in found["figure-3-score-cka-xnli"]
    # Borrowed models and ensembles have no representations of their own.
    for text in found.values():
        assert "Translate-test" not in text
        assert "ensembled" not in text


def axes_of(plan, analyses, kind):
    """Return the panels of the only figure of a kind, by title."""
    (one,) = [one for one in planned_figures(plan) if one.kind == kind]
    draw = {
        figures.SENTENCES: figures._sentences,
        figures.SCATTER: figures._scatter,
        figures.CENTROIDS: figures._centroids,
        figures.LAYERS: figures._layers,
    }[kind]
    figure = draw(collect(plan, records_of(plan), analyses), one)
    return {axes.get_title(loc="left"): axes for axes in figure.axes}


def test_the_unit_is_the_spread_of_sentences():
    """Vectors and spread twice as large give the same picture."""
    plan = plan_of(artificial_study(PAIR))
    analyses = analyses_of(plan)
    twice = {
        run: replace(
            one,
            ways={
                way: {
                    code: replace(
                        s,
                        centroids=2 * s.centroids,
                        sample=2 * s.sample,
                        spread=tuple(2 * value for value in s.spread),
                    )
                    for code, s in surveys.items()
                }
                for way, surveys in one.ways.items()
            },
        )
        for run, one in analyses.items()
    }
    for kind in (figures.SENTENCES, figures.CENTROIDS):
        before, after = (axes_of(plan, one, kind) for one in (analyses, twice))
        for title, axes in before.items():
            for line, other in zip(axes.lines, after[title].lines, strict=True):
                np.testing.assert_allclose(line.get_xydata(), other.get_xydata(), atol=1e-9)


def test_scores_stand_over_the_cka_of_items_as_they_were_tested():
    plan = plan_of(artificial_study({"methods": ["xmixup"], "seeds": [1]}))
    analyses = analyses_of(plan)
    (axes,) = axes_of(plan, analyses, figures.SCATTER).values()
    ((one, analysis),) = analyses.items()
    assert one == Run("xmixup", "xmixup", "tiny", "xnli", 1)
    tested = [s.cka[-1] for s in analysis.ways["translate_test"].values() if s.cka]
    assert sorted(axes.lines[0].get_xdata()) == pytest.approx(sorted(tested))


def test_curves_have_a_line_per_system_way_and_seed():
    plan = plan_of(artificial_study(PAIR))
    panels = axes_of(plan, analyses_of(plan), figures.LAYERS)
    assert list(panels) == ["qaa", "qab", "qac", "qad"]
    # Translate-train, X-Mixup alone and tested: two seeds and their mean each.
    assert [len(axes.lines) for axes in panels.values()] == [9, 9, 9, 9]


@pytest.mark.parametrize(
    ("languages", "shown"),
    [
        (["ar", "bg", "en", "es", "sw", "tr"], ["en", "es", "ar", "sw"]),
        (["en", "bg", "de", "el", "es", "fr", "sw"], ["en", "bg", "de", "el", "es"]),
    ],
)
def test_sentences_of_the_papers_languages_are_drawn(languages, shown):
    study = real_study({"xnli": languages})
    study["experiments"][0]["models"] = ["mbert"]
    plan = plan_of(study)
    panels = axes_of(plan, analyses_of(plan), figures.SENTENCES)
    (legend,) = panels["Translate-train-all"].get_figure().legends
    assert [text.get_text() for text in legend.get_texts()] == shown


def test_variants_are_not_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr("xling.figures.draw_figures", lambda *_: ())
    block = {"methods": ["zero_shot", "xmixup", "ratio-0"]}
    plan = plan_of(artificial_study(block, systems=VARIANT))
    _, path = write_figures(plan, records_of(plan), tmp_path)
    found = words(path.read_bytes())
    assert "X-Mixup" in found
    assert "X-Mixup, ratio 0" not in found


def test_a_missing_analysis_is_named():
    plan = plan_of(artificial_study(PAIR))
    analyses = analyses_of(plan)
    lost = Run("xmixup", "xmixup", "tiny", "xnli", 2)
    del analyses[lost]
    with pytest.raises(DataError) as caught:
        list(draw_figures(plan, records_of(plan), analyses))
    assert caught.value.where == lost.path


def test_sentences_that_were_not_kept_are_named():
    plan = plan_of(artificial_study(PAIR))
    analyses = analyses_of(plan, sample=9)
    for run in sentence_runs(plan):
        ways = {
            way: {code: replace(s, sample=s.sample[:0]) for code, s in surveys.items()}
            for way, surveys in analyses[run].ways.items()
        }
        analyses[run] = replace(analyses[run], ways=ways)
    with pytest.raises(DataError, match="needs items that all languages have"):
        list(draw_figures(plan, records_of(plan), analyses))


def test_equal_results_give_equal_bytes(made):
    plan = plan_of(artificial_study({"methods": MAIN}))
    again = dict(draw_figures(plan, records_of(plan)[::-1], analyses_of(plan)))
    assert again == made

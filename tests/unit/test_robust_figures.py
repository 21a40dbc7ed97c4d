# SPDX-License-Identifier: Apache-2.0
"""Figures of robust training, and the distances of parallel examples that one is drawn of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from robust_results import records_of, robust_plan
from xmixup_results import analysis_of

from xling.analysis.embedding_distances import EmbeddingDistances, embedding_distances
from xling.analysis.files import read_analysis, write_analysis
from xling.errors import DataError
from xling.figures import figure_paths, write_figures
from xling.figures.robust import draw_figures, measured_runs, planned_figures
from xling.tasks import TASKS
from xling.tasks.classification import Tokens, new_model
from xling.tasks.family import Inference


@pytest.fixture(scope="module")
def plan():
    return robust_plan()


def measured(plan, run):
    """An analysis with made-up distances."""
    rng = np.random.default_rng(3)
    codes = [code for code in plan.languages(run) if code != "en"]
    far = {code: rng.lognormal(0.2 * i, 0.4, size=50) for i, code in enumerate(codes)}
    apart = EmbeddingDistances("word_embeddings", 2.0, far)
    return replace(analysis_of(plan, run, width=6, sample=4), embeddings=apart)


def test_figures_follow_from_the_plan(plan):
    assert [one.name for one in planned_figures(plan)] == [
        *("figure-pairs-xnli", "figure-pairs-pawsx"),
        *("figure-distance-xnli", "figure-distance-pawsx"),
        *("figure-embeddings-xnli", "figure-embeddings-pawsx"),
        "figure-sweeps-xnli",
    ]
    alone = robust_plan({"tasks": ["xnli"], "methods": ["zero_shot"]}, pairs=False)
    assert [one.name for one in planned_figures(alone)] == ["figure-embeddings-xnli"]


def test_every_figure_is_drawn_the_same_each_time(tmp_path):
    methods = ["zero_shot", "adv"]
    plan = robust_plan(
        {"tasks": ["xnli"], "methods": methods},
        {"tasks": ["xnli"], "methods": ["adv-0.1"], "seeds": [1]},
    )
    records = records_of(plan)
    analyses = {run: measured(plan, run) for run in measured_runs(plan)}
    paths = write_figures(plan, records, tmp_path, analyses)
    assert sorted(paths) == sorted(figure_paths(plan, tmp_path))
    again = dict(draw_figures(plan, records, analyses))
    assert len(again) == 4
    for name, images in again.items():
        for ending, content in images.items():
            assert (tmp_path / "robust" / f"{name}.{ending}").read_bytes() == content
    text = (tmp_path / "robust" / "figure-distance-xnli.svg").read_text(encoding="utf-8")
    assert "ρ" in text
    assert "qad" in text
    assert "radius of ADV" in again["figure-embeddings-xnli"]["svg"].decode()


def test_a_figure_without_distances_is_refused():
    plan = robust_plan({"tasks": ["xnli"], "methods": ["zero_shot"]}, pairs=False)
    with pytest.raises(DataError, match="needs the distances"):
        dict(draw_figures(plan, records_of(plan), {}))


@pytest.mark.parametrize("point", ["word_embeddings", "embedding_output", "last_hidden"])
def test_distances_equal_those_made_row_by_row(encoder, tmp_path, point):
    from xling.tokens import write_tokens

    table = encoder.tokens.dataset.data.table
    # Half of the rows are in another language: they get the ids of the first half.
    ids = encoder.tokens.ids
    half = len(ids) // 2
    renamed = table.set_column(0, "id", [[*ids[:half], *ids[:half]]])
    write_tokens(tmp_path / "t.arrow", renamed, {"task": "xnli"})
    tokens = Tokens.read([tmp_path / "t.arrow"])
    torch.manual_seed(0)
    model = new_model(encoder.folder / "model", TASKS["xnli"]).eval()
    how = Inference(model.config.pad_token_id, "fp32", 300)
    found = embedding_distances(model, tokens, ["qaa"], how, point)

    def states(row):
        names = ("input_ids", "token_type_ids")
        inputs = {
            n: torch.tensor([tokens.dataset[row][n]]) for n in names if n in table.schema.names
        }
        with torch.no_grad():
            if point == "word_embeddings":
                return model.get_input_embeddings()(inputs["input_ids"])[0].numpy()
            hidden = model(**inputs, output_hidden_states=True).hidden_states
        return hidden[0 if point == "embedding_output" else -1][0].numpy()

    english = [states(row) for row in range(half)]
    reference = np.mean(np.linalg.norm(np.concatenate(english), axis=1))
    assert found.reference == pytest.approx(reference, rel=1e-5)
    slow = [
        # The smallest perturbation adds the same to every sub-word.
        np.linalg.norm(np.tile(states(half + i).mean(0) - own.mean(0), (len(own), 1)))
        for i, own in enumerate(english)
    ]
    np.testing.assert_allclose(found.distances["qaa"], np.array(slow) / reference, rtol=1e-4)


def test_distances_are_read_as_they_were_written(plan, tmp_path):
    run = measured_runs(plan)[0]
    analysis = measured(plan, run)
    write_analysis(tmp_path / "a.npz", analysis)
    found = read_analysis(tmp_path / "a.npz").embeddings
    assert (found.point, found.reference) == ("word_embeddings", 2.0)
    for code, values in analysis.embeddings.distances.items():
        np.testing.assert_array_equal(found.distances[code], values.astype(np.float32))
    write_analysis(tmp_path / "b.npz", replace(analysis, embeddings=None))
    assert read_analysis(tmp_path / "b.npz").embeddings is None

# SPDX-License-Identifier: Apache-2.0
"""Analyses of a fairseq checkpoint: what is measured is what fairseq computes."""

from __future__ import annotations

import json
import math
from importlib import util

import pytest
import toy_translation as toy

from xling.errors import DataError

pytestmark = [
    pytest.mark.fairseq,
    pytest.mark.skipif(util.find_spec("fairseq") is None, reason="fairseq is not installed"),
]

GROUPS = {"low": ["qac"], "mid": ["qab"], "high": ["qaa"]}
PAIRS = {code: f"en-{code}" for code in ("qaa", "qab", "qac")}
TOKENS = 60


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A training of a few updates and notes as the stages write them; returns the folder."""
    from xling.mt.cats.settings import preset
    from xling.mt.fairseq import PLUGIN

    root = tmp_path_factory.mktemp("analysis")
    data = toy.write_corpus(root)
    save = root / "run"
    save.mkdir()
    settings = save / "settings.json"
    weighting = preset("relative", period=5).model_dump()
    settings.write_text(
        json.dumps({"method": "cats", "weighting": weighting, "probe": {"tokens": 50}})
    )
    arguments = toy.arguments(
        *(data, save),
        task="cats_translation",
        criterion="cats_label_smoothed_cross_entropy",
        updates=20,
        # Not ReLU: at its kinks gradients jump, which no second derivative knows of.
        options=("--cats-settings", settings, "--dropout", "0.3", "--activation-fn", "gelu"),
        plugin=PLUGIN,
    )
    toy.run_tool(*arguments)
    (save / "model").mkdir()
    (save / "checkpoint_last.pt").rename(save / "model" / "checkpoint.pt")
    notes = {"languages": list(PAIRS), "pairs": PAIRS, "data": "data", "files": {}}
    (root / "note.json").write_text(json.dumps(notes))
    note = {"settings": {"label_smoothing": 0.1}, "selection": {"policy": "last", "step": 20}}
    (save / "train.json").write_text(json.dumps(note))
    line = {"kind": "train", "update": 20, "nll": {"qaa": 4.0}, "tokens": {"qaa": 60, "qab": 20}}
    (save / "history.jsonl").write_text(json.dumps(line | {"factors": {"qab": 2.0}}) + "\n")
    # Not there any more when a finished run is analysed.
    settings.unlink()
    return root


@pytest.fixture(scope="module")
def checkpoint(run):
    from xling.mt.analysis.fairseq_probe import load, twice_differentiable

    with twice_differentiable():
        yield load(run / "run/model/checkpoint.pt", run / "data", PAIRS, 0.1, tokens=TOKENS)


def test_batches_are_of_one_language_each_and_always_the_same(run, checkpoint):
    from xling.mt.analysis.fairseq_probe import load

    for language, batch in checkpoint.batches.items():
        assert batch["ntokens"] >= TOKENS
        assert batch["ntokens"] == int(batch["target"].ne(checkpoint.padding).sum())
        words = {checkpoint.words[int(token)] for token in batch["target"].flatten()}
        assert {word[:3] for word in words - {"<pad>", "</s>"}} == {language}
    # Whatever other languages are asked for.
    one = {"qac": PAIRS["qac"]}
    again = load(run / "run/model/checkpoint.pt", run / "data", one, 0.1, tokens=TOKENS)
    assert again.batches["qac"]["target"].equal(checkpoint.batches["qac"]["target"])


def test_losses_are_those_of_sentences(checkpoint):
    """The mean log-likelihood of the sentences one by one, smoothed by hand."""
    smoothing = checkpoint.smoothing
    for language, batch in checkpoint.batches.items():
        sums, tokens = 0.0, 0
        for (gold, _), count in checkpoint.likelihoods(language):
            sums += float(gold.detach())
            tokens += count
        assert tokens == batch["ntokens"]
        log_probabilities = checkpoint.log_probabilities(batch).detach()
        real = batch["target"].ne(checkpoint.padding)
        uniform = float(log_probabilities[real].mean(1).sum())
        symbols = log_probabilities.shape[-1]
        # fairseq spreads epsilon over the other symbols.
        each = smoothing / (symbols - 1)
        expected = -((1 - smoothing - each) * sums + each * symbols * uniform) / tokens
        assert float(checkpoint.loss(language).detach()) == pytest.approx(expected, rel=1e-5)


def test_products_with_the_hessian_are_differences_of_gradients(checkpoint):
    """Through attention and all else of fairseq's Transformer, in single precision."""
    import torch

    from xling.mt.analysis.curvature import Hessian, scaled
    from xling.mt.analysis.interference import moved
    from xling.mt.gradients import dot

    parameters = list(checkpoint.probed(None).parameters.values())
    hessian = Hessian(checkpoint.loss("qaa"), parameters)
    along = scaled(hessian.gradient, 1 / dot(hessian.gradient, hessian.gradient) ** 0.5)
    product = hessian.times(along)
    sides = []
    for sign in (1, -1):
        with moved(parameters, scaled(along, sign * 1e-3)):
            sides.append(torch.autograd.grad(checkpoint.loss("qaa"), parameters))
    slope = [(ahead - behind) / 2e-3 for ahead, behind in zip(*sides, strict=True)]
    apart = [one - other for one, other in zip(product, slope, strict=True)]
    assert dot(apart, apart) < 1e-4 * dot(product, product)


def test_the_stage_writes_finite_numbers_of_every_language(run, monkeypatch):
    from xling.mt.analysis import fairseq_probe
    from xling.mt.stages.analyse_mt import analyse_mt

    monkeypatch.setattr(fairseq_probe.load, "__kwdefaults__", {"tokens": TOKENS})
    how = {"binarized": run / "note.json", "groups": GROUPS, "threads": 1}
    note = run / "run/train.json"
    found = analyse_mt(train_note=note, output=run / "analysis.json", **how)
    assert json.loads((run / "analysis.json").read_text()) == found
    assert found["update"] == 20
    assert found["trained_shares"] == pytest.approx({"qaa": 0.6, "qab": 0.4, "qac": 0.0})
    assert list(found["curvature"]) == ["qaa", "qab", "qac"]
    for one in found["curvature"].values():
        assert one["fisher_empirical"] > 0
        assert one["fisher_sampled"] > 0
        assert one["top_eigenvalue"]["value"] > 0
    assert found["gradients"]["groups"].keys() == {"all", "embeddings", "encoder", "decoder"}
    for step in found["interference"]:
        rest = step["increase"] - step["linear"]
        expected = step["curvature"] * step["length"] ** 2 / 2
        # The third term is small, and so is what single precision loses.
        assert math.isclose(rest, expected, rel_tol=0.3, abs_tol=2e-5)
    # Again the same, but for time and memory.
    again = analyse_mt(train_note=note, output=run / "again.json", **how)
    changing = ("timing",)
    assert {k: v for k, v in again.items() if k not in changing} == {
        k: v for k, v in found.items() if k not in changing
    }


def test_what_the_model_does_not_know_is_refused(run):
    from xling.mt.analysis.fairseq_probe import load
    from xling.mt.stages.analyse_mt import analyse_mt

    with pytest.raises(DataError, match="does not know the direction 'en-qaz'"):
        load(run / "run/model/checkpoint.pt", run / "data", {"qaz": "en-qaz"}, 0.1)
    with pytest.raises(DataError, match="cannot be read"):
        analyse_mt(
            binarized=run / "none.json",
            train_note=run / "run/train.json",
            groups=GROUPS,
            threads=1,
            output=run / "never.json",
        )

# SPDX-License-Identifier: Apache-2.0
"""All methods train through the plug-in, leave a history, and go on exactly after a kill."""

from __future__ import annotations

import json
import math
from importlib import util
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import toy_translation as toy
from plugin_runs import (
    PERIOD,
    arguments,
    assert_same_weights,
    cats,
    logged_updates,
    two_processes,
    weights,
)

from xling.mt.fairseq.sidecar import read as read_sidecar

pytestmark = [
    pytest.mark.fairseq,
    pytest.mark.skipif(util.find_spec("fairseq") is None, reason="fairseq is not installed"),
]

TELLING = Path(__file__).parent / "telling_plugin"
TEMPERATURE = {"method": "temperature", "weighting": {"temperature": 5.0}}
AT_5 = ("--sampling-temperature", "5")
METHODS = {
    "chi_ibr": {"method": "chi_ibr", "weighting": {"average": 0.5, "radius": 0.5}},
    "gradvac": {"method": "gradvac", "weighting": {"initial": 0.5, "average": 0.3}},
    "group_dro": {"method": "group_dro", "weighting": {"rate": 0.3}},
    "multidds_s": {"method": "multidds_s", "weighting": {"period": PERIOD, "rate": 0.01}},
    "pcgrad": {"method": "pcgrad", "weighting": {}},
}
SURGERY = ("gradvac", "pcgrad")
# 30 sentences are an update or two; a new distribution comes into force soon.
SHORT = ("--virtual-data-size", "120")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy.write_corpus(tmp_path_factory.mktemp("toy"))


def history(save, kind):
    lines = [json.loads(line) for line in (save / "history.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == kind]


# Methods that change nothing: the stock training


def test_temperature_is_the_stock_training(data, tmp_path):
    options = (*AT_5, "--dropout", "0.3", "--update-freq", "2")
    stock = toy.stock(data, tmp_path / "stock", 20, *options)
    ours = cats(data, tmp_path / "ours", 20, *options, **TEMPERATURE)
    assert len(stock) == 20
    assert ours == stock
    assert_same_weights(weights(tmp_path / "stock"), weights(tmp_path / "ours"))
    assert len(read_sidecar(tmp_path / "ours/weighting.jsonl")) == 1


@pytest.mark.parametrize("name", SURGERY)
def test_gradients_with_factors_1_are_those_of_the_stock_training(data, tmp_path, name):
    # Without dropout: it is drawn for each direction's part of a batch.
    options = ("--dropout", "0.0", "--update-freq", "2")
    stock = toy.stock(data, tmp_path / "stock", 20, *options)
    assert len(stock) == 20
    frozen = METHODS[name] | {"frozen": True}
    assert cats(data, tmp_path / "ours", 20, *options, **frozen) == stock


def test_sampling_begins_as_the_stock_training(data, tmp_path):
    # In the first epoch, on the distribution of the data.
    chi = METHODS["chi_ibr"]
    ours = cats(data, tmp_path / "ours", 15, "--dropout", "0.3", **chi)
    assert ours == toy.stock(data, tmp_path / "stock", 15, "--dropout", "0.3")
    assert_same_weights(weights(tmp_path / "stock"), weights(tmp_path / "ours"))


# History


def test_history_of_training_and_validation(data, tmp_path):
    options = (*AT_5, "--log-interval", "4", "--validate-interval-updates", "6")
    printed = cats(data, tmp_path, 12, *options, "--dropout", "0.0", **TEMPERATURE)
    train, valid = history(tmp_path, "train"), history(tmp_path, "valid")
    assert [line["update"] for line in train] == [4, 8, 12]
    assert [line["update"] for line in valid] == [6, 12]
    for line, seen in zip(train, printed, strict=True):
        tokens = line["tokens"]
        # What fairseq prints is the mean over the same updates, in bits.
        for ours, theirs in (("nll", "nll_loss"), ("loss", "loss")):
            total = sum(line[ours][name] * tokens[name] for name in tokens)
            bits = total / sum(tokens.values()) / math.log(2)
            assert bits == pytest.approx(float(seen[theirs]), abs=2e-3)
        assert line["gnorm"] == pytest.approx(float(seen["gnorm"]), abs=2e-3)
        sizes = np.array([toy.SENTENCES[code] for code in toy.LANGUAGES])
        chances = sizes**0.2 / (sizes**0.2).sum()
        assert line["weights"] == pytest.approx(dict(zip(toy.LANGUAGES, chances, strict=True)))
        assert set(line["factors"].values()) == {1.0}
        assert line["seconds"] > 0
    for line in valid:
        assert line["mean_nll"] == pytest.approx(np.mean(list(line["nll"].values())))
        assert line["macro_loss"] == pytest.approx(np.mean(list(line["loss"].values())))
        assert line["macro_loss"] > line["mean_nll"]


def test_best_checkpoint_by_macro_loss(data, tmp_path):
    import torch

    options = ("--save-interval-updates", "4", "--best-checkpoint-metric", "macro_loss")
    # Too large steps: the last checkpoint is not the best.
    cats(data, tmp_path, 24, *options, *AT_5, "--lr", "0.05", **TEMPERATURE)
    losses = {line["update"]: line["macro_loss"] for line in history(tmp_path, "valid")}
    best = torch.load(tmp_path / "checkpoint_best.pt", weights_only=True)
    update = min(losses, key=losses.get)
    assert best["optimizer_history"][-1]["num_updates"] == update
    assert best["extra_state"]["best"] == losses[update]


def test_resumed_history_drops_what_is_done_again(data, tmp_path):
    options = (*AT_5, "--log-interval", "3", "--save-interval-updates", "6", "--dropout", "0.3")
    cats(data, tmp_path / "whole", 12, *options, **TEMPERATURE)
    cats(data, tmp_path / "parts", 6, *options, **TEMPERATURE)
    with (tmp_path / "parts/history.jsonl").open("a") as stream:
        stream.write('{"kind": "train", "update": 9}\n{"kind": "tr')
    cats(data, tmp_path / "parts", 12, *options, **TEMPERATURE)
    whole, parts = (
        [*history(tmp_path / name, "train"), *history(tmp_path / name, "valid")]
        for name in ("whole", "parts")
    )
    for line in (*whole, *parts):
        line.pop("seconds", None)
    assert [line["update"] for line in whole] == [3, 6, 9, 12, 6, 12]
    assert parts == whole


# Methods that change the sampling, the gradients, or weights at every update


@pytest.mark.parametrize("name", METHODS)
def test_a_killed_training_goes_on_the_same(data, tmp_path, name):
    options = (*SHORT, "--dropout", "0.3", "--save-interval-updates", "7", "--log-interval", "7")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    cats(data, whole, 20, *options, **METHODS[name])
    cats(data, parts, 7, *options, **METHODS[name])
    # Killed later: what was written since the checkpoint is done again.
    sidecar = parts / "weighting.jsonl"
    with sidecar.open("a") as stream:
        stream.write(json.dumps(read_sidecar(sidecar)[-1] | {"update": 11}) + "\n")
    cats(data, parts, 20, *options, **METHODS[name])
    assert_same_weights(weights(whole), weights(parts))
    assert sidecar.read_bytes() == (whole / "weighting.jsonl").read_bytes()
    lines = [line["weights"] for line in history(whole, "train")]
    assert lines[0] != lines[-1]


def test_a_learned_distribution_is_drawn_by(data, tmp_path):
    # Rewards differ little on a toy: large steps.
    method = {"method": "multidds_s", "weighting": {"period": PERIOD, "rate": 1.0, "steps": 5}}
    cats(data, tmp_path, 30, *SHORT, "--log-interval", "1", **method)
    lines = history(tmp_path, "train")
    first, last = lines[0]["weights"], lines[-1]["weights"]
    assert first["qaa"] == pytest.approx(400 / 560)
    favoured = max(last, key=lambda code: last[code] / first[code])
    assert last[favoured] > 1.2 * first[favoured]

    def share(some):
        tokens = {code: sum(line["tokens"][code] for line in some) for code in last}
        return tokens[favoured] / sum(tokens.values())

    late = [line for line in lines if line["weights"] == last]
    assert share(late) > share([line for line in lines if line["weights"] == first])


def test_chi_ibr_waits_for_the_first_epoch(data, tmp_path):
    cats(data, tmp_path, 15, *SHORT, "--log-interval", "1", **METHODS["chi_ibr"])
    lines = history(tmp_path, "train")
    changes = [a["weights"] != b["weights"] for a, b in pairwise(lines)]
    assert sum(changes) >= 1
    assert lines[0]["weights"]["qaa"] == pytest.approx(400 / 560)


def test_pcgrad_of_a_batch_by_hand(data, tmp_path):
    """The gradient that is stepped with is the sum of the changed ones, made with vectors."""
    import torch
    from fairseq.optim.fairseq_optimizer import FairseqOptimizer

    from xling.mt.fairseq.plugin.every_update import EveryUpdate
    from xling.mt.fairseq.plugin.task import CatsTranslationTask
    from xling.mt.fairseq.steering import Steering
    from xling.mt.rivals.pcgrad import orders

    args = arguments(data, tmp_path, 1, "--dropout", "0.0", **METHODS["pcgrad"])
    task, model, criterion, batch = toy.built(args)
    assert isinstance(task, CatsTranslationTask)
    parameters = list(model.parameters())
    # Far from the start gradients conflict more.
    with torch.no_grad():
        for parameter in parameters:
            parameter.mul_(3.0)
    criterion.train()
    vectors = []
    for direction in range(3):
        task._factors = torch.eye(3)[direction]
        gradient = torch.autograd.grad(criterion(model, batch)[0], parameters)
        vectors.append(torch.cat([part.flatten() for part in gradient]).double())
    task._factors = torch.ones(3)
    expected = torch.zeros_like(vectors[0])
    for direction, order in enumerate(orders(3, 0, 7)):
        vector = vectors[direction].clone()
        for other in order:
            product = vector @ vectors[other]
            if product < 0:
                vector -= product / (vectors[other] @ vectors[other]) * vectors[other]
        expected += vector
    steering = Steering(
        task.directions, task.settings, tmp_path, ([40, 400, 120], [1, 1, 1], [5, 5, 5])
    )
    optimizer = FairseqOptimizer(None)
    each = EveryUpdate(steering, model, task.target_dictionary.pad())

    def stock(sample):
        loss, size, log = criterion(model, sample)
        optimizer.backward(loss)
        return loss, size, log

    half = {"id", "target", "direction", "net_input"}
    for rows in (slice(0, None, 2), slice(1, None, 2)):
        part = {name: batch[name] for name in half}
        part = {name: value[rows] for name, value in part.items() if name != "net_input"} | {
            "net_input": {name: value[rows] for name, value in batch["net_input"].items()},
            "ntokens": 0,
        }
        each.watch(optimizer, 7)
        each.step(stock, part, ignored=False)
    optimizer.all_reduce_grads(model)
    found = torch.cat([parameter.grad.flatten() for parameter in parameters]).double()
    assert (expected - sum(vectors)).norm() > 1e-3 * expected.norm()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


# Several processes


def test_two_processes_go_on_the_same(data, tmp_path):
    options = (*SHORT, "--dropout", "0.0", "--save-interval-updates", "4")
    method = METHODS["gradvac"]
    for save, updates in (("whole", 8), ("parts", 6), ("parts", 8)):
        two_processes(arguments(data, tmp_path / save, updates, *options, **method))
    assert_same_weights(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_two_processes_draw_the_same(data, tmp_path):
    options = (*SHORT, "--dropout", "0.3")
    texts = two_processes(
        arguments(data, tmp_path, 10, *options, plugin=TELLING, **METHODS["chi_ibr"])
    )
    assert len(logged_updates(texts[0])) == 10
    drawn = [[line for line in text.splitlines() if " drawn " in line] for text in texts]
    assert drawn[0] == drawn[1]
    assert len({line.split(" by ")[-1] for line in drawn[0] if " by " in line}) >= 3

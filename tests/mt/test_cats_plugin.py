# SPDX-License-Identifier: Apache-2.0
"""The fairseq plug-in holds what section 9.5 of CATS' specification asks for."""

from __future__ import annotations

import json
from importlib import util
from pathlib import Path

import pytest
import toy_translation as toy
from plugin_runs import (
    PERIOD,
    arguments,
    assert_same_weights,
    cats,
    failed,
    logged_updates,
    two_processes,
    weights,
)

from xling.mt.fairseq.history import LOSS, NLL, TOKENS
from xling.mt.fairseq.sidecar import read as read_sidecar

pytestmark = [
    pytest.mark.fairseq,
    pytest.mark.skipif(util.find_spec("fairseq") is None, reason="fairseq is not installed"),
]

BROKEN = Path(__file__).parent / "broken_plugin"  # the plug-in, with one infinite measurement


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy.write_corpus(tmp_path_factory.mktemp("toy"))


def alphas(save):
    return [
        record["state"]["weighting"]["alpha"] for record in read_sidecar(save / "weighting.jsonl")
    ]


# Frozen: nothing but the stock training


@pytest.mark.parametrize(
    "options",
    [("--dropout", "0.0"), ("--dropout", "0.3"), ("--dropout", "0.3", "--update-freq", "2")],
    ids=["plain", "dropout", "update-freq"],
)
def test_frozen_equals_stock(data, tmp_path, options):
    stock = toy.stock(data, tmp_path / "stock", 20, *options)
    frozen = cats(data, tmp_path / "cats", 20, *options, frozen=True)
    assert len(stock) == 20
    assert frozen == stock
    # More than is printed: every bit of every weight.
    assert_same_weights(weights(tmp_path / "stock"), weights(tmp_path / "cats"))
    # It did measure, with dropout on.
    updates = [record["update"] for record in read_sidecar(tmp_path / "cats/weighting.jsonl")]
    assert updates == [0, 5, 10, 15, 20]


@pytest.mark.parametrize("probe", ["gram", "twopass", "fd"])
def test_measurements_leave_training_alone_and_agree(data, tmp_path, probe):
    frozen = cats(
        data, tmp_path, 5, "--dropout", "0.3", frozen=True, probe={"kind": probe, "tokens": 100}
    )
    assert frozen == toy.stock(data, tmp_path / "stock", 5, "--dropout", "0.3")
    trace = read_sidecar(tmp_path / "weighting.jsonl")[-1]["trace"]
    assert trace["disagreement"] < (1e-2 if probe == "fd" else 1e-5)


def test_weights_change_training(data, tmp_path):
    learned = cats(data, tmp_path / "cats", 10)
    assert learned != toy.stock(data, tmp_path / "stock", 10)
    first, *_, last = alphas(tmp_path / "cats")
    assert first == [1 / 3] * 3
    assert last != first
    assert sum(last) == pytest.approx(1.0, abs=1e-6)
    assert min(last) >= 0.1 / 3


# Batches and criterion


@pytest.fixture(scope="module")
def built(data, tmp_path_factory):
    """Task, model and criterion without dropout, and a batch of all directions."""
    args = arguments(data, tmp_path_factory.mktemp("built"), 1, "--dropout", "0.0")
    return toy.built(args)


def test_every_sentence_knows_its_direction(built):
    task, _, _, batch = built
    dictionary = task.source_dictionary
    for row, direction in zip(batch["net_input"]["src_tokens"], batch["direction"], strict=True):
        target = task.directions[direction].split("-")[1]
        assert (row == dictionary.index(f"__{target}__")).sum() == 1
    assert set(batch["direction"].tolist()) == {0, 1, 2}


def test_direction_and_id_name_the_sentence(built):
    task, _, _, batch = built
    for place in range(len(batch["id"])):
        part = task.datasets["train"].datasets[batch["direction"][place]]
        expected = part[int(batch["id"][place])]["target"].tolist()
        found = batch["target"][place]
        assert found[found != task.target_dictionary.pad()].tolist() == expected


def test_validation_batches_know_their_directions(built):
    task, *_ = built
    task.load_dataset("valid")
    dataset = task.datasets["valid"]
    batch = dataset.collater([dataset[index] for index in (0, 19, 20, 45, 59)])
    found = sorted(zip(batch["direction"].tolist(), batch["id"].tolist(), strict=True))
    assert found == [(0, 0), (0, 19), (1, 0), (2, 5), (2, 19)]


def test_gradient_is_the_weighted_sum_of_the_parts(built):
    import torch
    from fairseq.criterions.label_smoothed_cross_entropy import LabelSmoothedCrossEntropyCriterion

    task, model, criterion, batch = built
    stock = LabelSmoothedCrossEntropyCriterion(task, sentence_avg=False, label_smoothing=0.1)
    factors = torch.tensor([0.5, 2.0, 7.0])
    parts, losses = [], []
    for direction, factor in enumerate(factors):
        rows = batch["direction"] == direction
        part = {
            "net_input": {key: value[rows] for key, value in batch["net_input"].items()},
            "target": batch["target"][rows],
            "ntokens": int((batch["target"][rows] != task.target_dictionary.pad()).sum()),
        }
        loss, _, _ = stock(model, part)
        losses.append(float(loss.detach()))
        gradient = torch.autograd.grad(loss * factor, list(model.parameters()))
        parts.append(gradient)
    task._factors = factors
    loss, size, _ = criterion.train()(model, batch)
    assert size == batch["ntokens"]
    assert float(loss.detach()) == pytest.approx(float(factors @ torch.tensor(losses)), rel=1e-5)
    whole = torch.autograd.grad(loss, list(model.parameters()))
    for found, *wanted in zip(whole, *parts, strict=True):
        torch.testing.assert_close(found, sum(wanted), rtol=1e-4, atol=1e-3)
    # Validation and what is logged of languages know no weights.
    unweighted, _, logged = criterion.eval()(model, batch)
    assert float(unweighted.detach()) == pytest.approx(sum(losses), rel=1e-5)
    tokens = [int(logged[f"_tokens:{name}"]) for name in task.directions]
    assert sum(tokens) == batch["ntokens"]
    assert min(tokens) > 0
    found = [float(logged[f"_loss:{name}"]) for name in task.directions]
    assert found == pytest.approx(losses, rel=1e-5)


def test_training_batches_are_added_up_by_direction(built):
    task, model, criterion, batch = built
    _, _, logged = criterion.train()(model, batch)
    _, _, named = criterion.eval()(model, batch)
    sums = logged["_sums"]
    for row, prefix in ((LOSS, "_loss:"), (NLL, "_nll:"), (TOKENS, "_tokens:")):
        assert sums[row].tolist() == [float(named[prefix + name]) for name in task.directions]
    assert float(sums[NLL].sum()) == pytest.approx(float(logged["nll_loss"]), rel=1e-6)


def test_log_has_the_same_keys_without_a_direction(built):
    task, model, criterion, batch = built
    criterion.eval()
    dataset = task.datasets["train"].datasets[0]
    one = dataset.collater([dataset[0], dataset[1]])
    one["direction"] = one["id"] * 0
    _, _, logged = criterion(model, one)
    assert logged.keys() == criterion(model, batch)[2].keys()
    assert logged["_tokens:en-qab"] == 0
    assert logged["_nll:en-qaa"] == 0


# Going on


def test_resumed_equals_uninterrupted(data, tmp_path):
    options = ("--dropout", "0.3", "--save-interval-updates", "12")
    cats(data, tmp_path / "whole", 24, *options)
    cats(data, tmp_path / "parts", 12, *options)
    # What a process that was killed after update 15 would have left.
    sidecar = tmp_path / "parts/weighting.jsonl"
    later = read_sidecar(sidecar)[-1] | {"update": 15}
    with sidecar.open("a") as stream:
        stream.write(json.dumps(later) + '\n{"update": 20, "sta')
    cats(data, tmp_path / "parts", 24, *options)
    assert sidecar.read_bytes() == (tmp_path / "whole/weighting.jsonl").read_bytes()
    assert len(set(map(tuple, alphas(tmp_path / "parts")))) == 5
    assert_same_weights(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


def test_resumed_famo_measures_the_same_batches_again(data, tmp_path):
    famo = {"method": "famo", "weighting": {"period": PERIOD}}
    cats(data, tmp_path / "whole", 15, "--dropout", "0.3", **famo)
    for updates in (7, 15):
        cats(data, tmp_path / "parts", updates, "--dropout", "0.3", **famo)
    whole, parts = (
        read_sidecar(tmp_path / name / "weighting.jsonl") for name in ("whole", "parts")
    )
    assert parts == whole
    assert "fall" in whole[2]["trace"]["weighting"]


def test_gradnorm_measures_the_last_layer(data, tmp_path):
    gradnorm = {"method": "gradnorm", "weighting": {"period": PERIOD}}
    cats(data, tmp_path / "norm", 5, **gradnorm)
    cats(data, tmp_path / "all", 5, frozen=True)
    last, everything = (
        read_sidecar(tmp_path / name / "weighting.jsonl")[-1]["trace"]["gradient_norm"]
        for name in ("norm", "all")
    )
    assert all(0 < last[name] < everything[name] for name in last)


def test_other_settings_do_not_go_on(data, tmp_path):
    cats(data, tmp_path, 5)
    code, text = failed(arguments(data, tmp_path, 10, frozen=True))
    assert code == 2
    assert "training was started with another 'settings'" in text


def test_lost_state_is_no_fresh_start(data, tmp_path):
    cats(data, tmp_path, 5)
    (tmp_path / "weighting.jsonl").unlink()
    code, text = failed(arguments(data, tmp_path, 10))
    assert code == 3
    assert "the state of the weighting is missing" in text


# What is refused


@pytest.mark.parametrize(
    ("options", "changes", "text"),
    [
        (("--ddp-backend", "fully_sharded"), {}, "--ddp-backend fully_sharded"),
        (("--checkpoint-activations",), {}, "--checkpoint-activations"),
        (("--sentence-avg",), {}, "--sentence-avg"),
        (("--enable-lang-ids",), {}, "--enable-lang-ids"),
        (
            ("--criterion", "label_smoothed_cross_entropy"),
            {},
            "--criterion label_smoothed_cross_entropy",
        ),
        (("--disable-validation",), {"probe": {"split": "valid"}}, "--disable-validation"),
        (("--fp16",), {"probe": {"kind": "fd"}}, "half precision"),
        ((), {"probe": {"kind": "gramm"}}, "'kind' of the plug-in's settings"),
        ((), {"method": "cat"}, "did you mean 'cats'?"),
        (("--amp",), {"method": "pcgrad", "weighting": {}}, "--amp and the method 'pcgrad'"),
        (
            ("--sampling-temperature", "5"),
            {"method": "multidds_s", "weighting": {}},
            "--sampling-temperature 1",
        ),
        ((), {"method": "temperature", "weighting": {"temperature": 5.0}}, "temperature 5"),
    ],
)
def test_unsupported_options_are_named(data, tmp_path, options, changes, text):
    code, said = failed(arguments(data, tmp_path, 1, *options, **changes))
    assert code == 2
    assert text in said
    assert "do:" in said


# Infinite measurements; several processes


def test_infinite_measurement_is_skipped(data, tmp_path):
    cats(data, tmp_path, 15, plugin=BROKEN)
    records = read_sidecar(tmp_path / "weighting.jsonl")
    assert [record["trace"]["used"] for record in records[1:]] == [True, False, True]
    assert records[2]["state"]["weighting"]["alpha"] == records[1]["state"]["weighting"]["alpha"]
    assert records[2]["state"]["weighting"]["skipped"] == 1
    assert records[2]["trace"]["loss"]["en-qaa"] is None
    assert records[3]["state"]["weighting"]["alpha"] != records[2]["state"]["weighting"]["alpha"]


def test_frozen_equals_stock_in_two_processes(data, tmp_path):
    options = ("--dropout", "0.3", "--update-freq", "2")
    stock = toy.arguments(
        data,
        tmp_path / "stock",
        task="translation_multi_simple_epoch",
        updates=10,
        options=options,
    )
    frozen = arguments(data, tmp_path / "cats", 10, *options, frozen=True)
    expected = logged_updates(two_processes(stock)[0])
    assert len(expected) == 10
    assert logged_updates(two_processes(frozen)[0]) == expected
    assert_same_weights(weights(tmp_path / "stock"), weights(tmp_path / "cats"))


def test_two_processes_agree_and_skip_together(data, tmp_path):
    # The second process alone finds an infinite loss at update 10.
    printed = two_processes(arguments(data, tmp_path, 15, "--dropout", "0.3", plugin=BROKEN))
    computed = [
        [line.split(" computed ")[1] for line in text.splitlines() if " computed " in line]
        for text in printed
    ]
    assert computed[0] == computed[1]
    assert len(computed[0]) == 3
    assert computed[0][0] == computed[0][1] != computed[0][2]
    assert all("update 10: losses or gradients are not finite" in text for text in printed)
    records = read_sidecar(tmp_path / "weighting.jsonl")
    assert [record["trace"]["used"] for record in records[1:]] == [True, False, True]


# Checkpoints are fairseq's own


def test_stock_task_decodes(data, tmp_path):
    cats(data, tmp_path, 5)
    pairs = ",".join(f"en-{code}" for code in toy.LANGUAGES)
    records = toy.run_tool(
        *("generate", data, "--path", tmp_path / "checkpoint_last.pt", "--cpu"),
        *("--task", "translation_multi_simple_epoch", "--gen-subset", "valid"),
        *("--lang-pairs", pairs, "--langs", ",".join(("en", *toy.LANGUAGES))),
        *("--source-lang", "en", "--target-lang", "qab", "--encoder-langtok", "tgt"),
        *("--required-batch-size-multiple", "1", "--results-path", tmp_path, "--max-len-b", "9"),
    )
    text = (tmp_path / "generate-valid.txt").read_text()
    assert sum(line.startswith("H-") for line in text.splitlines()) == 20
    assert records


def test_encoder_weights_are_there_once(built):
    _, model, _, _ = built
    layer = model.encoder.layers[0]
    assert "in_proj_weight" not in dict(layer.named_parameters())
    assert layer.can_use_fastpath is False

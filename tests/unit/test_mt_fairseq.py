# SPDX-License-Identifier: Apache-2.0
"""Starting fairseq, and what the plug-in does without it: settings, probe batches, its file."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import subprocess
import sys
from importlib import metadata, util

import numpy as np
import pytest

from xling.errors import DataError, SetupError, UsageError
from xling.mt.cats.settings import preset
from xling.mt.fairseq import PLUGIN, TOOLS, command, compat, launcher
from xling.mt.fairseq.history import History, languages
from xling.mt.fairseq.probe_batches import draw, generator, target_lengths
from xling.mt.fairseq.settings import CRITERION, PlugInSettings, check_options, read
from xling.mt.fairseq.sidecar import Sidecar
from xling.mt.fairseq.sidecar import read as read_sidecar
from xling.mt.fairseq.steering import SIDECAR, Steering
from xling.mt.rivals import method_settings
from xling.mt.weighting import GradientProducts, Measured

DIRECTIONS = ("en-de", "en-sw", "en-hi")
HERE = util.find_spec("fairseq") is not None


# Launcher and shims


def test_unknown_tool_is_named(capsys):
    assert launcher.main(["trian", "data"]) == 2
    said = capsys.readouterr().err
    assert "no tool 'trian'" in said
    assert "did you mean 'train'?" in said


def test_no_tool_is_named(capsys):
    assert launcher.main([]) == 2
    assert "no fairseq tool is named" in capsys.readouterr().err


def test_missing_fairseq_says_what_to_install(capsys, monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert launcher.main(["train", "data"]) == 4
    said = capsys.readouterr().err
    assert "fairseq is not installed" in said
    assert "envs/fairseq.txt" in said


@pytest.mark.parametrize("version", ["0.12.1", "0.12.4", "1.0.0a0"])
def test_other_versions_are_refused(monkeypatch, version):
    monkeypatch.setattr(metadata, "version", lambda name: version)
    with pytest.raises(SetupError, match=f"fairseq {version} is installed"):
        compat.check_version()


def test_command_runs_the_launcher():
    line = command("score", "--help")
    assert line[1:] == ["-m", "xling.mt.fairseq.launcher", "score", "--help"]
    assert (PLUGIN / "__init__.py").is_file()


def test_only_fairseq_dataclasses_become_hashable(monkeypatch):
    monkeypatch.setattr(dataclasses, "_get_field", dataclasses._get_field)
    part = dataclasses.make_dataclass("Part", [("size", int, 1)])
    with pytest.raises(ValueError, match="mutable default"):
        dataclasses.make_dataclass("Whole", [("part", part, part())])
    compat._allow_unhashable_defaults()
    with pytest.raises(ValueError, match="mutable default"):
        dataclasses.make_dataclass("Whole", [("part", part, part())])
    part.__module__ = "fairseq.dataclass.configs"
    whole = dataclasses.make_dataclass("Whole", [("part", part, part())])
    plain = dataclasses.make_dataclass("Whole", [("part", part, dataclasses.field(default=part()))])
    assert whole().part == plain().part == part()


@pytest.mark.skipif(not HERE, reason="fairseq is not installed")
def test_tools_exist_and_start():
    code = "from xling.mt.fairseq import compat; compat.install(); compat.install()\n" + "".join(
        f"import fairseq_cli.{tool}; fairseq_cli.{tool}.cli_main\n" for tool in TOOLS
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


@pytest.mark.skipif(HERE, reason="fairseq is installed")
def test_package_needs_no_fairseq():
    for name in ("settings", "steering", "sidecar", "probe_batches", "launcher"):
        importlib.import_module(f"xling.mt.fairseq.{name}")
    with pytest.raises(SetupError):
        launcher.run(["train"])


# Settings


def values(**changes):
    cats = preset("relative", period=10).model_dump()
    return {"method": "cats", "weighting": cats, **changes}


def written(tmp_path, content):
    file = tmp_path / "settings.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_settings_survive_a_file(tmp_path):
    settings = read(written(tmp_path, values(probe={"kind": "twopass"}, frozen=True)))
    assert settings.weighting == preset("relative", period=10)
    assert settings.probe.kind == "twopass"
    assert settings.probe.tokens == 500
    assert read(written(tmp_path, settings.model_dump_json())) == settings


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "not usable"),
        ("[]", "not usable"),
        ({"weighting": {}}, "'method'"),
        (values(probes={}), "'probes'"),
        (values(probe={"tokens": 0}), "'tokens'"),
        (values(largest_factor=0.5), "'largest_factor'"),
        (values(method="famo"), "'mode'"),
        (values(method="gradnrom"), "did you mean 'gradnorm'|unknown method"),
    ],
)
def test_wrong_settings_are_named(tmp_path, content, text):
    with pytest.raises(UsageError, match=text):
        read(written(tmp_path, content))


def test_missing_settings_are_named(tmp_path):
    with pytest.raises(DataError, match="settings of the plug-in are missing"):
        read(tmp_path / "none.json")


def options(**changes):
    given = {
        "ddp_backend": "legacy_ddp",
        "criterion": CRITERION,
        "model_parallel_size": 1,
        "extra_data": None,
        **dict.fromkeys(
            ("use_bmuf", "pipeline_model_parallel", "tpu", "sentence_avg", "enable_lang_ids"), False
        ),
        **dict.fromkeys(("disable_validation", "fp16", "bf16", "amp"), False),
        "sampling_method": "temperature",
        "sampling_temperature": "1",
        "load_checkpoint_on_all_dp_ranks": True,
        **dict.fromkeys(
            ("sampling_weights", "sampling_weights_from_file", "virtual_epoch_size"), None
        ),
    }
    return argparse.Namespace(**(given | changes))


def settings(**changes):
    return PlugInSettings(
        **values(weighting=preset("relative", period=10, alpha_rate=0.5)) | changes
    )


@pytest.mark.parametrize(
    "change",
    [{}, {"ddp_backend": "pytorch_ddp"}, {"fp16": True}, {"amp": True}, {"bf16": True}],
)
def test_supported_options_pass(change):
    check_options(options(**change), settings())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"ddp_backend": "fully_sharded"}, "--ddp-backend fully_sharded"),
        ({"ddp_backend": "slowmo"}, "--ddp-backend slowmo"),
        ({"use_bmuf": True}, "--use-bmuf"),
        ({"pipeline_model_parallel": True}, "--pipeline-model-parallel"),
        ({"model_parallel_size": 2}, "--model-parallel-size"),
        ({"tpu": True}, "--tpu"),
        ({"checkpoint_activations": True}, "--checkpoint-activations"),
        ({"offload_activations": True}, "--offload-activations"),
        ({"sentence_avg": True}, "--sentence-avg"),
        ({"enable_lang_ids": True}, "--enable-lang-ids"),
        ({"extra_data": {"mono": "x"}}, "--extra-data"),
        ({"criterion": "cross_entropy"}, "--criterion cross_entropy"),
    ],
)
def test_unsupported_options_are_refused(change, text):
    with pytest.raises(UsageError, match=text):
        check_options(options(**change), settings())


def test_probes_that_cannot_be_taken_are_refused():
    with pytest.raises(UsageError, match="half precision"):
        check_options(options(bf16=True), settings(probe={"kind": "fd"}))
    with pytest.raises(UsageError, match="dev set"):
        check_options(options(disable_validation=True), settings(probe={"split": "valid"}))


# Probe batches


class Lengths:
    """A direction whose sentences are their lengths."""

    def __init__(self, *target, source=3):
        self.sizes = np.array([(source, length) for length in target])

    def __len__(self):
        return len(self.sizes)

    def __getitem__(self, place):
        return int(self.sizes[place, 1])

    def collater(self, items):
        return {"items": items, "ntokens": sum(items)}


def test_probe_batch_has_as_few_sentences_as_reach_the_tokens():
    dataset = Lengths(*range(1, 60))
    for update in range(20):
        items = draw(dataset, 100, (99, 99), generator(1, update, 0))["items"]
        assert sum(items[:-1]) < 100 <= sum(items)
        assert len(set(items)) == len(items)


def test_probe_batch_takes_all_there_is():
    assert sorted(draw(Lengths(4, 5), 100, (99, 99), generator(1, 2, 0))["items"]) == [4, 5]


def test_probe_batch_leaves_out_what_is_too_long():
    dataset = Lengths(4, 50, 5)
    assert target_lengths(dataset, (9, 9)).tolist() == [4, 0, 5]
    assert sorted(draw(dataset, 100, (9, 9), generator(1, 2, 0))["items"]) == [4, 5]
    with pytest.raises(DataError, match="no sentence to measure on"):
        draw(dataset, 100, (2, 9), generator(1, 2, 0))


def test_probe_batches_depend_on_seed_update_and_process_alone():
    dataset = Lengths(*range(1, 60))
    keys = [(1, 5, 0), (2, 5, 0), (1, 6, 0), (1, 5, 1)]
    drawn = [draw(dataset, 99, (99, 99), generator(*key))["items"] for key in keys]
    assert drawn == [draw(dataset, 99, (99, 99), generator(*key))["items"] for key in keys]
    assert len(set(map(tuple, drawn))) == 4


# The file


def test_file_gives_the_last_state_not_after_the_checkpoint(tmp_path):
    file = Sidecar(tmp_path / "x.jsonl", {"seed": 3})
    file.create({"a": 0})
    for update in (10, 20, 30):
        file.append(update, {"a": update / 3}, {})
    assert file.resume(9, 0)["state"] == {"a": 0}
    assert file.resume(25, 20)["state"] == {"a": 20 / 3}
    file.cut(25)
    assert [record["update"] for record in read_sidecar(file.path)] == [0, 10, 20]
    with pytest.raises(DataError, match="after update 30 is missing"):
        file.resume(30, 30)


def test_unfinished_line_does_not_count(tmp_path):
    file = Sidecar(tmp_path / "x.jsonl", {})
    file.create({})
    file.append(10, {}, {})
    with file.path.open("a") as stream:
        stream.write('{"update": 20')
    assert [record["update"] for record in read_sidecar(file.path)] == [0, 10]
    file.cut(10)
    file.append(20, {}, {})
    assert [record["update"] for record in read_sidecar(file.path)] == [0, 10, 20]


@pytest.mark.parametrize(
    "text", ["", "x\n", '{"update": 10}\n', '{"update": 0}\n{"update": 0}\n', '{"a": 0}\n']
)
def test_damaged_file_is_refused(tmp_path, text):
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(DataError, match="damaged"):
        read_sidecar(tmp_path / "x.jsonl")


def test_file_of_another_training_is_refused(tmp_path):
    Sidecar(tmp_path / "x.jsonl", {"seed": 3}).create({})
    with pytest.raises(UsageError, match="another 'seed'"):
        Sidecar(tmp_path / "x.jsonl", {"seed": 4}).resume(5, 0)


# Steering


def steering(folder, sampling=(0.6, 0.3, 0.1), **changes):
    data = ([600, 300, 100], sampling, [10.0, 10.0, 20.0])
    return Steering(DIRECTIONS, settings(**changes), folder, data)


def measured(update, losses=(2.0, 3.0, 4.0)):
    gram = np.diag([1.0, 2.0, 3.0])
    return Measured(update, np.array(losses), GradientProducts.of_gram(gram, np.full(3, 1 / 3)))


def test_factors_are_alpha_over_token_share(tmp_path):
    driven = steering(tmp_path)
    driven.start(main=True)
    # Tokens: 6, 3 and 2 of 11.
    np.testing.assert_allclose(driven.factors, [11 / 18, 11 / 9, 11 / 6])
    assert driven.observe(measured(10))
    driven.agree(driven.weighting.state())
    np.testing.assert_allclose(driven.factors, driven.alpha * 11 / np.array([6, 3, 2]))
    assert not np.allclose(driven.alpha, 1 / 3)


def test_frozen_keeps_factors_one_and_measures_at_the_token_shares(tmp_path):
    driven = steering(tmp_path, frozen=True)
    driven.start(main=True)
    assert driven.observe(measured(10))
    assert not driven.observe(measured(20, (1.0, np.inf, 1.0)))
    driven.agree(driven.weighting.state())
    np.testing.assert_array_equal(driven.factors, 1.0)
    np.testing.assert_allclose(driven.alpha, np.array([6, 3, 2]) / 11)
    assert driven.measured == 10


def test_steering_goes_on_exactly(tmp_path):
    whole, parts = steering(tmp_path / "whole"), steering(tmp_path / "parts")
    for driven in (whole, parts):
        driven.start(main=True)
        for update in (10, 20, 30):
            if driven is parts and update == 30:
                # Killed: another process goes on from a checkpoint of update 24, with the next
                # shard of the data.
                driven = steering(tmp_path / "parts", sampling=(0.5, 0.3, 0.2))
                driven.resume(24)
                driven.cut(24)
            driven.observe(measured(update, (2.0, 3.0 + update, 4.0)))
            driven.agree(driven.weighting.state())
            driven.write(update, {"used": True})
    first, second = ((tmp_path / name / SIDECAR).read_bytes() for name in ("whole", "parts"))
    assert first == second
    assert read_sidecar(tmp_path / "whole" / SIDECAR)[-1]["state"]["measured"] == 30


def with_method(name, **values):
    return {"method": name, "weighting": method_settings(name, values)}


def test_a_method_told_every_update_leaves_a_line_with_each_checkpoint(tmp_path):
    def update(driven, number):
        losses = np.array([2.0, np.nan, 4.0 + number])
        assert driven.observe(Measured(number, losses))

    whole = steering(tmp_path / "whole", **with_method("group_dro", rate=0.1))
    whole.start(main=True)
    for number in range(5):
        update(whole, number)
    # As the loss is 1 where it was not seen, and the shares are of the update before.
    assert whole.factors[2] > 11 / 6
    assert whole.factors[1] < 11 / 9
    parts = steering(tmp_path / "parts", **with_method("group_dro", rate=0.1))
    parts.start(main=True)
    for number in range(3):
        update(parts, number)
    parts.checkpoint(3)
    parts.checkpoint(3)
    parts = steering(tmp_path / "parts", **with_method("group_dro", rate=0.1))
    parts.resume(3)
    for number in (3, 4):
        update(parts, number)
    np.testing.assert_array_equal(parts.factors, whole.factors)
    assert [record["update"] for record in read_sidecar(tmp_path / "parts" / SIDECAR)] == [0, 3]
    with pytest.raises(DataError, match="after update 4 is missing"):
        steering(tmp_path / "parts", **with_method("group_dro", rate=0.1)).resume(4)


def test_a_method_that_chooses_sentences_does_so_by_epoch(tmp_path):
    def told(driven, number):
        rewards = np.array([1.0, 0.0, -1.0])
        assert driven.observe(Measured(number, np.ones(3), rewards=rewards))
        driven.write(number, {})

    method = with_method("multidds_s", period=10, rate=0.01)
    driven = steering(tmp_path, **method)
    driven.start(main=True)
    driven.start_epoch(1)
    told(driven, 10)
    np.testing.assert_allclose(driven.probabilities, [0.6, 0.3, 0.1])
    np.testing.assert_array_equal(driven.factors, 1.0)
    driven.checkpoint(14)
    driven.start_epoch(2)
    chosen = driven.probabilities
    assert chosen[0] > 0.6
    told(driven, 20)
    driven.checkpoint(24)
    # In the first epoch, at its end, and in the second one.
    for update, epochs in ((14, (1, 2)), (14, (2,)), (24, (2,))):
        other = steering(tmp_path, **method)
        other.resume(update)
        for epoch in epochs:
            other.start_epoch(epoch)
        np.testing.assert_array_equal(other.probabilities, chosen)


def test_frozen_methods_change_neither_sampling_nor_gradients(tmp_path):
    driven = steering(tmp_path / "s", frozen=True, **with_method("multidds_s", rate=0.5))
    driven.start(main=True)
    driven.weighting.observe(Measured(1, np.ones(3), rewards=np.array([1.0, 0.0, 0.0])))
    driven.start_epoch(2)
    np.testing.assert_allclose(driven.probabilities, [0.6, 0.3, 0.1])
    driven = steering(tmp_path / "g", **with_method("pcgrad"))
    conflict = np.array([[[1.0, -0.5, 0.0], [-0.5, 1.0, 0.0], [0.0, 0.0, 1.0]]])
    assert driven.observe(Measured(0, np.ones(3), gram=conflict))
    np.testing.assert_allclose(driven.gradient_factors(used=True), [[1.5, 1.5, 1.0]])
    np.testing.assert_allclose(driven.in_force, [1.5, 1.5, 1.0])
    np.testing.assert_array_equal(driven.gradient_factors(used=False), 1.0)


@pytest.mark.parametrize("option", ["fp16", "bf16", "amp"])
def test_gradients_are_changed_in_single_precision_alone(option):
    with pytest.raises(UsageError, match=f"--{option} and the method 'gradvac'"):
        check_options(options(**{option: True}), settings(**with_method("gradvac")))


def test_gradients_are_changed_before_they_are_shared():
    surgery = settings(**with_method("pcgrad"))
    check_options(options(ddp_backend="pytorch_ddp"), surgery)
    check_options(options(ddp_backend="no_c10d"), surgery, processes=2)
    with pytest.raises(UsageError, match="--ddp-backend pytorch_ddp and the method 'pcgrad'"):
        check_options(options(ddp_backend="pytorch_ddp"), surgery, processes=2)


def test_several_processes_must_be_able_to_go_on():
    alone = options(load_checkpoint_on_all_dp_ranks=False)
    check_options(alone, settings())
    with pytest.raises(UsageError, match="could not go on from a checkpoint"):
        check_options(alone, settings(), processes=2)


@pytest.mark.parametrize(
    ("name", "values", "change"),
    [
        ("temperature", {"temperature": 5.0}, {}),
        ("temperature", {"temperature": 1.0}, {"sampling_method": "concat"}),
        ("chi_ibr", {}, {"sampling_temperature": "5"}),
        ("multidds_s", {}, {"sampling_weights": {"a": 1}}),
        ("multidds_s", {}, {"virtual_epoch_size": 10}),
    ],
)
def test_sentences_are_drawn_as_the_method_says(name, values, change):
    check_options(
        options(sampling_temperature=values.get("temperature", 1)),
        settings(**with_method(name, **values)),
    )
    with pytest.raises(UsageError, match=r"drawn as the method|--virtual-epoch-size"):
        check_options(options(**change), settings(**with_method(name, **values)))


# History


def test_languages_of_directions():
    assert languages(["en-de", "hi-en"]) == ["de", "hi"]
    assert languages(["de-fr", "en-de"]) == ["de-fr", "de"]
    assert languages(["en-de", "de-en"]) == ["en-de", "de-en"]


def test_history_has_means_of_tokens_and_is_cut(tmp_path):
    history = History(tmp_path / "history.jsonl", DIRECTIONS)
    history.create()
    sums = np.array([[20.0, 6.0, 0.0], [10.0, 4.0, 0.0], [5.0, 2.0, 0.0]])
    numbers = {"weights": np.ones(3), "factors": np.ones(3), "gnorm": None, "seconds": 2.5}
    for update in (10, 20):
        history.train(update, sums, **numbers)
    history.valid(20, sums)
    lines = [json.loads(line) for line in history.path.read_text().splitlines()]
    assert lines[0]["nll"] == {"de": 2.0, "sw": 2.0, "hi": None}
    assert lines[0]["loss"] == {"de": 4.0, "sw": 3.0, "hi": None}
    assert lines[0]["tokens"] == {"de": 5, "sw": 2, "hi": 0}
    assert lines[0]["gnorm"] is None
    assert (lines[2]["mean_nll"], lines[2]["macro_loss"]) == (2.0, 3.5)
    with history.path.open("a") as stream:
        stream.write('{"kind": "tra')
    assert history.cut(15)
    assert history.path.read_text() == json.dumps(lines[0]) + "\n"
    assert not History(tmp_path / "other.jsonl", DIRECTIONS).cut(15)

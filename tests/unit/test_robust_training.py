# SPDX-License-Identifier: Apache-2.0
"""Trainings of robust methods: the loss, what is saved and noted, votes, and what is planned."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from small_study import load_small

from xling.config.loader import load_study
from xling.config.study import TrainingSettings
from xling.data.tables import read_table
from xling.errors import UsageError
from xling.job_costs import JobCosts
from xling.methods import methods
from xling.papers import KEYS, paper_settings
from xling.plan import Plan, Run
from xling.predict import Split, predict
from xling.robust.scale import mean_embedding_norm
from xling.robust.settings import RobustSettings, VoteSettings
from xling.robust.training import perturbing
from xling.run import train
from xling.tasks import TASKS
from xling.tasks.classification import new_model, score

STUDIES = Path(__file__).parents[2] / "config" / "studies"


def run(encoder, folder: Path, method: str, robust=None, **other):
    values = {"learning_rate": 1e-2, "batch_size": 12, "max_steps": 3, "checkpoint_every": 3}
    train(
        task="xnli",
        method=method,
        settings=TrainingSettings.model_validate(values | {"robust": robust} | other),
        seed=1,
        train_files=[encoder.file],
        languages=["en", "qaa"],
        dev_files=None,
        decoding={},
        encoder_note=encoder.note,
        folder=folder,
        state=folder / "state",
        eval_batch_tokens=4096,
    )
    return load_file(folder / "model" / "model.safetensors")


def close(one, other, atol=1e-6):
    return one.keys() == other.keys() and all(
        torch.allclose(one[k], other[k], atol=atol) for k in one
    )


def note_of(folder):
    return json.loads((folder / "train.json").read_text())


@pytest.fixture(scope="module")
def trained(encoder, tmp_path_factory):
    """Train each wanted model once; return its folder and weights."""

    @cache
    def once(method, **sizes):
        folder = tmp_path_factory.mktemp("trained")
        return folder, run(encoder, folder, method, {method: sizes} if sizes else None)

    return once


ONE_ENCODER = pytest.mark.parametrize("encoder", ["bert"], indirect=True)


@ONE_ENCODER
@pytest.mark.parametrize("method", ["adv", "rs_rp"])
class TestTraining:
    def test_almost_nothing_added_is_the_plain_training(self, trained, method):
        """The same dropout, batches and steps; another size, other weights.

        ADV's draw of a start shifts the dropout that follows, so it starts at zero here; the noise
        of RS-RP does too, so it is held against a noise that is as small.
        """
        if method == "adv":
            _, found = trained("adv", radius=1e-9, random_start=False)
            _, plain = trained("zero_shot")
        else:
            _, found = trained("rs_rp", size=1e-9)
            _, plain = trained("rs_rp", size=1e-10)
        assert close(found, plain, 1e-5)
        large = {"adv": {"radius": 1.0}, "rs_rp": {"size": 2.0}}[method]
        assert not close(trained(method, **large)[1], plain, 1e-4)

    def test_it_repeats_and_notes_settings_and_absolute_sizes(
        self, encoder, trained, tmp_path, method
    ):
        (folder, one), other = trained(method), run(encoder, tmp_path, method)
        assert all(torch.equal(one[name], other[name]) for name in one)
        found = note_of(folder)["robust"]
        model = new_model(encoder.folder / "model", TASKS["xnli"])
        norm = mean_embedding_norm(model.get_input_embeddings().weight, encoder.tokens)
        assert found["method"] == method
        assert found["mean_embedding_norm"] == pytest.approx(norm)
        defaults = RobustSettings()
        assert found["settings"] == getattr(defaults, method).model_dump()
        size = 0.3 * norm if method == "adv" else 0.1
        assert found["radius"] == pytest.approx(size)
        assert found["step_size"] == (pytest.approx(2.5 * size / 3) if method == "adv" else None)

    def test_parts_of_a_batch_give_the_gradient_of_the_whole(self, encoder, tmp_path, method):
        """Without dropout and randomness; each row's perturbation is its own."""
        config = encoder.folder / "model" / "config.json"
        original = config.read_text()
        none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        config.write_text(json.dumps(json.loads(original) | none))
        robust = {"adv": {"random_start": False}, "rs_rp": {"size": 1e-9}}
        try:
            whole = run(encoder, tmp_path / "whole", method, robust, max_steps=2)
            parts = run(encoder, tmp_path / "parts", method, robust, max_steps=2, accumulation=3)
        finally:
            config.write_text(original)
        assert close(whole, parts, 1e-4)


def test_the_mean_norm_counts_english_occurrences(encoder):
    weights = torch.arange(400.0)[:, None].expand(400, 4) / 2  # row i is i long
    tokens = encoder.tokens
    ids = [
        one
        for row, language in zip(tokens.dataset["input_ids"], tokens.languages, strict=True)
        for one in row
        if language == "en"
    ]
    assert set(tokens.languages) > {"en"}
    assert mean_embedding_norm(weights, tokens) == pytest.approx(float(np.mean(ids)))


def test_the_wrapped_model_predicts_as_the_plain_one(encoder):
    model = new_model(encoder.folder / "model", TASKS["xnli"]).eval()
    settings = TrainingSettings(max_steps=1)
    wrapped = perturbing(model, "adv", settings, encoder.tokens).eval()
    batch = encoder.tokens.inputs(np.arange(5), model.config.pad_token_id)
    assert torch.equal(wrapped(**batch).logits, model(**batch).logits)


@ONE_ENCODER
class TestVotes:
    def predict(self, encoder, folder, votes, robust=...):
        note = note_of(folder)
        return predict(
            task="xnli",
            model_folder=folder / "model",
            splits=[Split("test", encoder.file, encoder.prepared)],
            languages=["en"],
            encoder=note["encoder"],
            max_tokens=4096,
            decoding={},
            votes=votes,
            robust=note.get("robust") if robust is ... else robust,
        )[0]

    def test_a_majority_of_readings(self, encoder, trained):
        folder, _ = trained("rs_rp", size=2.0)
        votes = VoteSettings(draws=5)
        found = self.predict(encoder, folder, votes)
        assert set(found["setting"].to_pylist()) == {"smoothed"}
        assert found.equals(self.predict(encoder, folder, votes))
        assert not found.equals(self.predict(encoder, folder, VoteSettings(draws=5, seed=2)))
        counts = np.floor(np.array(found["logits"].to_pylist()))
        assert (counts.sum(axis=1) == 5).all()
        assert len(set(counts.max(axis=1))) > 1  # noise this large divides the votes
        names = TASKS["xnli"].labels
        best = [row[names.index(label)] for row, label in self.chosen(found)]
        assert best == counts.max(axis=1).tolist()
        assert {one.setting for one in score(found, TASKS["xnli"])} == {"smoothed"}

    @staticmethod
    def chosen(found):
        counts = np.floor(np.array(found["logits"].to_pylist()))
        return zip(counts, found["prediction"].to_pylist(), strict=True)

    def test_without_noise_the_vote_is_the_plain_prediction(self, encoder, trained):
        folder, _ = trained("rs_rp", size=1e-9)
        smoothed = self.predict(encoder, folder, VoteSettings(draws=3))
        plain = self.predict(encoder, folder, None)
        assert smoothed["prediction"].to_pylist() == plain["prediction"].to_pylist()
        assert plain["id"].to_pylist() == read_table(encoder.prepared, ["en"])["id"].to_pylist()

    def test_a_model_without_noise_cannot_vote(self, encoder, trained):
        with pytest.raises(UsageError, match="trained with noise"):
            self.predict(encoder, trained("zero_shot")[0], VoteSettings())


GRID = """\
  - paper: xmixup
    methods: [zero_shot, translate_test]
    models: [tiny]
    tasks: [xnli, pawsx]
    seeds: [1, 2]
"""
BOTH = (
    GRID
    + """\
  - paper: robust
    methods: [zero_shot, zero_shot_matched, adv, rs_rp, rs_rp_smoothed, rs_da, wide]
    models: [tiny]
    tasks: [xnli]
    seeds: [1, 3]
"""
)
WIDE = """\
systems:
  wide: {method: adv, title: "ADV, wide", set: {robust: {adv: {radius: 1.0}}}}
experiments:
"""
EPOCHS = ("    max_steps: 10\n", "    epochs: 2\n    robust: {adv: {steps: 5}}\n")


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Plan(load_small((GRID, BOTH), ("experiments:\n", WIDE), EPOCHS).study)


def at(method, seed=1, paper="robust"):
    return Run(paper, method, "tiny", "xnli", seed)


class TestPlan:
    def test_a_paper_alone_uses_the_models_of_the_whole_study(self, plan):
        part = plan.of_paper("robust")
        assert {run.paper for run in part.runs} == {"robust"}
        assert part.runs == [run for run in plan.runs if run.paper == "robust"]
        assert all(part.trained_as(run) == plan.trained_as(run) for run in part.runs)
        assert part.trained_as(at("zero_shot")) in part.trainings
        assert set(part.trainings) < set(plan.trainings)

    def test_what_two_papers_compare_is_trained_once(self, plan):
        assert plan.trained_as(at("zero_shot")) == at("zero_shot", paper="xmixup")
        assert plan.trained_as(at("zero_shot", 3)) == at("zero_shot", 3)
        assert at("zero_shot") not in plan.trainings
        assert at("zero_shot", 3) in plan.trainings
        assert {at("zero_shot"), at("zero_shot", paper="xmixup")} <= set(plan.runs)

    def test_a_vote_reads_the_model_with_noise(self, plan):
        assert plan.trained_as(at("rs_rp_smoothed")) == at("rs_rp")
        assert plan.votes(at("rs_rp_smoothed")) == VoteSettings()
        assert plan.votes(at("rs_rp")) is None
        assert plan.test_settings(at("rs_rp_smoothed")) == ["smoothed"]
        assert at("rs_rp_smoothed") not in plan.analysed

    def test_each_seed_draws_its_own_copies(self, plan):
        for seed in (1, 3):
            wanted = [("xnli", f"train_rs_da-m10-seed{seed}")]
            assert plan.train_splits(at("rs_da", seed)) == wanted
        assert [split for _, split in plan.augmented] == [
            "train_rs_da-m10-seed1",
            "train_rs_da-m10-seed3",
        ]
        assert plan.raw_splits("xnli") == ["test", "train", "translate_test"]
        assert "train_rs_da-m10-seed1" not in plan.uses("xnli")["splits"]
        assert plan.split_languages("xnli", "train_rs_da-m10-seed1") == ["en"]
        assert plan.needs_synonyms

    def test_as_many_updates_as_rs_da(self, plan):
        costs = JobCosts(plan)
        assert plan.settings(at("zero_shot_matched")).epochs == 20
        assert costs.updates(at("rs_da")) == 250  # 500 rows in batches of 4, twice
        assert costs.updates(at("zero_shot_matched")) == 260  # 13 batches, the last one smaller

    def test_settings_of_a_part_are_merged(self, plan):
        found = plan.robust(at("wide")).adv
        assert (found.radius, found.steps) == (1.0, 5)
        assert plan.robust(at("adv")).adv.radius == 0.3

    def test_a_variant_sets_nothing_that_it_does_not_read(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        wrong = WIDE.replace("{adv: {radius", "{rs_rp: {size")
        with pytest.raises(UsageError, match=r"'adv' does not read it[^$]*robust.rs_rp"):
            load_small((GRID, BOTH), ("experiments:\n", wrong), EPOCHS)


class TestShipped:
    def test_updates_of_the_released_recipe(self):
        """The numbers of the released code's logs: 49,401 x 10 and 392,702 x 3 rows."""
        plan = Plan(load_study("paper", studies=STUDIES).study)
        costs = JobCosts(plan)
        for task, updates in (("pawsx", 46_314), ("xnli", 36_816)):
            found = Run("robust", "rs_da", "mbert", task, 7)
            matched = Run("robust", "zero_shot_matched", "mbert", task, 7)
            assert costs.updates(found) == updates
            assert abs(costs.updates(matched) - updates) <= 6

    def test_the_study_follows_the_published_settings(self):
        plan = Plan(load_study("paper", studies=STUDIES).study)
        published = paper_settings("robust")
        seen = set()
        for run_ in plan.runs:
            if run_.paper != "robust" or run_.method not in ("adv", "rs_rp", "rs_da"):
                continue
            seen.add((run_.method, run_.task))
            wanted = published.used("training", run_.task, "mbert")
            if run_.method != "rs_da":
                wanted |= {"epochs": 5}  # ours, XTREME's
            found = plan.settings(run_).model_dump()
            assert {key: found[key] for key in wanted} == wanted, run_.path
            part = plan.robust(run_).model_dump()[run_.method]
            values = published.used("robust", run_.task, "mbert")
            assert {f"{run_.method}.{key}": value for key, value in part.items()} == {
                key: v for key, v in values.items() if key.startswith(f"{run_.method}.")
            }
            assert run_.seed in published.used("run", run_.task, "mbert")["seeds"]
        assert len(seen) == 6

    def test_all_settings_are_spoken_of(self):
        known = set(paper_settings("robust").section("robust", "xnli", "mbert"))
        votes = {key for key in KEYS["robust"] if key.startswith("smoothed.")}
        assert known == KEYS["robust"] - votes

    @pytest.mark.parametrize("name", ["mini", "local-xtreme", "paper"])
    def test_systems_of_the_issue_are_in_the_grid(self, name):
        plan = Plan(load_study(name, studies=STUDIES).study)
        wanted = {"zero_shot", "zero_shot_matched", "adv", "rs_rp", "rs_da"}
        for task in ("xnli", "pawsx"):
            runs = [r for r in plan.runs if r.paper == "robust" and r.task == task]
            assert wanted <= {run_.method for run_ in runs}
            assert all(plan.pairs(r) for r in runs if r.method in wanted)
        if name == "mini":
            main = [r for r in runs if r.method in wanted]
            assert {r.seed for r in main} == {1, 2, 3}

    def test_ours_say_so(self):
        for name in ("zero_shot_matched", "rs_rp_smoothed", "adv_translate_train"):
            assert "ours" in methods()[name].source

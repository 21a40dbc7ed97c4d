# SPDX-License-Identifier: Apache-2.0
"""Published settings, and that the study ``paper`` and the presets of X-Mixup follow them."""

from __future__ import annotations

from pathlib import Path

import pytest

from xling.config.loader import load_study
from xling.config.study import TaskSettings, TrainingSettings, Windows
from xling.costs import PUBLISHED_SHAPES
from xling.errors import DataError, UsageError
from xling.papers import KEYS, PaperSettings, paper_settings, read_paper
from xling.plan import Plan
from xling.reported import model_family
from xling.reported.rows import FAMILIES
from xling.tasks import TASKS
from xling.xmixup.settings import preset

STUDIES = Path(__file__).parents[2] / "config" / "studies"
LAYERS = {FAMILIES[name]: shape.layers for name, shape in PUBLISHED_SHAPES.items()}
SMALL = """\
paper: p
tasks: [xnli]
families: [mbert]
sources: {code: the code}
settings:
  - where: {}
    training:
      epochs: {published: 4, source: code}
      batch_size: {published: 64, source: code}
      weight_decay: {published: null, why: nobody says}
  - where: {tasks: [xnli]}
    training:
      batch_size: {published: 64, source: code, ours: 32, why: memory}
"""


@pytest.fixture(scope="module")
def xmixup() -> PaperSettings:
    return paper_settings("xmixup")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan(load_study("paper", studies=STUDIES).study)


class TestPublished:
    """Values copied by hand from the released scripts (scripts/train.sh at b9730dc)."""

    @pytest.mark.parametrize("family", ["mbert", "xlmr-large"])
    @pytest.mark.parametrize(
        ("task", "rate", "epochs", "batch", "warmup", "alpha", "k", "length", "seed"),
        [
            ("xnli", 5e-6, 4, 64, 0.0, 0.4, 1000, 128, 1234),
            ("pawsx", 5e-6, 4, 64, 0.0, 0.4, 1000, 128, 1234),
            ("udpos", 5e-6, 4, 64, 0.0, 0.8, 1000, 128, 1),
            ("panx", 5e-6, 4, 64, 0.0, 0.8, 1000, 128, 1),
            ("xquad", 5e-6, 2, 32, 0.1, 0.2, 2000, 384, 42),
            ("mlqa", 5e-6, 2, 32, 0.1, 0.2, 2000, 384, 42),
            ("tydiqa", 3e-5, 4, 32, 0.1, 0.2, 2000, 384, 42),
        ],
    )
    def test_schedule(
        self, xmixup, family, task, rate, epochs, batch, warmup, alpha, k, length, seed
    ):
        training = xmixup.published("training", task, family)
        mixing = xmixup.published("xmixup", task, family)
        assert training["learning_rate"] == rate
        assert training["epochs"] == epochs
        assert training["batch_size"] == batch
        assert training["warmup_ratio"] == warmup
        assert (mixing["alpha"], mixing["sampling_k"], mixing["pad_to"]) == (alpha, k, length)
        assert xmixup.published("reading", task, family)["max_length"] == length
        assert xmixup.published("run", task, family)["seeds"] == [seed]

    def test_layer_that_is_not_there(self, xmixup):
        assert xmixup.published("xmixup", "xquad", "xlmr-large")["layer"] == 15
        assert "layer" not in xmixup.published("xmixup", "xquad", "mbert")
        assert xmixup.used("xmixup", "xquad", "mbert")["layer"] == 7

    def test_other_tasks_and_encoders(self, xmixup):
        with pytest.raises(UsageError, match="'tatoeba' is no task"):
            xmixup.used("training", "tatoeba", "mbert")
        with pytest.raises(UsageError, match="'xlmr-base' is no encoder"):
            xmixup.used("training", "xnli", "xlmr-base")


class TestAgreement:
    @pytest.mark.parametrize("family", ["mbert", "xlmr-large"])
    @pytest.mark.parametrize("task", ["xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa"])
    def test_presets(self, xmixup, family, task):
        """`paper` is what we use, `released` is what was published."""
        given = {
            "family": TASKS[task].family,
            "layers": LAYERS[family],
            "max_length": xmixup.used("reading", task, family)["max_length"],
        }
        for name, values in (
            ("paper", xmixup.used("xmixup", task, family)),
            ("released", xmixup.published("xmixup", task, family)),
        ):
            found = preset(name, **given).model_dump()
            assert {key: found[key] for key in values} == values
        # All but what belongs to other ratios, and the rate of a gate that was not trained.
        left_out = KEYS["xmixup"] - set(xmixup.section("xmixup", task, family))
        assert left_out == {"fixed_ratio"}

    def test_study(self, xmixup, plan):
        """X-Mixup's schedule holds for translate-train too: methods are compared, not schedules."""
        compared = set()
        for run in plan.trainings:
            if run.paper != "xmixup" or run.method not in ("translate_train", "xmixup"):
                continue
            family = model_family(plan.study.encoders[run.model])
            assert family is not None
            wanted = xmixup.used("training", run.task, family)
            found = plan.settings(run).model_dump()
            assert {key: found[key] for key in wanted} == wanted, run.path
            compared.add((family, run.task))
        tasks = ("xnli", "pawsx", "xquad", "mlqa", "tydiqa")
        assert compared >= {(family, task) for family in xmixup.families for task in tasks}

    def test_how_the_study_reads_and_runs(self, xmixup, plan):
        runs = [run for run in plan.runs if TASKS[run.task].trained and run.paper == "xmixup"]
        for run in runs:
            encoder = plan.study.encoders[run.model]
            family = model_family(encoder)
            assert plan.reading(run.task) == xmixup.used("reading", run.task, family)
            assert plan.decoding(run.task) == xmixup.used("decoding", run.task, family)
            used = xmixup.used("run", run.task, family)
            assert run.seed in used["seeds"]
            assert encoder.precision == used["precision"]
            assert plan.resources(run).gpu == used["gpus"]

    def test_keys_are_those_of_studies(self):
        windows = set(TaskSettings.model_fields) | set(Windows.model_fields)
        assert KEYS["reading"] | KEYS["decoding"] <= windows
        assert KEYS["training"] < set(TrainingSettings.model_fields)


class TestFile:
    def read(self, tmp_path: Path, *replacements: tuple[str, str]) -> PaperSettings:
        text = SMALL
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path / "p.yaml"
        path.write_text(text, encoding="utf-8")
        return read_paper(path)

    def test_later_blocks_and_unknown_values(self, tmp_path):
        paper = self.read(tmp_path)
        assert paper.used("training", "xnli", "mbert") == {"epochs": 4, "batch_size": 32}
        assert paper.published("training", "xnli", "mbert") == {"epochs": 4, "batch_size": 64}
        assert paper.section("training", "xnli", "mbert")["weight_decay"].why == "nobody says"

    def test_a_null_of_ours_is_a_value(self, tmp_path):
        paper = self.read(tmp_path, ("ours: 32", "ours: null"))
        assert paper.used("training", "xnli", "mbert") == {"epochs": 4, "batch_size": None}

    @pytest.mark.parametrize(
        ("old", "new", "what", "line"),
        [
            ("epochs: {", "epoch: {", "unknown key 'training.epoch'", 6),
            ("{published: 4, source: code}", "{published: 4}", "needs a 'source'", 8),
            ("{published: 4, source: code}", "{source: code}", "Field required", 8),
            (", why: nobody says", "", "needs a 'why'", 10),
            (", why: memory", "", "needs a 'why'", 13),
            ("source: code, ours", "source: book, ours", "unknown source 'book'", 1),
            ("tasks: [xnli]}", "tasks: [nli]}", "unknown task 'nli'", 11),
            ("families: [mbert]", "families: [bert]", "unknown encoder 'bert'", 1),
        ],
    )
    def test_mistakes_name_the_line(self, tmp_path, old, new, what, line):
        with pytest.raises(DataError, match=what) as caught:
            self.read(tmp_path, (old, new))
        assert f"p.yaml:{line}" in caught.value.where

    def test_no_such_paper(self):
        with pytest.raises(UsageError, match="'xmix'") as caught:
            paper_settings("xmix")
        assert caught.value.fix == "did you mean 'xmixup'?"

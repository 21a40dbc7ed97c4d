# SPDX-License-Identifier: Apache-2.0
"""What jobs ask for, against numbers worked out by hand with round constants."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from xling import costs, memory, needs
from xling.cluster.site import Site
from xling.config.loader import load_study
from xling.config.study import Study
from xling.costs import RowSize, Shape
from xling.needs import JobNeeds, Needs
from xling.plan import Plan, Run

STUDIES = Path(__file__).parents[2] / "config" / "studies"
LARGE = costs.PUBLISHED_SHAPES["xlm-roberta-large"]
BASE = costs.PUBLISHED_SHAPES["xlm-roberta-base"]
STUDY = """
name: tiny
description: one encoder, two tasks
data:
  source: artificial
  artificial:
    source_text_share: 0.6
    text_documents: 1000
    languages:
      qaa: {text_share: 0.4}
    sizes:
      xnli: {train: 5000, dev: 100, test: 200}
      bucc2018: {dev: 300, test: 400}
      tatoeba: {test: 250}
tasks:
  xnli: {languages: [en, qaa], max_length: 20}
  bucc2018: {languages: [qaa], max_length: 20}
  tatoeba: {languages: [qaa], max_length: 20, search: {sweep: true}}
encoders:
  tiny:
    source: scratch
    architecture: bert
    vocabulary: 100
    hidden_size: 8
    layers: 2
    heads: 2
    intermediate_size: 16
    pretraining: {steps: 5, batch_size: 4, mask_probability: 0.5, max_length: 10}
training:
  defaults: {learning_rate: 1.0e-3, batch_size: 40, accumulation: 2, max_steps: 10}
experiments:
  - {paper: xmixup, methods: [zero_shot], models: [tiny], tasks: [xnli], seeds: [1, 2]}
  - {paper: xmixup, methods: [mean_pooled], models: [tiny], tasks: [bucc2018, tatoeba], seeds: [1]}
resources: {train_threads: 1, pretrain_threads: 1, eval_batch_tokens: 100}
"""
XNLI = Run("xmixup", "zero_shot", "tiny", "xnli", 1)
BUCC = Run("xmixup", "mean_pooled", "tiny", "bucc2018", 1)
TATOEBA = Run("xmixup", "mean_pooled", "tiny", "tatoeba", 1)
# (100 words + 20 places + 2 segments + 2) * 8, two layers of 600, 8 * 8 + 8 of the pooler: in
# millions, as all memory is with MB = 1.
PARAMETERS = 124 * 8 + 2 * 600 + 72


def plan_of(site=None, **parts):
    """A plan of the study with changed parts, and its needs."""
    values = yaml.safe_load(STUDY)
    for name, changed in parts.items():
        if name in ("resources", "training"):
            where = values["training"]["defaults"] if name == "training" else values[name]
            where |= changed
        else:
            values[name] = changed
    return JobNeeds(Plan(Study.model_validate(values)), site or Site())


@pytest.fixture
def round_constants(monkeypatch):
    """Bytes become MB and margins 1, so that everything can be worked out by hand."""
    sizes = {
        ("artificial", kind): RowSize(10, 3, 1) for kind in ("xnli", "bucc2018", "tatoeba", "text")
    }
    monkeypatch.setattr(costs, "ROW_SIZES", sizes)
    for module, values in (
        (
            memory,
            {
                "MB": 1.0,
                "PYTHON": 7.0,
                "TORCH": 20.0,
                "CUDA_HOST": 50.0,
                "GENERATED": 2.0,
                "OBJECTS": 5.0,
                "COLUMNS": 2.0,
                "ENCODING_BYTES": 30,
                "ENCODED_ROWS": 1_000,
                "SUBWORD_BYTES": 9,
                "ROW_BYTES": 11,
                "LEARNING": 3.0,
                "HEAP": 2.0,
                "SENTENCE_BYTES": 13,
                "CUDA": 80.0,
                "ALLOCATOR": 1.5,
                "LOADED_BYTES": 6,
            },
        ),
        (needs, {"MEMORY_MARGIN": 1.0, "LEAST_MEMORY": 0, "SNAKEMAKE": 0}),
    ):
        for name, value in values.items():
            assert hasattr(module, name)
            monkeypatch.setattr(module, name, value)


def up(value):
    """Memory is asked for in hundreds."""
    return -(-value // 100) * 100


# A layer keeps of a sub-word in a row of 20: 40 * 8 + 8 * 16 + 12 * 2 * 20 bytes.
LAYER = 928
# In a row of 10.
SHORTER = 40 * 8 + 8 * 16 + 12 * 2 * 10


@pytest.mark.usefixtures("round_constants")
class TestMemoryByHand:
    def test_fetch(self):
        # Two languages of 5,300 rows and 200 translations; a folder's files are only read.
        assert plan_of().fetch("xnli").mem_mb == up(7 + 2 * 10_800 * 3)

    def test_prepare(self):
        # The train split has one language, test and text two; the text counts as one.
        found = plan_of()
        assert found.prepare("xnli", "train").mem_mb == up(7 + (5 + 2) * 5_000 * 3)
        assert found.prepare("xnli", "test").mem_mb == up(7 + 5 * 200 * 3 + 2 * 400 * 3)
        assert found.prepare("text", "text").mem_mb == up(7 + (5 + 2) * 1_000 * 3)

    def test_treebanks_are_read_by_several_processes(self):
        size = RowSize(10, 3, 1)
        assert memory.prepared(800, 8, 1, size) == 7 + 5 * 100 * 3 + 2 * 800 * 3
        assert memory.prepared(800, 8, 4, size) == 4 * (7 + 5 * 100 * 3) + 2 * 800 * 3

    def test_tokenize(self):
        found = plan_of()
        # 1,000 of 5,000 rows are there as encodings at a time.
        expected = 7 + 1_000 * 10 * 30 + 2 * 5_000 * (3 + 10 * 5)
        assert found.tokenize("tiny", "xnli", "train").mem_mb == up(expected)
        expected = 7 + 400 * 10 * 30 + 2 * 400 * (3 + 10 * 5)
        assert found.tokenize("tiny", "xnli", "test").mem_mb == up(expected)

    def test_pretrain(self):
        # 4 rows of 10: two layers, and scores of 100 words (12 bytes) for half of the places.
        batch = 40 * 2 * SHORTER + 20 * 100 * 12
        text = 3 * 1_000 * 3 + 1_000 * (10 * 9 + 11)
        assert plan_of().pretrain("tiny").mem_mb == up(20 + 16 * PARAMETERS + text + 2 * batch)
        on_gpu = 20 + 50 + 12 * PARAMETERS + text
        assert plan_of(resources={"gpu": 4}).pretrain("tiny").mem_mb == up(on_gpu)

    def test_train(self):
        # 40 rows in two parts of 20 x 20.
        batch, rows = 400 * 2 * LAYER, 5_000 * (10 * 9 + 11)
        found = plan_of().train(XNLI)
        assert found.mem_mb == up(20 + 16 * PARAMETERS + rows + 2 * batch)
        # On GPUs the batch is elsewhere, and each has a process with its own rows.
        one = 20 + 50 + 12 * PARAMETERS + rows
        assert plan_of(resources={"gpu": 1}).train(XNLI).mem_mb == up(one)
        assert plan_of(resources={"gpu": 3}).train(XNLI).mem_mb == up(3 * one)

    def test_train_looks_at_the_dev_set(self):
        found = plan_of(
            training={"selection": "best_target_dev", "accumulation": 40},
            resources={"eval_batch_tokens": 400},
        )
        # A look at 400 sub-words in one layer is more than an update of 1 x 20 in two.
        rows = 5_200 * (10 * 9 + 11) + 200 * 7 * 3
        assert found.train(XNLI).mem_mb == up(20 + 16 * PARAMETERS + rows + 2 * 400 * LAYER)

    def test_predict(self):
        rows = 400 * (10 * 9 + 11 + 7 * 3)
        found = plan_of()
        assert found.predict(XNLI).mem_mb == up(20 + 6 * PARAMETERS + rows + 2 * 100 * LAYER)
        # A row longer than the batch has its own.
        found = plan_of(resources={"eval_batch_tokens": 5})
        assert found.predict(XNLI).mem_mb == up(20 + 6 * PARAMETERS + rows + 2 * 20 * LAYER)
        found = plan_of(resources={"gpu": 2})
        assert found.predict(XNLI).mem_mb == up(20 + 50 + 6 * PARAMETERS + rows)

    def test_pairs_are_two_texts_and_a_mixed_layer(self):
        block = {"paper": "xmixup", "models": ["tiny"], "tasks": ["xnli"], "seeds": [1]}
        methods = ["xmixup", "translate_train_ensemble"]
        found = plan_of(experiments=[block | {"methods": methods}])
        mixing, ensemble = (Run("xmixup", name, "tiny", "xnli", 1) for name in methods)
        # A target's sub-word beside an ordinary layer: 36 * 8 + 24 * 2 * 20 bytes.
        mixed = 1_248
        # 10,000 rows, their English and back-translations, and English once more for its own rows.
        rows = (10_000 + 5_000 + 5_000 + 5_000) * (10 * 9 + 11)
        batch = 20 * 20 * (2 * 2 * LAYER + mixed)
        assert found.train(mixing).mem_mb == up(20 + 16 * PARAMETERS + rows + 2 * batch)
        # Rows with two English sides; four settings, of which two are means.
        rows = 400 * (3 * (10 * 9 + 11) + 4 * 7 * 3)
        batch = 100 * LAYER + 50 * mixed  # one half of the sub-words is the targets'
        assert found.predict(mixing).mem_mb == up(20 + 6 * PARAMETERS + rows + 2 * batch)
        # An ensemble reads each text by itself and has the means only.
        rows = 400 * (3 * (10 * 9 + 11) + 2 * 7 * 3)
        assert found.predict(ensemble).mem_mb == up(20 + 6 * PARAMETERS + rows + 2 * 100 * LAYER)
        # A pair is never cut, and a GPU has the mixed layer's attention too.
        values = {"resources": {"eval_batch_tokens": 5, "gpu": 1}, "training": {"batch_size": 2}}
        found = plan_of(experiments=[block | {"methods": methods}], **values)
        update = 20 * (2 * 2 * (40 * 8 + 8 * 16) + mixed)
        assert found.gpu_mem_mb(mixing) == 80 + 1.5 * (16 * PARAMETERS + update)
        found = plan_of(
            experiments=[block | {"methods": methods}],
            **(values | {"resources": {"eval_batch_tokens": 5}}),
        )
        rows = 400 * (3 * (10 * 9 + 11) + 4 * 7 * 3)
        batch = 40 * LAYER + 20 * mixed
        assert found.predict(mixing).mem_mb == up(20 + 6 * PARAMETERS + rows + 2 * batch)

    def test_retrieval_holds_vectors(self):
        # Outputs of two layers and of the embeddings, 8 wide.
        batch = 100 * (LAYER + 3 * 4 * 8)
        rows = 700 * (10 * 9 + 11 + 7 * 3 + 13)
        vectors = 3 * 400 * 8 * 4  # three times the larger split, one layer
        expected = 20 + 6 * PARAMETERS + rows + vectors + 2 * batch
        assert plan_of().predict(BUCC).mem_mb == up(expected)
        rows = 500 * (10 * 9 + 11 + 7 * 3 + 13)
        vectors = 3 * 500 * 3 * 8 * 4  # both sides, three layers are scored
        expected = 20 + 6 * PARAMETERS + rows + vectors + 2 * batch
        assert plan_of().predict(TATOEBA).mem_mb == up(expected)

    def test_gpu(self):
        # On a GPU no row of attention is kept.
        batch = 400 * 2 * (40 * 8 + 8 * 16)
        one = plan_of(resources={"gpu": 1})
        assert one.gpu_mem_mb(XNLI) == 80 + 1.5 * (16 * PARAMETERS + batch)
        # Half of the batch, and buckets for the gradients.
        two = plan_of(resources={"gpu": 2})
        assert two.gpu_mem_mb(XNLI) == 80 + 1.5 * (20 * PARAMETERS + batch / 2)

    def test_no_gpu_memory_to_speak_of(self):
        assert plan_of().gpu_mem_mb(XNLI) is None
        assert plan_of(resources={"gpu": 1}).gpu_mem_mb(BUCC) is None


class TestMargins:
    def test_memory(self, monkeypatch):
        for name, value in {"SNAKEMAKE": 300, "MEMORY_MARGIN": 2.0, "LEAST_MEMORY": 700}.items():
            monkeypatch.setattr(needs, name, value)
        monkeypatch.setattr(memory, "PYTHON", 150.0)
        monkeypatch.setattr(memory, "OBJECTS", 0.0)
        monkeypatch.setattr(memory, "COLUMNS", 0.0)
        assert plan_of().prepare("xnli", "test").mem_mb == 700  # of 600
        monkeypatch.setattr(memory, "PYTHON", 230.5)
        assert plan_of().prepare("xnli", "test").mem_mb == 800  # of 761

    def test_minutes(self, monkeypatch):
        monkeypatch.setattr(costs, "PREPARE", 1)
        monkeypatch.setattr(costs, "START", 10)
        # 1,000 rows and 10 seconds, three times: 50.5 minutes.
        assert plan_of().prepare("text", "text").minutes == 51
        assert plan_of().prepare("xnli", "dev").minutes == 15  # of 10.5

    def test_every_attempt_has_twice_the_memory_and_half_as_much_time_again(self):
        found, one = plan_of(), Needs(1_100, 15)
        assert [found.mem_mb(one, n, False) for n in (1, 2, 3)] == [1_100, 2_200, 4_400]
        assert [found.minutes(one, n, True) for n in (1, 2, 3, 4)] == [15, 23, 34, 51]
        assert found.minutes(Needs(1, 2**60 + 2), 2, False) == 3 * (2**59 + 1)

    def test_a_partition_caps_what_is_asked_for(self):
        site = Site.model_validate(
            {
                "cpu": {"max_mem_mb": 3_000, "max_minutes": 40},
                "gpu": {"max_mem_mb": 2_000, "max_minutes": 20},
            }
        )
        found, one = plan_of(site), Needs(1_100, 15)
        assert [found.mem_mb(one, n, False) for n in (1, 2, 3)] == [1_100, 2_200, 3_000]
        assert [found.mem_mb(one, n, True) for n in (1, 2, 3)] == [1_100, 2_000, 2_000]
        assert [found.minutes(one, n, False) for n in (1, 2, 3, 4)] == [15, 23, 34, 40]
        assert [found.minutes(one, n, True) for n in (1, 2, 3)] == [15, 20, 20]


class TestShort:
    @pytest.fixture(autouse=True)
    def _jobs_of_a_minute_and_two(self, monkeypatch):
        monkeypatch.setattr(costs, "START_TORCH", 60.0)
        monkeypatch.setattr(costs, "CPU_SPEED", ((0, 1e99),))
        monkeypatch.setattr(costs, "GPU_SPEED", ((0, 1e99),))
        monkeypatch.setattr(costs, "GPU_UPDATE", ((0, 6.0),))
        monkeypatch.setattr(costs, "SEARCH_SPEED", 1e99)

    @pytest.mark.parametrize(
        ("resources", "train", "predict"),
        [
            ({"gpu": 0, "short_minutes": 1}, True, True),
            ({"gpu": 1, "short_minutes": 1}, False, True),
            ({"gpu": 1, "short_minutes": 2}, True, True),
            ({"gpu": 2, "short_minutes": 2}, False, True),
            ({"gpu": 0, "short_minutes": 0}, False, False),
        ],
    )
    def test_by_estimated_time_and_gpus(self, resources, train, predict):
        found = plan_of(resources=resources)
        assert found.is_short(XNLI, "train") is train
        assert found.is_short(XNLI, "predict") is predict
        assert found.is_short(BUCC, "predict") is predict

    @pytest.mark.parametrize("other", [{"gpu": 0}, {"gpu_type": "a100"}])
    def test_not_where_other_gpus_are_asked_for(self, other):
        overrides = [{"where": {"tasks": ["xnli"]}, "set": other}]
        found = plan_of(resources={"gpu": 1, "short_minutes": 9, "overrides": overrides})
        assert not found.is_short(XNLI, "train")
        assert not found.is_short(XNLI, "predict")
        assert found.is_short(BUCC, "predict")


class TestMonotone:
    def needs_of(self, **changed):
        values = yaml.safe_load(STUDY)
        values["tasks"]["xnli"]["max_length"] = changed.pop("max_length", 20)
        encoder = values["encoders"]["tiny"] | changed.pop("encoder", {})
        return plan_of(tasks=values["tasks"], encoders={"tiny": encoder}, **changed)

    @pytest.mark.parametrize(
        "larger",
        [
            {"encoder": {"hidden_size": 512, "intermediate_size": 2048}},
            {"encoder": {"layers": 200}},
            {"encoder": {"vocabulary": 3_000_000}},
            {"max_length": 512},
            {"training": {"batch_size": 4_000}},
        ],
    )
    def test_more_needs_more(self, larger):
        usual = self.needs_of(resources={"gpu": 1}).gpu_mem_mb(XNLI)
        assert self.needs_of(resources={"gpu": 1}, **larger).gpu_mem_mb(XNLI) > usual
        usual = self.needs_of().train(XNLI)
        more = self.needs_of(**larger).train(XNLI)
        assert more.mem_mb > usual.mem_mb
        assert more.minutes >= usual.minutes

    def test_parts_and_recomputed_activations_need_less(self):
        def train(**training):
            settings = {"batch_size": 8_000, "accumulation": 1} | training
            found = plan_of(training=settings)
            assert plan_of(resources={"gpu": 1}, training=settings).gpu_mem_mb(XNLI)
            return found.train(XNLI).mem_mb

        assert train() > train(accumulation=2) > train(accumulation=8)
        assert train() > train(gradient_checkpointing=True)


class TestGpuMemory:
    """Nothing was measured on a GPU; what is published bounds the estimate."""

    def training(self, shape, rows, length, precision="fp32"):
        batch = memory.activations(
            shape, rows * length, length, precision, gpu=True, recompute=False
        )
        return memory.gpu_training(shape, batch, precision, 1)

    @pytest.mark.parametrize(
        ("rows", "length"), [(64, 64), (32, 128), (16, 256), (14, 320), (12, 384), (6, 512)]
    )
    def test_bert_base_batches_that_fit_twelve_gigabytes(self, rows, length):
        # google-research/bert, README, "Out-of-memory issues": largest batches on a card of 12 GB,
        # in fp32, with kernels that keep attention.
        bert = Shape(768, 12, 3072, 30_522, 512, 2, 12)
        assert 4_000 < self.training(bert, rows, length) < 12_000

    @pytest.mark.parametrize(("rows", "length"), [(12, 64), (6, 128), (2, 256), (1, 320)])
    def test_bert_large_batches_that_fit_twelve_gigabytes(self, rows, length):
        bert = Shape(1024, 24, 4096, 30_522, 512, 2, 16)
        assert 6_000 < self.training(bert, rows, length) < 12_000

    def test_xlmr_large(self):
        # 560 million parameters take 16 bytes each, 9 GB, before the first batch.
        assert 15_000 < self.training(LARGE, 32, 128, "bf16") < 24_000
        assert self.training(LARGE, 32, 128, "bf16") < self.training(LARGE, 32, 128)
        assert self.training(BASE, 32, 128) < 12_000

    def test_what_a_layer_keeps(self):
        def kept(length, heads, gpu=False):
            shape = Shape(128, 2, 512, 500, 258, 1, heads)
            return memory.layer_bytes(shape, length, "fp32", gpu=gpu)

        # Counted by torch's saved_tensors_hooks on a CPU, XLM-R of width 128, bytes a sub-word:
        # rows of 64 with two and four layers; four layers with longer rows; with more heads.  Not
        # counted here: 16 bytes of means and deviations.
        assert kept(64, 4) == pytest.approx((50_312 - 25_704) / 2, abs=16)
        assert kept(256, 4) - kept(128, 4) == pytest.approx((87_146 - 62_580) / 4, abs=16)
        assert kept(128, 8) - kept(128, 4) == pytest.approx((87_156 - 62_580) / 4, abs=16)
        assert kept(256, 8, gpu=True) == kept(64, 4, gpu=True) == 40 * 128 + 8 * 512

    def test_what_the_mixed_layer_keeps(self):
        # Counted the same way, as what mixing adds to an update of two texts of a length, bytes a
        # sub-word of the target.
        for length, heads, counted in ((64, 4, 10_765), (128, 8, 29_196), (256, 8, 53_772)):
            shape = Shape(128, 2, 512, 500, 258, 1, heads)
            assert memory.mixed_bytes(shape, length) == pytest.approx(counted, abs=16)


class TestGivenEncoder:
    def needs_of(self, folder):
        given = {"tiny": {"source": "folder", "path": str(folder)}}
        return plan_of(encoders=given, resources={"gpu": 1})

    def test_an_unknown_one_is_taken_for_a_large_one(self, tmp_path):
        unknown, large = self.needs_of(tmp_path), self.needs_of(tmp_path / "xlm-roberta-large")
        assert unknown.train(XNLI) == large.train(XNLI)
        assert unknown.pretrain("tiny") == large.pretrain("tiny")
        assert unknown.gpu_mem_mb(XNLI) is None
        assert large.gpu_mem_mb(XNLI) > 9_000

    def test_a_known_one_counts_by_its_sizes(self, tmp_path):
        names = (
            "hidden_size",
            "num_hidden_layers",
            "intermediate_size",
            "vocab_size",
            "max_position_embeddings",
            "num_attention_heads",
        )
        config = dict(zip(names, (8, 2, 16, 100, 128, 2), strict=True))
        (tmp_path / "config.json").write_text(json.dumps(config))
        small = self.needs_of(tmp_path)
        large = self.needs_of(tmp_path / "xlm-roberta-large")
        assert small.train(XNLI).mem_mb < large.train(XNLI).mem_mb
        assert small.gpu_mem_mb(XNLI) < 1_000


class TestRealStudies:
    """Peaks of jobs of ``smoke`` and ``mini``; the limit must leave room beside Snakemake."""

    @pytest.mark.parametrize(
        ("study", "rule", "arguments", "peak"),
        [
            # Benchmark files of whole runs on two cores: resident memory in MB.
            ("smoke", "pretrain", ("tiny-bert",), 542),
            ("smoke", "train", (Run("xmixup", "translate_train", "tiny-xlmr", "xnli", 1),), 522),
            ("smoke", "predict", (Run("xmixup", "zero_shot", "tiny-xlmr", "xnli", 2),), 505),
            ("smoke", "tokenize", ("tiny-xlmr", "xnli", "translate_train"), 147),
            ("mini", "fetch", ("xquad",), 64),
            ("mini", "prepare", ("text", "text"), 206),
            ("mini", "prepare", ("xquad", "translate_train"), 187),
            ("mini", "tokenize", ("tiny-xlmr", "pawsx", "translate_train"), 257),
            ("mini", "tokenize", ("tiny-xlmr", "bucc2018", "test"), 214),
            ("mini", "pretrain", ("tiny-xlmr",), 1_269),
            ("mini", "train", (Run("xmixup", "zero_shot", "tiny-xlmr", "xquad", 1),), 662),
            ("mini", "predict", (Run("xmixup", "translate_test", "tiny-xlmr", "xquad", 1),), 658),
            # Pairs, and two English sides of each test row.
            ("mini", "train", (Run("xmixup", "xmixup", "tiny-xlmr", "xnli", 1),), 682),
            ("mini", "predict", (Run("xmixup", "xmixup", "tiny-xlmr", "xnli", 1),), 689),
        ],
    )
    def test_measured_peaks_fit(self, study, rule, arguments, peak):
        found = JobNeeds(Plan(load_study(study, studies=STUDIES).study), Site())
        asked = getattr(found, rule)(*arguments).mem_mb
        assert peak + needs.SNAKEMAKE < asked < 4 * (peak + needs.SNAKEMAKE)

    @pytest.mark.parametrize("study", [path.stem for path in sorted(STUDIES.glob("*.yaml"))])
    def test_every_job_of_every_study_has_needs(self, study):
        plan = Plan(load_study(study, studies=STUDIES).study)
        found = JobNeeds(plan, Site())
        asked = [found.train(run) for run in plan.trainings]
        asked += [found.predict(run) for run in plan.runs]
        asked += [found.pretrain(model) for model in plan.models]
        for task in plan.tasks:
            asked.append(found.fetch(task))
            asked += [found.prepare(task, split) for split in plan.splits(task)]
            asked += [found.tokenize(plan.models[0], task, split) for split in plan.splits(task)]
        for one in asked:
            assert 600 <= one.mem_mb <= 40_000  # what ordinary nodes have
            # Three times the estimate; X-Mixup on XNLI takes half a day of an A100.
            assert 15 <= one.minutes <= 60 * 48


class TestSpeed:
    def test_two_thousand_runs_in_less_than_a_second(self):
        values = yaml.safe_load((STUDIES / "mini.yaml").read_text(encoding="utf-8"))
        values["experiments"][0]["seeds"] = list(range(334))
        plan = Plan(Study.model_validate(values))
        assert len(plan.runs) > 2_000
        assert plan.trainings
        started = time.process_time()
        found = JobNeeds(plan, Site())
        for run in plan.trainings:
            found.mem_mb(found.train(run), 1, True)
            found.minutes(found.train(run), 1, True)
            found.is_short(run, "train")
        for run in plan.runs:
            found.mem_mb(found.predict(run), 1, True)
            found.minutes(found.predict(run), 1, True)
            found.is_short(run, "predict")
        assert time.process_time() - started < 1.0

    def test_no_heavy_import(self):
        heavy = "{'torch', 'transformers', 'pandas', 'datasets', 'matplotlib', 'pyarrow'}"
        code = f"import sys, xling.needs; print(sorted({heavy} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout == "[]\n", done.stderr

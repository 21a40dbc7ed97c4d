# SPDX-License-Identifier: Apache-2.0
"""A teacher labels words; its labels find the rows that are trained on; the jobs are known."""

from __future__ import annotations

import json
import logging
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
import yaml

from xling import cli, costs
from xling.cluster.site import Site
from xling.config.study import Study
from xling.costs import RowSize
from xling.data.tables import SCHEMAS
from xling.errors import DataError, UsageError
from xling.estimate import estimate
from xling.job_costs import JobCosts
from xling.label import Teacher, agreement, label
from xling.needs import JobNeeds
from xling.plan import Plan, Run
from xling.status.jobs import jobs_of
from xling.status.states import State
from xling.status.study import StudyStatus
from xling.tasks import TASKS
from xling.tasks.tagging import Tokens, new_model, tokenize, trained_model
from xling.tokens import write_tokens
from xling.xmixup.soft_labels import SoftLabels, check_labels, labels_table

POS = TASKS["udpos"]
CLASSES = len(POS.labels)
READING = {"max_length": 20}
LANGUAGES = ["qaa", "qab"]
ONE_ENCODER = pytest.mark.parametrize("encoder", ["xlm-roberta"], indirect=True)


def sentences(language, count, seed):
    """Prepared rows, of which every seventh word has no tag and some are several parts long."""
    rng = random.Random(seed)
    rows = []
    for i in range(count):
        size = 60 if i == 3 else rng.choice([1, 2, 4, 7])
        words = [rng.choice("bdgk") + rng.choice("aeo") + rng.choice("lmn") for _ in range(size)]
        tags = ["" if rng.random() < 0.14 else rng.choice(POS.labels) for _ in words]
        rows.append((f"{i}", language, words, tags, None))
    return rows


def write(path, encoder, rows, split):
    """Tokenise and write rows as a split."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    table = pa.table(dict(zip(SCHEMAS["tagging"].names, columns, strict=True)), SCHEMAS["tagging"])
    tokens = tokenize(table, encoder.folder / "tokenizer.json", POS, READING)
    write_tokens(path, tokens, {"task": "udpos", "split": split, "reading": READING})
    return path


@pytest.fixture(scope="module")
def work(encoder, tmp_path_factory):
    """Tokens of English and of translations, and a teacher that has learned nothing."""
    folder = tmp_path_factory.mktemp("label")
    translated = [row for seed, code in enumerate(LANGUAGES) for row in sentences(code, 14, seed)]
    torch.manual_seed(3)
    new_model(encoder.folder / "model", POS).save_pretrained(folder / "run" / "model")
    note = {
        "encoder": json.loads(encoder.note.read_text()),
        "train_data": [{"task": "udpos", "split": "train"}],
    }
    (folder / "run" / "train.json").write_text(json.dumps(note))
    return SimpleNamespace(
        folder=folder,
        english=write(folder / "train.arrow", encoder, sentences("en", 14, 9), "train"),
        translated=write(folder / "translated.arrow", encoder, translated, "translate_train"),
        teacher=Teacher(folder / "run" / "model", note),
    )


def made(work, languages=LANGUAGES, **other):
    values = {"task": "udpos", "teacher": work.teacher, "tokens_files": [work.translated]}
    return label(**values | {"languages": languages, "max_tokens": 100} | other)


@pytest.fixture
def labelled(work, tmp_path):
    """The file of the teacher's labels."""
    table, info = made(work)
    write_tokens(tmp_path / "labels.arrow", table, info)
    return tmp_path / "labels.arrow"


# --- the stage ----------------------------------------------------------------------------------


def test_a_word_has_the_probabilities_at_its_first_sub_word(work):
    """Against one row after the other, without padding; words without a tag have some too."""
    table, _ = made(work)
    model = trained_model(work.teacher.folder, POS).eval()
    tokens = Tokens.read([work.translated])
    assert table.select(["id", "language", "part"]).to_pydict() == {
        name: list(tokens.dataset[name]) for name in ("id", "language", "part")
    }
    assert max(tokens.parts) > 1
    for row, found in zip(tokens.dataset, table["probabilities"].to_pylist(), strict=True):
        with torch.no_grad():
            logits = model(torch.tensor([row["input_ids"]])).logits[0, row["positions"]]
        expected = torch.softmax(logits, -1)
        assert len(found) == len(row["labels"])
        torch.testing.assert_close(torch.tensor(found).view(-1, CLASSES), expected)


@ONE_ENCODER
def test_the_file_says_who_labelled_what(work, encoder, caplog):
    with caplog.at_level(logging.INFO, "xling.label"):
        table, info = made(work, languages=["qab"])
    assert set(table["language"].to_pylist()) == {"qab"}
    assert info["task"] == "udpos"
    assert info["labels"] == list(POS.labels)
    assert info["data"] == [{"task": "udpos", "split": "translate_train", "reading": READING}]
    assert info["teacher"]["trained_on"] == ["udpos train"]
    assert info["teacher"]["encoder"] == json.loads(encoder.note.read_text())["sha256"]
    assert [len(digits) for digits in info["teacher"]["weights"].values()] == [64]
    assert list(info["agreement"]) == ["qab"]
    assert f"{info['agreement']['qab']['words']} words with a tag" in caplog.text


@ONE_ENCODER
def test_agreement_is_counted_over_words_with_a_carried_tag(work):
    tokens = Tokens.read([work.translated])
    rows = np.flatnonzero(np.asarray(tokens.languages) == "qab")[:4]
    carried = [tag for row in rows for tag in tokens.dataset[int(row)]["labels"]]
    sure = np.eye(CLASSES, dtype=np.float32)[[max(0, tag) for tag in carried]]
    known = [place for place, tag in enumerate(carried) if tag >= 0]
    assert len(known) < len(carried)
    assert agreement(tokens, rows, sure) == {"qab": {"words": len(known), "share": 1.0}}
    # One known word is wrong; that unknown words change does not matter.
    sure[known[0]] = np.roll(sure[known[0]], 1)
    for place in set(range(len(carried))) - set(known):
        sure[place] = np.roll(sure[place], 1)
    share = round((len(known) - 1) / len(known), 6)
    assert agreement(tokens, rows, sure)["qab"] == {"words": len(known), "share": share}


@ONE_ENCODER
def test_the_verb_writes_the_same_bytes_twice(work, tmp_path):
    train_note = work.folder / "run" / "train.json"
    files = [tmp_path / "a.arrow", tmp_path / "b.arrow"]
    for file in files:
        call = ["label", "--task", "udpos", "--train-note", train_note, "--tokens", work.translated]
        call += ["--languages", *LANGUAGES, "--eval-batch-tokens", "100", "--output", file]
        assert cli.main([str(part) for part in call]) == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    with pa.ipc.open_stream(files[0].read_bytes()) as stream:
        assert stream.read_all().equals(made(work)[0])


@ONE_ENCODER
def test_who_cannot_teach_and_what_cannot_be_labelled(work, encoder, tmp_path):
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    (mixed / "xmixup.json").write_text("{}")
    with pytest.raises(UsageError, match="a model of X-Mixup cannot label") as caught:
        made(work, teacher=Teacher(mixed, work.teacher.note))
    assert str(mixed) in caught.value.where
    with pytest.raises(DataError, match="have no row in 'qac'") as lacking:
        made(work, languages=["qaa", "qac"])
    assert str(work.translated) in lacking.value.where
    with pytest.raises(DataError, match="are of udpos"):
        made(work, task="panx")
    assert cli.main(["label", "--task", "udpos", *_given(work, tmp_path, "qac")]) == 3
    with pytest.raises(SystemExit):
        cli.main(["label", "--task", "xnli", *_given(work, tmp_path, "qaa")])


def _given(work, folder, language):
    train_note = work.folder / "run" / "train.json"
    call = ["--train-note", train_note, "--tokens", work.translated, "--languages", language]
    return [str(part) for part in (*call, "--output", folder / "out.arrow")]


# --- labels of training rows --------------------------------------------------------------------


def read(work, path, languages=("en", *LANGUAGES)):
    target = Tokens.read([work.english, work.translated], languages)
    return SoftLabels.read(path, POS, target), target


@ONE_ENCODER
@pytest.mark.parametrize("chunk", [4, 10_000])
def test_rows_have_the_labels_of_their_part(work, tmp_path, monkeypatch, chunk):
    """Whatever the order in the file, and in how many pieces it was written."""
    monkeypatch.setattr("xling.tokens.ROWS_PER_CALL", chunk)
    table, info = made(work)
    order = np.random.default_rng(1).permutation(len(table))
    write_tokens(tmp_path / "labels.arrow", table.take(order), info)
    labels, target = read(work, tmp_path / "labels.arrow")
    by_key = {(r["language"], r["id"], r["part"]): r["probabilities"] for r in table.to_pylist()}
    assert len(labels) == len(target)
    for number, row in enumerate(target.dataset):
        found = labels[number]
        assert found.dtype == np.float32
        if row["language"] == "en":
            hot = [[float(c == tag) for c in range(CLASSES)] for tag in row["labels"]]
            assert found.tolist() == hot
        else:
            expected = by_key[row["language"], row["id"], row["part"]]
            assert found.tolist() == expected
    assert any(-100 in row["labels"] for row in target.dataset if row["language"] == "en")


@ONE_ENCODER
def test_languages_that_are_not_trained_on_may_be_labelled(work, labelled):
    labels, target = read(work, labelled, ["en", "qab"])
    assert set(target.languages) == {"en", "qab"}
    assert len(labels[len(target) - 1]) == len(target.dataset[len(target) - 1]["labels"])
    used = labels.used
    assert used["file"] == str(labelled)
    assert used["teacher"]["trained_on"] == ["udpos train"]
    assert set(labels.agreement) == set(LANGUAGES)


@ONE_ENCODER
def test_a_row_without_labels_is_named(work, tmp_path):
    table, info = made(work)
    rows = [r for r in table.to_pylist() if (r["language"], r["id"]) != ("qab", "3")]
    assert len(table) - len(rows) > 1
    path = tmp_path / "labels.arrow"
    write_tokens(path, pa.Table.from_pylist(rows, table.schema), info)
    with pytest.raises(DataError, match="part 1 of a translated sentence has no labels") as caught:
        read(work, path)
    assert f"and {len(table) - len(rows) - 1} more" in caught.value.what
    assert caught.value.where == f"{path}; language qab, id 3"
    # English rows need none.
    assert len(read(work, path, ["en", "qaa"])[0])


@ONE_ENCODER
def test_labels_of_something_else_are_refused(work, tmp_path):
    table, info = made(work)
    path = tmp_path / "labels.arrow"
    rows = table.to_pylist()

    def refused(changed_rows, **changed_info):
        write_tokens(path, pa.Table.from_pylist(changed_rows, table.schema), info | changed_info)
        with pytest.raises(DataError) as caught:
            read(work, path)
        assert str(path) in caught.value.where
        return caught.value

    short = [dict(row) for row in rows]
    short[5]["probabilities"] = short[5]["probabilities"][1:]
    error = refused(short)
    assert "another number of words" in error.what
    assert error.where.endswith(f"language {rows[5]['language']}, id {rows[5]['id']}")
    assert "twice" in refused([*rows, rows[2]]).what
    assert "are of panx" in refused(rows, task="panx").what
    assert "other classes" in refused(rows, labels=list(reversed(POS.labels))).what
    foreign = [{**info["data"][0], "reading": {"max_length": 99}}]
    assert "(udpos translate_train) is not what is trained on" in refused(rows, data=foreign).what
    for content in (b"", b"not arrow"):
        path.write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            read(work, path)
    with pytest.raises(DataError, match="cannot be read"):
        read(work, work.translated)


@ONE_ENCODER
def test_a_sentence_without_words_has_no_labels(work, encoder, tmp_path):
    rows = [("0", "en", ["bal"], ["NOUN"], None), ("0", "qaa", [], [], None)]
    tokens = Tokens.read([write(tmp_path / "t.arrow", encoder, rows, "translate_train")])
    table = labels_table(tokens, np.array([1]), np.empty((0, CLASSES), np.float32))
    info = made(work)[1] | {"data": []}
    write_tokens(tmp_path / "labels.arrow", table, info)
    labels = SoftLabels.read(tmp_path / "labels.arrow", POS, tokens)
    assert labels[1].shape == (0, CLASSES)


@pytest.mark.parametrize(
    ("task", "paired", "teacher", "given", "problem"),
    [
        ("udpos", True, "zero_shot", True, ""),
        ("panx", True, None, False, ""),
        ("xnli", True, "zero_shot", False, ""),
        ("udpos", False, "zero_shot", False, ""),
        ("udpos", True, "zero_shot", False, "labelled by 'zero_shot', and no labels are given"),
        ("udpos", True, None, True, "its setting 'teacher' is null"),
        ("xnli", True, "zero_shot", True, "only X-Mixup on tagged words reads any"),
        ("udpos", False, "zero_shot", True, "only X-Mixup on tagged words reads any"),
    ],
)
def test_labels_are_given_where_they_are_read(tmp_path, task, paired, teacher, given, problem):
    file = tmp_path / "labels.arrow" if given else None
    arguments = {"paired": paired, "teacher": teacher, "labels_file": file}
    if not problem:
        check_labels(TASKS[task], **arguments)
        return
    with pytest.raises(UsageError, match=problem) as caught:
        check_labels(TASKS[task], **arguments)
    assert "--soft-labels" in caught.value.where


# --- jobs ---------------------------------------------------------------------------------------

STUDY = """
name: tiny
description: two tasks, one of them tagging
data:
  source: artificial
  artificial:
    source_text_share: 0.6
    text_documents: 1000
    languages:
      qaa: {text_share: 0.2}
      qab: {text_share: 0.2}
    sizes:
      udpos: {train: 5000, dev: 100, test: 200}
      xnli: {train: 5000, dev: 100, test: 200}
tasks:
  udpos: {languages: [en, qaa, qab], max_length: 20}
  xnli: {languages: [en, qaa, qab], max_length: 20}
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
  defaults: {learning_rate: 1.0e-3, batch_size: 40, max_steps: 10}
experiments:
  - {paper: xmixup, methods: [xmixup], models: [tiny], tasks: [udpos, xnli], seeds: [1, 2]}
resources: {train_threads: 3, pretrain_threads: 1, gpu: 2}
"""


def plan_of(**xmixup):
    values = yaml.safe_load(STUDY)
    values["training"]["defaults"]["xmixup"] = xmixup
    return Plan(Study.model_validate(values))


def test_each_seed_of_a_teacher_is_one_job_on_one_gpu():
    plan = plan_of(teacher="translate_train")
    jobs = [job for job in jobs_of(plan) if job.rule == "label"]
    assert [job.outputs for job in jobs] == [
        (f"results/tiny/labels/xmixup/translate_train/tiny/udpos/seed-{seed}.arrow",)
        for seed in (1, 2)
    ]
    assert {(job.threads, job.gpus) for job in jobs} == {(3, 1)}
    assert jobs[0].log == "results/tiny/logs/label/xmixup/translate_train/tiny/udpos/seed-1.log"
    cost = {cost.stage: cost.jobs for cost in estimate(plan, None)}
    assert (cost["label"], cost["train"]) == (2, 6)
    carried = plan_of(teacher=None)
    assert "label" not in {cost.stage for cost in estimate(carried, None)}
    assert all(job.rule != "label" for job in jobs_of(carried))


@pytest.mark.parametrize(
    ("rule", "state", "expected"),
    [
        ("", State.WAITING, State.DONE),
        ("train", State.FAILED, State.FAILED),
        ("label", State.RUNNING, State.RUNNING),
    ],
)
def test_a_run_stands_where_its_teacher_stands(rule, state, expected):
    plan = plan_of()
    jobs = [
        SimpleNamespace(job=job, state=state if teaches else State.DONE)
        for job in jobs_of(plan)
        for teaches in [job.rule == rule and job.run.method == "zero_shot"]
    ]
    status = StudyStatus(plan, Path(), jobs, SimpleNamespace(), None, {}, "")
    found = {run.task: status.state_of(run) for run in plan.runs}
    assert found == {"udpos": expected, "xnli": State.DONE}


def test_the_costs_of_labels_are_those_of_a_reading_and_of_their_numbers(monkeypatch):
    monkeypatch.setattr(costs, "ROW_SIZES", {("artificial", "udpos"): RowSize(10, 3, 1)})
    plan = plan_of()
    teacher = Run("xmixup", "zero_shot", "tiny", "udpos", 1)
    known = JobCosts(plan)
    job = known.label(teacher)
    # 2 languages of 5000 rows of 10 sub-words.
    assert known.labelled_rows(teacher) == 10_000
    assert job.disk_mb == pytest.approx(10_000 * 10 * CLASSES * 4 / 1e6)
    body, attention = 2 * 2 * 600, 4 * 10 * 8 * 2
    speed = costs.GPU_SPEED[0][1] / costs.GPU_FP32_SLOWDOWN
    seconds = costs.START_TORCH + 100_000 * (body + attention) / speed
    assert job.seconds == pytest.approx(seconds)
    assert (job.threads, job.gpus) == (3, 1)


def test_who_trains_on_labels_asks_for_their_memory():
    needs, without = (JobNeeds(plan_of(teacher=who), Site()) for who in ("zero_shot", None))
    taught = Run("xmixup", "xmixup", "tiny", "udpos", 1)
    teacher = Run("xmixup", "zero_shot", "tiny", "udpos", 1)
    more = needs.train(taught).mem_mb - without.train(taught).mem_mb
    # Two processes, each 120,000 sub-words, 18 classes, 4 bytes, and half as much for safety.
    assert more == pytest.approx(2 * 1.5 * 120_000 * 18 * 4 / 1e6, abs=100)
    assert needs.is_short(teacher, "label")
    assert needs.label(teacher).mem_mb >= 600
    classified = Run("xmixup", "xmixup", "tiny", "xnli", 1)
    assert needs.train(classified) == without.train(classified)

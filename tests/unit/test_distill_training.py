# SPDX-License-Identifier: Apache-2.0
"""Distillation of tiny models: what it leaves, going on after a kill, and what ends it."""

import json
import os
import signal

import numpy as np
import pytest
import torch
from distill_models import rows, spread_out, write_encoder, write_pairs
from safetensors.torch import load_file

from xling.distill import training
from xling.distill.settings import DistillSettings
from xling.distill.student import load_model
from xling.distill.teacher_vectors import Teacher
from xling.errors import DataError, Interrupted, UsageError
from xling.machine import set_threads
from xling.stops import Stop

STEPS = 12


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A teacher, a student, training and held-out pairs."""
    set_threads(1)
    folder = tmp_path_factory.mktemp("distill")
    spread_out(write_encoder(folder / "teacher", seed=1))
    write_encoder(folder / "student", seed=2)
    english = rows(60)
    blocks = {("a", "qaa"): english[:40], ("b", "qab"): english[20:]}
    write_pairs(folder / "train.parquet", blocks)
    held_out = rows(20, seed=5)
    write_pairs(folder / "dev.parquet", {("a", "qaa"): held_out, ("b", "qab"): held_out[:10]})
    return folder


def settings(**other):
    values = {
        "max_steps": STEPS,
        "batch_size": 16,
        "max_length": 32,
        "learning_rate": 5e-3,
        "warmup_steps": 0,
        "evaluate_every": 4,
        "checkpoint_every": 3,
    }
    return DistillSettings(**(values | other))


def distill(files, name, *, stop=None, student="student", **other):
    training.distill(
        settings=settings(**other),
        seed=1,
        train_file=files / "train.parquet",
        dev_file=files / "dev.parquet",
        teacher=files / "teacher",
        student=files / student,
        vectors=files / "vectors",
        folder=files / name,
        state=files / f"{name}-state",
        stop=stop,
    )
    return json.loads((files / name / "train.json").read_text())


@pytest.fixture(scope="module")
def done(files):
    """An undisturbed run."""
    before = Teacher(files / "teacher", 32).encode(["bal", "dem kan"])
    note = distill(files, "done")
    after = Teacher(files / "teacher", 32).encode(["bal", "dem kan"])
    return note, before, after


def weights(files, name):
    return load_file(files / name / "model" / "model.safetensors")


def test_the_student_comes_closer(files, done):
    note = done[0]
    losses = [entry["loss"] for entry in note["history"] if "loss" in entry]
    assert losses[-1] < 0.9 * losses[0]
    assert [look["step"] for look in note["looks"]] == [4, 8, 12]
    assert note["selection"]["policy"] == "held_out_mse"
    assert set(note["selection"]["dev"]) == {"en", "qaa", "qab"}
    assert note["train_data"][0]["rows"] == {"qaa": 40, "qab": 40}
    assert not (files / "done-state").exists()


def test_the_selected_error_is_that_of_the_library(files, done):
    from sentence_transformers.sentence_transformer.evaluation import MSEEvaluator

    student = load_model(files / "done" / "model", 32)
    teacher = load_model(files / "teacher", 32)
    held_out = rows(20, seed=5)
    chosen = done[0]["selection"]
    for code, pairs in (("qaa", held_out), ("qab", held_out[:10])):
        source, target = zip(*pairs, strict=True)
        library = MSEEvaluator(source, target, teacher, write_csv=False)
        assert library(student)["negative_mse"] == pytest.approx(chosen["dev"][code], rel=1e-4)
    english = sorted({source for source, _ in held_out})
    library = MSEEvaluator(english, english, teacher, write_csv=False)
    assert library(student)["negative_mse"] == pytest.approx(chosen["dev"]["en"], rel=1e-4)
    mean = np.mean([chosen["dev"]["qaa"], chosen["dev"]["qab"]])
    assert chosen["value"] == pytest.approx(mean)


def test_the_teacher_is_frozen_and_encodes_each_sentence_once(files, done):
    note, before, after = done
    np.testing.assert_array_equal(before, after)
    distinct = {source for source, _ in [*rows(60), *rows(20, seed=5)]}
    assert note["encoded"]["sentences"] == note["encoded"]["new"] == len(distinct)
    model = Teacher(files / "teacher", 32).model
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())
    again = distill(files, "again")
    assert again["encoded"]["new"] == 0


def test_the_same_again(files, done):
    if not (files / "again").exists():
        distill(files, "again")
    for name, tensor in weights(files, "done").items():
        assert torch.equal(tensor, weights(files, "again")[name]), name


@pytest.mark.parametrize("kind", ["signal", "kill"])
def test_a_stopped_training_goes_on_to_the_same_weights(files, done, monkeypatch, kind):
    original, seen, struck = training.Batches.__getitem__, [], []

    def item(self, step):
        seen.append(step)
        if step == 7 and not struck:  # while update 6 runs: the library reads one batch ahead
            struck.append(step)
            if kind == "kill":
                raise MemoryError
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self, step)

    monkeypatch.setattr(training.Batches, "__getitem__", item)
    expected = Interrupted if kind == "signal" else MemoryError
    with Stop() as stop, pytest.raises(expected):
        distill(files, kind, stop=stop)
    first = len(seen)
    note = distill(files, kind)
    # A signal loses nothing; a kill what came after the checkpoint of step 6.
    assert seen[first] == (7 if kind == "signal" else 6)
    assert note["looks"] == done[0]["looks"]
    assert note["selection"] == done[0]["selection"]
    for name, tensor in weights(files, "done").items():
        assert torch.equal(tensor, weights(files, kind)[name]), name


def test_batches_carry_texts_and_their_source_s_vector(files, done):
    from xling.distill.examples import ParallelRows, examples_of
    from xling.distill.mixing import Mixing, Order
    from xling.distill.vectors import VectorStore

    parallel = ParallelRows.read(files / "train.parquet")
    teacher = Teacher(files / "teacher", 32)
    store = VectorStore(files / "vectors" / teacher.key)
    student = load_model(files / "student", 32)
    examples = examples_of(parallel, settings())
    counts = training.subword_counts(student, parallel.texts, files / "counts.npy")
    lengths = counts[examples.texts].sum(axis=1)
    order = Order(examples.starts, lengths, Mixing(), batch=8, steps=5, seed=1)
    batches = training.Batches(parallel, examples, order, student, store)
    english = {target: source for source, target in rows(60)}
    for step in range(5):
        batch = batches[step]
        texts = student.tokenizer.batch_decode(batch["target_input_ids"], skip_special_tokens=True)
        wanted = teacher.encode([english[text] for text in texts])
        np.testing.assert_allclose(batch["label"].numpy(), wanted, rtol=1e-4, atol=1e-5)
    one_by_one = [len(student.tokenizer(text)["input_ids"]) for text in parallel.texts.to_pylist()]
    assert counts.tolist() == one_by_one
    with pytest.raises(IndexError):
        batches[5]


@pytest.mark.parametrize(
    "other",
    [
        {"source_side": False},
        {"target_side": False},
        {"examples": "grouped", "mixing": {"share": "proportional"}},
        {"reduction": "sum", "schedule": "linear"},
    ],
)
def test_other_settings_give_other_weights(files, done, other):
    if "mixing" in other:
        from xling.distill.settings import Mixing

        other = other | {"mixing": Mixing(**other["mixing"])}
    name = "-".join(other)
    distill(files, name, **(other | {"max_steps": 3}))
    changed = [
        not torch.equal(w, weights(files, name)[n]) for n, w in weights(files, "done").items()
    ]
    assert any(changed)


def test_patience_ends_a_training(files):
    # A rate of nearly zero: no look is better than the first by any digit that counts.
    note = distill(files, "patient", learning_rate=1e-30, patience=1, evaluate_every=2)
    assert note["settings"]["steps"] == 4
    assert note["selection"]["step"] == 2


def test_a_collapsed_student_ends_the_training(files):
    from xling.distill.settings import Guard

    guard = Guard(least_spread=1.0, looks=2)  # more than the teacher's own spread
    for _ in range(2):  # the second attempt sees at once what the first one found
        with pytest.raises(DataError, match="the student has collapsed: since step 2"):
            distill(files, "collapsed", guard=guard, evaluate_every=2, learning_rate=1e-30)


def test_widths_must_agree(files):
    write_encoder(files / "wide", hidden_size=32)
    with pytest.raises(UsageError, match="have 16 numbers, the student's 32"):
        distill(files, "wider", student="wide")


def test_an_unreadable_student(files, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DataError, match="the model cannot be read"):
        load_model(tmp_path)

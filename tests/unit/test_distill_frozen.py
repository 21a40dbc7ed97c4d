# SPDX-License-Identifier: Apache-2.0
"""A whole training with the teacher in sight: it stays as it is, and the loss is the formula's."""

import json

import numpy as np
import pytest
import torch
from distill_models import rows, spread_out, write_encoder, write_pairs

from xling.distill import training
from xling.distill.examples import ParallelRows, examples_of
from xling.distill.loss import DistillationLoss
from xling.distill.mixing import Mixing, Order
from xling.distill.settings import DistillSettings
from xling.distill.student import encode, load_model
from xling.distill.teacher_vectors import Teacher, encode_sources

BATCH = 8  # pairs
SETTINGS = {"max_steps": 4, "batch_size": 2 * BATCH, "max_length": 32, "learning_rate": 5e-3}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Teacher and student, parallel pairs whose lengths differ."""
    folder = tmp_path_factory.mktemp("frozen")
    spread_out(write_encoder(folder / "teacher", seed=1))
    write_encoder(folder / "student", seed=2)
    write_pairs(folder / "train.parquet", {("a", "qaa"): rows(40)})
    write_pairs(folder / "dev.parquet", {("a", "qaa"): rows(10, seed=5)})
    return folder


def test_training_leaves_the_teacher_as_it_is(files, monkeypatch):
    """The very object that encodes, not another one of the same folder."""
    seen = {}

    class Watched(Teacher):
        def __init__(self, *args):
            super().__init__(*args)
            seen["teacher"] = self

        def encode(self, sentences):
            seen["before"] = {name: w.clone() for name, w in self.model.state_dict().items()}
            found = super().encode(sentences)
            seen["sentences"], seen["vectors"] = sentences, found.copy()
            return found

    class WatchedLoss(DistillationLoss):
        def forward(self, sentence_features, labels):
            seen["student"], seen["labels"] = self.model, labels
            return super().forward(sentence_features, labels)

    monkeypatch.setattr(training, "Teacher", Watched)
    monkeypatch.setattr(training, "DistillationLoss", WatchedLoss)
    training.distill(
        settings=DistillSettings(**SETTINGS, evaluate_every=2, checkpoint_every=2),
        seed=1,
        train_file=files / "train.parquet",
        dev_file=files / "dev.parquet",
        teacher=files / "teacher",
        student=files / "student",
        vectors=files / "vectors",
        folder=files / "run",
        state=files / "state",
    )
    teacher, student = seen["teacher"].model, seen["student"]
    assert not seen["labels"].requires_grad
    assert not any(weight.requires_grad for weight in teacher.parameters())
    assert all(weight.requires_grad for weight in student.parameters())
    shared = {id(weight) for weight in teacher.parameters()}
    assert not shared & {id(weight) for weight in student.parameters()}
    for name, weight in teacher.state_dict().items():
        assert torch.equal(weight, seen["before"][name]), name
    np.testing.assert_array_equal(encode(teacher, seen["sentences"]), seen["vectors"])
    # Nor was its file written, while the student did learn.
    note = json.loads((files / "run" / "train.json").read_text(encoding="utf-8"))
    assert note["teacher"] == Teacher(files / "teacher", 32).key
    was = load_model(files / "student").state_dict()
    assert any(not torch.equal(weight, was[name]) for name, weight in student.state_dict().items())


@pytest.mark.parametrize(("reduction", "sides"), [("sum", 1.0), ("mean", 0.5)])
def test_the_loss_of_a_padded_batch_is_the_formula_sentence_by_sentence(
    files, tmp_path, reduction, sides
):
    """Batches, padding and kept vectors change nothing: each sentence is encoded by itself."""
    parallel = ParallelRows.read(files / "train.parquet")
    examples = examples_of(parallel, DistillSettings(**SETTINGS))
    teacher, student = Teacher(files / "teacher", 32), load_model(files / "student", 32).eval()
    store, _ = encode_sources(teacher, parallel.source_texts(), tmp_path)
    # Batches that are not sorted by length: there is much to pad.
    order = Order(examples.starts, np.zeros(40), Mixing(), batch=BATCH, steps=4, seed=1)
    batches = training.Batches(parallel, examples, order, student, store)
    texts = parallel.texts.to_pylist()
    padded = 0
    for step in range(4):
        batch = batches[step]
        features = [
            {
                name.removeprefix(side): value
                for name, value in batch.items()
                if name.startswith(side)
            }
            for side in ("source_", "target_")
        ]
        padded += sum(int((one["attention_mask"] == 0).sum()) for one in features)
        found = DistillationLoss(student, reduction)(features, batch["label"]).item()
        squares = [
            np.mean((encode(student, [texts[text]])[0] - teacher.encode([texts[pair[0]]])[0]) ** 2)
            for pair in examples.texts[order[step]].tolist()
            for text in pair
        ]
        # Section 1: the sum over pairs and sides by the number of pairs.
        assert found == pytest.approx(sides * sum(squares) / BATCH, rel=1e-4)
    assert padded

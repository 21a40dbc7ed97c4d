# SPDX-License-Identifier: Apache-2.0
"""A small teacher learns graded similarity; bad files are refused."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distill_models import WORDS, write_encoder

from xling.distill.settings import TeacherSettings
from xling.distill.student import load_model
from xling.distill.teacher import GradedPairs, train_teacher
from xling.errors import DataError


def write_graded(path, pairs):
    first, second, scores = zip(*pairs, strict=True)
    pq.write_table(pa.table({"sentence1": first, "sentence2": second, "score": scores}), path)
    return path


def graded(count):
    """The more of the words are shared, the higher the score, 0 to 5."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(count):
        words = rng.choice(WORDS, 10, replace=False)
        shared = int(rng.integers(0, 6))
        found.append(
            (" ".join(words[:5]), " ".join([*words[:shared], *words[5 + shared :]]), shared)
        )
    return [(one, two, float(score)) for one, two, score in found]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    write_encoder(folder / "encoder")
    write_graded(folder / "pairs.parquet", graded(64))
    return folder


@pytest.mark.parametrize("objective", ["cosent", "cosine", "ranking"])
def test_a_teacher_learns(files, objective):
    settings = TeacherSettings(objective=objective, epochs=4.0, batch_size=16, learning_rate=3e-3)
    train_teacher(
        settings=settings,
        seed=1,
        pairs_file=files / "pairs.parquet",
        largest_score=5,
        encoder=files / "encoder",
        folder=files / objective,
        state=files / f"{objective}-state",
    )
    note = json.loads((files / objective / "train.json").read_text())
    losses = [entry["loss"] for entry in note["history"] if "loss" in entry]
    assert losses[-1] < losses[0]
    kept = sum(score >= 4 for *_, score in graded(64))  # 0.8 of 5
    assert note["rows"] == (kept if objective == "ranking" else 64)
    vectors = load_model(files / objective / "model").encode(["bal bem", "kon"])
    assert vectors.shape == (2, 16)
    assert not (files / f"{objective}-state").exists()


def test_scores_become_grades(tmp_path):
    file = write_graded(tmp_path / "a.parquet", [("a", "b", 0.0), ("c", "d", 2.5), ("e", "f", 5.0)])
    pairs = GradedPairs.read(file, 5)
    assert pairs.grades.tolist() == [0.0, 0.5, 1.0]
    assert pairs.at_least(0.5).first.to_pylist() == ["c", "e"]


def test_only_english_pairs_are_read(tmp_path):
    columns = {"sentence1": ["a", "c"], "sentence2": ["b", "d"], "score": [1.0, 2.0]}
    for languages in (["en-de", "en-en"], ["en-de", "en-fr"]):
        pq.write_table(pa.table(columns | {"language": languages}), tmp_path / "a.parquet")
        if "en-en" in languages:
            assert GradedPairs.read(tmp_path / "a.parquet", 5).first.to_pylist() == ["c"]
        else:
            with pytest.raises(DataError, match="0 of 0 scores"):
                GradedPairs.read(tmp_path / "a.parquet", 5)


@pytest.mark.parametrize("score", [-0.1, 5.1, float("nan")])
def test_scores_out_of_range(tmp_path, score):
    file = write_graded(tmp_path / "a.parquet", [("a", "b", 1.0), ("a", "b", score)])
    with pytest.raises(DataError, match="1 of 2 scores are not allowed"):
        GradedPairs.read(file, 5)


def test_a_missing_column(tmp_path):
    pq.write_table(pa.table({"sentence1": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="cannot be used"):
        GradedPairs.read(tmp_path / "a.parquet", 5)


def test_no_pair_to_rank(files):
    with pytest.raises(DataError, match="no grade of"):
        train_teacher(
            settings=TeacherSettings(objective="ranking", positive_from=1.0),
            seed=1,
            pairs_file=write_graded(files / "low.parquet", [("a", "b", 1.0)]),
            largest_score=5,
            encoder=files / "encoder",
            folder=files / "never",
            state=files / "never-state",
        )

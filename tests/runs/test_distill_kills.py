# SPDX-License-Identifier: Apache-2.0
"""Real signals to real jobs of distillation: what was finished is not done again."""

import signal
from types import SimpleNamespace

import numpy as np
import pytest
from distill_chain import STEPS, encoding, make, read, student, weights_of
from distill_jobs import BLOCK, Job, done

from xling.distill.vectors import JOURNAL


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of results up to the teacher."""
    folder = tmp_path_factory.mktemp("distilled")
    make(folder)
    return folder


@pytest.fixture(scope="module")
def undisturbed(made):
    """A student that nobody disturbed, made as the others: blocks decide a vector's last bit."""
    command, note = student(made, "undisturbed")
    assert Job(made / "report", command).ended() == 0
    return SimpleNamespace(note=read(note), weights=weights_of(note))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_encoding_and_training_go_on(made, undisturbed, tmp_path, number):
    name = number.name
    killed = 143 if number == signal.SIGTERM else -signal.SIGKILL
    vectors, encoded = made / f"vectors-{name}", tmp_path / "vectors.json"
    command = encoding(made, ["train", "dev"], vectors, encoded)
    store, report = vectors / undisturbed.note["teacher"], tmp_path / "encoding"
    sentences = undisturbed.note["encoded"]["sentences"]

    def blocks():
        journal = store / JOURNAL
        return len(journal.read_text().splitlines()) if journal.exists() else 0

    first = Job(report, command)
    first.wait_for(lambda: blocks() >= 3)
    first.kill(number)
    assert first.ended() == killed
    kept = blocks() * BLOCK
    assert 0 < kept < sentences
    assert not encoded.exists()

    assert Job(report, command).ended() == 0
    assert read(encoded)["encoded"]["32"]["new"] == sentences - kept
    # Only the block in flight is encoded again.
    assert sentences <= sum(done(report, "encode")) <= sentences + BLOCK

    command, note = student(made, name, vectors=vectors.name)
    report = tmp_path / "first attempt"
    third = Job(report, command)
    third.wait_for(lambda: 8 in done(report, "step"))
    third.kill(number)
    assert third.ended() == killed
    assert not note.exists()

    last = tmp_path / "second attempt"
    assert Job(last, command).ended() == 0
    assert not done(report, "encode")
    assert not done(last, "encode")
    steps = done(last, "step")
    # A kill loses what came after the checkpoint of step 6, a signal nothing that was done.
    assert steps[0] >= (8 if number == signal.SIGTERM else 6)
    assert steps == list(range(steps[0], STEPS))
    assert read(note)["encoded"]["new"] == 0
    assert read(note)["looks"] == undisturbed.note["looks"]
    assert weights_of(note) == undisturbed.weights


def test_jobs_of_one_teacher_encode_nothing_twice(made, undisturbed, tmp_path):
    """Two at once, whose sentences overlap."""
    report, jobs = tmp_path / "report", []
    for name, files in (("one", ["train"]), ("two", ["dev", "train"])):
        command = encoding(made, files, made / "vectors-shared", tmp_path / f"{name}.json")
        jobs.append(Job(report, command))
    assert [job.ended() for job in jobs] == [0, 0]
    new = [read(tmp_path / f"{name}.json")["encoded"]["32"]["new"] for name in ("one", "two")]
    store = made / "vectors-shared" / undisturbed.note["teacher"]
    keys = np.concatenate([np.load(path) for path in sorted(store.glob("*.keys.npy"))])
    assert len(keys) == len(set(keys.tolist())) == sum(new) == sum(done(report, "encode"))
    assert len(keys) == undisturbed.note["encoded"]["sentences"]

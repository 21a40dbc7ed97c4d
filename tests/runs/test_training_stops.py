# SPDX-License-Identifier: Apache-2.0
"""Signals, the clock and kills: a training saves in time, goes on, and does not try for ever."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import count
from multiprocessing import get_context
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from xling import checkpoints, training_attempts, training_callbacks
from xling.checkpoints import COMPLETE, Checkpoint, complete, newest_checkpoint
from xling.config.study import TrainingSettings
from xling.errors import Interrupted, SetupError
from xling.run import Dev, train
from xling.stops import BrokenOff, Stop
from xling.training import XlingTrainer
from xling.training_attempts import Attempts
from xling.training_callbacks import KeepBest, Progress

ONE_KIND = pytest.mark.parametrize("encoder", ["bert"], indirect=True)


def settings(**other):
    values = {"learning_rate": 1e-2, "batch_size": 12, "max_steps": 20, "checkpoint_every": 5}
    return TrainingSettings.model_validate(values | other)


def run(encoder, folder, *, stop=None, **other):
    """Train with a dev set in this process; return the weights."""
    train(
        task="xnli",
        method="zero_shot",
        settings=settings(selection="best_source_dev", evaluate_every=4, **other),
        seed=1,
        train_files=[encoder.file],
        languages=["en", "qaa"],
        dev_files=(encoder.file, encoder.prepared),
        decoding={},
        encoder_note=encoder.note,
        folder=folder,
        state=folder / "state",
        eval_batch_tokens=4096,
        stop=stop,
    )
    return load_file(folder / "model" / "model.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def selection(folder):
    return json.loads((folder / "train.json").read_text())["selection"]


@pytest.fixture(scope="module")
def undisturbed(encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return SimpleNamespace(weights=run(encoder, folder), selection=selection(folder))


def ask(number=signal.SIGTERM):
    """Send a signal to this process; it is handled when this returns."""
    os.kill(os.getpid(), number)
    time.sleep(0)


def watched(work):
    """Do work that may be asked to leave."""
    with Stop() as stop:
        return work(stop)


# --- Stop --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_before_training_a_signal_ends_the_block(number):
    before = signal.getsignal(number)

    def work(stop):
        ask(number)
        pytest.fail("it went on")

    with pytest.raises(Interrupted, match="stopped before the first update"):
        watched(work)
    assert signal.getsignal(number) is before


def test_a_library_that_wraps_the_exception_changes_nothing():
    def work(stop):
        try:
            ask()
        except BaseException as error:
            raise RuntimeError("failed to import") from error

    with pytest.raises(Interrupted):
        watched(work)


def test_an_error_without_a_signal_is_itself():
    def work(stop):
        stop.hold()
        ask()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watched(work)


def test_in_training_signals_are_only_noted():
    with Stop() as stop:
        stop.hold()
        assert stop.received is None
        ask(signal.SIGINT)
        ask(signal.SIGTERM)
        assert stop.received == signal.SIGINT


def test_what_can_be_repeated_is_broken_off_once():
    with Stop() as stop:
        stop.hold()
        with pytest.raises(BrokenOff), stop.interruptible():
            ask()
        ask()  # the second one finds no block to end
        with pytest.raises(BrokenOff), stop.interruptible():
            pytest.fail("a signal that came before must be seen")


def test_outside_its_block_it_notes_nothing():
    before = signal.getsignal(signal.SIGTERM)
    stop = Stop()
    stop.hold()
    assert signal.getsignal(signal.SIGTERM) is before


@ONE_KIND
def test_the_command_leaves_at_once_before_training(encoder, tmp_path):
    """While libraries are imported: 143, a line that says so, nothing left behind."""
    command = [sys.executable, "-m", "xling.cli", "train", "--task", "xnli", "--method"]
    command += ["zero_shot", "--seed", "1", "--settings", settings().model_dump_json()]
    command += ["--train", encoder.file, "--languages", "en", "qaa", "--encoder", encoder.note]
    command += ["--state", tmp_path / "state", "--output", tmp_path / "out" / "train.json"]
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    while "xling train" not in line:  # logged before the verb's function is called
        line = process.stderr.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "xling: end train stopped" in rest
    assert rest.endswith("stopped before the first update; run the same command again to go on\n")
    assert time.monotonic() - asked < 10
    assert not (tmp_path / "out").exists()


# --- Leaving and going on ----------------------------------------------------------------------


@ONE_KIND
@pytest.mark.parametrize("step", [8, 20])
def test_an_evaluation_is_broken_off_and_made_up_for(
    encoder, tmp_path, monkeypatch, undisturbed, step
):
    """Also the last one: the weights are ready, their score is not."""
    values, calls = Dev.values, count(4, 4)

    def disturbed(self, *args, **kwargs):
        if next(calls) == step:
            ask()
            pytest.fail("it went on")
        return values(self, *args, **kwargs)

    monkeypatch.setattr(Dev, "values", disturbed)
    with pytest.raises(Interrupted, match=f"stopped at step {step} after saving"), Stop() as stop:
        run(encoder, tmp_path, stop=stop)
    (place,) = (tmp_path / "state").iterdir()
    assert newest_checkpoint(place) == Checkpoint(step, 1, dev_pending=True)
    seen = []
    monkeypatch.setattr(Dev, "values", lambda *a, **k: seen.append(1) or values(*a, **k))
    assert same(run(encoder, tmp_path), undisturbed.weights)
    assert len(seen) == (20 - step) // 4 + 1
    assert selection(tmp_path) == undisturbed.selection


@ONE_KIND
def test_signals_while_saving_do_not_break_the_checkpoint(
    encoder, tmp_path, monkeypatch, undisturbed
):
    """The first signal comes while the best weights are saved, more in the checkpoint's save."""
    fsync = os.fsync

    def disturbed(number):
        if any(tmp_path.glob("state/*/.best.*")) or any(tmp_path.glob("state/*/checkpoint-*")):
            ask()
        fsync(number)

    monkeypatch.setattr(checkpoints.os, "fsync", disturbed)
    with pytest.raises(Interrupted, match="stopped at step 4 after saving"), Stop() as stop:
        run(encoder, tmp_path, stop=stop)
    monkeypatch.undo()
    assert same(run(encoder, tmp_path), undisturbed.weights)


@ONE_KIND
def test_checkpoints_by_the_clock_change_nothing(encoder, tmp_path, monkeypatch, undisturbed):
    """Updates of 200 s: after 15 minutes, five updates, there is a checkpoint of its own."""
    saved = []
    now = [0.0]
    monkeypatch.setattr(
        training_callbacks,
        "complete",
        lambda place, one: (saved.append(one.step), complete(place, one)),
    )
    monkeypatch.setattr(training_callbacks.time, "monotonic", lambda: now[0])
    look = Progress.on_step_end

    def slow(self, *args, **kwargs):
        now[0] += 200.0
        look(self, *args, **kwargs)

    monkeypatch.setattr(Progress, "on_step_end", slow)
    weights = run(encoder, tmp_path, checkpoint_every=8)
    # 8 and 16 are the calendar's; 20 is the end.
    assert saved == [5, 8, 13, 16, 20]
    assert same(weights, undisturbed.weights)


def test_progress_is_logged_less_often_after_ten_minutes(monkeypatch, caplog):
    now = [0.0]
    monkeypatch.setattr(training_callbacks.time, "monotonic", lambda: now[0])
    progress = Progress()
    progress.on_train_begin(None, SimpleNamespace(global_step=0), None)
    with caplog.at_level("INFO", "xling"):
        for second in range(1, 901):
            now[0] = float(second)
            state = SimpleNamespace(global_step=second, max_steps=10_000)
            progress.on_step_end(None, state, None)
    assert len(caplog.messages) == 59 + 5  # every 10 s to 590, then every 60 s to 890
    assert caplog.messages[0] == "step 10 of 10000, loss nan, 1.00 steps/s, 166 min left"


# --- Checkpoints that survive ------------------------------------------------------------------


def written(state, step):
    folder = state / f"checkpoint-{step}"
    folder.mkdir()
    (folder / "model.safetensors").write_text("weights")
    return folder


def test_two_checkpoints_are_kept(tmp_path):
    for step in (5, 10, 100, 105):
        written(tmp_path, step)
        complete(tmp_path, Checkpoint(step))
    assert sorted(folder.name for folder in tmp_path.iterdir()) == [
        "checkpoint-100",
        "checkpoint-105",
    ]
    assert newest_checkpoint(tmp_path) == Checkpoint(105)


@pytest.mark.parametrize(("broken", "left"), [("fsync", 10), ("write_text", 10), ("rmtree", 15)])
def test_a_kill_at_any_moment_leaves_a_complete_one(tmp_path, monkeypatch, broken, left):
    """Killed before the checkpoint counts, or after it and before the oldest is removed."""
    for step in (5, 10):
        written(tmp_path, step)
        complete(tmp_path, Checkpoint(step))
    written(tmp_path, 15)

    def killed(*args):
        raise KeyboardInterrupt

    owner = {"fsync": checkpoints.os, "rmtree": checkpoints.shutil}.get(broken, checkpoints)
    monkeypatch.setattr(owner, broken, killed)
    with pytest.raises(KeyboardInterrupt):
        complete(tmp_path, Checkpoint(15))
    monkeypatch.undo()
    assert newest_checkpoint(tmp_path) == Checkpoint(left)


# --- No progress -------------------------------------------------------------------------------


def attempts(state, *entries):
    state.mkdir(exist_ok=True)
    text = [{"began": began, "reached": reached, "end": "open"} for began, reached in entries]
    (state / training_attempts.FILE).write_text(json.dumps(text))


@pytest.mark.parametrize(
    ("entries", "step"),
    [
        ([], 0),
        ([(0, 7)], 0),
        ([(0, 7), (0, 0)], 0),  # the second one died before its first update
        ([(0, 7), (0, 9)], 5),  # the second one saved
        ([(0, 9), (5, 9)], 5),  # only the second one lost all it did
        ([(5, 5), (5, 5), (5, 5)], 5),
    ],
)
def test_an_attempt_may_begin(tmp_path, entries, step):
    attempts(tmp_path, *entries)
    begun = Attempts(tmp_path, step)
    assert len(begun.list) == len(entries) + 1
    found = json.loads((tmp_path / training_attempts.FILE).read_text())
    assert found[-1] == {"began": step, "reached": step, "end": "open"}


@pytest.mark.parametrize(
    "entries", [[(5, 9), (5, 12)], [(0, 9), (5, 9), (5, 12)], [(5, 9), (5, 5), (5, 12), (5, 5)]]
)
def test_two_lost_attempts_are_enough(tmp_path, entries):
    attempts(tmp_path, *entries)
    with pytest.raises(SetupError, match="no progress: 4 and 7 updates of the last") as caught:
        Attempts(tmp_path, 5)
    assert str(tmp_path) in caught.value.where
    assert "step 5" in caught.value.where
    assert "lower checkpoint_every" in caught.value.fix
    # The next call tries again.
    assert len(Attempts(tmp_path, 5).list) == 1


def test_attempts_say_how_they_ended_and_how_far_they_came(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(training_attempts.time, "monotonic", lambda: now[0])

    def noted():
        return [tuple(a.values()) for a in json.loads((tmp_path / "attempts.json").read_text())]

    one = Attempts(tmp_path, 0)
    for step, second, seen in ((1, 0.0, 1), (2, 29.0, 1), (3, 30.0, 3), (4, 31.0, 3)):
        now[0] = second
        one.on_step_end(None, SimpleNamespace(global_step=step), None)
        assert noted() == [(0, seen, "open")]
    with pytest.raises(ZeroDivisionError), one.noted():
        raise ZeroDivisionError
    assert noted() == [(0, 4, "failed: ZeroDivisionError")]
    two = Attempts(tmp_path, 4)
    with pytest.raises(Interrupted), two.noted():
        raise Interrupted("stopped at step 4 after saving")
    with Attempts(tmp_path, 4).noted():
        pass
    assert noted()[1:] == [(4, 4, "stopped"), (4, 4, "done")]


def slowly(encoder, folder):
    """Train with updates that leave time to kill."""
    step = XlingTrainer.training_step

    def slow(self, *args, **kwargs):
        time.sleep(0.1)
        return step(self, *args, **kwargs)

    XlingTrainer.training_step = slow
    run(encoder, folder, checkpoint_every=15)


@ONE_KIND
def test_a_training_that_is_killed_before_it_saves_ends(encoder, tmp_path, undisturbed):
    """kill -9 twice; the third attempt says what to do, the fourth trains."""
    for attempt in (1, 2):
        # Forked: the libraries are imported already.
        process = get_context("fork").Process(target=slowly, args=(encoder, tmp_path))
        process.start()
        deadline = time.monotonic() + 120
        while True:
            assert process.is_alive(), "it ended before it could be killed"
            assert time.monotonic() < deadline
            found = [json.loads(f.read_text()) for f in tmp_path.glob("state/*/attempts.json")]
            if found and len(found[0]) == attempt and found[0][-1]["reached"]:
                break
            time.sleep(0.02)
        process.kill()
        process.join()
    assert not list(tmp_path.glob(f"state/*/*/{COMPLETE}"))
    with pytest.raises(SetupError, match="makes no progress: 1 and 1 updates"):
        run(encoder, tmp_path, checkpoint_every=15)
    assert same(run(encoder, tmp_path, checkpoint_every=15), undisturbed.weights)


def test_the_first_of_equal_steps_stays_when_an_evaluation_is_repeated(tmp_path):
    """A step whose score is known already does not replace itself."""
    keeper = KeepBest(
        tmp_path / "best",
        settings(selection="best_source_dev", evaluate_every=4),
        lambda model: {"en": 50.0},
        Stop(),
    )
    saved = []
    model = SimpleNamespace(save_pretrained=saved.append)
    state = SimpleNamespace(global_step=4, max_steps=20)
    keeper.on_step_end(None, state, None, model=model)
    again = KeepBest(tmp_path / "best", keeper.settings, keeper.evaluate, Stop())
    again.pending = True
    again.on_train_begin(None, state, None, model=model)
    assert again.best == {"step": 4, "value": 50.0, "dev": {"en": 50.0}}
    assert len(saved) == 1
    assert not again.pending

# SPDX-License-Identifier: Apache-2.0
"""Two workers train as one process would; they stop, go on and fail as one."""

import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from argparse import Namespace
from multiprocessing import get_context
from types import SimpleNamespace

import psutil
import pytest
import torch
from safetensors.torch import load_file

from xling import launch, worker
from xling.cli import parser
from xling.config.study import TrainingSettings
from xling.distributed import ALONE
from xling.errors import DataError, Interrupted, SetupError
from xling.machine import hardware, take_first_gpu, together
from xling.run import train
from xling.stops import Stop

DONE, KILLED = {"end": "done", "what": ""}, {"end": "killed"}
ONE_KIND = pytest.mark.parametrize("encoder", ["bert"], indirect=True)


def settings(**other):
    values = {"learning_rate": 1e-2, "batch_size": 11, "max_steps": 200, "checkpoint_every": 20}
    return TrainingSettings.model_validate(values | other)


def run(encoder, folder, parts=1, **other):
    """Train in this process alone, each update in so many parts; return the weights."""
    train(
        task="xnli",
        method="zero_shot",
        # A study's batches are multiples of the parts; here they need not be.
        settings=settings(**other).model_copy(update={"accumulation": parts}),
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
    return weights(folder)


def weights(folder):
    return load_file(folder / "model" / "model.safetensors")


def command(encoder, folder, *, dev=True, **other):
    """Return the command of a training by two workers; with a dev set it chooses weights."""
    chosen = settings(**(other | ({"selection": "best_source_dev"} if dev else {})))
    words = ["train", "--gpus", "2", "--task", "xnli", "--method", "zero_shot", "--seed", "1"]
    words += ["--settings", chosen.model_dump_json(), "--train", encoder.file]
    words += ["--languages", "en", "qaa", "--encoder", encoder.note, "--threads", "2"]
    words += ["--state", folder / "state", "--output", folder / "train.json"]
    words += ["--dev", encoder.file, encoder.prepared] if dev else []
    return list(map(str, words))


def start(*args, **other):
    """Start the command."""
    words = [sys.executable, "-m", "xling.cli", *command(*args, **other)]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True)


def forked(encoder, folder, parent=None, **other):
    """Run both workers without the agent; return exit codes and reports.

    They are forked, so that they need not import the libraries, which takes most of the time.
    """
    job = folder / "job"
    job.mkdir(parents=True)
    args = parser().parse_args(command(encoder, folder, **other))
    del args.func
    (job / launch.JOB).write_bytes(pickle.dumps((args, parent or os.getpid())))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    workers = []
    for rank in ("0", "1"):
        env = here | {"RANK": rank, "LOCAL_RANK": rank}
        workers.append(get_context("fork").Process(target=work, args=(job, env)))
        workers[-1].start()
    for one in workers:
        one.join(120)
    reports = [launch.read_report(job, rank) for rank in (0, 1)]
    shutil.rmtree(job)
    return [one.exitcode for one in workers], reports


def work(job, env):
    os.environ.update(env)
    os._exit(worker.main(job))


def end(process):
    """Wait; return exit code and log."""
    _, text = process.communicate(timeout=180)
    return process.returncode, text


def until(process, happened):
    """Wait until something happened to a process that runs."""
    deadline = time.monotonic() + 180
    while not (found := happened()):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def newest(folder):
    """Return the newest step that counts, as long as no checkpoint is being written."""
    found = [json.loads(f.read_text())["step"] for f in folder.glob("state/*/*/complete.json")]
    return max(found, default=0)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.fixture
def without_dropout(encoder):
    """The encoder without dropout: masks differ between workers, all else must not."""
    file = encoder.folder / "model" / "config.json"
    original = file.read_text()
    none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    file.write_text(json.dumps(json.loads(original) | none))
    yield encoder
    file.write_text(original)


@ONE_KIND
def test_two_workers_give_the_weights_of_one(without_dropout, tmp_path):
    """120 rows by 7: parts of four and three rows, and after each epoch of one row and none."""
    shape = {"batch_size": 7, "max_steps": 36, "learning_rate": 1e-3}
    assert forked(without_dropout, tmp_path / "two", dev=False, **shape) == ([0, 0], [DONE] * 2)
    one = run(without_dropout, tmp_path / "one", parts=2, **shape)
    plain = run(without_dropout, tmp_path / "plain", **shape)
    two = weights(tmp_path / "two")
    for name in two:
        torch.testing.assert_close(two[name], one[name], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(two[name], plain[name], atol=1e-4, rtol=1e-3)
    notes = [json.loads((tmp_path / x / "train.json").read_text()) for x in ("two", "one")]
    assert [note["hardware"]["processes"] for note in notes] == [2, 1]
    assert [note["hardware"]["threads"] for note in notes] == [1, 1]
    assert notes[0]["settings"]["steps"] == 36
    assert notes[0]["timing"]["peak_host_mb"] > notes[1]["timing"]["peak_host_mb"] * 0.8
    losses = [[entry.get("loss") for entry in note["history"]][:-1] for note in notes]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@ONE_KIND
def test_two_workers_stop_and_go_on_as_if_nothing_had_happened(encoder, tmp_path):
    """Bit for bit, with dropout and a dev set, whoever gets the signal."""
    other = {"evaluate_every": 30, "warmup_ratio": 0.2}
    folder = tmp_path / "b"
    for attempt, (reached, who) in enumerate([(20, "parent"), (60, "all")], start=1):
        process = start(encoder, folder, **other)
        until(process, lambda step=reached: newest(folder) >= step)
        workers = psutil.Process(process.pid).children()
        assert len(workers) == 2
        for one in workers if who == "all" else ():
            one.terminate()
        process.terminate()
        code, log = end(process)
        assert code == 143, log
        saved = newest(folder)
        assert reached <= saved < 200
        assert not [one for one in workers if one.is_running()]
        # One log of one job, which ended well.
        assert log.count("xling: start train") == log.count("xling: end train stopped") == 1
        assert log.count("received SIGTERM") == log.count("updates\n") == 1
        assert f"attempt {attempt} of this training, from step" in log
        assert log.endswith(
            f"stopped at step {saved} after saving; run the same command again to go on\n"
        )
        assert "Traceback" not in log
    assert forked(encoder, folder, **other) == ([0, 0], [DONE] * 2)
    assert not (folder / "state").exists()
    assert forked(encoder, tmp_path / "a", **other) == ([0, 0], [DONE] * 2)
    assert same(weights(folder), weights(tmp_path / "a"))
    notes = [json.loads((tmp_path / x / "train.json").read_text()) for x in "ab"]
    assert notes[0]["selection"] == notes[1]["selection"]


@ONE_KIND
def test_workers_whose_parent_is_gone_leave(encoder, tmp_path):
    before = {"end": "stopped", "what": "stopped before the first update"}
    assert forked(encoder, tmp_path, parent=-1) == ([143, 143], [before, before])


@ONE_KIND
def test_a_signal_before_training_ends_all(encoder, tmp_path):
    process = start(encoder, tmp_path)
    workers = until(process, lambda: psutil.Process(process.pid).children())
    process.terminate()
    asked = time.monotonic()
    code, log = end(process)
    assert code == 143, log
    assert time.monotonic() - asked < 15
    assert log.endswith("stopped before the first update; run the same command again to go on\n")
    assert "xling: end train stopped" in log
    assert not [worker for worker in workers if worker.is_running()]


@ONE_KIND
def test_what_a_worker_has_to_say_is_said_once(encoder, tmp_path):
    broken = tmp_path / "encoder.json"
    broken.write_text("{")
    code, log = end(start(SimpleNamespace(**vars(encoder) | {"note": broken}), tmp_path))
    assert code == 3, log
    assert log.count("error: the note about an encoder cannot be read") == 1
    assert log.count(f"where:   {broken}") == 1
    assert "Traceback" not in log
    assert "failed (exitcode" not in log


@ONE_KIND
def test_a_checkpoint_of_more_workers_is_gone_on_from(encoder, tmp_path, caplog):
    """The batches are the same; dropout is not, and the log says so."""
    with pytest.raises(KeyboardInterrupt):
        killed_after(encoder, tmp_path, step=20)
    (place,) = (tmp_path / "state").iterdir()
    (file,) = place.glob("checkpoint-20/complete.json")
    file.write_text(json.dumps({"step": 20, "workers": 2}))
    (file.parent / "rng_state.pth").rename(file.parent / "rng_state_0.pth")
    with caplog.at_level("WARNING", "xling"):
        run(encoder, tmp_path, max_steps=40)
    assert "the checkpoint is of 2 workers, now there are 1" in caplog.text
    assert json.loads((tmp_path / "train.json").read_text())["settings"]["steps"] == 40


def killed_after(encoder, folder, step):
    from xling import training_callbacks

    patch = pytest.MonkeyPatch()
    complete = training_callbacks.complete

    def killed(state, checkpoint):
        complete(state, checkpoint)
        if checkpoint.step == step:
            raise KeyboardInterrupt

    patch.setattr(training_callbacks, "complete", killed)
    try:
        run(encoder, folder, max_steps=40)
    finally:
        patch.undo()


# --- How workers ended -------------------------------------------------------------------------

SAVED = {"end": "stopped", "what": "stopped at step 3 after saving"}
TERM, KILL = -signal.SIGTERM, -signal.SIGKILL


@pytest.mark.parametrize(
    ("codes", "reports", "kind", "says"),
    [
        ({0: 143, 1: 143}, [SAVED, SAVED], Interrupted, "stopped at step 3 after saving"),
        # The agent ended the other one, which had saved too.
        ({0: TERM, 1: 143}, [KILLED, SAVED], Interrupted, "stopped at step 3 after saving"),
        ({0: TERM, 1: TERM}, [KILLED, KILLED], Interrupted, "before the first update"),
        ({0: TERM, 1: KILL}, [KILLED, KILLED], SetupError, "worker 1 of 2 was killed by SIGKILL"),
        ({0: 1, 1: TERM}, [KILLED, KILLED], SystemExit, "1"),
        ({0: TERM, 1: 1}, [KILLED, KILLED], SystemExit, "1"),
    ],
)
def test_the_command_ends_as_its_workers_did(codes, reports, kind, says):
    with pytest.raises(kind, match=says):
        launch._end_as(codes, reports)


def test_a_finished_training_is_finished():
    """Whatever became of the others while the main one wrote the results."""
    launch._end_as({}, [DONE, DONE])
    launch._end_as({1: TERM}, [DONE, KILLED])


def test_an_error_travels_with_all_it_says(tmp_path):
    error = DataError("what", where="there", allowed="this", fix="do that")
    launch.write_report(tmp_path, 1, "error", error)
    reports = [launch.read_report(tmp_path, rank) for rank in (0, 1)]
    assert reports[0] == KILLED
    with pytest.raises(DataError) as caught:
        launch._end_as({0: TERM, 1: 3}, reports)
    assert str(caught.value) == str(error)


def test_fewer_gpus_than_asked_for_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(SetupError, match="4 GPUs are asked for and 2 are visible"), Stop() as stop:
        launch.launch(4, Namespace(), stop)


# --- Small helpers -----------------------------------------------------------------------------


def test_a_single_process_agrees_with_itself():
    assert ALONE.main
    assert not ALONE.orphaned()
    assert ALONE.any(True, False) == (True, False)
    assert ALONE.share("it") == "it"
    assert ALONE.gather(3) == [3]
    ALONE.wait()


@pytest.mark.parametrize(("before", "after"), [(None, "0"), ("3,1", "3"), ("", ""), ("2", "2")])
def test_a_single_process_sees_one_gpu(monkeypatch, before, after):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if before is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", before)
    take_first_gpu()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == after


def test_hardware_counts_gpus_and_names_them(monkeypatch):
    assert (hardware()["gpus"], hardware()["gpu"], hardware()["processes"]) == (0, "", 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda number: "AB"[number // 2])
    found = hardware(4)
    assert (found["gpus"], found["gpu"], found["processes"]) == (4, "A, B", 4)


def test_memory_of_workers():
    one = {"peak_host_mb": 100.5, "peak_gpu_mb": 7.0}
    other = {"peak_host_mb": 200.0, "peak_gpu_mb": 9.0}
    assert together([one]) == one
    assert together([one, other]) == {"peak_host_mb": 300.5, "peak_gpu_mb": 9.0}

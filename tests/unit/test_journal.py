# SPDX-License-Identifier: Apache-2.0
"""Attempts of a job: told by its log, kept when Snakemake removes the log."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from xling import journal

FACTS = (
    '{"host": "login", "node": "n1", "namespace": "pid:[1]", "pid": 7, "slurm_job": "12", '
    '"gpus": 2}'
)
START = f" I xling: start train {FACTS}"


def read(tmp_path, text):
    (tmp_path / "a.log").write_text(text, encoding="utf-8")
    return journal.read_journal(tmp_path / "a.log")


def test_no_log_tells_of_no_attempt(tmp_path):
    assert journal.read_journal(tmp_path / "none.log") == journal.Journal()
    assert journal.attempts(tmp_path / "none.log") == []


def test_a_killed_and_a_finished_attempt(tmp_path):
    text = (
        f"2026-07-01 12:00:00{START}\n"
        "2026-07-01 12:00:01 I xling: xling 0.1.0, Python 3.11.7\n"
        "2026-07-01 12:00:40 I xling.training: step 10 of 20, loss 0.5, 1.0 steps/s, 10 s left\n"
        "a warning of a library\n"
        f"2026-07-01 12:10:00{START}\n"
        "2026-07-01 12:10:05 I xling: going on\n"
        "2026-07-01 12:11:30 I xling: end train done after 90.4 s\n"
    )
    first, second = read(tmp_path, text).attempts
    assert first == journal.Attempt(
        verb="train",
        host="login",
        node="n1",
        namespace="pid:[1]",
        pid=7,
        slurm_job="12",
        gpus=2,
        started=datetime(2026, 7, 1, 12, 0, 0),
        seconds=40.0,
        outcome="open",
    )
    assert (second.seconds, second.outcome) == (90.4, "done")
    newest = read(tmp_path, text).newest_text
    assert newest.startswith("2026-07-01 12:10:05 I xling: going on\n")
    assert "12:00:40" not in newest


@pytest.mark.parametrize("outcome", ["done", "failed", "stopped"])
def test_what_follows_the_end_belongs_to_the_attempt(tmp_path, outcome):
    text = (
        f"2026-07-01 12:00:00{START}\n2026-07-01 12:00:09 I xling: end train {outcome} after 9.0 s"
        "\nerror: bad\n2026-07-01 12:00:30 W xling: late\n"
    )
    found = read(tmp_path, text)
    assert [(one.outcome, one.seconds) for one in found.attempts] == [(outcome, 9.0)]
    assert "error: bad" in found.newest_text


def test_a_start_after_half_a_line(tmp_path):
    """A killed process leaves a line without its end; the next attempt writes behind it."""
    text = f"2026-07-01 12:00:00{START}\nhalf of2026-07-01 12:30:00{START}\n"
    first, second = read(tmp_path, text).attempts
    assert (first.seconds, second.started.minute) == (0.0, 30)


@pytest.mark.parametrize(
    "line",
    [
        "2026-07-01 12:00:00 I xling: start train {broken}",
        '2026-07-01 12:00:00 I xling: start train {"host": "a"}',
        START,
        f"2026-99-01 12:00:00{START}",
    ],
)
def test_what_only_looks_like_a_start(tmp_path, line):
    found = read(tmp_path, f"{line}\n")
    assert found.attempts == ()
    assert found.newest_text == f"{line}\n"


def test_a_clock_that_was_set_back(tmp_path):
    text = f"2026-10-25 02:59:00{START}\n2026-10-25 02:01:00 I xling: still here\n"
    assert read(tmp_path, text).attempts[0].seconds == 0.0


@pytest.mark.parametrize(
    ("listed", "count"), [("", 0), ("0", 1), ("0,3", 2), ("GPU-1a,", 1), ("NoDevFiles", 0)]
)
def test_visible_gpus(monkeypatch, listed, count):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    assert journal.visible_gpus() == count


JOB = """
import subprocess, sys, time
from pathlib import Path
from xling import journal, logs
from xling.errors import Interrupted

what = sys.argv[2]
journal.write_to(Path(sys.argv[1]))
logs.set_up()
with logs.job("train"):
    subprocess.run(["echo", "of a child"], check=True)
    if what == "failed":
        raise ValueError("bad luck")
    if what == "stopped":
        raise Interrupted
    if what == "open":
        print("ready", flush=True)
        time.sleep(60)
"""


def run(log: Path, what: str) -> subprocess.Popen:
    environment = os.environ | {"SLURM_JOB_ID": "5", "SLURMD_NODENAME": "n2"}
    environment["CUDA_VISIBLE_DEVICES"] = "0,1"
    return subprocess.Popen([sys.executable, "-c", JOB, str(log), what], env=environment)


def test_all_attempts_outlive_the_removal_of_the_log(tmp_path):
    """Snakemake removes a job's log before each attempt."""
    log = tmp_path / "train" / "a.log"
    for what in ("failed", "stopped", "done"):
        run(log, what).wait()
        assert log.is_symlink()
        text = log.read_text(encoding="utf-8")
        log.unlink()
    process = run(log, "open")
    while "ready" not in (log.read_text(encoding="utf-8") if log.exists() else ""):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = journal.attempts(log)
    assert [one.outcome for one in found] == ["failed", "stopped", "done", "open"]
    assert {(one.verb, one.node, one.slurm_job, one.gpus) for one in found} == {
        ("train", "n2", "5", 2)
    }
    assert found[-1].pid == process.pid
    assert text.count("of a child") == 3
    assert "ValueError: bad luck" in text
    log.unlink()
    assert journal.attempts(log) == found
    assert sorted(path.name for path in log.parent.iterdir()) == ["a.attempts"]

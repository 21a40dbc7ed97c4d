# SPDX-License-Identifier: Apache-2.0
"""What a killed snakemake leaves behind, and who tidies up."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from xling.cluster import controller, preflight
from xling.errors import SetupError


@pytest.fixture
def dead():
    """A process that is over."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return replace(controller.Controller.this(), pid=process.pid)


def lock(folder, study):
    """Lock files as Snakemake writes them."""
    locks = folder / ".snakemake" / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    for i, kind in enumerate(("input", "output")):
        (locks / f"{i}.{study}.{kind}.lock").write_text(f"results/{study}/scores.csv\n")
    return locks


def test_this_process_is_alive_and_another_with_its_number_is_not(dead):
    this = controller.Controller.this()
    assert this.alive() is True
    assert dead.alive() is False
    assert replace(this, created=this.created - 100).alive() is False, "the number was used again"


def test_whether_a_process_elsewhere_lives_cannot_be_seen():
    this = controller.Controller.this()
    assert replace(this, host="another").alive() is None
    assert replace(this, namespace="another container").alive() is None


def test_without_a_lock_there_is_nothing_to_do(tmp_path, dead):
    controller.write(dead, "mini", tmp_path)
    assert controller.tidy_lock("mini", tmp_path) == ""


def test_the_lock_of_a_dead_controller_is_removed_and_no_other(tmp_path, dead):
    controller.write(dead, "mini", tmp_path)
    lock(tmp_path, "mini")
    locks = lock(tmp_path, "paper")
    assert "its lock was removed" in controller.tidy_lock("mini", tmp_path)
    assert sorted(file.name for file in locks.iterdir()) == [
        "0.paper.input.lock",
        "1.paper.output.lock",
    ]
    assert controller.read("mini", tmp_path) == dead, "its Slurm jobs are still to be found"


def test_the_lock_of_a_living_controller_stays(tmp_path):
    controller.write(controller.Controller.this(), "mini", tmp_path)
    locks = lock(tmp_path, "mini")
    assert controller.tidy_lock("mini", tmp_path) == ""
    assert len(list(locks.iterdir())) == 2


@pytest.mark.parametrize("note", ["missing", "damaged", "elsewhere"])
def test_a_lock_whose_owner_cannot_be_seen_stays_and_the_command_is_told(tmp_path, note):
    locks = lock(tmp_path, "mini")
    if note == "elsewhere":
        there = replace(controller.Controller.this(), host="login2")
        controller.write(there, "mini", tmp_path)
    elif note == "damaged":
        path = controller.note_path("mini", tmp_path)
        path.parent.mkdir(parents=True)
        path.write_text("{")
    text = controller.tidy_lock("mini", tmp_path)
    assert "snakemake --unlock --config study=mini" in text
    assert ("login2" in text) == (note == "elsewhere")
    assert len(list(locks.iterdir())) == 2


def test_who_takes_over_is_noted_with_jobs_that_may_be_in_the_queue(tmp_path):
    controller.take_over("mini", tmp_path, ["run-1"])
    noted = controller.read("mini", tmp_path)
    assert noted.slurm_runs == ("run-1",)
    assert noted.alive() is True


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Stand-ins for squeue (two jobs, then none) and scancel (writes down what it was told)."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (
        ("squeue", 'echo "$@" >> squeue.txt; [ -f cancelled.txt ] || printf "7\\n8\\n"'),
        ("scancel", 'echo "$@" > cancelled.txt'),
    ):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def slurm_workflow(run):
    """What the preflight sees of a snakemake with the Slurm executor."""
    settings = type("Settings", (), {"__module__": "snakemake_executor_plugin_slurm"})()
    executor = SimpleNamespace(run_uuid=run)
    return SimpleNamespace(
        executor_settings=settings, scheduler=SimpleNamespace(_executor=executor)
    )


def test_jobs_of_a_killed_run_are_ended_before_new_ones_are_made(commands, monkeypatch, capsys):
    monkeypatch.setattr("xling.cluster.slurm.status_command", lambda: "squeue")
    controller.take_over("mini", commands, ["run-1"])
    workflow = slurm_workflow("run-2")
    preflight.prepare_run(workflow, "mini")
    assert (commands / "cancelled.txt").read_text().split() == ["7", "8"]
    assert "--name=run-1" in (commands / "squeue.txt").read_text()
    assert "2 jobs of a killed snakemake" in capsys.readouterr().err
    assert workflow.executor_settings.status_command == "squeue"
    assert controller.read("mini", commands).slurm_runs == ("run-2",)


def test_jobs_that_do_not_end_stop_the_run(commands, monkeypatch):
    monkeypatch.setattr("xling.cluster.slurm.status_command", lambda: "squeue")
    monkeypatch.setattr(preflight, "PATIENCE", 0.0)
    (commands / "bin" / "scancel").write_text("#!/bin/sh\n")
    controller.take_over("mini", commands, ["run-1"])
    with pytest.raises(SetupError, match="2 Slurm jobs of a killed snakemake do not end"):
        preflight.prepare_run(slurm_workflow("run-2"), "mini")


def test_a_queue_that_does_not_answer_is_not_an_empty_one(commands, monkeypatch):
    monkeypatch.setattr("xling.cluster.slurm.status_command", lambda: "squeue")
    (commands / "bin" / "squeue").write_text("#!/bin/sh\necho down >&2; exit 1\n")
    controller.take_over("mini", commands, ["run-1"])
    with pytest.raises(SetupError, match="cannot be seen whether jobs"):
        preflight.prepare_run(slurm_workflow("run-2"), "mini")
    assert controller.read("mini", commands).slurm_runs == ("run-1",)


def test_a_run_without_slurm_ends_them_too(commands):
    controller.take_over("mini", commands, ["run-1"])
    preflight.prepare_run(SimpleNamespace(executor_settings=None), "mini")
    assert (commands / "cancelled.txt").read_text().split() == ["7", "8"]


def test_a_run_that_could_not_see_its_jobs_end_does_not_begin(commands, monkeypatch):
    monkeypatch.setattr("xling.cluster.slurm.status_command", lambda: None)
    with pytest.raises(SetupError, match="nothing here tells what became"):
        preflight.prepare_run(slurm_workflow("run-1"), "mini")
    assert controller.read("mini", commands) is None


def test_without_slurm_the_controller_is_noted_and_nothing_asked(commands):
    workflow = SimpleNamespace(executor_settings=None)
    preflight.prepare_run(workflow, "mini")
    assert controller.read("mini", commands).slurm_runs == ()
    assert not (commands / "squeue.txt").exists()

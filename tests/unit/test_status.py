# SPDX-License-Identifier: Apache-2.0
"""Where a study stands: told from folders built by hand, processes, and a pretended queue."""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_study import load_small
from snakemake_executor_plugin_slurm.utils import get_job_wildcards

from workflow import REPOSITORY, STUDIES
from xling import cli_status, journal
from xling.cluster import controller
from xling.cluster.slurm import SlurmJob
from xling.config.loader import load_study
from xling.plan import Plan
from xling.status.excerpts import Progress, last_lines, progress
from xling.status.jobs import jobs_of
from xling.status.next_steps import next_steps
from xling.status.states import State
from xling.status.study import look
from xling.status.text import format_status

GOLDEN = REPOSITORY / "tests" / "dag" / "jobs"
RULES = {
    match["name"]: match["body"]
    for path in sorted((REPOSITORY / "workflow" / "rules").glob("*.smk"))
    for match in re.finditer(
        r"^rule (?P<name>\w+):\n(?P<body>.*?)(?=^\S|\Z)", path.read_text("utf-8"), re.DOTALL | re.M
    )
}
# Of translations of our own.
OWN = set(
    "convert_engine list_sentences translate_shard build_products measure_quality label_own "
    "list_projection measure_projection compare_translations tabulate_translations".split()
)
TRAIN = "xmixup/zero_shot/tiny/xnli/seed-1"
PROGRESS = "step 120 of 360, loss 0.5100, 3.20 steps/s, 75 s left"


# ---- the list of jobs ----------------------------------------------------------------------


@pytest.mark.parametrize("study", sorted(path.stem for path in GOLDEN.glob("*.txt")))
def test_the_jobs_are_those_of_snakemake(study):
    jobs = jobs_of(Plan(load_study(study).study))
    found = sorted(f"{job.rule} {output}" for job in jobs for output in job.outputs)
    assert found == (GOLDEN / f"{study}.txt").read_text("utf-8").splitlines()


def pattern(rule, kind):
    """The first path of a rule's outputs, log or benchmark, as it stands in the rule."""
    return re.search(rf'^    {kind}:\n(?:        \w+=)?\s*(?:\w+=)?f?"([^"]+)"', RULES[rule], re.M)[
        1
    ]


@pytest.mark.parametrize("study", ["smoke", "xtreme"])
def test_logs_benchmarks_and_wildcards_are_those_of_the_rules(study):
    jobs = jobs_of(Plan(load_study(study).study))
    translation = {rule for rule in RULES if rule.endswith(("_mt", "_parallel"))}
    translation |= {"subwords", "binarize", "generate"}
    distillation = {rule for rule in RULES if rule.endswith(("_distill", "_sentences", "_teacher"))}
    distillation |= {"prepare_sts", "prepare_graded", "train_student"}
    # Nothing in xtreme has synonyms, nothing is compared, nothing translated, nothing distilled.
    lacking = {"label", "compare", "synonyms", "augment", *translation, *distillation, *OWN}
    # Nothing in smoke labels translations of our own, and its engine has no model.
    others = lacking if study == "xtreme" else {"download", "label_own", "convert_engine"}
    of_papers = [job for job in jobs if job.stage in ("tabulate", "plot")]
    # STS is evaluated by a copy of its stage's rule.
    assert {job.stage for job in jobs if job not in of_papers} == set(RULES) - others
    papers = {job.rule.removeprefix(f"{job.stage}_") for job in of_papers}
    assert papers <= {"xmixup", "robust", "cats", "distill"}
    for job in of_papers:
        paper = job.rule.removeprefix(f"{job.stage}_")
        assert job.log == f"results/{study}/logs/{job.stage}/{paper}.log"
        assert job.benchmark == f"results/{study}/benchmarks/{job.stage}/{paper}.tsv"
    for job in [job for job in jobs if job not in of_papers]:
        for kind, path in (("log", job.log), ("benchmark", job.benchmark)):
            found = pattern(job.stage, kind).replace("{STUDY.name}", study)
            assert found.format(**job.wildcards) == path
        if job.wildcards:
            # Snakemake has them in the order of the first output.
            assert list(job.wildcards) == re.findall(r"\{(\w+)\}", pattern(job.stage, "output"))


def test_the_comment_is_that_of_the_executor():
    jobs = jobs_of(Plan(load_study("smoke").study))
    comments = {job.comment for job in jobs}
    assert "rule_train_wildcards_smoke_xmixup_zero_shot_tiny-xlmr_xnli_1" in comments
    assert len(comments) == len(jobs)
    for job in jobs:
        values = get_job_wildcards(SimpleNamespace(wildcards=list(job.wildcards.values())))
        assert job.comment == f"rule_{job.rule}" + (f"_wildcards_{values}" if values else "")


def test_what_jobs_ask_for(folder):
    override = "  overrides: [{where: {tasks: [xnli]}, set: {gpu: 0, train_threads: 3}}]\n"
    study = load_small(
        (
            "experiments:",
            "resources:\n  gpu: 2\n  pretrain_threads: 5\n" + override + "experiments:",
        )
    ).study
    asked = {job.name: (job.threads, job.gpus) for job in jobs_of(Plan(study))}
    assert asked["pretrain tiny"] == (5, 1)
    assert asked["train xmixup/zero_shot/tiny/xnli/seed-1"] == (3, 0)
    assert asked["train xmixup/zero_shot/tiny/pawsx/seed-1"] == (1, 2)
    assert asked["predict xmixup/zero_shot/tiny/pawsx/seed-1"] == (1, 1)
    assert asked["predict xmixup/zero_shot/tiny/xnli/seed-1"] == (3, 0)
    assert asked["score xmixup/zero_shot/tiny/pawsx/seed-1"] == (1, 0)
    assert asked["tabulate_xmixup"] == (1, 0)


# ---- states of jobs ------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working directory without Slurm."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("xling.cluster.slurm.running_jobs", lambda folder: None)
    return tmp_path


def plan(*replacements):
    return Plan(load_small(*replacements).study)


def job_of(rule, run=TRAIN, of=None):
    jobs = jobs_of(of or plan())
    return next(job for job in jobs if job.name == f"{rule} {run}".rstrip())


def make(job):
    for output in job.outputs:
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        Path(output).touch()


def write(job, *lines, started=None, age=0.0, **facts):
    """Append an attempt to a job's log; ``lines`` are (seconds after the start, text)."""
    started = started or datetime.now() - timedelta(seconds=90)
    given = {
        "host": socket.gethostname(),
        "node": "",
        "namespace": journal.pid_namespace(),
        "pid": 0,
        "slurm_job": "",
        "gpus": 0,
    }
    text = f"start {job.rule} {json.dumps(given | facts)}"
    log = Path(job.log)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as stream:
        for seconds, line in ((0, text), *lines):
            when = (started + timedelta(seconds=seconds)).strftime(journal.DATE)
            stream.write(f"{when} I xling: {line}\n")
    os.utime(log, (time.time() - age, time.time() - age))


def end(job, outcome, seconds):
    return seconds, f"end {job.rule} {outcome} after {seconds:.1f} s"


def status(of=None):
    return look(of or plan(), Path("results"))


def state(job, of=None):
    return next((one.state, one.sure) for one in status(of).jobs if one.job.name == job.name)


@pytest.fixture
def dead():
    """Number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "60"])
    yield process.pid
    process.kill()
    process.wait()


def test_waiting_and_done(folder):
    job = job_of("train")
    assert state(job) == (State.WAITING, True)
    make(job)
    assert state(job) == (State.DONE, True)
    Path(job.outputs[1]).unlink()
    assert state(job) == (State.WAITING, True)


@pytest.mark.parametrize("outcome", ["failed", "stopped"])
def test_how_the_last_attempt_ended(folder, outcome):
    job = job_of("train")
    write(job, end(job, "failed" if outcome == "stopped" else "stopped", 3.0))
    write(job, end(job, outcome, 5.0))
    assert state(job) == (State(outcome), True)


def test_a_job_whose_outputs_were_removed_waits(folder):
    job = job_of("train")
    write(job, end(job, "done", 5.0))
    assert state(job) == (State.WAITING, True)


def test_a_process_that_lives_here(folder, sleeper):
    job = job_of("train")
    write(job, started=datetime.now(), pid=sleeper)
    assert state(job) == (State.RUNNING, True)
    make(job)  # it is made again
    assert state(job) == (State.RUNNING, True)


def test_a_process_that_died_here(folder, dead):
    job = job_of("train")
    write(job, pid=dead)
    assert state(job) == (State.KILLED, True)


def test_a_number_that_another_process_has_now(folder, sleeper):
    job = job_of("train")
    write(job, started=datetime.now() - timedelta(hours=1), pid=sleeper)
    assert state(job) == (State.KILLED, True)


def test_a_process_that_ended_and_was_not_waited_for(folder):
    process = subprocess.Popen(["true"])
    time.sleep(0.2)
    job = job_of("train")
    write(job, started=datetime.now(), pid=process.pid)
    assert state(job) == (State.KILLED, True)
    process.wait()


@pytest.mark.parametrize("elsewhere", [{"host": "other"}, {"namespace": "pid:[1]"}])
@pytest.mark.parametrize(
    ("age", "expected"), [(500, (State.RUNNING, False)), (700, (State.KILLED, True))]
)
def test_another_host_without_slurm(folder, sleeper, elsewhere, age, expected):
    job = job_of("train")
    write(job, started=datetime.now(), age=age, pid=sleeper, **elsewhere)
    assert state(job) == expected
    assert ("marked 'running?': 1." in shown()) == (not expected[1])
    assert (f"    running?; {elsewhere.get('host', socket.gethostname())};" in shown()) == (
        not expected[1]
    )


def test_a_log_that_snakemake_removed(folder):
    """It removes the declared log when it submits the next attempt; the journal stays."""
    job = job_of("train")
    write(job, end(job, "failed", 5.0))
    Path(job.log).rename(journal.kept(Path(job.log)))
    assert state(job) == (State.FAILED, True)
    assert f"{Path(job.log).with_suffix('.attempts')}\n" in shown()


# ---- Slurm ---------------------------------------------------------------------------------


def slurm_job(number, comment, state="RUNNING", node="n1"):
    node = "" if state == "PENDING" else node
    return SlurmJob(number, state, comment, Path.cwd(), 60, 0, node, "None", "uuid")


@pytest.fixture
def queue(folder, monkeypatch):
    """Jobs in the queue, to be filled by a test."""
    jobs = []
    monkeypatch.setattr("xling.cluster.slurm.running_jobs", lambda folder: jobs)
    return jobs


def test_a_job_that_slurm_runs(queue):
    job = job_of("train")
    write(job, age=9000, host="far", slurm_job="41")
    queue.append(slurm_job("41", "rule_short"))  # its group's: the number decides
    assert state(job) == (State.RUNNING, True)
    queue[:] = [slurm_job("42", "rule_short")]
    assert state(job) == (State.KILLED, True)


def test_a_job_that_begins_has_no_log_yet(queue):
    job = job_of("train")
    queue.append(slurm_job("41", job.comment))
    assert state(job) == (State.RUNNING, True)
    assert "starting; n1; Slurm job 41" in shown()


@pytest.mark.parametrize("before", ["nothing", "failed", "outputs"])
def test_a_job_in_the_queue(queue, before):
    job = job_of("train")
    if before == "failed":
        write(job, end(job, "failed", 5.0), host="far", slurm_job="40")
    if before == "outputs":
        make(job)
    queue.append(slurm_job("41", job.comment, "PENDING"))
    assert state(job) == (State.QUEUED, True)


def test_a_requeued_job_keeps_its_number(queue):
    job = job_of("train")
    write(job, host="far", slurm_job="41")
    queue.append(slurm_job("41", job.comment, "PENDING"))
    assert state(job) == (State.QUEUED, True)


def test_a_dead_process_in_a_living_allocation(queue, dead):
    """snakemake may run inside an allocation; its jobs have the number of the allocation."""
    job = job_of("train")
    write(job, pid=dead, slurm_job="41")
    queue.append(slurm_job("41", ""))
    assert state(job) == (State.KILLED, True)


def test_groups_in_the_queue_are_counted_apart(queue):
    queue += [slurm_job(str(i), "rule_short", "PENDING") for i in range(3)]
    queue.append(slurm_job("7", "rule_prepare", "PENDING"))
    text = " ".join(shown().split())
    assert "Groups of jobs of this folder in Slurm's queue: 1 prepare, 3 short." in text
    assert status().counts[State.QUEUED] == 0


def test_squeue_is_asked_once_for_the_folder(tmp_path, monkeypatch):
    """The real question to a pretended squeue: jobs of other folders do not count."""
    monkeypatch.chdir(tmp_path)
    job = job_of("train")
    rows = [
        ("41", "PENDING", job.comment, "0:00", "N/A", "N/A", "1", "", "Priority", "u", tmp_path),
        ("42", "PENDING", "rule_short", "0:00", "N/A", "N/A", "1", "", "Priority", "u", "/other"),
    ]
    answer = "".join("\x1f".join(map(str, row)) + "\x1f\n" for row in rows)
    (tmp_path / "answer").write_text(answer, encoding="utf-8")
    stub = tmp_path / "bin" / "squeue"
    stub.parent.mkdir()
    stub.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/calls\ncat {tmp_path}/answer\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stub.parent}:{os.environ['PATH']}")
    found = status()
    assert (tmp_path / "calls").read_text() == "asked\n"
    assert found.counts[State.QUEUED] == 1
    assert found.queue.groups_waiting == []


# ---- runs, time, text ----------------------------------------------------------------------


def shown(of=None):
    found = status(of)
    return format_status(found, next_steps(found, "small.yaml", None))


def test_states_of_runs(folder, dead):
    """A borrowed model belongs to both runs; a record counts while nothing is made again."""
    runs = {run.path: run for run in plan().runs}
    borrower = "xmixup/translate_test/tiny/xnli/seed-1"
    write(job_of("train"), pid=dead)
    found = status()
    assert found.state_of(runs[TRAIN]) == State.KILLED
    assert found.state_of(runs[borrower]) == State.KILLED
    make(job_of("train"))
    make(job_of("predict"))
    assert status().state_of(runs[TRAIN]) == State.WAITING
    make(job_of("score"))
    # Files in between may be removed.
    for output in job_of("predict").outputs:
        Path(output).unlink()
    found = status()
    assert found.state_of(runs[TRAIN]) == State.DONE
    assert found.runs == {State.DONE: 1, State.WAITING: 7}
    failed = job_of("predict")
    write(failed, end(failed, "failed", 1.0))
    assert status().state_of(runs[TRAIN]) == State.FAILED


def test_hours(folder, sleeper, dead):
    """By hand: threads and GPUs times the time of every attempt."""
    more = "experiments:", "resources: {gpu: 2, train_threads: 3}\nexperiments:"
    small = plan(more)
    train = job_of("train", of=small)
    write(train, (360, "half way"), pid=dead, slurm_job="1", gpus=2, host="far")
    write(train, end(train, "stopped", 720.0), slurm_job="2", gpus=2, host="far")
    write(train, end(train, "failed", 36.0), slurm_job="3", gpus=8, host="far")  # a shared node
    write(train, end(train, "failed", 36.0), slurm_job="4", gpus=0, host="far")
    write(train, (18, "on it"), started=datetime.now(), pid=sleeper)  # outside Slurm
    predict = job_of("predict", of=small)
    write(predict, end(predict, "done", 1800.0))
    found = status(small).used
    assert found.cpu.useful == pytest.approx(3 * (720 + 1800) / 3600)
    assert found.cpu.lost == pytest.approx(3 * (360 + 36 + 36) / 3600)
    assert found.cpu.underway == pytest.approx(3 * 18 / 3600)
    assert found.gpu.useful == pytest.approx((2 * 720 + 1 * 1800) / 3600)
    assert found.gpu.lost == pytest.approx(2 * (360 + 36) / 3600)
    assert found.gpu.underway == pytest.approx(2 * 18 / 3600)
    assert found.cpu.used == pytest.approx(3 * (720 + 1800 + 432 + 18) / 3600)
    assert next(stage for stage in status(small).stages if stage.name == "predict").used.gpu == (
        type(found.gpu)(useful=0.5)
    )
    assert re.search(
        r"^GPU: 1\.1 GPU-h used of .* planned; 13 min of it by attempts", shown(small), re.M
    )


def test_the_whole_text(folder, sleeper):
    for job in jobs_of(plan()):
        if job.rule in ("fetch", "prepare"):
            make(job)
    train = job_of("train")
    write(train, (80, PROGRESS), started=datetime.now(), pid=sleeper)
    failed = job_of("train", "xmixup/zero_shot/tiny/pawsx/seed-2")
    message = "error: bad\n  where:   a file\n  do:      mend it"
    write(failed, end(failed, "failed", 36.0))
    with Path(failed.log).open("a", encoding="utf-8") as stream:
        stream.write(f"{message}\n")
    # What is planned is the estimate's affair.
    text = re.sub(r"(?<=  ) *(\d+ s|\d+ min)$", "*", shown(), flags=re.M)
    text = re.sub(r"used of .* planned", "used of * planned", text)
    host = socket.gethostname()
    assert (
        text
        == f"""\
study small: 0 of 8 runs done, 10 of 46 jobs

stage     jobs  done  running  queued  failed  killed  stopped  waiting  CPU used  planned
fetch        3     3        -       -       -       -        -        -         -  *
prepare      7     7        -       -       -       -        -        -         -  *
pretrain     1     -        -       -       -       -        -        1         -  *
tokenize     6     -        -       -       -       -        -        6         -  *
train        4     -        1       -       1       -        -        2     2 min  *
predict      8     -        -       -       -       -        -        8         -  *
score        8     -        -       -       -       -        -        8         -  *
analyse      4     -        -       -       -       -        -        4         -  *
tabulate     1     -        -       -       -       -        -        1         -  *
plot         1     -        -       -       -       -        -        1         -  *
scores       1     -        -       -       -       -        -        1         -  *
check        1     -        -       -       -       -        -        1         -  *
report       1     -        -       -       -       -        -        1         -  *
total       46    10        1       -       1       -        -       34     2 min  *

CPU: 2 min used of * planned; 36 s of it by attempts that failed or were killed

xmixup: 0 of 8 runs done (seeds 1, 2)
                        xnli   pawsx
zero_shot, tiny       0/2 1r  0/2 1f
translate_test, tiny  0/2 1r  0/2 1f

(r running, q queued, f failed, k killed, s stopped)

running:
  train {TRAIN}
    {PROGRESS}; {host}; process {sleeper}

failed or killed:
  failed in attempt 1: {failed.log}
    error: bad
      where:   a file
      do:      mend it

No snakemake is known to run, but jobs are at work: 1.  When they have ended:
  snakemake --config study=small.yaml
"""
    )


def test_at_most_five_failed_logs_are_shown(folder):
    for job in [job for job in jobs_of(plan()) if job.rule == "predict"][:7]:
        write(job, end(job, "failed", 1.0))
    text = shown()
    assert text.count("failed in attempt 1: ") == 5
    assert "  and 2 more\n" in text


@pytest.mark.parametrize("study", STUDIES)
def test_no_line_is_wider_than_a_screen(folder, study):
    text = shown(Plan(load_study(str(REPOSITORY / f"config/studies/{study}.yaml")).study))
    assert max(map(len, text.splitlines())) <= 100
    assert "There is no folder results/" in text
    assert "To start:\n  snakemake --config" in text


# ---- what logs say -------------------------------------------------------------------------


def test_progress():
    assert progress("nothing yet") is None
    text = "I x: step 1 of 9, loss 0.9000, 1.00 steps/s, 8 s left\nI x: step 3: dev 4\n"
    assert progress(text) == Progress(1, 9, 0.9, 1.0, 8)
    text += "I x: step 2 of 9, loss nan, 0.50 steps/s, 14 min left\n"
    assert progress(text) == Progress(2, 9, None, 0.5, 840)


def test_progress_is_what_trainings_log():
    """The form that trainings use, read from the code: to import it takes seconds."""
    code = (REPOSITORY / "workflow" / "xling" / "training_callbacks.py").read_text("utf-8")
    (form,) = re.findall(r'"(step %d of .* left)"', code)
    assert '{left / 60:.0f} min" if' in code
    for value, left in ((0.25, "3 s"), (float("nan"), "5 min")):
        found = progress("I xling: " + form % (12, 30, value, 1.5, left))
        assert (found.step, found.steps, found.rate) == (12, 30, 1.5)
        assert (found.loss, found.seconds_left) in ((0.25, 3), (None, 300))


def test_the_last_message_or_the_last_lines():
    lines = [f"line {i}" for i in range(9)]
    assert last_lines("\n".join(lines) + "\n\n") == lines[-5:]
    text = "error: old\n  do:      a\nline\nerror: new\n  where:   b\n  do:      c\nTraceback\n"
    assert last_lines(text) == ["error: new", "  where:   b", "  do:      c"]
    assert last_lines("") == []


# ---- what to do next -----------------------------------------------------------------------


def steps(data_root=None):
    return "\n".join(next_steps(status(), "small", data_root))


def test_next_without_anything(folder):
    assert steps() == "To start:\n  snakemake --config study=small"
    assert steps("my data").endswith("--config study=small 'data_root=my data'")


def test_next_when_all_is_done(folder):
    for job in jobs_of(plan()):
        if job.rule in ("score", "check", "report"):
            make(job)
    assert steps() == "Everything is done: results/small/report/index.html"


def test_next_after_failures_on_slurm(queue):
    job = job_of("train")
    write(job, end(job, "failed", 1.0), host="far", slurm_job="3")
    assert "Do what the messages of the failed jobs say" in steps()
    assert steps().endswith("\n  snakemake --profile slurm --config study=small")
    queue.append(slurm_job("4", "rule_short"))
    assert "No snakemake runs, but jobs of this folder are in Slurm's queue: 1." in steps()


def test_next_with_a_controller(folder):
    me = controller.Controller.this()
    controller.write(me, "small", folder)
    assert f"snakemake is at work on it (process {os.getpid()}" in steps()
    assert "--config" not in steps()
    gone = controller.Controller(me.host, me.namespace, me.pid, me.created - 60)
    controller.write(gone, "small", folder)
    assert steps().startswith("To start:")
    elsewhere = controller.Controller("far", me.namespace, me.pid, me.created)
    controller.write(elsewhere, "small", folder)
    assert "was started on far; whether it runs cannot be seen" in steps()


# ---- the command ---------------------------------------------------------------------------


def call(*arguments):
    parser = argparse.ArgumentParser()
    cli_status.add_arguments(parser.add_subparsers(dest="verb"))
    args = parser.parse_args(["status", *arguments])
    return args.func(args)


def test_json(folder, sleeper, capsys):
    plan()
    train = job_of("train")
    write(train, (80, PROGRESS), started=datetime.now(), pid=sleeper)
    failed = job_of("predict")
    write(failed, end(failed, "done", 1.0), slurm_job="8")
    write(failed, (2, "ouch"), end(failed, "failed", 36.0), slurm_job="9", host="far")
    assert call("small.yaml", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["study"] == "small"
    assert found["started"] is True
    assert found["slurm"] is False
    none = dict.fromkeys(map(str, State), 0)
    assert found["runs"] == none | {"running": 2, "waiting": 6}
    assert found["hours"]["cpu"] == {"useful": 0.0003, "lost": 0.01, "underway": 0.0222}
    stages = {stage["stage"]: stage for stage in found["stages"]}
    assert stages["train"]["jobs"] == none | {"running": 1, "waiting": 3}
    assert stages["train"]["planned"]["cpu"] > 0
    assert stages["train"]["planned"]["gpu"] == 0
    cells = {
        (c["method"], c["model"], c["task"]): c["runs"] for c in found["experiments"][0]["cells"]
    }
    assert cells["zero_shot", "tiny", "xnli"] == none | {"running": 1, "waiting": 1}
    (running,) = found["running"]
    assert running["wildcards"]["task"] == "xnli"
    assert (running["pid"], running["sure"]) == (sleeper, True)
    assert running["progress"] == {
        "step": 120,
        "steps": 360,
        "loss": 0.51,
        "rate": 3.2,
        "seconds_left": 75,
    }
    (one,) = found["failed"]
    assert (one["rule"], one["state"], one["attempts"]) == ("predict", "failed", 2)
    assert one["slurm_job"] == "9"
    assert one["log"] == failed.log
    assert [line.split(": ", 1)[1] for line in one["last_lines"]] == [
        "ouch",
        "end predict failed after 36.0 s",
    ]
    assert found["controller"] is None


def test_results_elsewhere(tmp_path, folder, capsys, monkeypatch):
    """Results, and what snakemake notes, lie in the folder that snakemake was told to work in."""
    load_small()
    for job in jobs_of(plan()):
        if job.rule == "fetch":
            make(job)
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert call("../small.yaml", "--results", "../results") == 0
    assert "0 of 8 runs done, 3 of 46 jobs" in capsys.readouterr().out


def test_nothing_heavy_is_loaded(folder):
    load_small()
    heavy = "torch transformers datasets pandas matplotlib pyarrow".split()
    code = (
        "import sys, argparse; from xling import cli_status; p = argparse.ArgumentParser();"
        "cli_status.add_arguments(p.add_subparsers()); a = p.parse_args(['status', 'small.yaml']);"
        f"a.func(a); print('loaded', [m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded []"

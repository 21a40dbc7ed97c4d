# SPDX-License-Identifier: Apache-2.0
"""What clusters do to long runs, done by a real Slurm (``make test-slurm``)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from slurm_runs import Run, queue, wait_for, wanted
from throwaway import Slurm

from workflow import REPOSITORY, snakemake
from xling.journal import attempts

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(900)]


HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """Three nodes, two of them with two GPUs each."""
    missing = [name for name in ("slurmctld", "slurmd", "munged") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.fail(f"no Slurm to test on: {missing or 'not root'}; run `make test-slurm`")
    slurm = Slurm(tmp_path_factory.mktemp("slurm"))
    slurm.up()
    yield slurm
    slurm.down()


@pytest.fixture(scope="session")
def drafted(slurm, tmp_path_factory):
    """The site file that ``xling doctor`` drafts."""
    file = tmp_path_factory.mktemp("site") / "drafted.yaml"
    subprocess.run(["xling", "doctor", "--write-slurm-site", file], check=True)
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def site(drafted, tmp_path_factory):
    """Writes a site file with other values for GPU jobs than the drafted ones."""
    folder = tmp_path_factory.mktemp("sites")

    def write(constraint, **gpu):
        values = drafted | {"stop_seconds": 20}
        values["gpu"] = drafted["gpu"] | {"constraint": constraint} | gpu
        file = folder / f"{len(list(folder.iterdir()))}.yaml"
        file.write_text(yaml.safe_dump(values), encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def smoke(site, tmp_path_factory):
    """The study ``smoke`` with GPUs, two for one of its trainings; started at once."""
    folder = tmp_path_factory.mktemp("smoke")
    study = yaml.safe_load((REPOSITORY / "config/studies/smoke.yaml").read_text(encoding="utf-8"))
    # For time: every kind of job once or twice; those of other tasks and methods are like these.
    study["experiments"] = [
        _block(["zero_shot", "translate_train"], "tiny-xlmr", "xnli"),
        _block(["translate_train-noisy", "translate_test-noisy"], "tiny-xlmr", "xnli"),
        _block(["zero_shot"], "tiny-bert", "pawsx"),
        _block(["xmixup"], "tiny-xlmr", "udpos"),
        _block(["mean_pooled"], "tiny-xlmr", "bucc2018"),
    ]
    study["translations"]["shards"] = 1
    study["translation"]["experiments"][0]["methods"] = ["cats"]
    # fairseq computes on the GPUs that a job is given, and these are pretended.
    study["translation"]["resources"] = [{"where": {"methods": ["cats"]}, "set": {"gpu": 0}}]
    del study["distillation"]["experiments"][1:]
    study["resources"]["gpu"] = 1
    study["resources"]["overrides"] = [{"where": {"tasks": ["pawsx"]}, "set": {"gpu": 2}}]
    (folder / "smoke.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    run = Run(folder, "smoke.yaml", site("safe"), profile="slurm-gres")
    yield run, run.start()
    run.kill()


def _block(methods, model, task):
    names = {"paper": "xmixup", "methods": methods, "models": [model], "tasks": [task]}
    return names | {"seeds": [1]}


@pytest.fixture(scope="session")
def undisturbed(smoke, tmp_path_factory):
    """The study ``events``, run here without Slurm up to its records."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copy(HERE / "events.yaml", folder)
    call = snakemake(folder, "--cores", "2", *wanted("record.json", [1, 2]), study="events.yaml")
    assert call.code == 0, call.text
    return folder


@pytest.fixture(scope="session")
def events(undisturbed, site, tmp_path_factory):
    """Makes runs of ``events`` in which all but trainings and what follows is done."""
    runs = []

    def make(name, files, constraint, **gpu):
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(undisturbed, folder, dirs_exist_ok=True, symlinks=True)
        for part in ("runs", "predictions", "logs/train"):
            shutil.rmtree(folder / "results" / "events" / part)
        run = Run(folder, "events.yaml", site(constraint, **gpu), arguments=files)
        runs.append(run)
        return runs[-1]

    yield make
    for run in runs:
        run.kill()


@pytest.fixture(scope="session", autouse=True)
def waiting_runs(events):
    """Runs that mostly wait, so that they wait beside each other and beside the other tests."""
    # Far too little memory at first: importing torch takes more.
    one = wanted("train.json", [1])
    memory = events("memory", one, "safe")
    memory.arguments = [*one, "--set-resources", "train:mem_mb=300*8**(attempt-1)"]
    # Two minutes; it is told to stop 20 s before, or up to 60 s earlier (Slurm's clock is coarse).
    time = events("time", one, "safe", max_minutes=2)
    with ThreadPoolExecutor() as pool:
        yield {
            "memory": (memory, pool.submit(lambda: memory.finish(memory.start()))),
            "time": (time, pool.submit(_slow, time)),
        }


def _slow(run):
    """Hold a training, so that it is slow enough to meet the signal."""
    process = run.start()
    run.hold(1)[1].go_on_when_told_to_stop()
    return run.finish(process)


# Where the rules' jobs run; those not named here run on the submitting node.
GPU_RULES = {
    *("pretrain", "label", "train", "analyse", "predict"),
    *("train_teacher", "encode_teacher", "train_student", "evaluate_sentences"),
}
CPU_RULES = {
    *("prepare", "tokenize", "prepare_parallel", "subwords", "binarize"),
    *("train_mt", "generate", "analyse_mt"),
    *("prepare_sts", "prepare_graded", "prepare_distill"),
    *("list_sentences", "translate_shard", "build_products"),
    *("measure_quality", "measure_projection"),
}
RUN = "xmixup/zero_shot/tiny/xnli/seed-{}"


def same_weights(run, undisturbed, seed):
    """A training ended with the weights of an undisturbed one."""
    weights = f"runs/{RUN.format(seed)}/model/model.safetensors"
    theirs = undisturbed / "results" / "events"
    assert (run.results / weights).read_bytes() == (theirs / weights).read_bytes()


def same_record(run, undisturbed, seed):
    """Predictions and scores of a run are those of an undisturbed one."""
    ours, theirs = run.results, undisturbed / "results" / "events"
    table = f"predictions/{RUN.format(seed)}.parquet"
    assert pq.read_table(ours / table).equals(pq.read_table(theirs / table))
    record = f"runs/{RUN.format(seed)}/record.json"
    ours, theirs = (json.loads((folder / record).read_text()) for folder in (ours, theirs))
    assert ours["scores"] == theirs["scores"]
    assert ours["settings"] == theirs["settings"]


def went_on(run, seed):
    """Whether an attempt began where another had saved."""
    text = run.log(seed).read_text(encoding="utf-8")
    return re.search(r"attempt \d+ of this training, from step [1-9]\d* of 400", text)


def test_trainings_survive_cancelling_a_dead_node_and_a_killed_snakemake(
    slurm, events, undisturbed
):
    run = events("events", wanted("record.json", [1, 2]), "doomed")
    first = run.start()
    trainings = run.hold(1, 2)  # each alone on its node
    lost = trainings[2].attempt.node
    assert trainings[1].attempt.node != lost

    # Somebody cancels a job in the middle: it saves and leaves, and is tried again.
    subprocess.run(["scancel", trainings[1].attempt.slurm_job], check=True)
    trainings[1].go_on_when_told_to_stop()
    wait_for(lambda: len(run.attempts(1)) == 2, "the retry of the cancelled job")
    assert run.attempts(1)[0].outcome == "stopped"

    # The controlling snakemake is killed; its jobs stay where they are.
    first.kill()
    first.wait()

    # A node dies with what runs on it, and comes back.
    slurm.kill_node(lost)
    second = run.start()
    slurm.start_node(lost)
    text = run.finish(second)
    assert "its lock was removed" in text
    assert "told to save and end" in text
    for seed in (1, 2):
        tries = run.attempts(seed)
        assert tries[-1].outcome == "done"
        assert len(tries) >= 2
        assert went_on(run, seed)
        same_weights(run, undisturbed, seed)
        same_record(run, undisturbed, seed)
    assert run.attempts(2)[0].outcome == "open", "killed with its node, without a word"


def test_a_job_over_its_memory_is_tried_again_with_more(waiting_runs, undisturbed):
    run, future = waiting_runs["memory"]
    future.result()
    numbers = ",".join(train_jobs(run))
    jobs = queue("%T %m", f"--jobs={numbers}", "--states=all", "--sort=i")
    assert jobs[0].split()[0] in ("OUT_OF_MEMORY", "FAILED", "CANCELLED")
    assert [job.split()[1] for job in jobs] == ["300M", "2400M"]
    assert jobs[1].startswith("COMPLETED")
    same_weights(run, undisturbed, 1)


def train_jobs(run):
    """Numbers of a run's Slurm jobs that trained, in order."""
    comments = dict(line.split(maxsplit=1) for line in queue("%A %k", "--states=all"))
    found = [number for number in jobs_of(run) if comments[number].startswith("rule_train_")]
    return sorted(found, key=int)


def test_a_job_over_its_time_saves_and_its_retry_finishes(waiting_runs, undisturbed):
    run, future = waiting_runs["time"]
    future.result()
    assert [attempt.outcome for attempt in run.attempts(1)] == ["stopped", "done"]
    assert went_on(run, 1)
    same_weights(run, undisturbed, 1)


def test_smoke_completes_and_jobs_get_what_they_asked_for(smoke):
    run, process = smoke
    run.finish(process)
    assert (run.results / "report" / "index.html").exists()
    found = {}
    for log in (run.results / "logs").rglob("*.log"):
        rule = log.relative_to(run.results / "logs").parts[0].removesuffix(".log")
        for attempt in attempts(log):
            assert attempt.outcome == "done", log
            expected = 0
            if rule in GPU_RULES:
                expected = 2 if rule == "train" and "/pawsx/" in str(log) else 1
                assert attempt.node in ("g1", "g2"), log
            elif rule in CPU_RULES:
                assert attempt.node == "c1", log
            else:
                assert not attempt.slurm_job, f"{rule} is for the submitting node"
            assert attempt.gpus == expected, log
            found.setdefault(rule, []).append(attempt.slurm_job)
    assert found.keys() > GPU_RULES | CPU_RULES
    # Short jobs shared allocations: fewer of them than jobs.
    for rule in ("prepare", "train"):
        assert len(set(found[rule])) < len(found[rule])


def test_a_second_call_does_nothing(smoke):
    run, _ = smoke
    jobs = jobs_of(run)
    text = run.finish(run.start())
    assert "Nothing to be done" in text.rsplit("Building DAG of jobs", 1)[1]
    assert jobs_of(run) == jobs


def jobs_of(run):
    """Numbers of all Slurm jobs of a run, ended ones too."""
    lines = (line.split(maxsplit=1) for line in queue("%A %Z", "--states=all"))
    return [number for number, folder in lines if folder == str(run.folder)]


def test_status_and_doctor_read_it_all(smoke):
    run, _ = smoke

    def xling(*arguments):
        environment = os.environ | {"XLING_SLURM_SITE": str(run.site)}
        return subprocess.run(
            ["xling", *arguments],
            cwd=run.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    status = json.loads(xling("status", run.study, "--json").stdout)
    runs = 7 + 1 + 3  # of tasks, translation models, sentence encoders
    assert status["runs"]["done"] == runs
    assert sum(status["runs"].values()) == runs
    told = xling("doctor", run.study).stdout
    assert "squeue" in told
    lines = [line.split()[0] for line in told.splitlines() if "Slurm" in line]
    assert lines
    assert "error" not in lines

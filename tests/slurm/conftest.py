# SPDX-License-Identifier: Apache-2.0
"""A running Slurm, its site file, and studies whose data is ready."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from slurm_runs import Run, wanted
from throwaway import Slurm

from workflow import REPOSITORY, snakemake

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
    # For time: jobs of another seed, and of a third method on the same task, are like these.
    study["experiments"][0]["seeds"] = [1]
    study["experiments"][2]["methods"] = ["zero_shot", "translate_test"]
    study["resources"]["gpu"] = 1
    study["resources"]["overrides"] = [{"where": {"tasks": ["pawsx"]}, "set": {"gpu": 2}}]
    (folder / "smoke.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    run = Run(folder, "smoke.yaml", site("safe"), profile="slurm-gres")
    yield run, run.start()
    run.kill()


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

# SPDX-License-Identifier: Apache-2.0
"""What a job asks the cluster for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from xling.cluster.requests import Requests
from xling.cluster.site import GpuPartition, Partition, Site
from xling.needs import JobNeeds, Needs


def requests(site=None, gpus_by="gpus", **members):
    site = site or Site()
    needs = JobNeeds.__new__(JobNeeds)  # only what depends on the site is asked for here
    needs.site = site
    return Requests(needs, site, gpus_by, lambda: members)


def asked(resources, attempt=1):
    """Values as Snakemake would find them for a job."""
    wildcards = SimpleNamespace()
    found = {}
    for name, value in resources.items():
        if callable(value):
            several = name in ("mem_mb", "runtime")
            value = value(wildcards, attempt) if several else value(wildcards)
        found[name] = value
    return found


def needs_of(_):
    return Needs(mem_mb=1000, minutes=30)


def model(requests, gpus, kind=None, group=None, attempt=1):
    resources = requests.model(needs_of, lambda _: gpus, lambda _: kind, lambda _: group)
    return asked(resources, attempt)


SITE = Site(
    account="lab",
    qos="normal",
    cpu=Partition(partition="cpu", max_minutes=100, max_mem_mb=3000),
    gpu=GpuPartition(partition="gpu", constraint="nvlink", max_minutes=40, max_mem_mb=5000),
    stop_seconds=120,
)


def test_without_a_site_file_slurm_decides_where():
    assert asked(requests().cpu(needs_of)) == {"mem_mb": 1000, "runtime": 30}


def test_cpu_jobs_go_to_the_cpu_partition_and_ask_for_no_gpu():
    assert asked(requests(SITE).cpu(needs_of)) == {
        "mem_mb": 1000,
        "runtime": 30,
        "slurm_account": "lab",
        "qos": "normal",
        "slurm_partition": "cpu",
        "constraint": "",
    }


def test_gpu_jobs_go_to_the_gpu_partition_and_are_told_to_stop_early():
    found = model(requests(SITE), 4, "a100")
    assert (found["slurm_partition"], found["constraint"]) == ("gpu", "nvlink")
    assert (found["gpu"], found["gpu_model"], found["gpu_count"]) == (4, "a100", 4)
    assert found["slurm_extra"] == "--signal=TERM@120"
    assert "gres" not in found


@pytest.mark.parametrize(("kind", "gres"), [(None, "gpu:2"), ("a100", "gpu:a100:2")])
def test_gres_instead(kind, gres):
    found = model(requests(SITE, "gres"), 2, kind)
    assert found["gres"] == gres
    assert "gpu" not in found
    assert "gpu_model" not in found


@pytest.mark.parametrize("gpus_by", ["gpus", "gres"])
def test_a_model_on_a_cpu_asks_for_no_gpu(gpus_by):
    found = model(requests(SITE, gpus_by), 0, "a100")
    assert found["slurm_partition"] == "cpu"
    assert not found.get("gpu")
    assert not found.get("gpu_model")
    assert not found.get("gres")


def test_each_attempt_asks_for_more_up_to_the_partitions_limits():
    found = [model(requests(SITE), 1, attempt=attempt) for attempt in (1, 2, 3, 4)]
    assert [one["mem_mb"] for one in found] == [1000, 2000, 4000, 5000]
    assert [one["runtime"] for one in found] == [30, 40, 40, 40]


def test_the_jobs_of_a_group_fit_into_the_longest_time_together():
    found = model(requests(SITE, trainings=6), 1, group="trainings")
    assert found["runtime"] == 40 // 6
    assert model(requests(SITE, trainings=6), 1)["runtime"] == 30
    assert asked(requests(SITE, prepare=8).cpu(needs_of, "prepare"))["runtime"] == 100 // 8

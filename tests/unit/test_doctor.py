# SPDX-License-Identifier: Apache-2.0
"""``xling doctor``: each check when all is well, doubtful, and wrong."""

import argparse
import json
import sys
import types
from collections import namedtuple
from pathlib import Path

import pytest
from slurm_stubs import SINFO, Stubs, config
from small_study import load_small

from xling import cli_doctor
from xling.cluster import slurm
from xling.cluster.sinfo import partitions
from xling.cluster.site import GpuPartition, Partition, Site
from xling.config.loader import load_study, repository_root
from xling.data.registry import RECORD, Artefact
from xling.doctor import (
    checkup,
    data,
    devices,
    disk,
    encoders,
    gpu_memory,
    packages,
    slurm_here,
    slurm_jobs,
    slurm_site,
)
from xling.doctor.devices import Devices
from xling.doctor.finding import error, few, guarded, ok
from xling.errors import UsageError
from xling.estimate import StageCost
from xling.plan import Plan

Needs = namedtuple("Needs", "mem_mb minutes")
CUDA = Devices("2.13.0+cu130", "13.0", "580.65.06", (("A100", 42000.0), ("T4", 15000.0)), True)
GPUS = "resources: {gpu: %d, gpu_type: %s}\n"


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XLING_SLURM_SITE", raising=False)


@pytest.fixture
def stubs(tmp_path, monkeypatch):
    made = Stubs(tmp_path / "bin")
    for name in ("cat", "sh"):
        made.script(name, f'exec /bin/{name} "$@"')
    monkeypatch.setenv("PATH", str(made.folder))
    return made


def small(*replacements, gpus=0, gpu_type="null"):
    asked = [("experiments:", GPUS % (gpus, gpu_type) + "experiments:")] if gpus else []
    return Plan(load_small(*asked, *replacements).study)


def levels(findings):
    return [one.level for one in findings]


def only(findings):
    (one,) = findings
    return one


# What a finding looks like


def test_lines():
    assert str(ok("disk: fine")) == "ok       disk: fine\n"
    assert str(error("bad", "mend it")) == "error    bad\n         do: mend it\n"
    assert few(list("abcdefgh")) == "a, b, c, d, e and 3 more"


def test_what_stops_a_check_is_its_last_finding():
    def check():
        yield ok("first")
        raise UsageError("odd", where="a.yaml:3", fix="mend it")

    assert list(guarded(check, "site")) == [ok("first"), error("site: odd (a.yaml:3)", "mend it")]


# Python and packages


def checkout(tmp_path, lock, *direct):
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "requirements.lock").write_text(lock, encoding="utf-8")
    listed = ", ".join(f'"{name}"' for name in direct)
    (tmp_path / "pyproject.toml").write_text(f"[project]\ndependencies = [{listed}]\n")
    return tmp_path


def packages_of(monkeypatch, root, installed, requires=()):
    monkeypatch.setattr(packages, "_installed", installed.get)
    monkeypatch.setattr(packages, "_requires", lambda name: dict(requires).get(name, []))
    return list(packages.package_findings(root))


def test_packages_as_locked(tmp_path, monkeypatch):
    # The local part says for which device a release was built; markers say where a line holds.
    lock = (
        "torch==2.13.0\nsub-one==1.0 ; python_full_version < '3.0'\n"
        "sub-one==2.0 ; python_full_version >= '3.0'\n"
    )
    root = checkout(tmp_path, lock, "torch==2.13.0")
    found = packages_of(
        monkeypatch,
        root,
        {"torch": "2.13.0+cu130", "sub-one": "2.0"},
        {"torch": ["Sub_One>=1", 'absent ; extra == "x"']},
    )
    assert found == [ok("packages: 2 as in envs/requirements.lock")]


def test_other_versions_are_a_warning(tmp_path, monkeypatch):
    root = checkout(tmp_path, "aaa==1.0\ntorch==2.13.0\n", "torch==2.13.0")
    installed = {"torch": "2.12.0", "aaa": "1.1"}
    found = packages_of(monkeypatch, root, installed, {"torch": ["aaa"]})
    assert levels(found) == ["warning"]
    # Those that xling names come first.
    assert "(2, 1 of them named by xling): torch 2.12.0 (locked: 2.13.0), aaa" in found[0].what


def test_a_missing_package_is_an_error_unless_it_is_a_tool(tmp_path, monkeypatch):
    root = checkout(tmp_path, "numpy==2.4\npytest==9.2\ntorch==2.13.0\n", "torch", "numpy")
    found = packages_of(monkeypatch, root, {"torch": "2.13.0"})
    assert levels(found) == ["error", "ok"]
    assert "(1): numpy" in found[0].what
    assert "1 are not installed" in found[1].what


def test_this_environment_can_be_judged():
    assert packages.python_finding().level == "ok"
    found = list(packages.package_findings(repository_root()))
    assert found
    assert "packages are missing" not in found[0].what


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(packages.sys, "version_info", (3, 10, 9))
    assert packages.python_finding().level == "error"


# GPUs


def test_no_gpu_is_asked_for_and_torch_is_not_imported(tmp_path):
    assert only(devices.gpu_findings(small(), None, slurm=False)).level == "ok"
    assert only(devices.gpu_findings(None, None, slurm=False)).what == "GPU: none here"


def test_gpus_here():
    found = list(devices.gpu_findings(small(gpus=1), CUDA, slurm=False))
    assert levels(found) == ["ok"]
    assert "A100 with 42.0 GB, T4 with 15.0 GB; driver 580.65.06" in found[0].what


@pytest.mark.parametrize(
    ("here", "with_slurm", "level", "text"),
    [
        (Devices("2.13.0", "13.0", ""), True, "warning", "jobs get theirs from Slurm"),
        (Devices("2.13.0", "13.0", ""), False, "error", "there is none here, nor Slurm"),
        (Devices("2.13.0+cpu", None, ""), True, "error", "a build without CUDA"),
        (Devices("2.13.0", "13.0", "470.1", complaint="too old"), False, "error", "(too old)"),
        (Devices("2.13.0", "13.0", "470.1", complaint="too old"), True, "warning", "(too old)"),
    ],
)
def test_gpus_that_are_asked_for_and_not_here(here, with_slurm, level, text):
    one = only(devices.gpu_findings(small(gpus=1), here, slurm=with_slurm))
    assert one.level == level
    assert text in one.what
    assert one.fix


def test_a_driver_that_torch_cannot_use_matters_less_if_no_gpu_is_asked_for():
    here = Devices("2.13.0+cpu", None, "580.65.06")
    assert only(devices.gpu_findings(small(), here, slurm=False)).level == "warning"


def test_number_formats():
    bf16 = ("pretraining: {steps: 5}", "pretraining: {steps: 5}\n    precision: bf16")
    fp16 = ("pretraining: {steps: 5}", "pretraining: {steps: 5}\n    precision: fp16")
    old = Devices("2.13.0", "13.0", "580.1", (("V100", 16000.0),), bf16=False)
    for here, level in ((CUDA, "ok"), (old, "warning")):
        found = list(devices.gpu_findings(small(bf16, gpus=1), here, slurm=False))
        assert levels(found) == ["ok", level]
        assert "bf16" in found[1].what
    assert levels(devices.gpu_findings(small(fp16), None, slurm=False)) == ["error", "ok"]
    assert levels(devices.gpu_findings(small(fp16, gpus=1), CUDA, slurm=False)) == ["ok"]


def test_most_gpus_of_any_job():
    assert devices.gpus_asked(small()) == 0
    assert devices.gpus_asked(small(gpus=4)) == 4
    # Only training shares a batch; a retrieval study would take one.
    override = "resources: {gpu: 0, overrides: [{where: {tasks: [xnli]}, set: {gpu: 2}}]}\n"
    assert devices.gpus_asked(small(("experiments:", override + "experiments:"))) == 2


@pytest.mark.parametrize(
    ("need", "smallest", "level"),
    [(31000, None, "ok"), (13500, 15000.0, "ok"), (14000, 15000.0, "warning"),
     (15001, 15000.0, "error"), (None, 15000.0, "warning")],
)  # fmt: skip
def test_gpu_memory(need, smallest, level):
    found = gpu_memory.memory_findings(small(gpus=1), lambda run: need, smallest)
    one = only(found)
    assert one.level == level
    if need == 31000:
        assert "tiny needs about 31.0 GB" in one.what


def test_gpu_memory_is_that_of_the_hungriest_run():
    sizes = {"xnli": 2000, "pawsx": 9000}
    one = only(gpu_memory.memory_findings(small(gpus=1), lambda run: sizes[run.task], 8000.0))
    assert one.level == "error"
    assert "9.0 GB (most for zero_shot, pawsx)" in one.what
    assert not list(gpu_memory.memory_findings(small(), lambda run: 1, None))


# Disk


def room(monkeypatch, free_mb, *, files=10**6):
    facts = types.SimpleNamespace(
        f_bavail=int(free_mb * 1000), f_frsize=1000, f_files=10**7, f_favail=files
    )
    monkeypatch.setattr(disk.os, "statvfs", lambda folder: facts)


def stage(name, megabytes, jobs=2):
    return StageCost(name, jobs, 1.0, 0.0, megabytes)


@pytest.mark.parametrize(
    ("free", "level"), [(1000, "ok"), (110, "warning"), (99, "error")]
)  # 100 MB are to be written, and a fifth more is wished for
def test_room(monkeypatch, free, level):
    room(monkeypatch, free)
    part = disk.results_part("small", [stage("prepare", 30.0), stage("train", 70.0)])
    one = only(disk.disk_findings([part]))
    assert one.level == level
    assert "results/small: 100 MB still to be written" in one.what
    assert "a quota is not seen" in one.what + one.fix


def test_what_is_there_is_written_already(monkeypatch):
    (Path("results") / "small" / "runs").mkdir(parents=True)
    (Path("results") / "small" / "runs" / "model").write_bytes(b"x" * 60_000_000)
    part = disk.results_part("small", [stage("train", 100.0), stage("download", 5000.0)])
    assert part.left_mb == pytest.approx(40.0)


def test_unknown_sizes_are_named(monkeypatch):
    room(monkeypatch, 10_000)
    part = disk.results_part("small", [stage("prepare", 30.0), stage("train", None)])
    one = only(disk.disk_findings([part]))
    assert one.level == "warning"
    assert "size unknown: train" in one.what


def test_folders_on_one_file_system_share_its_room(monkeypatch):
    room(monkeypatch, 120)
    parts = [
        disk.results_part("small", [stage("train", 60.0)]),
        disk.downloads_part([artefact("a", size=70_000_000)], Path("resources/data")),
    ]
    one = only(disk.disk_findings(parts))
    assert one.level == "error"
    assert "130 MB" in one.what


def test_too_many_files(monkeypatch):
    room(monkeypatch, 10_000, files=100)
    part = disk.results_part("small", [stage("train", 1.0, jobs=20)])
    assert levels(disk.disk_findings([part])) == ["ok", "error"]


# Data


def artefact(key, *, how="auto", size=None):
    return Artefact(
        key=key,
        dataset="d",
        version="1",
        language="en",
        role="labelled",
        address=f"https://example.org/{key}.zip",
        mirrors=(),
        sha256=RECORD,
        bytes=size,
        rows="",
        licence="",
        terms="",
        how=how,
        note="ask its owners",
    )


def fetched(base, key, content=b"abc", listed=None):
    from xling.data import notes

    (base / key).mkdir(parents=True)
    (base / key / "file").write_bytes(content)
    files = listed or notes.list_files(base / key)
    total, count = notes.sum_of(files)
    notes.write_note(
        base,
        {"key": key, "address": "", "rebuilt": None, "bytes": count, "sha256": total,
         "fetched": "2026-11-20", "files": files},
    )  # fmt: skip


def test_an_artificial_study_needs_no_data():
    assert only(data.data_findings(small(), [], Path())).what == "data: the study makes its own"
    assert data.downloads_of(small()) == []


def download_plan():
    return Plan(load_study("xtreme").study)


def test_states_of_downloads(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    base = Path("resources/data")
    fetched(base, "good")
    fetched(base, "short")
    (base / "short" / "file").write_bytes(b"a")
    (base / "placed").mkdir()
    (base / "placed" / "file").write_bytes(b"a")
    wanted = [
        *(artefact(key) for key in ("good", "short", "placed")),
        artefact("gone", size=5_000_000),
        artefact("private", how="manual"),
    ]
    plan = download_plan()
    found = list(data.data_findings(plan, wanted, base))
    assert levels(found) == ["ok", "error", "warning", "error", "warning"]
    good, short, placed, private, gone = found
    assert "1 of 5 downloads" in good.what
    assert "damaged (1): short" in short.what
    assert "never verified (1): placed" in placed.what
    assert "private has to be put into resources/data/private by hand" in private.what
    assert "ask its owners" in private.fix
    assert "not downloaded yet (1, 5 MB): gone" in gone.what
    assert "xling fetch --dataset gone" in gone.fix
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    offline = list(data.data_findings(plan, wanted, base))[-1]
    assert offline.level == "error"
    assert "forbids the network" in offline.what
    assert [one.key for one in data.absent(wanted, base)] == ["gone", "private"]


def test_many_downloads_make_a_short_command(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    plan = download_plan()
    wanted = data.downloads_of(plan)
    assert len(wanted) > 100
    one = only(data.data_findings(plan, wanted, Path("resources/data")))
    assert one.level == "warning"
    assert "snakemake --until download" in one.fix


def test_every_byte_is_compared_if_asked_for():
    base, lock = Path("resources/data"), Path("resources/checksums.lock")
    fetched(base, "good")
    note = json.loads((base / "good.json").read_text(encoding="utf-8"))
    pinned = [artefact("good"), artefact("absent")]
    pinned[0] = Artefact(**{**vars(pinned[0]), "sha256": note["sha256"]})
    one = only(data.verified_findings(pinned, base, lock))
    assert (one.level, one.what) == ("ok", "data: all files of 1 downloads have their checksums")
    (base / "good" / "file").write_bytes(b"abd")  # of the same size
    assert only(data.data_findings(download_plan(), pinned[:1], base)).level == "ok"
    one = only(data.verified_findings(pinned, base, lock))
    assert one.level == "error"
    assert "xling fetch --dataset good" in one.fix


def test_files_of_a_folder():
    from xling.data.folder_layout import places
    from xling.data.wants import wants

    root = Path("download").absolute()
    plan = Plan(load_study("local-xtreme", data_root=str(root)).study)
    one = only(data.data_findings(plan, [], Path()))
    assert one.level == "error"
    assert "does not exist" in one.what
    options = {
        tuple(place.path for place in some)
        for kind in plan.kinds
        for want in wants(kind, plan.uses(kind))
        for some in places(want)
    }
    for *_, last in options:  # any of the places will do
        (root / last).parent.mkdir(parents=True, exist_ok=True)
        (root / last).touch()
    one = only(data.data_findings(plan, [], Path()))
    assert one.level == "ok"
    assert f"all {len(options)} files" in one.what
    gone = next(paths for paths in sorted(options) if len(paths) == 1)
    (root / gone[0]).unlink()
    one = only(data.data_findings(plan, [], Path()))
    assert one.level == "error"
    assert f"1 of {len(options)} files are missing in {root}: {gone[0]}" in one.what


# Encoders


def test_an_encoder_in_a_folder():
    folder = Path("model")
    plan = download_plan()
    used = plan.models[0]
    encoder = plan.study.encoders[used].model_copy(update={"path": str(folder)})
    every = dict.fromkeys(plan.study.encoders, encoder)
    plan = Plan(plan.study.model_copy(update={"encoders": every}))

    def judged():
        return next(iter(encoders.encoder_findings(plan)))

    assert "does not exist" in judged().what
    folder.mkdir()
    (folder / "config.json").touch()
    one = judged()
    assert one.level == "error"
    assert "lacks model.safetensors or" in one.what
    assert "tokenizer.json" in one.what
    (folder / "tokenizer.json").touch()
    index = {"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "part-1.safetensors").touch()
    assert judged().what.endswith("lacks part-2.safetensors")
    (folder / "part-2.safetensors").touch()
    assert judged().level == "ok"
    assert not list(encoders.encoder_findings(small()))


# Slurm


def test_slurm_commands_and_controller(stubs):
    stubs.cluster()
    assert only(slurm_here.command_findings([])).level == "ok"
    assert "squeue" in only(slurm_here.command_findings(["squeue"])).what
    stubs.scontrol(config(), "Slurmctld(primary) at head1 is DOWN\n")
    one = only(slurm_here.command_findings([]))
    assert one.level == "error"
    assert "is DOWN" in one.what


@pytest.mark.parametrize(
    ("accounting", "age", "level", "text"),
    [
        ("accounting_storage/slurmdbd", 10, "ok", "asks sacct"),
        ("accounting_storage/none", 300, "ok", "asks squeue"),
        ("accounting_storage/none", 60, "error", "MinJobAge: 60 seconds"),
    ],
)
def test_what_tells_of_ended_jobs(stubs, accounting, age, level, text):
    stubs.cluster(conf=config(accounting=accounting, age=age))
    one = only(slurm_here.accounting_findings())
    assert one.level == level
    assert text in one.what
    agreed = {"sacct": "asks sacct", "squeue": "asks squeue", None: "MinJobAge"}
    assert agreed[slurm.status_command()] in one.what


def test_files_that_other_nodes_may_not_see(monkeypatch):
    monkeypatch.setattr(slurm_here.socket, "gethostname", lambda: "login1.example.org")
    for kind, level in (("ext4", "warning"), ("tmpfs", "warning"), ("lustre", "ok")):
        monkeypatch.setattr(slurm_here, "_file_system", lambda folder, kind=kind: kind)
        assert only(slurm_here.shared_findings(Path.cwd(), ["c1", "c2"])).level == level
    assert not list(slurm_here.shared_findings(Path.cwd(), ["login1"]))


def test_the_file_system_of_a_folder_is_that_of_its_nearest_mount(monkeypatch):
    import psutil

    mount = namedtuple("mount", "mountpoint fstype")
    mounts = [mount("/", "ext4"), mount(str(Path.cwd().parent), "nfs4"), mount("/x", "xfs")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts)
    assert slurm_here._file_system(Path.cwd()) == "nfs4"
    assert slurm_here._file_system(Path("/usr")) == "ext4"


FITS = Site(
    account="physics",
    cpu=Partition(partition="standard", max_minutes=1440, max_mem_mb=257000, max_cpus=64),
    gpu=GpuPartition(partition="gpu,h100", max_gpus=4, types=["a100", "h100"]),
)


def complaints(site, plan=None):
    return [one for one in slurm_site.site_findings(site, partitions(), plan) if one.level != "ok"]


def test_a_site_that_fits(stubs, monkeypatch):
    stubs.cluster()
    monkeypatch.setenv("XLING_SLURM_SITE", "site.yaml")
    Path("site.yaml").touch()
    assert complaints(FITS, small(gpus=4, gpu_type="a100")) == []


def test_no_site_file_is_a_warning(stubs, monkeypatch):
    stubs.cluster()
    (one,) = complaints(Site())
    assert one.level == "warning"
    assert "xling doctor --write-slurm-site" in one.fix


@pytest.mark.parametrize(
    ("site", "text", "fix"),
    [
        (Site(cpu=Partition(partition="standart")), "no partition 'standart'", "'standard'"),
        (Site(gpu=GpuPartition(partition="gpu,h10")), "no partition 'h10'", "'h100'"),
        (Site(gpu=GpuPartition(partition="gpu", types=["a10"])), "no GPUs 'a10'", "'a100'"),
        (Site(gpu=GpuPartition(partition="gpu", max_gpus=8)), "gpu.max_gpus: 8", "max_gpus: 4"),
        (Site(cpu=Partition(max_minutes=1441)), "cpu.max_minutes: 1441", "max_minutes: 1440"),
        (Site(cpu=Partition(max_mem_mb=2000000)), "cpu.max_mem_mb", "max_mem_mb: 1031000"),
        (Site(account="phisics"), "account: 'phisics'", "'physics'"),
    ],
)
def test_a_site_that_does_not_fit(stubs, site, text, fix):
    stubs.cluster()
    (one,) = [one for one in complaints(site) if one.level == "error"]
    assert text in one.what
    assert fix in one.fix


def test_a_partition_that_is_down_is_a_warning(stubs):
    stubs.cluster()
    found = complaints(Site(cpu=Partition(partition="old")))
    assert levels(found) == ["warning", "warning"]
    assert "old takes no jobs now" in found[1].what


def test_no_default_partition(stubs):
    stubs.cluster(sinfo=SINFO.replace("*", ""))
    assert "no default partition" in complaints(Site())[1].what


@pytest.mark.parametrize(
    ("site", "gpus", "kind", "text"),
    [
        (Site(), 1, "null", "the partition of its jobs has none"),
        (FITS, 9, "null", "asks for 9 per job, a node has 8"),
        (FITS, 5, "a100", "asks for 5 per job, a node has 4"),
        (FITS, 1, "h10", "type 'h10'"),
    ],
)
def test_gpus_that_the_cluster_lacks(stubs, site, gpus, kind, text):
    stubs.cluster()
    found = complaints(site, small(gpus=gpus, gpu_type=kind))
    errors = [one for one in found if one.level == "error"]
    assert any(text in one.what for one in errors)
    assert all(one.fix for one in errors)


def test_nobody_knows_the_accounts(stubs):
    stubs.cluster()
    stubs.remove("sacctmgr")
    found = slurm_site.site_findings(Site(account="x"), partitions(), None)
    assert [one for one in found if "account" in one.what] == [
        ok("account: x (sacctmgr does not say whether it is yours)")
    ]


class JobNeeds:
    """Needs of each rule: a few minutes, but for the given rules."""

    def __init__(self, **given):
        self.given = given

    def __getattr__(self, rule):
        return lambda *names: self.given.get(rule, Needs(2000, 10))


def job_findings(gpus=0, **given):
    return list(slurm_jobs.job_findings(small(gpus=gpus), JobNeeds(**given), FITS, partitions()))


def test_jobs_that_fit(stubs):
    stubs.cluster()
    found = job_findings(1, train=Needs(30000, 500), fetch=Needs(4000, 1440))
    assert levels(found) == ["ok", "ok"]
    assert "longest is given 1440 minutes (fetch" in found[0].what
    assert "longest is given 500 minutes (train" in found[1].what


def test_long_jobs(stubs):
    stubs.cluster()
    # Trainings save and go on: 1440 x 3 minutes are three attempts.
    (one,) = job_findings(train=Needs(2000, 4320))
    assert one.level == "warning"
    assert "3 times in all" in one.what
    (one,) = job_findings(train=Needs(2000, 4321))
    assert one.level == "error"
    assert "--retries 4" in one.fix
    # Predictions begin again.
    (one,) = job_findings(predict=Needs(2000, 1441))
    assert one.level == "error"
    # The partitions of GPU jobs: one of them has no limit.
    assert levels(job_findings(1, train=Needs(2000, 10**6))) == ["ok", "ok"]


def test_large_jobs(stubs):
    stubs.cluster()
    (one,) = job_findings(prepare=Needs(257001, 10))
    assert one.level == "error"
    assert "needs 257001 MB of memory, a node of standard has 257000" in one.what
    wide = small(("experiments:", "resources: {train_threads: 65}\nexperiments:"))
    (one,) = slurm_jobs.job_findings(wide, JobNeeds(), FITS, partitions())
    assert "asks for 65 cores, a node of standard has 64" in one.what


# The whole


def doctor(capsys, *words):
    parser = argparse.ArgumentParser()
    cli_doctor.add_arguments(parser.add_subparsers())
    args = parser.parse_args(["doctor", *words])
    code = args.func(args)
    return code, capsys.readouterr().out


@pytest.fixture
def sound(monkeypatch):
    """An environment as locked, wherever the tests run."""
    monkeypatch.setattr(packages, "package_findings", lambda root: [ok("packages")])
    monkeypatch.setattr(devices, "driver_here", lambda: False)


def test_a_laptop_without_slurm(stubs, sound, capsys):
    load_small()
    code, said = doctor(capsys, "small.yaml")
    assert code == 0
    assert "ok       Slurm: not installed here; only needed for --profile slurm\n" in said
    assert "ok       data: the study makes its own\n" in said
    assert said.endswith("errors: 0\n")


def test_bytes_of_no_downloads(stubs, sound, capsys):
    load_small()
    _, said = doctor(capsys, "small.yaml", "--verify-data")
    assert "ok       data: the study has no downloads" in said


def test_errors_leave_with_the_code_of_the_machine(stubs, monkeypatch, sound, capsys):
    monkeypatch.setattr(packages, "package_findings", lambda root: [error("bad", "mend it")])
    stubs.cluster()
    code, said = doctor(capsys)
    assert code == 4
    assert "error    bad\n         do: mend it\n" in said
    assert "errors: 1\n" in said


def test_a_damaged_site_file_is_a_finding(stubs, sound, monkeypatch, capsys):
    stubs.cluster()
    Path("site.yaml").write_text("acount: x\n", encoding="utf-8")
    monkeypatch.setenv("XLING_SLURM_SITE", "site.yaml")
    code, said = doctor(capsys)
    assert code == 4
    assert "error    Slurm: unknown key 'acount' (site.yaml:1: acount)" in said
    assert "the workflow asks sacct" in said


def test_slurm_without_a_controller_is_not_asked_more(stubs, sound, capsys):
    stubs.cluster()
    stubs.answer("scontrol", code=1, complaint="slurm_load: Unable to contact slurm controller")
    code, said = doctor(capsys)
    assert code == 4
    assert "Unable to contact slurm controller" in said
    assert "partition" not in said


def test_the_gpus_of_a_login_node_are_not_those_of_jobs(stubs, sound, monkeypatch):
    module = types.ModuleType("xling.needs")
    module.JobNeeds = lambda plan, site: types.SimpleNamespace(gpu_mem_mb=lambda run: 20000)
    monkeypatch.setitem(sys.modules, "xling.needs", module)
    monkeypatch.setattr(devices, "devices", lambda: CUDA)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    plan = small(gpus=1)
    assert levels(checkup._gpu(plan, slurm_here=False)) == ["ok", "error"]
    assert levels(checkup._gpu(plan, slurm_here=True)) == ["ok", "ok"]
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert levels(checkup._gpu(plan, slurm_here=True)) == ["ok", "error"]


def test_the_site_file_is_drafted(stubs, monkeypatch, capsys):
    stubs.cluster()
    code, said = doctor(capsys, "--write-slurm-site", "mine.yaml")
    assert code == 0
    assert "written to mine.yaml" in said
    assert Path("mine.yaml").read_text(encoding="utf-8") in said
    with pytest.raises(UsageError, match="exists already"):
        doctor(capsys, "--write-slurm-site", "mine.yaml")
    doctor(capsys, "--write-slurm-site", "mine.yaml", "--force")
    monkeypatch.setenv("XLING_SLURM_SITE", "named.yaml")
    doctor(capsys, "--write-slurm-site")
    assert Path("named.yaml").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--force",),
        ("--verify-data",),
        ("--data-root", "d"),
        ("mini", "--write-slurm-site"),
        ("--write-slurm-site", "mini"),
    ],
)
def test_options_that_would_do_nothing_are_refused(stubs, capsys, words):
    stubs.cluster()
    with pytest.raises(UsageError):
        doctor(capsys, *words)


def test_asking_torch_for_devices():
    here = devices.devices()
    assert here.torch[0].isdigit()
    assert (here.smallest_mb is None) == (not here.memory_mb)

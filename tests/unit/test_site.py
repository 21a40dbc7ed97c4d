# SPDX-License-Identifier: Apache-2.0
"""The site file: what may stand in it, what its mistakes look like, how it is drafted."""

import pytest
import yaml
from slurm_stubs import SINFO, Stubs

from xling.cluster import draft_site
from xling.cluster.sinfo import partitions
from xling.cluster.site import GpuPartition, Partition, Site, load_site, site_path
from xling.config.loader import repository_root
from xling.errors import SetupError, UsageError


@pytest.fixture
def stubs(tmp_path, monkeypatch):
    made = Stubs(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{made.folder}:/usr/bin:/bin")
    return made


def write(tmp_path, text):
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def mistake(tmp_path, text):
    with pytest.raises(UsageError) as raised:
        load_site(write(tmp_path, text))
    return raised.value


def test_nothing_is_required(tmp_path):
    # "cpu:" with all its lines commented out is a part left out.
    for text in ("", "# only a comment\n", "cpu:\n  # partition: x\ngpu: {}\n"):
        assert load_site(write(tmp_path, text)) == Site()
    assert Site().stop_seconds == 300


def test_all_values_are_read(tmp_path):
    text = (
        "account: physics\nqos: high\nstop_seconds: 120\n"
        "cpu: {partition: 'a,b', constraint: avx2&ib, max_minutes: 60, max_mem_mb: 4000, "
        "max_cpus: 8}\n"
        "gpu: {partition: gpu, max_gpus: 4, types: [a100, h100]}\n"
    )
    assert load_site(write(tmp_path, text)) == Site(
        account="physics",
        qos="high",
        stop_seconds=120,
        cpu=Partition(
            partition="a,b", constraint="avx2&ib", max_minutes=60, max_mem_mb=4000, max_cpus=8
        ),
        gpu=GpuPartition(partition="gpu", max_gpus=4, types=["a100", "h100"]),
    )


def test_the_example_is_a_site_with_every_key():
    path = repository_root() / "profiles" / "site.example.yaml"
    site = load_site(path)
    assert site.gpu.types == ["a100"]
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(values) == set(Site.model_fields)
    assert set(values["cpu"]) == set(Partition.model_fields)
    assert set(values["gpu"]) == set(GpuPartition.model_fields)


@pytest.mark.parametrize(
    ("text", "what", "line", "hint"),
    [
        ("qos: a\nacount: x\n", "unknown key 'acount'", 2, "did you mean 'account'?"),
        ("gpu:\n  max_gpu: 2\n", "unknown key 'max_gpu'", 2, "did you mean 'max_gpus'?"),
        ("cpu:\n  max_gpus: 2\n", "unknown key 'max_gpus'", 2, ""),
        ("cpu:\n  max_minutes: 0\n", "0 is out of range", 2, ""),
        ("account: 007\n", "YAML reads 007 as the number 7, not as text", 1, 'write "007"'),
        ("gpu:\n  types: a100\n", "'a100' is not a list", 2, ""),
        ("stop_seconds: 70000\n", "70000 is out of range", 1, ""),
        ("cpu:\n\tpartition: a\n", "there is a tab where YAML wants blanks", 2, "replace the tab"),
        ("a: [\n", "the site file is not valid YAML", 2, ""),
    ],
)
def test_a_mistake_has_its_line(tmp_path, text, what, line, hint):
    error = mistake(tmp_path, text)
    assert what in error.what
    assert f"site.yaml:{line}" in error.where
    assert hint in error.fix


def test_all_mistakes_are_told_at_once(tmp_path):
    error = mistake(tmp_path, "acount: x\ncpu:\n  max_cpus: many\n")
    assert "2 mistakes" in str(error)
    assert "'acount'" in str(error)
    assert "'many'" in str(error)


@pytest.mark.parametrize("value", ["a b", "x; rm y", "$(id)", "it's", "a\\b"])
def test_a_value_cannot_leave_its_place_in_the_command(tmp_path, value):
    text = yaml.safe_dump({"cpu": {"partition": value}})
    assert "cannot be an option of sbatch" in mistake(tmp_path, text).what


def test_the_file_is_named_by_the_variable_or_lies_in_profiles(tmp_path, monkeypatch):
    monkeypatch.delenv("XLING_SLURM_SITE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert site_path() == repository_root() / "profiles" / "site.yaml", "results lie elsewhere"
    (tmp_path / "profiles").mkdir()
    assert site_path() == tmp_path / "profiles" / "site.yaml"
    assert load_site() == Site()
    monkeypatch.setenv("XLING_SLURM_SITE", str(write(tmp_path, "account: mine\n")))
    assert load_site().account == "mine"
    # Somebody who names a file wants it to count.
    monkeypatch.setenv("XLING_SLURM_SITE", str(tmp_path / "absent.yaml"))
    with pytest.raises(UsageError, match="there is no site file"):
        load_site()


def drafted(tmp_path, sinfo, stubs, charged=("physics", "theses")):
    stubs.cluster(sinfo=sinfo)
    text = draft_site.draft(partitions(), charged)
    return text, load_site(write(tmp_path, text))


def test_a_draft_takes_the_default_partition_and_the_one_with_most_gpus(tmp_path, stubs):
    text, site = drafted(tmp_path, SINFO, stubs)
    assert site.account == "physics"
    assert "# others of yours: theses" in text
    assert site.cpu == Partition(
        partition="standard", max_minutes=1440, max_mem_mb=1031000, max_cpus=128
    )
    # 12 x 4 + 2 x 2 = 52 GPUs against 16 of h100; its nodes without GPUs do not count.
    assert site.gpu == GpuPartition(
        partition="gpu",
        max_minutes=2880,
        max_mem_mb=515000,
        max_cpus=48,
        max_gpus=4,
        types=["a100", "v100"],
    )
    assert "#   h100: 2 nodes of 96 cores, 1031000 MB, 8 GPUs (h100); no time limit" in text
    assert "#   old: 3 nodes of 16 cores, 64000 MB, 2 GPUs; 30 minutes; takes no jobs now" in text
    assert "# Features of the nodes: a100, ib, v100" in text


def test_the_default_partition_may_have_gpus(tmp_path, stubs):
    sinfo = (
        "gpu*|up|infinite|2|8|9000|gpu:4|(null)\n"
        "small|up|1:00:00|3|4|9000|(null)|(null)\n"
        "large|up|1:00:00|2|8|9000|(null)|(null)\n"
    )
    _, site = drafted(tmp_path, sinfo, stubs)
    assert (site.cpu.partition, site.cpu.max_minutes) == ("large", 60)  # 16 cores against 12
    assert (site.gpu.partition, site.gpu.max_minutes, site.gpu.types) == ("gpu", None, [])
    assert site.gpu.max_gpus == 4


def test_all_partitions_have_gpus(tmp_path, stubs):
    sinfo = "a|up|2:00:00|2|8|9000|gpu:4|x\nb*|up|2:00:00|2|8|9000|gpu:4|x\n"
    text, site = drafted(tmp_path, sinfo, stubs)
    assert (site.cpu.partition, site.gpu.partition) == ("b", "b")  # of equals the default
    assert "All partitions have GPUs" in text


def test_no_gpus_and_nobody_tells_the_accounts(tmp_path, stubs):
    text, site = drafted(tmp_path, "no*|up|30:00|1|2|900|(null)|(null)\n", stubs, None)
    assert site.cpu.partition == "no"  # a word that YAML reads as false
    assert site.gpu == GpuPartition()
    assert site.account is None
    assert "sacctmgr does not tell" in text


def test_no_partition_is_up(stubs):
    stubs.cluster(sinfo="a*|down|30:00|1|2|900|(null)|(null)\n")
    with pytest.raises(SetupError, match="takes jobs"):
        draft_site.draft(partitions(), None)


def test_a_file_is_replaced_only_by_force(tmp_path, stubs):
    stubs.cluster()
    path = write(tmp_path, "account: mine\n")
    with pytest.raises(UsageError, match="exists already") as raised:
        draft_site.write_draft(path, force=False)
    assert "--force" in raised.value.fix
    assert path.read_text(encoding="utf-8") == "account: mine\n"
    text = draft_site.write_draft(path, force=True)
    assert path.read_text(encoding="utf-8") == text
    assert load_site(path).account == "physics"

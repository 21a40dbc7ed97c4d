# SPDX-License-Identifier: Apache-2.0
"""Slurm's commands and how their answers are read."""

import time

import pytest
from slurm_stubs import SINFO, Stubs, config

from xling.cluster import formats, slurm
from xling.cluster.ask import ask
from xling.cluster.sinfo import node_names, partitions
from xling.cluster.slurm import SlurmJob
from xling.errors import SetupError


@pytest.fixture
def stubs(tmp_path, monkeypatch):
    """Commands on an otherwise plain PATH: a Slurm of this machine must not answer."""
    made = Stubs(tmp_path / "bin")
    for name in ("cat", "sh", "sleep"):
        made.script(name, f'exec /bin/{name} "$@"')
    monkeypatch.setenv("PATH", str(made.folder))
    return made


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1-00:00:00", 86400),
        ("1-12", 36 * 3600),
        ("2-03:30", (51 * 60 + 30) * 60),
        ("4:00:00", 4 * 3600),
        ("30:00", 1800),
        ("0:07", 7),
        ("45", 45 * 60),
        ("infinite", None),
        ("UNLIMITED", None),
        ("n/a", None),
    ],
)
def test_times(text, seconds):
    assert formats.seconds(text) == seconds


def test_what_is_no_time_is_refused():
    with pytest.raises(ValueError, match="soon"):
        formats.seconds("soon")


@pytest.mark.parametrize(
    ("text", "number"), [("64", 64), ("257000+", 257000), ("1.5K", 1536), ("2-4", 2)]
)
def test_amounts(text, number):
    assert formats.amount(text) == number


@pytest.mark.parametrize(
    ("gres", "gpus"),
    [
        ("(null)", {}),
        ("gpu:4", {"": 4}),
        ("gpu:a100:4(S:0-1)", {"a100": 4}),
        ("gpu:a100:4(S:0,1),gpu:v100:2(S:0)", {"a100": 4, "v100": 2}),
        ("craynetwork:4,gpu:a100:1,gpu:a100:3", {"a100": 4}),
        ("gpu:a100_1g.5gb:7,tmpdisk:100", {"a100_1g.5gb": 7}),
        ("gpu:2g.10gb:3", {"2g.10gb": 3}),
        ("gpu:v100:no_consume:2", {"v100": 2}),
        ("gpu", {"": 1}),
        ("shard:8,mps:400", {}),
    ],
)
def test_gpus_of_a_node(gres, gpus):
    assert formats.gpus_of_node(gres) == gpus


@pytest.mark.parametrize(
    ("per_job", "per_node", "nodes", "gpus"),
    [
        ("N/A", "N/A", 1, 0),
        ("gres:gpu:1", "N/A", 1, 1),
        ("gres:gpu:toy:2", "N/A", 1, 2),
        ("gres/gpu:a100:4", "N/A", 1, 4),
        ("gres/gpu=3", "N/A", 1, 3),
        ("N/A", "gres:gpu:toy:1", 2, 2),
        ("gres:gpu:4", "gres:gpu:2", 2, 4),
        ("N/A", "gres:gpu", 1, 1),
    ],
)
def test_gpus_of_a_job(per_job, per_node, nodes, gpus):
    assert formats.gpus_asked(per_job, per_node, nodes) == gpus


def test_a_command_that_is_absent_fails_or_waits_has_a_problem(stubs):
    assert ask("sinfo").problem == "sinfo is not installed"
    stubs.answer("sinfo", code=1, complaint="slurm_load_partitions: Unable to contact\nmore")
    assert ask("sinfo").problem == "sinfo failed: slurm_load_partitions: Unable to contact"
    stubs.script("sinfo", "exec sleep 30")
    begun = time.monotonic()
    assert "does not answer within 0.2 seconds" in ask("sinfo", patience=0.2).problem
    assert time.monotonic() - begun < 5


def queue(*rows):
    """Lines of squeue as release 22.05 writes them: padded cells, each with its separator."""
    return "".join("".join(f"{cell:<12}\x1f" for cell in row) + "\n" for row in rows)


def test_jobs_of_a_folder(stubs, tmp_path):
    here = tmp_path / "a | b"
    here.mkdir()
    link = tmp_path / "link"
    link.symlink_to(here)
    train = "rule_train_wildcards_xmixup_zero"
    gpus, none = "gres:gpu:2", "N/A"
    stubs.answer(
        "squeue",
        queue(
            ("41", "RUNNING", train, "1:02:03", gpus, none, "1", "g1", "None", "uuid", str(here)),
            ("42_3", "PENDING", "(null)", "0:00", none, none, "1", "", "Priority", "u", str(link)),
            ("43", "PENDING", train, "0:00", none, none, "1", "", "Priority", "u", "/elsewhere"),
        ),
    )
    assert slurm.running_jobs(here) == [
        SlurmJob("41", "RUNNING", train, here, 3723, 2, "g1", "None", "uuid"),
        SlurmJob("42_3", "PENDING", "", link, 0, 0, "", "Priority", "u"),
    ]
    assert slurm.running_jobs(link) == slurm.running_jobs(here)


def test_squeue_is_asked_for_this_user_s_jobs_that_have_not_ended(stubs, tmp_path):
    stubs.script("squeue", f'for word in "$@"; do echo "$word"; done >> {tmp_path}/asked')
    assert slurm.running_jobs(tmp_path) == []
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert {"--me", "--noheader"} <= set(asked)
    (states,) = [word for word in asked if word.startswith("--states=")]
    assert {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED"} <= set(
        states.removeprefix("--states=").split(",")
    )


def test_no_squeue_is_no_answer_and_another_form_is_an_error(stubs, tmp_path):
    assert slurm.running_jobs(tmp_path) is None
    stubs.answer("squeue", code=1, complaint="squeue: error: Unable to contact")
    assert slurm.running_jobs(tmp_path) is None
    stubs.answer("squeue", "JOBID PARTITION\n")
    with pytest.raises(SetupError, match="squeue is not understood"):
        slurm.running_jobs(tmp_path)


def test_partitions(stubs):
    stubs.cluster()
    found = {one.name: one for one in partitions()}
    assert list(found) == ["standard", "long", "gpu", "h100", "old"]
    assert [name for name, one in found.items() if one.default] == ["standard"]
    assert [name for name, one in found.items() if not one.up] == ["old"]
    limits = {name: one.max_minutes for name, one in found.items()}
    assert limits == {"standard": 1440, "long": 20160, "gpu": 2880, "h100": None, "old": 30}
    gpus = {name: one.gpus for name, one in found.items()}
    assert gpus == {"standard": 0, "long": 0, "gpu": 52, "h100": 16, "old": 6}
    assert found["gpu"].gpu_types == ["a100", "v100"]
    assert (found["gpu"].most_gpus(), found["gpu"].most_gpus("v100")) == (4, 2)
    assert found["gpu"].most_gpus("h100") == 0
    assert found["standard"].nodes[1].mem_mb == 1031000
    assert found["standard"].nodes[1].features == ("avx512", "ib")
    assert node_names() == ["c1", "g1", "g2"]


def test_partitions_that_cannot_be_known(stubs):
    with pytest.raises(SetupError, match="sinfo is not installed"):
        partitions()
    stubs.cluster(sinfo=SINFO.replace("infinite", "soon"))
    with pytest.raises(SetupError, match="'soon' is not a time"):
        partitions()
    stubs.cluster(sinfo="PARTITION AVAIL\n")
    with pytest.raises(SetupError, match="has 1 columns"):
        partitions()
    assert not ask("sinfo").problem


def test_the_names_of_clusters_are_no_partitions(stubs):
    stubs.cluster(sinfo="CLUSTER: one\na*|up|30:00|1|2|900|(null)|(null)\n\n")
    assert [one.name for one in partitions()] == ["a"]


def test_the_controller(stubs):
    assert slurm.controller_problem() == "scontrol is not installed"
    stubs.scontrol(config())
    assert slurm.controller_problem() == ""
    stubs.scontrol(config(), "Slurmctld(primary) at head1 is DOWN\n")
    assert slurm.controller_problem() == "Slurmctld(primary) at head1 is DOWN"
    both = "Slurmctld(primary) at head1 is DOWN\nSlurmctld(backup) at head2 is UP\n"
    stubs.scontrol(config(), both)
    assert slurm.controller_problem() == ""


def test_sacct_is_asked_where_it_answers(stubs):
    stubs.cluster()
    assert slurm.status_command() == "sacct"


def test_squeue_is_asked_where_nothing_is_accounted(stubs):
    # sacct exits with 0 there on some releases, and never has an answer.
    stubs.cluster(conf=config(accounting="accounting_storage/none"))
    assert slurm.status_command() == "squeue"
    stubs.cluster(conf=config(accounting="(null)"))
    stubs.answer("sacct", code=1, complaint="Slurm accounting storage is disabled")
    assert slurm.status_command() == "squeue"


def test_squeue_is_asked_where_the_database_is_down(stubs):
    stubs.cluster()
    stubs.answer("sacct", code=1, complaint="sacct: error: Problem talking to the database")
    assert slurm.status_command() == "squeue"


def test_squeue_that_forgets_jobs_too_soon_is_not_asked(stubs):
    for age, command in ((119, None), (120, "squeue")):
        stubs.cluster(conf=config(accounting="accounting_storage/none", age=age))
        assert slurm.status_command() == command
    stubs.answer("squeue", code=1)
    assert slurm.status_command() is None


def test_nobody_answers(stubs):
    assert slurm.status_command() is None
    assert slurm.accounts() is None
    assert node_names() is None
    assert slurm.missing_commands() == list(slurm.COMMANDS)


def test_the_default_account_comes_first(stubs):
    stubs.accounts("theses", ["astro", "physics", "theses", "astro"])
    assert slurm.accounts() == ["theses", "astro", "physics"]

# SPDX-License-Identifier: Apache-2.0
"""Downloads from the command line: what each option does and says."""

import argparse
import signal
import subprocess
import sys
import time

import pytest

from downloads import FILES, sha, zipped
from replica import Answer, replica
from xling import cli_fetch
from xling.data.checksums import read_lock
from xling.data.registry import COLUMNS
from xling.errors import DataError, SetupError, UsageError

ARCHIVE = zipped(FILES)


@pytest.fixture
def site():
    with replica() as server:
        yield server


@pytest.fixture
def checkout(site, tmp_path, monkeypatch):
    """A checkout whose registry has two artefacts of one dataset, a manual one and a dead one."""
    (tmp_path / "config" / "studies").mkdir(parents=True)
    first = site.serve("/a.zip", Answer(ARCHIVE))
    second = site.serve("/b.json", Answer(b"[]"))
    rows = [
        ("toy-a", "toy", first, "record", str(len(ARCHIVE)), "CC0", "auto", ""),
        ("toy-b", "toy", second, sha(b"[]"), "", "CC BY 4.0", "auto", ""),
        ("gated", "gated", "https://example.org/c.zip", "record", "", "?", "manual", "log in"),
        ("gone", "gone", site.address + "/gone.zip", "record", "", "unknown", "auto", ""),
    ]
    lines = [",".join(COLUMNS)]
    for key, dataset, address, sum_, size, licence, how, note in rows:
        lines.append(
            f"{key},{dataset},1,en,labelled,{address},,{sum_},{size},,{licence},,{how},{note}"
        )
    (tmp_path / "config" / "datasets.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    return tmp_path


def run(*words):
    parser = argparse.ArgumentParser()
    cli_fetch.register(parser)
    return cli_fetch.run(parser.parse_args(words))


def table(text):
    """The cells of a table: columns are at least two blanks apart."""
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()
    ]


def test_without_these_options_the_task_form_is_wanted(checkout):
    assert run() is False
    with pytest.raises(UsageError, match="nothing to do"):
        run("--base", "x")


def test_a_dataset_is_all_its_artefacts(checkout, capsys):
    assert run("--dataset", "toy") is True
    data = checkout / "resources" / "data"
    assert (data / "toy-a" / "toy" / "train.tsv").read_bytes() == FILES["toy/train.tsv"]
    assert (data / "toy-b" / "b.json").read_bytes() == b"[]"
    assert list(read_lock(checkout / "resources" / "checksums.lock")) == ["toy-a"]
    rows = table(capsys.readouterr().out)
    assert rows[0] == ["key", "outcome", "size", "files", "seconds"]
    assert rows[1][:4] == ["toy-a", "verified", "0.0 MB", "2"]
    assert rows[2][:4] == ["toy-b", "verified", "0.0 MB", "1"]


def test_a_key_and_another_folder(checkout, site):
    run("--dataset", "toy-b", "--base", "elsewhere")
    assert sorted(p.name for p in (checkout / "elsewhere").iterdir()) == [
        ".partial",
        "toy-b",
        "toy-b.json",
    ]
    assert [request.path for request in site.requests] == ["/b.json"]


def test_one_failure_does_not_stop_the_others(checkout, capsys):
    with pytest.raises(DataError, match="gone cannot be fetched from any of its addresses"):
        run("--dataset", "gone", "toy")
    assert [row[:2] for row in table(capsys.readouterr().out)[1:]] == [
        ["toy-a", "verified"],
        ["toy-b", "verified"],
        ["gone", "failed"],
    ]
    with pytest.raises(DataError) as error:
        run("--dataset", "gone", "toy", "gated")
    text = str(error.value)
    assert "2 of 4 downloads failed" in text
    assert "gated has to be put in place by hand" in text
    assert "gone.zip: HTTP 404" in text


def test_an_unknown_dataset(checkout, site):
    with pytest.raises(UsageError) as error:
        run("--dataset", "toy", "gat")
    assert "unknown dataset 'gat'" in str(error.value)
    assert "did you mean 'gated'?" in str(error.value)
    assert site.requests == []


def test_list_tells_the_state_and_downloads_nothing(checkout, site, capsys):
    run("--list")
    before = table(capsys.readouterr().out)
    assert before[0] == ["key", "dataset", "size", "licence", "how", "state"]
    assert before[2] == ["toy-b", "toy", "?", "CC BY 4.0", "auto", "absent"]
    assert [row[-1] for row in before[1:]] == ["absent"] * 4
    assert site.requests == []
    run("--dataset", "toy")
    data = checkout / "resources" / "data"
    (data / "toy-b" / "b.json").unlink()
    (data / "gated").mkdir()
    (data / "gated" / "c.zip").write_bytes(ARCHIVE)
    site.serve("/gone.zip", Answer(ARCHIVE, cut=50, ranges=False))
    work = data / ".partial" / "gone"
    work.mkdir(parents=True)
    (work / "0.part").write_bytes(b"x" * 150_000)
    capsys.readouterr()
    run("--list")
    date = read_lock(checkout / "resources" / "checksums.lock")["toy-a"].date
    states = [row[-1] for row in table(capsys.readouterr().out)[1:]]
    assert states == [f"verified {date}", "damaged", "present", "partial 0.1 MB"]


def test_verify_finds_one_changed_byte(checkout, capsys):
    run("--dataset", "toy")
    capsys.readouterr()
    run("--verify")
    assert capsys.readouterr().out == "2 downloads are as they were fetched, 2 are absent\n"
    path = checkout / "resources" / "data" / "toy-a" / "toy" / "train.tsv"
    content = path.read_bytes()
    path.write_bytes(b"X" + content[1:])
    run("--verify", "toy-b")
    with pytest.raises(DataError) as error:
        run("--verify")
    assert error.value.exit_code == 3
    assert "(differences: 1)" in str(error.value)
    assert f"{path}: sha256 {sha(b'X' + content[1:])}, not {sha(content)}" in str(error.value)


def test_verify_names_every_kind_of_difference(checkout):
    run("--dataset", "toy")
    data = checkout / "resources" / "data"
    (data / "toy-a" / "toy" / "LICENSE").unlink()
    (data / "toy-a" / "mine").write_text("1")
    (data / "toy-b" / "b.json").write_text("[1]")
    (data / "gated.json").write_text("{}")
    lock = checkout / "resources" / "checksums.lock"
    lock.write_text(lock.read_text().replace(sha(ARCHIVE), "0" * 64))
    with pytest.raises(DataError) as error:
        run("--verify", "toy", "gated", "gone")
    lines = [line.strip().removeprefix("where:").strip() for line in str(error.value).splitlines()]
    assert lines[1:7] == [
        f"{data}/toy-a/toy/LICENSE: is missing",
        f"{data}/toy-a/mine: is not one of the downloaded files",
        f"{data}/toy-a.json: the download had sha256 {sha(ARCHIVE)}, {lock} says {'0' * 64}",
        f"{data}/toy-b/b.json: 3 bytes, not 2",
        f"{data}/gated.json: the note of a download cannot be read (other fields than a note has)",
        "gone: is not there",
    ]
    assert "(differences: 6)" in lines[0]


def test_a_changed_download_can_be_accepted(checkout, site, capsys):
    run("--dataset", "toy-a")
    other = ARCHIVE + b"x"  # still a zip archive
    site.serve("/a.zip", Answer(other))
    registry = checkout / "config" / "datasets.csv"
    registry.write_text(registry.read_text().replace(f",{len(ARCHIVE)},", ",,"))
    (checkout / "resources" / "data" / "toy-a.json").unlink()
    with pytest.raises(DataError, match="--accept-changed toy-a"):
        run("--dataset", "toy-a")
    capsys.readouterr()
    run("--accept-changed", "toy-a")
    assert capsys.readouterr().out == f"toy-a: recorded sha256 {sha(other)}, {len(other)} bytes\n"
    run("--verify", "toy-a")
    with pytest.raises(UsageError, match="the checksum of 'toy-b' stands in the registry"):
        run("--accept-changed", "toy-b")
    with pytest.raises(UsageError, match="a dataset of several downloads"):
        run("--accept-changed", "toy")


def test_a_changed_other_form_can_be_accepted_too(checkout, capsys):
    """The registry has the sum of the archive; what it was unpacked to by hand is recorded."""
    registry = checkout / "config" / "datasets.csv"
    registry.write_text(registry.read_text().replace("c.zip,,record", f"c.zip,,{'0' * 64}"))
    folder = checkout / "resources" / "data" / "gated"
    folder.mkdir(parents=True)
    (folder / "a.tsv").write_text("1\n")
    run("--dataset", "gated")
    (folder / "a.tsv").write_text("2\n")
    with pytest.raises(DataError, match="--accept-changed gated"):
        run("--dataset", "gated")
    run("--accept-changed", "gated")
    run("--verify", "gated")


def test_offline(checkout, site, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SetupError, match="2 of 2 downloads failed") as error:
        run("--dataset", "toy")
    assert "the network is forbidden" in str(error.value)
    assert site.requests == []


def test_a_pressed_key_stops_all_and_keeps_what_has_arrived(checkout, site):
    site.serve("/b.json", Answer(b"[" + b"1," * 1_000_000, slow=0.3))
    program = (
        "import argparse; from xling import cli_fetch; p = argparse.ArgumentParser();"
        "cli_fetch.register(p); cli_fetch.run(p.parse_args(['--dataset', 'toy-b']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=checkout,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has it ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    work = checkout / "resources" / "data" / ".partial" / "toy-b"
    end = time.monotonic() + 20
    while not any(path.stat().st_size for path in work.glob("*.part")):
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=20)[1]
    assert "Interrupted: the downloads stopped" in error
    assert any(path.stat().st_size for path in work.glob("*.part"))
    assert not (checkout / "resources" / "data" / "toy-b").exists()


def test_options_exclude_each_other(checkout, capsys):
    with pytest.raises(SystemExit):
        run("--list", "--verify")
    assert "not allowed with" in capsys.readouterr().err

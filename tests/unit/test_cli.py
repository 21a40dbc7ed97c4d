# SPDX-License-Identifier: Apache-2.0
"""The command line: help, exit codes, one message per mistake."""

import subprocess
import sys

import pytest

from xling import cli
from xling.errors import DataError, Interrupted, SetupError, UsageError, XlingError

VERBS = (
    "fetch prepare pretrain tokenize train predict score tabulate plot check report summary "
    "stages study plan status doctor"
).split()


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([verb, "--help"])
    assert stop.value.code == 0
    assert f"xling {verb}" in capsys.readouterr().out


def test_an_unknown_verb_is_the_user_s_mistake(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["tarin"])
    assert stop.value.code == 2
    assert "tarin" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("w"), 2),
        (DataError("w"), 3),
        (SetupError("w"), 4),
        (Interrupted("stopped at step 3 after saving"), 143),
    ],
)
def test_exit_codes(monkeypatch, capsys, error, code):
    def fail(args):
        raise error

    monkeypatch.setattr(cli, "_stages", fail)
    assert cli.main(["stages"]) == code
    assert str(error) in capsys.readouterr().err


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail(args):
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "_stages", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["stages"])


def test_the_four_lines_of_a_message():
    error = XlingError("bad", where="a.yaml:3", allowed="good", fix="change it")
    assert str(error) == ("error: bad\n  where:   a.yaml:3\n  allowed: good\n  do:      change it")
    assert str(XlingError("bad")) == "error: bad"


def test_damaged_settings_are_one_message(capsys, tmp_path):
    paths = ["--output", "o", "--state", "s", "--encoder", "e", "--train", "t", "--languages", "en"]
    command = ["train", "--task", "xnli", "--method", "zero_shot", "--seed", "1", "--settings"]
    assert cli.main([*command, '{"learning_rat": 1}', *paths]) == 2
    assert "--settings" in capsys.readouterr().err


def test_importing_the_command_loads_nothing_heavy():
    heavy = "torch transformers datasets pandas matplotlib pyarrow numpy".split()
    code = f"import sys, xling.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

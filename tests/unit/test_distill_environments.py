# SPDX-License-Identifier: Apache-2.0
"""Environments of LASER and mUSE, and what ``xling doctor`` says of given sentence encoders."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from xling.config.distillation_models import FolderModel, GivenSystem, TrainedTeacher
from xling.config.loader import repository_root
from xling.distill import external
from xling.distill.systems import LASER_FILES
from xling.doctor.distillation import sentence_encoder_findings
from xling.machine import versions
from xling.plan import Run

ENVS = repository_root() / "envs"
# What is installed under another name than it is imported by.
DISTRIBUTIONS = {"tensorflow_hub": "tensorflow-hub", "tensorflow_text": "tensorflow-text"}


def listed(name):
    """Return the pinned packages of an environment by name."""
    found = yaml.safe_load((ENVS / name).read_text(encoding="utf-8"))["dependencies"]
    (by_pip,) = [part["pip"] for part in found if isinstance(part, dict)]
    pins = [text.split("==") for text in by_pip]
    pins += [text.split("=") for text in found if isinstance(text, str) and text != "pip"]
    assert all(len(pin) == 2 and re.fullmatch(r"[\d.]+", pin[1]) for pin in pins), pins
    return dict(pins)


def test_muse_s_list_has_what_its_script_imports():
    tree = ast.parse((Path(external.__file__).parent / "muse_encode.py").read_text("utf-8"))
    modules = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } - set(sys.stdlib_module_names)
    assert {DISTRIBUTIONS.get(name, name) for name in modules} <= set(listed("muse.yaml"))


def test_tensorflow_and_its_text_operations_are_of_one_minor_version():
    pins = listed("muse.yaml")
    minors = {pins[name].rpartition(".")[0] for name in ("tensorflow", "tensorflow-text")}
    assert len(minors) == 1


def test_laser_s_list_names_the_checkout_and_the_models():
    assert {"pytorch", "numpy", "fastBPE", "transliterate", "jieba"} <= set(listed("laser.yaml"))
    text = (ENVS / "laser.yaml").read_text(encoding="utf-8")
    (commit,) = re.findall(r"\b[0-9a-f]{40}\b", text)
    assert commit in (repository_root() / "docs" / "distill.md").read_text(encoding="utf-8")
    models = [Path(name).name for name in LASER_FILES if name.startswith("models/")]
    assert models
    assert all(name in text for name in models)


def test_records_name_the_library_that_trains_students():
    assert "sentence-transformers" in versions()


def findings(teachers=None, systems=None):
    """Return what the doctor says of a plan with these parts, as text by level."""
    teachers, systems = teachers or {}, systems or {}
    plan = SimpleNamespace(
        teachers=sorted(teachers),
        teacher=teachers.get,
        runs=[Run("distill", name, name, "sts17", 1) for name in systems],
        system=systems.get,
    )
    return [(one.level, one.what, one.fix) for one in sentence_encoder_findings(plan)]


def given(kind, **fields):
    return GivenSystem(kind=kind, title=kind.upper(), **fields)


def test_folders_of_teachers(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "modules.json").write_text("[]")
    (tmp_path / "empty").mkdir()
    teachers = {
        name: FolderModel(source="folder", path=str(tmp_path / name))
        for name in ("there", "empty", "missing")
    }
    teachers["trained"] = TrainedTeacher(source="trained", encoder="tiny", data="stsbenchmark")
    empty, missing, there = findings(teachers)
    assert there[:2] == ("ok", f"teacher there: {tmp_path / 'there'} has its configuration")
    assert empty[:2] == ("error", f"teacher empty: {tmp_path / 'empty'} has no model")
    assert missing[1].endswith("missing does not exist")
    assert missing[2].endswith("correct distillation.teachers.missing.path")


@pytest.mark.parametrize("kind", ["laser", "muse"])
def test_laser_and_muse_without_their_files(kind, tmp_path):
    system = given(kind, path=str(tmp_path), python=str(tmp_path / "python"))
    ((level, what, fix),) = findings(systems={"external": system})
    assert level == "error"
    assert what.startswith("system external: ")
    assert "is not installed" in what
    assert str(tmp_path / "python") in what
    assert "off by default" in fix


def test_laser_with_its_files(tmp_path):
    python = tmp_path / "python"
    for path in (python, *(tmp_path / name for name in LASER_FILES)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    ((level, what, _),) = findings(
        systems={"laser": given("laser", path=str(tmp_path), python=str(python))}
    )
    assert level == "ok"
    assert what.endswith("are there; not run")


def test_other_systems(tmp_path):
    systems = {
        "given": given("labse", path=str(tmp_path / "none")),
        "downloaded": given("labse", key="labse"),
        "student": None,
    }
    ((level, what, fix),) = findings(systems=systems)
    assert level == "error"
    assert what == f"system given: {tmp_path / 'none'} does not exist"
    assert "distillation.systems.given.path" in fix

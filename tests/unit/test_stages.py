# SPDX-License-Identifier: Apache-2.0
"""The stages' versions fit their code, and the check notices when they do not."""

import json

import pytest

from xling import stages
from xling.errors import UsageError


def test_versions_fit_the_code():
    """If this fails: raise the version in stages.py if results can change, then --accept."""
    stages.check()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two stages: ``train`` imports ``shared``, ``report`` does not."""
    folder = tmp_path / "xling"
    folder.mkdir()
    (folder / "shared.py").write_text("def add(a, b):\n    return a + b\n")
    (folder / "train.py").write_text(
        "def run():\n    from xling.shared import add\n    add(1, 2)\n"
    )
    (folder / "report.py").write_text("import json\n")
    monkeypatch.setattr(stages, "PACKAGE", folder)
    monkeypatch.setattr(stages, "LOCK", folder / "stages.lock")
    monkeypatch.setattr(stages, "VERSIONS", {"train": 1, "report": 1})
    entries = {"train": ("xling.train",), "report": ("xling.report",)}
    monkeypatch.setattr(stages, "ENTRIES", entries)
    for cached in (stages._file_of, stages._imports, stages._code):
        cached.cache_clear()
    stages.accept()
    yield folder
    for cached in (stages._file_of, stages._imports, stages._code):
        cached.cache_clear()


def edit(path, text):
    path.write_text(text)
    stages._imports.cache_clear()
    stages._code.cache_clear()


def test_imports_inside_functions_belong_to_a_stage(package):
    assert stages.modules_of("train") == ["xling.shared", "xling.train"]
    assert stages.modules_of("report") == ["xling.report"]


def test_comments_and_docstrings_do_not_count(package):
    edit(
        package / "shared.py", '"""Sums."""\n# why\ndef add(a, b):\n    "Add."\n    return a + b\n'
    )
    stages.check()


def test_changed_code_of_an_import_is_noticed_in_its_stage_only(package):
    edit(package / "shared.py", "def add(a, b):\n    return a - b\n")
    assert stages.changed_without_version() == ["train"]
    with pytest.raises(UsageError, match="version did not: train"):
        stages.check()


def test_a_raised_version_is_accepted_once_it_is_locked(package, monkeypatch):
    edit(package / "shared.py", "def add(a, b):\n    return a - b\n")
    monkeypatch.setattr(stages, "VERSIONS", {"train": 2, "report": 1})
    assert stages.changed_without_version() == []
    with pytest.raises(UsageError, match="older than the stages' versions"):
        stages.check()
    stages.accept()
    stages.check()
    assert json.loads(stages.LOCK.read_text())["train"]["version"] == 2


def test_every_stage_has_code(monkeypatch):
    assert set(stages.ENTRIES) == set(stages.VERSIONS)
    for stage, entries in stages.ENTRIES.items():
        for entry in entries:
            if not entry.endswith(".*"):
                assert entry in stages.modules_of(stage), (stage, entry)
    assert "xling.methods.zero_shot" in stages.modules_of("train")
    assert "xling.batches" in stages.modules_of("train")
    assert "xling.training" not in stages.modules_of("score")

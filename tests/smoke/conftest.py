# SPDX-License-Identifier: Apache-2.0
"""The smoke study, run once for all tests that look at what it leaves."""

from __future__ import annotations

import json
import shutil
from importlib import util
from pathlib import Path

import pytest
import yaml

from workflow import REPOSITORY, snakemake
from xling.config.loader import load_study
from xling.plan import Plan

STUDY = REPOSITORY / "config" / "studies" / "smoke.yaml"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the smoke study ran once; without translation if fairseq is absent."""
    folder = tmp_path_factory.mktemp("smoke")
    if util.find_spec("fairseq") is None:
        study = yaml.safe_load(STUDY.read_text(encoding="utf-8"))
        del study["translation"]
        (folder / "smoke.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    else:
        shutil.copy(STUDY, folder)
    call = snakemake(folder, study=folder / "smoke.yaml")
    assert call.code == 0, call.out + call.err
    (folder / "call.json").write_text(json.dumps({"seconds": call.seconds, "out": call.out}))
    return folder


@pytest.fixture
def results(folder: Path) -> Path:
    return folder / "results" / "smoke"


@pytest.fixture
def plan(folder: Path) -> Plan:
    return Plan(load_study(str(folder / "smoke.yaml")).study)

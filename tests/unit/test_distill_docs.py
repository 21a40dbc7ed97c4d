# SPDX-License-Identifier: Apache-2.0
"""What the pages on distillation name is there: files, settings, tables, figures, keys."""

import re
from importlib import import_module

import pytest
import yaml

from conftest import REPOSITORY
from xling.config.distillation import Distillation
from xling.distill.recipes import RECIPES
from xling.distill.settings import DistillSettings

PACKAGE = REPOSITORY / "workflow" / "xling"
PLACES = (REPOSITORY, PACKAGE, PACKAGE / "distill", PACKAGE / "distill" / "data")
# Published files, such as Tatoeba's sentences.csv, are named without a folder.
NAMED = re.compile(r"`([\w./-]+\.(?:py|ya?ml|md)|[\w./-]+/[\w-]+\.csv)`")
DOTTED = re.compile(r"`(corpora|overlap|store|sts|tables|xnli)\.(\w+)`")
EXAMPLE = re.compile(r"```yaml\n(distillation:\n.*?)```", re.DOTALL)


def page(name):
    return (REPOSITORY / "docs" / name).read_text(encoding="utf-8")


def section(title):
    """Return the rows of the tables of a section of distill.md, cells stripped."""
    own = page("distill.md").split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in own.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if not row[0].startswith(" ---")]


@pytest.mark.parametrize("name", ["distill.md", "distill-data.md"])
def test_files_exist(name):
    found = set(NAMED.findall(page(name)))
    assert len(found) > 2
    assert not {one for one in found if not any((place / one).is_file() for place in PLACES)}


def test_functions_of_the_data_exist():
    found = DOTTED.findall(page("distill-data.md"))
    assert len(found) > 8
    for module, name in found:
        assert hasattr(import_module(f"xling.distill.data.{module}"), name), f"{module}.{name}"


@pytest.mark.parametrize("name", ["distill.md", "study.md"])
def test_examples_are_allowed(name):
    (example,) = EXAMPLE.findall(page(name))
    found = Distillation.model_validate(yaml.safe_load(example)["distillation"])
    assert found.experiments


def value_of(settings, key):
    for part in key.split("."):
        settings = getattr(settings, part)
    return settings


def test_settings_are_those_of_the_recipes():
    rows = section("Settings")[1:]
    assert len(rows) > 10
    defaults = DistillSettings(max_steps=1)
    for key, v1, emnlp, _, ours in rows:
        name = key.strip("`")
        for recipe, said in (("v1", v1), ("emnlp", emnlp)):
            value = value_of(RECIPES[recipe].training, name)
            number = said.replace(",", "")
            assert (value == said) if isinstance(value, str) else (value == float(number)), name
        if name != "epochs":
            value = value_of(defaults, name)
            number = re.split(r"[:;]", ours)[0].replace(",", "")
            assert (value == ours) if isinstance(value, str) else (value == float(number)), name


def test_tables_and_figures_have_these_names():
    from xling.distill.figures import KINDS
    from xling.distill.tables import _tables
    from xling.distill.tables.differences import differences_name
    from xling.figures.distill import GAINS

    cells = " ".join(row[0] for row in section("Tables and figures"))
    said = re.findall(r"`([\w{}-]+)`", cells)
    full, last = set(), ""
    for name in said:
        # "`section-5-corpora`, `-amounts`": endings of the one before.
        last = last if name.startswith("-") else name.rsplit("-", 1)[0]
        full.add(last + name if name.startswith("-") else name)
    assert full == {*_tables(), differences_name("{task}"), *KINDS, GAINS}

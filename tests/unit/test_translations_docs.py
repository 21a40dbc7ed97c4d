# SPDX-License-Identifier: Apache-2.0
"""``docs/translation.md``: its examples are what the code makes, its settings can be read."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from xling import cli
from xling.config.loader import load_study, repository_root
from xling.config.study import System
from xling.config.translations import Translations
from xling.errors import DataError
from xling.translate.engine import Translation
from xling.translate.guard import FLAGS
from xling.translate.products.examples import SHOWN, examples
from xling.translate.project.report import Probe
from xling.translation_examples import BEGIN, END, with_examples

PAGE = repository_root() / "docs" / "translation.md"
LANGUAGES = ("qaa", "qab", "qac", "qad")


def blocks(kind):
    text = PAGE.read_text(encoding="utf-8")
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.S | re.M)
    return [inside for name, inside in fences if name == kind]


def shown():
    """Return what stands between the two comments."""
    text = PAGE.read_text(encoding="utf-8")
    return text.split(BEGIN)[1].split(END)[0].strip()


class FromPage:
    """Says what the page says that the translator said."""

    def __init__(self, text):
        self.key = ""
        self.said = {}
        for part in re.split(r"^### ", text, flags=re.M)[1:]:
            code = part[:3]
            self.key = re.search(r"Translator: `(.*)`", part)[1]
            pairs = re.findall(r"- (?:English|with markers): `(.*)`\n- translation: `(.*)`", part)
            self.said[code] = {one: two.replace("(empty)", "") for one, two in pairs}

    def translate(self, sentences, source, target):
        return [Translation(self.said[target][sentence]) for sentence in sentences]


class NoLinks:
    """Aligns nothing: whether the last column is right, only the encoder can say."""

    key = "no links"

    def align(self, pairs):
        return [[] for _ in pairs]


def without_alignment(text):
    """Return the examples without the last column of their tables."""
    return re.sub(r"^(\|.*\|) [^|]+ \|$", r"\1", text, flags=re.M)


def test_examples_are_what_the_code_makes():
    artificial = load_study("mini").study.data.artificial
    # The first sentences do not depend on how many there are.
    probe = Probe(artificial, LANGUAGES, 10)
    page = shown()
    made = examples(probe, FromPage(page), NoLinks()).strip()
    assert without_alignment(page) == without_alignment(made)
    assert page.count("- English: ") == SHOWN * len(LANGUAGES)
    assert "(not found) |" in made


def test_settings_of_the_page_can_be_read():
    found = [yaml.safe_load(text) for text in blocks("yaml")]
    assert len(found) == 2
    for one in found:
        part = Translations.model_validate(one["translations"])
        assert part.engines["nllb"].licence == "CC-BY-NC-4.0"
        for name, system in one.get("systems", {}).items():
            assert System.model_validate(system).translations in part.engines, name


def test_commands_of_the_page_can_be_parsed():
    text = "\n".join(blocks("")).replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.startswith("xling ")]
    assert len(lines) == 4
    for line in lines:
        args = cli.parser().parse_args(shlex.split(line)[1:])
        assert args.verb in line


def test_names_of_the_page_are_there():
    text = PAGE.read_text(encoding="utf-8")
    for name in ("config/translation_codes.csv", "docs/study.md", "docs/cats.md"):
        assert (repository_root() / name).is_file()
    assert {"cut", "repeated"} <= set(FLAGS)
    for name in ("quality", "projection", "transfer"):
        assert f"| `{name}` |" in text


def test_no_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["translation-examples", "--study", "mini", "--engine", "exact"]) == 2
    assert "there is no page" in capsys.readouterr().err


def test_a_page_keeps_what_stands_around_the_examples(tmp_path):
    page = tmp_path / "page.md"
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    new = with_examples(text, "\nnew\n\n", page)
    assert new == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert with_examples(new, "new", page) == new


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_page_without_a_place(tmp_path, text):
    with pytest.raises(DataError, match="no place for examples") as caught:
        with_examples(text, "new", tmp_path / "page.md")
    assert "page.md" in str(caught.value)


def test_examples_of_an_unknown_engine(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    from test_translations_tables import PART, make_plan

    study = make_plan(PART | {"aligner": None}).study.model_dump_json()
    for engine, words in (("nlb", "nllb"), ("nllb", "translations.aligner")):
        assert cli.main(["translation-examples", "--study", study, "--engine", engine]) == 2
        assert words in capsys.readouterr().err

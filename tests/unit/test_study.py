# SPDX-License-Identifier: Apache-2.0
"""Studies: loading, error messages, explanation, generated files."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
import yaml

from xling.cli import main
from xling.config import schema
from xling.config.explain import as_yaml, explain, merged_yaml
from xling.config.loader import load_study
from xling.config.source import dotted, read_source
from xling.errors import UsageError

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "config" / "studies").glob("*.yaml"))
# Lines are numbered from 1; the messages below name them.
SMALL = """\
name: small
description: a small study
data:
  source: artificial
  artificial:
    source_text_share: 0.6
    text_documents: 100
    languages:
      qaa: {word_order: SVO, text_share: 0.3}
      qab: {word_order: SOV, text_share: 0.1}
    sizes:
      xnli: {train: 50, dev: 10, test: 20}
      pawsx: {train: 50, dev: 10, test: 20}
tasks:
  xnli:
    languages: [en, qaa, qab]
  pawsx:
    languages: [en, qab]
encoders:
  tiny:
    source: scratch
    architecture: bert
    vocabulary: 100
    hidden_size: 8
    layers: 1
    heads: 2
    intermediate_size: 16
    pretraining: {steps: 5}
training:
  defaults:
    learning_rate: 5.0e-4
    batch_size: 4
    max_steps: 10
experiments:
  - paper: xmixup
    methods: [zero_shot, translate_test]
    models: [tiny]
    tasks: [xnli, pawsx]
    seeds: [1, 2]
"""
OVERRIDES = """\
  overrides:
    - where: {tasks: [xnli]}
      set: {batch_size: 8}
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Return a function that writes the small study, with replacements, and loads it."""
    monkeypatch.chdir(tmp_path)

    def load(*replacements, name="small.yaml", **options):
        text = SMALL
        for old, new in replacements:
            assert text.count(old) >= 1, old
            text = text.replace(old, new, 1)
        Path(name).write_text(text, encoding="utf-8")
        return load_study(name, **options)

    return load


def message(load, *replacements, **options):
    """Return what a user reads when the changed small study is loaded."""
    with pytest.raises(UsageError) as caught:
        load(*replacements, **options)
    assert caught.value.exit_code == 2
    text = str(caught.value)
    assert not re.search(r"pydantic|https?:|Value error|Input should|discriminator", text)
    return text


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
class TestShippedStudies:
    def test_loads(self, path):
        assert load_study(str(path)).study.name == path.stem

    def test_has_no_yaml_trap(self, path):
        source = read_source(path)
        assert source.written
        for key, text in source.written.items():
            value = source.values
            for part in key:
                value = value[part]
            if isinstance(value, str):
                assert not re.fullmatch(r"[-+]?[\d._]+(e[-+]?\d+)?", text, re.I), dotted(key)
            if isinstance(value, bool):
                assert text in ("true", "false"), dotted(key)

    def test_fits_the_schema_for_editors(self, path):
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        jsonschema.validate(value, json.loads(schema.json_schema()))

    def test_round_trip(self, path, tmp_path):
        study = load_study(str(path)).study
        file = tmp_path / study.name / "study.yaml"  # as in results/<study>/study.yaml
        file.parent.mkdir()
        file.write_text(merged_yaml(study), encoding="utf-8")
        assert load_study(str(file)).study == study


def test_there_are_shipped_studies():
    assert {"mini", "local-xtreme"} <= {path.stem for path in SHIPPED}


class TestFinding:
    def test_by_name_from_any_directory(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)  # falls back to the checkout of the package
        assert load_study("mini").path == ROOT / "config/studies/mini.yaml"

    def test_current_directory_comes_first(self, tmp_path, monkeypatch):
        folder = tmp_path / "config" / "studies"
        folder.mkdir(parents=True)
        (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        assert load_study("small").path == folder / "small.yaml"

    def test_unknown_name(self, tmp_path, monkeypatch):
        for name in ("mini", "local-xtreme"):
            (tmp_path / f"{name}.yaml").write_text(SMALL, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UsageError) as caught:
            load_study("minni", studies=tmp_path)
        assert str(caught.value) == (
            "error: unknown study 'minni'\n"
            "  where:   .\n"
            "  allowed: local-xtreme, mini\n"
            "  do:      did you mean 'mini'?"
        )

    @pytest.mark.parametrize("name", ["no/such", "such.yaml", "such.yml"])
    def test_missing_file(self, name, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UsageError, match=f"there is no study file '{re.escape(name)}'"):
            load_study(name)


# (name, replacements, what the user reads)
MISTAKES = [
    (
        "unknown key",
        [("    methods:", "    metods:")],
        "error: unknown key 'metods'\n"
        "  where:   small.yaml:36: experiments[0].metods\n"
        "  allowed: paper, methods, models, tasks, seeds, languages\n"
        "  do:      did you mean 'methods'?",
    ),
    (
        "unknown method",
        [("zero_shot,", "zeroshot,")],
        "error: unknown method 'zeroshot'\n"
        "  where:   small.yaml:36: experiments[0].methods[0]\n"
        "  allowed: {methods}\n"
        "  do:      did you mean 'zero_shot'?",
    ),
    (
        "unknown task",
        [("tasks: [xnli, pawsx]", "tasks: [xnli, paws]")],
        "error: unknown task 'paws'\n"
        "  where:   small.yaml:38: experiments[0].tasks[1]\n"
        "  allowed: {tasks}\n"
        "  do:      did you mean 'pawsx'?",
    ),
    (
        "unknown language",
        [("[en, qaa, qab]", "[en, qaa, qax]")],
        "error: unknown language 'qax'\n"
        "  where:   small.yaml:16: tasks.xnli.languages[2]\n"
        "  allowed: en, qaa, qab\n"
        "  do:      did you mean 'qab'?",
    ),
    (
        "unknown model",
        [("models: [tiny]", "models: [tny]")],
        "error: unknown name 'tny'\n"
        "  where:   small.yaml:37: experiments[0].models[0]\n"
        "  allowed: tiny\n"
        "  do:      did you mean 'tiny'?",
    ),
    (
        "wrong type",
        [("batch_size: 4", "batch_size: big")],
        "error: 'big' is not a whole number\n"
        "  where:   small.yaml:32: training.defaults.batch_size\n"
        "  allowed: a whole number",
    ),
    (
        "number that YAML reads as text",
        [("5.0e-4", "5e-6")],
        "error: YAML reads 5e-6 as text, not as a number\n"
        "  where:   small.yaml:31: training.defaults.learning_rate\n"
        "  allowed: a number\n"
        "  do:      write 5.0e-6",
    ),
    (
        "exponent without a sign",
        [("5.0e-4", "1.0e3")],
        "error: YAML reads 1.0e3 as text, not as a number\n"
        "  where:   small.yaml:31: training.defaults.learning_rate\n"
        "  allowed: a number\n"
        "  do:      write 1.0e+3",
    ),
    (
        "Norwegian",
        [("[en, qaa, qab]", "[en, no, qab]")],
        "error: YAML reads no as false, not as text\n"
        "  where:   small.yaml:16: tasks.xnli.languages[1]\n"
        "  allowed: text\n"
        '  do:      write "no"',
    ),
    (
        "Norwegian as a key",
        [("      qaa: {", "      no: {")],
        "error: YAML reads the key no as false, not as text\n"
        "  where:   small.yaml:9: data.artificial.languages\n"
        "  allowed: text\n"
        '  do:      write "no"',
    ),
    (
        "version number as a name",
        [("models: [tiny]", "models: [1.10]")],
        "error: YAML reads 1.10 as the number 1.1, not as text\n"
        "  where:   small.yaml:37: experiments[0].models[0]\n"
        "  allowed: text\n"
        '  do:      write "1.10"',
    ),
    (
        "duplicate key",
        [("    max_steps: 10", "    max_steps: 10\n    batch_size: 8")],
        "error: the key 'batch_size' is given twice\n"
        "  where:   small.yaml:34: training.defaults.batch_size\n"
        "  allowed: once; the first is on line 32\n"
        "  do:      remove one of the two",
    ),
    (
        "missing key",
        [("    vocabulary: 100\n", "")],
        "error: missing key 'vocabulary'\n"
        "  where:   small.yaml:20: encoders.tiny.vocabulary\n"
        "  allowed: size of the sub-word vocabulary, at most\n"
        "  do:      add the key 'vocabulary'",
    ),
    (
        "both epochs and max_steps",
        [("    max_steps: 10", "    max_steps: 10\n    epochs: 3")],
        "error: set exactly one of 'epochs' and 'max_steps'\n"
        "  where:   small.yaml:30: training.defaults",
    ),
    (
        "text shares",
        [("source_text_share: 0.6", "source_text_share: 0.5")],
        "error: the text shares add up to 0.9; they must add up to 1\n"
        "  where:   small.yaml:5: data.artificial",
    ),
    (
        "syntax",
        [("    languages: [en, qab]", "    languages: [en, qab")],
        "error: the study is not valid YAML: expected ',' or ']', but got ':'\n"
        "  where:   small.yaml:19\n"
        "  do:      check the indentation, colons, quotes and brackets there and in the line above",
    ),
    (
        "tab",
        [("    heads: 2", "\theads: 2")],
        "error: there is a tab where YAML wants blanks\n"
        "  where:   small.yaml:26\n"
        "  do:      replace the tab by blanks",
    ),
    (
        "unknown word",
        [("word_order: SOV", "word_order: SVOO")],
        "error: unknown value 'SVOO'\n"
        "  where:   small.yaml:10: data.artificial.languages.qab.word_order\n"
        "  allowed: SVO, SOV, VSO\n"
        "  do:      did you mean 'SVO'?",
    ),
    (
        "unknown kind of encoder",
        [("    source: scratch", "    source: scrath")],
        "error: unknown value 'scrath'\n"
        "  where:   small.yaml:21: encoders.tiny.source\n"
        "  allowed: scratch, folder\n"
        "  do:      did you mean 'scratch'?",
    ),
    (
        "encoder of no kind",
        [("    source: scratch\n", "")],
        "error: missing key 'source'\n"
        "  where:   small.yaml:20: encoders.tiny.source\n"
        "  allowed: scratch, folder\n"
        "  do:      add the key 'source'",
    ),
    (
        "out of range",
        [("max_steps: 10", "max_steps: 0")],
        "error: 0 is out of range\n"
        "  where:   small.yaml:33: training.defaults.max_steps\n"
        "  allowed: more than 0",
    ),
    (
        "name and file differ",
        [("name: small", "name: large")],
        "error: the study is called 'large' but its file is small.yaml\n"
        "  where:   small.yaml:1: name\n"
        "  allowed: name: small\n"
        "  do:      rename the file or change the name",
    ),
    (
        "no dev set left to select on",
        [
            ("    languages: [en, qab]", "    languages: [en, qab]\n    train_split: dev"),
            ("    max_steps: 10", "    max_steps: 10\n    selection: best_source_dev"),
        ],
        "error: task 'pawsx' trains on its dev set (train_split: dev), so 'best_source_dev' has no "
        "dev set left\n"
        "  where:   small.yaml:35: training.defaults.selection\n"
        "  allowed: selection: last\n"
        "  do:      write 'selection: last' or remove tasks.pawsx.train_split",
    ),
    (
        "languages of a task that is not run",
        [("tasks: [xnli, pawsx]", "tasks: [xnli]\n    languages: {pawsx: [en]}")],
        "error: languages are given for task 'pawsx', which this experiment does not run\n"
        "  where:   small.yaml:39: experiments[0].languages.pawsx\n"
        "  allowed: xnli\n"
        "  do:      add the task to the experiment or remove its languages",
    ),
    (
        "two blocks disagree",
        [
            (
                "seeds: [1, 2]\n",
                "seeds: [1, 2]\n"
                "  - {paper: xmixup, methods: [zero_shot], models: [tiny], tasks: [xnli],\n"
                "     seeds: [2, 3], languages: {xnli: [en]}}\n",
            )
        ],
        "error: two experiments ask for other languages of the same run "
        "xmixup/zero_shot/tiny/xnli/seed-2\n"
        "  where:   small.yaml:40: experiments[1]\n"
        "  allowed: the languages of experiments[0]\n"
        "  do:      give both blocks the same languages or separate their seeds or models",
    ),
    (
        "unknown model in an override",
        [("experiments:", OVERRIDES.replace("tasks: [xnli]", "models: [tin]") + "experiments:")],
        "error: unknown model 'tin'\n"
        "  where:   small.yaml:35: training.overrides[0].where.models[0]\n"
        "  allowed: tiny\n"
        "  do:      did you mean 'tiny'?",
    ),
    (
        "wrong type in an override",
        [("experiments:", OVERRIDES.replace("batch_size: 8", "batch_size: '8'") + "experiments:")],
        "error: '8' is not a whole number\n"
        "  where:   small.yaml:36: training.overrides[0].set.batch_size\n"
        "  allowed: a whole number\n"
        "  do:      write 8",
    ),
    (
        "settings that do not go together after an override",
        [("experiments:", OVERRIDES.replace("batch_size: 8", "accumulation: 3") + "experiments:")],
        "error: batch_size must be a multiple of accumulation\n"
        "  where:   small.yaml:36: training.overrides[0].set",
    ),
]


class TestMistakes:
    @pytest.mark.parametrize(
        ("replacements", "expected"),
        [case[1:] for case in MISTAKES],
        ids=[case[0] for case in MISTAKES],
    )
    def test_message(self, replacements, expected, small):
        from xling.methods import methods
        from xling.tasks import TASKS

        for key, names in (("methods", methods()), ("tasks", TASKS)):
            expected = expected.replace(f"{{{key}}}", ", ".join(sorted(names)))
        assert message(small, *replacements) == expected

    def test_unknown_training_setting_suggests(self, small):
        override = OVERRIDES.replace("batch_size: 8", "batchsize: 8")
        text = message(small, ("experiments:", override + "experiments:"))
        assert "where:   small.yaml:36: training.overrides[0].set.batchsize\n" in text
        assert text.endswith("do:      did you mean 'batch_size'?")

    def test_all_mistakes_are_listed_by_line(self, small):
        text = message(
            small,
            ("batch_size: 4", "batch_size: big"),
            ("layers: 1", "layers: 1.5"),
            ("qab]", "QA]"),
        )
        assert text == (
            "error: 3 mistakes in small.yaml\n"
            "  1. 'QA' is not a language code\n"
            "     where:   small.yaml:16: tasks.xnli.languages[2]\n"
            "     allowed: two or three small letters: en, qaa\n"
            "  2. 1.5 is not a whole number\n"
            "     where:   small.yaml:25: encoders.tiny.layers\n"
            "     allowed: a whole number\n"
            "  3. 'big' is not a whole number\n"
            "     where:   small.yaml:32: training.defaults.batch_size\n"
            "     allowed: a whole number"
        )

    def test_unknown_language_of_a_published_task(self, tmp_path):
        text = (ROOT / "config/studies/local-xtreme.yaml").read_text(encoding="utf-8")
        assert "[en, de, es, fr, zh]" in text
        file = tmp_path / "local-xtreme.yaml"
        file.write_text(text.replace("[en, de, es, fr, zh]", "[en, de, es, fr, sw]"))
        with pytest.raises(UsageError, match="unknown language 'sw'") as caught:
            load_study(str(file))
        assert caught.value.allowed == "de, en, es, fr, ja, ko, zh"

    @pytest.mark.parametrize("text", ["", "- 1\n", "5\n"])
    def test_file_that_is_no_map(self, text, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path("small.yaml").write_text(text)
        with pytest.raises(UsageError, match="is not a map") as caught:
            load_study("small.yaml")
        assert caught.value.where == "small.yaml:1"

    def test_alias_inside_itself(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path("small.yaml").write_text("name: &a [*a]\n")
        with pytest.raises(UsageError, match="an alias stands inside what it names"):
            load_study("small.yaml")

    def test_not_utf8(self, tmp_path):
        file = tmp_path / "small.yaml"
        file.write_bytes(SMALL.replace("a small", "a pequeño").encode("latin-1"))
        with pytest.raises(UsageError, match="not UTF-8"):
            load_study(str(file))

    def test_command_exits_with_two(self, capsys, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path("small.yaml").write_text(SMALL.replace("seeds: [1, 2]", "seeds: []"))
        assert main(["study", "check", "small.yaml"]) == 2
        assert capsys.readouterr().err == (
            "error: there is no entry\n"
            "  where:   small.yaml:39: experiments[0].seeds\n"
            "  allowed: at least one entry\n"
        )


class TestYaml:
    def test_merge_keys_and_their_lines(self, tmp_path):
        file = tmp_path / "x.yaml"
        file.write_text("a: &a {p: 1, q: 2}\nb:\n  <<: *a\n  q: 3\n")
        source = read_source(file)
        assert source.values == {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}
        assert source.lines["b", "p"] == 1
        assert source.lines["b", "q"] == 4

    def test_lines(self, small):
        lines = small().lines
        assert lines["training", "defaults", "max_steps"] == ("small.yaml", 33)
        assert lines["experiments", 0, "models", 0] == ("small.yaml", 37)
        assert ("training", "defaults", "schedule") not in lines


class TestDataRoot:
    def test_replaces_the_root_and_need_not_exist(self):
        loaded = load_study("local-xtreme", data_root="no/such/folder")
        assert loaded.study.data.root == "no/such/folder"
        assert "root: no/such/folder" in explain(loaded)
        assert re.search(r"root: no/such/folder +# --data-root\n", explain(loaded))

    def test_refused_for_artificial_data(self, small):
        assert message(small, data_root="x") == (
            "error: a data folder is given, but the study makes its data itself\n"
            "  where:   small.yaml:4: data.source\n"
            "  allowed: --data-root with 'source: folder' only\n"
            "  do:      leave --data-root out or choose another study, such as local-xtreme"
        )


class TestExplain:
    def test_is_the_study_with_origins(self, small):
        loaded = small(("experiments:", OVERRIDES + "experiments:"))
        text = explain(loaded)
        assert yaml.safe_load(text) == loaded.study.model_dump()
        found = dict(re.findall(r"^ *(?:- )?([\w#][^:]*):.*  # (.*)$", text, re.M))
        assert found["name"] == "small.yaml:1"
        assert found["dropout"] == "default"
        assert found["seeds"] == "small.yaml:42"

    def test_settings_of_each_training(self, small):
        overrides = (
            OVERRIDES
            + "    - where: {tasks: [xnli], methods: [zero_shot]}\n      set: {epochs: 2}\n"
            + "    - where: {methods: [translate_test]}\n      set: {batch_size: 2}\n"
        )
        text = explain(small(("experiments:", overrides + "experiments:")))
        blocks = re.findall(r"# training settings of\n((?:#.*\n)+?)#\n", text)
        pawsx, xnli = (" ".join(block.split()) for block in blocks)
        assert pawsx.startswith("# xmixup/zero_shot/tiny/pawsx # are # learning_rate: 0.0005 #")
        assert "# batch_size: 4 # small.yaml:32 #" in pawsx
        assert "# max_steps: 10 # small.yaml:33 #" in pawsx
        assert "# batch_size: 8 # small.yaml:36 #" in xnli
        assert "# epochs: 2.0 # small.yaml:38 #" in xnli
        assert "# max_steps: null # small.yaml:38 #" in xnli
        assert "# schedule: linear # default #" in xnli
        assert text.endswith(
            "# training.overrides[2] touches no model that is trained: small.yaml:39\n"
        )

    def test_trainings_that_agree_share_a_block(self):
        text = explain(load_study("mini"))
        assert text.count("# training settings of") == 1

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (2e-5, "2.0e-05"),
            ("no", "'no'"),
            ("1.10", "'1.10'"),
            (None, "null"),
            ("a\nb", '"a\\nb"'),
        ],
    )
    def test_values_in_one_line_that_yaml_reads_back(self, value, text):
        assert as_yaml(value) == text
        assert yaml.safe_load(text) == value

    def test_note_on_overrides_without_effect(self, small, capsys):
        idle = OVERRIDES.replace("tasks: [xnli]", "methods: [translate_test]")
        small(("experiments:", idle + "experiments:"))
        assert main(["study", "check", "small.yaml"]) == 0
        assert capsys.readouterr().out == (
            "small.yaml: fine, 8 runs, 4 models to train\n"
            "note: training.overrides[0] (line 35) touches no model that is trained\n"
        )


class TestGenerated:
    def test_files_are_up_to_date(self):
        difference = schema.drift(ROOT)
        assert not difference, f"run: {schema.FIX_COMMAND}\n{difference}"

    def test_check_shows_what_differs(self, tmp_path, monkeypatch, capsys):
        for file in (schema.SCHEMA_FILE, schema.DOCS_FILE):
            (tmp_path / file).parent.mkdir()
            (tmp_path / file).write_bytes((ROOT / file).read_bytes())
        (tmp_path / "config" / "studies").mkdir()
        monkeypatch.chdir(tmp_path)
        assert main(["study", "schema", "--check"]) == 0
        docs = tmp_path / schema.DOCS_FILE
        docs.write_text(docs.read_text(encoding="utf-8").replace("| `name` |", "| `nam` |"))
        assert main(["study", "schema", "--check"]) == 2
        printed = capsys.readouterr()
        assert "-| `nam` |" in printed.out
        assert "+| `name` |" in printed.out
        assert "do:      run: xling study schema --write" in printed.err
        assert main(["study", "schema", "--write"]) == 0
        assert docs.read_bytes() == (ROOT / schema.DOCS_FILE).read_bytes()

    def test_page_without_markers(self):
        with pytest.raises(UsageError, match="markers"):
            schema.docs_with_table("# Studies\n")

    def test_all_objects_are_closed(self):
        def objects(value):
            if isinstance(value, dict):
                if value.get("type") == "object" and "propertyNames" not in value:
                    yield value
                value = list(value.values())
            for item in value if isinstance(value, list) else ():
                yield from objects(item)

        found = list(objects(json.loads(schema.json_schema())))
        assert len(found) > 10
        # A map by free names (encoders) closes its values, not its keys.
        assert all(
            v["additionalProperties"] is False or set(v["additionalProperties"]) & {"$ref", "oneOf"}
            for v in found
        )

    def test_names_reach_the_editor(self):
        value = json.loads(schema.json_schema())
        methods = value["$defs"]["Experiment"]["properties"]["methods"]["items"]["enum"]
        assert "zero_shot" in methods

    def test_table_has_each_key_once(self):
        keys = re.findall(r"^\| (`[^`]*`(?: \(\w+\))?) \|", schema.key_table(), re.M)
        assert len(keys) == len(set(keys)) > 60
        assert "`training.overrides[].set`" in keys
        assert "`data.artificial.sizes.<task>.train`" in keys
        assert "`encoders.<encoder>.pretraining.steps` (scratch)" in keys
        assert "| `training.defaults.learning_rate` | number | `2.0e-05` | peak |" in (
            schema.key_table()
        )


class TestSpeed:
    @pytest.mark.parametrize("module", ["config", "config.loader", "config.explain", "estimate"])
    def test_no_heavy_import(self, module):
        heavy = "{'torch', 'transformers', 'pandas', 'datasets', 'matplotlib', 'snakemake'}"
        code = f"import sys, xling.{module}; print(sorted({heavy} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout == "[]\n", done.stderr

    def test_package_gives_its_functions_in_any_order(self):
        for first in ("import xling.plan; ", "import xling.config.explain; ", ""):
            code = f"{first}from xling.config import load_study, merged_yaml; print(load_study)"
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
            assert done.stdout.startswith("<function load_study"), done.stderr

    def test_default_study_loads_quickly(self):
        code = (
            "import time; from xling.config import load_study; load_study('mini'); "
            "print(time.process_time())"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert float(done.stdout) < 0.5, done.stderr  # CPU seconds, the interpreter included

    def test_large_grid_loads_quickly(self, small):
        started = time.process_time()
        loaded = small(
            ("seeds: [1, 2]", f"seeds: {list(range(750))}"),
            ("experiments:", OVERRIDES + "experiments:"),
        )
        seconds = time.process_time() - started
        assert len(loaded.study.experiments[0].seeds) == 750  # 2 methods x 2 tasks x 750 = 3,000
        assert seconds < 2

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
from small_study import OVERRIDES, SMALL, load_small

from xling.cli import main
from xling.config import schema
from xling.config.explain import as_yaml, explain, merged_yaml
from xling.config.loader import load_study
from xling.config.source import dotted, read_source
from xling.errors import UsageError

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "config" / "studies").glob("*.yaml"))


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


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
    def test_by_name_from_any_directory(self):
        # The folder is empty: the checkout of the package is next.
        assert load_study("mini").path == ROOT / "config/studies/mini.yaml"

    def test_current_directory_comes_first(self, tmp_path):
        folder = tmp_path / "config" / "studies"
        folder.mkdir(parents=True)
        (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
        assert load_study("small").path == folder / "small.yaml"

    def test_unknown_name(self, tmp_path):
        for name in ("mini", "local-xtreme"):
            (tmp_path / f"{name}.yaml").write_text(SMALL, encoding="utf-8")
        with pytest.raises(UsageError) as caught:
            load_study("minni", studies=tmp_path)
        assert str(caught.value) == (
            "error: unknown study 'minni'\n"
            "  where:   .\n"
            "  allowed: local-xtreme, mini\n"
            "  do:      did you mean 'mini'?"
        )

    @pytest.mark.parametrize("name", ["no/such", "such.yaml", "such.yml"])
    def test_missing_file(self, name):
        with pytest.raises(UsageError, match=f"there is no study file '{re.escape(name)}'"):
            load_study(name)


class TestYaml:
    def test_merge_keys_and_their_lines(self, tmp_path):
        file = tmp_path / "x.yaml"
        file.write_text("a: &a {p: 1, q: 2}\nb:\n  <<: *a\n  q: 3\n")
        source = read_source(file)
        assert source.values == {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}
        assert source.lines["b", "p"] == 1
        assert source.lines["b", "q"] == 4

    def test_lines(self):
        lines = load_small().lines
        assert lines["training", "defaults", "max_steps"] == ("small.yaml", 33)
        assert lines["experiments", 0, "models", 0] == ("small.yaml", 37)
        assert ("training", "defaults", "schedule") not in lines


class TestDataRoot:
    def test_replaces_the_root_and_need_not_exist(self):
        loaded = load_study("local-xtreme", data_root="no/such/folder")
        assert loaded.study.data.root == "no/such/folder"
        assert "root: no/such/folder" in explain(loaded)
        assert re.search(r"root: no/such/folder +# --data-root\n", explain(loaded))


class TestExplain:
    def test_is_the_study_with_origins(self):
        loaded = load_small(("experiments:", OVERRIDES + "experiments:"))
        text = explain(loaded)
        assert yaml.safe_load(text) == loaded.study.model_dump()
        found = dict(re.findall(r"^ *(?:- )?([\w#][^:]*):.*  # (.*)$", text, re.M))
        assert found["name"] == "small.yaml:1"
        assert found["dropout"] == "default"
        assert found["seeds"] == "small.yaml:42"

    def test_settings_of_each_training(self):
        overrides = (
            OVERRIDES
            + "    - where: {tasks: [xnli], methods: [zero_shot]}\n      set: {epochs: 2}\n"
            + "    - where: {methods: [translate_test]}\n      set: {batch_size: 2}\n"
        )
        text = explain(load_small(("experiments:", overrides + "experiments:")))
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
        blocks = re.findall(r"# training settings of\n((?:#   [^:\n]*\n)+)# are\n", text)
        # Each variant of X-Mixup has a block of its own; of another paper are some lines.
        plain = [block for block in blocks if "xmixup/xmixup" not in block]
        lines = [[line for line in b.splitlines() if "robust/" not in line] for b in plain]
        found = [{line.rsplit("/")[-1] for line in block} for block in lines if block]
        # MLQA's zero-shot model is XQuAD's; the one on translations is its own.
        together = [{"xnli", "pawsx"}, {"udpos", "panx"}, {"xquad", "mlqa", "tydiqa"}]
        assert sorted(map(sorted, found)) == sorted(map(sorted, together))
        assert "xmixup/translate_train/tiny-xlmr/mlqa" in text
        assert "xmixup/zero_shot/tiny-xlmr/mlqa" not in text
        assert "#   xmixup/xmixup-layer-2/tiny-xlmr/xnli\n" in text

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

    def test_note_on_overrides_without_effect(self, capsys):
        idle = OVERRIDES.replace("tasks: [xnli]", "methods: [translate_test]")
        load_small(("experiments:", idle + "experiments:"))
        assert main(["study", "check", "small.yaml"]) == 0
        assert capsys.readouterr().out == (
            "small.yaml: fine, 8 runs, 4 models to train\n"
            "note: training.overrides[0] (line 35) touches no model that is trained\n"
        )


class TestGenerated:
    def test_files_are_up_to_date(self):
        difference = schema.drift(ROOT)
        assert not difference, f"run: {schema.FIX_COMMAND}\n{difference}"

    def test_check_shows_what_differs(self, tmp_path, capsys):
        for file in (schema.SCHEMA_FILE, schema.DOCS_FILE):
            (tmp_path / file).parent.mkdir()
            (tmp_path / file).write_bytes((ROOT / file).read_bytes())
        (tmp_path / "config" / "studies").mkdir()
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
            v["additionalProperties"] is False
            # "type": weights of languages, whose names are the study's.
            or set(v["additionalProperties"]) & {"$ref", "oneOf", "type"}
            for v in found
        )

    def test_names_reach_the_editor(self):
        value = json.loads(schema.json_schema())
        methods = value["$defs"]["Experiment"]["properties"]["methods"]["items"]["anyOf"][0]["enum"]
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

    def test_large_grid_loads_quickly(self):
        started = time.process_time()
        loaded = load_small(
            ("seeds: [1, 2]", f"seeds: {list(range(750))}"),
            ("experiments:", OVERRIDES + "experiments:"),
        )
        seconds = time.process_time() - started
        assert len(loaded.study.experiments[0].seeds) == 750  # 2 methods x 2 tasks x 750 = 3,000
        assert seconds < 2


class TestExtends:
    """A study that takes the parts it does not give from another."""

    OWN = "name: own\ndescription: the same, smaller\nextends: ./small.yaml\n"
    BLOCK = "  - {paper: xmixup, methods: [zero_shot], models: [tiny], tasks: [xnli], seeds: [1]}\n"

    def load(self, text, *replacements):
        load_small(*replacements)
        Path("own.yaml").write_text(text, encoding="utf-8")
        return load_study("./own.yaml")

    def test_parts_that_are_lacking_are_the_others(self):
        found = self.load(self.OWN)
        other = load_study("./small.yaml").study
        assert found.study.name == "own"
        assert found.study.model_copy(
            update={"name": other.name, "description": other.description}
        ) == (other)

    def test_a_part_that_is_given_replaces_the_whole_part(self):
        study = self.load(f"{self.OWN}experiments:\n{self.BLOCK}").study
        assert [block.tasks for block in study.experiments] == [["xnli"]]
        assert set(study.tasks) == {"xnli", "pawsx"}

    def test_a_mistake_names_the_file_in_which_it_stands(self):
        with pytest.raises(UsageError) as caught:
            self.load(f"{self.OWN}experiments:\n{self.BLOCK.replace('[xnli]', '[xnlo]')}")
        assert "own.yaml:5: experiments[0].tasks[0]" in str(caught.value)
        Path("small.yaml").write_text(SMALL.replace("heads: 2", "heads: 3"), encoding="utf-8")
        Path("own.yaml").write_text(self.OWN, encoding="utf-8")
        with pytest.raises(UsageError) as caught:
            load_study("./own.yaml")
        assert "small.yaml:20: encoders.tiny" in str(caught.value)

    def test_the_explanation_names_both_files(self):
        text = explain(self.load(f"{self.OWN}experiments:\n{self.BLOCK}"))
        assert "own.yaml:5" in text
        assert "small.yaml:16" in text

    def test_only_a_study_that_extends_none(self):
        self.load(self.OWN)
        third = self.OWN.replace("name: own", "name: third").replace("small.yaml", "own.yaml")
        Path("third.yaml").write_text(third, encoding="utf-8")
        with pytest.raises(UsageError, match="cannot be extended"):
            load_study("./third.yaml")
        Path("third.yaml").write_text("name: third\nextends: 3\n", encoding="utf-8")
        with pytest.raises(UsageError, match="names no study"):
            load_study("./third.yaml")

# SPDX-License-Identifier: Apache-2.0
"""Mistakes in studies: what a user reads."""

import re
from pathlib import Path

import pytest
from small_study import OVERRIDES, SMALL, load_small

from xling.cli import main
from xling.config.loader import load_study
from xling.errors import UsageError
from xling.methods import methods
from xling.tasks import TASKS

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def message(*replacements, **options):
    """Return what a user reads when the changed small study is loaded."""
    with pytest.raises(UsageError) as caught:
        load_small(*replacements, **options)
    assert caught.value.exit_code == 2
    text = str(caught.value)
    assert not re.search(r"pydantic|https?:|Value error|Input should|discriminator", text)
    return text


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
    def test_message(self, replacements, expected):
        for key, names in (("methods", methods()), ("tasks", TASKS)):
            expected = expected.replace(f"{{{key}}}", ", ".join(sorted(names)))
        assert message(*replacements) == expected

    def test_unknown_training_setting_suggests(self):
        override = OVERRIDES.replace("batch_size: 8", "batchsize: 8")
        text = message(("experiments:", override + "experiments:"))
        assert "where:   small.yaml:36: training.overrides[0].set.batchsize\n" in text
        assert text.endswith("do:      did you mean 'batch_size'?")

    def test_all_mistakes_are_listed_by_line(self):
        text = message(
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
    def test_file_that_is_no_map(self, text):
        Path("small.yaml").write_text(text)
        with pytest.raises(UsageError, match="is not a map") as caught:
            load_study("small.yaml")
        assert caught.value.where == "small.yaml:1"

    def test_alias_inside_itself(self):
        Path("small.yaml").write_text("name: &a [*a]\n")
        with pytest.raises(UsageError, match="an alias stands inside what it names"):
            load_study("small.yaml")

    def test_not_utf8(self, tmp_path):
        file = tmp_path / "small.yaml"
        file.write_bytes(SMALL.replace("a small", "a pequeño").encode("latin-1"))
        with pytest.raises(UsageError, match="not UTF-8"):
            load_study(str(file))

    def test_command_exits_with_two(self, capsys):
        Path("small.yaml").write_text(SMALL.replace("seeds: [1, 2]", "seeds: []"))
        assert main(["study", "check", "small.yaml"]) == 2
        assert capsys.readouterr().err == (
            "error: there is no entry\n"
            "  where:   small.yaml:39: experiments[0].seeds\n"
            "  allowed: at least one entry\n"
        )

    def test_data_root_for_artificial_data(self):
        assert message(data_root="x") == (
            "error: a data folder is given, but the study makes its data itself\n"
            "  where:   small.yaml:4: data.source\n"
            "  allowed: --data-root with 'source: folder' only\n"
            "  do:      leave --data-root out or choose another study, such as local-xtreme"
        )

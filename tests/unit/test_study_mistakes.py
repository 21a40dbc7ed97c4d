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


# The mistakes of studies with all families; each changes the same small file.
NINE = """\
name: nine
description: tasks of every family
data:
  source: artificial
  artificial:
    source_text_share: 0.6
    text_documents: 100
    languages:
      qaa: {text_share: 0.3}
      qab: {text_share: 0.1}
    sizes:
      xnli: {train: 50, dev: 10, test: 20}
      udpos: {train: 50, dev: 10, test: 20}
      xquad: {train: 50, dev: 10, test: 20}
      mlqa: {dev: 10, test: 20}
      tydiqa: {train: 50, test: 20}
      bucc2018: {dev: 10, test: 20}
      tatoeba: {test: 20}
tasks:
  xnli: {languages: [en, qaa]}
  udpos: {languages: [en, qaa]}
  xquad: {languages: [en, qaa], max_length: 64, windows: {doc_stride: 24}}
  mlqa: {languages: [en, qaa], max_length: 64, windows: {doc_stride: 24}}
  tydiqa: {languages: [en, qaa]}
  bucc2018: {languages: [qaa]}
  tatoeba: {languages: [qaa]}
encoders:
  given: {source: folder, path: somewhere}
training:
  defaults: {max_steps: 10}
  overrides:
    - {where: {tasks: [udpos]}, set: {batch_size: 8}}
experiments:
  - paper: xmixup
    methods: [zero_shot, translate_train]
    models: [given]
    tasks: [xnli, udpos, mlqa, tydiqa]
    seeds: [1, 2]
  - paper: xmixup
    methods: [mean_pooled]
    models: [given]
    tasks: [bucc2018, tatoeba]
    seeds: [1]
"""


def nine(*replacements):
    """Return what a user reads when the changed study of all families is loaded."""
    text = NINE
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    Path("nine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_study("nine.yaml")
    return str(caught.value)


OF_FAMILIES = [
    (
        "method of another family",
        [("[bucc2018, tatoeba]", "[bucc2018, xnli]")],
        "error: the method 'mean_pooled' is not for the task 'xnli'\n"
        "  where:   nine.yaml:40: experiments[1].methods[0]\n"
        "  allowed: adv, adv_translate_train, rs_da, rs_da_translate_train, rs_rp, rs_rp_smoothed, "
        "rs_rp_translate_train, translate_test, translate_train, translate_train_ensemble, xmixup, "
        "xmixup_adv, xmixup_rs_rp, zero_shot, zero_shot_matched\n"
        "  do:      give the task an experiment of its own",
    ),
    (
        "seeds where nothing is random",
        [("seeds: [1]", "seeds: [1, 2]")],
        "error: the method 'mean_pooled' trains nothing, so its seeds would all give the same\n"
        "  where:   nine.yaml:43: experiments[1].seeds\n"
        "  allowed: one seed\n"
        "  do:      give the method an experiment of its own with seeds: [1]",
    ),
    (
        "MLQA without XQuAD",
        [("  xquad: {languages: [en, qaa], max_length: 64, windows: {doc_stride: 24}}\n", "")],
        "error: the task 'mlqa' trains on the training rows of 'xquad', which is not there\n"
        "  where:   nine.yaml:22: tasks.mlqa\n"
        "  allowed: both tasks under 'tasks'; 'xquad' need not be in an experiment\n"
        "  do:      add 'xquad' to 'tasks'",
    ),
    (
        "lengths of MLQA and XQuAD differ",
        [
            (
                "mlqa: {languages: [en, qaa], max_length: 64",
                "mlqa: {languages: [en, qaa], max_length: 48",
            )
        ],
        "error: 'mlqa' reads the training rows of 'xquad', so 'max_length' must be the same\n"
        "  where:   nine.yaml:23: tasks.mlqa.max_length\n"
        "  allowed: the value of tasks.xquad.max_length\n"
        "  do:      give both tasks the same 'max_length'",
    ),
    (
        "windows of XQuAD only",
        [
            (
                "  mlqa: {languages: [en, qaa], max_length: 64, windows: {doc_stride: 24}}",
                "  mlqa: {languages: [en, qaa], max_length: 64}",
            )
        ],
        "error: 'mlqa' reads the training rows of 'xquad', so 'windows' must be the same\n"
        "  where:   nine.yaml:23: tasks.mlqa\n"
        "  allowed: the value of tasks.xquad.windows\n"
        "  do:      give both tasks the same 'windows'",
    ),
    (
        "training split of MLQA",
        [("  mlqa: {languages: [en, qaa],", "  mlqa: {languages: [en, qaa], train_split: dev,")],
        "error: 'mlqa' trains on the training rows of 'xquad'\n"
        "  where:   nine.yaml:23: tasks.mlqa.train_split\n"
        "  allowed: no train_split of its own\n"
        "  do:      set tasks.xquad.train_split instead",
    ),
    (
        "language that XQuAD lacks",
        [("  mlqa: {languages: [en, qaa],", "  mlqa: {languages: [en, qaa, qab],")],
        "error: 'mlqa' trains on the rows of 'xquad', which has no qab\n"
        "  where:   nine.yaml:23: tasks.mlqa.languages\n"
        "  allowed: en, qaa\n"
        "  do:      add qab to tasks.xquad.languages",
    ),
    (
        "override that borrowed models never see",
        [("tasks: [udpos]", "tasks: [mlqa]")],
        "error: 'mlqa' uses the models of 'xquad' for zero_shot, so this override would not reach "
        "them\n"
        "  where:   nine.yaml:32: training.overrides[0].where.tasks[0]\n"
        "  allowed: overrides for 'xquad', or methods that train on translations\n"
        "  do:      name 'xquad' too, or restrict the methods",
    ),
    (
        "selection where the benchmark has no dev set",
        [("batch_size: 8", "selection: best_source_dev"), ("tasks: [udpos]", "tasks: [tydiqa]")],
        "error: task 'tydiqa' has no dev set, so 'best_source_dev' has nothing to choose weights "
        "on\n"
        "  where:   nine.yaml:32: training.overrides[0].set.selection\n"
        "  allowed: selection: last\n"
        "  do:      write an override for tasks: [tydiqa] that sets selection",
    ),
    (
        "selection on target languages where only English has a dev set",
        [
            ("batch_size: 8", "selection: best_target_dev"),
            ("tasks: [udpos]", "tasks: [xquad]"),
        ],
        "error: task 'xquad' has no dev set in a target language, so 'best_target_dev' has nothing "
        "to choose weights on\n"
        "  where:   nine.yaml:32: training.overrides[0].set.selection\n"
        "  allowed: selection: last, best_source_dev\n"
        "  do:      write an override for tasks: [xquad] that sets selection",
    ),
    (
        "selection on the rows that are scored",
        [
            ("udpos: {languages: [en, qaa]}", "udpos: {languages: [en, qaa], test_split: dev}"),
            ("batch_size: 8", "selection: best_source_dev"),
        ],
        "error: task 'udpos' is scored on its dev set (test_split: dev), so 'best_source_dev' "
        "would choose weights on the scored rows\n"
        "  where:   nine.yaml:32: training.overrides[0].set.selection\n"
        "  allowed: selection: last\n"
        "  do:      write 'selection: last' or remove tasks.udpos.test_split",
    ),
    (
        "windows of a task without contexts",
        [("udpos: {languages: [en, qaa]}", "udpos: {languages: [en, qaa], windows: {}}")],
        "error: only question answering has windows\n  where:   nine.yaml:21: tasks.udpos.windows",
    ),
    (
        "search of a task that is trained",
        [("udpos: {languages: [en, qaa]}", "udpos: {languages: [en, qaa], search: {}}")],
        "error: only retrieval has it\n  where:   nine.yaml:21: tasks.udpos.search",
    ),
    (
        "source language missing",
        [("udpos: {languages: [en, qaa]}", "udpos: {languages: [qaa]}")],
        "error: the source language 'en' must be listed\n"
        "  where:   nine.yaml:21: tasks.udpos.languages",
    ),
    (
        "source language of pairs with it",
        [("tatoeba: {languages: [qaa]}", "tatoeba: {languages: [en, qaa]}")],
        "error: unknown language 'en'\n"
        "  where:   nine.yaml:26: tasks.tatoeba.languages[0]\n"
        "  allowed: qaa, qab",
    ),
    (
        "two lengths of the warm-up",
        [("{max_steps: 10}", "{max_steps: 10, warmup_ratio: 0.1, warmup_steps: 5}")],
        "error: set only one of 'warmup_ratio' and 'warmup_steps'\n"
        "  where:   nine.yaml:30: training.defaults",
    ),
    (
        "downloads into a given folder",
        [("source: artificial", "source: download\n  root: x")],
        "error: source 'download' needs no 'root' and no 'artificial'\n"
        "  where:   nine.yaml:3: data",
    ),
    (
        "artificial task without sizes",
        [("      tatoeba: {test: 20}\n", "")],
        "error: no sizes for task 'tatoeba'\n  where:   nine.yaml:11: data.artificial.sizes",
    ),
    # What no job could do later.
    (
        "sentence pairs scored on the dev set",
        [("xnli: {languages: [en, qaa]}", "xnli: {languages: [en, qaa], test_split: dev}")],
        "error: 'xnli' cannot be scored on its dev split\n"
        "  where:   nine.yaml:20: tasks.xnli.test_split\n"
        "  allowed: test\n"
        "  do:      choose another split",
    ),
    (
        "sentence pairs trained on the test set",
        [("xnli: {languages: [en, qaa]}", "xnli: {languages: [en, qaa], train_split: test}")],
        "error: 'xnli' cannot be trained on its test split, which is scored\n"
        "  where:   nine.yaml:20: tasks.xnli.train_split\n"
        "  allowed: train, dev\n"
        "  do:      choose another train_split or test_split",
    ),
    (
        "sentences have no paragraphs to hold out",
        [
            (
                "udpos: {languages: [en, qaa]}",
                "udpos: {languages: [en, qaa], test_split: dev, train_split: dev}",
            ),
            ("[zero_shot, translate_train]", "[zero_shot]"),
        ],
        "error: 'udpos' cannot be trained on its dev split, which is scored\n"
        "  where:   nine.yaml:21: tasks.udpos.train_split\n"
        "  allowed: train, test\n"
        "  do:      choose another train_split or test_split",
    ),
    (
        "no dev set to train on",
        [
            ("tydiqa: {languages: [en, qaa]}", "tydiqa: {languages: [en, qaa], train_split: dev}"),
            ("[zero_shot, translate_train]", "[zero_shot]"),
        ],
        "error: 'tydiqa' cannot be trained on its dev split\n"
        "  where:   nine.yaml:24: tasks.tydiqa.train_split\n"
        "  allowed: train, test\n"
        "  do:      choose another split",
    ),
    (
        "no training set to be scored on",
        [("  mlqa: {languages: [en, qaa],", "  mlqa: {languages: [en, qaa], test_split: train,")],
        "error: 'mlqa' cannot be scored on its train split\n"
        "  where:   nine.yaml:23: tasks.mlqa.test_split\n"
        "  allowed: dev, test\n"
        "  do:      choose another split",
    ),
    (
        "SQuAD's dev set is English",
        [
            ("  xquad: {languages: [en, qaa],", "  xquad: {languages: [en, qaa], test_split: dev,"),
            ("tasks: [xnli, udpos, mlqa, tydiqa]", "tasks: [xnli, xquad]"),
        ],
        "error: 'xquad' cannot be scored on its dev split, which only has en\n"
        "  where:   nine.yaml:22: tasks.xquad.test_split\n"
        "  allowed: test\n"
        "  do:      choose another split or fewer languages",
    ),
    (
        "artificial training sets are English",
        [("tydiqa: {languages: [en, qaa]}", "tydiqa: {languages: [en, qaa], test_split: train}")],
        "error: 'tydiqa' cannot be scored on its train split, which only has en\n"
        "  where:   nine.yaml:24: tasks.tydiqa.test_split\n"
        "  allowed: test\n"
        "  do:      choose another split or fewer languages",
    ),
    (
        "SQuAD's dev set was not translated",
        [("  xquad: {languages: [en, qaa],", "  xquad: {languages: [en, qaa], train_split: dev,")],
        "error: the method 'translate_train' needs translations, and of 'xquad' only the train "
        "split was translated\n"
        "  where:   nine.yaml:22: tasks.xquad.train_split\n"
        "  allowed: train\n"
        "  do:      remove tasks.xquad.train_split, or leave the task out of the method's "
        "experiment",
    ),
    (
        "training split where nothing is trained",
        [("tatoeba: {languages: [qaa]}", "tatoeba: {languages: [qaa], train_split: dev}")],
        "error: nothing is trained on 'tatoeba'\n"
        "  where:   nine.yaml:26: tasks.tatoeba.train_split\n"
        "  allowed: no train_split\n"
        "  do:      remove it",
    ),
    (
        "Tatoeba has a test set only",
        [("tatoeba: {languages: [qaa]}", "tatoeba: {languages: [qaa], test_split: dev}")],
        "error: 'tatoeba' cannot be scored on its dev split\n"
        "  where:   nine.yaml:26: tasks.tatoeba.test_split\n"
        "  allowed: test\n"
        "  do:      choose another split",
    ),
    (
        "translations of another test set",
        [
            ("udpos: {languages: [en, qaa]}", "udpos: {languages: [en, qaa], test_split: dev}"),
            ("[zero_shot, translate_train]", "[zero_shot, translate_test]"),
        ],
        "error: the method 'translate_test' needs translations, and of 'udpos' only the test split "
        "was translated\n"
        "  where:   nine.yaml:21: tasks.udpos.test_split\n"
        "  allowed: test\n"
        "  do:      remove tasks.udpos.test_split, or leave the task out of the method's "
        "experiment",
    ),
    (
        "translations of another training set",
        [("tydiqa: {languages: [en, qaa]}", "tydiqa: {languages: [en, qaa], train_split: test}")],
        "error: the method 'translate_train' needs translations, and of 'tydiqa' only the train "
        "split was translated\n"
        "  where:   nine.yaml:24: tasks.tydiqa.train_split\n"
        "  allowed: train\n"
        "  do:      remove tasks.tydiqa.train_split, or leave the task out of the method's "
        "experiment",
    ),
    (
        "no rows to train on",
        [("tydiqa: {train: 50, test: 20}", "tydiqa: {test: 20}")],
        "error: the train split of task 'tydiqa' is used but has no rows\n"
        "  where:   nine.yaml:16: data.artificial.sizes.tydiqa.train\n"
        "  allowed: more than 0\n"
        "  do:      give 'train' a number of rows",
    ),
    (
        "no rows to tune the threshold on",
        [("bucc2018: {dev: 10, test: 20}", "bucc2018: {test: 20}")],
        "error: the dev split of task 'bucc2018' is used but has no rows\n"
        "  where:   nine.yaml:17: data.artificial.sizes.bucc2018.dev\n"
        "  allowed: more than 0\n"
        "  do:      give 'dev' a number of rows",
    ),
]
# The same study with nothing wrong, in ways that look alike.
FINE = [
    ("as it is", []),
    (
        "windows written out",
        [
            (
                "xquad: {languages: [en, qaa], max_length: 64, windows: {doc_stride: 24}}",
                "xquad: {languages: [en, qaa], max_length: 64, windows: {doc_stride: 128}}",
            ),
            (
                "mlqa: {languages: [en, qaa], max_length: 64, windows: {doc_stride: 24}}",
                "mlqa: {languages: [en, qaa], max_length: 64}",
            ),
        ],
    ),
    (
        "half of the paragraphs held out",
        [
            (
                "  xquad: {languages: [en, qaa],",
                "  xquad: {languages: [en, qaa], train_split: test,",
            ),
        ],
    ),
    (
        "MLQA's dev set",
        [
            ("  mlqa: {languages: [en, qaa],", "  mlqa: {languages: [en, qaa], test_split: dev,"),
        ],
    ),
    (
        "TyDiQA's test set divided",
        [
            ("tydiqa: {languages: [en, qaa]}", "tydiqa: {languages: [en, qaa], train_split: test}"),
            ("[zero_shot, translate_train]", "[zero_shot]"),
        ],
    ),
    (
        "BUCC's dev set",
        [
            ("bucc2018: {languages: [qaa]}", "bucc2018: {languages: [qaa], test_split: dev}"),
        ],
    ),
    ("override for both tasks", [("tasks: [udpos]", "tasks: [mlqa, xquad]")]),
    (
        "override for MLQA's own models",
        [
            ("{tasks: [udpos]}", "{tasks: [mlqa], methods: [translate_train]}"),
        ],
    ),
    (
        "English dev set of XQuAD",
        [
            ("tasks: [udpos]", "tasks: [xquad]"),
            ("batch_size: 8", "selection: best_source_dev"),
        ],
    ),
]


class TestFamilies:
    @pytest.mark.parametrize(
        ("replacements", "expected"),
        [case[1:] for case in OF_FAMILIES],
        ids=[case[0] for case in OF_FAMILIES],
    )
    def test_message(self, replacements, expected):
        assert nine(*replacements) == expected

    @pytest.mark.parametrize(
        "replacements", [case[1] for case in FINE], ids=[case[0] for case in FINE]
    )
    def test_what_is_no_mistake(self, replacements):
        text = NINE
        for old, new in replacements:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        Path("nine.yaml").write_text(text, encoding="utf-8")
        assert load_study("nine.yaml").study.name == "nine"

    def test_both_splits_wrong(self):
        wrong = "xnli: {languages: [en, qaa], train_split: test, test_split: dev}"
        text = nine(("xnli: {languages: [en, qaa]}", wrong))
        assert text.startswith("error: 2 mistakes in nine.yaml\n")
        assert "'xnli' cannot be scored on its dev split\n" in text
        # The test set is never trained on, whatever is scored.
        assert "'xnli' cannot be trained on its test split\n" in text
        assert "allowed: train, dev\n" in text

    def test_unknown_task_under_tasks(self):
        text = nine(("  tatoeba: {languages", "  tatoebe: {languages"))
        assert text.startswith("error: unknown task 'tatoebe'\n  where:   nine.yaml:26: tasks")
        assert text.endswith("do:      did you mean 'tatoeba'?")


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

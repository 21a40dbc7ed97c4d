# SPDX-License-Identifier: Apache-2.0
"""What was published about CATS and its data: settings and values, each with its source."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from xling.config.loader import load_study
from xling.config.translation import TransformerSettings, TranslationSettings, Vocabulary
from xling.errors import DataError, UsageError
from xling.mt.cats.settings import preset
from xling.mt.data.groups import language_groups
from xling.mt.paper_settings import KEYS, SECTIONS, cats_settings, read_cats
from xling.papers import paper_settings
from xling.plan import Plan
from xling.reported import reported
from xling.reported.rows import read_reported

SMALL = """\
paper: p
benchmarks: [wmt6]
sources: {code: the code}
settings:
  - where: {}
    model:
      width: {published: 512, source: code}
  - where: {benchmarks: [wmt6]}
    training:
      beam: {published: null, why: nobody says, ours: 5}
"""
STUDIES = Path(__file__).parents[2] / "config" / "studies"
BENCHMARKS = ("ted8_related", "ted8_diverse", "wmt10", "wmt6", "opus100")


class TestSettings:
    @pytest.mark.parametrize(
        ("benchmark", "section", "key", "value", "source"),
        [
            # README of fairseq's latent depth, as in the notes on the paper.
            ("ted8_diverse", "training", "learning_rate", 1.5e-3, "latent_depth"),
            ("ted8_diverse", "training", "warmup_updates", 8000, "latent_depth"),
            ("ted8_related", "model", "ffn", 1024, "latent_depth"),
            ("ted8_related", "model", "dropout", 0.3, "latent_depth"),
            ("ted8_related", "vocabulary", "size", 30000, "dro"),
            ("wmt6", "model", "dropout", 0.2, "huang"),
            ("opus100", "training", "update_freq", 16, "yang"),
            ("opus100", "vocabulary", "size", 64000, "zhang"),
            ("wmt10", "weighting", "alpha_rate", 1e-5, "r1"),
        ],
    )
    def test_values_copied_by_hand(self, benchmark, section, key, value, source):
        found = cats_settings().section(section, benchmark)[key]
        assert (found.published, found.source) == (value, source)

    @pytest.mark.parametrize("benchmark", BENCHMARKS)
    def test_ours_can_be_trained(self, benchmark):
        """Every setting is there, and the values go together."""
        kinds = {
            "model": TransformerSettings,
            "training": TranslationSettings,
            "vocabulary": Vocabulary,
        }
        for section, kind in kinds.items():
            settings = cats_settings().section(section, benchmark)
            lacking = KEYS[section] - set(settings)
            assert (
                lacking == ({"english"} if settings["shared"].used else set())
                if (section == "vocabulary")
                else not lacking
            )
            used = {key: one.used for key, one in settings.items() if one.known}
            assert kind.model_validate(used).model_dump(include=set(used)) == used

    def test_cats_has_the_defaults_of_the_code(self):
        used = {key: one.used for key, one in cats_settings().section("weighting", "wmt6").items()}
        start = used.pop("start")
        assert start is None  # of the plan: the end of the warm-up
        assert preset("relative").model_dump(include=set(used)) == used

    def test_study(self):
        """The study `paper` trains with our values."""
        plan = Plan(load_study("paper", studies=STUDIES).study).translation
        assert plan is not None
        paper = cats_settings()
        assert {plan.benchmark(run) for run in plan.runs} <= set(paper.benchmarks)
        for run in plan.runs:
            benchmark = plan.benchmark(run)
            found = {
                "model": plan.model(run).model_dump(),
                "training": plan.settings(run).model_dump(),
                "vocabulary": plan.choice_of(benchmark).vocabulary.model_dump(),
            }
            for section, values in found.items():
                settings = paper.section(section, benchmark).items()
                used = {key: one.used for key, one in settings if one.known}
                rate = used.pop("sampling_temperature", None)
                assert {key: values[key] for key in used} == used, run.path
                if section == "training" and plan.base(run.method) != "temperature":
                    assert plan.temperature(run) == rate
            assert run.seed in paper.section("run", benchmark)["seeds"].used
            if run.method == "cats":
                settings = paper.section("weighting", benchmark).items()
                used = {key: one.used for key, one in settings}
                used["start"] = plan.settings(run).warmup_updates
                weighting = plan.plug_in(run).weighting.model_dump()
                assert {key: weighting[key] for key in used} == used

    def test_nothing_is_said_to_be_the_papers_own(self):
        assert not any("arXiv" in words for words in cats_settings().sources.values())

    def test_other_papers_are_read_elsewhere(self):
        with pytest.raises(UsageError, match="no published settings of the paper 'cats'"):
            paper_settings("cats")
        with pytest.raises(UsageError, match="'xnli_parallel' is no benchmark"):
            cats_settings().section("model", "xnli_parallel")

    @pytest.mark.parametrize(
        ("old", "new", "what", "line"),
        [
            ("width:", "depth:", "unknown key 'model.depth'", 5),
            ("source: code}", "source: book}", "unknown source 'book'", 1),
            (", source: code}", "}", "needs a 'source'", 7),
            ("why: nobody says, ", "", "needs a 'why'", 10),
            ("[wmt6]}", "[wmt7]}", "unknown benchmark 'wmt7'", 8),
        ],
    )
    def test_mistakes_name_the_line(self, tmp_path: Path, old, new, what, line):
        assert old in SMALL
        path = tmp_path / "p.yaml"
        path.write_text(SMALL.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(DataError, match=what) as caught:
            read_cats(path)
        assert f"p.yaml:{line}" in caught.value.where

    def test_sections(self):
        assert set(SECTIONS) == set(KEYS)


class TestReported:
    def test_number_of_rows_of_each_kind(self):
        """As told in docs/reported.md."""
        rows = reported("cats")
        assert Counter(row.kind for row in rows) == {
            "reference": 394,
            "fact": 37,
            "third_party": 12,
            "paper": 2,
        }
        keyed = Counter(row.task for row in rows if row.task)
        assert keyed == {
            "ted8_diverse-m2o": 50,
            "ted8_diverse-o2m": 50,
            "wmt6-m2o": 38,
            "wmt6-o2m": 38,
            "opus100-m2o": 94,
            "opus100-o2m": 94,
        }

    def test_the_abstracts_gains_have_no_task(self):
        rows = [row for row in reported("cats") if row.kind == "paper"]
        assert [(row.value, row.task, row.table) for row in rows] == [
            (0.8, "", "abstract"),
            (2.2, "", "abstract"),
        ]

    def test_keys_say_what_the_words_say(self):
        for row in reported("cats"):
            if row.method.startswith("temperature_") and "T>1" not in row.system:
                assert row.system.endswith(f"T={row.method.removeprefix('temperature_')}")
            assert not (row.task and row.kind != "reference")

    def test_printed_means_are_those_of_their_languages(self):
        cells: dict[tuple[str, ...], dict[str, float]] = {}
        for row in reported("cats"):
            if row.task:
                key = (row.paper, row.table, row.system, row.task)
                cells.setdefault(key, {})[row.column] = row.value
        checked = 0
        for (*_, task), found in cells.items():
            scored = {c for c, one in language_groups(task.rpartition("-")[0]).items() if one.group}
            mean = found.pop("avg", None)
            if mean is not None and set(found) == scored:
                assert sum(found.values()) / len(found) == pytest.approx(mean, abs=0.011)
                checked += 1
        assert checked == 16

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            (("ted8_diverse-m2o", "ted9-m2o"), "'task_key' is 'ted9-m2o'"),
            ((",bleu,bos", ",f1,bos"), "'metric_key' is 'f1'"),
            ((",bleu,bos", ",bleu,aze"), "'column' is 'aze'"),
            (("temperature_1", "zero_shot"), "'method_key' is 'zero_shot'"),
        ],
    )
    def test_mistakes(self, tmp_path: Path, change, what):
        head = (
            "paper,table,system,model,task,metric,language,value,source,"
            "kind,task_key,method_key,family_key,metric_key,column"
        )
        line = (
            "P,Table 1,S,,T,BLEU,bos,20.0,seen,reference,ted8_diverse-m2o,temperature_1,,bleu,bos"
        )
        path = tmp_path / "p.csv"
        path.write_text(f"{head}\n{line}\n", encoding="utf-8")
        assert len(read_reported(path)) == 1
        path.write_text(f"{head}\n{line.replace(*change)}\n", encoding="utf-8")
        with pytest.raises(DataError, match=what):
            read_reported(path)

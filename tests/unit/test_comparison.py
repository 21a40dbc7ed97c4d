# SPDX-License-Identifier: Apache-2.0
"""Comparing systems from predictions: against official scores, and numbers worked out by hand."""

from __future__ import annotations

import copy
import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from test_tables import STUDY, make_record

from xling.comparison.compare import compare_paper
from xling.comparison.item_statistics import item_statistics, score_of
from xling.comparison.pairs import compared, compared_papers, compared_runs, not_comparable
from xling.comparison.results import Comparison, dump_comparison, read_comparison
from xling.config.study import Study
from xling.errors import DataError
from xling.plan import Plan, Run
from xling.stats.seeds import NOT_ENOUGH
from xling.tables import table_paths, write_tables
from xling.tables.sheet import csv_text, latex_text, markdown_text
from xling.tables.significance import build_significance, significance_caption
from xling.tables.significance_sheet import significance_sheet
from xling.tasks import TASKS
from xling.tasks.family import family_of

LABELS = TASKS["xnli"].labels


def plan(*blocks: dict, **changes) -> Plan:
    """Return the toy study with other experiments."""
    study = copy.deepcopy(STUDY) | changes
    study["experiments"] = [study["experiments"][0] | block for block in blocks]
    return Plan(Study.model_validate(study))


# Random predictions of each family.


def pairs_table(rng, languages=("en", "qaa")):
    """Sentence pairs in two settings; the second is right more often."""
    rows = []
    for setting, right in (("gold", 0.9), ("translate_test_mean", 0.6)):
        for code in languages:
            for i in range(200):
                label = LABELS[rng.integers(3)]
                guess = label if rng.random() < right else LABELS[rng.integers(3)]
                rows.append((setting, f"{i}", code, label, guess))
    names = ("setting", "id", "language", "label", "prediction")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


def tags_table(rng, task):
    """Sentences of up to eight words, some without any chunk."""
    labels = TASKS[task].labels
    rows = []
    for code in ("en", "qaa"):
        for i in range(150):
            # Few labels, so that chunks are long and often right.
            gold = rng.choice(labels, size=rng.integers(1, 9), p=weights(len(labels))).tolist()
            guess = [tag if rng.random() < 0.6 else str(rng.choice(labels)) for tag in gold]
            rows.append((f"{i}", code, gold, guess))
    names = ("id", "language", "tags", "prediction")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


def weights(n):
    return np.array([3.0**-i for i in range(n)]) / sum(3.0**-i for i in range(n))


def answers_table(rng, languages):
    """Answers of words that some of the rules drop: articles, punctuation, Han and Arabic."""
    words = "the ein los tower, 北京市 大学 البيت بيت của sun red 12".split()
    rows = []
    for code, text_language in languages:
        for i in range(150):
            drawn = [" ".join(rng.choice(words, size=rng.integers(1, 5))) for _ in range(3)]
            guess = drawn[0] if rng.random() < 0.3 else drawn[2]
            guess = "" if rng.random() < 0.1 else guess
            rows.append((f"{i}", code, text_language, drawn[: rng.integers(1, 3)], guess))
    names = ("id", "language", "text_language", "answers", "prediction")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


MLQA = (("en", "en"), ("zh", "zh"), ("ar", "ar"), ("es", "en"), ("qaa", "qaa"))
RANDOM = {
    "xnli": pairs_table,
    "udpos": lambda rng: tags_table(rng, "udpos"),
    "panx": lambda rng: tags_table(rng, "panx"),
    "xquad": lambda rng: answers_table(rng, (("en", "en"), ("zh", "zh"), ("qaa", "en"))),
    "mlqa": lambda rng: answers_table(rng, MLQA),
}


@pytest.mark.parametrize("task", RANDOM)
def test_means_over_items_give_the_official_score(task) -> None:
    about = TASKS[task]
    table = RANDOM[task](np.random.default_rng(1))
    found = item_statistics(table, about)
    official = {
        s.language: (s.value, s.n)
        for s in family_of(task).score(table, about)
        if s.metric == about.metric and s.setting == found.setting
    }
    assert set(found.languages) == set(official)
    for code, items in found.languages.items():
        value, n = official[code]
        assert 5.0 < value < 95.0
        assert len(items.ids) == n
        assert float(score_of(about)(items.values.mean(axis=0))) == pytest.approx(value, abs=1e-9)


def test_the_setting_that_tables_show_is_compared() -> None:
    found = item_statistics(pairs_table(np.random.default_rng(0)), TASKS["xnli"])
    assert found.setting == "translate_test_mean"
    assert len(found.languages["en"].ids) == 200


def test_chunks_do_not_cross_sentences() -> None:
    # The first sentence ends inside a chunk, the next begins with the same type.
    table = pa.table(
        {
            "id": ["a", "b", "c"],
            "language": ["en"] * 3,
            "tags": [["B-LOC", "I-LOC"], ["I-LOC", "O"], ["O"]],
            "prediction": [["B-LOC", "I-LOC"], ["I-LOC", "B-PER"], ["O"]],
        }
    )
    items = item_statistics(table, TASKS["panx"]).languages["en"]
    assert items.values.tolist() == [[1, 1, 1], [1, 2, 1], [0, 0, 0]]


# Which systems are compared.


def test_the_plan_says_what_is_compared() -> None:
    found = plan(
        {"methods": ["zero_shot", "xmixup"], "seeds": [1, 2]},
        {"methods": ["translate_test"], "seeds": [2, 3], "languages": {"xnli": ["qaa", "qab"]}},
        {"methods": ["translate_train"], "seeds": [4]},
        {"methods": ["zero_shot", "translate_train"], "tasks": ["pawsx"]},
    )
    one, other = compared(found)
    assert (one.task, one.first, one.second) == ("xnli", "xmixup", "zero_shot")
    assert (one.languages, one.seeds) == (("en", "qaa", "qab"), (1, 2))
    assert (other.second, other.languages, other.languages_left_out) == (
        "translate_test",
        ("qaa", "qab"),
        ("en",),
    )
    assert (other.seeds, other.seeds_left_out) == ((2,), (1, 3))
    assert [pair.second for pair in not_comparable(found)] == ["translate_train"]
    runs = compared_runs(found, "xmixup")
    assert [(run.method, run.seed) for run in runs] == [
        ("translate_test", 2),
        ("xmixup", 1),
        ("xmixup", 2),
        ("zero_shot", 1),
        ("zero_shot", 2),
    ]


def test_without_x_mixup_there_is_nothing_to_compare(tmp_path) -> None:
    found = plan({"methods": ["zero_shot", "translate_train"]})
    assert compared_papers(found) == []
    assert not any("significance" in path.name for path in table_paths(found, tmp_path))


# What is found, by hand: of ten items per language the first so many are right.

RIGHT = {
    ("xmixup", 1): {"en": 8, "qaa": 6, "qab": 4},
    ("xmixup", 2): {"en": 10, "qaa": 8, "qab": 4},
    ("zero_shot", 1): {"en": 9, "qaa": 4, "qab": 2},
    ("zero_shot", 2): {"en": 9, "qaa": 4, "qab": 2},
    ("translate_test", 1): {"en": 8, "qaa": 6, "qab": 4},
    ("translate_test", 2): {"en": 8, "qaa": 6, "qab": 4},
}
TWO_SEEDS = {"methods": ["zero_shot", "translate_test", "xmixup"], "seeds": [1, 2]}


def predictions(run: Run) -> pa.Table:
    rows = [
        (f"{i}", code, LABELS[0], LABELS[0] if i < right else LABELS[1])
        for code, right in RIGHT[run.method, run.seed].items()
        for i in reversed(range(10))
        # A translation that was lost.
        if (run.method, code, i) != ("translate_test", "qaa", 0)
    ]
    names = ("id", "language", "label", "prediction")
    table = pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
    if run.method == "xmixup":
        setting = pa.array(["translate_test_mean"] * len(rows))
        table = table.append_column("setting", setting)
    return table


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare_paper(plan(TWO_SEEDS), "xmixup", predictions, resamples=2_000)


def test_differences_are_those_of_the_tables(found) -> None:
    pair = found.pairs[0]
    assert (pair.first, pair.second, pair.metric) == ("xmixup", "zero_shot", "accuracy")
    assert (pair.first_setting, pair.second_setting) == ("translate_test_mean", "standard")
    assert {code: one.difference for code, one in pair.languages.items()} == pytest.approx(
        {"en": 0.0, "qaa": 30.0, "qab": 20.0}
    )
    shown = {
        name: (test.first, test.second, test.difference, test.items)
        for name, test in (("avg", pair.avg), ("targets", pair.avg_targets), ("gap", pair.gap))
    }
    assert shown["avg"] == pytest.approx((200 / 3, 50.0, 50 / 3, 30), abs=1e-8)
    assert shown["targets"] == pytest.approx((55.0, 30.0, 25.0, 20))
    assert shown["gap"] == pytest.approx((35.0, 60.0, -25.0, 30))
    for test in (pair.avg, pair.avg_targets, pair.gap):
        assert test.low < test.difference < test.high
    over = pair.seeds
    assert (over.seeds, over.p_value, over.note) == ([1, 2], None, NOT_ENOUGH)
    # 60 - 50 and 73.3 - 50.
    assert (over.difference, over.sd) == pytest.approx((50 / 3, 40 / 3 / 2**0.5), abs=1e-8)


def test_lost_items_are_left_out_of_both_and_counted(found) -> None:
    pair = found.pairs[1]
    assert pair.second == "translate_test"
    assert pair.left_out == {"en": 0, "qaa": 1, "qab": 0}
    one = pair.languages["qaa"]
    assert (one.first, one.second) == pytest.approx((100 * 6 / 9, 100 * 5 / 9), abs=1e-8)
    assert (one.items, pair.avg.items, pair.avg_targets.items) == (9, 29, 19)


def test_means_are_corrected_for_the_pairs_of_the_paper(found) -> None:
    for kind, raw in (
        ("avg", "p_randomisation"),
        ("avg_targets", "p_randomisation"),
        ("gap", "p_bootstrap"),
    ):
        tests = [getattr(pair, kind) for pair in found.pairs]
        small, large = sorted(getattr(test, raw) for test in tests)
        expected = [min(1.0, 2 * small), max(min(1.0, 2 * small), large)]
        assert sorted(test.p_holm for test in tests) == expected


def test_one_language_or_no_source_has_no_gap() -> None:
    two = TWO_SEEDS | {"methods": ["zero_shot", "xmixup"]}
    for languages in (["qaa", "qab"], ["en"]):
        of = plan(two | {"languages": {"xnli": languages}})
        (pair,) = compare_paper(of, "xmixup", predictions, resamples=10).pairs
        assert pair.gap is None
        assert pair.avg_targets.difference == pair.avg.difference
        text = markdown_text(significance_sheet(build_significance(of, dump_and_read(of), [])))
        assert "| – | – | – | – | – | 2 |" in text


def dump_and_read(of: Plan) -> Comparison:
    text = dump_comparison(compare_paper(of, "xmixup", predictions, resamples=10))
    return Comparison.model_validate_json(text)


def test_what_cannot_be_compared_is_refused() -> None:
    of = plan(TWO_SEEDS)

    def other_ids(run: Run) -> pa.Table:
        table = predictions(run)
        if run.method != "zero_shot":
            return table
        return table.set_column(0, "id", pa.array([f"x{i}" for i in range(table.num_rows)]))

    with pytest.raises(DataError, match="xmixup and zero_shot share 0 test items"):
        compare_paper(of, "xmixup", other_ids, resamples=10)

    def no_qab(run: Run) -> pa.Table:
        table = predictions(run)
        return table.filter(pc.not_equal(table["language"], "qab"))

    with pytest.raises(DataError, match="lack the language qab"):
        compare_paper(of, "xmixup", no_qab, resamples=10)

    def two_settings(run: Run) -> pa.Table:
        table = predictions(run)
        if run != Run("xmixup", "xmixup", "tiny-x", "xnli", 2):
            return table
        gold = pa.array(["gold"] * table.num_rows)
        return table.set_column(table.column_names.index("setting"), "setting", gold)

    with pytest.raises(DataError, match="not all tested in the same way"):
        compare_paper(of, "xmixup", two_settings, resamples=10)


def test_files_are_read_back_whole_or_refused(found, tmp_path) -> None:
    path = tmp_path / "xmixup.json"
    text = dump_comparison(found)
    path.write_text(text, encoding="utf-8")
    assert read_comparison(path) == found
    again = compare_paper(plan(TWO_SEEDS), "xmixup", predictions, resamples=2_000)
    assert dump_comparison(again) == text
    for change in ({"level": "high"}, {"more": 1}):
        path.write_text(json.dumps(json.loads(text) | change), encoding="utf-8")
        with pytest.raises(DataError, match="comparisons cannot be read"):
            read_comparison(path)
    with pytest.raises(DataError, match="comparisons cannot be read"):
        read_comparison(tmp_path / "none.json")


# The table.


def records(of: Plan, collapsed: tuple[str, int] | None = None):
    values = [
        {code: 10.0 * n for code, n in RIGHT[run.method, run.seed].items()} for run in of.runs
    ]
    return [
        make_record(
            of,
            run,
            one,
            flags=["collapsed: en"] if (run.method, run.seed) == collapsed else [],
        )
        for run, one in zip(of.runs, values, strict=True)
    ]


def test_a_row_per_pair(found) -> None:
    table = build_significance(plan(TWO_SEEDS), found, records(plan(TWO_SEEDS)))
    text = markdown_text(significance_sheet(table))
    test, gap = found.pairs[0].avg_targets, found.pairs[0].gap
    row = (
        f"| tiny-x | X-Mixup | Zero-shot | 55.0 | 30.0 | +25.0 | {test.low:+.1f} | "
        f"{test.high:+.1f} | {test.p_randomisation:.4f} | {test.p_holm:.4f} | -25.0 | "
        f"{gap.low:+.1f} | {gap.high:+.1f} | {gap.p_bootstrap:.4f} | {gap.p_holm:.4f} | 2 | "
        "+16.7 ± 9.4, not enough seeds to claim |"
    )
    assert row in text.splitlines()
    assert (
        "XNLI, tiny-x, X-Mixup against Translate-test: left out: items that one of the systems "
        "lacks: qaa 1." in text
    )
    about = dict(significance_caption(table).made)
    assert about["Tested as"] == "translate_test_mean: X-Mixup (XNLI)"
    assert about["Holm p"].startswith("corrected for the 2 pairs of this table")
    assert about["Low, high"].endswith("2,000 resamples; of XNLI an item is drawn in all languages")
    tex = latex_text(significance_sheet(table))
    assert tex.count(r"\begin{tabular}") == 2
    assert r"translate\_test\_mean" in tex
    assert "tiny-x & X-Mixup & Translate-test & " in tex


def test_every_language_is_in_the_csv_file(found) -> None:
    table = build_significance(plan(TWO_SEEDS), found, [])
    rows = list(csv.DictReader(io.StringIO(csv_text(significance_sheet(table)))))
    assert len(rows) == 2 * (3 + 3)
    by_name = {(row["other"], row["of"]): row for row in rows}
    one = by_name["translate_test", "qaa"]
    assert float(one["system_value"]) == pytest.approx(100 * 6 / 9)
    assert (one["items"], one["items_left_out"], one["seeds"]) == ("9", "1", "")
    mean = by_name["translate_test", "avg"]
    assert (mean["items_left_out"], mean["seeds"], mean["seeds_note"]) == ("1", "1 2", NOT_ENOUGH)
    assert float(by_name["zero_shot", "transfer gap"]["difference"]) == -25.0


def test_collapsed_runs_and_what_is_missing_are_named(found) -> None:
    blocks = (TWO_SEEDS, {"methods": ["translate_train"], "seeds": [3]})
    of = plan(*blocks)
    table = build_significance(of, found, records(plan(TWO_SEEDS), ("zero_shot", 2)))
    text = markdown_text(significance_sheet(table))
    assert "| X-Mixup | Zero-shot † |" in text
    assert "† XNLI, tiny-x, Zero-shot: seed 2 collapsed" in text
    assert "X-Mixup against Translate-train-all: not compared" in text


def test_comparisons_of_another_plan_are_refused(found) -> None:
    for of in (
        plan(TWO_SEEDS | {"seeds": [1, 2, 3]}),
        plan(TWO_SEEDS | {"methods": ["zero_shot", "xmixup"]}),
        plan(TWO_SEEDS, name="another"),
    ):
        with pytest.raises(DataError, match="comparisons do not fit the study"):
            build_significance(of, found, [])


def test_the_table_is_written_with_the_others(found, tmp_path) -> None:
    of = plan(TWO_SEEDS)
    written = write_tables(of, records(of), tmp_path, [found])
    assert set(written) == set(table_paths(of, tmp_path))
    text = (tmp_path / "xmixup" / "significance.csv").read_text(encoding="utf-8")
    assert text == csv_text(significance_sheet(build_significance(of, found, [])))

# SPDX-License-Identifier: Apache-2.0
"""What is said of the nine benchmarks, against the published numbers."""

from __future__ import annotations

import pytest

from xling.tasks import SOURCE_LANGUAGE, TASKS, UPOS

# XTREME (Hu et al. 2020): group, number of languages, main metric.
XTREME = {
    "xnli": ("classification", 15, "accuracy"),
    "pawsx": ("classification", 7, "accuracy"),
    "udpos": ("tagging", 33, "f1"),
    "panx": ("tagging", 40, "f1"),
    "xquad": ("qa", 11, "f1"),
    "mlqa": ("qa", 7, "f1"),
    "tydiqa": ("qa", 9, "f1"),
    "bucc2018": ("retrieval", 4, "f1"),
    "tatoeba": ("retrieval", 36, "accuracy"),
}


def test_the_nine_tasks():
    found = {t.name: (t.family, len(t.languages), t.metric) for t in TASKS.values()}
    assert found == XTREME
    assert all(name == task.name for name, task in TASKS.items())


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
class TestEachTask:
    def test_languages_are_there_once(self, task):
        assert len(set(task.languages)) == len(task.languages)
        assert (SOURCE_LANGUAGE in task.languages) is task.trained
        assert all(len(code) == 2 for code in task.languages)

    def test_dev_languages_are_among_them(self, task):
        assert set(task.dev_languages or ()) <= set(task.languages)

    def test_the_main_metric_comes_first(self, task):
        assert task.metrics[0] == task.metric
        assert len(set(task.metrics)) == len(task.metrics)

    def test_row_numbers_name_known_splits_and_languages(self, task):
        assert set(task.rows) <= {"train", "dev", "test"}
        for split, rows in task.rows.items():
            if not isinstance(rows, int):
                assert set(rows) <= set(task.languages), split

    def test_labels_are_classes_and_in_order(self, task):
        assert len(set(task.labels)) == len(task.labels)
        assert bool(task.labels) is (task.family in ("classification", "tagging"))

    def test_borrowed_rows_are_of_a_task_of_the_same_family(self, task):
        lender = TASKS[task.trains_as]
        assert lender.family == task.family
        assert set(task.languages) <= set(lender.languages)
        assert lender.train_task == ""


def test_tatoeba_s_languages_are_panx_s_without_four():
    without = [c for c in TASKS["panx"].languages if c not in ("ms", "my", "yo", "en")]
    assert list(TASKS["tatoeba"].languages) == without


def test_classes():
    assert len(UPOS) == 17
    # "O" is prepended in XTREME, so its classifier has one class more.
    assert TASKS["udpos"].labels == ("O", *sorted(UPOS))
    assert sorted(TASKS["panx"].labels) == sorted(
        ["O", *(f"{place}-{kind}" for place in "BI" for kind in ("LOC", "ORG", "PER"))]
    )
    assert TASKS["xnli"].labels == ("contradiction", "entailment", "neutral")


@pytest.mark.parametrize(
    ("task", "split", "language", "rows"),
    [
        ("xnli", "train", "en", 392_702),
        ("xnli", "dev", "sw", 2_490),
        ("xnli", "test", "sw", 5_010),
        ("pawsx", "train", "en", 49_401),
        ("pawsx", "dev", "ko", 2_000),
        ("pawsx", "test", "ko", 2_000),
        # The English treebanks of UD 2.5: EWT, GUM, LinES, ParTUT, PUD, Pronouns.
        ("udpos", "train", "en", 12_543 + 3_753 + 3_176 + 1_781),
        ("udpos", "dev", "en", 2_002 + 784 + 1_032 + 156),
        ("udpos", "test", "en", 2_077 + 890 + 1_035 + 153 + 1_000 + 285),
        ("udpos", "test", "de", 22_357),
        ("udpos", "dev", "th", None),
        ("udpos", "test", "th", 1_000),
        ("udpos", "train", "de", None),
        ("panx", "train", "en", 20_000),
        ("panx", "test", "et", 10_000),
        ("panx", "dev", "zh", 10_000),
        ("panx", "test", "ms", 1_000),
        ("panx", "test", "yo", 100),
        ("xquad", "train", "en", 87_599),
        ("xquad", "dev", "en", 10_570),
        ("xquad", "test", "th", 1_190),
        ("mlqa", "dev", "zh", 504),
        ("mlqa", "test", "en", 11_590),
        ("mlqa", "test", "es", None),  # 5,254 or 5,253, by the copy
        ("mlqa", "train", "en", None),
        ("tydiqa", "train", "en", 3_696),
        ("tydiqa", "test", "en", 440),
        ("tydiqa", "dev", "en", None),
        ("bucc2018", "test", "zh", None),
        ("tatoeba", "test", "fr", 1_000),
        ("tatoeba", "test", "jv", 205),
        ("tatoeba", "test", "te", 234),
    ],
)
def test_published_rows(task, split, language, rows):
    assert TASKS[task].published_rows(split, language) == rows


def test_totals_of_the_test_sets():
    def total(task, split="test"):
        return sum(TASKS[task].rows[split].values())

    assert total("tydiqa") == 5_077
    # 25 languages of 10,000 (22 with 20,000 to train on; Estonian, Basque, Georgian with fewer),
    # 12 of 1,000, and Javanese, Burmese, Yoruba with 100.
    assert total("panx") == total("panx", "dev") == 25 * 10_000 + 12 * 1_000 + 3 * 100
    # 28 languages of 1,000 pairs and eight smaller ones.
    assert total("tatoeba") == 28_000 + 205 + 746 + 575 + 687 + 390 + 307 + 234 + 548
    assert len(TASKS["udpos"].dev_languages) == 33 - len("kk th tl yo".split())

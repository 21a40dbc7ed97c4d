# SPDX-License-Identifier: Apache-2.0
"""Test items seen in fine-tuning, counted against a slow comparison of every pair of rows."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from xling.config.study import Study
from xling.data.leaks import leaks
from xling.data.tables import SCHEMAS, table_of, write_table
from xling.plan import Plan
from xling.tasks import TASKS

CODES = ("en", "de")


def plan_of(task, methods, data=None, **settings):
    """A study of one task (and XQuAD beside MLQA) in English and German or an artificial one."""
    artificial = data is None
    codes = ["en", "qaa"] if artificial else list(CODES)
    sizes = {name: {"train": 9, "dev": 9, "test": 9} for name in TASKS}
    made = {
        "source_text_share": 0.5,
        "text_documents": 9,
        "languages": {"qaa": {"text_share": 0.5}},
        "sizes": sizes,
    }
    targets = codes if TASKS[task].trained else codes[1:]
    tasks = {task: {"languages": targets}}
    if TASKS[task].train_task:
        tasks[TASKS[task].train_task] = {"languages": codes}
    for name, changed in settings.items():
        tasks[name] |= changed
    block = {"paper": "xmixup", "methods": methods, "models": ["given"], "tasks": [task]}
    return Plan(
        Study.model_validate(
            {
                "name": "s",
                "description": "",
                "data": data or {"source": "artificial", "artificial": made},
                "tasks": tasks,
                "encoders": {"given": {"source": "folder", "path": "x"}},
                "training": {"defaults": {"max_steps": 1}},
                "experiments": [block | {"seeds": [1]}],
            }
        )
    )


FOLDER = {"source": "folder", "root": "x"}


def pairs(rng, count):
    return [{"sentence1": rng.choice("abc"), "sentence2": rng.choice("abcd")} for _ in range(count)]


def sentences(rng, count):
    return [
        {
            "tokens": [rng.choice(["a", "b", "ab"]) for _ in range(rng.randint(1, 4))],
            "tags": [],
            "links": None,
        }
        for _ in range(count)
    ]


def questions(rng, count):
    return [{"context": rng.choice("abc"), "question": rng.choice("defg")} for _ in range(count)]


DRAW = {"classification": pairs, "tagging": sentences, "qa": questions}
# What two equal items have in common, written out once more.
KEYS = {
    "classification": lambda row: (row["sentence1"], row["sentence2"]),
    "tagging": lambda row: " ".join(row["tokens"]),
    "qa": lambda row: (row["context"], row["question"]),
}


def write(folder, task, split, rows, codes=CODES):
    """Write rows, divided among the languages; columns that no comparison reads are made up."""
    family = TASKS[task].family
    names = SCHEMAS[family].names
    full = []
    for i, row in enumerate(rows):
        made = dict.fromkeys(names, "") | {"answers": [], "starts": [], "tags": [], "links": None}
        made |= row | {"id": f"{split}-{i}", "language": codes[i * len(codes) // len(rows)]}
        full.append(SimpleNamespace(**{name: made[name] for name in names}))
    write_table(folder / task / f"{split}.parquet", table_of(full, family), {})


def slowly(family, one, other):
    """Count different tested items that some trained row equals, and all different tested ones."""
    key = KEYS[family]
    tested = []
    for row in other:
        if not any(key(row) == key(seen) for seen in tested):
            tested.append(row)
    return sum(any(key(row) == key(seen) for seen in one) for row in tested), len(tested)


@pytest.mark.parametrize("task", ["xnli", "udpos", "tydiqa"])
def test_counts_of_each_family(task, tmp_path):
    family = TASKS[task].family
    rng = random.Random(task)
    splits = {
        name: DRAW[family](rng, count)
        for name, count in (
            ("train", 8),
            ("translate_train", 6),
            ("test", 9),
            ("translate_test", 7),
        )
    }
    for name, rows in splits.items():
        write(tmp_path / "prepared", task, name, rows)
    plan = plan_of(task, ["zero_shot", "translate_train", "translate_test"])
    found = {o.name: o for o in leaks(plan, tmp_path / "prepared")}
    # Translate-test was trained on the source rows only.
    compared = [("train", "test"), ("train", "translate_test"), ("translate_train", "test")]
    assert sorted(found) == sorted(f"{task} {one} and {task} {other}" for one, other in compared)
    shared = 0
    for one, other in compared:
        overlap = found[f"{task} {one} and {task} {other}"]
        expected = slowly(family, splits[one], splits[other])
        assert (overlap.shared, overlap.tested) == expected
        shared += overlap.shared
    assert 0 < shared < sum(o.tested for o in found.values())
    # A noisy translation may happen to say what a training sentence says.
    assert {name for name, o in found.items() if o.excuse} == {
        f"{task} train and {task} translate_test"
    }


def test_borrowed_rows_are_compared_with_the_test_set_of_the_borrower(tmp_path):
    rows = [{"context": c, "question": q} for c, q in ("ad", "ae", "bd", "cf")]
    write(tmp_path, "xquad", "train", rows[:2], codes=("en",))
    write(tmp_path, "mlqa", "test", [rows[1], rows[2], rows[3], rows[1]])
    found = leaks(plan_of("mlqa", ["zero_shot"]), tmp_path)
    assert [(o.name, o.shared, o.tested) for o in found] == [("xquad train and mlqa test", 1, 3)]


@pytest.mark.parametrize(
    ("task", "settings", "data", "published"),
    [
        ("xnli", {}, FOLDER, True),
        ("xnli", {}, {"source": "download"}, True),
        ("xnli", {}, None, False),
        ("xnli", {"xnli": {"train_split": "dev"}}, FOLDER, False),
        ("udpos", {"udpos": {"test_split": "dev"}}, FOLDER, False),
        ("mlqa", {}, FOLDER, True),
        # What the lender's rows are decides, not the borrower's own setting.
        ("mlqa", {"xquad": {"train_split": "test"}}, FOLDER, False),
        ("mlqa", {"xquad": {"test_split": "dev"}}, FOLDER, True),
        ("mlqa", {"mlqa": {"test_split": "dev"}}, FOLDER, False),
    ],
)
def test_published_splits_are_told_from_those_of_our_own_making(
    task, settings, data, published, tmp_path
):
    family = TASKS[task].family
    rng = random.Random(1)
    write(tmp_path, TASKS[task].trains_as, "train", DRAW[family](rng, 3))
    write(tmp_path, task, "test", DRAW[family](rng, 3))
    (found,) = leaks(plan_of(task, ["zero_shot"], data, **settings), tmp_path)
    assert bool(found.excuse) is published


def test_a_back_translation_may_say_what_is_tested(tmp_path, monkeypatch):
    """Its words are wrong by chance, so it may hit a test item where nothing may be shared."""
    monkeypatch.setattr(
        Plan,
        "train_splits",
        lambda plan, run: [(run.task, "train"), (run.task, "back_translate")],
    )
    rows = pairs(random.Random(1), 3)
    for split in ("train", "back_translate", "test"):
        write(tmp_path, "xnli", split, rows)
    excuses = {o.name: bool(o.excuse) for o in leaks(plan_of("xnli", ["zero_shot"]), tmp_path)}
    assert excuses == {
        "xnli train and xnli test": False,
        "xnli back_translate and xnli test": True,
    }


def test_nothing_is_compared_where_nothing_is_trained(tmp_path):
    assert leaks(plan_of("tatoeba", ["mean_pooled"]), tmp_path) == []

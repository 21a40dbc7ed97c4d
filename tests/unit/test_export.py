# SPDX-License-Identifier: Apache-2.0
"""Predictions to the layout of a submission, and what cannot be exported."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import REALDATA
from xling.cli_xtreme import add_arguments
from xling.data.tables import SCHEMAS, write_table
from xling.errors import DataError, UsageError, XlingError
from xling.metrics import chunks, mlqa, squad
from xling.tasks import TASKS
from xling.xtreme import LANGUAGES
from xling.xtreme.evaluate import evaluate
from xling.xtreme.export import export

Tables = tuple[pa.Table, pa.Table]
TEXT, TEXTS = pa.string(), pa.list_(pa.string())
# The languages whose files are among the real ones, with the code in the file name.
TATOEBA = dict(
    pair.split(":")
    for pair in "af:afr ar:ara de:deu es:spa fr:fra hi:hin ka:kat sw:swh tr:tur zh:cmn".split()
)
PREDICTED = {
    "classification": [("label", TEXT), ("prediction", TEXT), ("logits", pa.list_(pa.float32()))],
    "tagging": [("tags", TEXTS), ("prediction", TEXTS)],
    "qa": [("text_language", TEXT), ("answers", TEXTS), ("prediction", TEXT)],
    "tatoeba": [("setting", TEXT), ("gold", TEXT), ("prediction", TEXT), ("score", pa.float32())],
    "bucc2018": [
        ("setting", TEXT),
        ("split", TEXT),
        ("source", TEXT),
        ("target", TEXT),
        ("score", pa.float32()),
        ("gold", pa.bool_()),
    ],
}


def prepared_table(task: str, rows: list[tuple]) -> pa.Table:
    schema = SCHEMAS[TASKS[task].family]
    return pa.table(list(map(list, zip(*rows, strict=True))), schema=schema)


def predicted_table(task: str, rows: list[tuple]) -> pa.Table:
    columns = PREDICTED.get(task) or PREDICTED[TASKS[task].family]
    first = [("language", TEXT)] if task == "bucc2018" else [("id", TEXT), ("language", TEXT)]
    return pa.table(list(map(list, zip(*rows, strict=True))), schema=pa.schema(first + columns))


def classification(task: str, languages) -> Tables:
    labels = TASKS[task].labels
    rows, given = [], []
    for language in languages:
        for i in range(4):
            label = labels[i % len(labels)]
            rows.append((f"test-{i}", language, "a", "b", label))
            given.append((f"test-{i}", language, label, labels[i // 2 % 2], [0.5, 0.5]))
    # Predictions come in any order.
    return predicted_table(task, given[::-1]), prepared_table(task, rows)


def tagging(task: str, languages) -> Tables:
    gold = {"panx": (["B-PER", "I-PER"], ["O"]), "udpos": (["NOUN", "SYM"], ["X"])}[task]
    wrong = {"panx": (["B-PER", "O"], ["O"]), "udpos": (["NOUN", "NOUN"], ["X"])}[task]
    rows = [(f"s{i}", c, gold[i], gold[i], None) for c in languages for i in (0, 1)]
    given = [(f"s{i}", c, gold[i], wrong[i]) for c in languages for i in (1, 0)]
    return predicted_table(task, given), prepared_table(task, rows)


ASKED = (
    # id, group, context, answers, starts, prediction
    ("q1", "p1", "The red sky.", ["red sky"], [4], "the red"),
    ("q2", "p1", "The red sky.", ["The red", "red"], [0, 4], "red"),
    ("q3", "p2", "中国电池", ["电池"], [2], ""),
)


def qa(task: str, languages, text_language: str = "") -> Tables:
    rows, given = [], []
    for language in languages:
        written = text_language or language
        for key, group, context, answers, starts, prediction in ASKED:
            rows.append((key, language, written, group, context, "Was?", answers, starts))
            given.append((key, language, written, answers, prediction))
    return predicted_table(task, given), prepared_table(task, rows)


ENGLISH = ("Zebra.", " apple", "Apple.", "éclair")  # sorted by code point: Apple, Zebra, apple, é
FOUND = (1, 2, 3, 3)  # number of the foreign line found for each English line, from 1


def tatoeba(task: str, languages) -> Tables:
    rows, given = [], []
    for language in languages:
        keys = [f"test-{i:06}" for i in range(1, len(ENGLISH) + 1)]
        rows += [(key, language, "source", "x", [key]) for key in keys]
        for key, text, number in zip(keys, ENGLISH, FOUND, strict=True):
            rows.append((key, language, "target", text, []))
            found = f"test-{number:06}"
            given.append((key, language, "standard", key, found, 1.0))
            # Apple. is the third English line; every other one finds the second foreign line.
            other = key if text == "Apple." else "test-000002"
            given.append((key, language, "layer-2", key, other, 1.0))
    return predicted_table(task, given), prepared_table(task, rows)


def bucc2018(task: str, languages) -> Tables:
    rows, given = [], []
    for language in languages:
        f = f"{language}-"
        partners = {1: ["en-1"], 2: ["en-2"], 3: []}
        rows += [(f"{f}{i}", language, "source", "x", gold) for i, gold in partners.items()]
        rows += [(f"en-{i}", language, "target", "x", []) for i in (1, 2, 3)]
        mined = [
            # On dev the best threshold is 1.1, between 1.2 and 1.0.
            ("dev", "9", "9", 1.2, True),
            ("dev", "8", "7", 1.0, False),
            ("dev", "7", "8", None, True),
            ("test", "3", "3", 1.15, False),
            ("test", "1", "1", 1.3, True),
            ("test", "2", "3", 1.05, False),
            ("test", "2", "2", None, True),
        ]
        for split, source, target, score, gold in mined:
            pair = (f + source, f"en-{target}")
            given.append((language, "standard", split, *pair, score, gold))
            given.append((language, "layer-2", split, *pair, None, gold))
    return predicted_table(task, given), prepared_table(task, rows)


MAKERS = {"classification": classification, "tagging": tagging, "qa": qa}
OTHERS = {"tatoeba": tatoeba, "bucc2018": bucc2018}


def tables(task: str, languages) -> Tables:
    return (OTHERS.get(task) or MAKERS[TASKS[task].family])(task, languages)


def written(root: Path, task: str, languages=("de",), **options) -> Path:
    predictions, prepared = tables(task, languages)
    folder = root / "out"
    export({task: predictions}, {task: prepared}, folder, origin="a test", **options)
    return folder


def both(folder: Path, name: str) -> tuple[str, str]:
    sides = (folder / side / name for side in ("predictions", "labels"))
    predictions, labels = (path.read_bytes().decode() for path in sides)
    return predictions, labels


def test_labels_stand_in_the_order_of_the_prepared_rows(tmp_path) -> None:
    folder = written(tmp_path, "pawsx", ("de", "en"))
    assert both(folder, "pawsx/test-de.tsv") == ("0\n0\n1\n1\n", "0\n1\n0\n1\n")
    assert (folder / "labels" / "pawsx" / "test-en.tsv").is_file()


def test_tags_stand_one_per_line(tmp_path) -> None:
    folder = written(tmp_path, "panx")
    assert both(folder, "panx/test-de.tsv") == ("B-PER\nO\n\nO\n\n", "B-PER\nI-PER\n\nO\n\n")


def test_answers_are_json_by_question(tmp_path) -> None:
    predictions, labels = both(written(tmp_path, "xquad"), "xquad/test-de.json")
    assert json.loads(predictions) == {"q1": "the red", "q2": "red", "q3": ""}
    paragraphs = json.loads(labels)["data"][0]["paragraphs"]
    assert [p["context"] for p in paragraphs] == ["The red sky.", "中国电池"]
    assert paragraphs[0]["qas"][1] == {
        "id": "q2",
        "question": "Was?",
        "answers": [{"text": "The red", "answer_start": 0}, {"text": "red", "answer_start": 4}],
    }


def test_tatoeba_follows_the_hidden_order(tmp_path) -> None:
    # English lines in code-point order: Apple. (3), Zebra. (1), apple (2), éclair (4).
    folder = written(tmp_path, "tatoeba")
    assert both(folder, "tatoeba/test-de.tsv") == ("2\n0\n1\n2\n", "2\n0\n1\n3\n")


def test_bucc_keeps_the_pairs_over_the_threshold_of_dev(tmp_path) -> None:
    folder = written(tmp_path, "bucc2018")
    predictions, labels = both(folder, "bucc2018/test-de.tsv")
    assert predictions == "de-1\ten-1\nde-3\ten-3\n"
    assert labels == "de-1\ten-1\nde-2\ten-2\n"
    assert "de: threshold 1.1, F1 on dev 66.7" in (folder / "README.md").read_text("utf-8")


def test_a_threshold_tuned_on_the_exported_pairs_is_a_caveat(tmp_path, caplog) -> None:
    written(tmp_path, "bucc2018")
    assert "tuned on the very pairs" not in caplog.text
    predictions, prepared = bucc2018("bucc2018", ("de",))
    test = [row for row in predictions.to_pylist() if row["split"] == "test"]
    both_splits = [row | {"split": split} for split in ("dev", "test") for row in test]
    table = pa.Table.from_pylist(both_splits, predictions.schema)
    export({"bucc2018": table}, {"bucc2018": prepared}, tmp_path / "same", origin="a test")
    said = "bucc2018: de: the threshold was tuned on the very pairs exported"
    assert said in caplog.text
    assert said in (tmp_path / "same" / "README.md").read_text("utf-8")


def test_another_layer_of_tatoeba_can_be_exported(tmp_path) -> None:
    folder = written(tmp_path, "tatoeba", setting="layer-2")
    assert both(folder, "tatoeba/test-de.tsv") == ("2\n1\n1\n1\n", "2\n0\n1\n3\n")
    with pytest.raises(UsageError, match="no setting 'layer-3'") as caught:
        written(tmp_path, "tatoeba", setting="layer-3")
    assert caught.value.allowed == "layer-2, standard"


def test_nine_tasks_export_to_a_submission_that_scores_as_the_tables_do(tmp_path) -> None:
    made = {task: tables(task, languages) for task, languages in LANGUAGES.items()}
    folder = tmp_path / "out"
    predictions, prepared = ({task: pair[i] for task, pair in made.items()} for i in (0, 1))
    export(predictions, prepared, folder, origin="a test")
    result = evaluate(folder / "predictions", folder / "labels")
    golds, answers = [row[3] for row in ASKED], [row[5] for row in ASKED]
    expected = {
        "pawsx": 50.0,
        "xnli": 25.0,  # by class: gold 0 1 2 0, predicted 0 0 1 1
        "panx": 0.0,
        "udpos": chunks.f1([["NOUN", "SYM"], ["X"]], [["NOUN", "NOUN"], ["X"]]).f1,
        "bucc2018": 50.0,
        "tatoeba": 75.0,
        "xquad": sum(squad.evaluate(golds, answers)) / 2,
        "mlqa": sum(sum(mlqa.evaluate(golds, answers, c)) / 2 for c in LANGUAGES["mlqa"]) / 7,
        "tydiqa": sum(squad.evaluate(golds, answers)) / 2,
    }
    for task, value in expected.items():
        assert result[task]["avg_metric"] == pytest.approx(value), task
    assert result["all_task"] == pytest.approx(sum(expected.values()) / 9)
    assert "missing" not in (folder / "README.md").read_text("utf-8").lower()


def test_what_is_missing_is_said_in_the_log_and_the_readme(tmp_path, caplog) -> None:
    folder = written(tmp_path, "pawsx", ("de", "en", "es", "fr", "ja", "qaa"))
    readme = (folder / "README.md").read_text("utf-8")
    for sentence in (
        "missing languages: ko zh; the task cannot be scored as XTREME",
        "languages that XTREME's task does not have: qaa",
        "de: 4 rows, the published test set has 2,000",
    ):
        assert f"- pawsx: {sentence}" in readme
        assert f"pawsx: {sentence}" in caplog.text
    assert "Missing tasks: xnli, panx, udpos" in readme
    assert "| pawsx | de en es fr ja qaa | 24 |" in readme


def test_answers_on_a_translation_are_left_out(tmp_path, caplog) -> None:
    predictions, prepared = qa("xquad", ("de",), text_language="en")
    plain, prepared_plain = tagging("panx", ("de",))
    export(
        {"xquad": predictions, "panx": plain},
        {"xquad": prepared, "panx": prepared_plain},
        tmp_path / "out",
        origin="a test",
    )
    said = "de is left out: 3 questions were answered on a translation"
    assert said in caplog.text
    assert f"- xquad: {said}" in (tmp_path / "out" / "README.md").read_text("utf-8")
    assert not (tmp_path / "out" / "predictions" / "xquad").exists()
    with pytest.raises(DataError, match="nothing to export"):
        export({"xquad": predictions}, {"xquad": prepared}, tmp_path / "no", origin="a test")


def test_a_subset_of_the_prepared_languages_may_be_predicted(tmp_path) -> None:
    predictions, _ = tables("udpos", ("de",))
    _, prepared = tables("udpos", ("af", "de"))
    export({"udpos": predictions}, {"udpos": prepared}, tmp_path / "out", origin="a test")
    assert not (tmp_path / "out" / "predictions" / "udpos" / "test-af.tsv").exists()


def changed(table: pa.Table, column: str, row: int, value: object) -> pa.Table:
    values = table.column(column).to_pylist()
    values[row] = value
    place = table.column_names.index(column)
    return table.set_column(place, column, pa.array(values, table.schema.field(column).type))


@pytest.mark.parametrize(
    ("task", "change", "said"),
    [
        ("xnli", lambda t: t.slice(1), "1 rows of xnli are predicted but not prepared"),
        ("xnli", lambda t: pa.concat_tables([t, t.slice(0, 1)]), "predicted twice"),
        ("xnli", lambda t: changed(t, "label", 0, "neutral"), "gold side of xnli"),
        ("xquad", lambda t: changed(t, "id", 0, "q9"), "2 rows of xquad"),
        ("panx", lambda t: changed(t, "tags", 0, ["B-PER"]), "gold side of panx"),
        ("panx", lambda t: changed(t, "prediction", 0, ["O", "O"]), "2 predicted tags for 1 words"),
        ("tatoeba", lambda t: changed(t, "gold", 0, "test-000002"), "gold side of tatoeba"),
        ("tatoeba", lambda t: changed(t, "prediction", 0, "none"), "'none' has no line number"),
        ("bucc2018", lambda t: changed(t, "source", 6, "de-7"), "gold side of bucc2018"),
        ("bucc2018", lambda t: changed(t, "gold", 8, False), "gold side of bucc2018"),
        (
            "bucc2018",
            lambda t: changed(changed(t, "gold", 0, False), "gold", 4, False),
            "without gold pairs",
        ),
    ],
)
def test_predictions_that_do_not_fit_are_refused(tmp_path, task, change, said) -> None:
    predictions, prepared = tables(task, ("de",))
    with pytest.raises(DataError, match=said):
        export({task: change(predictions)}, {task: prepared}, tmp_path / "out", origin="a test")
    assert not (tmp_path / "out").exists()


def test_only_an_earlier_export_is_replaced(tmp_path) -> None:
    folder = written(tmp_path, "pawsx")
    (folder / "predictions" / "old").mkdir()
    written(tmp_path, "pawsx")
    assert not (folder / "predictions" / "old").exists()
    (folder / "README.md").write_text("mine\n", encoding="utf-8")
    with pytest.raises(UsageError, match="holds something else"):
        written(tmp_path, "pawsx")
    assert (folder / "README.md").read_text(encoding="utf-8") == "mine\n"


def test_other_tasks_are_refused(tmp_path) -> None:
    predictions, prepared = tables("xnli", ("de",))
    with pytest.raises(UsageError, match="no task 'xnly'"):
        export({"xnly": predictions}, {"xnly": prepared}, tmp_path / "out", origin="a test")


def test_equal_predictions_give_equal_bytes(tmp_path) -> None:
    one = written(tmp_path, "xquad", ("de", "zh"))
    first = {p.relative_to(one): p.read_bytes() for p in one.rglob("*") if p.is_file()}
    again = written(tmp_path, "xquad", ("de", "zh"))
    assert first == {p.relative_to(again): p.read_bytes() for p in again.rglob("*") if p.is_file()}


@pytest.mark.realdata
def test_tatoeba_labels_are_the_published_ones(tmp_path) -> None:
    if not REALDATA.is_dir():
        pytest.skip("real benchmark files are absent (XLING_REALDATA)")
    rows, given = [], []
    for language, code in TATOEBA.items():
        path = REALDATA / "tatoeba" / "v1" / f"tatoeba.{code}-eng.eng"
        english = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
        keys = [f"test-{i:06}" for i in range(1, len(english) + 1)]
        rows += [(key, language, "source", "x", [key]) for key in keys]
        for key, text in zip(keys, english, strict=True):
            rows.append((key, language, "target", text, []))
            given.append((key, language, "standard", key, key, 1.0))
    folder = tmp_path / "out"
    export(
        {"tatoeba": predicted_table("tatoeba", given)},
        {"tatoeba": prepared_table("tatoeba", rows)},
        folder,
        origin="a test",
    )
    for language in TATOEBA:
        published = REALDATA / "tatoeba" / "derived_labels" / f"test-{language}.tsv"
        for text in both(folder, f"tatoeba/test-{language}.tsv"):
            assert text.split() == published.read_text(encoding="utf-8").split(), language
    assert "published test set" not in (folder / "README.md").read_text(encoding="utf-8")


# --- the verb ----------------------------------------------------------------------------------


@pytest.fixture
def results(tmp_path) -> Path:
    study = tmp_path / "results" / "mini"
    for paper, method, task in (
        ("xmixup", "zero_shot", "pawsx"),
        ("xmixup", "zero_shot", "panx"),
        ("xmixup", "mean_pooled", "tatoeba"),
        ("robust", "zero_shot", "pawsx"),
    ):
        predictions, prepared = tables(task, ("de",))
        path = study / "predictions" / paper / method / "tiny" / task / "seed-1.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(predictions, path)
        write_table(study / "prepared" / task / "test.parquet", prepared, {})
    return tmp_path / "results"


def export_verb(results: Path, *arguments: str) -> Path:
    from argparse import ArgumentParser

    parser = ArgumentParser()
    add_arguments(parser.add_subparsers())
    output = results.parent / "out"
    given = ["export-submission", "--study", "mini", "--model", "tiny", "--output", str(output)]
    args = parser.parse_args([*given, "--results", str(results), *arguments])
    assert args.func(args) == 0
    return output


def test_the_verb_collects_the_tasks_of_a_run(results) -> None:
    methods = ("--method", "zero_shot", "mean_pooled")
    output = export_verb(results, *methods, "--seed", "1", "--paper", "xmixup")
    assert sorted(p.name for p in (output / "predictions").iterdir()) == [
        "panx",
        "pawsx",
        "tatoeba",
    ]
    assert (
        "study mini, zero_shot and mean_pooled, tiny, seed 1" in (output / "README.md").read_text()
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--method", "zero_shot", "--seed", "1"), "pawsx was predicted twice"),
        (("--method", "zero_shot", "--seed", "2"), "no such predictions"),
        (("--method", "zero_shoot", "--seed", "1"), "no method 'zero_shoot'"),
    ],
)
def test_the_verb_says_what_it_cannot_find(results, arguments, said) -> None:
    with pytest.raises(XlingError, match=said) as caught:
        export_verb(results, *arguments)
    assert caught.value.exit_code == 2
    assert caught.value.allowed


def test_damaged_predictions_are_named(results) -> None:
    path = results / "mini/predictions/robust/zero_shot/tiny/pawsx/seed-1.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot be read") as caught:
        export_verb(results, "--method", "zero_shot", "--seed", "1", "--paper", "robust")
    assert caught.value.where == str(path)

# SPDX-License-Identifier: Apache-2.0
"""Scores of a submission against slow transcriptions of the rules; averages; messages."""

from __future__ import annotations

import json
import os
import random
from argparse import ArgumentParser
from pathlib import Path

import pytest
from test_chunks import slow_f1
from test_qa_metrics import random_questions, slow_mlqa, slow_scores, slow_squad

from xling.cli_xtreme import register_score, run_score
from xling.errors import DataError, UsageError
from xling.xtreme import GROUPS, LANGUAGES, file_name
from xling.xtreme.aggregate import aggregate
from xling.xtreme.evaluate import evaluate

TAGS = {"udpos": "NOUN VERB SCONJ CCONJ SYM X".split(), "panx": "O B-PER I-PER B-LOC I-LOC".split()}
CLASSES = {
    "xnli": ("contradiction", "entailment", "neutral"),
    "pawsx": ("0", "1"),
    "tatoeba": tuple(map(str, range(5))),
}

# mock_test_data of google-research/xtreme @ 838c13b, scored with seqeval 0.0.12.
GOLDEN = {
    "pawsx": {"avg_accuracy": 51.42857142857143},
    "xnli": {"avg_accuracy": 30.666666666666668},
    "panx": {
        "avg_f1": 57.50793650793652,
        "avg_precision": 54.729166666666664,
        "avg_recall": 62.750000000000014,
    },
    "udpos": {
        "avg_f1": 70.21746048354693,
        "avg_precision": 71.02232625883823,
        "avg_recall": 69.54982073976082,
    },
    "bucc2018": {"avg_f1": 55.0},
    "tatoeba": {"avg_accuracy": 53.611111111111114},
    "xquad": {"avg_exact_match": 77.27272727272727, "avg_f1": 79.9586776859504},
    "mlqa": {"avg_exact_match": 57.142857142857146, "avg_f1": 81.76870748299321},
    "tydiqa": {"avg_exact_match": 88.88888888888889, "avg_f1": 97.22222222222223},
}


def write(root: Path, side: str, task: str, language: str, text: str) -> Path:
    path = root / side / task / file_name(task, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def squad_json(golds: list[list[str]]) -> str:
    asked = [
        {
            "id": f"q{i}",
            "question": "?",
            "answers": [{"text": a, "answer_start": 0} for a in answers],
        }
        for i, answers in enumerate(golds)
    ]
    half = len(asked) // 2
    paragraphs = [{"context": "", "qas": part} for part in (asked[:half], asked[half:])]
    return json.dumps({"version": "1.1", "data": [{"title": "", "paragraphs": paragraphs}]})


def labels_of(root: Path, task: str, language: str, rng: random.Random) -> dict[str, float]:
    gold = rng.choices(CLASSES[task], k=rng.randint(5, 30))
    given = [label if rng.random() < 0.6 else rng.choice(CLASSES[task]) for label in gold]
    write(root, "labels", task, language, "\n".join(gold) + "\n")
    # Blanks and line ends do not count; the last line need not end.
    write(root, "predictions", task, language, " \r\n".join(given))
    equal = [one == other for one, other in zip(gold, given, strict=True)]
    return {"accuracy": sum(equal) / len(equal) * 100}


def tags_of(root: Path, task: str, language: str, rng: random.Random) -> dict[str, float]:
    tags = TAGS[task]
    gold = [rng.choices(tags, k=rng.randint(1, 12)) for _ in range(rng.randint(1, 9))]
    given = [[t if rng.random() < 0.7 else rng.choice(tags) for t in s] for s in gold]
    write(root, "labels", task, language, "\n\n".join("\n".join(s) for s in gold))
    write(root, "predictions", task, language, "".join("\n".join(s) + "\n\n" for s in given))
    return dict(zip(("precision", "recall", "f1"), slow_f1(gold, given), strict=True))


def pairs_of(root: Path, task: str, language: str, rng: random.Random) -> dict[str, float]:
    gold = [f"{language}-{i}\ten-{i}" for i in range(20)]
    given = rng.sample(gold, 12) + [f"{language}-{i}\ten-{i + 1}" for i in range(rng.randint(0, 9))]
    write(root, "labels", task, language, "\n".join(gold) + "\n")
    write(root, "predictions", task, language, "\n".join([*given, given[0]]) + "\n")
    precision, recall = 12 / len(given), 12 / 20
    f1 = 2 * precision * recall / (precision + recall)
    return {"precision": precision * 100, "recall": recall * 100, "f1": f1 * 100}


def answers_of(root: Path, task: str, language: str, rng: random.Random) -> dict[str, float]:
    golds, given = random_questions(rng.randint(0, 999), 25)
    answers = {f"q{i}": text for i, text in enumerate(given) if text is not None}
    answers["never asked"] = "x"
    write(root, "labels", task, language, squad_json(golds))
    write(root, "predictions", task, language, json.dumps(answers))
    rule = slow_squad if task != "mlqa" else (lambda text: slow_mlqa(text, language))
    return dict(zip(("exact_match", "f1"), slow_scores(golds, given, rule), strict=True))


WRITERS = {
    "classification": labels_of,
    "tagging": tags_of,
    "qa": answers_of,
    "retrieval": labels_of,
}


def write_task(root: Path, task: str) -> dict[str, dict[str, float]]:
    """Write both sides of a task and return its scores by the slow versions."""
    rng = random.Random(task)
    group = next(group for group, tasks in GROUPS.items() if task in tasks)
    make = pairs_of if task == "bucc2018" else WRITERS[group]
    return {language: make(root, task, language, rng) for language in LANGUAGES[task]}


@pytest.fixture(scope="module")
def submission(tmp_path_factory):
    root = tmp_path_factory.mktemp("submission")
    return root, {task: write_task(root, task) for task in LANGUAGES}


def scored(root: Path) -> dict:
    return evaluate(root / "predictions", root / "labels")


def plain_mean(values) -> float:
    total, count = 0.0, 0
    for value in values:
        total, count = total + value, count + 1
    return total / count


def test_all_tasks_equal_the_slow_versions_to_the_last_digit(submission) -> None:
    root, expected = submission
    result = scored(root)
    task_scores = {}
    for task, languages in expected.items():
        metrics = list(languages[LANGUAGES[task][0]])
        for metric in metrics:
            values = {code: languages[code][metric] for code in LANGUAGES[task]}
            assert result[task][metric] == values, (task, metric)
            assert result[task][f"avg_{metric}"] == plain_mean(values.values())
        average = {metric: result[task][f"avg_{metric}"] for metric in metrics}
        if task in GROUPS["qa"]:
            task_scores[task] = (average["exact_match"] + average["f1"]) / 2
        else:
            task_scores[task] = average["f1" if "f1" in average else "accuracy"]
        assert result[task]["avg_metric"] == task_scores[task]
        assert set(result[task]) == {*metrics, *(f"avg_{m}" for m in metrics), "avg_metric"}
    for group, tasks in GROUPS.items():
        assert result[group] == plain_mean(task_scores[task] for task in tasks)
    assert result["all_task"] == plain_mean(task_scores.values())
    assert list(result) == ["all_task", *GROUPS, *LANGUAGES]


@pytest.mark.skipif("XLING_XTREME_MOCK" not in os.environ, reason="XLING_XTREME_MOCK is not set")
def test_the_official_mock_submission_gives_the_official_scores() -> None:
    result = scored(Path(os.environ["XLING_XTREME_MOCK"]))
    assert {task: {m: result[task][m] for m in values} for task, values in GOLDEN.items()} == GOLDEN
    assert result["all_task"] == 62.17319850507248


def test_the_official_averages_give_the_official_mean_of_all_tasks() -> None:
    flat = {
        task: {
            code: {m.removeprefix("avg_").replace("exact_match", "em"): v for m, v in means.items()}
            for code in LANGUAGES[task][:1]
        }
        for task, means in GOLDEN.items()
    }
    assert aggregate(flat).all_task.score == 62.17319850507248


def test_the_languages_are_those_of_the_evaluator_in_its_order() -> None:
    assert {task: len(codes) for task, codes in LANGUAGES.items()} == {
        "pawsx": 7,
        "xnli": 15,
        "panx": 40,
        "udpos": 33,
        "bucc2018": 4,
        "tatoeba": 36,
        "xquad": 11,
        "mlqa": 7,
        "tydiqa": 9,
    }
    # The orders that are not alphabetical.
    panx = (
        "ar,he,vi,id,jv,ms,tl,eu,ml,ta,te,af,nl,en,de,el,bn,hi,mr,ur,fa,fr,it,pt,es,bg,ru,ja,ka,"
        "ko,th,sw,yo,my,zh,kk,tr,et,fi,hu"
    )
    assert ",".join(LANGUAGES["panx"]) == panx
    assert set(LANGUAGES["panx"]) - set(LANGUAGES["tatoeba"]) == {"ms", "my", "yo", "en"}
    assert ",".join(LANGUAGES["xquad"]) == "en,es,de,el,ru,tr,ar,vi,th,zh,hi"
    assert ",".join(LANGUAGES["mlqa"]) == "en,es,de,ar,hi,vi,zh"
    assert ",".join(LANGUAGES["tydiqa"]) == "en,ar,bn,fi,id,ko,ru,sw,te"


def test_only_complete_groups_have_a_mean(tmp_path, caplog) -> None:
    for task in ("pawsx", "xnli", "bucc2018"):
        write_task(tmp_path, task)
    (tmp_path / "labels" / "tatoeba").mkdir()
    result = scored(tmp_path)
    assert list(result) == ["classification", "pawsx", "xnli", "bucc2018"]
    assert "tatoeba is not scored" in caplog.text


def test_questions_without_answer_are_counted_in_the_log(tmp_path, caplog) -> None:
    write_task(tmp_path, "tydiqa")
    scored(tmp_path)
    assert "test-te.json: questions without an answer, which score 0: " in caplog.text
    assert "test-te.json: answers to questions not asked, ignored: 1" in caplog.text


def refused(root: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        scored(root)
    return caught.value


def test_all_missing_files_are_named(tmp_path) -> None:
    write_task(tmp_path, "pawsx")
    write_task(tmp_path, "mlqa")
    gone = [
        tmp_path / "predictions" / "pawsx" / "test-ko.tsv",
        tmp_path / "labels" / "pawsx" / "test-de.tsv",
        tmp_path / "predictions" / "mlqa" / "test-hi.json",
    ]
    for path in gone:
        path.unlink()
    error = refused(tmp_path)
    assert error.what == "3 files are missing"
    assert all(str(path) in error.where for path in gone)


def test_nothing_to_score_is_refused(tmp_path) -> None:
    for side in ("predictions", "labels"):
        (tmp_path / side).mkdir()
    assert "no task has a folder" in refused(tmp_path).what


@pytest.mark.parametrize(
    ("task", "predictions", "labels", "what", "where"),
    [
        ("pawsx", "0\n1\n", "0\n1\n1\n", "2 lines of predictions for 3 lines", "test-ko.tsv"),
        ("pawsx", "", "", "empty", "predictions/pawsx/test-ko.tsv"),
        ("panx", "O\n", "O\n\nO\n", "1 sentences of predictions for 2", "test-ko.tsv"),
        ("panx", "O\n\n\nO\n", "O\n\nO\n", "3 sentences of predictions for 2", "test-ko.tsv"),
        ("panx", "O\nO\n\nO\n", "O\nO\n\nO\nO", "sentence 2 has 1 tags for 2", "ko.tsv, line 4"),
        ("tatoeba", "3\n1\n\n", "3\n1\n", "3 lines", "test-ko.tsv"),
        ("tatoeba", "3\n1\n ", "3\n1\n", "3 lines", "test-ko.tsv"),
        ("tydiqa", "[]", squad_json([["x"]]), "not a JSON object", "predictions"),
        ("tydiqa", '{"q0": 1}', squad_json([["x"]]), "question q0 is no text", "predictions"),
        ("tydiqa", "{", squad_json([["x"]]), "not JSON", "predictions"),
        ("tydiqa", "{}", '{"data": 1}', "SQuAD", "labels"),
        ("tydiqa", "{}", squad_json([[]]), "q0 has no gold answer", "labels"),
        ("tydiqa", "{}", '{"data": []}', "no questions", "labels"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path, task, predictions, labels, what, where
) -> None:
    write_task(tmp_path, task)
    write(tmp_path, "labels", task, "ko", labels)
    write(tmp_path, "predictions", task, "ko", predictions)
    error = refused(tmp_path)
    assert what in error.what
    assert where in error.where


def test_a_bucc_line_that_is_no_pair_is_refused(tmp_path) -> None:
    write_task(tmp_path, "bucc2018")
    path = write(tmp_path, "predictions", "bucc2018", "ru", "ru-1\ten-1\n\nru-2\ten-2\n")
    assert refused(tmp_path).where == f"{path}, line 2"
    write(tmp_path, "predictions", "bucc2018", "ru", "ru-1 en-1\n")
    assert "1 fields" in refused(tmp_path).what


def test_other_encodings_are_refused(tmp_path) -> None:
    write_task(tmp_path, "pawsx")
    (tmp_path / "labels" / "pawsx" / "test-de.tsv").write_bytes(b"\xff\xfe0\x00")
    assert "not UTF-8" in refused(tmp_path).what


def test_partial_averages_say_what_they_lack() -> None:
    averages = aggregate(
        {
            "pawsx": {code: {"accuracy": 50.0} for code in LANGUAGES["pawsx"]},
            "xnli": {"en": {"accuracy": 80.0}, "qaa": {"accuracy": 40.0}},
            "xquad": {"en": {"em": 60.0, "f1": 80.0}},
        }
    )
    assert averages.tasks["pawsx"].is_xtreme
    xnli = averages.tasks["xnli"]
    assert (xnli.score, xnli.languages, xnli.others) == (60.0, ("en", "qaa"), ("qaa",))
    assert xnli.missing == tuple(code for code in LANGUAGES["xnli"] if code != "en")
    assert not xnli.is_xtreme
    assert averages.tasks["xquad"].score == 70.0
    classification = averages.groups["classification"]
    assert (classification.score, classification.partial) == (55.0, ("xnli",))
    assert not classification.is_xtreme
    assert averages.groups["qa"].missing == ("mlqa", "tydiqa")
    assert "tagging" not in averages.groups
    assert averages.all_task.score == 60.0
    assert len(averages.all_task.missing) == 6


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({}, "no scores"),
        ({"xnly": {"en": {"accuracy": 1.0}}}, "no task 'xnly'"),
        ({"xnli": {}}, "no language of xnli"),
        ({"xquad": {"en": {"f1": 1.0}}}, "different metrics: em"),
        ({"udpos": {"af": {"f1": 1.0}, "ar": {"f1": 1.0, "accuracy": 1.0}}}, "metrics: accuracy"),
    ],
)
def test_averages_of_unlike_scores_are_refused(scores, said) -> None:
    with pytest.raises(DataError, match=said):
        aggregate(scores)


# --- the verb ----------------------------------------------------------------------------------


def run(*arguments: object) -> bool:
    parser = ArgumentParser()
    register_score(parser)
    return run_score(parser.parse_args([str(argument) for argument in arguments]))


def test_score_prints_and_writes_the_scores(submission, tmp_path, capsys) -> None:
    root, _ = submission
    out = tmp_path / "scores.json"
    assert run("--submission", root / "predictions", "--labels", root / "labels", "--json", out)
    assert json.loads(out.read_text(encoding="utf-8")) == scored(root)
    printed = capsys.readouterr().out
    assert f"all_task         {scored(root)['all_task']:6.2f}" in printed
    assert "PAN-X (40 languages)" in printed
    assert f"yo {scored(root)['panx']['f1']['yo']:.1f}" in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_score_says_which_averages_are_not_xtremes(tmp_path, capsys) -> None:
    write_task(tmp_path, "pawsx")
    assert run("--submission", tmp_path / "predictions", "--labels", tmp_path / "labels")
    printed = capsys.readouterr().out
    assert "classification        -   not scored: xnli\n" in printed
    assert "all_task              -   not scored: xnli, panx" in printed


def test_score_without_a_submission_is_left_to_the_workflow() -> None:
    assert not run()


@pytest.mark.parametrize("given", [("--submission", "s"), ("--labels", "l"), ("--json", "j")])
def test_half_a_request_is_refused(given) -> None:
    with pytest.raises(UsageError):
        run(*given)

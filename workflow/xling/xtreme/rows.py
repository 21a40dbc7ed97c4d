# SPDX-License-Identifier: Apache-2.0
"""From our predictions to the lines of a submission, one function per family of tasks.

Rows stand in the order of the prepared split.  Each function also writes the labels of the same
rows, so that the two sides of a task always fit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from xling.errors import DataError, UsageError
from xling.metrics.mining import best_threshold

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
_LINE_NUMBER = re.compile(r".*?(\d+)", re.DOTALL)
_STALE = "the gold side of {task} is not that of the predictions"


@dataclass
class Files:
    """The files of one task.

    Attributes:
        predictions: text of each language's file.
        labels: the same for the gold side.
        rows: examples in each language's labels.
        caveats: why the scores are not XTREME's, in sentences.
        notes: how the files came about, in sentences.
    """

    predictions: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    caveats: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, language: str, rows: int, predictions: str, labels: str) -> None:
        """Add the files of one language."""
        self.rows[language] = rows
        self.predictions[language] = predictions
        self.labels[language] = labels


def classification(task: str, predictions: pa.Table, prepared: pa.Table) -> Files:
    """Write one label per line."""
    files = Files()
    for language, gold, given in _joined(task, predictions, prepared):
        _agree(task, language, gold, given, "label")
        sides = (_lines(r["prediction"] for r in given), _lines(r["label"] for r in gold))
        files.add(language, len(gold), *sides)
    return files


def tagging(task: str, predictions: pa.Table, prepared: pa.Table) -> Files:
    """Write one tag per line and a blank line after each sentence."""
    files = Files()
    for language, gold, given in _joined(task, predictions, prepared):
        _agree(task, language, gold, given, "tags")
        for row in given:
            found, words = len(row["prediction"]), len(row["tags"])
            if found != words:
                what = f"{found} predicted tags for {words} words of {task}"
                raise _refused(what, language, row["id"])
        sides = ([r["prediction"] for r in given], [r["tags"] for r in gold])
        texts = ("".join(f"{_lines(tags)}\n" for tags in side) for side in sides)
        files.add(language, len(gold), *texts)
    return files


def qa(task: str, predictions: pa.Table, prepared: pa.Table) -> Files:
    """Write question id -> answer, and the gold answers in the format of SQuAD 1.1.

    Answers in another language than the file's (of a translated test set) are left out: the
    benchmark's gold answers are in the language of the file.
    """
    files = Files()
    for language, gold, given in _joined(task, predictions, prepared):
        translated = sum(row["text_language"] != language for row in gold)
        if translated:
            files.caveats.append(
                f"{language} is left out: {translated:,} questions were answered on a translation"
            )
            continue
        answers = {row["id"]: row["prediction"] for row in given}
        files.add(language, len(gold), _json(answers), _json(_squad(gold)))
    return files


def tatoeba(task: str, predictions: pa.Table, prepared: pa.Table) -> Files:
    """Write, for each English line in code-point order, the 0-based number of a foreign line."""
    files = Files()
    english_side, foreign_side = (_side(prepared, side) for side in ("target", "source"))
    foreign = _by_language(foreign_side, ("id", "language", "gold"))
    for language, english, given in _joined(task, predictions, english_side):
        partner = {one: row["id"] for row in foreign[language] for one in row["gold"]}
        for row in given:
            if partner.get(row["id"]) != row["gold"]:
                raise _refused(_STALE.format(task=task), language, row["id"])
        # Python compares texts by code point, which is the order of the hidden labels.
        order = sorted(range(len(english)), key=lambda i: english[i]["text"].strip())
        sides = (
            _lines(str(_line(given[i][name])) for i in order) for name in ("prediction", "gold")
        )
        files.add(language, len(english), *sides)
    return files


def bucc2018(task: str, predictions: pa.Table, prepared: pa.Table) -> Files:
    """Write the test pairs whose score reaches the threshold that is best on dev."""
    files = Files()
    sources = _by_language(_side(prepared, "source"), ("id", "language", "gold"))
    pairs = _by_language(predictions)
    for language in _in_order(pairs, sources):
        mined = pairs[language]
        dev, test = ([row for row in mined if row["split"] == split] for split in ("dev", "test"))
        rows = sources.get(language, [])
        gold = [(row["id"], partner) for row in rows for partner in row["gold"]]
        place = {row["id"]: i for i, row in enumerate(rows)}
        if {row["source"] for row in test} - place.keys() or set(gold) != {
            (row["source"], row["target"]) for row in test if row["gold"]
        }:
            raise _refused(_STALE.format(task=task), language)
        threshold, f1 = _threshold(language, dev)
        kept = [row for row in test if row["score"] is not None and row["score"] >= threshold]
        kept.sort(key=lambda row: (place[row["source"]], row["target"]))
        files.add(
            language,
            len(gold),
            _lines(f"{row['source']}\t{row['target']}" for row in kept),
            _lines("\t".join(pair) for pair in gold),
        )
        if _unsplit(dev) == _unsplit(test):
            files.caveats.append(f"{language}: the threshold was tuned on the very pairs exported")
        files.notes.append(f"{language}: threshold {threshold:.6g}, F1 on dev {f1:.1f}")
    return files


WRITERS: dict[str, Callable[[str, pa.Table, pa.Table], Files]] = {
    "pawsx": classification,
    "xnli": classification,
    "panx": tagging,
    "udpos": tagging,
    "xquad": qa,
    "mlqa": qa,
    "tydiqa": qa,
    "bucc2018": bucc2018,
    "tatoeba": tatoeba,
}


def of_setting(task: str, predictions: pa.Table, setting: str) -> pa.Table:
    """Return the rows of one setting.

    Raises:
        UsageError: no row has it.
    """
    chosen = _where(predictions, "setting", setting)
    if not len(chosen):
        known = sorted(set(predictions.column("setting").to_pylist()))
        raise UsageError(
            f"the predictions of {task} have no setting '{setting}'",
            where="--setting",
            allowed=", ".join(known),
        )
    return chosen


def _where(table: pa.Table, column: str, value: str) -> pa.Table:
    import pyarrow.compute as pc

    return table.filter(pc.equal(table.column(column), value))


def _side(prepared: pa.Table, side: str) -> pa.Table:
    return _where(prepared, "side", side)


def _by_language(table: pa.Table, columns: Sequence[str] | None = None) -> dict[str, list[Row]]:
    """Return the rows of each language; of all columns but the long ones nobody exports."""
    names = columns or [c for c in table.column_names if c not in ("logits", "tokens", "links")]
    rows: dict[str, list[Row]] = {}
    for row in table.select(names).to_pylist():
        rows.setdefault(row["language"], []).append(row)
    return rows


def _joined(
    task: str, predictions: pa.Table, prepared: pa.Table
) -> Iterable[tuple[str, list[Row], list[Row]]]:
    """Yield language, prepared rows and their predictions, for each language predicted."""
    golds, predicted = _by_language(prepared), _by_language(predictions)
    for language in _in_order(predicted, golds):
        gold, given = golds.get(language, []), predicted[language]
        found = {row["id"]: row for row in given}
        if len(found) != len(given):
            raise _refused(f"a row of {task} is predicted twice", language)
        differing = sorted(found.keys() ^ {row["id"] for row in gold})
        if differing:
            raise _refused(
                f"{len(differing)} rows of {task} are predicted but not prepared, or the reverse",
                language,
                differing[0],
            )
        if len(gold) != len(given):
            raise _refused(f"an id of {task} was prepared twice", language)
        yield language, gold, [found[row["id"]] for row in gold]


def _in_order(predicted: Iterable[str], prepared: Iterable[str]) -> list[str]:
    """Return the predicted languages, in the prepared order, then those never prepared."""
    place = {language: i for i, language in enumerate(prepared)}
    return sorted(predicted, key=lambda language: place.get(language, len(place)))


def _agree(
    task: str, language: str, gold: Sequence[Row], given: Sequence[Row], column: str
) -> None:
    for known, row in zip(gold, given, strict=True):
        if known[column] != row[column]:
            raise _refused(_STALE.format(task=task), language, row["id"])


def _threshold(language: str, dev: Sequence[Row]) -> tuple[float, float]:
    """Return threshold and its F1 on dev; pairs without a score were not mined."""
    scored = [row for row in dev if row["score"] is not None]
    try:
        return best_threshold(
            [row["score"] for row in scored],
            [row["gold"] for row in scored],
            sum(row["gold"] for row in dev),
        )
    except DataError as error:
        where = f"dev split, language {language}"
        raise DataError(error.what, where=where, allowed=error.allowed, fix=error.fix) from error


def _unsplit(rows: Sequence[Row]) -> list[Row]:
    return [row | {"split": ""} for row in rows]


def _squad(rows: Sequence[Row]) -> Mapping[str, Any]:
    paragraphs = []
    for _, asked in groupby(rows, key=lambda row: (row["group"], row["context"])):
        questions = list(asked)
        paragraphs.append(
            {"context": questions[0]["context"], "qas": [_question(row) for row in questions]}
        )
    return {"version": "1.1", "data": [{"title": "", "paragraphs": paragraphs}]}


def _question(row: Row) -> Row:
    answers = zip(row["answers"], row["starts"], strict=True)
    return {
        "id": row["id"],
        "question": row["question"],
        "answers": [{"text": text, "answer_start": start} for text, start in answers],
    }


def _line(row_id: str) -> int:
    """Return the 0-based line number of an id such as ``test-000001``."""
    match = _LINE_NUMBER.fullmatch(row_id)
    if match is None:
        raise _refused(f"the id '{row_id}' has no line number")
    return int(match[1]) - 1


def _lines(values: Iterable[str]) -> str:
    return "".join(f"{value}\n" for value in values)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _refused(what: str, language: str = "", row_id: str = "") -> DataError:
    where = ", ".join(
        f"{name} {value}" for name, value in (("language", language), ("id", row_id)) if value
    )
    return DataError(
        what,
        where=where,
        allowed="one prediction for each prepared row, with the same gold",
        fix="delete the predictions and run snakemake again",
    )

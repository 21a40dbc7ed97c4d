# SPDX-License-Identifier: Apache-2.0
"""Raw files made again from Parquet copies on the Hugging Face Hub.

Only where the copy has the same items as the release: XNLI, PAWS-X, PAN-X (WikiANN), XQuAD,
SQuAD 1.1, TyDiQA-GoldP.  Not UD-POS (syntactic words instead of fused tokens), not the QA sets of
``google/xtreme`` (contexts stripped, offsets not moved), not BUCC (gold pairs only).

The files have the release's names, layout and columns, not its bytes.  What the copies lack: the
pair ids of XNLI (here: row numbers, the same item in every language) and the titles of XQuAD.
Labels are matched by name; the number of rows is that of the release.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from xling.data.language_names import TYDIQA
from xling.data.rebuild_sizes import PANX, TYDIQA_DEV, TYDIQA_TRAIN
from xling.errors import DataError
from xling.tasks import SOURCE_LANGUAGE, TASKS

if TYPE_CHECKING:
    import pyarrow as pa

#: Downloads an address to a path.
Fetcher = Callable[[str, Path], None]
#: Writes the files of an artefact into an empty folder.
Rebuilder = Callable[[Fetcher, Path], None]
Row = dict[str, Any]

# The Hub's automatic conversion; parts of a split are numbered from 0000.
_ADDRESS = (
    "https://huggingface.co/datasets/{dataset}/resolve/refs%2Fconvert%2Fparquet"
    "/{config}/{split}/{part:04}.parquet"
)
# The Hub's names of the splits.
_SPLITS = {"train": "train", "dev": "validation", "test": "test"}
# Class names by index as the data cards have them, for copies that do not say it themselves.
_XNLI = ("entailment", "neutral", "contradiction")
_PAWSX = ("0", "1")
_PANX = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
# XQuAD has five paragraphs of each of 48 articles (counted).
_XQUAD_PARAGRAPHS = 5


def _rows(
    fetch: Fetcher, folder: Path, dataset: str, config: str, split: str, count: int
) -> pa.Table:
    """Download the parts of a split until it has ``count`` rows.

    Raises:
        DataError: the copy has another number of rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables: list[pa.Table] = []
    with TemporaryDirectory(dir=folder) as scratch:
        while sum(table.num_rows for table in tables) < count:
            address = _ADDRESS.format(
                dataset=dataset, config=config, split=_SPLITS[split], part=len(tables)
            )
            target = Path(scratch) / f"{len(tables):04}.parquet"
            fetch(address, target)
            try:
                tables.append(pq.read_table(target))
            except (pa.ArrowException, OSError) as error:
                raise DataError(
                    f"the Parquet copy cannot be read: {error}", where=address
                ) from error
            if not tables[-1].num_rows:
                break
    found = sum(table.num_rows for table in tables)
    if found != count:
        raise DataError(
            f"the Parquet copy {dataset}, {config}, {split} has {found} rows",
            where=address,
            allowed=f"{count} rows, as in the release",
            fix="the copy changed: use the published address",
        )
    return pa.concat_tables(tables)


def _labels(table: pa.Table, column: str, documented: Sequence[str]) -> Sequence[str]:
    """Return the class names by index: what the file says, else what its data card says.

    Raises:
        DataError: there are other names, or rows without a label (-1).
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    names, stored = documented, (table.schema.metadata or {}).get(b"huggingface")
    if stored is not None:
        feature = json.loads(stored)["info"]["features"][column]
        names = (feature.get("feature") or feature)["names"]
    values = table.column(column)
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        values = pc.list_flatten(values)
    found = pc.unique(values).to_pylist()
    if sorted(names) != sorted(documented) or not set(found) <= set(range(len(names))):
        raise DataError(
            f"the Parquet copy has the labels {', '.join(names)} and the numbers {found}",
            where=f"column {column}",
            allowed=f"{', '.join(documented)}; every row with one",
        )
    return names


def _published(task: str, split: str, code: str) -> int:
    rows = TASKS[task].published_rows(split, code)
    if rows is None:
        raise KeyError(f"xling.tasks has no number of rows for {task}, {split}, {code}")
    return rows


def _write_lines(path: Path, lines: Iterable[Sequence[Any]]) -> None:
    """Write rows of fields separated by tabs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for fields in lines:
            texts = [str(field) for field in fields]
            if None in fields or any("\t" in text or "\n" in text for text in texts):
                raise DataError(
                    "a row of the Parquet copy has no text, or one with a tab or a line break: "
                    f"{str(fields)[:200]}"
                )
            stream.write("\t".join(texts) + "\n")


def _xnli(fetch: Fetcher, folder: Path) -> None:
    # The release's columns up to the pair id, so that their positions are those of the release.
    header = (
        "language gold_label sentence1_binary_parse sentence2_binary_parse sentence1_parse "
        "sentence2_parse sentence1 sentence2 promptID pairID"
    ).split()
    for split in ("dev", "test"):
        lines: list[Sequence[Any]] = [header]
        for code in TASKS["xnli"].languages:
            count = _published("xnli", split, code)
            table = _rows(fetch, folder, "facebook/xnli", code, split, count)
            names = _labels(table, "label", _XNLI)
            for number, row in enumerate(table.to_pylist(), start=1):
                pair = (row["premise"], row["hypothesis"])
                lines.append((code, names[row["label"]], "", "", "", "", *pair, number, number))
        _write_lines(folder / "XNLI-1.0" / f"xnli.{split}.tsv", lines)


def _xnli_mt(fetch: Fetcher, folder: Path) -> None:
    count = _published("xnli", "train", SOURCE_LANGUAGE)
    for code in TASKS["xnli"].languages:
        table = _rows(fetch, folder, "facebook/xnli", code, "train", count)
        # The release writes this label in another way.
        names = [
            "contradictory" if name == "contradiction" else name
            for name in _labels(table, "label", _XNLI)
        ]
        lines = ((r["premise"], r["hypothesis"], names[r["label"]]) for r in table.to_pylist())
        path = folder / "XNLI-MT-1.0" / "multinli" / f"multinli.train.{code}.tsv"
        _write_lines(path, [("premise", "hypo", "label"), *lines])


def _pawsx(fetch: Fetcher, folder: Path) -> None:
    header = ("id", "sentence1", "sentence2", "label")
    for code in TASKS["pawsx"].languages:
        train = "train" if code == SOURCE_LANGUAGE else "translated_train"
        for split, name in (("train", train), ("dev", "dev_2k"), ("test", "test_2k")):
            count = _published("pawsx", split, code)
            dataset = "google-research-datasets/paws-x"
            table = _rows(fetch, folder, dataset, code, split, count)
            names = _labels(table, "label", _PAWSX)
            lines = (
                (row["id"], row["sentence1"], row["sentence2"], names[row["label"]])
                for row in table.to_pylist()
            )
            _write_lines(folder / "x-final" / code / f"{name}.tsv", [header, *lines])


def _panx(code: str, fetch: Fetcher, folder: Path) -> None:
    for split, count in zip(("train", "dev", "test"), PANX[code], strict=True):
        table = _rows(fetch, folder, "unimelb-nlp/wikiann", code, split, count)
        names = _labels(table, "ner_tags", _PANX)
        lines: list[Sequence[str]] = []
        for row in table.to_pylist():
            for token, tag in zip(row["tokens"], row["ner_tags"], strict=True):
                lines.append((f"{code}:{token}", names[tag]))
            lines.append(("",))
        _write_lines(folder / split, lines)


def _write_questions(path: Path, version: str, articles: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    value = {"version": version, "data": list(articles)}
    text = json.dumps(value, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _paragraphs(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield SQuAD's paragraphs: rows in a row that have the same context."""
    for context, group in groupby(rows, key=lambda row: row["context"]):
        questions = [
            {
                "id": row["id"],
                "question": row["question"],
                "answers": [
                    {"text": text, "answer_start": start}
                    for text, start in zip(
                        row["answers"]["text"], row["answers"]["answer_start"], strict=True
                    )
                ],
            }
            for row in group
        ]
        yield {"context": context, "qas": questions}


def _articles(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield SQuAD's articles: rows in a row that have the same title."""
    for title, group in groupby(rows, key=lambda row: row["title"]):
        yield {"title": title, "paragraphs": list(_paragraphs(group))}


def _squad(split: str, fetch: Fetcher, folder: Path) -> None:
    count = _published("xquad", split, SOURCE_LANGUAGE)
    table = _rows(fetch, folder, "rajpurkar/squad", "plain_text", split, count)
    _write_questions(folder / f"{split}-v1.1.json", "1.1", _articles(table.to_pylist()))


def _xquad(code: str, fetch: Fetcher, folder: Path) -> None:
    count = _published("xquad", "test", code)
    table = _rows(fetch, folder, "google/xquad", f"xquad.{code}", "dev", count)
    paragraphs = list(_paragraphs(table.to_pylist()))
    articles = [
        {"title": "", "paragraphs": paragraphs[start : start + _XQUAD_PARAGRAPHS]}
        for start in range(0, len(paragraphs), _XQUAD_PARAGRAPHS)
    ]
    _write_questions(folder / f"xquad.{code}.json", "1.1", articles)


def _tydiqa_train(fetch: Fetcher, folder: Path) -> None:
    rows = _tydiqa(fetch, folder, "train", TYDIQA_TRAIN)
    _write_questions(folder / "tydiqa-goldp-v1.1-train.json", "1.1", _articles(rows))


def _tydiqa_dev(fetch: Fetcher, folder: Path) -> None:
    rows = _tydiqa(fetch, folder, "dev", TYDIQA_DEV)
    for name in TYDIQA.values():
        own = [row for row in rows if row["id"].startswith(f"{name}-")]
        path = folder / "tydiqa-goldp-v1.1-dev" / f"tydiqa-goldp-dev-{name}.json"
        _write_questions(path, "1.1", _articles(own))


def _tydiqa(fetch: Fetcher, folder: Path, split: str, count: int) -> list[Row]:
    dataset = "google-research-datasets/tydiqa"
    rows: list[Row] = _rows(fetch, folder, dataset, "secondary_task", split, count).to_pylist()
    for row in rows:
        if row["id"].split("-")[0] not in TYDIQA.values():
            raise DataError(
                f"the Parquet copy has a question of an unknown language: '{row['id']}'",
                where=f"{dataset}, {split}",
                allowed=f"ids that begin with {', '.join(TYDIQA.values())}",
            )
    return rows


#: By the name after ``rebuild:`` in ``config/datasets.csv``.
REBUILDERS: dict[str, Rebuilder] = {
    "xnli-1.0": _xnli,
    "xnli-mt-1.0": _xnli_mt,
    "pawsx-x-final": _pawsx,
    **{f"panx-{code}": partial(_panx, code) for code in PANX},
    **{f"squad-1.1-{split}": partial(_squad, split) for split in ("train", "dev")},
    **{f"xquad-{code}": partial(_xquad, code) for code in TASKS["xquad"].languages},
    "tydiqa-goldp-1.1-train": _tydiqa_train,
    "tydiqa-goldp-1.1-dev": _tydiqa_dev,
}

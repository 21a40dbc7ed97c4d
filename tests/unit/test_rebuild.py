# SPDX-License-Identifier: Apache-2.0
"""Raw files made from Parquet copies, read back with the readers of the releases."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.error import URLError

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xling.data import rebuild
from xling.data.manifest import RawFile
from xling.data.readers import read
from xling.data.rebuild import REBUILDERS
from xling.errors import DataError
from xling.tasks import TASKS

HUB = "https://huggingface.co/datasets"


class Hub:
    """Parquet files by address, and which were asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Path] = {}
        self.asked: list[str] = []

    def put(self, dataset: str, config: str, split: str, table: pa.Table, part: int = 0) -> None:
        path = self.folder / f"{len(self.files)}.parquet"
        pq.write_table(table, path)
        address = f"{HUB}/{dataset}/resolve/refs%2Fconvert%2Fparquet/{config}/{split}"
        self.files[f"{address}/{part:04}.parquet"] = path

    def fetch(self, address: str, target: Path) -> None:
        self.asked.append(address)
        if address not in self.files:
            raise URLError(f"404: {address}")
        shutil.copyfile(self.files[address], target)


@pytest.fixture
def hub(tmp_path):
    (tmp_path / "hub").mkdir()
    return Hub(tmp_path / "hub")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


@pytest.fixture
def counts(monkeypatch):
    """Let each published split have as many rows as a test says."""

    def set_counts(**rows: int) -> None:
        monkeypatch.setattr(rebuild, "_published", lambda task, split, code: rows[split])

    return set_counts


def labelled(columns: dict, names: list[str] | None, label: str = "label") -> pa.Table:
    """Return a table; ``names`` are written into it as the library of the Hub does."""
    table = pa.table(columns)
    if names is None:
        return table
    feature: dict = {"names": names, "_type": "ClassLabel"}
    if pa.types.is_list(table.schema.field(label).type):
        feature = {"feature": feature, "_type": "List"}
    features = {name: {"dtype": "string", "_type": "Value"} for name in columns} | {label: feature}
    stored = json.dumps({"info": {"features": features}})
    return table.replace_schema_metadata({"huggingface": stored})


def rows_of(path: Path, form: str, role="labelled", split="test", language="all", labels=()):
    about = RawFile(
        path=str(path), format=form, role=role, split=split, language=language, bytes=0, sha256=""
    )
    return read(path, about, labels).rows


def names_below(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


NLI = TASKS["xnli"].labels


@pytest.mark.parametrize("names", [None, ["neutral", "contradiction", "entailment"]])
def test_xnli_numbers_its_pairs_and_names_its_labels(hub, folder, counts, names):
    counts(dev=2, test=3)
    order = names or ["entailment", "neutral", "contradiction"]
    wanted = [
        ("One.", "Two.", "neutral"),
        ('A "b"', "C", "entailment"),
        ("D", "E", "contradiction"),
    ]
    for code in TASKS["xnli"].languages:
        for split, count in (("validation", 2), ("test", 3)):
            columns = {
                "premise": [f"{code} {row[0]}" for row in wanted[:count]],
                "hypothesis": [row[1] for row in wanted[:count]],
                "label": [order.index(row[2]) for row in wanted[:count]],
            }
            hub.put("facebook/xnli", code, split, labelled(columns, names))
    REBUILDERS["xnli-1.0"](hub.fetch, folder)
    assert names_below(folder) == ["XNLI-1.0/xnli.dev.tsv", "XNLI-1.0/xnli.test.tsv"]
    rows = rows_of(folder / "XNLI-1.0/xnli.test.tsv", "xnli-1.0", labels=NLI)
    assert [row[:5] for row in rows] == [
        (str(i), code, f"{code} {first}", second, label)
        for code in TASKS["xnli"].languages
        for i, (first, second, label) in enumerate(wanted, start=1)
    ]
    # The columns that XTREME's script reads by number.
    fields = (
        (folder / "XNLI-1.0/xnli.dev.tsv").read_text(encoding="utf-8").split("\n")[1].split("\t")
    )
    assert [fields[i] for i in (0, 1, 6, 7)] == ["ar", "neutral", "ar One.", "Two."]


def test_xnli_mt_keeps_the_spelling_of_the_release(hub, folder, counts):
    counts(train=2)
    for code in TASKS["xnli"].languages:
        columns = {"premise": ["a", "b"], "hypothesis": ["c", code], "label": [2, 0]}
        hub.put("facebook/xnli", code, "train", labelled(columns, None))
    REBUILDERS["xnli-mt-1.0"](hub.fetch, folder)
    assert len(names_below(folder)) == 15
    path = folder / "XNLI-MT-1.0/multinli/multinli.train.sw.tsv"
    assert path.read_text(encoding="utf-8").splitlines()[1] == "a\tc\tcontradictory"
    rows = rows_of(path, "xnli-mt-1.0", "translate_train", "train", "sw", NLI)
    assert [row[1:5] for row in rows] == [
        ("sw", "a", "c", "contradiction"),
        ("sw", "b", "sw", "entailment"),
    ]


def test_pawsx_has_one_folder_per_language(hub, folder, counts):
    counts(train=2, dev=1, test=1)
    for code in TASKS["pawsx"].languages:
        for split, ids in (("train", [7, 9]), ("validation", [1]), ("test", [1])):
            columns = {
                "id": ids,
                "sentence1": [f"{code} {split} {i}" for i in ids],
                "sentence2": ["NS"] * len(ids),
                "label": [i % 3 % 2 for i in ids],
            }
            dataset = "google-research-datasets/paws-x"
            hub.put(dataset, code, split, labelled(columns, ["0", "1"]))
    REBUILDERS["pawsx-x-final"](hub.fetch, folder)
    assert names_below(folder)[:6] == [
        "x-final/de/dev_2k.tsv",
        "x-final/de/test_2k.tsv",
        "x-final/de/translated_train.tsv",
        "x-final/en/dev_2k.tsv",
        "x-final/en/test_2k.tsv",
        "x-final/en/train.tsv",
    ]
    path = folder / "x-final/de/translated_train.tsv"
    rows = rows_of(path, "pawsx-x-final", "translate_train", "train", "de", ("0", "1"))
    assert [row[:5] for row in rows] == [
        ("7", "de", "de train 7", "NS", "1"),
        ("9", "de", "de train 9", "NS", "0"),
    ]


@pytest.mark.parametrize(
    "names", [None, ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"]]
)
def test_panx_keeps_colons_in_words_and_sentences_apart(hub, folder, monkeypatch, names):
    monkeypatch.setitem(rebuild.PANX, "de", (2, 1, 1))
    order = names or ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
    sentences = [(["In", "Köln:", "11:30"], ["O", "B-LOC", "I-LOC"]), (["Ada"], ["B-PER"])]
    for split, count in (("train", 2), ("validation", 1), ("test", 1)):
        columns = {
            "tokens": [words for words, _ in sentences[:count]],
            "ner_tags": [[order.index(tag) for tag in tags] for _, tags in sentences[:count]],
            "langs": [["de"] * len(words) for words, _ in sentences[:count]],
        }
        table = labelled(columns, names, "ner_tags")
        hub.put("unimelb-nlp/wikiann", "de", split, table)
    REBUILDERS["panx-de"](hub.fetch, folder)
    assert names_below(folder) == ["dev", "test", "train"]
    assert (folder / "test").read_text(encoding="utf-8") == (
        "de:In\tO\nde:Köln:\tB-LOC\nde:11:30\tI-LOC\n\n"
    )
    rows = rows_of(folder / "train", "wikiann", "labelled", "train", "de", TASKS["panx"].labels)
    assert [(list(row.tokens), list(row.tags)) for row in rows] == sentences


def question(number: str, context: str, title: str = "", start: int = 0) -> dict:
    answers = {"text": [context[start : start + 3]], "answer_start": [start]}
    return {
        "id": number,
        "title": title,
        "context": context,
        "question": f"Was {number}?",
        "answers": answers,
    }


def read_questions(path: Path, form: str = "squad-json", split: str = "test", language: str = "de"):
    return [
        (row.id, row.language, row.group, row.context, row.question, row.answers, row.starts)
        for row in rows_of(path, form, split=split, language=language)
    ]


def test_squad_has_articles_and_paragraphs(hub, folder, counts):
    counts(dev=4)
    rows = [
        question("1", " Öl und Wasser", "Öl", 1),
        question("2", " Öl und Wasser", "Öl", 4),
        question("3", "Feuer", "Öl"),
        question("4", "Luft", "Luft"),
    ]
    hub.put("rajpurkar/squad", "plain_text", "validation", pa.Table.from_pylist(rows))
    REBUILDERS["squad-1.1-dev"](hub.fetch, folder)
    assert names_below(folder) == ["dev-v1.1.json"]
    value = json.loads((folder / "dev-v1.1.json").read_text(encoding="utf-8"))
    assert [article["title"] for article in value["data"]] == ["Öl", "Luft"]
    assert [len(article["paragraphs"]) for article in value["data"]] == [2, 1]
    assert read_questions(folder / "dev-v1.1.json", language="en") == [
        ("1", "en", "a000-p000", " Öl und Wasser", "Was 1?", ("Öl ",), (1,)),
        ("2", "en", "a000-p000", " Öl und Wasser", "Was 2?", ("und",), (4,)),
        ("3", "en", "a000-p001", "Feuer", "Was 3?", ("Feu",), (0,)),
        ("4", "en", "a001-p000", "Luft", "Was 4?", ("Luf",), (0,)),
    ]


def test_xquad_has_five_paragraphs_per_article_as_in_the_release(hub, folder, counts):
    counts(test=14)
    contexts = [f"Satz {i // 2}." for i in range(14)]
    rows = [question(str(i), context) for i, context in enumerate(contexts)]
    table = pa.Table.from_pylist(rows).drop_columns(["title"])
    hub.put("google/xquad", "xquad.de", "validation", table)
    REBUILDERS["xquad-de"](hub.fetch, folder)
    found = read_questions(folder / "xquad.de.json")
    assert [row[2] for row in found[::2]] == [
        *(f"a000-p00{i}" for i in range(5)),
        "a001-p000",
        "a001-p001",
    ]
    assert [row[0] for row in found] == [str(i) for i in range(14)]
    assert [row[3] for row in found] == contexts


def test_tydiqa_train_is_one_file_and_dev_one_per_language(hub, folder, monkeypatch):
    from xling.data.language_names import TYDIQA

    rows = [
        question(f"{name}-{i}-{k}", f"{name} {i}", name)
        for i in range(2)
        for name in TYDIQA.values()
        for k in range(i + 1)
    ]
    monkeypatch.setattr(rebuild, "TYDIQA_TRAIN", len(rows))
    monkeypatch.setattr(rebuild, "TYDIQA_DEV", len(rows))
    dataset = "google-research-datasets/tydiqa"
    for split in ("train", "validation"):
        hub.put(dataset, "secondary_task", split, pa.Table.from_pylist(rows))
    REBUILDERS["tydiqa-goldp-1.1-train"](hub.fetch, folder)
    train = rows_of(folder / "tydiqa-goldp-v1.1-train.json", "tydiqa-goldp", split="train")
    assert sorted((row.language, row.context) for row in train) == sorted(
        (code, f"{name} {i}") for code, name in TYDIQA.items() for i in (0, 1, 1)
    )
    REBUILDERS["tydiqa-goldp-1.1-dev"](hub.fetch, folder)
    found = read_questions(
        folder / "tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-swahili.json", language="sw"
    )
    assert [row[0] for row in found] == ["swahili-0-0", "swahili-1-0", "swahili-1-1"]
    assert len(names_below(folder)) == 10
    monkeypatch.setattr(rebuild, "TYDIQA_DEV", 1)
    other = pa.Table.from_pylist([question("latin-1-1", "Gallia")])
    hub.put(dataset, "secondary_task", "validation", other)
    with pytest.raises(DataError, match="unknown language: 'latin-1-1'"):
        REBUILDERS["tydiqa-goldp-1.1-dev"](hub.fetch, folder)


# --- what a copy may do wrong --------------------------------------------------------------------


def squad(hub: Hub, *parts: list[dict]) -> None:
    for i, rows in enumerate(parts):
        table = pa.Table.from_pylist(rows)
        hub.put("rajpurkar/squad", "plain_text", "validation", table, part=i)


def test_parts_are_fetched_until_all_rows_are_there(hub, folder, counts):
    counts(dev=3)
    squad(
        hub,
        [question("1", "Das"), question("2", "Das")],
        [question("3", "Der")],
        [question("4", "")],
    )
    REBUILDERS["squad-1.1-dev"](hub.fetch, folder)
    start = f"{HUB}/rajpurkar/squad/resolve/refs%2Fconvert%2Fparquet/plain_text/validation"
    assert hub.asked == [f"{start}/0000.parquet", f"{start}/0001.parquet"]
    assert [row[0] for row in read_questions(folder / "dev-v1.1.json")] == ["1", "2", "3"]


def test_too_many_rows_or_a_missing_part_is_an_error(hub, folder, counts):
    squad(hub, [question("1", "Das"), question("2", "Das")])
    counts(dev=1)
    with pytest.raises(DataError) as caught:
        REBUILDERS["squad-1.1-dev"](hub.fetch, folder)
    assert caught.value.what == "the Parquet copy rajpurkar/squad, plain_text, dev has 2 rows"
    assert caught.value.allowed == "1 rows, as in the release"
    counts(dev=3)
    with pytest.raises(URLError, match=r"0001\.parquet"):
        REBUILDERS["squad-1.1-dev"](hub.fetch, folder)
    assert names_below(folder) == []


def test_a_file_that_is_no_parquet_is_named(hub, folder, counts):
    counts(dev=1)
    squad(hub, [question("1", "Das")])
    next(iter(hub.files.values())).write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="the Parquet copy cannot be read"):
        REBUILDERS["squad-1.1-dev"](hub.fetch, folder)


@pytest.mark.parametrize(
    ("names", "index"), [(["ja", "nein", "O"], 0), (None, -1), (None, 3), (None, None)]
)
def test_other_labels_or_none_are_an_error(hub, folder, counts, names, index):
    counts(train=1)
    columns = {"premise": ["a"], "hypothesis": ["b"], "label": [index]}
    hub.put("facebook/xnli", "ar", "train", labelled(columns, names))
    with pytest.raises(DataError, match="the Parquet copy has the labels"):
        REBUILDERS["xnli-mt-1.0"](hub.fetch, folder)


@pytest.mark.parametrize("text", ["a\tb", "a\nb", None])
def test_texts_that_no_line_can_hold_are_an_error(hub, folder, counts, text):
    counts(train=1)
    columns = {"premise": [text], "hypothesis": ["b"], "label": [1]}
    hub.put("facebook/xnli", "ar", "train", labelled(columns, None))
    with pytest.raises(DataError, match="no text, or one with a tab or a line break"):
        REBUILDERS["xnli-mt-1.0"](hub.fetch, folder)


def test_the_sizes_are_those_of_the_tasks():
    panx = TASKS["panx"]
    assert set(rebuild.PANX) == set(panx.languages)
    for code, (train, dev, test) in rebuild.PANX.items():
        assert dev == panx.published_rows("dev", code)
        assert test == panx.published_rows("test", code)
        assert train >= dev or code == "sw"
    assert rebuild.PANX["en"][0] == panx.published_rows("train", "en")
    tests = TASKS["tydiqa"].rows["test"]
    assert sum(tests.values()) == rebuild.TYDIQA_DEV


def test_names_in_a_file_of_the_library_are_found(tmp_path):
    """The metadata is what the library really writes."""
    datasets = pytest.importorskip("datasets")
    tags = datasets.ClassLabel(names=["O", "B-PER"])
    features = datasets.Features({"tags": datasets.List(tags), "label": tags})
    data = datasets.Dataset.from_dict({"tags": [[1, 0]], "label": [1]}, features=features)
    data.to_parquet(tmp_path / "x.parquet")
    table = pq.read_table(tmp_path / "x.parquet")
    assert rebuild._labels(table, "tags", ("B-PER", "O")) == ["O", "B-PER"]
    assert rebuild._labels(table, "label", ("B-PER", "O")) == ["O", "B-PER"]

# SPDX-License-Identifier: Apache-2.0
"""BUCC and Tatoeba from raw files to checked tables: sides, gold, counts, what is said."""

from pathlib import Path

import pytest

from conftest import REALDATA
from xling.config.study import SplitSizes
from xling.data.manifest import Manifest, RawFile, sha256_of
from xling.data.prepare import prepare
from xling.errors import DataError

REAL = pytest.mark.skipif(not REALDATA.exists(), reason="the real files are not here")
SIZES = SplitSizes(dev=2, test=2)
ISO3 = dict(
    zip(
        "af ar de es fr hi ka sw tr zh".split(),
        "afr ara deu spa fra hin kat swh tur cmn".split(),
        strict=True,
    )
)


def raw(path: Path, form: str, split: str, language: str) -> RawFile:
    return RawFile(
        path=str(path),
        format=form,
        role="labelled",
        split=split,
        language=language,
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
    )


class Raw:
    """Raw files of one task, written side by side."""

    def __init__(self, folder: Path, task: str) -> None:
        self.folder, self.task, self.files = folder, task, []

    def add(self, form: str, split: str, lines: list[str], language: str = "qaa") -> None:
        path = self.folder / f"{form}.{split}.{language}"
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        self.files = [file for file in self.files if file.path != str(path)]
        self.files.append(raw(path, form, split, language))

    def prepare(self, split, languages=("qaa",), *, test_split="test", sizes=SIZES):
        manifest = Manifest(task=self.task, origin="made up", translations="", files=self.files)
        return prepare(
            self.task,
            split,
            list(languages),
            manifest,
            self.folder,
            sizes,
            test_split=test_split,
        )

    def refused(self, *args, **kwargs) -> DataError:
        with pytest.raises(DataError) as caught:
            self.prepare(*args, **kwargs)
        return caught.value


@pytest.fixture
def bucc(tmp_path) -> Raw:
    files = Raw(tmp_path, "bucc2018")
    for split in ("dev", "test"):
        files.add("bucc-source", split, [f"qaa-{i}\tqaa {split} {i}" for i in range(4)])
        files.add("bucc-target", split, [f"en-{i}\ten {split} {i}" for i in range(3)])
        files.add("bucc-gold", split, ["qaa-2\ten-0", "qaa-0\ten-2"])
    return files


@pytest.fixture
def tatoeba(tmp_path) -> Raw:
    files = Raw(tmp_path, "tatoeba")
    files.add("tatoeba-source", "test", ["qaa b", "qaa a"])
    files.add("tatoeba-target", "test", ["en b", "en a"])
    return files


def columns(table, *names):
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


# --- good data -------------------------------------------------------------------------------


def test_bucc_has_the_foreign_side_with_gold_then_the_english_side(bucc):
    table, summary = bucc.prepare("dev")
    assert columns(table, "id", "language", "side", "text", "gold") == [
        ("qaa-0", "qaa", "source", "qaa dev 0", ["en-2"]),
        ("qaa-1", "qaa", "source", "qaa dev 1", []),
        ("qaa-2", "qaa", "source", "qaa dev 2", ["en-0"]),
        ("qaa-3", "qaa", "source", "qaa dev 3", []),
        ("en-0", "qaa", "target", "en dev 0", []),
        ("en-1", "qaa", "target", "en dev 1", []),
        ("en-2", "qaa", "target", "en dev 2", []),
    ]
    assert summary["scored"] == {"qaa": 2}
    assert summary["notes"] == []
    assert [source["path"].rpartition("/")[2] for source in summary["sources"]] == [
        "bucc-gold.dev.qaa",
        "bucc-source.dev.qaa",
        "bucc-target.dev.qaa",
    ]


def test_bucc_scored_on_its_dev_set_says_that_the_threshold_has_seen_it(bucc):
    for code in ("qaa", "qab"):
        for form in ("source", "target", "gold"):
            lines = (bucc.folder / f"bucc-{form}.dev.qaa").read_text().splitlines()
            bucc.add(f"bucc-{form}", "dev", lines, code)
    table, summary = bucc.prepare("test", ("qaa", "qab"), test_split="dev")
    assert "qaa dev 0" in table["text"].to_pylist()
    told = "the dev split is scored, and the threshold is tuned on the same pairs"
    assert summary["notes"].count(told) == 1
    assert bucc.prepare("test")[1]["notes"] == []


def test_tatoeba_lines_of_one_number_belong_together(tatoeba):
    table, summary = tatoeba.prepare("test")
    assert columns(table, "id", "side", "text", "gold") == [
        ("test-000001", "source", "qaa b", ["test-000001"]),
        ("test-000002", "source", "qaa a", ["test-000002"]),
        ("test-000001", "target", "en b", []),
        ("test-000002", "target", "en a", []),
    ]
    assert summary["scored"] == {"qaa": 2}


def test_repeated_sentences_are_counted(bucc, tatoeba):
    bucc.add("bucc-source", "dev", [f"qaa-{i}\tsame" for i in range(3)] + ["qaa-3\tother"])
    assert bucc.prepare("dev")[1]["notes"] == [
        "qaa: 3 foreign and 0 English sentences stand more than once on their side; never "
        "predicted, because a text must name one sentence"
    ]
    tatoeba.add("tatoeba-target", "test", ["same", "same "])
    assert tatoeba.prepare("test")[1]["notes"] == [
        "qaa: 0 foreign and 2 English sentences stand more than once on their side; only the first "
        "of equal ones can be found"
    ]


# --- damage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("qaa-9\ten-0", "'qaa-9', which no sentence of the foreign side has"),
        ("qaa-1\ten-9", "'en-9', which no sentence of the English side has"),
        ("en-0\tqaa-1", "'en-0', which no sentence of the foreign side has"),
    ],
)
def test_gold_must_name_sentences(bucc, line, what):
    bucc.add("bucc-gold", "dev", ["qaa-2\ten-0", line])
    error = bucc.refused("dev")
    assert what in error.what
    assert error.where == f"{bucc.folder / 'bucc-gold.dev.qaa'}, line 2"


def test_artificial_data_has_the_configured_number_of_gold_pairs(bucc):
    bucc.add("bucc-gold", "dev", ["qaa-2\ten-0"])
    assert "has 1 rows" in bucc.refused("dev").what
    assert bucc.prepare("dev", sizes=SplitSizes(dev=1, test=2))[0].num_rows == 7


def test_tatoeba_sides_must_have_as_many_lines(tatoeba):
    tatoeba.add("tatoeba-target", "test", ["en b", "en a", "en c"])
    assert "has 3 rows" in tatoeba.refused("test").what  # artificial: the size is known
    tatoeba.files = [f.model_copy(update={"language": "xx"}) for f in tatoeba.files]
    error = tatoeba.refused("test", ("xx",), sizes=None)  # no published size
    assert error.what == "the two sides of xx have 2 and 3 lines"


def test_sorted_english_lines_are_refused_as_they_hide_the_gold(tmp_path):
    files = Raw(tmp_path, "tatoeba")
    english = [f"line {i:04d}" for i in range(205)]
    files.add("tatoeba-source", "test", [f"baris {i:04d}" for i in range(205)], "jv")
    files.add("tatoeba-target", "test", english, "jv")
    error = files.refused("test", ("jv",), sizes=None)
    assert "sorted" in error.what
    assert "LASER" in error.fix
    files.add("tatoeba-target", "test", english[::-1], "jv")
    assert files.prepare("test", ("jv",), sizes=None)[0].num_rows == 410


def test_published_counts_are_asserted(tmp_path):
    files = Raw(tmp_path, "tatoeba")
    files.add("tatoeba-source", "test", ["b", "a"], "jv")
    files.add("tatoeba-target", "test", ["b", "a"], "jv")
    assert files.refused("test", ("jv",), sizes=None).allowed == "205 rows"
    files = Raw(tmp_path, "bucc2018")
    files.add("bucc-source", "dev", ["de-1\tEins."], "de")
    files.add("bucc-target", "dev", ["en-1\tOne."], "de")
    files.add("bucc-gold", "dev", ["de-1\ten-1"], "de")
    assert files.refused("dev", ("de",), sizes=None).allowed == "1038 rows"
    for form in ("source", "target", "gold"):
        lines = (tmp_path / f"bucc-{form}.dev.de").read_text().splitlines()
        files.add(f"bucc-{form}", "dev", lines, "zh")
    assert files.refused("dev", ("zh",), sizes=None).allowed == "8624 rows"


def test_a_missing_or_doubled_file_is_named(bucc):
    bucc.files = [file for file in bucc.files if file.format != "bucc-gold"]
    assert "0 files of the format bucc-gold, split dev" in bucc.refused("dev").what
    bucc.files += [file for file in bucc.files if file.format == "bucc-source"]
    assert "2 files of the format bucc-source" in bucc.refused("dev").what


# --- the real files --------------------------------------------------------------------------


@REAL
@pytest.mark.realdata
def test_real_tatoeba_has_the_published_counts():
    folder = REALDATA / "tatoeba" / "v1"
    files = Raw(folder, "tatoeba")
    for code, iso3 in ISO3.items():
        for end, form in ((iso3, "tatoeba-source"), ("eng", "tatoeba-target")):
            files.files.append(raw(folder / f"tatoeba.{iso3}-eng.{end}", form, "test", code))
    _, summary = files.prepare("test", ISO3, sizes=None)
    assert summary["scored"] == dict.fromkeys(ISO3, 1_000) | {"ka": 746, "sw": 390}
    assert summary["notes"] == []  # all lines are distinct


@REAL
@pytest.mark.realdata
def test_real_bucc_has_the_published_counts():
    folder = REALDATA / "bucc2018"
    files = Raw(folder, "bucc2018")
    for end, form in (("zh", "source"), ("en", "target"), ("gold", "gold")):
        files.files.append(raw(folder / f"zh-en.dev.{end}", f"bucc-{form}", "dev", "zh"))
    table, summary = files.prepare("test", ("zh",), sizes=None, test_split="dev")
    assert summary["rows"] == {"zh": 8_624 + 13_589}
    assert summary["scored"] == {"zh": 257}
    assert [note for note in summary["notes"] if "more than once" in note] == [
        "zh: 18 foreign and 28 English sentences stand more than once on their side; never "
        "predicted, because a text must name one sentence"
    ]
    assert table["side"].to_pylist().count("target") == 13_589

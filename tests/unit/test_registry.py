# SPDX-License-Identifier: Apache-2.0
"""The registry of downloads: what is read, and what is said about mistakes."""

import pytest

from xling.config.loader import repository_root
from xling.data.registry import COLUMNS, artefacts, select
from xling.errors import UsageError

GOOD = {
    "key": "toy-1.0",
    "dataset": "toy",
    "version": "1.0",
    "language": "en",
    "role": "labelled",
    "address": "https://example.org/files/toy%20set.zip?v=1",
    "mirrors": "",
    "sha256": "record",
    "bytes": "12",
    "rows": "",
    "licence": "CC0",
    "terms": "",
    "how": "auto",
    "note": "",
}


def registry(tmp_path, *rows, header=None):
    path = tmp_path / "datasets.csv"
    lines = [",".join(header or COLUMNS)]
    lines += [",".join(f'"{value}"' for value in (GOOD | row).values()) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def mistakes(path):
    with pytest.raises(UsageError) as error:
        artefacts(path)
    assert str(path) in error.value.where
    return error.value.where.splitlines()[1:]


def test_a_row_is_read(tmp_path):
    mirrors = "http://a.example/b.zip rebuild:toy_parquet file:///c.zip"
    found = artefacts(registry(tmp_path, {"mirrors": mirrors}, {"key": "b", "bytes": ""}))
    assert list(found) == ["toy-1.0", "b"]
    one = found["toy-1.0"]
    assert one.mirrors == tuple(mirrors.split())
    assert one.file_name == "toy set.zip"
    assert (one.bytes, found["b"].bytes) == (12, None)


def test_a_page_that_shared_a_file_may_stand_for_what_is_rebuilt(tmp_path):
    page = {"address": "https://example.org/share/d3K", "mirrors": "rebuild:toy"}
    assert artefacts(registry(tmp_path, page))["toy-1.0"].file_name == ""
    (line,) = mistakes(
        registry(tmp_path, page | {"mirrors": "rebuild:toy https://a.example/b.zip"})
    )
    assert "names no file" in line


def test_a_manual_row_may_have_no_file_name(tmp_path):
    folder = "https://drive.google.com/drive/folders/1Rdb"
    rows = [{"how": "manual", "note": "ask", "address": folder}]
    rows.append({"how": "manual", "note": "ask", "address": "", "key": "b"})
    rows.append({"how": "manual", "note": "ask", "key": "c"})
    found = artefacts(registry(tmp_path, *rows))
    assert [one.file_name for one in found.values()] == ["", "", "toy set.zip"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": "Toy"}, "column key: 'Toy' is not a name"),
        ({"key": "a/b"}, "column key: 'a/b' is not a name"),
        ({"key": ".."}, "column key: '..' is not a name"),
        ({"key": "toy.json"}, "column key: 'toy.json' is not a name"),
        ({"dataset": ""}, "column dataset: '' is not a name"),
        ({"address": "ftp://example.org/a.zip"}, "column address: 'ftp://example.org/a.zip' is no"),
        ({"address": "https://example.org/"}, "column address: .* names no file"),
        ({"address": "https://example.org/share/d3K"}, "column address: .* names no file"),
        ({"address": "https:///a.zip"}, "column address: 'https:///a.zip' is no"),
        ({"address": "https://drive.google.com/a.zip"}, "column address: .* make the row 'manual'"),
        ({"mirrors": "https://a.example/b rebuild:"}, "column mirrors: 'rebuild:' names no"),
        ({"mirrors": "here.zip"}, "column mirrors: 'here.zip' is no http"),
        ({"sha256": "ABC"}, "column sha256: 'ABC' is neither 64 digits"),
        ({"bytes": "1,000"}, "column bytes: '1,000' is not a number of bytes"),
        ({"licence": ""}, "column licence: is empty; write 'unknown'"),
        ({"how": "hand"}, "column how: 'hand' is neither 'auto' nor 'manual'"),
        ({"how": "manual"}, "column note: is empty; a manual row says what to put where"),
        ({"how": "manual", "note": "x", "mirrors": "https://a.example/b"}, "column mirrors: a man"),
        ({"note": " x"}, "column note: blanks at an end"),
    ],
)
def test_each_mistake_has_line_and_column(tmp_path, change, words):
    import re

    (line,) = mistakes(registry(tmp_path, {"key": "fine"}, change))
    assert re.match(rf"\s*line 3, {words}", line)


def test_all_mistakes_are_told_at_once(tmp_path):
    path = registry(tmp_path, {"how": "x", "bytes": "-1"}, {}, {}, {"key": "a"})
    path.write_text(path.read_text() + "too,few\n\n")
    lines = [line.strip() for line in mistakes(path)]
    assert [line.split(":")[0] for line in lines] == [
        "line 2, column bytes",
        "line 2, column how",
        "line 4, column key",
        "line 6",
    ]
    assert "is there twice" in lines[2]
    assert lines[3] == "line 6: 2 fields, not 14"


def test_lines_are_counted_through_line_breaks(tmp_path):
    path = registry(tmp_path, {"note": "a\nb"}, {"key": "b", "how": "x"})
    lines = mistakes(path)
    assert "line 2, column note" in lines[0]
    assert "line 4, column how" in lines[1]


def test_another_file(tmp_path):
    assert "the columns are a,b" in mistakes(registry(tmp_path, header=["a", "b"]))[0]
    path = tmp_path / "latin.csv"
    path.write_bytes((",".join(COLUMNS) + "\n").encode() + b"\xe4")
    assert "not UTF-8" in mistakes(path)[0]
    path.write_text(",".join(COLUMNS) + '\n"a')
    assert "line 2: unexpected end of data" in mistakes(path)[0]
    with pytest.raises(UsageError, match="No such file"):
        artefacts(tmp_path / "none.csv")


def test_a_name_means_one_thing(tmp_path):
    assert artefacts(registry(tmp_path, {"key": "toy"}))
    (line,) = mistakes(registry(tmp_path, {"key": "toy"}, {"key": "b"}))
    assert "'toy' is also a dataset of other rows" in line


def test_names_select_datasets_and_keys(tmp_path):
    rows = [{"key": "a"}, {"key": "b", "dataset": "other"}, {"key": "c"}]
    found = artefacts(registry(tmp_path, *rows))
    assert [one.key for one in select(["toy"], found)] == ["a", "c"]
    assert [one.key for one in select(["c", "other", "toy"], found)] == ["a", "b", "c"]


def test_an_unknown_name_with_a_suggestion(tmp_path):
    found = artefacts(registry(tmp_path, {}))
    with pytest.raises(UsageError) as error:
        select(["toi-1.0"], found)
    assert "unknown dataset 'toi-1.0'" in str(error.value)
    assert "did you mean 'toy-1.0'?" in str(error.value)


def test_only_what_decides_the_bytes_makes_a_job_run_again(tmp_path):
    first = artefacts(registry(tmp_path, {}))["toy-1.0"].identity()
    same = {"mirrors": "https://a.example/b", "note": "new", "rows": "5", "terms": "t"}
    assert artefacts(registry(tmp_path, same))["toy-1.0"].identity() == first
    for change in ({"sha256": "0" * 64}, {"bytes": "13"}, {"address": "https://a.example/c.zip"}):
        assert artefacts(registry(tmp_path, change))["toy-1.0"].identity() != first


def test_the_shipped_registry_is_fine():
    path = repository_root() / "config" / "datasets.csv"
    assert {one.how for one in artefacts(path).values()} <= {"auto", "manual"}

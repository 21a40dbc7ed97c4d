# SPDX-License-Identifier: Apache-2.0
"""The raw formats of BUCC and Tatoeba: good files, and each kind of damage."""

from pathlib import Path

import pytest

from conftest import REALDATA
from xling.data.manifest import RawFile
from xling.data.readers import read
from xling.data.readers.bucc import GoldPair
from xling.data.readers.rows import Reading, SideRow
from xling.errors import DataError


def reading(folder: Path, content: str, form: str, split: str = "test") -> Reading:
    file = folder / "file"
    file.write_bytes(content.encode())
    about = RawFile(
        path=str(file),
        format=form,
        role="labelled",
        split=split,
        language="de",
        bytes=0,
        sha256="",
    )
    return read(file, about, ())


def refused(folder: Path, content: str, form: str) -> DataError:
    with pytest.raises(DataError) as caught:
        reading(folder, content, form)
    assert caught.value.allowed
    return caught.value


def test_bucc_sides_keep_ids_and_split_at_the_first_tab_only(tmp_path):
    text = 'de-2\tEin "Satz".\r\nde-1\t Zwei\tTeile \r\n'
    assert reading(tmp_path, text, "bucc-source").rows == [
        SideRow("de-2", "de", "source", 'Ein "Satz".', ()),
        SideRow("de-1", "de", "source", "Zwei\tTeile", ()),
    ]
    assert reading(tmp_path, "en-1\tOne.\n", "bucc-target").rows == [
        SideRow("en-1", "de", "target", "One.", ())
    ]


def test_bucc_gold_allows_a_sentence_with_two_partners(tmp_path):
    assert reading(tmp_path, "de-1\ten-3\nde-1\ten-4\n", "bucc-gold").rows == [
        GoldPair("de-1", "en-3", 1),
        GoldPair("de-1", "en-4", 2),
    ]


def test_tatoeba_numbers_lines_alike_on_both_sides(tmp_path):
    assert reading(tmp_path, "Eins.\n Zwei.\u2028\n", "tatoeba-source").rows == [
        SideRow("test-000001", "de", "source", "Eins.", ("test-000001",)),
        SideRow("test-000002", "de", "source", "Zwei.", ("test-000002",)),
    ]
    assert reading(tmp_path, "One.\nTwo.\n", "tatoeba-target").rows == [
        SideRow("test-000001", "de", "target", "One.", ()),
        SideRow("test-000002", "de", "target", "Two.", ()),
    ]


@pytest.mark.parametrize(
    ("form", "content", "line", "what"),
    [
        ("bucc-source", "de-1\tEins.\nde-2 Zwei.\nde-3\tDrei.\n", 2, "no tab"),
        ("bucc-source", "de-1\tEins.\nde-", 2, "truncated"),
        ("bucc-target", "en-1\tOne.\nen-2\tTwo.\nen-1\tOne.\n", 3, "'en-1' occurs twice"),
        ("bucc-target", "en-1\tOne.\nen-2\t \n", 2, "the text is empty"),
        ("bucc-target", "\tOne.\n", 1, "the id is empty"),
        ("bucc-source", "de-1\tEins.\n\nde-2\tZwei.\n", 2, "the line is empty"),
        ("bucc-gold", "de-1\ten-1\nde-2\n", 2, "no tab"),
        ("bucc-gold", "de-1\ten-1\nde-1\ten-1\n", 2, "occurs twice"),
        ("bucc-gold", "de-1\t\n", 1, "the English id is empty"),
        ("tatoeba-source", "Eins.\n \nDrei.\n", 2, "the line is empty"),
        ("tatoeba-target", "One.\nTwo.\n\n", 3, "the line is empty"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path, form, content, line, what):
    error = refused(tmp_path, content, form)
    assert what in error.what
    assert error.where == f"{tmp_path / 'file'}, line {line}"


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.exists(), reason="the real files are not here")
def test_real_files_are_read_whole(tmp_path):
    sizes = {"zh-en.dev.zh": 8_624, "zh-en.dev.en": 13_589, "zh-en.dev.gold": 257}
    forms = {"zh": "bucc-source", "en": "bucc-target", "gold": "bucc-gold"}
    for name, count in sizes.items():
        content = (REALDATA / "bucc2018" / name).read_text(encoding="utf-8")
        assert reading(tmp_path, content, forms[name.rpartition(".")[2]]).total == count

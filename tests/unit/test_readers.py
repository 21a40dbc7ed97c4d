# SPDX-License-Identifier: Apache-2.0
"""Every raw format: good files, and each kind of damage with the message a user gets."""

import time
from pathlib import Path

import pytest

from xling.data.manifest import RawFile
from xling.data.readers import READERS, read
from xling.data.readers.rows import Reading, Row, Translation
from xling.data.readers.xtreme_tsv import unquote
from xling.errors import DataError

NLI = ("contradiction", "entailment", "neutral")
PARAPHRASE = ("0", "1")
XNLI_HEADER = "language\tgold_label\tsentence1\tsentence2\tpairID\tgenre"
PAWSX_HEADER = "id\tsentence1\tsentence2\tlabel"


def reading(
    path: Path,
    content: str | bytes,
    form: str,
    labels: tuple[str, ...] = NLI,
    *,
    role: str = "labelled",
    split: str = "dev",
    language: str = "de",
) -> Reading:
    file = path / "file.tsv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    about = RawFile(
        path=str(file), format=form, role=role, split=split, language=language, bytes=0, sha256=""
    )
    return read(file, about, labels)


def refused(path: Path, content: str | bytes, form: str, *args: object, **kwargs: str) -> DataError:
    with pytest.raises(DataError) as caught:
        reading(path, content, form, *args, **kwargs)
    assert caught.value.exit_code == 3
    return caught.value


# --- good files ------------------------------------------------------------------------------


def test_xnli_reads_all_languages_with_pair_ids_in_file_order(tmp_path):
    text = (
        f"{XNLI_HEADER}\n"
        "de\tneutral\tEins.\tZwei.\t7\tfiction\n"
        "de\tentailment\t Drei. \tVier.\t3\tfiction\n"
        "en\tneutral\tOne.\tTwo.\t7\tfiction\n"
    )
    assert reading(tmp_path, text, "xnli-1.0", language="all").rows == [
        Row("7", "de", "Eins.", "Zwei.", "neutral", 2),
        Row("3", "de", "Drei.", "Vier.", "entailment", 3),
        Row("7", "en", "One.", "Two.", "neutral", 4),
    ]


def test_xnli_finds_columns_by_name(tmp_path):
    text = "pairID\tsentence2\tsentence1\tgold_label\tlanguage\n1\tZwei.\tEins.\tneutral\tde\n"
    assert reading(tmp_path, text, "xnli-1.0").rows == [
        Row("1", "de", "Eins.", "Zwei.", "neutral", 2)
    ]


def test_xnli_mt_numbers_rows_and_maps_the_label(tmp_path):
    text = "premise\thypo\tlabel\nEins.\tZwei.\tcontradictory\nDrei.\tVier.\tneutral\n"
    assert reading(tmp_path, text, "xnli-mt-1.0", split="train").rows == [
        Row("train-000001", "de", "Eins.", "Zwei.", "contradiction", 2),
        Row("train-000002", "de", "Drei.", "Vier.", "neutral", 3),
    ]


def test_pawsx_keeps_its_ids_and_quotation_marks(tmp_path):
    text = f'{PAWSX_HEADER}\n12\t"Ja", sagte er.\tEr sagte ""Ja"".\t1\n'
    assert reading(tmp_path, text, "pawsx-x-final", PARAPHRASE).rows == [
        Row("12", "de", '"Ja", sagte er.', 'Er sagte ""Ja"".', "1", 2)
    ]


def test_xtreme_tsv_numbers_rows_and_undoes_csv_quoting(tmp_path):
    text = '"Er sagte ""Ja""."\tJa.\tneutral\nNein.\tDoch.\tentailment\n'
    result = reading(tmp_path, text, "xtreme-tsv")
    assert result.rows == [
        Row("dev-000001", "de", 'Er sagte "Ja".', "Ja.", "neutral", 1),
        Row("dev-000002", "de", "Nein.", "Doch.", "entailment", 2),
    ]
    assert result.quoted == 1


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ('"He said ""yes""."', 'He said "yes".'),
        ('"""Yes"" is a song."', '"Yes" is a song.'),
        ('""" T "" is"', '" T " is'),
        ('"on the album "", because"', 'on the album ", because'),
        # Not quoted by a csv writer: as they are.
        ('"Yes"', '"Yes"'),
        ('"Yes" and "no"', '"Yes" and "no"'),
        ('"a ""b"" c" d"', '"a ""b"" c" d"'),
        ('say ""yes""', 'say ""yes""'),
        ('"', '"'),
        ('""', '""'),
        (" plain ", "plain"),
    ],
)
def test_unquote_undoes_what_a_csv_writer_does_and_nothing_else(field, text):
    assert unquote(field) == text


def test_xtreme_tsv_keeps_unknown_labels_for_the_caller(tmp_path):
    result = reading(tmp_path, "a\tb\t?\nc\td\t1\n", "xtreme-tsv", PARAPHRASE)
    assert [row.label for row in result.rows] == ["?", "1"]


def test_xtreme_tsv_as_text_looks_at_no_labels(tmp_path):
    result = reading(tmp_path, "a\tb\tanything\n", "xtreme-tsv", (), role="text")
    assert [(row.sentence1, row.sentence2) for row in result.rows] == [("a", "b")]


def test_xtreme_translation_is_identified_by_its_source_and_drops_damage(tmp_path):
    text = (
        "One.\tTwo.\tEins.\tZwei.\tcontradictory\n"
        "only\tfour\tfields\tneutral\n"
        "One.\tTwo.\t\tZwei.\tneutral\n"
        "One.\tTwo.\tEins.\tZwei.\tmaybe\n"
        "One.\tTwo.\tEins.\tZwei.\tperhaps\n"
    )
    result = reading(tmp_path, text, "xtreme-translation", role="translate_train")
    assert result.translations == [
        Translation("One.", "Two.", "Eins.", "Zwei.", "contradiction", 1)
    ]
    assert result.dropped == {
        "wrong number of fields": 1,
        "empty sentence": 1,
        "unknown label": 2,
    }
    assert result.total == 5


def test_myxnli_translation(tmp_path):
    text = (
        "label\tsentence1_en\tsentence2_en\tsentence1_sw\tsentence2_sw\n"
        "neutral\tOne.\tTwo.\tMoja.\tMbili.\n"
    )
    result = reading(tmp_path, text, "myxnli-translation", language="sw", role="translate_test")
    assert result.translations == [Translation("Moja.", "Mbili.", "One.", "Two.", "neutral", 2)]


def test_text_is_two_sentences_without_label(tmp_path):
    result = reading(tmp_path, "Eins.\tZwei.\n", "text", (), role="text", split="all")
    assert result.rows == [Row("text-000001", "de", "Eins.", "Zwei.", "", 1)]


def test_crlf_byte_order_mark_and_missing_last_line_end_are_tolerated(tmp_path):
    text = "\ufeffa\tb\tneutral\r\nc\td\tentailment"
    rows = reading(tmp_path, text, "xtreme-tsv").rows
    assert [(row.sentence1, row.label) for row in rows] == [("a", "neutral"), ("c", "entailment")]


def test_only_a_newline_ends_a_line(tmp_path):
    text = "a\u2028b\x85c\x0bd\tb\tneutral\n"
    assert reading(tmp_path, text, "xtreme-tsv").rows[0].sentence1 == "a\u2028b\x85c\x0bd"


# --- damage ----------------------------------------------------------------------------------

GOOD = {
    "xnli-1.0": (f"{XNLI_HEADER}\n", "de\t{label}\t{one}\tZwei.\t{id}\tfiction\n", 1, NLI),
    "xnli-mt-1.0": ("premise\thypo\tlabel\n", "{one}\tZwei.\t{label}\n", 1, NLI),
    "pawsx-x-final": (f"{PAWSX_HEADER}\n", "{id}\t{one}\tZwei.\t{label}\n", 1, PARAPHRASE),
    "xtreme-tsv": ("", "{one}\tZwei.\t{label}\n", 0, NLI),
    "myxnli-translation": (
        "label\tsentence1_en\tsentence2_en\tsentence1_de\tsentence2_de\n",
        "{label}\t{one}\tTwo.\tEins.\tZwei.\n",
        1,
        NLI,
    ),
}


def damaged(form: str, second: str = "", **changes: str) -> tuple[str, int, tuple[str, ...]]:
    """Return a file of three rows whose second is damaged, the line of it, and the labels."""
    header, row, headers, labels = GOOD[form]
    values = [{"id": str(i), "label": labels[0], "one": f"Eins {i}."} for i in range(3)]
    values[1] |= changes
    rows = [row.format(**value) for value in values]
    if second:
        rows[1] = second
    return header + "".join(rows), headers + 2, labels


@pytest.mark.parametrize("form", GOOD)
def test_damaged_rows_name_file_line_what_is_allowed_and_what_to_do(tmp_path, form):
    for changes, what in (
        ({"label": "entailmnt"}, "unknown label 'entailmnt'"),
        ({"one": " "}, "empty sentence"),
    ):
        text, line, labels = damaged(form, **changes)
        error = refused(tmp_path, text, form, labels)
        assert error.what == what
        assert error.where == f"{tmp_path / 'file.tsv'}, line {line}"
        assert "again" in error.fix
        if "label" in changes:
            assert all(label in error.allowed for label in labels)
    text, line, labels = damaged(form, second="one\ttwo\tthree\tfour\tfive\tsix\tseven\n")
    error = refused(tmp_path, text, form, labels)
    assert error.what.startswith("wrong number of fields: 7 instead of ")
    assert error.where.endswith(f", line {line}")
    assert "separated by tabs" in error.allowed


@pytest.mark.parametrize("form", ["xnli-1.0", "pawsx-x-final"])
def test_a_repeated_id_is_an_error(tmp_path, form):
    text, line, labels = damaged(form, id="0")
    error = refused(tmp_path, text, form, labels)
    assert error.what == "the id '0' occurs twice"
    assert error.where.endswith(f", line {line}")


def test_an_id_may_occur_once_in_every_language(tmp_path):
    text = f"{XNLI_HEADER}\nde\tneutral\ta\tb\t1\tx\nfr\tneutral\ta\tb\t1\tx\n"
    assert len(reading(tmp_path, text, "xnli-1.0").rows) == 2


def test_a_cut_file_is_called_truncated(tmp_path):
    whole = "Eins.\tZwei.\tneutral\nDrei.\tVier.\tentailment\n"
    for cut, what in (
        (whole[:-16], "wrong number of fields: 2 instead of 3"),
        (whole[:-3], "unknown label 'entailme'"),
        (whole[:-19] + "\n", "wrong number of fields: 1 instead of 3"),
    ):
        error = refused(tmp_path, cut, "xtreme-tsv")
        assert error.what.startswith(what)
        assert error.what.endswith("truncated?)")
        assert error.where.endswith("line 2")
        assert "download the file again" in error.fix


def test_a_damaged_row_in_the_middle_is_not_called_truncated(tmp_path):
    error = refused(tmp_path, "Eins.\tneutral\nDrei.\tVier.\tentailment\n", "xtreme-tsv")
    assert error.what == "wrong number of fields: 2 instead of 3"


def test_invalid_utf8_names_the_line(tmp_path):
    good = b"Eins.\tZwei.\tneutral\n"
    error = refused(tmp_path, good + b"Dr\xe4i.\tVier.\tneutral\n" + good, "xtreme-tsv")
    assert (error.what, error.allowed) == ("invalid UTF-8", "text in the encoding UTF-8")
    assert error.where.endswith("file.tsv, line 2")
    error = refused(tmp_path, good + "Drä".encode()[:-1], "xtreme-tsv")
    assert error.what.endswith("middle of a character (truncated?)")


@pytest.mark.parametrize("content", ["", "\n", "\ufeff"])
def test_an_empty_file_is_an_error(tmp_path, content):
    assert refused(tmp_path, content, "xtreme-tsv").what == "the file is empty"


def test_a_missing_column_is_named(tmp_path):
    error = refused(tmp_path, "id\tsentence1\tlabel\n", "pawsx-x-final", PARAPHRASE)
    assert error.what == "the header lacks the column sentence2"
    assert error.where.endswith("line 1")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("Eins.\tZwei.\nDrei.\tVier.\n", "there is no third column"),
        ("Eins.\tZwei.\t?\nDrei.\tVier.\t?\n", "every row has the label '?'"),
        ("Eins.\tZwei.\t-1\nDrei.\tVier.\t-1\n", "every row has the label '-1'"),
    ],
)
def test_removed_labels_are_told_from_damage(tmp_path, content, found):
    error = refused(tmp_path, content, "xtreme-tsv")
    assert error.what == f"the labels of this file were removed: {found}"
    assert "issues 24 and 29" in error.fix


def test_machine_translated_training_rows_may_be_damaged_and_are_counted(tmp_path):
    for form in ("xnli-mt-1.0", "pawsx-x-final"):
        text, _, labels = damaged(form, label="maybe")
        result = reading(tmp_path, text, form, labels, role="translate_train", split="train")
        assert result.dropped == {"unknown label": 1}
        assert len(result.rows) == 2
        # A dropped row keeps its number, so that the others keep theirs.
        assert result.rows[1].id == {"xnli-mt-1.0": "train-000003", "pawsx-x-final": "2"}[form]


def test_an_unknown_format_lists_the_known_ones(tmp_path):
    error = refused(tmp_path, "a\tb\tneutral\n", "csv")
    assert "no reader for the format 'csv'" in error.what
    assert error.allowed.split(", ") == sorted(READERS)


def test_reading_is_fast_enough_for_the_whole_xnli_test(tmp_path):
    rows = "".join(f"de\tneutral\tEin Satz {i}.\tNoch einer.\t{i}\tx\n" for i in range(75_150))
    start = time.process_time()
    assert len(reading(tmp_path, f"{XNLI_HEADER}\n{rows}", "xnli-1.0").rows) == 75_150
    # About 0.3 s on one core; the limit only catches work that is far out of proportion.
    assert time.process_time() - start < 3.0

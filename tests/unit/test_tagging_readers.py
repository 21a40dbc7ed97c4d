# SPDX-License-Identifier: Apache-2.0
"""Raw formats of tagging: good files, every trap, and each kind of damage with its message."""

import gzip
from itertools import pairwise
from pathlib import Path

import pytest

from conftest import REALDATA
from xling.data.manifest import RawFile
from xling.data.readers import read
from xling.data.readers.rows import AlignedRow, Reading, TaggedRow
from xling.errors import DataError
from xling.tasks import TASKS

POS = TASKS["udpos"].labels
NER = TASKS["panx"].labels
UD = REALDATA / "udpos" / "ud25_conllu"
TSV = REALDATA / "udpos" / "xtreme_tsv"
PANX = REALDATA / "panx" / "xtreme_tsv"
realdata = pytest.mark.skipif(not REALDATA.is_dir(), reason="no real data")


def read_file(path, form, labels, language="en", split="test", role="labelled") -> Reading:
    about = RawFile(
        path=str(path), format=form, role=role, split=split, language=language, bytes=0, sha256=""
    )
    return read(path, about, labels)


def reading(folder, content, form, labels, **about) -> Reading:
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_file(path, form, labels, **about)


def refused(*args, **kwargs) -> DataError:
    with pytest.raises(DataError) as caught:
        reading(*args, **kwargs)
    return caught.value


def conllu(*words: str) -> str:
    """A sentence from ``id form upos head``, other columns empty."""
    lines = []
    for word in words:
        key, form, tag, head = word.split("|")
        lines.append(f"{key}\t{form}\t_\t{tag}\t_\t_\t{head}\t_\t_\t_")
    return "\n".join(lines) + "\n\n"


def flat(folder, *words: str, language="en") -> list[tuple[str, str]]:
    (row,) = reading(folder, conllu(*words), "ud-conllu", POS, language=language).rows
    return list(zip(row.tokens, row.tags, strict=True))


# --- CoNLL-U ---------------------------------------------------------------------------------


def test_conllu_numbers_sentences_and_knows_their_lines(tmp_path):
    text = (
        "# sent_id = a\n"
        + conllu("1|The|DET|2", "2|end|NOUN|0")
        + "\n# text = Go\n"
        + conllu("1|Go|VERB|0", "2|#|SYM|1")
    )
    assert reading(tmp_path, text, "ud-conllu", POS, split="dev").rows == [
        TaggedRow("dev-000001", "en", ("The", "end"), ("DET", "NOUN"), None, 1),
        TaggedRow("dev-000002", "en", ("Go", "#"), ("VERB", "SYM"), None, 6),
    ]


def test_a_fused_token_takes_the_tag_of_the_word_nearest_to_the_root(tmp_path):
    # "verlo": ver (VERB, child of the root) and lo (PRON, child of ver).
    assert flat(tmp_path, "1|quiere|VERB|0", "2-3|verlo|_|_", "2|ver|VERB|1", "3|lo|PRON|2") == [
        ("quiere", "VERB"),
        ("verlo", "VERB"),
    ]
    # The nearer one wins although its tag is weaker and it comes later.
    assert flat(
        tmp_path, "1-2|ab|_|_", "1|a|VERB|3", "2|b|PUNCT|4", "3|c|NOUN|4", "4|d|NOUN|0"
    ) == [("ab", "PUNCT"), ("c", "NOUN"), ("d", "NOUN")]


@pytest.mark.parametrize(
    ("language", "first", "second", "winner"),
    [
        ("en", "AUX", "PRON", "PRON"),  # default: … PRON … AUX
        ("es", "AUX", "PRON", "AUX"),
        ("es", "DET", "ADP", "ADP"),
        ("fr", "ADP", "AUX", "AUX"),
        ("fr", "DET", "NOUN", "NOUN"),
        ("it", "PRON", "ADV", "ADV"),
        ("de", "DET", "ADP", "ADP"),
        ("en", "SYM", "PUNCT", "PUNCT"),  # SYM is in no list
        ("en", "SYM", "SYM", "SYM"),
    ],
)
def test_ties_fall_by_the_list_of_the_language(tmp_path, language, first, second, winner):
    words = ("1|x|NOUN|0", "2-3|yz|_|_", f"2|y|{first}|1", f"3|z|{second}|1")
    assert flat(tmp_path, *words, language=language)[1] == ("yz", winner)


def test_spans_at_both_ends_and_one_behind_the_other(tmp_path):
    assert flat(
        tmp_path,
        *("1-2|ab|_|_", "1|a|ADP|2", "2|b|NOUN|0", "3-5|cde|_|_", "3|c|DET|4", "4|d|ADJ|2"),
        *("5|e|DET|4", "6|f|PUNCT|2", "7-8|gh|_|_", "7|g|PRON|8", "8|h|VERB|2"),
    ) == [("ab", "NOUN"), ("cde", "ADJ"), ("f", "PUNCT"), ("gh", "VERB")]


def test_a_circle_of_heads_ends(tmp_path):
    # 2 and 3 are each other's head: one ancestor each; 4 has two.
    words = ("1|x|NOUN|0", "2-4|abc|_|_", "2|a|DET|3", "3|b|ADJ|2", "4|c|VERB|3")
    assert flat(tmp_path, *words)[1] == ("abc", "ADJ")


def test_empty_nodes_vanish(tmp_path):
    assert flat(
        tmp_path, "0.1|z|VERB|_", "1|Ann|PROPN|2", "2|eats|VERB|0", "2.1|eats|VERB|_", "3|too|ADV|2"
    ) == [("Ann", "PROPN"), ("eats", "VERB"), ("too", "ADV")]


def test_blanks_and_zero_width_non_joiners_are_deleted_from_words(tmp_path):
    assert flat(tmp_path, "1|20 000|NUM|2", "2|می‌شود|VERB|0", "3|a\u00a0b|X|2", "4| c |X|2") == [
        ("20000", "NUM"),
        ("میشود", "VERB"),
        ("a\u00a0b", "X"),
        ("c", "X"),
    ]


def test_sentences_without_forms_are_left_out_and_counted(tmp_path):
    sentences = (
        conllu("1|_|NOUN|0", "2|_|VERB|1", "3|_|X|1"),
        conllu("1|_|NOUN|0", "2|_|VERB|1", "3|x|X|1"),  # all but one
        conllu("1|_|NOUN|0", "2|y|VERB|1", "3|x|X|1"),  # all but two: stays
        conllu("1|Yes|INTJ|0"),  # one word, none of them empty: stays
        conllu("1|_|NOUN|0"),
    )
    found = reading(tmp_path, "".join(sentences), "ud-conllu", POS)
    assert found.dropped == {"no word forms": 3}
    assert [row.tokens for row in found.rows] == [("_", "y", "x"), ("Yes",)]
    assert [row.id for row in found.rows] == ["test-000001", "test-000002"]


def test_tags_of_sentences_that_are_left_out_are_not_looked_at(tmp_path):
    found = reading(tmp_path, conllu("1|_|_|0") + conllu("1|a|X|0"), "ud-conllu", POS)
    assert len(found.rows) == 1


GOOD = conllu("1|a|X|0", "2-3|bc|_|_", "2|b|X|1", "3|c|X|1")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("1\ta\tX\n", 1, "3 columns instead of 10"),
        (conllu("1|a|X|0", "3|b|X|1"), 2, "'3' instead of 2"),
        (conllu("1|a|X|0", "b|b|X|1"), 2, "'b' instead of 2"),
        (conllu("1|a|X|0", "1-2|ab|_|_"), 2, "'1-2' is out of place"),
        (conllu("1|a|X|0", "2-1|ab|_|_"), 2, "'2-1' is out of place"),
        (conllu("1-x|ab|_|_", "1|a|X|0"), 1, "'1-x' is out of place"),
        (conllu("1-3|a|_|_", "1|a|X|0", "2-3|b|_|_", "2|b|X|1", "3|c|X|1"), 3, "out of place"),
        (conllu("1|a|X|0", "2-3|bc|_|_", "2|b|X|1"), 2, "without its words"),
        (conllu("1-2|ab|_|_", "1|a|X|7", "2|b|X|1"), 2, "the head '7' is no word"),
        (conllu("1-2|ab|_|_", "1|a|X|0", "2|b|X|_"), 3, "the head '_' is no word"),
        (conllu("1|a|NN|0"), 1, "unknown tag 'NN'"),
        (conllu("1-2|ab|_|_", "1|a|NN|0", "2|b|X|1"), 1, "unknown tag 'NN'"),
        ("# only a comment\n", 1, "a sentence without words"),
    ],
)
def test_damaged_conllu_names_file_and_line(tmp_path, text, line, what):
    error = refused(tmp_path, GOOD + text + "\n", "ud-conllu", POS)
    assert error.where == f"{tmp_path / 'file'}, line {5 + line}"
    assert what in error.what
    assert error.allowed
    assert error.fix


@pytest.mark.parametrize("form", ["ud-conllu", "wikiann", "tagged-tsv", "xtune-alignment"])
def test_unreadable_files(tmp_path, form):
    assert "the file is empty" in refused(tmp_path, "", form, NER).what
    error = refused(tmp_path, b"a\n\n\xff\n", form, NER)
    assert "invalid UTF-8" in error.what
    assert error.where == f"{tmp_path / 'file'}, line 3"
    with pytest.raises(DataError, match="cannot be read"):
        read_file(tmp_path / "absent", form, NER)


@pytest.mark.parametrize("form", ["ud-conllu", "wikiann", "tagged-tsv"])
def test_blank_lines_are_no_sentences(tmp_path, form):
    assert "the file is empty" in refused(tmp_path, "\n \n", form, NER).what


def test_a_file_cut_in_a_line_says_so(tmp_path):
    assert "truncated?" in refused(tmp_path, GOOD + "1\ta\t_", "ud-conllu", POS).what
    assert "truncated?" in refused(tmp_path, "a\tO\nb\tB-P", "tagged-tsv", NER).what
    assert "truncated?" not in refused(tmp_path, "a\tO\nb\tB-P\n", "tagged-tsv", NER).what


# --- word and tag ------------------------------------------------------------------------------


def test_wikiann_strips_up_to_the_first_colon_and_splits_at_tabs_only(tmp_path):
    text = "\ufeffen::\tO\r\nen:10:30\tB-PER\r\n\r\n\r\nen:a\u00a0b\tO\r\nen:\u2028\tO\r\n"
    assert reading(tmp_path, text, "wikiann", NER, split="train").rows == [
        TaggedRow("train-000001", "en", (":", "10:30"), ("O", "B-PER"), None, 1),
        TaggedRow("train-000002", "en", ("a\u00a0b", ""), ("O", "O"), None, 5),
    ]


def test_tagged_tsv_needs_no_blank_line_at_the_end(tmp_path):
    text = 'He\tO\n"\tO\n\nAnn\tB-PER'
    expected = [
        TaggedRow("test-000001", "en", ("He", '"'), ("O", "O"), None, 1),
        TaggedRow("test-000002", "en", ("Ann",), ("B-PER",), None, 4),
    ]
    for end in ("", "\n", "\n\n"):
        assert reading(tmp_path, text + end, "tagged-tsv", NER).rows == expected


def test_a_word_may_be_empty_and_keeps_its_tag(tmp_path):
    (row,) = reading(tmp_path, "a\tO\n\tB-LOC\n", "tagged-tsv", NER).rows
    assert (row.tokens, row.tags) == (("a", ""), ("O", "B-LOC"))


@pytest.mark.parametrize(
    ("form", "text", "line", "what"),
    [
        ("wikiann", "en:a\tO\n\na\tO\n", 3, "malformed line 'a\tO'"),
        ("wikiann", "en:a\n", 1, "malformed line"),
        ("wikiann", "en:a\tb\tO\n", 1, "malformed line"),
        ("tagged-tsv", "a\tO\nb\n", 2, "malformed line 'b'"),
        ("tagged-tsv", "a\tO\nb\tO\tO\n", 2, "malformed line"),
        ("tagged-tsv", "a\tO\n\nb\tO\nc\tB-MISC\n", 4, "unknown tag 'B-MISC'"),
    ],
)
def test_damaged_lines(tmp_path, form, text, line, what):
    error = refused(tmp_path, text, form, NER)
    assert error.where == f"{tmp_path / 'file'}, line {line}"
    assert what in error.what


def test_removed_tags_are_refused(tmp_path):
    error = refused(tmp_path, "Ann\nsleeps\n\nBob\n", "tagged-tsv", NER)
    assert "tags of this file were removed" in error.what
    assert "B-LOC" in error.allowed


# --- translations ------------------------------------------------------------------------------

GOOD_PAIRS = "the end\tde\tdas Ende\t0/0 1/1"


def aligned(folder, *lines, language="de", role="translate_train"):
    text = "".join(f"{line}\n" for line in lines)
    return reading(folder, text, "xtune-alignment", POS, language=language, role=role)


def test_alignments_are_read_in_order_and_once(tmp_path):
    found = aligned(tmp_path, GOOD_PAIRS, "a b\tde\tx y z\t1/0 0/2 1/0", "c\tde\tw", "d\tde\tv\t")
    assert found.rows == [
        AlignedRow("de", ("the", "end"), ("das", "Ende"), ((0, 0), (1, 1)), 1),
        AlignedRow("de", ("a", "b"), ("x", "y", "z"), ((0, 2), (1, 0)), 2),
        AlignedRow("de", ("c",), ("w",), (), 3),
        AlignedRow("de", ("d",), ("v",), (), 4),
    ]
    assert not found.dropped


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a\tde", "wrong number of fields"),
        ("a\tde\tb\t0/0\tmore", "wrong number of fields"),
        ("\tde\tb\t0/0", "empty sentence or word"),
        ("a\tde\t\t", "empty sentence or word"),
        ("a\tde\tb  c\t0/0", "empty sentence or word"),
        ("a\tes\tb\t0/0", "another language"),
        ("a\tde\tb\t0/1", "malformed alignment"),
        ("a\tde\tb\t1/0", "malformed alignment"),
        ("a\tde\tb\t0-0", "malformed alignment"),
        ("a\tde\tb\t0/0,", "malformed alignment"),
        ("a\tde\tb\t0/0 0", "malformed alignment"),
        ("a\tde\tb\t-1/0", "malformed alignment"),
    ],
)
def test_malformed_translations_are_counted(tmp_path, line, reason):
    found = aligned(tmp_path, GOOD_PAIRS, line)
    assert found.dropped == {reason: 1}
    assert len(found.rows) == 1


def test_languages_of_translations(tmp_path):
    found = aligned(tmp_path, GOOD_PAIRS, "a\tes\tb\t0/0", language="all")
    assert [row.language for row in found.rows] == ["de", "es"]
    found = aligned(tmp_path, GOOD_PAIRS, "b\ten\ta\t0/0", role="translate_test")
    assert [row.language for row in found.rows] == ["en"]
    assert found.dropped == {"another language": 1}


# --- real files --------------------------------------------------------------------------------


def sentences(found: Reading) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(row.tokens, row.tags) for row in found.rows]


@realdata
@pytest.mark.realdata
@pytest.mark.parametrize(
    ("treebank", "language", "split", "first", "count"),
    [
        ("UD_English-EWT/en_ewt-ud-dev.conllu", "en", "dev", 0, 2002),
        ("UD_English-EWT/en_ewt-ud-test.conllu", "en", "test", 0, 2077),
        ("UD_Spanish-GSD/es_gsd-ud-test.conllu", "es", "test", 1721, 426),
        ("UD_Arabic-PUD/ar_pud-ud-test.conllu", "ar", "test", 680, 1000),
        ("UD_English-EWT/en_ewt-ud-train.conllu.gz", "en", "train", 0, 12543),
    ],
)
def test_flattened_treebanks_are_a_piece_of_the_files_of_xtreme(
    tmp_path, treebank, language, split, first, count
):
    path = UD / treebank
    if path.suffix == ".gz":
        path = tmp_path / "train.conllu"
        path.write_bytes(gzip.decompress((UD / treebank).read_bytes()))
    ours = read_file(path, "ud-conllu", POS, language, split)
    theirs = read_file(TSV / f"{split}-{language}.tsv", "tagged-tsv", POS, language, split)
    assert len(ours.rows) == count
    assert not ours.dropped
    assert sentences(ours) == sentences(theirs)[first : first + count]
    assert len(theirs.rows) == TASKS["udpos"].published_rows(split, language)


@realdata
@pytest.mark.realdata
@pytest.mark.parametrize(("split", "count"), [("dev", 799), ("test", 977)])
def test_german_fused_tokens_stay_surface_tokens(split, count):
    path = UD / f"UD_German-GSD/de_gsd-ud-{split}.conllu"
    found = read_file(path, "ud-conllu", POS, "de", split)
    assert len(found.rows) == count
    # The sentence as it is written, as a comment of the file has it.
    texts = [
        line.removeprefix("# text = ").rstrip("\n")
        for line in path.read_text(encoding="utf-8").split("\n")
        if line.startswith("# text = ")
    ]
    for row, text in zip(found.rows, texts, strict=True):
        assert "".join(row.tokens) == text.replace(" ", "").replace("\u00a0", "")


@realdata
@pytest.mark.realdata
def test_panx_counts_of_the_published_splits():
    for path in sorted(PANX.glob("dev-*.tsv")) + sorted(PANX.glob("test-*.tsv")):
        split, language = Path(path).stem.split("-")
        found = read_file(path, "tagged-tsv", NER, language, split)
        assert len(found.rows) == TASKS["panx"].published_rows(split, language), path.name
        if (split, language) == ("test", "en"):
            assert sum(len(row.tokens) for row in found.rows) == 80_326
        assert all(a.line < b.line for a, b in pairwise(found.rows))
    assert path.name == "test-es.tsv"


@realdata
@pytest.mark.realdata
def test_the_english_test_set_has_the_published_number_of_words():
    found = read_file(TSV / "test-en.tsv", "tagged-tsv", POS)
    assert (len(found.rows), sum(len(row.tags) for row in found.rows)) == (5_440, 84_970)

# SPDX-License-Identifier: Apache-2.0
"""Copies of rows with synonyms: what changes, what stays, and that draws repeat."""

from __future__ import annotations

import json
from collections import Counter

import pyarrow as pa
import pytest

from xling.config.study import Data
from xling.data.artificial.lexicon import source_lexicon
from xling.data.artificial.synonyms import DIALECTS, source_synonyms
from xling.data.artificial.vocabulary import CATEGORIES, FUNCTION_CATEGORIES
from xling.data.tables import SCHEMAS, read_table, write_table
from xling.errors import DataError, UsageError
from xling.methods import AUGMENTED
from xling.robust.augment import augment
from xling.robust.neighbours import FILE, synonyms
from xling.robust.splits import AugmentedSplit, augmented_split
from xling.robust.synonyms import augmented, read_neighbours, same_stem

TABLE = {"big": ["large", "huge"], "dog": ["hound"], "the": [], "film": ["movie", "kino", "pic"]}
ROWS = [
    ("1", "a big dog saw the film", "the  dog , Big film", "entailment"),
    ("2", "nothing here", "film", "neutral"),
    ("3", "film film film", "dog", "contradiction"),
]


def rows():
    names = ("id", "sentence1", "sentence2", "label")
    table = {name: [row[i] for row in ROWS] for i, name in enumerate(names)}
    table["language"] = ["en"] * len(ROWS)
    schema = SCHEMAS["classification"]
    return pa.table({name: table[name] for name in schema.names}, schema)


def copies(count=4, seed=1, table=TABLE):
    return augmented(rows(), table, count, seed)[0].to_pylist()


class TestCopies:
    def test_m_of_each_row_one_after_the_other(self):
        found = copies()
        assert [row["id"] for row in found] == [f"{r[0]}~{j}" for r in ROWS for j in (1, 2, 3, 4)]
        assert [row["label"] for row in found] == [r[3] for r in ROWS for _ in range(4)]
        assert {row["language"] for row in found} == {"en"}

    def test_every_changed_word_is_a_neighbour_and_the_number_of_words_stays(self):
        by_id = {row[0]: row for row in ROWS}
        changed = Counter()
        for row in copies(count=30):
            original = by_id[row["id"].split("~")[0]]
            for text, own in zip((row["sentence1"], row["sentence2"]), original[1:3], strict=True):
                words = list(zip(text.split(" "), own.split(" "), strict=True))
                for new, old in words:
                    assert new == old or new in TABLE[old]
                    changed[old] += new != old
        assert set(changed) - {w for w, n in changed.items() if not n} == {"big", "dog", "film"}

    def test_draws_are_uniform(self):
        """A word with three neighbours stays in a quarter of the copies."""
        found = Counter(r["sentence2"] for r in copies(count=4000) if r["id"].startswith("2~"))
        assert set(found) == {"film", "movie", "kino", "pic"}
        assert all(abs(n - 1000) < 110 for n in found.values())  # four standard deviations

    def test_a_pure_function_of_seed_and_row(self):
        assert copies() == copies()
        assert copies(seed=2) != copies()
        alone = augmented(rows().slice(2), TABLE, 4, 1)[0].to_pylist()
        assert alone == copies()[8:]

    def test_fewer_copies_are_the_first_ones(self):
        few = [row for row in copies() if row["id"].endswith(("~1", "~2"))]
        assert copies(count=2) == few

    def test_counts(self):
        counts = augmented(rows(), TABLE, 2, 1)[1]
        assert counts["words"] == 2 * (6 + 6 + 2 + 1 + 3 + 1)
        assert counts["words_with_synonyms"] == 2 * (3 + 2 + 0 + 1 + 3 + 1)
        assert 0 < counts["words_replaced"] <= counts["words_with_synonyms"]
        assert counts["rows_with_synonyms"] == 1.0
        assert augmented(rows(), {"saw": ["was"]}, 2, 1)[1]["rows_with_synonyms"] == 0.333333


class TestTable:
    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ('{"a": ["a"]}', "neighbour of itself"),
            ('{"a": ["b c"]}', "has a blank"),
            ('{"a": []}', "no word has a neighbour"),
            ('{"a": "b"}', "no JSON object"),
            ("[", "no JSON object"),
        ],
    )
    def test_a_damaged_table_is_refused(self, tmp_path, text, what):
        path = tmp_path / "table.json"
        path.write_text(text)
        with pytest.raises(DataError, match=what):
            read_neighbours(path)

    def test_a_folder_without_the_published_table(self, tmp_path):
        data = Data(source="folder", root=str(tmp_path))
        with pytest.raises(DataError, match="is missing"):
            synonyms(data)
        (tmp_path / "synonyms").mkdir()
        (tmp_path / "synonyms" / FILE).write_text('{"a": ["b"]}')
        with pytest.raises(DataError, match="not the published one"):
            synonyms(data)

    def test_words_with_one_stem(self):
        found = same_stem(
            ["He walked and walks .", "walking walks ring rings walk, A", "loving love"]
        )
        assert found["walks"] == ["walked", "walking"]  # more frequent words first
        assert found["rings"] == ["ring"]
        assert "walk," not in found
        assert "loving" not in found  # the stem would be too short
        assert all(word not in near for word, near in found.items())


class TestArtificial:
    def test_words_of_content_have_one_synonym_per_dialect(self):
        found = source_synonyms(1)
        assert found == source_synonyms(1)
        assert found != source_synonyms(2)
        assert {len(near) for near in found.values()} == {len(DIALECTS)}
        assert all(word not in near for word, near in found.items())
        assert all(len(set(near)) == len(near) for near in found.values())

    def test_no_synonym_is_another_word_of_the_language(self):
        own = {f for spelt in source_lexicon().forms.values() for f in spelt.values()}
        near = [word for words in source_synonyms(1).values() for word in words]
        assert not own & set(near)
        assert len(near) == len(set(near))  # and none stands for two words

    def test_function_words_have_none_and_inflection_stays(self):
        found = source_synonyms(1)
        function = {w for name in FUNCTION_CATEGORIES for w in CATEGORIES[name]}
        assert not function & set(found)
        for one, many in zip(found["dog"], found["dogs"], strict=True):
            assert many == one + "s"


class TestSplit:
    @pytest.mark.parametrize("split", [AugmentedSplit(3, 7), AugmentedSplit(10, 1, "same_stem")])
    def test_names_say_what_decides_the_rows(self, split):
        assert split.name.startswith(AUGMENTED)
        assert augmented_split(split.name) == split

    def test_other_splits_are_none(self):
        assert augmented_split("train") is None
        assert augmented_split(AUGMENTED) is None

    def test_the_prepared_split(self, tmp_path):
        train, table = tmp_path / "train.parquet", tmp_path / "synonyms.json"
        summary = {
            "task": "xnli",
            "split": "train",
            "rows": {"en": 3},
            "scored": {"en": 3},
            "labels": {"en": {"neutral": 1, "entailment": 1, "contradiction": 1}},
            "ns_rows": {},
            "notes": ["trained on the dev split"],
        }
        write_table(train, rows(), summary)
        table.write_text(json.dumps({"origin": "a test", "neighbours": TABLE}))
        made, told = augment(train, AugmentedSplit(2, 5), table)
        assert made.num_rows == 6
        assert told["rows"] == told["scored"] == {"en": 6}
        assert told["labels"]["en"] == {"neutral": 2, "entailment": 2, "contradiction": 2}
        assert told["notes"][0] == "trained on the dev split"
        assert told["augmented"]["seed"] == 5
        assert told["split"] == "train_rs_da-m2-seed5"
        write_table(tmp_path / "copies.parquet", made, told)
        assert read_table(tmp_path / "copies.parquet").to_pylist() == made.to_pylist()

    def test_the_verb_wants_a_table_that_fits_the_name(self, tmp_path):
        from xling.cli import parser

        args = ["augment", "--split", "train_rs_da-m2-seed5", "--input", "x", "--output", "y"]
        parsed = parser().parse_args([*args, "--summary", "z"])
        with pytest.raises(UsageError, match="does not fit"):
            parsed.func(parsed)

# SPDX-License-Identifier: Apache-2.0
"""The store of a teacher's vectors: nothing is encoded twice, a kill loses one block at most."""

import numpy as np
import pytest

from xling.distill.vectors import JOURNAL, VectorStore, teacher_key
from xling.errors import DataError

SENTENCES = [f"sentence {i}" for i in range(10)]


class Teacher:
    """Vectors that tell the sentence, and all that was asked."""

    def __init__(self, fails_at=None):
        self.asked = []
        self.fails_at = fails_at

    def __call__(self, sentences):
        if len(self.asked) == self.fails_at:
            raise KeyboardInterrupt
        self.asked.append(list(sentences))
        return np.array([[len(s), int(s.split()[-1])] for s in sentences], dtype=np.float32)


def test_nothing_is_encoded_twice(tmp_path):
    teacher, store = Teacher(), VectorStore(tmp_path, block=4)
    assert store.add([*SENTENCES, *SENTENCES[:5]], teacher) == 10
    assert teacher.asked == [SENTENCES[:4], SENTENCES[4:8], SENTENCES[8:]]
    again = VectorStore(tmp_path, block=4)
    assert again.add(["sentence 99", *SENTENCES[::-1]], teacher) == 1
    assert teacher.asked[3:] == [["sentence 99"]]
    assert len(again) == 11


def test_vectors_are_those_of_the_sentences(tmp_path):
    store = VectorStore(tmp_path, block=3)
    store.add(SENTENCES, Teacher())
    wanted = ["sentence 7", "sentence 0", "sentence 7", "sentence 5"]
    found = store.take(store.places(wanted))
    assert found.tolist() == [[10, 7], [10, 0], [10, 7], [10, 5]]
    assert all(isinstance(block, np.memmap) for block in store._blocks)
    with pytest.raises(KeyError, match="sentence 12"):
        store.places(["sentence 1", "sentence 12"])


def test_a_kill_loses_the_block_in_flight(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        VectorStore(tmp_path, block=3).add(SENTENCES, Teacher(fails_at=2))
    teacher, store = Teacher(), VectorStore(tmp_path, block=3)
    assert len(store) == 6
    store.add(SENTENCES, teacher)
    assert teacher.asked == [SENTENCES[6:9], SENTENCES[9:]]
    whole = VectorStore(tmp_path / "whole", block=3)
    whole.add(SENTENCES, Teacher())
    for name in sorted(path.name for path in (tmp_path / "whole").glob("block-*")):
        assert (tmp_path / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert (tmp_path / JOURNAL).read_bytes() == (tmp_path / "whole" / JOURNAL).read_bytes()


def test_half_a_line_of_the_journal_does_not_count(tmp_path):
    VectorStore(tmp_path, block=5).add(SENTENCES, Teacher())
    journal = tmp_path / JOURNAL
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-4])
    teacher, store = Teacher(), VectorStore(tmp_path, block=5)
    assert len(store) == 5
    store.add(SENTENCES, teacher)
    assert teacher.asked == [SENTENCES[5:]]
    assert journal.read_bytes() == whole


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_block_is_an_error(tmp_path, damage):
    VectorStore(tmp_path, block=5).add(SENTENCES, Teacher())
    block = tmp_path / "block-000001.npy"
    if damage == "missing":
        block.unlink()
    else:
        block.write_bytes(block.read_bytes()[:-8])
    with pytest.raises(DataError, match="missing or damaged"):
        VectorStore(tmp_path)


def test_another_process_s_work_is_seen(tmp_path):
    mine, other = VectorStore(tmp_path, block=5), VectorStore(tmp_path, block=5)
    other.add(SENTENCES, Teacher())
    teacher = Teacher()
    assert mine.add(SENTENCES, teacher) == 0
    assert teacher.asked == []


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_vectors_must_be_finite(tmp_path, wrong):
    store = VectorStore(tmp_path)
    with pytest.raises(DataError, match="1 of them not finite"):
        store.add(SENTENCES, lambda s: np.array([[wrong, 1.0], *[[0.0, 1.0]] * (len(s) - 1)]))
    assert len(VectorStore(tmp_path)) == 0


def test_the_key_follows_the_model_and_how_it_is_used(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "model.safetensors").write_bytes(b"1")
    first = teacher_key(tmp_path / "a", max_length=128)
    (tmp_path / "a" / "README.md").write_text("words")
    assert teacher_key(tmp_path / "a", max_length=128) == first
    assert teacher_key(tmp_path / "a", max_length=64) != first
    (tmp_path / "a" / "model.safetensors").write_bytes(b"2")
    assert teacher_key(tmp_path / "a", max_length=128) != first
    with pytest.raises(DataError, match="there is no teacher"):
        teacher_key(tmp_path / "b")

# SPDX-License-Identifier: Apache-2.0
"""The artificial UD-POS and PAN-X: valid trees and tags, exact alignments, nothing shared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from test_artificial import LANGUAGES, checksums, rows, settings

from xling.data.artificial import conllu, events, write_raw
from xling.data.artificial.alignment import counterparts, pairs
from xling.data.artificial.grammar import Language, languages_of, text_of
from xling.data.artificial.meaning import Clause, Entity, Place, Sentence, Style
from xling.data.artificial.names import Name
from xling.data.artificial.noise import traced
from xling.data.artificial.second_vocabulary import (
    HELD_OUT_FAMILY_NAMES,
    HELD_OUT_GIVEN_NAMES,
    HELD_OUT_PLACE_NAMES,
)
from xling.data.artificial.streams import Stream
from xling.data.manifest import Manifest
from xling.data.readers import ud_conllu, wikiann, xtune_alignment
from xling.tasks import UPOS

CODES = ("en", *LANGUAGES)
SIZES = {"train": 150, "dev": 60, "test": 100}
HELD_OUT = {*HELD_OUT_GIVEN_NAMES, *HELD_OUT_FAMILY_NAMES, *HELD_OUT_PLACE_NAMES}
SENTENCE = Sentence(
    Clause(
        Entity("Anna", name=Name("PER", ("Anna", "Keller"))),
        "visit",
        Entity("Calden", name=Name("LOC", ("Calden",), "Cape")),
        place=Place("near", "house"),
        time="noon",
    ),
    interjection="oh",
    second=("because", Clause(Entity("she"), "help", Entity("dog", plural=True, numeral="two"))),
)


@dataclass
class Tree:
    """A sentence of a treebank: its words, and the words as they are written."""

    text: str
    words: list[list[str]]
    written: list[tuple[str, range]]
    empty: int


def tree_of(block: str) -> Tree:
    """Parse one sentence of a CoNLL-U file."""
    lines = block.splitlines()
    comments = dict(line[2:].split(" = ", 1) for line in lines if line[0] == "#")
    words, written, empty, open_until = [], [], 0, 0
    for line in lines:
        if line[0] == "#":
            continue
        fields = line.split("\t")
        assert len(fields) == 10
        if "." in fields[0]:
            assert fields[0] == f"{len(words)}.1"
            assert fields[6:8] == ["_", "_"]
            empty += 1
        elif "-" in fields[0]:
            first, last = map(int, fields[0].split("-"))
            assert (first, last) == (len(words) + 1, len(words) + 2)
            assert fields[2:] == ["_"] * 8
            written.append((fields[1], range(first - 1, last)))
            open_until = last
        else:
            assert int(fields[0]) == len(words) + 1
            words.append(fields)
            if len(words) > open_until:
                written.append((fields[1], range(len(words) - 1, len(words))))
    return Tree(comments["text"], words, written, empty)


def trees(folder: Path, code: str, split: str) -> list[Tree]:
    """Read the treebanks of a language in the order of their names."""
    paths = sorted(folder.glob(f"UD_*/{code}_*-ud-{split}.conllu"), key=lambda path: path.name)
    blocks = [b for path in paths for b in path.read_text(encoding="utf-8").split("\n\n") if b]
    return [tree_of(block) for block in blocks]


def tagged(path: Path) -> list[list[tuple[str, str]]]:
    """Read a file of PAN-X without its language prefix."""
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    assert blocks.pop() == ""
    language = path.parent.name
    sentences = []
    for block in blocks:
        lines = [line.split("\t") for line in block.split("\n")]
        assert all(token.startswith(f"{language}:") for token, _ in lines)
        sentences.append([(token.partition(":")[2], tag) for token, tag in lines])
    return sentences


def written(folder: Path, noise: float) -> dict[str, Manifest]:
    chosen = settings(noise=noise, sizes={"udpos": SIZES, "panx": SIZES})
    return {task: write_raw(task, chosen, list(CODES), folder / task) for task in chosen.sizes}


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Manifest]]:
    folder = tmp_path_factory.mktemp("noisy")
    return folder, written(folder, 0.2)


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exact")
    written(folder, 0.0)
    return folder


@pytest.fixture(scope="module")
def languages() -> dict[str, Language]:
    return languages_of(settings(), list(CODES))


# Files


def test_the_same_settings_give_the_same_bytes(noisy, tmp_path):
    again = written(tmp_path, 0.2)
    assert checksums(noisy[1].values()) == checksums(again.values())


def test_the_manifest_has_every_split_once(noisy):
    for task, manifest in noisy[1].items():
        uses = Counter((f.role, f.split, f.language) for f in manifest.files)
        wanted = {("labelled", "train", "en"): 1}
        for code in CODES:
            # The test sentences of a language are in two treebanks.
            wanted |= {("labelled", "dev", code): 1}
            wanted |= {("labelled", "test", code): 2 if task == "udpos" else 1}
        for code in LANGUAGES:
            wanted |= {("translate_train", "train", code): 1, ("translate_test", "test", code): 1}
        assert uses == wanted


@pytest.mark.parametrize("task", ["udpos", "panx"])
def test_no_rows_no_file(task, tmp_path):
    sizes = {"udpos": {"test": 10}, "panx": {"test": 10}}
    manifest = write_raw(task, settings(sizes=sizes), ["en", "qaa"], tmp_path)
    assert {(f.role, f.split) for f in manifest.files} == {
        ("labelled", "test"),
        ("translate_test", "test"),
    }


def test_the_readers_of_the_real_files_take_them(noisy):
    folder, manifests = noisy
    counts: Counter[tuple[str, str, str, str]] = Counter()
    readers = {"ud-conllu": ud_conllu, "wikiann": wikiann, "xtune-alignment": xtune_alignment}
    for task, manifest in manifests.items():
        for file in manifest.files:
            labels = UPOS if task == "udpos" else ()
            reading = readers[file.format].read(folder / task / file.path, file, labels)
            assert not reading.dropped
            counts[task, file.role, file.split, file.language] += len(reading.rows)
    for (_, _, split, _), count in counts.items():
        assert count == SIZES[split]


# Treebanks


def test_every_sentence_is_a_tree(noisy):
    for code in CODES:
        for tree in trees(noisy[0] / "udpos", code, "test"):
            heads = [int(word[6]) for word in tree.words]
            assert heads.count(0) == 1
            assert [word[7] for word in tree.words if word[6] == "0"] == ["root"]
            for start in range(len(heads)):
                place, steps = start + 1, 0
                while place:
                    place, steps = heads[place - 1], steps + 1
                    assert steps <= len(heads)


def test_the_text_is_that_of_the_written_words(noisy):
    for tree in trees(noisy[0] / "udpos", "qaa", "dev"):
        text = ""
        for form, span in tree.written:
            text += form + ("" if tree.words[span[-1]][9] == "SpaceAfter=No" else " ")
        assert tree.text == text.rstrip()
        assert tree.text[-1] in ".?"
        assert tree.text[-2] != " "


def test_treebanks_have_what_readers_meet(noisy):
    drawn = {code: trees(noisy[0] / "udpos", code, "dev") for code in CODES}
    fused = {
        code: [t for tree in found for t in tree.written if len(t[1]) > 1]
        for code, found in drawn.items()
    }
    # Contractions: only where the adposition comes before the article.
    assert len(fused["qaa"]) > 10
    assert not fused["en"]
    assert not fused["qab"]
    tags = {
        tuple(tree.words[i][3] for i in span)
        for tree in drawn["qaa"]
        for _, span in tree.written
        if len(span) > 1
    }
    assert tags == {("ADP", "DET")}
    train = trees(noisy[0] / "udpos", "en", "train")
    assert 0 < sum(tree.empty for tree in train) < 20
    used = {word[3] for tree in train for word in tree.words}
    # No sentence has a symbol or a foreign word.
    assert used == set(UPOS) - {"SYM", "X"}
    assert {tree.text[-1] for tree in train} == {".", "?"}


def test_a_contraction_is_its_own_word(languages):
    target = languages["qaa"]
    words = target.say(SENTENCE)
    parts = conllu.groups(target, words)
    forms = conllu.written_words(target, words, parts)
    two = next(part for part in parts if len(part) == 2)
    assert [words[index].lemma for index in two] == ["near", "the"]
    near, the = (target.lexicon.form(lemma, "singular") for lemma in ("near", "the"))
    assert near + the[1:] in forms
    assert len(forms) == len(words) - 1


# Names


def test_names_are_marked_from_their_first_word_on(noisy):
    for code in CODES:
        kinds: Counter[str] = Counter()
        for sentence in tagged(noisy[0] / f"panx/panx/{code}/test"):
            before = "O"
            for _, tag in sentence:
                if tag.startswith("I-"):
                    assert before[2:] == tag[2:]
                before = tag
                kinds[tag] += 1
        assert set(kinds) == {"O", *(f"{p}-{k}" for p in "BI" for k in ("LOC", "ORG", "PER"))}


def test_half_of_the_names_in_a_test_are_new(noisy):
    folder = noisy[0] / "panx/panx/en"
    names = {
        split: [token for s in tagged(folder / split) for token, tag in s if tag != "O"]
        for split in ("train", "test")
    }
    assert not HELD_OUT & set(names["train"])
    new = sum(token in HELD_OUT for token in names["test"])
    proper = sum(token not in ("and", "Bank", "Club", "Cape") for token in names["test"])
    assert 0.3 < new / proper < 0.6


def test_languages_share_a_part_of_the_names(noisy):
    sentences = {c: tagged(noisy[0] / f"panx/panx/{c}/test") for c in CODES}
    names = {
        code: {token for s in found for token, tag in s if tag == "B-PER"}
        for code, found in sentences.items()
    }
    shared = names["en"] & names["qaa"]
    assert 0.3 < len(shared) / len(names["en"]) < 0.95
    # The second language has another script.
    assert not names["en"] & names["qab"]


@pytest.mark.parametrize("kind", ["PER", "LOC", "ORG"])
def test_names_of_several_words_stand_together(languages, kind):
    name = {
        "PER": Name("PER", ("Anna", "Keller")),
        "LOC": Name("LOC", ("Calden",), "Cape"),
        "ORG": Name("ORG", ("Anna", "Bruno"), "Bank"),
    }[kind]
    expected = {
        "PER": {"en": "Anna Keller", "qaa": "Anna Keller", "qab": "Anna Keller"},
        "LOC": {"en": "Cape Calden", "qaa": "Calden Cape", "qab": "Cape Calden"},
        "ORG": {
            "en": "Anna and Bruno Bank",
            "qaa": "Bank Anna and Bruno",
            "qab": "Anna and Bruno Bank",
        },
    }[kind]
    clause = Clause(Entity(name.words[0], name=name), "help", Entity("dog"))
    for code, language in languages.items():
        words = [word for word in language.say(Sentence(clause)) if word.entity != "O"]
        assert " ".join(word.lemma for word in words) == expected[code]
        assert [word.entity for word in words] == [
            f"{'I' if i else 'B'}-{kind}" for i in range(len(words))
        ]


# Alignments


def surface(folder: Path, task: str, code: str, split: str) -> list[list[tuple[str, set[str]]]]:
    """Return the written words of a labelled split with their tags."""
    if task == "panx":
        found = tagged(folder / f"panx/panx/{code}/{split}")
        return [[(token, {tag[2:] or "O"}) for token, tag in sentence] for sentence in found]
    return [
        [(form, {tree.words[i][3] for i in span}) for form, span in tree.written]
        for tree in trees(folder / "udpos", code, split)
    ]


def translation(folder: Path, task: str, name: str) -> list[list[str]]:
    return rows(folder / task / f"translations/{task}.translate.{name}.tsv")


def links(text: str) -> list[tuple[int, int]]:
    found = [tuple(map(int, pair.split("/"))) for pair in text.split()]
    assert found == sorted(set(found))
    return found


@pytest.mark.parametrize("task", ["udpos", "panx"])
@pytest.mark.parametrize("code", LANGUAGES)
def test_translations_name_the_sentences_word_by_word(noisy, task, code):
    for split, source, target, name in (
        ("train", "en", code, f"train.en-{code}"),
        ("test", code, "en", f"test.{code}-en"),
    ):
        sentences = surface(noisy[0], task, source, split)
        lines = translation(noisy[0], task, name)
        assert [line[0] for line in lines] == [" ".join(w for w, _ in s) for s in sentences]
        assert {line[1] for line in lines} == {target}
        for line in lines:
            ends = (len(line[0].split(" ")), len(line[2].split(" ")))
            assert all(i < ends[0] and j < ends[1] for i, j in links(line[3]))


@pytest.mark.parametrize("task", ["udpos", "panx"])
@pytest.mark.parametrize("code", LANGUAGES)
def test_without_noise_every_aligned_word_has_the_same_tag(exact, task, code):
    gold = {c: surface(exact, task, c, "test") for c in ("en", code)}
    unaligned: Counter[str] = Counter()
    for line, source, target in zip(
        translation(exact, task, f"test.{code}-en"), gold[code], gold["en"], strict=True
    ):
        assert line[2] == " ".join(word for word, _ in target)
        found = links(line[3])
        assert all(source[i][1] >= target[j][1] for i, j in found)
        unaligned.update(source[i][0] for i in range(len(source)) if i not in dict(found))
        reached = {j for _, j in found}
        unaligned.update(target[j][0] for j in range(len(target)) if j not in reached)
    # Only the auxiliary of the source and the plural particle of the target stand alone.
    assert len(unaligned) <= 3


def test_with_noise_lost_words_have_no_partner_and_doubled_ones_two(languages):
    source, target = languages["qab"], languages["en"]
    words, ideal = source.say(SENTENCE), target.say(SENTENCE)
    partner = counterparts(ideal, words)
    seen: Counter[int] = Counter()
    for number in range(200):
        told = traced(Stream("alignment", number), target, ideal, 0.3)
        single = [[i] for i in range(len(words))]
        found = pairs(words, single, ideal, [[j] for j in range(len(told))], [o for _, o in told])
        by_hand = {(partner[origin], j) for j, (_, origin) in enumerate(told) if origin in partner}
        assert set(found) == by_hand
        seen.update(Counter(Counter(i for i, _ in found).values()))
    assert set(seen) == {1, 2}


def test_words_of_one_lemma_are_told_apart(languages):
    clause = Clause(
        Entity("dog", partner=Entity("bear")), "help", Entity("car"), place=Place("in", "house")
    )
    sentence = Sentence(clause, second=("while", Clause(Entity("car"), "help", Entity("dog"))))
    for code in LANGUAGES:
        one, two = (languages[c].say(sentence) for c in ("en", code))
        found = counterparts(one, two)
        assert len(found) == len(one) == len(two)
        assert sorted(found.values()) == list(range(len(two)))
        assert all(one[i].lemma == two[j].lemma for i, j in found.items())


# Nothing shared


@pytest.mark.parametrize("mixture", [events.UDPOS, events.PANX])
def test_no_sentence_is_in_two_splits_or_in_the_text(languages, mixture):
    english = languages["en"]
    drawn = {
        purpose: [
            text_of(english.say(sentence))
            for sentence in events.draw_sentences(Stream("overlap"), purpose, mixture, 250)
        ]
        for purpose in ("text", "train", "dev", "test")
    }
    found = [text for texts in drawn.values() for text in texts]
    assert len(found) == len(set(found)) == 1000


def test_questions_that_read_alike_are_one(languages):
    clause = Clause(Entity("dog"), "help", Entity("farmer"), time="noon")
    other = Clause(Entity("dog"), "help", Entity("Anna", name=Name("PER", ("Anna",))), time="noon")
    one, two = events.asked(clause, "patient"), events.asked(other, "patient")
    assert one == two
    style = Style(asks="patient")
    texts = {text_of(languages["en"].say(Sentence(c, style))) for c in (clause, other, one)}
    assert texts == {"whom does the dog help at noon ?"}

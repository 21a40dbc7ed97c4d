# SPDX-License-Identifier: Apache-2.0
"""The artificial languages: same seed, same bytes; labels that follow; the real layouts."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
import yaml

from conftest import REALDATA
from xling.config.study import Artificial
from xling.data.artificial import more_text, nli, paraphrase, raw_pawsx, raw_text, write_raw
from xling.data.artificial.examples import examples
from xling.data.artificial.file_examples import file_examples
from xling.data.artificial.grammar import languages_of, text_of
from xling.data.artificial.lexicon import target_lexicon
from xling.data.artificial.meaning import Clause, Entity, Pair, Place, Style
from xling.data.artificial.noise import translated
from xling.data.artificial.purposes import purpose_of
from xling.data.artificial.second_vocabulary import (
    CATEGORY_OF_ALL,
    NAME_CATEGORIES,
    QUESTION_MARK,
    SECOND_LEMMAS,
    STOP,
    upos,
)
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import (
    ADJECTIVES,
    CATEGORY_OF,
    CLASS_OF,
    CLASSES,
    FUNCTION_CATEGORIES,
    LEMMAS,
    OPPOSITE,
    SHARED,
)
from xling.data.manifest import Manifest, sha256_of
from xling.errors import UsageError
from xling.tasks import UPOS

ROOT = Path(__file__).parents[2]
TASKS = ("xnli", "pawsx", "text")
# The header line of xnli.dev.tsv and xnli.test.tsv in XNLI-1.0.zip.
XNLI_HEADER = (
    "language\tgold_label\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\t"
    "sentence2_parse\tsentence1\tsentence2\tpromptID\tpairID\tgenre\tlabel1\tlabel2\tlabel3\t"
    "label4\tlabel5\tsentence1_tokenized\tsentence2_tokenized\tmatch"
)
LANGUAGES = {
    "qaa": {"word_order": "SVO", "adjective": "after", "cognates": 0.5, "text_share": 0.3},
    "qab": {
        "word_order": "SOV",
        "adposition": "after",
        "cognates": 0.3,
        "script": "cyrillic",
        "text_share": 0.2,
    },
}


def settings(**changes: object) -> Artificial:
    """Return small settings; ``changes`` replace keys."""
    sizes = {"train": 60, "dev": 30, "test": 60}
    values = {
        "seed": 7,
        "source_text_share": 0.5,
        "text_documents": 100,
        "noise": 0.2,
        "languages": LANGUAGES,
        "sizes": {"xnli": sizes, "pawsx": sizes},
    }
    return Artificial.model_validate(values | changes)


def write(chosen: Artificial, folder: Path, languages: list[str] | None = None) -> list[Manifest]:
    """Write all tasks below a folder."""
    codes = languages or ["en", *chosen.languages]
    return [write_raw(task, chosen, codes, folder / task) for task in TASKS]


def checksums(manifests: list[Manifest]) -> dict[tuple[str, str], str]:
    return {(m.task, file.path): file.sha256 for m in manifests for file in m.files}


def rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Manifest]]:
    folder = tmp_path_factory.mktemp("artificial")
    return folder, write(settings(), folder)


@pytest.fixture(scope="module")
def mini() -> Artificial:
    study = yaml.safe_load((ROOT / "config/studies/mini.yaml").read_text(encoding="utf-8"))
    return Artificial.model_validate(study["data"]["artificial"])


# Bytes


def test_files_are_the_same_on_every_machine(written):
    lines = sorted(f"{task} {path} {sha}" for (task, path), sha in checksums(written[1]).items())
    total = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert total == "b6be9629461f0e5028de6b0b95cb313760e239c50442dd55648ab0df8dfc2355"


def test_further_benchmarks_leave_the_others_alone(written, tmp_path):
    sizes = settings().model_dump()["sizes"] | {"panx": {"test": 10}}
    one, two = checksums(written[1]), checksums(write(settings(sizes=sizes), tmp_path))
    assert {task for (task, path), sha in one.items() if two[task, path] != sha} == {"text"}
    for code, count in (("en", 50), ("qaa", 30), ("qab", 20)):
        # The text has more documents, after those it had.
        documents = rows(tmp_path / f"text/text/{code}.txt")
        assert documents[:count] == rows(written[0] / f"text/text/{code}.txt")
        assert len(documents) == count + round(more_text.MORE * count)
        assert {len(document) for document in documents} == {2}


def test_manifest_describes_the_files(written):
    folder, manifests = written
    for manifest in manifests:
        root = folder / manifest.task
        found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        assert found == {file.path for file in manifest.files}
        for file in manifest.files:
            assert file.sha256 == sha256_of(root / file.path)
            assert file.bytes == (root / file.path).stat().st_size
    roles = Counter((f.role, f.split, f.language) for m in manifests for f in m.files)
    assert roles["labelled", "test", "all"] == 1
    assert roles["translate_train", "train", "qab"] == 2
    assert roles["translate_test", "test", "qaa"] == 2
    assert roles["text", "all", "en"] == 1
    assert set(roles.values()) == {1, 2}


def test_another_seed_gives_other_files(written, tmp_path):
    one, two = checksums(written[1]), checksums(write(settings(seed=8), tmp_path))
    assert one.keys() == two.keys()
    assert not [key for key in one if one[key] == two[key]]


def test_another_language_leaves_the_others_alone(written, tmp_path):
    third = {"word_order": "VSO", "cognates": 0.1, "text_share": 0.25}
    more = settings(languages=LANGUAGES | {"qac": third}, source_text_share=0.25)
    one, two = checksums(written[1]), checksums(write(more, tmp_path))
    shared = {("xnli", f"XNLI-1.0/xnli.{split}.tsv") for split in ("dev", "test")}
    assert {key for key in one if one[key] != two[key]} == shared | {("text", "text/en.txt")}
    for task, path in shared:
        assert rows(written[0] / task / path) == [
            row for row in rows(tmp_path / task / path) if row[0] != "qac"
        ]
    # The source has less text now: the beginning of what it had.
    assert rows(written[0] / "text/text/en.txt")[:25] == rows(tmp_path / "text/text/en.txt")


def test_a_size_changes_its_own_files_alone(written, tmp_path):
    sizes = settings().model_dump()["sizes"]
    sizes["xnli"]["test"] += 3
    one, two = checksums(written[1]), checksums(write(settings(sizes=sizes), tmp_path))
    assert {key for key in one if one[key] != two[key]} == {
        ("xnli", "XNLI-1.0/xnli.test.tsv"),
        ("xnli", "translate-test/test-qaa-en-translated.tsv"),
        ("xnli", "translate-test/test-qab-en-translated.tsv"),
    }


# Layout


def test_xnli_has_the_columns_of_the_release(written):
    header, *body = rows(written[0] / "xnli/XNLI-1.0/xnli.test.tsv")
    assert "\t".join(header) == XNLI_HEADER
    assert {len(row) for row in body} == {19}
    assert [row[0] for row in body] == ["en"] * 60 + ["qaa"] * 60 + ["qab"] * 60
    by_language = [[(row[9], row[1]) for row in body if row[0] == code] for code in ("en", "qab")]
    assert by_language[0] == by_language[1]
    assert len({pair for pair, _ in by_language[0]}) == 60
    assert Counter(label for _, label in by_language[0]) == dict.fromkeys(nli.LABELS, 20)


def test_ids_of_dev_and_test_never_meet(written):
    dev, test = (
        {row[9] for row in rows(written[0] / f"xnli/XNLI-1.0/xnli.{split}.tsv")[1:]}
        for split in ("dev", "test")
    )
    assert not dev & test


def test_xnli_translations_are_parallel_and_spell_one_label_otherwise(written):
    folder = written[0] / "xnli/XNLI-MT-1.0/multinli"
    english, target = (rows(folder / f"multinli.train.{code}.tsv") for code in ("en", "qaa"))
    assert english[0] == target[0] == ["premise", "hypo", "label"]
    assert [row[2] for row in english] == [row[2] for row in target]
    assert Counter(row[2] for row in english[1:]) == {
        "contradictory": 20,
        "entailment": 20,
        "neutral": 20,
    }


def test_translate_test_joins_with_the_test(written):
    test = [row for row in rows(written[0] / "xnli/XNLI-1.0/xnli.test.tsv") if row[0] == "qab"]
    back = rows(written[0] / "xnli/translate-test/test-qab-en-translated.tsv")
    assert [(r[0], r[1], r[4]) for r in back] == [(r[6], r[7], r[1]) for r in test]
    pawsx = rows(written[0] / "pawsx/x-final/qab/test_2k.tsv")[1:]
    back = rows(written[0] / "pawsx/translate-test/test-qab-en-translated.tsv")
    assert [(r[0], r[1], r[4]) for r in back] == [tuple(r[1:]) for r in pawsx]


def test_pawsx_is_numbered_and_balanced(written):
    folder = written[0] / "pawsx/x-final"
    for name in ("en/train", "en/dev_2k", "en/test_2k", "qaa/translated_train"):
        header, *body = rows(folder / f"{name}.tsv")
        assert header == ["id", "sentence1", "sentence2", "label"]
        assert [row[0] for row in body] == [str(i + 1) for i in range(len(body))]
        assert Counter(row[3] for row in body) == dict.fromkeys("01", len(body) // 2)


def test_a_few_pawsx_rows_are_placeholders(mini):
    items = list(paraphrase.draw_pairs(Stream("placeholders"), "test", 1000))
    languages = languages_of(mini, ["en", "qaa"])
    english = raw_pawsx.labelled_rows(mini, "test", items, languages["en"])
    target = raw_pawsx.labelled_rows(mini, "test", items, languages["qaa"])
    assert not [row for row in english if "NS" in row[:2]]
    marked = [i for i, row in enumerate(target) if "NS" in row[:2]]
    assert 3 <= len(marked) <= 20
    assert {target[i][2] for i in marked} == {"0"}
    rest = set(range(1000)) - set(marked)
    assert all(english[i][2] == target[i][2] == items[i].label for i in rest)


@pytest.mark.realdata
def test_pawsx_header_is_the_real_one():
    real = REALDATA / "pawsx/original_layout/test_2k-de.tsv"
    if not real.exists():
        pytest.skip("real benchmark files are absent (XLING_REALDATA)")
    with real.open(encoding="utf-8") as lines:
        assert next(lines).rstrip("\n").split("\t") == list(raw_pawsx.COLUMNS)


def test_text_has_two_sentences_per_document(written):
    counts = {}
    for code in ("en", "qaa", "qab"):
        documents = rows(written[0] / f"text/text/{code}.txt")
        assert {len(document) for document in documents} == {2}
        counts[code] = len(documents)
    assert counts == {"en": 50, "qaa": 30, "qab": 20}


def test_unknown_names_are_refused(tmp_path):
    with pytest.raises(UsageError, match="no artificial data for task 'xnil'") as error:
        write_raw("xnil", settings(), ["en"], tmp_path)
    assert error.value.fix == "did you mean 'xnli'?"
    with pytest.raises(UsageError, match="no artificial language 'qaz'"):
        write_raw("xnli", settings(), ["en", "qaz"], tmp_path)
    with pytest.raises(UsageError, match="'en' is missing"):
        write_raw("xnli", settings(), ["qaa"], tmp_path)


# Labels


def noun_relation(premise: Entity, hypothesis: Entity) -> str:
    """Compare two mentions of one participant: same, wider, narrower or other."""
    assert (premise.plural, premise.definite) == (hypothesis.plural, hypothesis.definite)
    if premise.noun == hypothesis.noun:
        return "same"
    if CLASS_OF.get(premise.noun) == hypothesis.noun:
        return "wider"
    return "narrower" if CLASS_OF.get(hypothesis.noun) == premise.noun else "other"


def modifier_relation(premise: object, hypothesis: object) -> str:
    if premise == hypothesis:
        return "same"
    if hypothesis is None:
        return "wider"
    return "narrower" if premise is None else "other"


def event_relation(premise: Clause, hypothesis: Clause) -> str:
    if premise.verb == hypothesis.verb:
        return "same" if premise.negated == hypothesis.negated else "other"
    assert OPPOSITE[premise.verb] == hypothesis.verb
    return "same" if premise.negated != hypothesis.negated else "other"


def derived_label(premise: Clause, hypothesis: Clause) -> str:
    """Derive the label of a pair slot by slot, without knowing how it was made."""
    one, two = premise, hypothesis
    relations = {
        noun_relation(one.agent, two.agent),
        noun_relation(one.patient, two.patient),
        modifier_relation(one.agent.adjective, two.agent.adjective),
        modifier_relation(one.patient.adjective, two.patient.adjective),
        modifier_relation(one.manner, two.manner),
        modifier_relation(one.place, two.place),
        modifier_relation(one.time, two.time),
        event_relation(one, two),
    }
    if "other" in relations:
        return "contradiction"
    return "neutral" if "narrower" in relations else "entailment"


def meaning(clause: Clause) -> tuple:
    """Return what a clause says, without the order of conjuncts."""
    agents = [clause.agent, clause.agent.partner] if clause.agent.partner else [clause.agent]
    who = frozenset((e.noun, e.plural, e.definite, e.adjective) for e in agents)
    return who, clause.verb, clause.patient, clause.negated, clause.place, clause.time


def test_xnli_labels_follow_from_the_facts():
    pairs = [pair for _, pair in nli.draw_pairs(Stream("labels"), "train", 1500)]
    assert [derived_label(p.first, p.second) for p in pairs] == [p.label for p in pairs]
    assert Counter(pair.label for pair in pairs) == dict.fromkeys(nli.LABELS, 500)


def test_the_check_of_labels_can_fail():
    premise = Clause(Entity("dog"), "accept", Entity("plum"), time="noon")
    beast = Clause(Entity("beast"), "reject", Entity("plum"), negated=True)
    assert derived_label(premise, beast) == "entailment"
    assert derived_label(beast, premise) == "neutral"
    car = Clause(Entity("car"), "accept", Entity("plum"), time="noon")
    assert derived_label(premise, car) == "contradiction"


def test_pawsx_labels_follow_from_the_facts():
    pairs = list(paraphrase.draw_pairs(Stream("labels"), "train", 1000))
    same = [meaning(pair.first) == meaning(pair.second) for pair in pairs]
    assert [str(int(equal)) for equal in same] == [pair.label for pair in pairs]
    assert all(pair.first_style != pair.second_style for pair in pairs)
    # A good part of label 0 has the very same content words: only their order tells.
    zeros = [p for p in pairs if p.label == "0"]
    equal = [sorted(p.first.lemmas()) == sorted(p.second.lemmas()) for p in zeros]
    assert 0.35 < sum(equal) / len(equal) < 0.8


def hypothesis_accuracy(train: list[Pair], test: list[Pair]) -> float:
    """Return the accuracy of naive Bayes on the words of the hypothesis alone."""
    english = languages_of(settings(), ["en"])["en"]
    counts = {label: Counter[str]() for label in nli.LABELS}
    for pair in train:
        counts[pair.label].update({token.form for token in english.render(pair.second)})
    hits = 0
    for pair in test:
        words = {token.form for token in english.render(pair.second)}
        scores = {
            label: sum(math.log(count[word] + 1) for word in words)
            for label, count in counts.items()
        }
        hits += max(scores, key=lambda label: scores[label]) == pair.label
    return hits / len(test)


def test_a_hypothesis_alone_tells_little_of_its_label():
    train, test = (
        [pair for _, pair in nli.draw_pairs(Stream("artefacts"), purpose, 3000)]
        for purpose in ("train", "dev")
    )
    # Better than chance, as in MultiNLI, and far from what premise and hypothesis tell together.
    assert 0.34 < hypothesis_accuracy(train, test) < 0.48


def test_no_first_sentence_is_shared_between_purposes():
    drawn = {}
    for purpose in ("train", "dev", "test"):
        pairs = [pair for _, pair in nli.draw_pairs(Stream("overlap"), purpose, 600)]
        pairs += paraphrase.draw_pairs(Stream("overlap"), purpose, 200)
        drawn[purpose] = {frozenset(Counter(pair.first.lemmas()).items()) for pair in pairs}
    documents = list(raw_text.draw_documents(Stream("overlap"), 1000))
    drawn["text"] = {frozenset(Counter(pair.first.lemmas()).items()) for pair in documents}
    names = list(drawn)
    for i, one in enumerate(names):
        for two in names[i + 1 :]:
            assert not drawn[one] & drawn[two]
    assert {purpose_of(pair.first) for pair in documents} == {"text"}


def test_no_pair_is_in_two_files(written):
    folder = written[0]
    pairs = {
        split: {
            (row[0], frozenset(row[6:8]))
            for row in rows(folder / f"xnli/XNLI-1.0/xnli.{split}.tsv")[1:]
        }
        for split in ("dev", "test")
    }
    pairs["train"] = {
        ("en", frozenset(row[:2]))
        for row in rows(folder / "xnli/XNLI-MT-1.0/multinli/multinli.train.en.tsv")[1:]
    }
    pairs["text"] = {("en", frozenset(row)) for row in rows(folder / "text/text/en.txt")}
    assert sum(len(part) for part in pairs.values()) == len(set().union(*pairs.values()))


def test_text_is_coherent_and_says_how():
    connectives = Counter()
    for pair in raw_text.draw_documents(Stream("text"), 1000):
        word = pair.second_style.connective
        connectives[word] += 1
        if pair.label in ("0", "1"):
            assert (meaning(pair.first) == meaning(pair.second)) == (pair.label == "1")
        else:
            assert derived_label(pair.first, pair.second) == pair.label
        objects = pair.label in ("0", "contradiction")
        assert (word == "but") == objects
        assert word in (None, raw_text.CONNECTIVE[pair.label])
    assert set(connectives) == {None, "so", "also", "but", "namely"}


# Languages

SENTENCE = Clause(
    Entity("dog", plural=True, adjective="big"),
    "follow",
    Entity("car", definite=False),
    negated=True,
    manner="slowly",
    place=Place("in", "garden"),
    time="noon",
)


def test_the_source_is_english():
    english = languages_of(settings(), ["en"])["en"]
    plain, passive = Style(), Style(passive=True)
    fronted = Style(passive=True, fronted="time")
    pair = Clause(Entity("Anna", partner=Entity("cat")), "love", Entity("beast", plural=True))
    for clause, style, expected in (
        (SENTENCE, plain, "the big dogs do not follow a car slowly in the garden at noon"),
        (SENTENCE, fronted, "at noon a car is not followed by the big dogs slowly in the garden"),
        (pair, plain, "Anna and the cat love the beasts"),
        (pair, passive, "the beasts are loved by Anna and the cat"),
    ):
        assert text_of(english.render(clause, style)) == expected


def test_the_source_needs_no_table_of_exceptions():
    after_article = [*CLASS_OF, *CLASSES, *ADJECTIVES]
    assert not [word for word in after_article if word[0] in "aeiou"]
    assert not [word for word in [*CLASS_OF, *CLASSES] if word.endswith(("s", "h", "y", "x"))]


def test_a_connective_opens_the_sentence():
    languages = languages_of(settings(), ["en", "qab"])
    for language in languages.values():
        plain = language.render(SENTENCE, Style(fronted="time"))
        joined = language.render(SENTENCE, Style(fronted="time", connective="but"))
        assert joined[0].lemma == "but"
        assert [token.form for token in joined[1:]] == [token.form for token in plain]


@pytest.mark.parametrize(
    ("word_order", "adjective", "adposition", "expected"),
    [
        (
            "SVO",
            "after",
            "before",
            "the dog big follow a car slowly in the garden at noon",
        ),
        (
            "SOV",
            "before",
            "after",
            "the big dog noon at the garden in slowly a car follow",
        ),
        (
            "VSO",
            "after",
            "after",
            "follow the dog big a car slowly the garden in noon at",
        ),
    ],
)
def test_targets_follow_their_own_order(word_order, adjective, adposition, expected):
    language = {
        "word_order": word_order,
        "adjective": adjective,
        "adposition": adposition,
        "text_share": 0.5,
    }
    target = languages_of(settings(languages={"qaa": language}), ["qaa"])["qaa"]
    lemmas = [token.lemma for token in target.render(SENTENCE)]
    place = {
        "before": lemmas.index("follow") - 1,
        "after": lemmas.index("follow") + 1,
        "last": len(lemmas) - 1,
    }[target.negation]
    assert lemmas.pop(place) == "not"
    assert ("plural" in lemmas) == (target.plural == "particle")
    assert " ".join(lemma for lemma in lemmas if lemma != "plural") == expected


def test_every_sentence_is_a_tree(mini):
    languages = languages_of(mini, ["en", *mini.languages])
    for pair in raw_text.draw_documents(Stream("trees"), 50):
        for language in languages.values():
            tokens = language.render(pair.second, pair.second_style)
            assert [token.lemma for token in tokens if token.head is None] == [pair.second.verb]
            for token in tokens:
                steps = 0
                while token.head is not None:
                    assert token.head in tokens
                    token, steps = token.head, steps + 1
                assert steps <= 4


@pytest.mark.parametrize("script", ["latin", "cyrillic", "greek", "georgian"])
@pytest.mark.parametrize("cognates", [0.0, 0.5, 1.0])
def test_no_two_lemmas_share_a_spelling(script, cognates):
    language = {"script": script, "cognates": cognates, "text_share": 0.5}
    parsed = settings(languages={"qaa": language}).languages["qaa"]
    for seed in range(8):
        lexicon = target_lexicon(seed, "qaa", parsed, inflects=True)
        owners = {}
        for lemma in (*LEMMAS, *SECOND_LEMMAS):
            for form in set(lexicon.forms[lemma].values()):
                assert owners.setdefault(form, lemma) == lemma
                if lemma not in (STOP, QUESTION_MARK):
                    assert {unicodedata.name(c).split()[0].lower() for c in form} == {script}
        for form in lexicon.contractions.values():
            assert owners.setdefault(form, "the") == "the"
        assert len(set(lexicon.contractions.values())) == len(lexicon.contractions)


def test_no_invented_word_looks_like_a_source_word():
    syllables = re.compile("([bdfghklmnprstvz][aeiou][nrslkm]?)+")
    common = {lemma for lemma in SECOND_LEMMAS if CATEGORY_OF_ALL[lemma] not in NAME_CATEGORIES}
    assert len(common) > 25
    assert not [lemma for lemma in common if syllables.fullmatch(lemma.lower())]


def test_every_lemma_has_a_part_of_speech():
    assert {upos(lemma) for lemma in (*LEMMAS, *SECOND_LEMMAS)} == set(UPOS) - {"SYM", "X"}
    assert len({*LEMMAS, *SECOND_LEMMAS}) == len(LEMMAS) + len(SECOND_LEMMAS)


def test_the_share_of_cognates_is_kept():
    language = settings().languages["qaa"].model_copy(update={"cognates": 0.25})
    none = language.model_copy(update={"cognates": 0.0})
    with_cognates = target_lexicon(3, "qaa", language, inflects=False)
    without = target_lexicon(3, "qaa", none, inflects=False)
    english = languages_of(settings(), ["en"])["en"].lexicon
    alike = [
        lemma
        for lemma in LEMMAS
        if lemma != "plural"
        and with_cognates.form(lemma, "infinitive") == english.form(lemma, "infinitive")
    ]
    content = sum(1 for lemma in LEMMAS if _is_content(lemma))
    # Shared words, and those of the cognates that no sound change touches.
    assert len(SHARED) < len(alike) <= len(SHARED) + round(0.25 * content)
    assert not [
        lemma for lemma in LEMMAS if _is_content(lemma) and without.form(lemma, "singular") == lemma
    ]


def _is_content(lemma: str) -> bool:
    return CATEGORY_OF[lemma] not in FUNCTION_CATEGORIES and lemma not in SHARED


# Noise


def distance(one: list[str], two: list[str]) -> int:
    """Return the edit distance of two word lists."""
    row = list(range(len(two) + 1))
    for i, left in enumerate(one, start=1):
        previous, row[0] = row[0], i
        for j, right in enumerate(two, start=1):
            previous, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, previous + (left != right)),
            )
    return row[-1]


def test_noise_zero_is_the_exact_translation(tmp_path):
    write(settings(noise=0.0), tmp_path)
    test = [row for row in rows(tmp_path / "xnli/XNLI-1.0/xnli.test.tsv") if row[0] == "en"]
    back = rows(tmp_path / "xnli/translate-test/test-qaa-en-translated.tsv")
    assert [row[2:4] for row in back] == [row[6:8] for row in test]


def test_the_dial_is_the_share_of_changed_words():
    languages = languages_of(settings(), ["en", "qab"])
    for code, noise in (("en", 0.05), ("qab", 0.2)):
        stream, language = Stream("noise", code), languages[code]
        changed = total = 0
        for _, pair in nli.draw_pairs(Stream("facts"), "train", 1200):
            tokens = language.render(pair.first)
            words = translated(stream, language, tokens, noise)
            changed += distance([t.form for t in tokens], [t.form for t in words])
            total += len(tokens)
        assert changed / total == pytest.approx(noise, rel=0.08)


def test_a_sentence_never_becomes_empty():
    english = languages_of(settings(), ["en"])["en"]
    tokens = english.render(SENTENCE)
    stream = Stream("empty")
    assert all(translated(stream, english, tokens[:2], 1.0) for _ in range(200))


def test_streams_are_independent_and_stable():
    assert Stream(1, "a", "b").below(10**6) == Stream(1, "a", "b").below(10**6)
    assert Stream(1, "a", "b").below(10**6) != Stream(1, "ab").below(10**6)
    stream = Stream("weights")
    drawn = Counter(stream.weighted({"x": 3.0, "y": 1.0}) for _ in range(4000))
    assert drawn["x"] / 4000 == pytest.approx(0.75, abs=0.03)
    shuffled = stream.shuffled(range(50))
    assert sorted(shuffled) == list(range(50)) != shuffled


# Documentation


def test_the_page_shows_the_languages_of_mini(mini):
    page = (ROOT / "docs/artificial-languages.md").read_text(encoding="utf-8")
    assert examples(mini) in page
    assert file_examples(mini) in page

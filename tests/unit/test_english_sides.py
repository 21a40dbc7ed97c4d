# SPDX-License-Identifier: Apache-2.0
"""English beside every row: originals, back-translations, test translations and gold English."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from small_study import load_small
from test_artificial import LANGUAGES, checksums, settings
from test_artificial import rows as lines_of

from conftest import REALDATA
from xling.config.split_checks import empty_splits
from xling.config.study import Data, SplitSizes
from xling.data.artificial import back_translations, write_raw
from xling.data.artificial.back_translations import returned
from xling.data.artificial.grammar import Language, languages_of, text_of
from xling.data.artificial.meaning import Clause, Entity
from xling.data.back_translated import NO_BACK_TRANSLATION
from xling.data.downloaded import downloaded
from xling.data.fetch import fetch
from xling.data.gold_english import NO_ENGLISH
from xling.data.manifest import Manifest, RawFile
from xling.data.notes import list_files, write_note
from xling.data.prepare import prepare
from xling.data.readers import READERS
from xling.data.sources import needs
from xling.data.wants import wants
from xling.errors import DataError, UsageError
from xling.plan import Plan
from xling.tasks import TASKS

CODES = ["en", *LANGUAGES]
TARGETS = list(LANGUAGES)
TASK_NAMES = [name for name, about in TASKS.items() if about.trained]
LENDERS = [name for name in TASK_NAMES if not TASKS[name].train_task]
SIZES = SplitSizes(train=90, dev=20, test=60)
NOISE = 0.1


def generated(folder: Path, noise: float, tasks: list[str], **how: bool) -> dict[str, Manifest]:
    sizes = dict.fromkeys(tasks, SIZES.model_dump())
    chosen = settings(noise=noise, sizes=sizes)
    return {task: write_raw(task, chosen, CODES, folder / task, **how) for task in tasks}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artificial")


@pytest.fixture(scope="module")
def manifests(folder: Path) -> dict[str, Manifest]:
    return generated(folder, NOISE, TASK_NAMES, back_translations=True)


@pytest.fixture(scope="module")
def table(folder: Path, manifests: dict[str, Manifest]):
    """Rows of a prepared split, each made once."""
    made = {}

    def rows(task: str, split: str, codes: list[str]) -> list[dict]:
        key = (task, split)
        if key not in made:
            table, summary = prepare(task, split, codes, manifests[task], folder / task, SIZES)
            made[key] = (table.to_pylist(), summary)
        return made[key][0]

    rows.made = made
    return rows


def keys(rows: list[dict]) -> list[tuple[str, str]]:
    return [(row["id"], row["language"]) for row in rows]


def words(row: dict) -> list[str]:
    """Return the words of a row of any family."""
    if "tokens" in row:
        return row["tokens"]
    names = ("sentence1", "sentence2") if "sentence1" in row else ("context", "question")
    return " ".join(row[name] for name in names).split()


# --- joins: the seven tasks -----------------------------------------------------------------------


@pytest.mark.parametrize("task", TASK_NAMES)
def test_training_rows_join_completely(task, table):
    """The id without the language names the English original; with it, the back-translation."""
    lender = TASKS[task].trains_as
    english = {row["id"]: row for row in table(lender, "train", ["en"])}
    translated = table(lender, "translate_train", TARGETS)
    back = table(lender, "back_translate", CODES)
    assert len(english) == SIZES.train
    assert len(set(keys(translated))) == len(translated) > 0.9 * len(TARGETS) * SIZES.train
    assert {row["id"] for row in translated} <= set(english)
    # English comes first and is its own back-translation; then the same rows in the same order.
    assert back[: SIZES.train] == table(lender, "train", ["en"])
    assert keys(back[SIZES.train :]) == keys(translated)
    assert table.made[lender, "back_translate"][1]["dropped"] == {}
    for row, other in zip(back[SIZES.train :], translated, strict=True):
        if "label" in row:
            assert row["label"] == other["label"] == english[row["id"]]["label"]
        elif "tags" in row:
            assert row["tags"] == [""] * len(row["tokens"])
            assert row["links"] is None
        else:
            assert (row["text_language"], row["answers"], row["starts"]) == ("en", [], [])
            assert row["group"] == other["group"]


@pytest.mark.parametrize("task", TASK_NAMES)
def test_test_rows_join_with_their_translation(task, table):
    """One to one by id and language; only questions can lack a translation, and are counted."""
    test = table(task, "test", CODES)
    translated = table(task, "translate_test", CODES)
    by_key = dict(zip(keys(test), test, strict=True))
    assert len(by_key) == len(test) == len(CODES) * SIZES.test
    assert len(set(keys(translated))) == len(translated)
    # English rows are there: themselves.
    assert translated[: SIZES.test] == test[: SIZES.test]
    if TASKS[task].family == "qa":
        lost = table.made[task, "translate_test"][1]["dropped"]
        assert len(translated) == len(test) - sum(lost["no translation"].values())
        assert set(keys(translated)) < set(by_key)
    else:
        assert keys(translated) == keys(test)
    for row in translated:
        if "links" in row and row["language"] != "en":
            assert len(row["links"]) == len(by_key[row["id"], row["language"]]["tokens"])
        if "text_language" in row:
            assert row["text_language"] == "en"


@pytest.mark.parametrize("task", [name for name in TASK_NAMES if TASKS[name].gold_english])
def test_gold_english_is_the_english_row_of_the_same_id(task, table):
    test = table(task, "test", CODES)
    gold = table(task, "gold_english", CODES)
    english = {row["id"]: row for row in test if row["language"] == "en"}
    assert gold[: SIZES.test] == test[: SIZES.test]
    expected = [key for key in keys(test) if key[0] in english]
    assert keys(gold) == expected
    for row in gold:
        assert words(row) == words(english[row["id"]])
    dropped = table.made[task, "gold_english"][1]["dropped"]
    missing = Counter(code for name, code in keys(test) if name not in english)
    # Each artificial MLQA has four fifths of the questions, English too.
    assert dropped == ({NO_ENGLISH: dict(missing)} if missing else {})
    assert bool(missing) == (task == "mlqa")
    assert (task in ("xnli", "pawsx", "xquad")) == (len(gold) == len(test))


def test_tasks_that_are_not_parallel_have_no_gold_english(folder, manifests):
    for task in ("udpos", "panx", "tydiqa"):
        how = (task, "gold_english", ["qaa"], manifests[task], folder / task, SIZES)
        with pytest.raises(UsageError):
            prepare(*how)
        with pytest.raises(UsageError, match="no row has an English original") as caught:
            wants(task, uses(gold_english=["de"]))
        assert caught.value.allowed == "xnli, pawsx, xquad, mlqa"


# --- artificial back-translations -----------------------------------------------------------------


def test_no_other_file_depends_on_them(manifests, folder, tmp_path):
    plain = generated(tmp_path, NOISE, TASK_NAMES)
    one, two = checksums(plain.values()), checksums(manifests.values())
    assert one.items() <= two.items()
    roles = {(m.task, f.path): f.role for m in manifests.values() for f in m.files}
    assert {roles[key] for key in two.keys() - one.keys()} == {"back_translation"}
    assert len(two.keys() - one.keys()) == len(LENDERS) * len(TARGETS)
    again = generated(tmp_path / "again", NOISE, ["udpos"], back_translations=True)
    assert checksums(again.values()).items() <= two.items()


def test_they_are_written_only_if_the_split_is_used(tmp_path):
    artificial = settings(sizes={"pawsx": SIZES.model_dump()})
    data = Data(source="artificial", artificial=artificial)
    for splits, expected in (({"train": ["en"]}, set()), ({"back_translate": TARGETS}, {"x"})):
        manifest = fetch("pawsx", data, uses(**splits) | {"languages": CODES}, tmp_path)
        assert bool(expected) == any(f.role == "back_translation" for f in manifest.files)


@pytest.mark.parametrize("task", LENDERS)
def test_without_noise_they_are_the_english_rows(task, tmp_path):
    manifest = generated(tmp_path, 0.0, [task], back_translations=True)[task]
    made, _ = prepare(task, "back_translate", CODES, manifest, tmp_path / task, SIZES)
    rows = made.to_pylist()
    english = {row["id"]: words(row) for row in rows if row["language"] == "en"}
    assert len(rows) == len(CODES) * SIZES.train
    assert all(words(row) == english[row["id"]] for row in rows)


@pytest.mark.parametrize("task", LENDERS)
def test_noise_comes_twice(task, table):
    """Of the changed words 85 % are replaced or left out: 16.3 % after two passes, 8.5 after one.

    Words that English alone has ("does") pass once, and a wrong word may be right by chance, so a
    little less is lost.
    """
    english = {row["id"]: words(row) for row in table(task, "train", ["en"])}
    back = [row for row in table(task, "back_translate", CODES) if row["language"] != "en"]
    seen: dict[tuple, tuple[list[str], list[str]]] = {}
    for row in back:  # the context of several questions counts once
        key = (row["language"], row.get("group", row["id"]))
        one = english[row["id"]]
        seen[key] = (one, words(row))
    lost = sum((Counter(one) - Counter(two)).total() for one, two in seen.values())
    total = sum(len(one) for one, _ in seen.values())
    assert 0.11 < lost / total < 0.19
    known = {word for one in english.values() for word in one}
    strange = {word for row in back for word in words(row)} - known
    # All of it is English: no word of the other language is left.
    assert all(word.isascii() for word in strange)


def test_the_way_there_is_that_of_the_published_translation(manifests, folder, monkeypatch):
    """Replayed draws give, word by word, the sentences of the ``translate_train`` files."""
    met: list[list[str]] = []

    def home(self, source, exact, noisy):
        met.append([token.form for token, _ in noisy])
        return source

    monkeypatch.setattr(back_translations.Traveller, "home", home)
    for task in LENDERS:
        chosen = settings(noise=NOISE, sizes={task: SIZES.model_dump()})
        for code in TARGETS:
            met.clear()
            write_raw(task, chosen, ["en", code], folder / "replayed", back_translations=True)
            (file,) = (
                f
                for f in manifests[task].files
                if (f.role, f.language) == ("translate_train", code)
            )
            assert_same_texts(task, folder / task / file.path, met)


def assert_same_texts(task: str, path: Path, met: list[list[str]]) -> None:
    """Compare sentences that were met with those of a file."""
    if path.suffix == ".json":
        value = json.loads(path.read_text(encoding="utf-8"))
        paragraphs = [p for article in value["data"] for p in article["paragraphs"]]
        text = {" ".join(sentence) for sentence in met}
        questions = {q["question"] for p in paragraphs for q in p["qas"]}
        assert len(questions) > 50
        assert questions <= text
        together = "".join("".join(sentence) for sentence in met)
        assert all("".join(p["context"].split()) in together for p in paragraphs)
    elif task in ("udpos", "panx"):
        # A contraction is written as one word.
        translated = [row[2].split(" ") for row in lines_of(path)]
        assert len(translated) == len(met) == SIZES.train
        same = [one == two for one, two in zip(translated, met, strict=True)]
        assert all(len(one) <= len(two) for one, two in zip(translated, met, strict=True))
        assert all(same) if task == "panx" else sum(same) > SIZES.train / 2
    else:
        columns = (0, 1) if task == "xnli" else (1, 2)
        texts = [row[i] for row in lines_of(path)[1:] for i in columns]
        assert texts == [" ".join(sentence) for sentence in met]


def test_what_happened_on_the_way_there_is_seen_in_english():
    languages = languages_of(settings(), CODES)
    english, other = languages["en"], languages["qab"]
    clause = Clause(Entity("dog", adjective="big"), "help", Entity("Anna"), negated=True)
    source, exact = english.render(clause), other.render(clause)
    assert text_of(source) == "the big dog does not help Anna"

    def home(change) -> str:
        return text_of(returned(english, source, exact, changed(exact, other, change)))

    assert home({}) == text_of(source)
    assert home({"big": []}) == "the dog does not help Anna"
    assert home({"dog": ["dog", "dog"]}) == "the big dog dog does not help Anna"
    assert home({"dog": ["horse"], "help": ["follow"]}) == "the big horse does not follow Anna"
    lost = {token.lemma: [] for token in exact}
    assert home(lost | {"Anna": ["Hugo"]}) == "does Hugo"


def changed(exact: list, language: Language, change: dict[str, list[str]]) -> list:
    """Return a translation with other words for some lemmas."""
    return [
        (token if lemma == token.lemma else language.token(lemma, token.feature), index)
        for index, token in enumerate(exact)
        for lemma in change.get(token.lemma, [token.lemma])
    ]


# --- files of one's own ---------------------------------------------------------------------------


def uses(train_split="train", **splits: list[str]) -> dict:
    codes = list(dict.fromkeys(["en", *(code for part in splits.values() for code in part)]))
    return {
        "languages": codes,
        "train_split": train_split,
        "test_split": "test",
        "splits": splits,
    }


PAWSX_FILES = {
    "pawsx/train-en.tsv": "".join(f"en {i}\tb {i}\t{i % 2}\n" for i in range(6)),
    "xtreme_translations/PAWSX/translate-train/en-de-translated.tsv": "".join(
        f"en {i}\tb {i}\tde {i}\tb {i}\t{i % 2}\n" for i in reversed(range(5))
    ),
}
BACK = "pawsx/translate-train-en/translated_train.de-en.tsv"
HEADER = "id\tsentence1\tsentence2\tlabel\n"


def pawsx_back(*, skip: tuple[int, ...] = (), label: int = 0) -> str:
    return HEADER + "".join(
        f"{10 + i}\t{'' if i in skip else f'back {i}'}\tb\t{(i + label) % 2}\n" for i in range(6)
    )


def put(root: Path, files: dict[str, str]) -> Data:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Data(source="folder", root=str(root))


def prepared(root: Path, task: str, split: str, files: dict[str, str], **how) -> tuple[list, dict]:
    manifest = fetch(task, put(root, files), uses(**{split: ["de"]}), root)
    table, summary = prepare(task, split, ["de"], manifest, root, None, **how)
    return table.to_pylist(), summary


@pytest.fixture
def small(monkeypatch):
    """Published data of any size that may lose a fifth of its rows."""
    monkeypatch.setattr("xling.data.job.Job.check_rows", lambda *args: None)
    for module in ("back_translated", "job"):
        monkeypatch.setattr(f"xling.data.{module}.LARGEST_LOSS", 0.2)


def test_pairs_without_ids_are_numbered_and_losses_counted(small, tmp_path):
    """XTREME's training file has no ids, so those of the back-translations mean nothing."""
    files = PAWSX_FILES | {BACK: pawsx_back(skip=(2,))}
    rows, summary = prepared(tmp_path, "pawsx", "back_translate", files)
    # Row 5 has no translation, row 2 no back-translation.
    kept = [0, 1, 3, 4]
    assert [(r["id"], r["sentence1"], r["label"]) for r in rows] == [
        (f"train-{i + 1:06d}", f"back {i}", str(i % 2)) for i in kept
    ]
    assert {row["language"] for row in rows} == {"de"}
    assert summary["dropped"] == {
        "back-translation file: empty sentence": {"de": 1},
        NO_BACK_TRANSLATION: {"de": 1},
    }
    assert summary["translations"] == "your own back-translation of the training set"
    assert "left out, no back-translation: de 1" in summary["notes"]
    translated, _ = prepared(tmp_path, "pawsx", "translate_train", files)
    assert [row["id"] for row in translated] == [f"train-{i + 1:06d}" for i in range(5)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (pawsx_back(label=1), "the label is '1', but '0' for the same item"),
        (pawsx_back().rpartition("15")[0], "pawsx back-translations de has 5 rows"),
        (pawsx_back(skip=(0, 1)), "2 of 5 rows: no back-translation"),
        (pawsx_back().replace("back 1", "NS").replace("back 2", "NS"), "2 of 5 rows: no back"),
    ],
)
def test_pairs_of_other_rows_are_refused(small, tmp_path, text, what):
    with pytest.raises(DataError) as caught:
        prepared(tmp_path, "pawsx", "back_translate", PAWSX_FILES | {BACK: text})
    assert what in caught.value.what
    assert BACK in caught.value.where


def token_lines(*sentences: str) -> str:
    return "".join(
        "".join(f"{word}\tanything\n" for word in sentence.split(" ")) + "\n"
        for sentence in sentences
    )


COUNT = 220
PANX_FILES = {
    "panx/train-en.tsv": "".join(f"w{i}\tO\nAnn\tB-PER\nx\tO\n\n" for i in range(COUNT)),
    "xtreme_translations/translate_train.panx.de.txt": "".join(
        f"w{i} Ann x\tde\tv{i} Ann x\t0/0 1/1 2/2\n" for i in range(COUNT)
    ),
}
TOKENS = "panx/translate-train-en-token/de.txt"


def back_sentences() -> list[str]:
    return [f"w{i} Ann again" for i in range(COUNT)]


def test_sentences_are_numbered_and_an_empty_word_keeps_the_place(small, tmp_path):
    sentences = back_sentences()
    sentences[7] = ""
    files = PANX_FILES | {TOKENS: token_lines(*sentences)}
    rows, summary = prepared(tmp_path, "panx", "back_translate", files)
    assert len(rows) == COUNT - 1
    assert [row["tokens"][0] for row in rows[6:9]] == ["w6", "w8", "w9"]
    assert rows[7] == {
        "id": "train-000009",
        "language": "de",
        "tokens": ["w8", "Ann", "again"],
        "tags": ["", "", ""],
        "links": None,
    }
    assert summary["dropped"] == {
        "back-translation file: empty sentence or word": {"de": 1},
        NO_BACK_TRANSLATION: {"de": 1},
    }


def test_sentences_out_of_place_are_refused(small, tmp_path):
    sentences = back_sentences()
    files = PANX_FILES | {TOKENS: token_lines(*sentences[1:])}
    with pytest.raises(DataError, match="back-translations de has 219 rows"):
        prepared(tmp_path, "panx", "back_translate", files)
    # One lost and one too many: the number is right, the order is not.
    slipped = [*sentences[:20], *sentences[21:], "too many"]
    with pytest.raises(DataError, match="do not stand in the order") as caught:
        prepared(tmp_path, "panx", "back_translate", PANX_FILES | {TOKENS: token_lines(*slipped)})
    assert caught.value.where.endswith("de.txt, sentences 1 to 200")


def test_the_second_column_may_hold_anything_or_be_absent(tmp_path):
    path = tmp_path / "de.txt"
    path.write_text("one\tX\tY\ntwo\n\n\n three \t\n\n\t-\n", encoding="utf-8")
    about = RawFile(
        path="de.txt",
        format="token-lines",
        role="back_translation",
        split="train",
        language="de",
        bytes=0,
        sha256="",
    )
    reading = READERS["token-lines"](path, about, ("B-PER",))
    assert [(row.id, row.tokens) for row in reading.rows] == [
        ("train-000001", ("one", "two")),
        ("train-000002", ("three",)),
    ]
    assert reading.dropped == {"empty sentence or word": 1}


def squad(language: str, ids: list[str], *, answer: str = "text") -> str:
    questions = [
        {"id": i, "question": f"{language} {i}?", "answers": [{"text": answer, "answer_start": 5}]}
        for i in ids
    ]
    paragraph = {"context": f"{language} . text of it", "qas": questions}
    return json.dumps({"data": [{"paragraphs": [paragraph]}]})


SQUAD_BACK = "squad/translate-train-en/squad.translate.train.en-de-en.json"


def xquad_files(back: list[str]) -> dict[str, str]:
    """English has questions a to f; the answer of f is lost in German."""
    german = json.loads(squad("de", list("abcdef")))
    german["data"][0]["paragraphs"][0]["qas"][5]["answers"][0]["answer_start"] = -1
    folder = "xtreme_translations/SQuAD/translate-train"
    return {
        "squad/train-v1.1.json": squad("en", list("abcdef")),
        f"{folder}/squad.translate.train.en-de.json": json.dumps(german),
        # Answers of back-translations are not where they are said to be.
        SQUAD_BACK: squad("back", back, answer="nowhere"),
    }


def test_questions_need_no_answers(small, tmp_path):
    rows, summary = prepared(tmp_path, "xquad", "back_translate", xquad_files(list("fabce")))
    assert [row["id"] for row in rows] == list("abce")
    assert rows[0] == {
        "id": "a",
        "language": "de",
        "text_language": "en",
        "group": "a000-p000",
        "context": "back . text of it",
        "question": "back a?",
        "answers": [],
        "starts": [],
    }
    assert summary["dropped"] == {NO_BACK_TRANSLATION: {"de": 1}}


def test_questions_that_cannot_be_named_are_refused(small, tmp_path):
    with pytest.raises(DataError, match="ids of the back-translations are not those") as caught:
        prepared(tmp_path, "xquad", "back_translate", xquad_files(list("uvwxyz")))
    assert "language de" in caught.value.where
    files = xquad_files(list("abcdef"))
    other = "xtreme_translations/SQuAD/translate-train/squad.translate.train.en-de.json"
    files[other] = squad("de", list("uvwxyz"))
    with pytest.raises(DataError, match="ids of the translations are not those"):
        prepared(tmp_path, "xquad", "back_translate", files)


# --- missing files --------------------------------------------------------------------------------


def test_a_missing_file_names_itself_its_language_and_the_way_out(tmp_path):
    data = put(tmp_path, PAWSX_FILES)
    with pytest.raises(DataError) as caught:
        fetch("pawsx", data, uses(back_translate=["de"]), tmp_path)
    assert caught.value.where.endswith(f"{BACK} (back-translation, language de)")
    assert "turn scheduled sampling off" in caught.value.fix
    assert "XTREME" not in caught.value.fix
    with pytest.raises(DataError) as caught:
        fetch("pawsx", data, uses(back_translate=["de", "fr"]), tmp_path)
    assert "en-fr-translated.tsv" in caught.value.where
    assert caught.value.fix.startswith("set data.root")
    assert "turn scheduled sampling off" in caught.value.fix


def test_a_missing_file_of_a_download_too(tmp_path):
    wanted = [n for n in needs("panx", uses(back_translate=["de"])) if "back" in n.artefact]
    (tmp_path / "own-back-translations").mkdir()
    (tmp_path / "own-back-translations/x.txt").write_text("x", encoding="utf-8")
    note = {"key": "own-back-translations", "address": "", "bytes": 0, "sha256": "", "fetched": ""}
    files = list_files(tmp_path / "own-back-translations")
    write_note(tmp_path, note | {"rebuilt": None, "files": files})
    with pytest.raises(
        DataError, match="no file matches 'panx/translate-train-en-token/"
    ) as caught:
        downloaded(tmp_path, wanted)
    assert "turn scheduled sampling off" in caught.value.fix


# --- another training split -----------------------------------------------------------------------


@pytest.mark.parametrize("task", LENDERS)
def test_home_made_training_sets_have_no_back_translations(task):
    with pytest.raises(UsageError, match="back-translations are of the training set") as caught:
        wants(task, uses("test" if task == "tydiqa" else "dev", back_translate=["de"]))
    assert "turn scheduled sampling off" in caught.value.fix


class Needing(Plan):
    """A plan whose runs need both new splits."""

    def splits(self, task: str) -> list[str]:
        return ["back_translate", "gold_english", "test"]


def test_a_study_is_told_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert list(empty_splits(Needing(load_small().study))) == []
    changed_ = ("  pawsx:\n    languages", "  pawsx:\n    train_split: dev\n    languages")
    (problem,) = empty_splits(Needing(load_small(changed_).study))
    assert problem.path == ("tasks", "pawsx", "train_split")
    assert "turn scheduled sampling off" in problem.fix


@pytest.mark.parametrize("method", ["xmixup", "translate_test"])
def test_only_the_published_test_split_has_translations(tmp_path, monkeypatch, method):
    """Sentences can be scored on their dev split; their translations do not exist."""
    monkeypatch.chdir(tmp_path)
    sizes = ("      pawsx: {train", "      udpos: {train: 9, dev: 9, test: 9}\n      pawsx: {train")
    task = (
        "  pawsx:\n    languages",
        "  udpos:\n    languages: [en, qab]\n  pawsx:\n    languages",
    )
    block = (
        "methods: [zero_shot, translate_test]\n    models: [tiny]\n    tasks: [xnli, pawsx]",
        f"methods: [{method}]\n    models: [tiny]\n    tasks: [udpos]",
    )
    assert load_small(sizes, task, block)
    on_dev = ("languages: [en, qab]\n  pawsx", "languages: [en, qab]\n    test_split: dev\n  pawsx")
    with pytest.raises(UsageError, match=r"never translated|only the test split was") as caught:
        load_small(sizes, task, block, on_dev)
    assert "remove tasks.udpos.test_split" in str(caught.value)


# --- the real benchmarks --------------------------------------------------------------------------


@pytest.mark.realdata
@pytest.mark.skipif(not REALDATA.is_dir(), reason="no real data")
class TestRealData:
    def made(self, tmp_path, task: str, split: str, codes: list[str], **how) -> tuple[list, dict]:
        wanted = {"languages": codes, "train_split": "train", "test_split": "test"}
        wanted |= {key: how[key] for key in how if key in wanted} | {"splits": {split: codes}}
        manifest = fetch(task, Data(source="folder", root=str(REALDATA)), wanted, tmp_path)
        table, summary = prepare(task, split, codes, manifest, tmp_path, None, **how)
        return table.to_pylist(), summary

    @pytest.mark.parametrize(
        ("task", "codes", "how"),
        [
            ("pawsx", ["en", "de", "zh"], {}),
            ("xnli", ["en", "sw"], {}),
            ("xquad", ["en", "de"], {"train_split": "test"}),
            ("mlqa", ["en", "de", "es", "zh"], {"test_split": "dev"}),
        ],
    )
    def test_every_test_row_has_its_english_row(self, tmp_path, task, codes, how):
        gold, summary = self.made(tmp_path, task, "gold_english", codes, **how)
        test, _ = self.made(tmp_path, task, "test", codes, **how)
        assert keys(gold) == keys(test)
        assert NO_ENGLISH not in summary["dropped"]
        english = {row["id"]: words(row) for row in test if row["language"] == "en"}
        # PAWS-X has six English rows without known label, which are not tested themselves.
        known = [row for row in gold if row["id"] in english]
        assert len(gold) - len(known) <= 12
        assert all(words(row) == english[row["id"]] for row in known)

    def test_human_translations_join_with_english_and_have_no_back_translation(self, tmp_path):
        for task, codes in (("xnli", ["de", "sw"]), ("pawsx", ["de", "fr"])):
            how = {"train_split": "dev"}
            english, _ = self.made(tmp_path, task, "train", ["en"], **how)
            translated, _ = self.made(tmp_path, task, "translate_train", codes, **how)
            assert {row["id"] for row in translated} <= {row["id"] for row in english}
            assert len(set(keys(translated))) == len(translated) > 0.9 * 2 * len(english)
            with pytest.raises(UsageError, match="turn scheduled sampling off"):
                self.made(tmp_path, task, "back_translate", codes, **how)

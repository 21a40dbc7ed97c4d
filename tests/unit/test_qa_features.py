# SPDX-License-Identifier: Apache-2.0
"""Windows against a slow version, answers that come back exactly, models that read them."""

import json
import random
import re

import numpy as np
import pyarrow as pa
import pytest
import torch
from transformers import AutoTokenizer

from conftest import REALDATA
from xling.encoders.tokenizer import build_tokenizer
from xling.errors import DataError, UsageError
from xling.metrics import mlqa
from xling.tasks import TASKS
from xling.tasks.family import Inference
from xling.tasks.qa import Tokens, new_model, predict, score, span_scores, tokenize, trained_model
from xling.tasks.qa_features import CLS_PLACE, max_context, window_starts
from xling.tokens import write_tokens

XQUAD, MLQA = TASKS["xquad"], TASKS["mlqa"]
READING = {"max_length": 48, "doc_stride": 16, "max_question": 12}
DECODING = {"n_best": 20, "max_answer": 30}


def questions(rows) -> pa.Table:
    """A prepared table of (id, language, context, question, answers, starts)."""
    names = ("id", "language", "context", "question", "answers", "starts")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return pa.table(columns | {"text_language": columns["language"]})


def toy(count: int, seed: int = 0) -> pa.Table:
    """Questions whose answer is the word after "zul", in contexts of 5 to 60 words."""
    rng = random.Random(seed)
    words = [a + b + c for a in "bdgk" for b in "aeo" for c in "lmn"]
    rows = []
    for i in range(count):
        text = [rng.choice(words) for _ in range(rng.randint(5, 60))]
        place = rng.randrange(len(text) - 1)
        text[place] = "zul"
        start = len(" ".join(text[: place + 1])) + 1
        asked = " ".join(rng.choice(words) for _ in range(rng.randint(1, 20)))
        code = "en" if i < count // 2 else "de"
        rows.append((f"q{i}", code, " ".join(text), asked, [text[place + 1]], [start]))
    return questions(rows)


def tokens_of(table: pa.Table, tokenizer_file, folder, reading=READING) -> Tokens:
    write_tokens(folder / "qa.arrow", tokenize(table, tokenizer_file, XQUAD, reading), {})
    return Tokens.read([folder / "qa.arrow"])


@pytest.fixture(scope="module")
def toy_tokens(encoder, tmp_path_factory):
    return tokens_of(toy(60), encoder.folder / "tokenizer.json", tmp_path_factory.mktemp("toy"))


# --- windows ---------------------------------------------------------------------------------


def slow_windows(length, room, stride):
    """The loop of the released code: go on until nothing is left over."""
    windows, start = [], 0
    while True:
        windows.append((start, min(start + room, length)))
        if length - start <= room:
            return windows
        start += stride


def slow_max_context(windows, place):
    best, chosen = None, None
    for number, (start, stop) in enumerate(windows):
        if start <= place < stop:
            value = min(place - start, stop - 1 - place) + 0.01 * (stop - start)
            if best is None or value > best:
                best, chosen = value, number
    return chosen


@pytest.mark.parametrize(("room", "stride"), [(10, 4), (10, 10), (7, 1), (316, 128)])
def test_windows_and_max_context_equal_the_slow_version(room, stride):
    for length in [*range(45), 300, 316, 317, 700]:
        starts = window_starts(length, room, stride)
        windows = slow_windows(length, room, stride)
        assert starts.tolist() == [start for start, _ in windows]
        expected = [slow_max_context(windows, place) for place in range(length)]
        assert max_context(length, room, starts).tolist() == expected
        assert None not in expected  # every sub-word is in some window


def slow_rows(row, library, reading):
    """Windows of one question with the library's own pair encoding."""
    question = library(row["question"], add_special_tokens=False)["input_ids"]
    question = question[: reading["max_question"]]
    encoded = library(row["context"], add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    room = reading["max_length"] - len(question) - library.num_special_tokens_to_add(pair=True)
    windows = slow_windows(len(ids), room, reading["doc_stride"])
    # XLM-R has two separators between the texts, BERT one.
    between = [library.sep_token_id] * (library.num_special_tokens_to_add(pair=True) - 2)
    start = row["starts"][0]
    end = start + len(row["answers"][0])
    inside = [i for i, (a, b) in enumerate(offsets) if a < end and b > start]
    for number, (first, stop) in enumerate(windows):
        pair = [library.cls_token_id, *question, *between, *ids[first:stop], library.sep_token_id]
        shift = len(pair) - (stop - first) - 1
        held = first <= inside[0] and inside[-1] < stop
        yield {
            "id": row["id"],
            "language": row["language"],
            "window": number,
            "input_ids": pair,
            "start": shift + inside[0] - first if held else 0,
            "end": shift + inside[-1] - first if held else 0,
            "first": shift,
            "starts": [a for a, _ in offsets[first:stop]],
            "ends": [b for _, b in offsets[first:stop]],
            "max_context": [slow_max_context(windows, i) == number for i in range(first, stop)],
        }


def test_rows_equal_the_slow_version(encoder):
    library = AutoTokenizer.from_pretrained(encoder.folder / "model")
    table = toy(60)
    found = tokenize(table, encoder.folder / "tokenizer.json", XQUAD, READING)
    slow = [row for item in table.to_pylist() for row in slow_rows(item, library, READING)]
    assert found.num_rows == len(slow) > 90
    assert ("token_type_ids" in found.column_names) == (encoder.architecture == "bert")
    for row, expected in zip(found.to_pylist(), slow, strict=True):
        segments = row.pop("token_type_ids", None)
        assert row == expected
        assert len(row["input_ids"]) <= READING["max_length"]
        if segments:
            # [CLS] and the question with its [SEP], then the context with its own.
            second = len(row["starts"]) + 1
            assert segments == [0] * (len(row["input_ids"]) - second) + [1] * second


def test_answers_that_no_window_holds_point_to_the_first_sub_word(encoder, toy_tokens):
    starts, ends = toy_tokens.numbers("start"), toy_tokens.numbers("end")
    outside = starts == CLS_PLACE
    assert outside.any()
    assert ((starts == CLS_PLACE) == (ends == CLS_PLACE)).all()
    assert (starts[~outside] >= toy_tokens.numbers("first")[~outside]).all()
    # Every question has at least one window with its answer, some have several.
    held = [q for q, out in zip(toy_tokens.ids, outside, strict=True) if not out]
    assert set(held) == {f"q{i}" for i in range(60)}
    assert len(held) > 60


def test_answers_at_the_borders_of_windows(encoder, tmp_path):
    """One word at a time is the answer, so that all places of all windows occur."""
    words = [a + b + c for a in "bdgk" for b in "aeo" for c in "lmn"] * 2
    context = " ".join(words)
    places = [match.span() for match in re.finditer(r"\w+", context)]
    table = questions(
        [(f"q{i}", "en", context, "zul", [context[a:b]], [a]) for i, (a, b) in enumerate(places)]
    )
    tokens = tokens_of(table, encoder.folder / "tokenizer.json", tmp_path)
    found = recovered(tokens, table)
    assert {q: text for q, (text, _) in found.items()} == {f"q{i}": w for i, w in enumerate(words)}
    first, last = tokens.numbers("first"), tokens.lengths - 2
    assert (tokens.numbers("start") == first).sum() > 1
    assert (tokens.numbers("end") == last).sum() > 1
    # An answer longer than a window is in none.
    long = questions([("q", "en", context, "zul", [context], [0])])
    tokens = tokens_of(long, encoder.folder / "tokenizer.json", tmp_path)
    assert len(tokens) > 2
    assert not tokens.numbers("start").any()


def recovered(tokens: Tokens, table: pa.Table) -> dict[str, tuple[str, bool]]:
    """Return the text of each question's target and whether it starts and ends a sub-word."""
    rows = {(row["language"], row["id"]): row for row in table.to_pylist()}
    out = {}
    for i in np.flatnonzero(tokens.numbers("start") != CLS_PLACE):
        row = rows[tokens.languages[i], tokens.ids[i]]
        span = (tokens.numbers("start")[i], tokens.numbers("end")[i])
        start, end = tokens.code_points(i, *span)
        wanted = (row["starts"][0], row["starts"][0] + len(row["answers"][0]))
        assert start <= wanted[0]
        assert end >= wanted[1]
        # No sub-word too many: without its first or last one it would not cover the answer.
        if span[0] < span[1]:
            assert tokens.code_points(i, span[0], span[0])[1] > wanted[0]
            assert tokens.code_points(i, span[1], span[1])[0] < wanted[1]
        out[row["id"]] = (row["context"][start:end], (start, end) == wanted)
    return out


def test_long_questions_are_cut_and_no_text_is_changed(encoder, tmp_path):
    context = "\n bal  bel\u3000bol dal.  "
    table = questions(
        [
            ("q0", "en", context, "gal " * 40, ["bol"], [11]),
            ("q1", "en", context, "gal", ["b"], [2]),
        ]
    )
    assert context[11:14] == "bol"
    tokens = tokens_of(table, encoder.folder / "tokenizer.json", tmp_path)
    assert len(tokens) == 2
    first = tokens.numbers("first")
    special = 3 if encoder.architecture == "bert" else 4
    assert first[0] == special - 1 + READING["max_question"]
    assert recovered(tokens, table)["q0"] == ("bol", True)
    # Blanks belong to no sub-word.
    pieces = [
        context[slice(*tokens.code_points(0, p, p))] for p in range(first[0], tokens.lengths[0] - 1)
    ]
    assert not any(piece != piece.strip() for piece in pieces)


def test_offsets_count_the_raw_text_whatever_the_tokenizer_does_to_it(encoder, tmp_path):
    from tokenizers import Tokenizer, normalizers

    tokenizer = Tokenizer.from_file(str(encoder.folder / "tokenizer.json"))
    changes = [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    own = [tokenizer.normalizer] if tokenizer.normalizer else []
    tokenizer.normalizer = normalizers.Sequence([*changes, *own])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    context = "\u200b𝒳 ﬁ ½ BÁL bel de\u0301l gal"
    table = questions(
        [
            (word, "en", context, "gal", [word], [context.index(word)])
            for word in ("BÁL", "bel", "de\u0301l", "gal")
        ]
    )
    found = recovered(tokens_of(table, tmp_path / "tokenizer.json", tmp_path), table)
    assert found == {word: (word, True) for word in ("BÁL", "bel", "de\u0301l", "gal")}


def test_windows_that_would_leave_gaps_are_refused(encoder):
    special = 3 if encoder.architecture == "bert" else 4
    reading = {"max_length": 48, "max_question": 12, "doc_stride": 48 - 12 - special}
    file = encoder.folder / "tokenizer.json"
    assert tokenize(toy(3), file, XQUAD, reading).num_rows > 2
    with pytest.raises(UsageError, match=r"start \d+ apart") as error:
        tokenize(toy(3), file, XQUAD, reading | {"doc_stride": reading["doc_stride"] + 1})
    assert error.value.allowed == f"at most {reading['doc_stride']}"
    with pytest.raises(UsageError) as error:
        tokenize(toy(3), file, XQUAD, reading | {"max_question": 48})
    assert error.value.allowed == "a larger max_length"


def test_a_tokenizer_file_that_cuts_and_pads_is_told_not_to(encoder, tmp_path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(encoder.folder / "tokenizer.json"))
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=64)
    tokenizer.save(str(tmp_path / "cutting.json"))
    plain = tokenize(toy(5), encoder.folder / "tokenizer.json", XQUAD, READING)
    assert tokenize(toy(5), tmp_path / "cutting.json", XQUAD, READING).equals(plain)


def test_parts_of_a_large_split_equal_the_whole(encoder, monkeypatch):
    file = encoder.folder / "tokenizer.json"
    whole = tokenize(toy(20), file, XQUAD, READING)
    monkeypatch.setattr("xling.tokens.ROWS_PER_CALL", 3)
    parts = tokenize(toy(20), file, XQUAD, READING)
    assert parts.column("id").num_chunks == 7
    assert parts.combine_chunks().equals(whole.combine_chunks())


# --- models ----------------------------------------------------------------------------------


def test_a_batch_has_padded_inputs_and_targets(toy_tokens):
    rows = np.array([3, 0, 7])
    batch = toy_tokens.batch(rows, pad_id=77)
    assert batch["input_ids"].shape == (3, toy_tokens.lengths[rows].max())
    for name in ("start", "end"):
        values = [toy_tokens.dataset[int(r)][name] for r in rows]
        assert batch[f"{name}_positions"].tolist() == values


def test_masks_of_context_and_best_window(toy_tokens):
    rows = np.arange(len(toy_tokens))[::-1]
    inside, best = toy_tokens.contexts(rows, 60)
    for i, r in enumerate(rows):
        row = toy_tokens.dataset[int(r)]
        flags = [False] * row["first"] + row["max_context"] + [False] * 60
        assert best[i].tolist() == flags[:60]
        places = range(row["first"], row["first"] + len(row["starts"]))
        assert np.flatnonzero(inside[i]).tolist() == list(places)


def test_some_languages_of_several_files(encoder, toy_tokens, tmp_path):
    more = tokenize(toy(20, 9), encoder.folder / "tokenizer.json", XQUAD, READING)
    write_tokens(tmp_path / "a.arrow", more, {})
    write_tokens(tmp_path / "b.arrow", more.slice(0, 0), {})
    both = Tokens.read([tmp_path / "a.arrow", tmp_path / "b.arrow"], languages=["de"])
    rows = [row for row in more.to_pylist() if row["language"] == "de"]
    assert both.ids == [row["id"] for row in rows]
    assert both.context_lengths.tolist() == [len(row["starts"]) for row in rows]
    inside, best = both.contexts(np.arange(len(both)), 48)
    assert inside.sum() == sum(len(row["starts"]) for row in rows)
    assert best.sum() == sum(sum(row["max_context"]) for row in rows)


@pytest.fixture(scope="module")
def model(encoder):
    torch.manual_seed(5)
    return new_model(encoder.folder / "model", XQUAD)


def how(model, max_tokens):
    return Inference(model.config.pad_token_id, "fp32", max_tokens)


def test_predictions_do_not_depend_on_batches_or_order(model, toy_tokens):
    table, rows = toy(60), np.arange(len(toy_tokens))
    one = predict(model, toy_tokens, rows, table, XQUAD, DECODING, how(model, 1))
    many = predict(model, toy_tokens, rows, table, XQUAD, DECODING, how(model, 64 * 48))
    assert one["id"].to_pylist() == [f"q{i}" for i in range(60)]
    names = ["id", "language", "answers", "prediction"]
    assert many.select(names).equals(one.select(names))
    assert np.allclose(one["score"], many["score"], atol=1e-5)
    # In file order, unsorted: a batch at a time.
    plain = [
        span_scores(model, toy_tokens, part, DECODING, how(model, 10**6))
        for part in np.array_split(rows, 7)
    ]
    whole = span_scores(model, toy_tokens, rows, DECODING, how(model, 200))
    for i, values in enumerate(whole[1:], start=1):
        assert np.array_equal(np.concatenate([part[i] for part in plain]), values)
    back = predict(model, toy_tokens, rows[::-1], table, XQUAD, DECODING, how(model, 500))
    assert sorted(back.select(names).to_pylist(), key=lambda r: int(r["id"][1:])) == (
        one.select(names).to_pylist()
    )


def test_predictions_equal_a_slow_version(model, toy_tokens):
    """Every window alone, every pair of places, as the rule is written."""
    table = toy(60)
    rows = np.flatnonzero(np.asarray(toy_tokens.languages) == "de")
    found = predict(model, toy_tokens, rows, table, XQUAD, DECODING, how(model, 400))
    assert set(found["language"].to_pylist()) == {"de"}
    contexts = dict(zip(table["id"].to_pylist(), table["context"].to_pylist(), strict=True))
    best: dict[str, tuple[float, str]] = {}
    model.eval()
    for r in rows:
        row = toy_tokens.dataset[int(r)]
        with torch.inference_mode():
            out = model(**toy_tokens.inputs(np.array([r]), 0))
        logits = [x[0].tolist() for x in (out.start_logits, out.end_logits)]
        top = [sorted(range(len(x)), key=lambda i, x=x: -x[i])[:20] for x in logits]
        first, count = row["first"], len(row["starts"])
        for s in top[0]:
            for e in top[1]:
                within = first <= s <= e < first + count and e - s < 30
                if within and row["max_context"][s - first]:
                    value = logits[0][s] + logits[1][e]
                    if value > best.get(row["id"], (-1e9, ""))[0]:
                        a, b = row["starts"][s - first], row["ends"][e - first]
                        best[row["id"]] = (value, contexts[row["id"]][a:b])
    predicted = dict(zip(found["id"].to_pylist(), found["prediction"].to_pylist(), strict=True))
    assert predicted == {q: best.get(q, (0, ""))[1] for q in predicted}
    assert len(best) > 20


def test_questions_without_a_span_are_counted_and_get_no_score(model, toy_tokens, caplog):
    table, rows = toy(60), np.arange(len(toy_tokens))
    decoding = {"n_best": 1, "max_answer": 1}
    found = predict(model, toy_tokens, rows, table, XQUAD, decoding, how(model, 999))
    empty = [row for row in found.to_pylist() if row["prediction"] == ""]
    assert empty
    assert all(row["score"] is None for row in empty)
    assert f"xquad: {len(empty)} of 60 questions have no valid span" in caplog.text


def test_tokens_of_another_split_are_refused(model, toy_tokens):
    rows = np.arange(len(toy_tokens))
    with pytest.raises(DataError, match="not in the prepared split"):
        predict(model, toy_tokens, rows, toy(59), XQUAD, DECODING, how(model, 999))


def test_a_few_steps_reduce_the_loss_and_the_model_can_be_loaded(encoder, tmp_path):
    torch.manual_seed(1)
    model = new_model(encoder.folder / "model", XQUAD)
    table = toy(150, seed=3)
    tokens = tokens_of(table, encoder.folder / "tokenizer.json", tmp_path)
    rng = np.random.default_rng(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = model(**tokens.batch(rng.choice(len(tokens), 32), model.config.pad_token_id)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:5])
    model.save_pretrained(tmp_path / "model")
    again = trained_model(tmp_path / "model", XQUAD)
    rows = np.arange(len(tokens))
    found = [predict(m, tokens, rows, table, XQUAD, DECODING, how(m, 999)) for m in (model, again)]
    assert found[0].equals(found[1])


# --- scores ----------------------------------------------------------------------------------


def predictions(*rows) -> pa.Table:
    names = ("id", "language", "text_language", "answers", "prediction")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def values(table, task):
    return {(s.language, s.metric): (s.value, s.n, s.signature) for s in score(table, task)}


def test_scores_by_hand():
    table = predictions(
        ("1", "en", "en", ["the red house", "house"], "Red house!"),
        ("2", "en", "en", ["a b c d"], "b c"),
        ("1", "zh", "zh", ["红房子"], "房子"),
    )
    found = values(table, XQUAD)
    # Question 2: "b c" of "b c d" (the article is no token): P 1, R 2/3.
    assert found["en", "f1"][:2] == (pytest.approx(100 * (1 + 0.8) / 2), 2)
    assert found["en", "em"][:2] == (50.0, 2)
    assert found["zh", "f1"][:2] == (0.0, 1)
    assert {s.setting for s in score(table, XQUAD)} == {"standard"}
    assert {s.chance for s in score(table, XQUAD)} == {0.0}
    assert [s.metric for s in score(table, XQUAD)] == ["f1", "em"] * 2
    assert {m for _, m in found} == set(XQUAD.metrics)


def test_mlqa_follows_the_language_of_the_text():
    rows = [
        ("1", "zh", "zh", ["红房子"], "房子"),
        ("1", "de", "en", ["the house"], "house"),
        ("1", "es", "es", ["el hotel"], "hotel"),
        ("1", "qaa", "qaa", ["The house"], "the house!"),
        ("2", "qaa", "qaa", ["the house"], "house"),
    ]
    found = values(predictions(*rows), MLQA)
    assert found["zh", "f1"][0] == pytest.approx(80.0)
    assert found["de", "em"][0] == found["es", "em"][0] == 100.0
    assert found["qaa", "em"][0] == 50.0, "no articles are deleted in artificial languages"
    assert {found[code, "f1"][2] for code in ("zh", "de", "es", "qaa")} == {mlqa.SIGNATURES["f1"]}
    assert values(predictions(*rows), XQUAD)["es", "em"][0] == 0.0


def test_predictions_that_cannot_be_scored_are_refused():
    row = ("1", "en", "en", ["a"], "a")
    with pytest.raises(DataError, match="predicted twice"):
        score(predictions(row, row), XQUAD)
    with pytest.raises(DataError, match="lack the column 'answers'"):
        score(predictions(row).drop_columns(["answers"]), XQUAD)
    with pytest.raises(DataError, match="have no rows"):
        score(predictions(row).slice(1), XQUAD)


# --- the real files --------------------------------------------------------------------------


@pytest.mark.realdata
@pytest.mark.parametrize("language", ["zh", "ar", "hi", "en"])
def test_answers_of_all_xquad_questions_come_back(language, tmp_path):
    path = REALDATA / f"xquad/xquad.{language}.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    paragraphs = [p for a in json.loads(path.read_text())["data"] for p in a["paragraphs"]]
    table = questions(
        [
            (q["id"], language, p["context"], q["question"], [a["text"]], [a["answer_start"]])
            for p in paragraphs
            for q in p["qas"]
            for a in q["answers"]
        ]
    )
    # Both kinds of sub-words; one suffices for the languages with blanks.
    for kind in ("xlm-roberta", "bert") if language in ("zh", "en") else ("xlm-roberta",):
        tokenizer = build_tokenizer(kind, [p["context"] for p in paragraphs[::20]], 2_000, 384)
        (tmp_path / "tokenizer.json").write_text(tokenizer.backend_tokenizer.to_str())
        reading = {"max_length": 384, "doc_stride": 128, "max_question": 64}
        tokens = tokens_of(table, tmp_path / "tokenizer.json", tmp_path, reading)
        found = recovered(tokens, table)
        assert len(found) == 1_190
        # The others begin or end within a sub-word: "2016年" where the answer is "2016".
        assert sum(exact for _, exact in found.values()) > 0.95 * 1_190

# SPDX-License-Identifier: Apache-2.0
"""Predictions of X-Mixup models: every setting against one pair at a time."""

from __future__ import annotations

import copy
import random
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch

from xling.data.tables import SCHEMAS, write_table
from xling.errors import DataError, UsageError
from xling.predict import Split
from xling.predict import predict as run_predict
from xling.tasks import TASKS
from xling.tasks.family import Inference, family_of
from xling.tokens import write_tokens
from xling.xmixup.inference import MEAN, outputs_beside, predict
from xling.xmixup.model import XMixup
from xling.xmixup.pairs import ITSELF, pair_test
from xling.xmixup.settings import preset

READING = {"max_length": 32, "doc_stride": 8, "max_question": 8}
DECODING = {"n_best": 20, "max_answer": 30}
BY_FAMILY = {"classification": "xnli", "tagging": "udpos", "qa": "xquad"}
ITEMS = 9  # per language
LOST = "r4"  # a question that was lost in translation


def words(rng, low, high):
    return [
        rng.choice("bdgk") + rng.choice("aeo") + rng.choice("lmn")
        for _ in range(rng.randint(low, high))
    ]


def row_of(family, row_id, language, rng):
    """A prepared row with random text; long ones are several inputs."""
    row = {"id": row_id, "language": language, "text_language": language, "group": "g"}
    if family == "classification":
        first, second = words(rng, 1, 12), words(rng, 1, 8)
        label = TASKS["xnli"].labels[int(row_id[1:]) % 3]
        row |= {"sentence1": " ".join(first), "sentence2": " ".join(second), "label": label}
    elif family == "tagging":
        tokens = words(rng, 1, 30)
        tags = [rng.choice(("NOUN", "VERB")) for _ in tokens]
        row |= {"tokens": tokens, "tags": tags, "links": None}
    else:
        context = words(rng, 3, 45)
        row |= {"context": " ".join(context), "question": " ".join(words(rng, 1, 5))}
        row |= {"answers": [context[0]], "starts": [0]}
    return row


def split_of(family, name, seed):
    """Test rows, or the English sides of those of seed 0: English ones are the rows themselves."""
    rng, english = random.Random(seed), random.Random(0)
    ids = [f"r{i}" for i in range(ITEMS)]
    rows = [row_of(family, i, "en", english) for i in ids]
    rows += [row_of(family, i, "qaa", rng) for i in ids]
    if name != "test":
        lost = LOST if family == "qa" else None
        rows = [row for row in rows[::-1] if (row["language"], row["id"]) != ("qaa", lost)]
        rows.sort(key=lambda row: row["language"], reverse=True)
    return pa.Table.from_pylist(rows, SCHEMAS[family])


@pytest.fixture(scope="module", params=BY_FAMILY)
def setting(request, encoder, tmp_path_factory):
    """Test rows and two English sides of them, and a model in double precision."""
    family, task = request.param, TASKS[BY_FAMILY[request.param]]
    about, folder = family_of(task.name), tmp_path_factory.mktemp(request.param)
    tables, tokens, files = {}, {}, {}
    for seed, name in enumerate(("test", "translate_test", "gold")):
        tables[name] = split_of(family, name, seed)
        made = about.tokenize(tables[name], encoder.folder / "tokenizer.json", task, READING)
        info = {"task": task.name, "split": name, "sha256": name, "reading": READING}
        write_tokens(folder / f"{name}.arrow", made, info)
        write_table(folder / f"{name}.parquet", tables[name], {})
        tokens[name] = about.Tokens.read([folder / f"{name}.arrow"])
        files[name] = Split(name, folder / f"{name}.arrow", folder / f"{name}.parquet")
    torch.manual_seed(0)
    model = XMixup(
        about.new_model(encoder.folder / "model", task),
        preset("paper", family, layers=2, max_length=32, layer=1),
    ).double()
    with torch.no_grad():  # Attention and predictions that differ from text to text.
        for name, weights in model.named_parameters():
            weights *= 1.0 if "LayerNorm" in name or "gate" in name else 12.0
    if family == "classification":  # Else all rows get the same class.
        rows = np.arange(len(tokens["test"]))
        scores = about.class_scores(model.model, tokens["test"], rows, how(model, 400))
        with torch.no_grad():
            head = model.model.classifier
            getattr(head, "out_proj", head).bias -= torch.tensor(scores.mean(0))
    return SimpleNamespace(
        family=family, task=task, about=about, model=model, table=tables["test"], files=files,
        target=tokens.pop("test"), sources=tokens, folder=folder,
    )  # fmt: skip


@pytest.fixture(scope="module")
def saved(setting):
    """The model and what it wraps, saved in single precision."""
    single = copy.deepcopy(setting.model).float()
    single.save_pretrained(setting.folder / "mixing")
    single.model.save_pretrained(setting.folder / "plain")
    return setting.folder


def how(model, max_tokens):
    return Inference(model.config.pad_token_id, "fp32", max_tokens)


def predictions(it, max_tokens=400, rows=None, sources=None):
    rows = np.arange(len(it.target)) if rows is None else rows
    sources = it.sources if sources is None else sources
    sources = {k: v for k, v in sources.items() if k != "gold" or it.task.gold_english}
    found, _ = predict(
        it.model, it.target, rows, sources, it.table, it.task, DECODING, how(it.model, max_tokens)
    )
    return found


def inputs(tokens, row):
    """One input as it stands in the file, unpadded."""
    found = {k: v for k, v in tokens.dataset[int(row)].items() if k.endswith("_ids")}
    tensors = {k: torch.tensor([v]) for k, v in found.items()}
    return tensors | {"attention_mask": torch.ones_like(tensors["input_ids"])}


def beside_slowly(it, source, row):
    """Look through the whole source for the input beside a row."""
    kind = {"tagging": "part", "qa": "window"}.get(it.family)
    wanted = it.target.dataset[int(row)]
    parts = {
        (found[kind] if kind else 0): inputs(source, place)
        for place, found in enumerate(source.dataset)
        if (found["id"], found["language"]) == (wanted["id"], wanted["language"])
    }
    if not parts:
        assert wanted["id"] == LOST
        return inputs(it.target, row)
    return parts[min(wanted[kind] if kind else 0, max(parts))]


@torch.no_grad()
def pairs_slowly(it, source):
    """What the model says of every row, one pair at a time."""
    it.model.eval()
    return [
        it.model(beside_slowly(it, source, row), inputs(it.target, row))
        for row in range(len(it.target))
    ]


def decoded_slowly(it, pairs, logits):
    """Predictions of all rows from outputs of one row each."""
    rows, found = np.arange(len(it.target)), []
    for row, pair in enumerate(pairs):
        values = logits(pair)
        out = {"logits": values}
        if it.family == "qa":
            out = {"start_logits": values[..., 0], "end_logits": values[..., 1]}
        found.append((np.array([row]), SimpleNamespace(**{k: v.clone() for k, v in out.items()})))
    gathered = it.about.gather(found, it.target, rows, DECODING)
    return it.about.decode(gathered, it.target, rows, it.table, it.task)


@pytest.mark.parametrize("max_tokens", [1, 300])
def test_outputs_equal_one_pair_at_a_time(setting, max_tokens):
    source = setting.sources["translate_test"]
    rows = np.random.default_rng(1).permutation(len(setting.target))[:-3]
    slow = pairs_slowly(setting, source)
    found = outputs_beside(
        setting.model, setting.target, rows, source,
        pair_test(setting.family, setting.target, source)[rows], how(setting.model, max_tokens),
    )  # fmt: skip
    seen = []
    for places, pair in found:
        seen += places.tolist()
        for i, place in enumerate(places):
            one = slow[rows[place]]
            for side in ("source", "target"):
                expected = getattr(one, side).logits[0]
                got = getattr(pair, side).logits[i]
                if setting.family != "classification":  # Padded to the batch and to the other side.
                    length = int(getattr(one, side).mask.sum())
                    got, expected = got[:length], expected[:length]
                torch.testing.assert_close(got, expected, atol=1e-9, rtol=1e-9)
            torch.testing.assert_close(pair.ratio[i], one.ratio[0], atol=1e-9, rtol=1e-9)
    assert sorted(seen) == list(range(len(rows)))


def test_predictions_of_each_setting_equal_the_slow_ones(setting):
    found = predictions(setting, 300)
    expected = {}
    for name, source in setting.sources.items():
        if name == "gold" and not setting.task.gold_english:
            continue
        slow = pairs_slowly(setting, source)
        expected[name] = decoded_slowly(setting, slow, lambda pair: pair.target.logits)
        if setting.family == "classification":
            expected[name + MEAN] = decoded_slowly(
                setting, slow, lambda pair: (pair.source.logits + pair.target.logits) / 2
            )
    assert found["setting"].unique().to_pylist() == list(expected)
    for name, table in expected.items():
        part = found.filter(pc.equal(found["setting"], name))
        assert part.column_names[0] == "setting"
        assert_same(part.drop_columns(["setting"]), table)
    # The English side matters: else this would say nothing of the pairing.
    tables = [*expected.values(), predictions_of_target_alone(setting)]
    for one, other in combinations(tables, 2):
        with pytest.raises(AssertionError):
            assert_same(one, other)


def predictions_of_target_alone(it):
    rows, alone = np.arange(len(it.target)), how(it.model, 300)
    return it.about.predict(it.model.model, it.target, rows, it.table, it.task, DECODING, alone)


def test_batch_size_and_order_change_nothing(setting):
    columns = [c for c in predictions(setting).column_names if c not in ("logits", "score")]
    everything = predictions(setting, 1).select(columns)
    assert predictions(setting, 10**6).select(columns).equals(everything)
    rows = np.random.default_rng(0).permutation(len(setting.target))
    keys = [("setting", "ascending"), ("language", "ascending"), ("id", "ascending")]
    shuffled = predictions(setting, 333, rows).select(columns)
    assert shuffled.sort_by(keys).equals(everything.sort_by(keys))


def test_order_of_the_source_changes_nothing(setting, tmp_path):
    source = setting.sources["translate_test"]
    order = np.random.default_rng(3).permutation(len(source))
    write_tokens(tmp_path / "s.arrow", source.dataset.data.table.take(order), source.info[0])
    moved = {"translate_test": type(source).read([tmp_path / "s.arrow"])}
    same = {"translate_test": source}
    # In double precision equal pairs of equal batches give equal numbers.
    assert predictions(setting, 300, sources=moved).equals(predictions(setting, 300, sources=same))


@pytest.mark.parametrize("pad_to", [None, 32])
def test_batches_are_as_large_as_allowed_counting_both_sides(setting, saved, pad_to):
    """Neither stream is padded to the maximum unless the method asks for it."""
    model = XMixup(
        setting.about.trained_model(saved / "plain", setting.task),
        preset("released" if pad_to else "paper", setting.family, layers=2, max_length=32),
    ).double()
    source, shapes = setting.sources["translate_test"], []
    beside = pair_test(setting.family, setting.target, source)
    rows = np.arange(len(beside))
    for places, pair in outputs_beside(
        model, setting.target, rows, source, beside, how(model, 256)
    ):
        own = np.where(beside[places] == ITSELF, setting.target.lengths[places],
                       source.lengths[beside[places]])  # fmt: skip
        longest = max(setting.target.lengths[places].max(), own.max())
        shapes.append((2 * len(places), pair.target.mask.shape[1]))
        assert pair.target.mask.shape[1] == (pad_to or longest)
    assert max(texts * width for texts, width in shapes) <= 256
    assert len(shapes) < len(rows) / 2
    assert min(width for _, width in shapes) < 32 or pad_to


def test_english_rows_are_paired_with_themselves(setting):
    source = setting.sources["translate_test"]
    beside = pair_test(setting.family, setting.target, source)
    english = np.flatnonzero(np.asarray(setting.target.languages) == "en")
    for row in english:
        alone = inputs(setting.target, row)
        with torch.no_grad():
            expected = setting.model.eval()(alone, alone)
        ((_, pair),) = outputs_beside(
            setting.model, setting.target, np.array([row]), source, beside[[row]],
            how(setting.model, 100),
        )  # fmt: skip
        torch.testing.assert_close(pair.target.logits, expected.target.logits)


def test_mode_of_the_model_is_left_as_it_was(setting):
    setting.model.train()
    predictions(setting, rows=np.arange(3) if setting.family == "classification" else None)
    assert setting.model.training


def test_rows_without_an_english_side_are_refused_or_counted(setting, tmp_path, caplog):
    source = setting.sources["translate_test"]
    keys = zip(source.languages, source.ids, strict=True)
    kept = [i for i, key in enumerate(keys) if key != ("qaa", "r3")]
    write_tokens(tmp_path / "s.arrow", source.dataset.data.table.take(kept), source.info[0])
    lacking = {"translate_test": type(source).read([tmp_path / "s.arrow"])}
    if setting.family == "qa":
        found = predictions(setting, sources=lacking)
        assert "2 items in qaa have no source" in caplog.text
        assert len(found) == 2 * ITEMS
    else:
        with pytest.raises(DataError, match="1 items in 'qaa' have no source, the first: 'r3'"):
            predictions(setting, sources=lacking)


@pytest.mark.parametrize("task", ["udpos", "panx", "tydiqa"])
def test_gold_english_needs_parallel_test_sets(task):
    with pytest.raises(UsageError, match=r"the test sets of .* are no translations"):
        predict(None, None, None, {"gold": None}, None, TASKS[task], {}, None)


def test_names_of_english_sides(setting):
    with pytest.raises(UsageError, match="unknown English side of test rows 'translate-test'"):
        predictions(setting, sources={"translate-test": setting.sources["translate_test"]})


# --- scores ----------------------------------------------------------------------------------


def test_scores_of_each_setting_are_those_of_its_rows(setting):
    found = predictions(setting)
    names = found["setting"].unique().to_pylist()
    scores = setting.about.score(found, setting.task)
    expected = []
    for name in names:
        part = found.filter(pc.equal(found["setting"], name)).drop_columns(["setting"])
        alone = setting.about.score(part, setting.task)
        assert {s.setting for s in alone} == {"standard"}
        expected += [s.model_copy(update={"setting": name}) for s in alone]
    assert scores == expected
    assert len(scores) == len(names) * 2 * len(setting.task.metrics)
    assert {s.n for s in scores} == {ITEMS}


def test_values_of_settings_are_told_apart(setting):
    """All right in one setting, all wrong in the other."""
    gold = {"classification": "label", "tagging": "tags", "qa": "answers"}[setting.family]
    table = predictions_of_target_alone(setting)
    wrong = {"entailment": "neutral", "neutral": "contradiction", "contradiction": "entailment"}
    right_of = {"classification": str, "tagging": list, "qa": lambda answers: answers[0]}
    wrong_of = {
        "classification": wrong.get,
        "tagging": lambda tags: ["PUNCT"] * len(tags),
        "qa": lambda answers: "zzz",
    }
    place = table.column_names.index("prediction")
    parts = []
    for name, made in (("one", right_of), ("two", wrong_of)):
        values = [made[setting.family](value) for value in table[gold].to_pylist()]
        values = pa.array(values, table.schema.field("prediction").type)
        part = table.set_column(place, "prediction", values)
        parts.append(part.append_column("setting", pa.array([name] * len(part))))
    scores = setting.about.score(pa.concat_tables(parts), setting.task)
    main = {(s.setting, s.language): s.value for s in scores if s.metric == setting.task.metric}
    assert main == {("one", "en"): 100, ("one", "qaa"): 100, ("two", "en"): 0, ("two", "qaa"): 0}


def test_rows_need_a_setting_and_stand_once_in_it(setting):
    table = predictions_of_target_alone(setting)
    nameless = table.append_column("setting", pa.array([None, *["a"] * (len(table) - 1)]))
    with pytest.raises(DataError, match="1 predictions have no setting"):
        setting.about.score(nameless, setting.task)
    same = table.append_column("setting", pa.array(["a"] * len(table)))
    with pytest.raises(DataError, match="predicted twice"):
        setting.about.score(pa.concat_tables([same, same]), setting.task)
    with pytest.raises(DataError, match="no rows"):
        setting.about.score(same.slice(0, 0), setting.task)


# --- the job ---------------------------------------------------------------------------------


def job(it, folder, sources, languages=("en", "qaa"), mixes=False):
    return run_predict(
        task=it.task.name,
        model_folder=folder,
        splits=[it.files["test"]],
        languages=list(languages),
        encoder={"precision": "fp32"},
        max_tokens=300,
        decoding=DECODING,
        sources=sources,
        mixes=mixes,
    )


def assert_same(found, expected):
    """Equal but for the numbers, which single and double precision give in other digits."""
    numbers = [c for c in found.column_names if c in ("logits", "score")]
    assert found.column_names == expected.column_names
    assert found.drop_columns(numbers).to_pydict() == expected.drop_columns(numbers).to_pydict()
    for name in numbers:
        values = (np.array(table[name].to_pylist(), float) for table in (found, expected))
        np.testing.assert_allclose(*values, rtol=1e-4, atol=1e-4)


def test_a_job_predicts_with_the_english_sides_it_is_given(setting, saved):
    sides = {"translate_test": setting.files["translate_test"].tokens}
    sources = {"translate_test": setting.sources["translate_test"]}
    found, note = job(setting, saved / "mixing", sides, mixes=True)
    assert_same(found, predictions(setting, 300, sources=sources))
    lost = {"qaa": 1} if setting.family == "qa" else {}
    assert note["own_source"] == {"translate_test": lost}
    assert [part["split"] for part in note["test_data"]] == ["test", "translate_test"]
    assert note["rows"] == setting.target.rows_per_language()
    one, note = job(setting, saved / "mixing", sides, ["qaa"], mixes=True)
    assert_same(one, found.filter(pc.equal(found["language"], "qaa")))
    assert list(note["rows"]) == ["qaa"]


def test_a_job_of_a_plain_model_is_as_it_was(setting, saved):
    found, note = job(setting, saved / "plain", None)
    assert "setting" not in found.column_names
    assert_same(found, predictions_of_target_alone(setting))
    assert [part["split"] for part in note["test_data"]] == ["test"]
    assert note["own_source"] == {}


def test_models_and_english_sides_belong_together(setting, saved):
    with pytest.raises(UsageError, match="reads an English text beside each row"):
        job(setting, saved / "mixing", None, mixes=True)
    sides = {"translate_test": setting.files["translate_test"].tokens}
    with pytest.raises(DataError, match="settings of a trained X-Mixup model cannot be read"):
        job(setting, saved / "plain", sides, mixes=True)
    if setting.family != "classification":
        with pytest.raises(UsageError, match=r"cannot read .* together with English sides"):
            job(setting, saved / "plain", sides)

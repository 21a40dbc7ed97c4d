# SPDX-License-Identifier: Apache-2.0
"""X-Mixup trains in every family, in parts as in one, and goes on as if nothing had happened."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors.torch import load_file
from transformers import set_seed

from xling.batches import updates
from xling.config.study import TrainingSettings, XMixupChoices
from xling.data.tables import SCHEMAS, write_table
from xling.errors import UsageError
from xling.run import train
from xling.stops import Stop
from xling.tasks import TASKS
from xling.tasks.family import family_of
from xling.tokens import write_tokens
from xling.training import training_arguments
from xling.xmixup.mixup import source_is_original
from xling.xmixup.model import XMixup, load_xmixup
from xling.xmixup.pairs import Pairs
from xling.xmixup.settings import preset
from xling.xmixup.soft_labels import labels_table
from xling.xmixup.training import PairedTraining, losses_of
from xling.xmixup.updates import PairDataset

TASK = {"classification": "xnli", "tagging": "panx", "qa": "mlqa"}
ONE_ENCODER = pytest.mark.parametrize("encoder", ["xlm-roberta"], indirect=True)
WITH_SEGMENTS = pytest.mark.parametrize("encoder", ["bert"], indirect=True)
READING = {"max_length": 26, "doc_stride": 8, "max_question": 5}
LETTERS = "bdgk"
SPLITS = ("train", "translate_train", "back_translate")
# At step 2 ln 2 both sources are equally likely, so that a short training reads both.
SAMPLED = {"sampling_k": 4.0}


def words(rng, count):
    return [rng.choice(LETTERS) + rng.choice("aeo") + rng.choice("lmn") for _ in range(count)]


def classified(rng, name, language, text):
    del rng
    number = LETTERS.index(text[0][0]) % 3
    key = ("zul", "vum", "fin")[number]
    second = " ".join([*text[3:], key])
    return (name, language, " ".join(text[:3]), second, TASKS["xnli"].labels[number])


def tagged(rng, name, language, text):
    del rng
    tags = dict(zip(LETTERS, ("B-PER", "O", "B-LOC", "B-ORG"), strict=True))
    return (name, language, text, [tags[word[0]] for word in text], None)


def asked(rng, name, language, text):
    answer = "zul"
    context = list(text)
    context.insert(rng.randint(0, len(context)), answer)
    joined = " ".join(context)
    start = joined.index(answer)
    return (name, language, "en", name, joined, "zul bal", [answer], [start])


ROWS = {"classification": classified, "tagging": tagged, "qa": asked}
SCHEMA = {"classification": "text", "tagging": "tagging", "qa": "qa"}


def tables(family, count=30):
    """Prepared splits whose targets can be read off the words."""
    rng = random.Random(5)
    rows = {split: [] for split in SPLITS}
    for i in range(count):
        size = rng.choice([4, 6, 9, 40 if family != "classification" else 12])
        text = words(rng, size)
        other, back = text[:1] + text[:0:-1], text[:1] + words(rng, size + i % 3 - 1)
        make = ROWS[family]
        rows["train"].append(make(rng, f"t{i}", "en", text))
        rows["translate_train"].append(make(rng, f"t{i}", "qaa", other))
        rows["back_translate"].append(make(rng, f"t{i}", "qaa", back))
    schema = SCHEMAS[SCHEMA[family]]
    return {
        split: pa.table(
            dict(zip(schema.names, map(list, zip(*found, strict=True)), strict=True)), schema
        )
        for split, found in rows.items()
    }


@pytest.fixture(scope="module")
def data(encoder, tmp_path_factory):
    """Tokenised splits of the families, each made once."""
    made = {}

    def of(family):
        if family not in made:
            folder = tmp_path_factory.mktemp(family)
            files = SimpleNamespace(family=family, note=encoder.note, encoder=encoder)
            for split, table in tables(family).items():
                tokens = family_of(TASK[family]).tokenize(
                    table, encoder.folder / "tokenizer.json", TASKS[TASK[family]], READING
                )
                info = {"task": TASK[family], "split": split, "reading": READING}
                write_tokens(folder / f"{split}.arrow", tokens, info)
                write_table(folder / f"{split}.parquet", table, {})
                setattr(files, split, folder / f"{split}.arrow")
            files.prepared = folder / "train.parquet"
            made[family] = files
        return made[family]

    return of


@pytest.fixture
def no_dropout(encoder):
    """Take dropout out of the encoder's configuration for a while."""
    file = encoder.folder / "model" / "config.json"
    original = file.read_text()
    off = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    file.write_text(json.dumps(json.loads(original) | off))
    yield
    file.write_text(original)


def settings(xmixup=SAMPLED, name="paper", teacher=None, **other):
    values = {"learning_rate": 5e-3, "batch_size": 12, "max_steps": 12, "checkpoint_every": 4}
    values["xmixup"] = {"preset": name, "set": {"layer": 0} | xmixup, "teacher": teacher}
    return TrainingSettings.model_validate(values | other)


def run(files, folder: Path, chosen, *, back=True, dev=False, stop=None, labels=None):
    train(
        task=TASK[files.family],
        method="xmixup",
        settings=chosen,
        seed=1,
        train_files=[files.train, files.translate_train],
        languages=["en", "qaa"],
        dev_files=(files.train, files.prepared) if dev else None,
        english_files=([files.train], [files.back_translate] if back else []),
        labels_file=labels,
        decoding={"max_answer": 30, "n_best": 20},
        encoder_note=files.note,
        folder=folder,
        state=folder / "state",
        eval_batch_tokens=2048,
        stop=stop,
    )
    return weights(folder), json.loads((folder / "train.json").read_text())


def weights(folder):
    found = load_file(folder / "model" / "model.safetensors")
    note = json.loads((folder / "model" / "xmixup.json").read_text())
    return found | {f"gate.{k}": torch.tensor(v) for k, v in note["gate"].items()}


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


# --- trainings ----------------------------------------------------------------------------------


@ONE_ENCODER
@pytest.mark.parametrize("family", TASK)
def test_it_learns(data, tmp_path, family):
    files = data(family)
    changes = {"sampling_k": 10.0}
    if family == "classification":
        # With so small an encoder, hardly pre-trained, first sub-words of all texts would become
        # alike before the classes are told apart.
        changes["consistency"] = False
    chosen = settings(changes, max_steps=50, learning_rate=2e-2)
    _, note = run(files, tmp_path, chosen)
    losses = [entry["loss"] for entry in note["history"] if "loss" in entry]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    drawn = preset("paper", family, layers=2, max_length=26, layer=0, **changes)
    teacher = {"teacher": None} if family == "tagging" else {}
    assert note["settings"]["xmixup"] == drawn.model_dump() | teacher
    assert "soft_labels" not in note["xmixup"]
    rows = sum(note["train_rows"].values())
    originals = [
        source_is_original(step, seed=1, steps_per_epoch=-(-rows // 12), settings=drawn)
        for step in range(50)
    ]
    assert 0.1 < np.mean(originals) < 0.9
    assert note["xmixup"]["original_updates"] == pytest.approx(np.mean(originals), abs=1e-6)
    assert note["xmixup"]["without_back_translation"] == {}
    assert [info["split"] for info in note["train_data"]] == list(SPLITS)
    assert [info["split"] for info in note["xmixup"]["english_data"]] == [SPLITS[0], SPLITS[2]]
    entries = [entry for entry in note["history"] if "loss" in entry]
    for entry in entries:
        assert 0 < entry["ratio_min"] <= entry["ratio_mean"] <= entry["ratio_max"] < 0.5
    assert entries[0]["ratio_mean"] != entries[-1]["ratio_mean"]
    # What was saved is a model of the method.
    plain = family_of(TASK[family]).trained_model(tmp_path / "model", TASKS[TASK[family]])
    assert load_xmixup(plain, tmp_path / "model").settings == drawn


def labels_of(files, path, sure=1.0):
    """Write a teacher's labels of the translations: so sure of the tags that they have."""
    tokens = family_of("panx").Tokens.read([files.translate_train])
    rows, classes = np.arange(len(tokens)), TASKS["panx"].labels
    others = (1 - sure) / (len(classes) - 1)
    found = np.full((len(classes), len(classes)), others, dtype=np.float32)
    np.fill_diagonal(found, sure)
    info = {"task": "panx", "labels": list(classes), "data": list(tokens.info)}
    info |= {"teacher": {"trained_on": ["panx train"]}, "agreement": {"qaa": {"share": 1.0}}}
    write_tokens(path, labels_table(tokens, rows, found[tokens.words(rows)[2]]), info)
    return path


@ONE_ENCODER
def test_it_trains_on_the_labels_of_a_teacher(data, tmp_path):
    """One that is sure of the tags teaches what the tags do; another does not."""
    files = data("tagging")
    carried, _ = run(files, tmp_path / "carried", settings())
    taught = settings(teacher="zero_shot")
    notes = {}
    for sure, same in ((1.0, True), (0.6, False)):
        labels = labels_of(files, tmp_path / f"{sure}.arrow", sure)
        found, notes[sure] = run(files, tmp_path / str(sure), taught, labels=labels)
        assert equal(carried, found) == same
        assert notes[sure]["xmixup"]["soft_labels"]["file"] == str(labels)
        assert notes[sure]["xmixup"]["soft_labels"]["teacher"] == {"trained_on": ["panx train"]}
        assert notes[sure]["xmixup"]["teacher_agreement"] == {"qaa": {"share": 1.0}}
        assert notes[sure]["settings"]["xmixup"]["teacher"] == "zero_shot"
    checksums = [note["xmixup"]["soft_labels"]["sha256"] for note in notes.values()]
    assert len(set(checksums)) == 2


@ONE_ENCODER
def test_checkpoints_are_of_the_labels_that_were_trained_on(data, tmp_path, monkeypatch):
    """A training on other labels starts anew."""
    files, chosen = data("tagging"), settings(teacher="zero_shot")
    places = []

    def state_of_run(state, *identity):
        places.append(identity)
        raise Kill

    monkeypatch.setattr("xling.run.state_of_run", state_of_run)
    for sure in (1.0, 0.6, 1.0):
        labels = labels_of(files, tmp_path / "labels.arrow", sure)
        with pytest.raises(Kill):
            run(files, tmp_path, chosen, labels=labels)
    assert places[0] == places[2] != places[1]


@ONE_ENCODER
def test_labels_that_a_training_does_not_read_are_refused(data, tmp_path):
    with pytest.raises(UsageError, match="labelled by 'zero_shot', and no labels are given"):
        run(data("tagging"), tmp_path, settings(teacher="zero_shot"))
    with pytest.raises(UsageError, match="training of xnli reads no soft labels"):
        run(data("classification"), tmp_path, settings(), labels=tmp_path / "labels.arrow")


@WITH_SEGMENTS
@pytest.mark.parametrize("family", TASK)
def test_parts_train_to_the_same_weights(data, tmp_path, no_dropout, family):
    files = data(family)
    whole, _ = run(files, tmp_path / "a", settings(learning_rate=1e-3, adam_epsilon=1e-3))
    parts, _ = run(
        files, tmp_path / "b", settings(learning_rate=1e-3, adam_epsilon=1e-3, accumulation=2)
    )
    for name in whole:
        torch.testing.assert_close(whole[name], parts[name], atol=1e-6, rtol=0)


class Kill(Exception):  # noqa: N818
    """Stands for a death of the process."""


@ONE_ENCODER
@pytest.mark.parametrize("family", TASK)
def test_a_killed_training_goes_on_bit_for_bit(data, tmp_path, monkeypatch, family):
    """With dropout, sampling and a look at the dev set."""
    files = data(family)
    chosen = settings(selection="best_source_dev", evaluate_every=5, warmup_ratio=0.2)
    undisturbed, note = run(files, tmp_path / "a", chosen, dev=True)
    from xling.xmixup.training import XMixupTrainer

    step = XMixupTrainer.training_step

    def dying(self, *args, **kwargs):
        if self.state.global_step == 6:
            raise Kill
        return step(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(XMixupTrainer, "training_step", dying)
        with pytest.raises(Kill):
            run(files, tmp_path / "b", chosen, dev=True)
    assert list((tmp_path / "b" / "state").glob("*/checkpoint-4/complete.json"))
    set_seed(99)
    resumed, other = run(files, tmp_path / "b", chosen, dev=True, stop=Stop())
    assert equal(undisturbed, resumed)
    assert note["selection"] == other["selection"]
    assert set(note["selection"]["dev"]) == {"en"}
    assert note["xmixup"] == other["xmixup"]
    assert 0 < note["xmixup"]["original_updates"] < 1


@ONE_ENCODER
@pytest.mark.parametrize("family", TASK)
def test_the_released_preset_trains(data, tmp_path, family):
    """Everything is padded to the maximum, gradients are clipped one by one, losses are sums."""
    files = data(family)
    chosen = settings({"sampling_k": 4.0, "layer": 1}, "released", max_steps=8, accumulation=2)
    found, note = run(files, tmp_path, chosen)
    assert note["settings"]["xmixup"]["pad_to"] == READING["max_length"]
    assert (found["gate.weight"], found["gate.bias"]) == (1, 0)
    assert all(torch.isfinite(values).all() for values in found.values())


@ONE_ENCODER
def test_sampling_off_never_reads_back_translations(data, tmp_path):
    files = data("classification")
    off = settings({"sampling": "off"}, max_steps=4)
    without, note = run(files, tmp_path / "a", off, back=False)
    assert note["xmixup"]["original_updates"] == 1.0
    assert [info["split"] for info in note["train_data"]] == list(SPLITS[:2])
    # Nor where they are given: a file that does not exist is not missed.
    given = SimpleNamespace(**vars(files) | {"back_translate": tmp_path / "nothing.arrow"})
    assert equal(without, run(given, tmp_path / "b", off)[0])


@ONE_ENCODER
def test_what_is_lacking_is_named(data, tmp_path):
    files = data("classification")
    with pytest.raises(UsageError, match="back-translations, and none are given") as caught:
        run(files, tmp_path, settings(), back=False)
    assert "back_translate" in caught.value.allowed
    arguments = {
        "task": "xnli",
        "settings": settings(),
        "seed": 1,
        "train_files": [files.train],
        "languages": ["en"],
        "dev_files": None,
        "decoding": {},
        "encoder_note": files.note,
        "folder": tmp_path,
        "state": tmp_path / "state",
        "eval_batch_tokens": 64,
    }
    with pytest.raises(UsageError, match="'xmixup' reads an English side of each row"):
        train(method="xmixup", **arguments)
    with pytest.raises(UsageError, match="'translate_train' reads no English side"):
        train(method="translate_train", english_files=([files.train], []), **arguments)


@ONE_ENCODER
@pytest.mark.parametrize(("name", "number"), [("paper", [0, 1, 2]), ("released", [0, 0, 0])])
def test_the_preset_says_which_windows_are_read_together(data, name, number):
    files = data("qa")
    work = PairedTraining.read(
        TASKS["mlqa"],
        XMixupChoices(preset=name, set={"layer": 0}),
        2,
        [files.train, files.translate_train],
        ([files.train], [files.back_translate]),
        ["en", "qaa"],
        1,
    )
    windows = work.pairs.original.dataset["window"]
    beside = [windows[row] for row in work.pairs.original_rows]
    longest = max(set(work.pairs.target.ids), key=work.pairs.target.ids.count)
    rows = [i for i, found in enumerate(work.pairs.target.ids) if found == longest]
    assert [beside[row] for row in rows][:3] == number
    if name == "released":
        assert set(beside) == {0}


# --- updates ------------------------------------------------------------------------------------


def paired(files, *, soft_labels=None, **changes):
    family = files.family
    values = {"layer": 0, "sampling_k": 4.0} | changes
    chosen = preset("paper", family, layers=2, max_length=26, **values)
    targets = [files.train, files.translate_train]
    pairs = Pairs.read(family, targets, [files.train], [files.back_translate], ["en", "qaa"])
    return PairedTraining(TASKS[TASK[family]], pairs, chosen, 1, soft_labels)


def dataset(work, *, parts=1, steps=12, batch=12):
    planned = updates(work.pairs.lengths, batch, steps, work.seed)
    return PairDataset(
        work.pairs,
        planned,
        family=work.task.family,
        settings=work.settings,
        parts=parts,
        pad_id=0,
        seed=work.seed,
        soft_labels=work.soft_labels,
    )


@pytest.mark.parametrize("family", TASK)
def test_items_hold_both_sides_of_their_rows(data, family):
    work = paired(data(family))
    found = dataset(work, parts=2)
    pairs = work.pairs
    assert {True, False} == set(found.originals.tolist())
    for update, rows in enumerate(found.updates):
        original = found.originals[update]
        halves = np.array_split(rows, 2)
        for half, item in zip(halves, (found[2 * update], found[2 * update + 1]), strict=True):
            source = pairs.original if original else pairs.back
            beside = (pairs.original_rows if original else pairs.back_rows)[half]
            for side, tokens, some in (
                ("target", pairs.target, half),
                ("source", source, beside),
            ):
                expected = tokens.inputs(some, 0)
                assert item[side].keys() == expected.keys()
                for name, values in expected.items():
                    assert torch.equal(item[side][name], values)
            has_labels = original and family != "classification"
            assert ("source_labels" in item) == has_labels
            if has_labels:
                expected = pairs.original.batch(pairs.original_rows[half], 0)
                for name, values in item["source_labels"].items():
                    assert torch.equal(values, expected[name])
            assert item["counts"].pairs == len(rows)
            if family == "tagging":
                assert item["counts"].target_words == pairs.target.loss_terms[rows].sum()


@ONE_ENCODER
def test_an_update_smaller_than_its_parts_counts_once(data):
    """An empty part repeats a row with weight zero."""
    work = paired(data("tagging"))
    found = dataset(work, steps=1, batch=1, parts=3)
    assert [found[i]["loss_scale"] for i in range(3)] == [3.0, 0.0, 0.0]
    assert torch.equal(found[0]["target"]["input_ids"], found[2]["target"]["input_ids"])


@ONE_ENCODER
def test_soft_labels_of_certain_words_are_the_tags(data, encoder):
    files = data("tagging")
    hard = paired(files)
    classes = len(TASKS["panx"].labels)
    labels = [row["labels"] for row in hard.pairs.target.dataset]
    soft = paired(files, soft_labels=[np.eye(classes)[row] for row in labels])
    torch.manual_seed(0)
    model = family_of("panx").new_model(encoder.folder / "model", TASKS["panx"])
    wrapped = XMixup(model, hard.settings).eval()
    one, other = dataset(hard), dataset(soft)
    with torch.no_grad():
        for update in range(3):
            totals = []
            for item in (one[update], other[update]):
                pair = wrapped(item["source"], item["target"])
                totals.append(losses_of(pair, item, hard.settings).total)
            assert one[update]["counts"] == other[update]["counts"]
            assert totals[0] == totals[1]
        # A word without probabilities has no label.
        soft.soft_labels[int(one.updates[0][0])][:] = 0
        words = other[0]["counts"].target_words
        assert words == one[0]["counts"].target_words - len(labels[int(one.updates[0][0])])


@ONE_ENCODER
def test_the_gate_has_a_learning_rate_of_its_own(data, encoder, tmp_path):
    work = paired(data("classification"), gate_learning_rate=0.5)
    chosen = settings(weight_decay=0.1)
    arguments = training_arguments(tmp_path, chosen, steps=3, precision="fp32", seed=1)

    def groups(work):
        torch.manual_seed(0)
        model = family_of("xnli").new_model(encoder.folder / "model", TASKS["xnli"])
        planned = updates(work.pairs.lengths, 12, 3, 1)
        trainer = work.trainer(model, arguments, planned, parts=1, pad_id=0)
        return trainer, trainer.create_optimizer().param_groups

    trainer, found = groups(work)
    gate = [trainer.model.gate.weight, trainer.model.gate.bias]
    assert [id(p) for p in found[-1]["params"]] == [id(p) for p in gate]
    assert (found[-1]["lr"], found[-1]["weight_decay"]) == (0.5, 0.0)
    assert [group["weight_decay"] for group in found] == [0.1, 0.0, 0.0]
    everything = [id(p) for group in found for p in group["params"]]
    assert sorted(everything) == sorted(id(p) for p in trainer.model.parameters())
    # Without one it is that of the encoder; a gate that is not trained has no group.
    assert groups(paired(data("classification")))[1][-1]["lr"] == chosen.learning_rate
    assert len(groups(paired(data("classification"), gate="fixed"))[1]) == 2


@ONE_ENCODER
def test_gradients_are_clipped_by_norm_or_by_value(data, encoder, tmp_path):
    chosen = settings(max_grad_norm=0.01)
    arguments = training_arguments(tmp_path, chosen, steps=3, precision="fp32", seed=1)
    for clipping in ("norm", "value"):
        work = paired(data("classification"), clipping=clipping)
        torch.manual_seed(0)
        model = family_of("xnli").new_model(encoder.folder / "model", TASKS["xnli"])
        planned = updates(work.pairs.lengths, 12, 3, 1)
        trainer = work.trainer(model, arguments, planned, parts=1, pad_id=0)
        trainer.create_optimizer()
        for parameter in trainer.model.parameters():
            parameter.grad = torch.linspace(-1, 1, parameter.numel()).view_as(parameter)
        before = torch.cat([p.grad.flatten() for p in trainer.model.parameters()])
        norm = trainer._clip_grad_norm(trainer.model)
        after = torch.cat([p.grad.flatten() for p in trainer.model.parameters()])
        torch.testing.assert_close(norm, before.norm())
        expected = before.clamp(-0.01, 0.01) if clipping == "value" else 0.01 * before / norm
        torch.testing.assert_close(after, expected, rtol=1e-4, atol=1e-8)

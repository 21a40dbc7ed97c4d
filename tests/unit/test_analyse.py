# SPDX-License-Identifier: Apache-2.0
"""The stage ``analyse``: what is read, what is written, which runs, and what it asks for."""

from __future__ import annotations

import copy
import json
import time
from dataclasses import astuple, replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from small_study import load_small

from workflow import STUDIES
from xling import costs, memory
from xling.analyse import SAMPLE, analyse, read_beside
from xling.analysis.cka import linear_cka
from xling.analysis.files import ALONE, Analysis, read_analysis, write_analysis
from xling.analysis.representations import PARALLEL, LanguageSurvey, read_language
from xling.cli import main
from xling.cluster.site import Site
from xling.config.loader import load_study
from xling.costs import Device
from xling.data.tables import SCHEMAS
from xling.errors import DataError, UsageError
from xling.job_costs import JobCosts
from xling.needs import JobNeeds
from xling.plan import Plan
from xling.tasks import TASKS
from xling.tasks.family import Inference, family_of
from xling.tokens import write_tokens
from xling.xmixup.model import XMixup, load_xmixup
from xling.xmixup.pairs import pair_test
from xling.xmixup.settings import preset

READING = {"max_length": 32, "doc_stride": 8, "max_question": 8}
LANGUAGES = ["en", "qaa", "qab"]
# Per language; in QA, as in MLQA, not every language has every item.
ITEMS = 12
LACKING = {"qaa": {"r3"}, "qab": {"r0", "r5"}}
LOST = ("qaa", "r4")  # a question that was lost in translation


def words(rng, low, high):
    letters = zip(*(rng.choice(list(s), 60) for s in ("bdgk", "aeo", "lmn")), strict=True)
    made = ["".join(three) for three in letters]
    return " ".join(made[: rng.integers(low, high, endpoint=True)])


def rows_of(family, split, seed):
    """Rows whose text differs between splits and languages, but for English ones."""
    rows = []
    for number, language in enumerate(LANGUAGES):
        for i in range(ITEMS):
            rng = np.random.default_rng([i, number, 0 if language == "en" else seed])
            row = {"id": f"r{i}", "language": language, "text_language": language, "group": "g"}
            if family == "qa":
                if row["id"] in LACKING.get(language, ()):
                    continue
                if split == "translate_test" and (language, row["id"]) == LOST:
                    continue
                context = words(rng, 3, 45)
                row |= {"context": context, "question": words(rng, 1, 5)}
                row |= {"answers": [context.split()[0]], "starts": [0]}
            else:
                label = TASKS["xnli"].labels[i % 3]
                row |= {"sentence1": words(rng, 1, 12), "sentence2": words(rng, 1, 8)}
                row |= {"label": label}
            rows.append(row)
    return rows


@pytest.fixture(scope="module", params=["xnli", "mlqa"])
def run(request, encoder, tmp_path_factory):
    """A trained model of X-Mixup and a plain one, test rows and two English sides of them."""
    task = TASKS[request.param]
    about, folder = family_of(task.name), tmp_path_factory.mktemp(task.name)
    tokens, files = {}, {}
    for seed, split in enumerate(("test", "translate_test", "gold"), 1):
        table = pa.Table.from_pylist(rows_of(task.family, split, seed), SCHEMAS[task.family])
        if split != "test":
            table = table.sort_by([("language", "descending"), ("id", "ascending")])
        made = about.tokenize(table, encoder.folder / "tokenizer.json", task, READING)
        files[split] = folder / f"{split}.arrow"
        info = {"task": task.name, "split": split, "sha256": split, "reading": READING}
        write_tokens(files[split], made, info)
        tokens[split] = about.Tokens.read([files[split]])
    torch.manual_seed(0)
    plain = about.new_model(encoder.folder / "model", task)
    with torch.no_grad():  # Attention that differs from text to text.
        for name, weights in plain.named_parameters():
            weights *= 1.0 if "LayerNorm" in name else 6.0
    settings = preset("paper", task.family, layers=2, max_length=32, layer=1)
    for name in ("mixing", "plain"):
        (folder / name).mkdir()
        note = {"encoder": {"precision": "fp32"}}
        (folder / name / "train.json").write_text(json.dumps(note), encoding="utf-8")
    plain.save_pretrained(folder / "plain" / "model")
    XMixup(copy.deepcopy(plain), settings).save_pretrained(folder / "mixing" / "model")
    return SimpleNamespace(
        task=task, about=about, folder=folder, tokens=tokens, files=files, settings=settings
    )


def analysis_of(run, model="mixing", max_tokens=300, sources=("translate_test", "gold")):
    return analyse(
        task=run.task.name,
        model_folder=run.folder / model / "model",
        tokens_file=run.files["test"],
        languages=LANGUAGES,
        encoder={"precision": "fp32"},
        max_tokens=max_tokens,
        sources={name: run.files[name] for name in sources},
    )


@pytest.fixture(scope="module")
def found(run):
    return analysis_of(run)


def same(one, other, within=0.0):
    """Compare two analyses, numbers within a tolerance."""
    assert replace(one, ways={}, embeddings=None) == replace(other, ways={}, embeddings=None)
    assert (one.embeddings is None) == (other.embeddings is None)
    if one.embeddings and other.embeddings:
        assert list(one.embeddings.distances) == list(other.embeddings.distances)
        for code, far in one.embeddings.distances.items():
            # Rounded to 32 bits in a file.
            assert far == pytest.approx(other.embeddings.distances[code], rel=1e-6 + within)
    assert list(one.ways) == list(other.ways)
    for way, surveys in one.ways.items():
        assert list(surveys) == list(other.ways[way])
        for code, survey in surveys.items():
            for a, b in zip(astuple(survey), astuple(other.ways[way][code]), strict=True):
                if a is None:
                    assert b is None
                else:
                    assert np.asarray(a) == pytest.approx(np.asarray(b), abs=within, rel=within)


# --- what is read ----------------------------------------------------------------------------


def slow_pairs(run, source):
    """Return a function: the target's states of an item, one pair at a time, by layer."""
    model = load_xmixup(
        run.about.trained_model(run.folder / "mixing" / "model", run.task),
        run.folder / "mixing" / "model",
    ).eval()

    def one(tokens, language, item):
        rows = zip(tokens.languages, tokens.ids, strict=True)
        places = [i for i, key in enumerate(rows) if key == (language, item)]
        return tokens.inputs(np.array(places[:1]), 0) if places else None

    def states(language, item):
        target = one(run.tokens["test"], language, item)
        beside = one(source, language, item)
        with torch.no_grad():
            pair = model(target if beside is None else beside, target, output_hidden_states=True)
        length = target["input_ids"].shape[1]
        return [layer[0, :length].double().numpy() for layer in pair.target.hidden_states]

    return states


@pytest.mark.parametrize("way", ["translate_test", "gold"])
def test_every_item_is_what_its_pair_is_alone(run, found, way):
    analysis, _ = found
    states = slow_pairs(run, run.tokens[way])
    mean = run.task.family == "qa"
    assert analysis.pooling == ("mean" if mean else "cls")
    assert analysis.layers == ((0, 1, 2) if mean else (1, 2))
    vectors = {}
    for code in LANGUAGES:
        ids = [f"r{i}" for i in range(ITEMS)]
        ids = [i for i in ids if not (mean and i in LACKING.get(code, ()))]
        for i in ids:
            layers = [states(code, i)[layer] for layer in analysis.layers]
            vectors[code, i] = np.array([x.mean(0) if mean else x[0] for x in layers])
        survey = analysis.ways[way][code]
        assert (survey.items, survey.left_out) == (len(ids), 0)
        own = np.array([vectors[code, i] for i in ids])
        assert survey.centroids == pytest.approx(own.mean(axis=0), abs=1e-5)
        sample = np.array([vectors[code, i][-1] for i in analysis.sample_ids])
        assert survey.sample == pytest.approx(sample, abs=1e-5)
        if code == "en":
            assert survey.cka is None
            continue
        english = np.array([vectors["en", i] for i in ids])
        for layer in range(len(analysis.layers)):
            expected = linear_cka(english[:, layer], own[:, layer])
            assert survey.cka[layer] == pytest.approx(expected, abs=1e-5)


def test_layers_from_the_mixed_one_on_hold_the_english_side(run):
    tokens, source = run.tokens["test"], run.tokens["gold"]
    rows, layers = pair_test(run.task.family, tokens, source), [0, 1, 2]
    folder = run.folder / "mixing" / "model"
    for mixed in (0, 1):
        model = XMixup(
            run.about.trained_model(folder, run.task),
            run.settings.model_copy(update={"layer": mixed}),
        )
        how = Inference(model.config.pad_token_id, "fp32", 300)
        beside = read_beside(model, tokens, source, rows, "qaa", how, pooling="mean", layers=layers)
        alone = read_language(model.model, tokens, "qaa", how, pooling="mean", layers=layers)
        assert beside.ids == alone.ids
        for layer in layers:
            # Layer 0 is below the first block, whose number is 0.
            apart = np.abs(beside.states[layer] - alone.states[layer]).max()
            assert apart < 1e-5 if layer <= mixed else apart > 0.05


def test_states_of_the_layers_are_given_out_only_when_asked_for(run):
    folder = run.folder / "mixing" / "model"
    model = load_xmixup(run.about.trained_model(folder, run.task), folder).eval()
    source, target = (run.tokens[name].inputs(np.arange(3), 0) for name in ("gold", "test"))
    with torch.no_grad():
        silent, asked = model(source, target), model(source, target, output_hidden_states=True)
    assert silent.source.hidden_states is silent.target.hidden_states is None
    for one, other in ((asked.source, silent.source), (asked.target, silent.target)):
        assert len(one.hidden_states) == 3
        torch.testing.assert_close(one.hidden_states[-1], other.hidden)


def test_alone_is_the_plain_encoder(run, found):
    analysis, _ = analysis_of(run, "plain", sources=())
    assert list(analysis.ways) == [ALONE]
    same(replace(found[0], ways={ALONE: found[0].ways[ALONE]}), analysis)


def test_a_ratio_of_0_leaves_the_second_norm_alone(run, tmp_path):
    """Where the mixed layer's norm has no scale and no shift, its second use changes nothing."""
    model = run.about.trained_model(run.folder / "plain" / "model", run.task)
    with torch.no_grad():
        norm = model.base_model.encoder.layer[1].attention.output.LayerNorm
        norm.weight.fill_(1.0)
        norm.bias.fill_(0.0)
    changes = {"layer": 1, "ratio": "fixed", "fixed_ratio": 0.0}
    settings = preset("paper", run.task.family, layers=2, max_length=32, **changes)
    (tmp_path / "mixing").mkdir()
    XMixup(model, settings).save_pretrained(tmp_path / "mixing" / "model")
    ways = analysis_of(SimpleNamespace(**vars(run) | {"folder": tmp_path}))[0].ways
    for code in LANGUAGES:
        for way in ("translate_test", "gold"):
            one, alone = ways[way][code], ways[ALONE][code]
            assert one.sample == pytest.approx(alone.sample, abs=1e-3)
            assert one.cka == pytest.approx(alone.cka, abs=1e-3)


def test_batches_and_order_do_not_move_a_number(run, found, tmp_path):
    same(found[0], analysis_of(run, max_tokens=1)[0], 1e-5)
    order = np.random.default_rng(1).permutation(len(run.tokens["translate_test"]))
    side = run.tokens["translate_test"]
    write_tokens(tmp_path / "s.arrow", side.dataset.data.table.take(order), side.info[0])
    files = run.files | {"translate_test": tmp_path / "s.arrow"}
    moved = SimpleNamespace(**vars(run) | {"files": files})
    same(found[0], analysis_of(moved, max_tokens=10**6)[0], 1e-5)


def test_what_is_refused(run):
    with pytest.raises(DataError, match="settings of a trained X-Mixup model cannot be read"):
        analysis_of(run, "plain", sources=["translate_test"])
    with pytest.raises(UsageError, match="unknown English side of test rows 'test'"):
        analysis_of(run, sources=["test"])
    folder, none = run.folder / "plain" / "model", {"precision": "fp32"}
    for languages in (["en"], ["qaa", "qab"], []):
        with pytest.raises(UsageError, match="nothing to compare"):
            analyse(
                task=run.task.name, model_folder=folder, tokens_file=run.files["test"],
                languages=languages, encoder=none, max_tokens=9, sources={},
            )  # fmt: skip


def test_the_sample_is_the_first_items_that_all_languages_have(run, found):
    analysis, note = found
    lacking = set().union(*LACKING.values()) if run.task.family == "qa" else set()
    english = [i for i in dict.fromkeys(run.tokens["test"].ids) if i not in lacking]
    assert analysis.sample_ids == tuple(english)
    assert len(english) <= SAMPLE
    assert note["sample"] == len(english)


def test_the_note_says_what_was_read(run, found):
    _, note = found
    assert [info["split"] for info in note["test_data"]] == ["test", "translate_test", "gold"]
    assert note["ways"] == [ALONE, "translate_test", "gold"]
    lacks = {code: len(LACKING.get(code, ())) * (run.task.family == "qa") for code in LANGUAGES}
    assert note["items"] == {code: ITEMS - count for code, count in lacks.items()}
    lost = {"qaa": 1} if run.task.family == "qa" else {}
    assert note["own_source"] == {"translate_test": lost, "gold": {}}
    assert note["left_out"] == dict.fromkeys(LANGUAGES, 0)
    assert note["timing"]["analyse_peak_host_mb"] > 0
    assert json.loads(json.dumps(note)) == note


def test_the_verb_writes_both_files(run, found, tmp_path):
    arguments = ["analyse", "--task", run.task.name, "--languages", *LANGUAGES]
    arguments += ["--train-note", run.folder / "mixing" / "train.json"]
    for name in ("translate_test", "gold"):
        arguments += ["--english", name, run.files[name]]
    arguments += ["--tokens", run.files["test"], "--eval-batch-tokens", 300]
    arguments += ["--note", tmp_path / "a.json", "--output", tmp_path / "a.npz"]
    assert main(list(map(str, arguments))) == 0
    same(read_analysis(tmp_path / "a.npz"), found[0], 1e-6)
    note = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert note["encoder"] == {"precision": "fp32"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.npz"]


# --- the file --------------------------------------------------------------------------------


def made_up(sample=2):
    rng = np.random.default_rng(0)

    def survey(cka):
        # Numbers that 32 bits can hold.
        centroids, vectors = (
            rng.normal(size=shape).astype(np.float32).astype(np.float64)
            for shape in ((3, 4), (sample, 4))
        )
        return LanguageSurvey(7, 1, cka, centroids, (0.1, 0.2, 1 / 3), vectors)

    ways = {
        way: {"en": survey(None), "sw": survey((0.5, 1 / 3, 0.25)), "zh": survey((1.0, 0.0, 0.1))}
        for way in (ALONE, "gold")
    }
    return Analysis("mlqa", "mean", (0, 1, 2), tuple("äb"[:sample]), ways)


@pytest.mark.parametrize("sample", [0, 2])
def test_reading_the_file_back_gives_the_same(tmp_path, sample):
    analysis = made_up(sample)
    write_analysis(tmp_path / "a.npz", analysis)
    same(read_analysis(tmp_path / "a.npz"), analysis)


def test_equal_analyses_give_equal_bytes_on_any_day(tmp_path, monkeypatch):
    write_analysis(tmp_path / "a.npz", made_up())
    later = time.time() + 40 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    write_analysis(tmp_path / "other.npz", made_up())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()
    write_analysis(tmp_path / "read.npz", read_analysis(tmp_path / "a.npz"))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "read.npz").read_bytes()


def with_arrays(path, **changes):
    arrays = dict(np.load(path)) | changes
    np.savez(path, **{name: values for name, values in arrays.items() if values is not None})


def flip(path):
    """Change a bit in the numbers of a centroid."""
    data = bytearray(path.read_bytes())
    number = np.load(path)["gold/centroids"][1, 1].tobytes()
    data[data.index(number)] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "lacking": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("cka: 1"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "one bit": flip,
    "an array lacks": lambda path: with_arrays(path, **{"gold/cka": None}),
    "a layer lacks": lambda path: with_arrays(path, layers=np.array([0, 1])),
    "a language lacks": lambda path: with_arrays(path, languages=np.array(["en", "sw"])),
    "no numbers": lambda path: with_arrays(path, **{"gold/cka": np.full((3, 3), np.nan)}),
    "objects": lambda path: with_arrays(path, layers=np.array([0, 1, {}], dtype=object)),
    "no way": lambda path: with_arrays(path, ways=np.array([], dtype=np.str_)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named(tmp_path, damage):
    path = tmp_path / "a.npz"
    write_analysis(path, made_up())
    DAMAGES[damage](path)
    with pytest.raises(DataError, match="analysis of a run cannot be read") as error:
        read_analysis(path)
    assert error.value.where == str(path)


# --- plan, rules and costs -------------------------------------------------------------------

BLOCK = """\
  - paper: xmixup
    methods: [zero_shot, translate_test, translate_train, translate_train_ensemble, xmixup]
    models: [tiny]
    tasks: [xnli, pawsx]
    seeds: [1]
"""
EXPERIMENTS = """\
  - paper: xmixup
    methods: [zero_shot, translate_test]
    models: [tiny]
    tasks: [xnli, pawsx]
    seeds: [1, 2]
"""


def plan_of(*replacements):
    return Plan(load_small((EXPERIMENTS, BLOCK), *replacements).study)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_models_with_representations_of_their_own_are_analysed(here):
    found = [(run.method, run.task) for run in plan_of().analysed]
    methods = ("translate_train", "xmixup", "zero_shot")
    assert found == [(method, task) for method in methods for task in ("pawsx", "xnli")]


def test_a_run_in_english_alone_is_not_analysed(here):
    only = (BLOCK, BLOCK + "    languages: {xnli: [en], pawsx: [qab]}\n")
    assert plan_of(only).analysed == []


def test_tasks_with_gold_english_are_those_with_parallel_items():
    assert {name for name, task in TASKS.items() if task.gold_english} == set(PARALLEL)


def test_cost_counts_both_sides_of_pairs_and_every_layer(here, monkeypatch):
    plan = plan_of()
    costs_of = JobCosts(plan)
    monkeypatch.setattr(costs, "START_TORCH", 0.0)
    for run in plan.analysed:
        if run.task != "xnli":
            continue
        sides = 2 if run.method == "xmixup" else 0
        shape, length = costs_of.shape("tiny"), costs_of.subwords("xnli", "tiny")
        rows, layers = 3 * 20, 2  # one block and the embeddings
        work = (1 + 2 * sides) * rows * length * shape.operations(length)
        monkeypatch.setattr(costs, "CKA_SPEED", 1e6)
        # Two targets of 20 items in 8 dimensions.
        cka = (1 + sides) * layers * 2 * (4 * 20 * 8 * 8) / 1e6
        reading = Device(0, plan.resources(run).train_threads, "fp32").seconds(shape, work)
        job = costs_of.analyse(run)
        cores = plan.resources(run).train_threads
        assert job.seconds == pytest.approx(reading + cka / cores, rel=1e-9)
        assert job.disk_mb == pytest.approx((1 + sides) * 3 * (layers + 200) * 8 * 4 / 1e6)


def test_memory_holds_two_languages(here, monkeypatch):
    assert costs.SAMPLED == SAMPLE
    monkeypatch.setattr(memory, "MB", 1.0)
    monkeypatch.setattr(memory, "COMPARED_COPIES", 3.0)
    assert memory.compared(20, 10, layers=2, width=8) == 30 * 8 * (2 * 4 + 3 * 8)
    plan = plan_of()
    asked = {}
    for copies in (3.0, 1e6):
        monkeypatch.setattr(memory, "COMPARED_COPIES", copies)
        monkeypatch.setattr(memory, "MB", 1e6)
        for run in plan.analysed:
            asked.setdefault(run, []).append(JobNeeds(plan, Site()).analyse(run).mem_mb)
    for run, (few, many) in asked.items():
        rows = 2 * 20  # of the source and of one target
        assert many - few == pytest.approx(1.5 * rows * 8 * 8 * 1e6 / 1e6, abs=100), run


@pytest.mark.parametrize("study", STUDIES)
def test_every_analysis_of_every_study_has_needs(study):
    plan = Plan(load_study(study).study)
    found = JobNeeds(plan, Site())
    for run in plan.analysed:
        asked, predicted = found.analyse(run), found.predict(run)
        assert predicted.mem_mb <= asked.mem_mb <= 40_000  # what ordinary nodes have
        assert 15 <= asked.minutes <= 60 * 24

# SPDX-License-Identifier: Apache-2.0
"""Models that this workflow trained, as engines: CTranslate2 says what fairseq says."""

from __future__ import annotations

import json
import shutil
from functools import partial
from importlib import util

import pyarrow.parquet as pq
import pytest
from test_mt_chain import options, prepared, settings

from xling.config.translation import TransformerSettings, Vocabulary
from xling.errors import DataError, UsageError
from xling.mt.fairseq import trained as fairseq_models
from xling.mt.stages import generate
from xling.mt.stages.train_mt import train_mt
from xling.translate.converted import Origin, read_converted
from xling.translate.engines import open_engine
from xling.translate.settings import Guard, Machine, ModelEngine, Search
from xling.translate.stages.convert_engine import convert_engine

pytestmark = [
    pytest.mark.fairseq,
    pytest.mark.skipif(
        not (util.find_spec("fairseq") and util.find_spec("ctranslate2")),
        reason="fairseq or ctranslate2 is not installed",
    ),
]
ORIGIN = Origin("toy", "", "Apache-2.0")
SMALL = {"encoder_layers": 1, "decoder_layers": 1, "width": 32, "ffn": 32, "heads": 2}
# Each kind of model that a study can ask for is in one of the two.
MODELS = {
    "m2o": TransformerSettings(
        **SMALL, pre_norm=True, normalised_embeddings=True, share_embeddings="all"
    ),
    "o2m": TransformerSettings(**SMALL),
}
VOCABULARIES = {
    "m2o": ("ted8_diverse", Vocabulary(size=120)),
    "o2m": ("opus100", Vocabulary(size=110, english=90, shared=False)),
}
# Of random models that end most of their sentences.
SEEDS = {"m2o": 7, "o2m": 4}
LONGEST = 30  # sub-words of a translation, on both sides


@pytest.fixture(scope="module", params=["m2o", "o2m"])
def model(request, tmp_path_factory):
    """Return direction, folder, note of the binarised data and test rows of a random model."""
    folder = tmp_path_factory.mktemp(request.param)
    benchmark, vocabulary = VOCABULARIES[request.param]
    note, tables = prepared(folder, benchmark, request.param, vocabulary)
    short = settings(1, warmup_updates=1, validate_every=1, checkpoint_every=1)
    train_mt(**options(note, folder, settings=short, model=MODELS[request.param]))
    randomise(folder / "model/checkpoint.pt", SEEDS[request.param])
    return request.param, folder, note, tables["test"]


def randomise(checkpoint, seed):
    """Give a checkpoint large weights, so that the best word is far ahead, and frequent ends."""
    import torch

    state = fairseq_models.read_checkpoint(checkpoint)
    source, weights = torch.Generator().manual_seed(seed), state["model"]
    for name in sorted(name for name, weight in weights.items() if weight.dim() > 1):
        weights[name].copy_(torch.randn(weights[name].shape, generator=source) / 2)
    tied = "decoder.embed_tokens.weight"
    weights[tied][2] *= 1.7  # the end of a sentence
    weights["decoder.output_projection.weight"] = weights[tied]
    if weights["encoder.embed_tokens.weight"].shape == weights[tied].shape:
        weights["encoder.embed_tokens.weight"] = weights[tied]
    torch.save(state, checkpoint)


def convert(trained, output, **changes):
    _, folder, note, _ = trained
    given = {"family": "fairseq", "train_note": folder / "train.json", "binarized": note}
    return convert_engine(**given | {"origin": ORIGIN, "output": output} | changes)


def engine_of(folder, **search):
    own = ModelEngine(
        kind="ctranslate2",
        family="fairseq",
        model=str(folder),
        licence=ORIGIN.licence,
        split="long",
        search=Search(longest_ratio=1e-9, longest_more=LONGEST, **search),
        guard=Guard(retry_beam=None),
    )
    return open_engine(own, Machine(device="cpu", batch_tokens=300))


def generated(model, folder, beam):
    """Return what the stage generate says: sources and hypotheses by language."""
    _, trained, note, test = model
    said = json.loads((trained / "train.json").read_text())
    said["settings"]["beam"] = beam
    shutil.copytree(trained / "model", folder / "model")
    (folder / "train.json").write_text(json.dumps(said))
    generate.generate(
        binarized=note,
        test=test,
        train_note=folder / "train.json",
        threads=1,
        note=folder / "generated.json",
        output=folder / "generated.parquet",
    )
    found = {}
    for row in pq.read_table(folder / "generated.parquet").to_pylist():
        found.setdefault(row["language"], []).append((row["source"], row["hypothesis"]))
    return found


def compared(model, engine, wanted):
    """Return whether each translation is that of fairseq, and whether it ended."""
    out = []
    for code, pairs in wanted.items():
        ends = (code, "en") if model[0] == "m2o" else ("en", code)
        found = engine.translate([source for source, _ in pairs], *ends)
        out += [
            (one.text == text, "cut" not in one.flags)
            for one, (_, text) in zip(found, pairs, strict=True)
        ]
    return out


def test_greedy_search_says_what_generate_says(model, tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "MAX_LENGTH", (0, LONGEST))
    convert(model, tmp_path / "engine")
    wanted = generated(model, tmp_path, beam=1)
    assert len({text for pairs in wanted.values() for _, text in pairs}) >= 15
    found = compared(model, engine_of(tmp_path / "engine", beam=1), wanted)
    assert len(found) == 30
    assert all(same for same, _ in found)
    assert sum(ended for _, ended in found) >= 15


class EndsAnywhere:
    """A translator that may say nothing at all."""

    def __init__(self, translator):
        self._translator = translator

    def translate_batch(self, *args, **options):
        return self._translator.translate_batch(*args, min_decoding_length=0, **options)


def test_beams_say_what_generate_says(model, tmp_path, monkeypatch):
    from fairseq import sequence_generator

    # Both forbid language tokens and an end in the first place; but CTranslate2 then shares out
    # their probability, which in a model that was never trained is large.  Here all is allowed.
    whole = partial(sequence_generator.SequenceGenerator, min_len=0)
    monkeypatch.setattr(sequence_generator, "SequenceGenerator", whole)
    monkeypatch.setattr(fairseq_models.Trained, "language_tokens", property(lambda self: []))
    monkeypatch.setattr(generate, "MAX_LENGTH", (0, LONGEST))
    convert(model, tmp_path / "engine")
    engine = engine_of(tmp_path / "engine", beam=4)
    engine.model.tokens.suppressed = []
    engine.model._translator = EndsAnywhere(engine.model._translator)
    found = compared(model, engine, generated(model, tmp_path, beam=4))
    ended = [same for same, ended in found if ended]
    assert len(ended) >= 20
    # The two stop looking for better ones at slightly different times.
    assert sum(ended) >= 0.9 * len(ended)


def test_what_a_model_is_asked_that_it_cannot_do(model, tmp_path):
    note = convert(model, tmp_path / "engine")
    assert note == read_converted(tmp_path / "engine") == convert(model, tmp_path / "engine")
    assert note["token"] == {"m2o": "src", "o2m": "tgt"}[model[0]]
    engine = engine_of(tmp_path / "engine", beam=1)
    wrong, right = (("en", "qaa"), ("qaa", "en"))[:: 1 if model[0] == "m2o" else -1]
    with pytest.raises(UsageError, match=f"cannot translate '{wrong[0]}' to '{wrong[1]}'"):
        engine.translate(["a dog."], *wrong)
    # Characters that the vocabulary has not; far more sub-words than in training.
    strange, long = engine.translate(["a 犬 dog \x07.", "a dog in the house " * 60], *right)
    assert "control" in strange.flags
    assert "split" in long.flags
    with pytest.raises(UsageError, match="is not given like that"):
        convert(model, tmp_path / "other", model=tmp_path)


def test_a_model_and_its_vocabulary_belong_together(model, tmp_path):
    _, folder, _, _ = model
    shutil.copytree(folder / "model", tmp_path / "model")
    with pytest.raises(DataError, match="incomplete") as error:
        convert(model, tmp_path / "engine", train_note=tmp_path / "train.json")
    assert error.value.where.endswith("train.json")
    said = json.loads((folder / "train.json").read_text())
    said["vocabulary"]["source"] = "0" * 64
    (tmp_path / "train.json").write_text(json.dumps(said))
    with pytest.raises(DataError, match="another vocabulary"):
        convert(model, tmp_path / "engine", train_note=tmp_path / "train.json")
    assert not (tmp_path / "engine").exists()

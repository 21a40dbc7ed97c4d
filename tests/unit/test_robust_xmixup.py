# SPDX-License-Identifier: Apache-2.0
"""X-Mixup with perturbed word embeddings: both texts, one loss, nothing on padding."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pyarrow as pa
import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainingArguments
from xmixup_by_hand import KINDS, batch, texts, tiny_model

from conftest import pair_rows
from xling.config.study import TrainingSettings
from xling.errors import UsageError
from xling.robust import xmixup as module
from xling.robust.scale import Scale
from xling.robust.settings import AdvSettings
from xling.robust.xmixup import PerturbedXMixupTrainer, added
from xling.run import train
from xling.tasks import TASKS
from xling.tasks.classification import tokenize
from xling.tokens import write_tokens
from xling.xmixup.losses import Counts
from xling.xmixup.model import XMixup
from xling.xmixup.settings import preset

ONE_ENCODER = pytest.mark.parametrize("encoder", ["xlm-roberta"], indirect=True)


@pytest.fixture(scope="module")
def files(encoder, tmp_path_factory):
    """English rows, and the same as translations of them."""
    folder, made = tmp_path_factory.mktemp("pairs"), {}
    rows = pair_rows(36)
    for split, code in (("train", "en"), ("translate_train", "qaa")):
        table = rows.set_column(
            rows.schema.get_field_index("language"), "language", pa.array([code] * rows.num_rows)
        )
        tokens = tokenize(
            table, encoder.folder / "tokenizer.json", TASKS["xnli"], {"max_length": 48}
        )
        about = {"task": "xnli", "split": split, "reading": {"max_length": 48}, "rows": {}}
        about |= {"sha256": "0" * 64, "origin": "a test", "translations": ""}
        made[split] = folder / f"{split}.arrow"
        write_tokens(made[split], tokens, about)
    return SimpleNamespace(encoder=encoder, **made)


def run(files, folder, method, robust=None):
    values = {"learning_rate": 1e-2, "batch_size": 12, "max_steps": 3, "robust": robust}
    values["xmixup"] = {"set": {"sampling": "off"}}
    train(
        task="xnli",
        method=method,
        settings=TrainingSettings.model_validate(values),
        seed=1,
        train_files=[files.train, files.translate_train],
        languages=["en", "qaa"],
        dev_files=None,
        english_files=([files.train], []),
        decoding={},
        encoder_note=files.encoder.note,
        folder=folder,
        state=folder / "state",
        eval_batch_tokens=4096,
    )
    return load_file(folder / "model" / "model.safetensors")


def differ(one, other):
    assert one.keys() == other.keys()
    return max(float((one[name] - other[name]).abs().max()) for name in one)


@ONE_ENCODER
def test_almost_nothing_added_is_x_mixup(files, tmp_path):
    plain = run(files, tmp_path / "plain", "xmixup")
    tiny = {"adv": {"radius": 1e-9, "random_start": False, "steps": 1}}
    assert differ(run(files, tmp_path / "tiny", "xmixup_adv", tiny), plain) < 1e-5
    large = run(files, tmp_path / "large", "xmixup_adv", {"adv": {"radius": 1.0}})
    assert differ(large, plain) > 1e-3
    noise = run(files, tmp_path / "noise", "xmixup_rs_rp", {"rs_rp": {"size": 1.0}})
    assert differ(noise, plain) > 1e-3
    for name, method in (("large", "adv"), ("noise", "rs_rp")):
        note = json.loads((tmp_path / name / "train.json").read_text())
        assert note["robust"]["method"] == method
        assert note["xmixup"]["original_updates"] == 1.0
        assert (tmp_path / name / "model" / "xmixup.json").is_file()


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_grows_and_padding_stays(kind, tmp_path, monkeypatch):
    model = XMixup(
        tiny_model(kind, "classification"),
        preset("paper", "classification", layers=2, max_length=12, layer=0),
    ).float()
    pad = model.config.pad_token_id
    inputs = {
        "source": batch(texts([3, 6], 1), pad),
        "target": batch(texts([5, 2], 2), pad),
        "labels": {"labels": torch.tensor([0, 2])},
        "counts": Counts(2),
        "loss_scale": torch.tensor(1.0),
    }
    given = []

    def noting(one, delta):
        given.append(delta.detach())
        return added(one, delta)

    monkeypatch.setattr(module, "added", noting)
    trainer = PerturbedXMixupTrainer(
        model=model,
        args=TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to=[]),
        train_dataset=[],
        perturbs=AdvSettings(steps=4, random_start=False),
        scale=Scale(1.0, 0.4, 0.1),
    )
    hurt = float(trainer.compute_loss(model, dict(inputs)).detach())
    real = model.stacked(inputs["source"], inputs["target"])["attention_mask"].bool()
    assert len(given) == 5  # four steps, and the update
    assert not given[0].any()
    for delta in given[1:]:
        assert not delta[~real].any()
        lengths = delta.flatten(1).norm(dim=1)
        assert ((lengths > 0) & (lengths <= 0.4 * (1 + 1e-6))).all()  # both texts of both pairs
    clean = float(super(PerturbedXMixupTrainer, trainer).compute_loss(model, inputs).detach())
    assert hurt > clean
    assert not model.model.get_input_embeddings()._forward_hooks


@pytest.mark.parametrize(
    "settings", [AdvSettings(perturb_at="last_hidden"), AdvSettings(clean_weight=0.5)]
)
def test_what_it_cannot_do_is_refused(settings):
    with pytest.raises(UsageError, match="word embeddings alone"):
        PerturbedXMixupTrainer(perturbs=settings, scale=None)

# SPDX-License-Identifier: Apache-2.0
"""The mixed layer, the mixing ratio and the model around them."""

from __future__ import annotations

import copy
import json
import math

import pytest
import torch
from torch.utils.data import default_collate
from transformers import (
    AutoModelForSequenceClassification,
    ModernBertConfig,
    Trainer,
    TrainingArguments,
)
from xmixup_by_hand import FAMILIES, KINDS, batch, pair_by_hand, texts, tiny_model

from xling.errors import DataError, UsageError
from xling.tasks import classification
from xling.xmixup.layers import AttentionSubLayer, attention_at
from xling.xmixup.losses import classification_loss
from xling.xmixup.mixup import Gate, attend, softmax_entropy
from xling.xmixup.model import XMixup, load_xmixup
from xling.xmixup.settings import XMixupSettings, preset, published_layer

LENGTHS = [(3, 6), (6, 3), (5, 5), (1, 4), (4, 1), (1, 1), (2, 2)]  # source, target
PAD_TO = 7
CHANGES = {
    "paper": {},
    "minus": {"gate_weight": -1},
    "normalised": {"normalise_entropy": True},
    "last layer": {"layer": 1},
    "fixed ratio": {"ratio": "fixed", "fixed_ratio": 0.25},
    "learned ratio": {"ratio": "learned"},
    "interpolation": {"mixing": "interpolation"},
    "released": {},
}


def settings(family="classification", name="paper", **changes):
    changes = {"layer": 0} | changes
    return preset(name, family, layers=2, max_length=PAD_TO, **changes)


def wrapped(kind="bert", family="classification", name="paper", layers=2, dropout=0.0, **changes):
    model = tiny_model(kind, family, layers=layers, dropout=dropout)
    out = XMixup(model, settings(family, name, **changes)).double().eval()
    with torch.no_grad():  # Not the values at which a mistake may not show.
        for value in out.gate.state_dict().values():
            value += 0.2
    return out


def sides(model, lengths=LENGTHS, *, extra=(0, 0), segments=False):
    source, target = texts([s for s, _ in lengths], 1), texts([t for _, t in lengths], 2)
    pad = model.config.pad_token_id
    return (
        source,
        target,
        batch(source, pad, extra=extra[0], segments=segments),
        batch(target, pad, extra=extra[1], segments=segments),
    )


def assert_close(left, right, tolerance=1e-9):
    torch.testing.assert_close(left, right, rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES)
def test_the_model_is_what_the_equations_say(kind, change):
    name = "released" if change == "released" else "paper"
    model = wrapped(kind, name=name, **CHANGES[change])
    segments = kind == "bert"
    source, target, left, right = sides(model, segments=segments)
    with torch.no_grad():
        pair = model(left, right)
    for row, (s, t) in enumerate(zip(source, target, strict=True)):
        slow = pair_by_hand(model, s, t, segments=segments)
        assert_close(pair.source.logits[row], slow.source_logits)
        assert_close(pair.target.logits[row], slow.target_logits)
        assert_close(pair.ratio[row], torch.tensor(slow.ratio, dtype=torch.float64))
        assert_close(pair.source.hidden[row, : len(s)], torch.stack(slow.source_hidden[: len(s)]))
        assert_close(pair.target.hidden[row, : len(t)], torch.stack(slow.target_hidden[: len(t)]))
        assert pair.target.mask[row].sum() == len(t)
    # Not wider than the longest text, unless the preset says so.
    assert pair.source.mask.shape[1] == (PAD_TO if change == "released" else 6)
    if change == "paper":  # Texts of one pair differ in their ratio, so the comparison can fail.
        assert pair.ratio.std() > 0.01


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", ["tagging", "qa"])
def test_every_position_has_the_logits_of_the_equations(kind, family):
    model = wrapped(kind, family)
    source, target, left, right = sides(model)
    with torch.no_grad():
        pair = model(left, right)
    for row, (s, t) in enumerate(zip(source, target, strict=True)):
        slow = pair_by_hand(model, s, t)
        assert_close(pair.source.logits[row, : len(s)], slow.source_logits)
        assert_close(pair.target.logits[row, : len(t)], slow.target_logits)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["paper", "released"])
def test_neither_padding_nor_company_changes_a_pair(kind, name):
    model = wrapped(kind, name=name, pad_to=None if name == "paper" else 12)
    source, target, left, right = sides(model)
    with torch.no_grad():
        together = model(left, right)
        *_, wide_left, wide_right = sides(model, extra=(5, 2))
        wide = model(wide_left, wide_right)
        assert_close(wide.target.logits, together.target.logits)
        assert_close(wide.ratio, together.ratio)
        pad = model.config.pad_token_id
        for row in range(len(source)):
            alone = model(batch([source[row]], pad), batch([target[row]], pad))
            assert_close(alone.target.logits[0], together.target.logits[row])
            assert_close(alone.source.logits[0], together.source.logits[row])
            assert_close(alone.ratio[0], together.ratio[row])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_source_is_read_as_by_the_plain_model(kind, family):
    """So its logits cannot depend on the target; the wrapped model alone is left as it was."""
    model = wrapped(kind, family)
    source, _, left, right = sides(model)
    with torch.no_grad():
        pair = model(left, right)
        plain = model.model(**left)
    expected = (
        torch.stack([plain.start_logits, plain.end_logits], -1) if family == "qa" else plain.logits
    )
    found = pair.source.logits
    if family != "classification":
        real = left["attention_mask"].bool()
        expected, found = expected[real], found[:, : real.shape[1]][real]
    assert_close(found, expected)
    other = batch(texts([3] * len(source), 9), model.config.pad_token_id)
    with torch.no_grad():
        again = model(left, other)
    assert_close(again.source.logits.flatten()[:6], pair.source.logits.flatten()[:6])
    assert not torch.allclose(again.target.logits[:, 0], pair.target.logits[:, 0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_without_mixing_one_layer_norm_is_left(kind, layer):
    model = wrapped(kind, layers=3, layer=layer, ratio="fixed", fixed_ratio=0.0)
    *_, left, right = sides(model)
    with torch.no_grad():
        pair = model(left, right)
        attention = attention_at(model.model, layer)
        # The plain encoder on the target, with the norm of the layer applied once more.
        once_more = attention.register_forward_hook(
            lambda module, _, output: (module.output.LayerNorm(output[0]), *output[1:])
        )
        expected = model.model(**right).logits
        once_more.remove()
        plain = model.model(**right).logits
    assert_close(pair.target.logits, expected)
    assert not torch.allclose(pair.target.logits, plain)


def test_the_ratio_tends_to_the_plain_encoder():
    """With lambda_0 -> 0 an entropy gate gives what ratio 0 gives."""
    zero = wrapped(ratio="fixed", fixed_ratio=0.0)
    *_, left, right = sides(zero)
    with torch.no_grad():
        limit = zero(left, right).target.logits
        distances = [
            (wrapped(largest_ratio=x)(left, right).target.logits - limit).abs().max()
            for x in (1e-2, 1e-4, 1e-6)
        ]
    assert distances[0] > 10 * distances[1] > 100 * distances[2] > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_one_stacked_pass_is_two_passes(kind, family):
    model = wrapped(kind, family, ratio="fixed", fixed_ratio=0.25)
    *_, left, right = sides(model)
    with torch.no_grad():
        pair = model(left, right)
        a_source = _attention_output(model, left)

        def replace(module, args, output):
            part = AttentionSubLayer.of(module)
            mask = left["attention_mask"].bool()
            queries, keys = part.by_head(part.query(output[0])), part.by_head(part.key(a_source))
            values = part.by_head(part.value(a_source))
            crossed = torch.nn.functional.scaled_dot_product_attention(
                queries, keys, values, attn_mask=mask[:, None, None, :]
            )
            z = part.output(crossed.transpose(1, 2).flatten(2))
            return part.norm(0.25 * z + 0.75 * output[0]), *output[1:]

        handle = attention_at(model.model, 0).register_forward_hook(replace)
        expected = model.model.base_model(**right).last_hidden_state
        handle.remove()
    real = right["attention_mask"].bool()
    assert_close(pair.target.hidden[:, : real.shape[1]][real], expected[real])


def _attention_output(model, inputs):
    kept = []
    handle = attention_at(model.model, 0).register_forward_hook(
        lambda module, args, output: kept.append(output[0])
    )
    model.model(**inputs)
    handle.remove()
    return kept[0]


def test_a_text_with_itself_is_finite():
    model = wrapped()
    source, _, left, _ = sides(model)
    pair = model(left, left)
    loss = classification_loss(pair, torch.zeros(len(source), dtype=torch.long), model.settings)
    loss.total.backward()
    assert torch.isfinite(loss.total)
    assert loss.representation > 0  # The target is normed once more and mixed.
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


# The entropies


def uniform(source_real, target_real, width, name="paper"):
    scores = torch.zeros(1, 2, width, width, dtype=torch.float64)
    source = torch.arange(width)[None] < source_real
    target = torch.arange(width)[None] < target_real
    changes = {"pad_to": width} if name == "released" else {}
    return attend(scores, source, target, Gate(settings(name=name, **changes)))[1]


@pytest.mark.parametrize("width", [5, 6, 11])
def test_uniform_scores_have_the_entropy_of_their_real_keys(width):
    assert uniform(5, 3, width).item() == pytest.approx(math.log(5) + math.log(3), abs=1e-12)


def test_the_released_entropy_counts_padding_as_keys_of_score_0():
    """With uniform scores of 0: log n + log(1 + n_pad / n) = log(width)."""
    found = uniform(5, 3, 11, "released").item()
    assert found == pytest.approx(2 * math.log(11), abs=1e-12)


def test_without_padding_both_presets_agree():
    torch.manual_seed(0)
    scores = torch.randn(2, 2, 7, 7, dtype=torch.float64)
    mask = torch.ones(2, 7, dtype=torch.bool)
    paper, released = (
        attend(scores, mask, mask, Gate(settings(name=name)))[1] for name in ("paper", "released")
    )
    assert_close(paper, released, 1e-12)


def test_the_released_entropy_is_the_closed_form():
    torch.manual_seed(0)
    scores = 2 * torch.randn(1, 1, 4, 6, dtype=torch.float64)
    real = torch.tensor([True, True, True, False, False, False])
    _, found = softmax_entropy(scores, real, -1, padded=True)
    for row in range(4):
        values = scores[0, 0, row, :3].tolist()
        total = sum(math.exp(v) for v in values)
        entropy = -sum(math.exp(v) / total * math.log(math.exp(v) / total) for v in values)
        assert found[0, 0, row].item() == pytest.approx(entropy + math.log(1 + 3 / total))


def test_probabilities_and_gradients_of_padding_are_0():
    torch.manual_seed(0)
    scores = torch.randn(1, 2, 3, 5, requires_grad=True)
    real = torch.tensor([True, True, False, False, False])
    for padded in (False, True):
        probabilities, entropy = softmax_entropy(scores, real, -1, padded=padded)
        assert (probabilities[..., 2:] == 0).all()
        (gradient,) = torch.autograd.grad(entropy.sum(), scores)
        assert torch.isfinite(gradient).all()
        assert (gradient[..., 2:] == 0).all()
        assert (gradient[..., :2] != 0).all()


# The gate


def gradients(model):
    *_, left, right = sides(model)
    labels = torch.arange(len(LENGTHS)) % 3
    classification_loss(model(left, right), labels, model.settings).total.backward()
    return {name: value.grad for name, value in model.named_parameters()}


def test_the_gate_is_trained_in_paper_and_not_in_released():
    paper = gradients(wrapped())
    assert paper["gate.weight"] != 0
    assert paper["gate.bias"] != 0
    released = wrapped(name="released")
    assert not any(name.startswith("gate") for name in gradients(released))
    assert set(released.gate.state_dict()) == {"weight", "bias"}
    assert [n for n, _ in wrapped(ratio="learned").gate.named_parameters()] == ["bias"]
    assert not wrapped(ratio="fixed", fixed_ratio=0.5).gate.state_dict()


def test_a_detached_entropy_still_trains_the_gate():
    free, detached = gradients(wrapped()), gradients(wrapped(detach_entropy=True))
    assert_close(free["gate.weight"], detached["gate.weight"])
    name = "model.bert.encoder.layer.0.attention.self.query.weight"
    assert not torch.allclose(free[name], detached[name])


def test_the_sign_of_the_gate():
    signs = [Gate(settings(gate_weight=sign)).weight.item() for sign in (1, -1)]
    assert signs == [1.0, -1.0]


# Precision, memory, saving


def test_dropout_is_on_in_training_only():
    model = wrapped(dropout=0.5)
    *_, left, right = sides(model)
    model.train()
    assert not torch.equal(model(left, right).target.logits, model(left, right).target.logits)
    model.eval()
    assert torch.equal(model(left, right).target.logits, model(left, right).target.logits)


@pytest.mark.parametrize("kind", KINDS)
def test_activation_checkpointing_changes_no_gradient(kind):
    expected = gradients(wrapped(kind).train())
    model = wrapped(kind).train()
    model.activation_checkpointing_enable()
    for name, value in gradients(model).items():
        assert_close(value, expected[name])


def test_half_precision_gives_losses_in_single_precision():
    model = wrapped().float()
    *_, left, right = sides(model)
    with torch.autocast("cpu", torch.bfloat16):
        pair = model(left, right)
    assert {pair.target.logits.dtype, pair.target.hidden.dtype, pair.ratio.dtype} == {torch.float32}
    assert_close(pair.ratio, model(left, right).ratio, 0.02)


@pytest.mark.parametrize("name", ["paper", "released"])
def test_a_saved_model_is_an_ordinary_folder_and_comes_back(tmp_path, name):
    model = wrapped(name=name).float()
    *_, left, right = sides(model)
    model.save_pretrained(tmp_path)
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert_close(plain.eval()(**left).logits, model.model(**left).logits)
    again = load_xmixup(plain, tmp_path).eval()
    assert again.settings == model.settings
    assert torch.equal(again(left, right).target.logits, model(left, right).target.logits)
    assert again.gate.bias.item() == pytest.approx(0.2)


@pytest.mark.parametrize("damage", ["gone", "no json", "no gate", "unknown setting", "gate"])
def test_a_damaged_note_is_named(tmp_path, damage):
    model = wrapped()
    model.save_pretrained(tmp_path)
    path = tmp_path / "xmixup.json"
    note = json.loads(path.read_text("utf-8"))
    if damage == "gone":
        path.unlink()
    elif damage == "no json":
        path.write_text("{", "utf-8")
    else:
        if damage == "no gate":
            del note["gate"]
        elif damage == "unknown setting":
            note["settings"]["colour"] = 1
        else:
            note["gate"] = {"weight": 1.0}
        path.write_text(json.dumps(note), "utf-8")
    with pytest.raises(DataError, match=r"xmixup\.json"):
        load_xmixup(tiny_model("bert", "classification"), tmp_path)


class PairTrainer(Trainer):
    def compute_loss(self, model, inputs, **_):
        pair = model(inputs["source"], inputs["target"])
        return classification_loss(pair, inputs["labels"], model.settings).total


def train(folder, steps, resume=None):
    model = wrapped(dropout=0.1).float()
    _, _, left, right = sides(model)
    rows = [
        {
            "source": {k: v[i] for k, v in left.items()},
            "target": {k: v[i] for k, v in right.items()},
            "labels": torch.tensor(i % 3),
        }
        for i in range(len(LENGTHS))
    ]
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        save_steps=2,
        learning_rate=1e-2,
        per_device_train_batch_size=3,
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        remove_unused_columns=False,
        logging_strategy="no",
    )
    trainer = PairTrainer(
        model=model, args=arguments, train_dataset=rows, data_collator=default_collate
    )
    trainer.train(resume_from_checkpoint=resume)
    return model.state_dict()


def test_training_goes_on_from_a_checkpoint(tmp_path):
    whole = train(tmp_path, 4)
    resumed = train(tmp_path / "again", 4, resume=str(tmp_path / "checkpoint-2"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert whole["gate.weight"] != wrapped().gate.weight.float()


# What is refused


def test_other_architectures_are_refused():
    config = ModernBertConfig(
        vocab_size=20,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        cls_token_id=1,
        sep_token_id=2,
    )
    model = AutoModelForSequenceClassification.from_config(config)
    with pytest.raises(UsageError, match="modernbert") as error:
        XMixup(model, settings())
    assert "bert, xlm-roberta" in error.value.allowed


def test_a_layer_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="0 to 1"):
        wrapped(layer=2)


def test_released_refuses_texts_that_are_too_long():
    model = wrapped(name="released")
    with pytest.raises(UsageError, match="8 sub-words wide"):
        model(batch(texts([8]), 0), batch(texts([2]), 0))


@pytest.mark.parametrize(
    "changes",
    [
        {"ratio": "fixed"},
        {"fixed_ratio": 0.5},
        {"entropy": "padded"},
        {"pooled_divisor": "padded"},
        {"source_mask": "original"},
        {"entropy": "padded", "pad_to": 8, "normalise_entropy": True},
        {"pad_to": 2},
        {"gate_weight": 2},
        {"colour": "blue"},
    ],
)
def test_settings_that_contradict_each_other(changes):
    with pytest.raises(ValueError, match="XMixupSettings"):
        settings(**changes)


def test_presets_are_the_published_settings():
    paper = preset("paper", "qa", layers=24, max_length=384)
    assert (paper.alpha, paper.sampling_k, paper.layer, paper.largest_ratio) == (0.2, 2000, 15, 0.5)
    assert (paper.gate, paper.entropy, paper.clipping, paper.pad_to) == (
        "learned",
        "masked",
        "norm",
        None,
    )
    released = preset("released", "tagging", layers=24, max_length=128)
    assert (released.alpha, released.layer, released.pad_to) == (0.8, 3, 128)
    assert released.model_dump(exclude={"alpha", "layer", "sampling_k", "pad_to"}) == (
        XMixupSettings(layer=0, alpha=0.4).model_dump(
            exclude={"alpha", "layer", "sampling_k", "pad_to"}
        )
        | {
            "gate": "fixed",
            "entropy": "padded",
            "sampling": "per_epoch",
            "pooled_divisor": "padded",
            "source_mask": "original",
            "reduction": "sum",
            "clipping": "value",
            "windows": "first",
        }
    )
    assert [published_layer("qa", n) for n in (24, 12, 4)] == [15, 7, 2]
    assert [published_layer("tagging", n) for n in (24, 12, 2)] == [3, 3, 0]
    for wrong in (("papers", "qa"), ("paper", "retrieval")):
        with pytest.raises(UsageError):
            preset(*wrong, layers=12, max_length=128)


def test_the_model_loads_through_the_familys_own_loader(tmp_path):
    model = wrapped()
    model.model.config.id2label = {0: "a", 1: "b", 2: "c"}
    model.save_pretrained(tmp_path)

    class Task:
        labels = ("a", "b", "c")

    loaded = classification.trained_model(tmp_path, Task)
    assert load_xmixup(loaded, tmp_path).settings == model.settings


def test_a_model_is_wrapped_once():
    """Two wrappers would mix twice."""
    mixing = wrapped()
    for model in (mixing, mixing.model):
        with pytest.raises(ValueError, match="mixed in twice"):
            XMixup(model, mixing.settings)
    copied = copy.deepcopy(mixing)
    with pytest.raises(ValueError, match="mixed in twice"):
        XMixup(copied.model, copied.settings)

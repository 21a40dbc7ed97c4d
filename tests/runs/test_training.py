# SPDX-License-Identifier: Apache-2.0
"""Training equals a plain loop, goes on after a kill as if nothing had happened, and repeats."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import set_seed

from xling.batches import updates
from xling.checkpoints import COMPLETE, Checkpoint, newest_checkpoint
from xling.config.study import TrainingSettings
from xling.plan import canonical
from xling.run import state_of_run, train
from xling.tasks import TASKS
from xling.tasks.classification import new_model
from xling.training import UpdateDataset, take_item


def settings(**other):
    values = {"learning_rate": 1e-2, "batch_size": 12, "max_steps": 20, "checkpoint_every": 5}
    return TrainingSettings.model_validate(values | other)


def run(encoder, folder: Path, seed=1, dev=False, task="xnli", **other):
    train(
        task=task,
        method="zero_shot",
        settings=settings(**other),
        seed=seed,
        train_files=[encoder.file],
        languages=["en", "qaa"],
        dev_files=(encoder.file, encoder.prepared) if dev else None,
        decoding={},
        encoder_note=encoder.note,
        folder=folder,
        state=folder / "state",
        eval_batch_tokens=4096,
    )
    return load_file(folder / "model" / "model.safetensors")


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_training_equals_a_plain_loop(encoder, tmp_path):
    """AdamW, linear decay after warm-up, clipping by norm, without dropout: 1e-6 of our weights."""
    config_file = encoder.folder / "model" / "config.json"
    original = config_file.read_text()
    config = json.loads(original)
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    config_file.write_text(json.dumps(config))
    try:
        ours = run(encoder, tmp_path, warmup_ratio=0.25, weight_decay=0.1)
        set_seed(1)
        model = new_model(encoder.folder / "model", TASKS["xnli"])
    finally:
        config_file.write_text(original)
    model.train()
    decayed = [p for n, p in model.named_parameters() if p.ndim > 1]
    rest = [p for n, p in model.named_parameters() if p.ndim == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-2, eps=1e-8)
    pad = model.config.pad_token_id
    for step, rows in enumerate(updates(encoder.tokens.lengths, 12, 20, 1)):
        rate = step / 5 if step < 5 else (20 - step) / 15
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * rate
        loss = model(**encoder.tokens.batch(rows, pad)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    plain = model.state_dict()
    for name, value in ours.items():
        torch.testing.assert_close(value, plain[name], atol=1e-5, rtol=1e-4)


def test_accumulation_gives_the_same_gradient(encoder):
    """Parts of unequal size, weighted, add up to the whole update's mean loss."""
    torch.manual_seed(0)
    model = new_model(encoder.folder / "model", TASKS["xnli"]).eval()
    rows = [np.arange(11), np.arange(11, 14)]
    grads = []
    for parts in (1, 4):
        data = UpdateDataset(encoder.tokens, rows, parts=parts, pad_id=model.config.pad_token_id)
        for update in range(2):
            model.zero_grad()
            for part in range(parts):
                batch = take_item([data[update * parts + part]])
                scale = batch.pop("loss_scale")
                (model(**batch).loss * scale / parts).backward()
            grads.append(
                torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
            )
    torch.testing.assert_close(grads[0], grads[2])
    torch.testing.assert_close(grads[1], grads[3])


def test_accumulation_trains_to_the_same_weights(encoder, tmp_path):
    config_file = encoder.folder / "model" / "config.json"
    original = config_file.read_text()
    no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    config_file.write_text(json.dumps(json.loads(original) | no_dropout))
    try:
        whole = run(encoder, tmp_path / "a", learning_rate=1e-3)
        parts = run(encoder, tmp_path / "b", learning_rate=1e-3, accumulation=3)
    finally:
        config_file.write_text(original)
    for name in whole:
        torch.testing.assert_close(whole[name], parts[name], atol=1e-4, rtol=1e-3)


def test_same_seed_same_weights_other_seed_other_weights(encoder, tmp_path):
    one, same = run(encoder, tmp_path / "1"), run(encoder, tmp_path / "2")
    assert equal(one, same)
    assert not equal(one, run(encoder, tmp_path / "3", seed=2))


def test_it_learns(encoder, tmp_path):
    run(encoder, tmp_path, max_steps=150, learning_rate=1e-2, batch_size=24)
    note = json.loads((tmp_path / "train.json").read_text())
    losses = [entry["loss"] for entry in note["history"] if "loss" in entry]
    assert losses[0] > 0.9
    assert losses[-1] < 0.5 * losses[0]
    assert note["train_rows"] == {"en": 60, "qaa": 60}


def test_gradient_checkpointing_changes_nothing_but_memory(encoder, tmp_path):
    plain = run(encoder, tmp_path / "a")
    saved = run(encoder, tmp_path / "b", gradient_checkpointing=True)
    for name in plain:
        torch.testing.assert_close(plain[name], saved[name], atol=1e-5, rtol=1e-4)


def test_bf16_trains_close_to_fp32(encoder, tmp_path):
    """Mixed precision on the CPU: fp32 weights, bf16 products."""
    note = json.loads(encoder.note.read_text())
    other = encoder.folder / "bf16.json"
    other.write_text(json.dumps(note | {"precision": "bf16"}))
    full = run(encoder, tmp_path / "a", learning_rate=1e-3)
    half = run(SimpleNamespace(file=encoder.file, note=other), tmp_path / "b", learning_rate=1e-3)
    assert not equal(full, half)
    for name in full:
        assert half[name].dtype == torch.float32
        torch.testing.assert_close(full[name], half[name], atol=2e-2, rtol=0)


COMMAND = """
import sys, time, json
import xling.training
from pathlib import Path
from xling.config.study import TrainingSettings
from xling.machine import set_threads
from xling.run import train
from xling.errors import Interrupted
from xling.stops import Stop
set_threads(1)
note, tokens, table, folder, settings = sys.argv[1:]
step = xling.training.XlingTrainer.training_step
def slow(self, *args, **kwargs):
    time.sleep(0.05)
    return step(self, *args, **kwargs)
xling.training.XlingTrainer.training_step = slow
try:
    with Stop() as stop:
        train(
            task="xnli", method="zero_shot", seed=1, languages=["en", "qaa"], decoding={},
            settings=TrainingSettings(**json.loads(settings)), train_files=[Path(tokens)],
            dev_files=(Path(tokens), Path(table)), encoder_note=Path(note), stop=stop,
            folder=Path(folder), state=Path(folder) / "state", eval_batch_tokens=4096,
        )
except Interrupted as stopped:
    print(stopped)
    sys.exit(143)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_ends_as_if_nothing_happened(encoder, tmp_path, number):
    """Bit for bit the weights of an undisturbed run, with dropout, warm-up and dev selection."""
    other = {"selection": "best_source_dev", "evaluate_every": 4, "warmup_ratio": 0.2}
    undisturbed = run(encoder, tmp_path / "a", dev=True, **other)
    folder = tmp_path / "b"
    text = canonical(settings(**other).model_dump())
    files = [encoder.note, encoder.file, encoder.prepared, folder]
    command = [sys.executable, "-c", COMMAND, *files, text]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(folder.glob(f"state/*/checkpoint-5/{COMPLETE}")):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.12)  # into the steps after the checkpoint
    os.kill(process.pid, number)
    out, _ = process.communicate(timeout=60)
    assert not (folder / "train.json").exists()
    newest = max(int(p.parent.name.split("-")[1]) for p in folder.glob(f"state/*/*/{COMPLETE}"))
    if number == signal.SIGTERM:
        assert process.returncode == 143
        assert out.strip() == f"stopped at step {newest} after saving"
        assert newest % 5, "it saved at a step of its own, not by the calendar"
    else:
        assert process.returncode == -signal.SIGKILL
        assert newest % 5 == 0
    resumed = run(encoder, folder, dev=True, **other)
    assert equal(undisturbed, resumed)
    notes = [json.loads((tmp_path / x / "train.json").read_text()) for x in "ab"]
    assert notes[0]["selection"] == notes[1]["selection"]
    assert not (folder / "state").exists()


def test_half_written_checkpoints_do_not_count(tmp_path):
    for step, complete in ((5, True), (10, True), (15, False)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if complete:
            (folder / COMPLETE).write_text(json.dumps({"step": step}))
    assert newest_checkpoint(tmp_path) == Checkpoint(step=10)
    assert not (tmp_path / "checkpoint-15").exists()
    assert newest_checkpoint(tmp_path / "nothing") is None


def test_checkpoints_of_other_settings_are_never_resumed(tmp_path):
    old = state_of_run(tmp_path, {"learning_rate": 1})
    (old / "checkpoint-5").mkdir()
    assert state_of_run(tmp_path, {"learning_rate": 1}) == old
    new = state_of_run(tmp_path, {"learning_rate": 2})
    assert new != old
    assert not old.exists()


def test_the_policy_chooses_the_weights(encoder, tmp_path):
    """best_source_dev keeps the best step on the source dev set, last the last step."""
    other = {"max_steps": 12, "evaluate_every": 3, "learning_rate": 3e-1, "schedule": "constant"}
    best = run(encoder, tmp_path / "a", dev=True, selection="best_source_dev", **other)
    last = run(encoder, tmp_path / "b", **other)
    note = json.loads((tmp_path / "a" / "train.json").read_text())["selection"]
    assert note["policy"] == "best_source_dev"
    assert set(note["dev"]) == {"en"}
    assert note["step"] in (3, 6, 9, 12)
    assert equal(best, last) == (note["step"] == 12)
    oracle = run(encoder, tmp_path / "c", dev=True, selection="best_target_dev", **other)
    del oracle
    note = json.loads((tmp_path / "c" / "train.json").read_text())["selection"]
    assert set(note["dev"]) == {"en", "qaa"}
    assert note["value"] == pytest.approx(note["dev"]["qaa"])

# SPDX-License-Identifier: Apache-2.0
"""Trainings with the plug-in on the toy corpus, and what is looked at afterwards."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import subprocess
import sys

import toy_translation as toy

from xling.mt.cats.settings import preset
from xling.mt.fairseq import PLUGIN, command, launcher

PERIOD = 5


def settings(folder, **changes):
    """Write the plug-in's settings; return the options that name them."""
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "method": "cats",
        "weighting": preset("relative", period=PERIOD, alpha_rate=0.5).model_dump(),
        "probe": {"tokens": 100},
        **changes,
    }
    file = folder / "settings.json"
    file.write_text(json.dumps(values))
    return ("--cats-settings", file)


def arguments(data, save, updates, *options, plugin=PLUGIN, **changes):
    return toy.arguments(
        data,
        save,
        task="cats_translation",
        criterion="cats_label_smoothed_cross_entropy",
        updates=updates,
        options=(*settings(save, **changes), *options),
        plugin=plugin,
    )


def cats(data, save, updates, *options, **changes):
    """Train with the plug-in; return the logged numbers of each update."""
    return toy.numbers(toy.run_tool(*arguments(data, save, updates, *options, **changes)))


def weights(save, name="checkpoint_last.pt"):
    import torch

    return torch.load(save / name, weights_only=True)["model"]


def assert_same_weights(first, second):
    import torch

    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def failed(args):
    """Run a tool that fails; return exit code and what it says."""
    text, argv = io.StringIO(), sys.argv
    try:
        with contextlib.redirect_stderr(text):
            code = launcher.main([str(arg) for arg in args])
    finally:
        sys.argv = argv
    return code, text.getvalue()


def two_processes(args):
    """Train in two gloo processes; return what each printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = os.environ | {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
    }
    line = [
        *command(*args),
        *("--distributed-backend", "gloo", "--ddp-backend", "legacy_ddp"),
        "--load-checkpoint-on-all-dp-ranks",
    ]
    started = [
        subprocess.Popen(
            line,
            env=shared | {"RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        printed = [process.communicate(timeout=500)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    for process, text in zip(started, printed, strict=True):
        assert process.returncode == 0, text[-3000:]
    return printed


def logged_updates(text):
    rows = [
        line.split(" | train_inner | ")[1] for line in text.splitlines() if "train_inner" in line
    ]
    return toy.numbers([("train_inner", row) for row in rows])

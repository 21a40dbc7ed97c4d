# SPDX-License-Identifier: Apache-2.0
"""Trainings with fairseq whose updates are timed: the stock task, and ours with CATS.

What the update reads is ready before; only the trainer's own step is timed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

WORDS = 500
SEED = 3
LENGTHS = (8, 40)  # shortest and longest sentence: about 24 sub-words, as TED's
TRAINING = (
    "--optimizer adam --adam-betas (0.9,0.98) --lr 0.001 --lr-scheduler fixed --clip-norm 1.0 "
    "--label-smoothing 0.1 --dropout 0.1 --cpu --num-workers 0 --encoder-langtok tgt "
    f"--sampling-method temperature --sampling-temperature 1 --log-interval 100 --seed {SEED}"
).split()


def architecture(width: int) -> list[str]:
    """Return the options of a Transformer of a layer on each side."""
    sizes = {"embed-dim": width, "ffn-embed-dim": 2 * width, "layers": 1, "attention-heads": 2}
    options = [
        (f"--{side}-{name}", str(size))
        for side in ("encoder", "decoder")
        for name, size in sizes.items()
    ]
    flat = [part for option in options for part in option]
    return ["--arch", "transformer", *flat, "--share-decoder-input-output-embed"]


@dataclass
class Training:
    """A training that is ready to begin.

    Attributes:
        trainer: fairseq's.
        task: fairseq's or ours.
        batches: of an epoch.
    """

    trainer: Any
    task: Any
    batches: list[Any]

    def run(self, updates: int) -> float:
        """Do so many updates; return the loss of the last one."""
        from fairseq.logging import metrics

        for update in range(updates):
            with metrics.aggregate("train_inner"):
                logged = self.trainer.train_step([self.batches[update % len(self.batches)]])
        return float(logged["loss"])


def corpus(folder: Path, directions: int, sentences: int) -> Path:
    """Write binarised sentences of random words for as many directions; return the folder."""
    from fairseq.data.indexed_dataset import MMapIndexedDatasetBuilder

    data = folder / f"data-{directions}"
    if data.exists():
        return data
    data.mkdir()
    import torch

    random = np.random.default_rng(5)
    dictionary = "".join(f"w{word} 1\n" for word in range(WORDS))
    for name in _languages(directions):
        for side in ("en", name):
            (data / f"dict.{side}.txt").write_text(dictionary)
            for split, count in (("train", sentences), ("valid", 2)):
                stem = str(data / f"{split}.en-{name}.{side}")
                builder = MMapIndexedDatasetBuilder(f"{stem}.bin", dtype=np.uint16)
                for length in random.integers(*LENGTHS, count):
                    words = random.integers(4, 4 + WORDS, length)
                    builder.add_item(torch.tensor([*words, 2]))
                builder.finalize(f"{stem}.idx")
    return data


def prepare(
    folder: Path, directions: int, tokens: int, width: int, plug_in: dict[str, Any] | None
) -> Training:
    """Make a training ready.

    Args:
        folder: for files; trainings in the same one read the same data.
        directions: translation directions.
        tokens: in a batch.
        width: of the model.
        plug_in: settings of the plug-in; None: the stock task and criterion.
    """
    from xling.mt.fairseq import compat

    compat.install()
    from fairseq import options, tasks, utils
    from fairseq.dataclass.utils import convert_namespace_to_omegaconf
    from fairseq.logging import metrics
    from fairseq.trainer import Trainer

    import xling.mt.fairseq.plugin  # noqa: F401  (registers task and criterion)

    metrics.reset()
    np.random.seed(SEED)
    utils.set_torch_seed(SEED)
    arguments = _arguments(folder, directions, tokens, plug_in) + architecture(width)
    parsed = options.parse_args_and_arch(options.get_training_parser(), input_args=arguments)
    config = convert_namespace_to_omegaconf(parsed)
    task = tasks.setup_task(config.task)
    model, criterion = task.build_model(config.model), task.build_criterion(config.criterion)
    task.load_dataset("valid")
    trainer = Trainer(config, task, model, criterion)
    epoch = trainer.get_train_iterator(1).next_epoch_itr()
    trainer.begin_epoch(1)
    return Training(trainer, task, list(epoch))


def _arguments(
    folder: Path, directions: int, tokens: int, plug_in: dict[str, Any] | None
) -> list[str]:
    data = corpus(folder, directions, sentences=max(40, 4 * tokens // directions // LENGTHS[1]))
    save = folder / "save"
    save.mkdir(exist_ok=True)
    names = _languages(directions)
    if plug_in is None:
        task = ["translation_multi_simple_epoch", "--criterion", "label_smoothed_cross_entropy"]
    else:
        file = save / "settings.json"
        file.write_text(json.dumps(plug_in))
        task = ["cats_translation", "--criterion", "cats_label_smoothed_cross_entropy"]
        task += ["--cats-settings", str(file)]
    return [
        *(str(data), "--task", *task, "--save-dir", str(save), "--max-tokens", str(tokens)),
        *("--lang-pairs", ",".join(f"en-{name}" for name in names)),
        *("--langs", ",".join(["en", *names]), *TRAINING),
    ]


def _languages(directions: int) -> list[str]:
    return [f"q{number:02}" for number in range(directions)]

# SPDX-License-Identifier: Apache-2.0
"""A toy corpus of three artificial languages, and trainings on it that take seconds."""

from __future__ import annotations

import json
import logging
import random
import sys

from xling.mt.fairseq import PLUGIN, launcher

LANGUAGES = ("qac", "qaa", "qab")  # not in alphabetical order
SENTENCES = {"qaa": 400, "qab": 120, "qac": 40}  # imbalanced
WORDS = 30
MODEL = (
    "--arch transformer --encoder-layers 2 --decoder-layers 2 --encoder-embed-dim 32 "
    "--decoder-embed-dim 32 --encoder-ffn-embed-dim 64 --decoder-ffn-embed-dim 64 "
    "--encoder-attention-heads 2 --decoder-attention-heads 2 --share-decoder-input-output-embed"
).split()
TRAINING = (
    "--optimizer adam --adam-betas (0.9,0.98) --lr 0.005 --lr-scheduler inverse_sqrt "
    "--warmup-updates 10 --clip-norm 1.0 --max-tokens 300 --label-smoothing 0.1 --seed 3 --cpu "
    "--num-workers 0 --log-interval 1 --log-format json --no-progress-bar "
    "--sampling-method temperature --sampling-temperature 1 --encoder-langtok tgt"
).split()


def write_corpus(folder):
    """Write and binarise en-qaa, en-qab and en-qac; return the folder that fairseq reads."""
    text, data = folder / "text", folder / "data"
    text.mkdir(parents=True)
    rng = random.Random(7)
    words = [f"w{number}" for number in range(WORDS)]
    targets = [f"{code}{number}" for code in LANGUAGES for number in range(WORDS)]
    dictionary = text / "dict.txt"
    dictionary.write_text("".join(f"{word} 1\n" for word in words + targets))
    for code in LANGUAGES:
        for split, count in (("train", SENTENCES[code]), ("valid", 20)):
            sides = [[], []]
            for _ in range(count):
                sentence = [rng.randrange(WORDS) for _ in range(rng.randint(3, 9))]
                sides[0].append(" ".join(words[word] for word in sentence))
                # Another order in each language.
                moved = {"qaa": sentence, "qab": sentence[::-1], "qac": sorted(sentence)}[code]
                sides[1].append(" ".join(f"{code}{word}" for word in moved))
            for side, lines in zip(("en", code), sides, strict=True):
                (text / f"{split}.en-{code}.{side}").write_text("\n".join(lines) + "\n")
        run_tool(
            *("preprocess", "--source-lang", "en", "--target-lang", code, "--destdir", data),
            *("--srcdict", dictionary, "--tgtdict", dictionary),
            *(f"--{split}pref={text / split}.en-{code}" for split in ("train", "valid")),
        )
    return data


def run_tool(*args):
    """Run a fairseq tool in this process; return what it logged, by logger."""
    from xling.mt.fairseq import compat

    compat.install()
    from fairseq.logging import metrics

    metrics.reset()
    seen = _Seen()
    root, argv = logging.getLogger(), sys.argv
    level = root.level
    root.addHandler(seen)
    root.setLevel(logging.INFO)
    try:
        launcher.run([str(arg) for arg in args])
    finally:
        root.removeHandler(seen)
        root.setLevel(level)
        sys.argv = argv
    return seen.records


def arguments(
    data,
    save,
    *,
    task,
    updates,
    criterion="label_smoothed_cross_entropy",
    options=(),
    plugin=PLUGIN,
):
    """Return the arguments of a training."""
    pairs = ",".join(f"en-{code}" for code in LANGUAGES)
    return [
        *("train", data, "--task", task, "--criterion", criterion, "--save-dir", save),
        *("--lang-pairs", pairs, "--langs", ",".join(("en", *LANGUAGES))),
        *("--max-update", updates, "--user-dir", plugin, *MODEL, *TRAINING, *options),
    ]


def stock(data, save, updates, *options):
    """Train with fairseq's own task and criterion; return the logged numbers of each update."""
    args = arguments(
        data, save, task="translation_multi_simple_epoch", updates=updates, options=options
    )
    return numbers(run_tool(*args))


def numbers(records):
    """Return loss, nll, gradient norm and learning rate of each update, as printed."""
    rows = [json.loads(text) for name, text in records if name == "train_inner"]
    keys = ("num_updates", "loss", "nll_loss", "gnorm", "lr", "wpb", "bsz")
    return [{key: row[key] for key in keys} for row in rows]


def built(args):
    """Return task, model and criterion that arguments ask for, and every eighth training row."""
    from fairseq import options, tasks
    from fairseq.dataclass.utils import convert_namespace_to_omegaconf

    parser = options.get_training_parser()
    config = convert_namespace_to_omegaconf(
        options.parse_args_and_arch(parser, [str(arg) for arg in args[1:]])
    )
    task = tasks.setup_task(config.task)
    model, criterion = task.build_model(config.model), task.build_criterion(config.criterion)
    task.load_dataset("train")
    dataset = task.datasets["train"]
    # Every eighth, so that all directions are among them.
    batch = dataset.collater([dataset[index] for index in range(0, len(dataset), 8)])
    return task, model, criterion, batch


class _Seen(logging.Handler):
    def __init__(self):
        super().__init__(logging.INFO)
        self.records = []

    def emit(self, record):
        self.records.append((record.name, record.getMessage()))

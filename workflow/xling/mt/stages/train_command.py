# SPDX-License-Identifier: Apache-2.0
"""A training as ``fairseq-train`` is told it.

The task is always that of the plug-in, also for systems that learn no weights: all systems share
one code path.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xling.config.translation import TransformerSettings, TranslationSettings
from xling.mt.fairseq import PLUGIN
from xling.mt.fairseq.settings import CRITERION, TASK
from xling.mt.stages.binarize import Binarized
from xling.tasks import SOURCE_LANGUAGE

#: What the checkpoint is chosen by: mean over languages of the dev loss.
DEV_METRIC = "macro_loss"
_EMBEDDINGS = {
    "all": ("--share-all-embeddings",),
    "decoder": ("--share-decoder-input-output-embed",),
    "none": (),
}
_PRECISION = {"fp32": (), "fp16": ("--fp16",), "bf16": ("--bf16",), "amp": ("--amp",)}
# A sentence ends with a token of its own, and begins with that of its language.
_EXTRA_TOKENS = 2
_NEVER = 10**9  # epochs


def arguments(
    data: Binarized,
    settings: TranslationSettings,
    model: TransformerSettings,
    *,
    plug_in: Path,
    temperature: float,
    seed: int,
    gpus: int,
    save_dir: Path,
) -> list[str]:
    """Return the arguments of ``fairseq-train``.

    Args:
        data: binarised.
        settings: of the training.
        model: its architecture.
        plug_in: file with the plug-in's settings.
        temperature: that sentences are drawn with.
        seed: of weights, order and dropout.
        gpus: processes; 0 trains on the CPU.
        save_dir: of checkpoints and histories.
    """
    positions = longest(settings)
    # Which language: of the source into English, of the target from it (DRO's recipe, section 5).
    token = "src" if data.note["direction"] == "m2o" else "tgt"
    values: list[object] = [
        data.folder,
        *("--user-dir", PLUGIN, "--task", TASK, "--criterion", CRITERION),
        *("--cats-settings", plug_in, "--label-smoothing", settings.label_smoothing),
        *("--lang-pairs", ",".join(data.pairs)),
        *("--langs", ",".join((SOURCE_LANGUAGE, *data.languages))),
        *("--encoder-langtok", token),
        *("--sampling-method", "temperature", "--sampling-temperature", temperature),
        *("--max-source-positions", positions, "--max-target-positions", positions),
        *_architecture(model),
        *_optimisation(settings),
        *("--save-dir", save_dir, "--no-epoch-checkpoints", "--keep-interval-updates", 1),
        *("--save-interval", _NEVER, "--save-interval-updates", settings.checkpoint_every),
        *("--validate-interval", _NEVER, "--validate-interval-updates", settings.validate_every),
        *("--best-checkpoint-metric", DEV_METRIC),
        *("--seed", seed, "--log-interval", settings.log_every),
        *("--log-format", "none", "--no-progress-bar"),
        *_machine(gpus),
    ]
    return [str(value) for value in values]


def longest(settings: TranslationSettings) -> int:
    """Return the positions of the longest side that is trained on."""
    return settings.max_length + _EXTRA_TOKENS


def _architecture(model: TransformerSettings) -> Sequence[object]:
    values: list[object] = ["--arch", "transformer"]
    for part, layers in (("encoder", model.encoder_layers), ("decoder", model.decoder_layers)):
        values += [f"--{part}-layers", layers, f"--{part}-embed-dim", model.width]
        values += [f"--{part}-ffn-embed-dim", model.ffn, f"--{part}-attention-heads", model.heads]
        values += [f"--{part}-normalize-before"] if model.pre_norm else []
    return [
        *values,
        *("--dropout", model.dropout, "--attention-dropout", model.attention_dropout),
        *("--activation-dropout", model.activation_dropout),
        *(["--layernorm-embedding"] if model.normalised_embeddings else []),
        *_EMBEDDINGS[model.share_embeddings],
    ]


def _optimisation(settings: TranslationSettings) -> Sequence[object]:
    return [
        *("--optimizer", "adam", "--adam-betas", "(0.9,0.98)"),
        *("--adam-eps", settings.adam_epsilon, "--weight-decay", settings.weight_decay),
        *("--lr", settings.learning_rate, "--lr-scheduler", "inverse_sqrt"),
        *("--warmup-updates", settings.warmup_updates),
        *("--warmup-init-lr", settings.warmup_from),
        *("--clip-norm", settings.clip_norm, "--max-update", settings.max_updates),
        *("--max-tokens", settings.max_tokens, "--update-freq", settings.update_freq),
        # Dev sentences that are longer than any in training are left out as those are.
        "--skip-invalid-size-inputs-valid-test",
        *_PRECISION[settings.precision],
    ]


def _machine(gpus: int) -> Sequence[object]:
    if not gpus:
        return ["--cpu", "--num-workers", 0]
    several: Sequence[object] = ()
    if gpus > 1:
        # What the plug-in works with; torch cannot unpack a checkpoint that one process sends.
        several = ("--ddp-backend", "legacy_ddp", "--load-checkpoint-on-all-dp-ranks")
    return ["--distributed-world-size", gpus, "--num-workers", 1, *several]

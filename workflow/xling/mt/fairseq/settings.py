# SPDX-License-Identifier: Apache-2.0
"""What ``--cats-settings FILE`` holds, and which of fairseq's own options go with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PositiveInt, SerializeAsAny, ValidationError

from xling.errors import DataError, UsageError
from xling.mt.rivals import method_settings
from xling.mt.rivals.settings import (
    ChiIbrSettings,
    GradVacSettings,
    MultiDdsSettings,
    PcGradSettings,
    TemperatureSettings,
)
from xling.mt.settings import LARGEST, MethodSettings

TASK = "cats_translation"
CRITERION = "cats_label_smoothed_cross_entropy"
LEGACY_BACKENDS = ("legacy_ddp", "no_c10d")  # two names of one


class ProbeSettings(MethodSettings):
    """How losses and gradients of the directions are measured."""

    kind: Literal["gram", "twopass", "fd"] = Field(
        "gram", description="see xling.mt.cats.probe; gram keeps a copy of the model per direction"
    )
    tokens: PositiveInt = Field(
        500,
        description="target tokens per direction and process (ours: with 8 directions as many as "
        "an update of 4,096 tokens has); with N directions and M tokens per update, training costs "
        "about 1.5 N tokens / (K M) more, with probe 'twopass' twice that",
    )
    split: Literal["train", "valid"] = Field("train", description="where they are drawn from")
    dropout: bool = Field(True, description="whether dropout is on, as in training")
    scope: Literal["all", "encoder", "decoder"] = Field(
        "all", description="the parameters that gradients are taken by"
    )


class PlugInSettings(MethodSettings):
    """What the task does beside training; :func:`read` and ``model_dump_json`` are inverse."""

    method: str = Field(..., description="a name of xling.mt.rivals.METHODS")
    weighting: SerializeAsAny[MethodSettings] = Field(..., description="the method's settings")
    probe: ProbeSettings = Field(ProbeSettings(), description="how it measures")
    frozen: bool = Field(
        False, description="measure and write the trace, but train with all factors 1"
    )
    largest_factor: float = Field(
        LARGEST, ge=1.0, description="w_max: bound of the factor of a token's loss"
    )


def read(path: Path) -> PlugInSettings:
    """Read the settings, JSON.

    Raises:
        DataError: no such file.
        UsageError: it says something else.
    """
    if not path.is_file():
        raise DataError("the settings of the plug-in are missing", where=f"--cats-settings {path}")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        method = method_settings(values["method"], values["weighting"])
        return PlugInSettings(**values | {"weighting": method, "probe": _probe(values)})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        what = f"'{key}' of the plug-in's settings: {first['msg']}"
    except (ValueError, KeyError, TypeError) as error:
        what = f"the plug-in's settings are not usable: {error!r}"
    raise UsageError(
        what,
        where=str(path),
        allowed="what xling.mt.fairseq.settings.PlugInSettings describes, as JSON",
        fix="correct it",
    )


def _probe(values: dict[str, Any]) -> ProbeSettings:
    return ProbeSettings(**values.get("probe", {}))


def check_options(args: Any, settings: PlugInSettings, processes: int = 1) -> None:
    """Refuse options of fairseq under which weights or measurements would be wrong (section 9.4).

    Args:
        args: the parsed command line of ``fairseq-train``.
        settings: of the plug-in.
        processes: that train together.

    Raises:
        UsageError: naming the first such option.
    """
    for option, why in _refused(args) + _refused_by_method(args, settings, processes):
        raise UsageError(
            f"the task {TASK} does not work with {option}",
            where=option,
            allowed=f"training without it: {why}",
            fix="leave it out; for --ddp-backend take legacy_ddp",
        )
    _check_sampling(args, settings)
    if processes > 1 and not args.load_checkpoint_on_all_dp_ranks:
        raise UsageError(
            f"{processes} processes that could not go on from a checkpoint",
            where="--load-checkpoint-on-all-dp-ranks",
            allowed="with it: else one process sends what torch refuses to unpack since 2.6",
            fix="pass it",
        )
    if args.criterion != CRITERION:
        raise UsageError(
            f"the task {TASK} does not work with --criterion {args.criterion}",
            where="--criterion",
            allowed=f"{CRITERION}: others know no weights",
            fix="name that one",
        )
    if settings.probe.split == "valid" and args.disable_validation:
        raise UsageError(
            "measurements on the dev set, and --disable-validation",
            where="probe.split",
            allowed="'train', or 'valid' with validation",
            fix="leave one of the two out",
        )
    if settings.probe.kind == "fd" and (args.fp16 or args.bf16):
        raise UsageError(
            "measurements by 'fd' of parameters in half precision",
            where="probe.kind",
            allowed="'gram' or 'twopass': a small step is lost in few digits",
            fix="use 'twopass', or train with --amp",
        )


def _refused(args: Any) -> list[tuple[str, str]]:
    """Return the options that are set and do not go with the task, and why."""
    sharded = "gradients would be sharded or delayed, no process has those of a direction"
    spread = "the model is spread over devices and cannot be called as a whole"
    gradients = "torch.autograd.grad does not work with it"
    rules = (
        (
            f"--ddp-backend {args.ddp_backend}",
            args.ddp_backend in ("fully_sharded", "slowmo"),
            sharded,
        ),
        ("--use-bmuf", args.use_bmuf, sharded),
        ("--pipeline-model-parallel", args.pipeline_model_parallel, spread),
        ("--model-parallel-size", args.model_parallel_size > 1, spread),
        ("--tpu", args.tpu, "it was never tried"),
        # Options of the architecture: not every one has them.
        ("--checkpoint-activations", getattr(args, "checkpoint_activations", False), gradients),
        ("--offload-activations", getattr(args, "offload_activations", False), gradients),
        ("--sentence-avg", args.sentence_avg, "weights are shares of target tokens"),
        ("--enable-lang-ids", args.enable_lang_ids, "the Transformer refuses its input"),
        ("--extra-data", args.extra_data, "only --lang-pairs have weights"),
    )
    return [(option, why) for option, is_set, why in rules if is_set]


def _refused_by_method(
    args: Any, settings: PlugInSettings, processes: int
) -> list[tuple[str, str]]:
    """Return the options that do not go with methods that change gradients, and why."""
    if not isinstance(settings.weighting, PcGradSettings | GradVacSettings):
        return []
    hooks = "several backward passes would be summed up too early"
    backend = args.ddp_backend
    rules = [
        (f"--ddp-backend {backend}", processes > 1 and backend not in LEGACY_BACKENDS, hooks),
        *(
            (
                f"--{name}",
                getattr(args, name),
                "gradients of directions are kept in single precision",
            )
            for name in ("fp16", "bf16", "amp")
        ),
    ]
    return [
        (f"{option} and the method '{settings.method}'", why)
        for option, is_set, why in rules
        if is_set
    ]


def _check_sampling(args: Any, settings: PlugInSettings) -> None:
    """Refuse a sampling that is another than the method's, at its start."""
    method = settings.weighting
    if isinstance(method, TemperatureSettings):
        wanted = method.temperature
    elif isinstance(method, ChiIbrSettings | MultiDdsSettings):
        wanted = 1.0  # they begin with the data's own distribution
        if args.virtual_epoch_size is not None:
            raise UsageError(
                f"--virtual-epoch-size and the method '{settings.method}'",
                where="--virtual-epoch-size",
                allowed="--virtual-data-size, the sentences that are drawn at once",
                fix="leave it out",
            )
    else:
        return
    given = float(args.sampling_temperature) if args.sampling_method == "temperature" else None
    if given != wanted or args.sampling_weights or args.sampling_weights_from_file:
        raise UsageError(
            f"sentences are not drawn as the method '{settings.method}' begins",
            where="--sampling-method, --sampling-temperature, --sampling-weights",
            allowed=f"--sampling-method temperature --sampling-temperature {wanted:g}",
            fix="pass these two, and no weights",
        )

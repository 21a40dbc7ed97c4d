# SPDX-License-Identifier: Apache-2.0
"""The GPUs that this machine shows, and whether torch can use them."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xling.doctor.finding import Finding, error, ok, size, warning
from xling.plan import Plan

_DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class Devices:
    """What torch sees.

    Attributes:
        torch: its version.
        cuda: version of CUDA it was built for; None for a build without.
        driver: version of NVIDIA's driver; empty if none is loaded.
        memory_mb: of each GPU (10^6 bytes), by its name.
        bf16: whether all GPUs compute in bf16 themselves.
        complaint: why torch does not use a GPU that is there, in its words.
    """

    torch: str
    cuda: str | None
    driver: str
    memory_mb: tuple[tuple[str, float], ...] = ()
    bf16: bool = False
    complaint: str = ""

    @property
    def smallest_mb(self) -> float | None:
        """Memory of the smallest GPU; None without GPUs."""
        return min((mega for _, mega in self.memory_mb), default=None)


def gpus_asked(plan: Plan) -> int:
    """Return the most GPUs that any job of a study asks for."""
    scratch = any(plan.needs_text(name) for name in plan.models)
    pretraining = min(1, plan.study.resources.gpu) if scratch else 0
    predicting = min(1, max((plan.resources(run).gpu for run in plan.runs), default=0))
    training = max((plan.resources(run).gpu for run in plan.trainings), default=0)
    return max(pretraining, predicting, training, _gpus_apart(plan))


def _gpus_apart(plan: Plan) -> int:
    """Return the most of jobs with rules of their own; a sentence encoder takes at most one."""
    translated, distilled = plan.translation, plan.distillation
    found = [translated.resources(run).gpu for run in translated.runs] if translated else []
    if distilled:
        found += [min(1, distilled.resources(run).gpu) for run in distilled.runs]
    return max(found, default=0)


def driver_here() -> bool:
    """Tell whether this machine has a GPU at all, without importing torch."""
    return _DRIVER.exists() or shutil.which("nvidia-smi") is not None


def devices() -> Devices:
    """Ask torch (importing it takes seconds)."""
    import torch

    driver = ""
    if _DRIVER.exists():
        found = re.search(r"\b\d{3,}\.\d+(\.\d+)?\b", _DRIVER.read_text(encoding="utf-8"))
        driver = found[0] if found else "of an unknown version"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    parts = [torch.cuda.get_device_properties(i) for i in range(count)]
    return Devices(
        torch.__version__,
        torch.version.cuda,
        driver,
        tuple((part.name, part.total_memory / 1e6) for part in parts),
        all(part.major >= 8 for part in parts) and bool(parts),  # bf16 came with Ampere, 8.0
        " ".join(str(said[0].message).split()) if said else "",
    )


def gpu_findings(plan: Plan | None, here: Devices | None, *, slurm: bool) -> Iterator[Finding]:
    """Judge the GPUs of this machine.

    Args:
        plan: of the study, if one was named.
        here: None if neither the study nor the machine has to do with GPUs.
        slurm: whether jobs can get GPUs from Slurm.
    """
    asked = gpus_asked(plan) if plan else 0
    if plan is not None and not asked:
        yield from _fp16_without_gpu(plan, here)
    if here is None:
        yield ok("GPU: none is asked for" if plan else "GPU: none here")
        return
    build = f"torch {here.torch} for CUDA {here.cuda}" if here.cuda else f"torch {here.torch}"
    if here.memory_mb:
        listed = ", ".join(f"{name} with {size(mega)}" for name, mega in here.memory_mb)
        yield ok(f"GPU: {listed}; driver {here.driver or 'unknown'}; {build}")
        yield from _bf16(plan, here)
    else:
        yield _without(here, build, asked, slurm=slurm)


def _without(here: Devices, build: str, asked: int, *, slurm: bool) -> Finding:
    """Judge a machine on which torch sees no GPU."""
    if asked and not here.cuda:
        return error(
            f"GPU: the study asks for GPUs, but {build} is a build without CUDA",
            "install torch for CUDA into this environment (docs/cluster.md)",
        )
    if here.driver:
        why = f" ({here.complaint})" if here.complaint else ""
        level = error if asked and not slurm else warning
        return level(
            f"GPU: driver {here.driver} is loaded, but {build} cannot use it{why}",
            "install torch for a CUDA that the driver knows; look at CUDA_VISIBLE_DEVICES",
        )
    if asked and slurm:
        return warning(
            f"GPU: none on this host; jobs get theirs from Slurm ({build})",
            "nothing, if this is a login node; to see a GPU node: "
            "srun --gpus=1 --mem=8G xling doctor STUDY",
        )
    if asked:
        return error(
            f"GPU: the study asks for up to {asked} per job; there is none here, nor Slurm",
            "run on a machine with GPUs, on a cluster, or set resources.gpu: 0 in the study",
        )
    return ok(f"GPU: none here ({build})")


def _precisions(plan: Plan) -> dict[str, str]:
    return {name: plan.study.encoders[name].precision for name in plan.models}


def _bf16(plan: Plan | None, here: Devices) -> Iterator[Finding]:
    names = [name for name, kind in _precisions(plan).items() if kind == "bf16"] if plan else []
    if names and here.bf16:
        yield ok(f"bf16: computed by these GPUs ({', '.join(names)})")
    elif names:
        yield warning(
            f"bf16: not computed by these GPUs, only imitated, which is slow ({', '.join(names)})",
            "take GPUs of compute capability 8.0 or more (A100, H100, L4), or set precision: fp16",
        )


def _fp16_without_gpu(plan: Plan, here: Devices | None) -> Iterator[Finding]:
    names = [name for name, kind in _precisions(plan).items() if kind == "fp16"]
    if names and not (here and here.memory_mb):
        yield error(
            f"fp16: trains on a GPU only, and the study asks for none ({', '.join(names)})",
            "set resources.gpu: 1, or precision: fp32",
        )

# SPDX-License-Identifier: Apache-2.0
"""What a job ran on: versions, hardware, memory; for records and the head of each log."""

from __future__ import annotations

import os
import platform
import resource
import socket
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "torch",
    "transformers",
    "sentence-transformers",
    "tokenizers",
    "datasets",
    "accelerate",
    "numpy",
    "pyarrow",
    "faiss-cpu",
)


def set_job_environment() -> None:
    """Let jobs find the ``xling`` of this Python, and read models from disk only."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    # What the user said of the network is for downloads alone (workflow/rules/downloads.smk).
    os.environ.setdefault("XLING_OFFLINE", os.environ.get("HF_HUB_OFFLINE", "0"))
    os.environ["HF_HUB_OFFLINE"] = "1"


def versions() -> dict[str, str]:
    """Return versions of Python, xling and the libraries that can move a number."""
    from xling import __version__

    found = {"python": platform.python_version(), "xling": __version__}
    return found | {name: metadata.version(name) for name in PACKAGES}


def hardware(processes: int = 1) -> dict[str, Any]:
    """Return host, processor, threads of a process, and GPUs (torch must be importable).

    Args:
        processes: that work together, each on a GPU of its own if there are GPUs.
    """
    import torch

    gpus = processes if torch.cuda.is_available() else 0
    names = sorted({torch.cuda.get_device_name(number) for number in range(gpus)})
    return {
        "host": socket.gethostname(),
        "cpu": _processor(),
        "threads": torch.get_num_threads(),
        "processes": processes,
        "gpus": gpus,
        "gpu": ", ".join(names),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:  # noqa: PTH123 - not a real file
            for line in stream:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def peak_memory_mb() -> dict[str, float]:
    """Return the largest memory this process used so far, in MB (10^6 bytes)."""
    import torch

    host = _peak_host_bytes() / 1e6
    device = torch.cuda.max_memory_allocated() / 1e6 if torch.cuda.is_available() else 0.0
    return {"peak_host_mb": round(host, 1), "peak_gpu_mb": round(device, 1)}


def _peak_host_bytes() -> int:
    """Return the peak of this process's resident memory."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: its ru_maxrss begins with the peak of the process that started it
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes on macOS, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def together(memory: list[dict[str, float]]) -> dict[str, float]:
    """Return the peak of processes that work together: the host's memory is theirs in common."""
    return {
        "peak_host_mb": round(sum(one["peak_host_mb"] for one in memory), 1),
        "peak_gpu_mb": max(one["peak_gpu_mb"] for one in memory),
    }


def take_first_gpu() -> None:
    """Hide all GPUs but the first; the library would split each batch among all it sees.

    To be called before torch looks for GPUs.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[0]


def set_threads(threads: int) -> None:
    """Use this many CPU threads for tensor work (results on a CPU depend on the number)."""
    import torch

    torch.set_num_threads(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"

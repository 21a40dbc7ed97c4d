# SPDX-License-Identifier: Apache-2.0
"""``xling train --gpus N``: starts N workers and ends as they end.

``torch.distributed``'s agent starts a worker per GPU, or CPU processes where no GPU is visible
(``xling.worker``).  It would end workers on a signal before they have saved, and print a table of
what failed; both are done here instead.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import pickle
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGTERM, Signals
from typing import Any

from xling import errors
from xling.distributed import HERE
from xling.errors import Interrupted, SetupError, XlingError
from xling.stops import BEFORE_TRAINING, SIGNALS, Stop

log = logging.getLogger(__name__)

JOB = "job.pickle"
STOPPED = 143
FORWARD_SECONDS = 0.2


def launch(count: int, args: argparse.Namespace, stop: Stop) -> None:
    """Run ``xling train`` with ``args`` in ``count`` workers and end as they end.

    Signals are passed on to the workers, whether or not those get them too.

    Raises:
        SetupError: fewer GPUs than workers, or a worker was killed.
        XlingError: what a worker raised.
        Interrupted: the workers left on a signal, after saving.
        SystemExit: a worker failed; its traceback is in the log.
    """
    _check_gpus(count)
    with tempfile.TemporaryDirectory(prefix="xling-") as name:
        folder = Path(name)
        plain = {key: value for key, value in vars(args).items() if key != "func"}
        (folder / JOB).write_bytes(pickle.dumps((argparse.Namespace(**plain), os.getpid())))
        stop.hold()  # from here on the workers are waited for
        with _forwarding(stop):
            codes = _run_workers(count, folder)
        reports = [read_report(folder, rank) for rank in range(count)]
    _end_as(codes, reports)


def _check_gpus(count: int) -> None:
    import torch

    found = torch.cuda.device_count()
    if 0 < found < count:
        raise SetupError(
            f"{count} GPUs are asked for and {found} are visible",
            where="--gpus",
            allowed=f"1 to {found} here (CUDA_VISIBLE_DEVICES hides the others, if it is set)",
            fix="lower resources.gpu of the study, or ask the cluster for more GPUs per job",
        )
    if not found:
        log.warning("no GPU is visible: %d processes train on the CPU", count)


@contextmanager
def _forwarding(stop: Stop) -> Iterator[None]:
    """Pass a signal on to all workers, those included that start after it."""
    import psutil

    over = threading.Event()

    def forward() -> None:
        told: set[int] = set()
        while not over.wait(FORWARD_SECONDS):
            for child in psutil.Process().children() if stop.received else ():
                if child.pid not in told:
                    told.add(child.pid)
                    with suppress(psutil.NoSuchProcess):
                        child.send_signal(SIGTERM)

    thread = threading.Thread(target=forward, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _run_workers(count: int, folder: Path) -> dict[int, int]:
    """Start the workers and wait; return the exit codes of those that failed, by rank."""
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # What the agent has to say of failures is said better by their own messages.
    agent = logging.getLogger("torch.distributed.elastic")
    agent.addHandler(logging.NullHandler())
    agent.propagate = False
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint=f"{HERE}:0",  # a free port: several jobs may share a machine
        local_addr=HERE,
        max_restarts=0,
        signals_to_handle="SIGQUIT",  # the agent would give workers 30 s on the others
        logs_specs=DefaultLogsSpecs(log_dir=str(folder / "agent")),
    )
    try:
        elastic_launch(config, sys.executable)("-m", "xling.worker", str(folder))
    except ChildFailedError as error:
        return {rank: failure.exitcode for rank, failure in error.failures.items()}
    return {}


def write_report(folder: Path, rank: int, end: str, error: Exception | None = None) -> None:
    """Leave word of how a worker ended: ``done``, ``stopped`` or ``error``."""
    report: dict[str, Any] = {"end": end, "what": str(error or "")}
    if isinstance(error, XlingError):
        fields = {name: getattr(error, name) for name in ("what", "where", "allowed", "fix")}
        report |= fields | {"kind": type(error).__name__}
    (folder / f"worker-{rank}.json").write_text(json.dumps(report), encoding="utf-8")


def read_report(folder: Path, rank: int) -> dict[str, Any]:
    """Return how a worker ended; ``killed`` if it could not say."""
    file = folder / f"worker-{rank}.json"
    if not file.exists():
        return {"end": "killed"}
    return json.loads(file.read_text(encoding="utf-8"))


def _end_as(codes: dict[int, int], reports: list[dict[str, Any]]) -> None:
    """Return or raise as the workers ended; see :func:`launch`."""
    for report in reports:
        if report["end"] == "error":
            kind = getattr(errors, report["kind"])
            rest = {name: report[name] for name in ("where", "allowed", "fix")}
            raise kind(report["what"], **rest)
    if reports[0]["end"] == "done":
        return
    for report in reports:
        if report["end"] == "stopped":
            raise Interrupted(report["what"])
    # The agent ends the others with SIGTERM once one has failed.
    gone = {0, STOPPED, *(-number for number in SIGNALS)}
    for rank, code in sorted(codes.items()):
        if code > 0 and code not in gone:
            raise SystemExit(code)
        if code not in gone:
            raise SetupError(
                f"worker {rank} of {len(reports)} was killed by {Signals(-code).name}",
                where="--gpus",
                allowed="workers that end by themselves",
                fix="SIGKILL often means too little memory: look at the log of the cluster, "
                "raise the job's memory",
            )
    raise Interrupted(BEFORE_TRAINING)

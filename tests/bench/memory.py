# SPDX-License-Identifier: Apache-2.0
"""How much memory the sides of a case need, each in a fresh process."""

from __future__ import annotations

import logging
import multiprocessing
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.comparison import Case

STATUS = Path("/proc/self/status")  # Linux


def added_memory(build: Callable[[Path], Case], others: Iterable[str]) -> dict[str, float]:
    """Return MB (10^6 bytes) that the work adds to a process at its peak; ours has the name "".

    Libraries and whatever is made ready before the work do not count.

    Args:
        build: makes the case, with its files in an empty folder; can be pickled.
        others: names of the other sides.
    """
    found = {}
    for name in ("", *others):
        # Not forked: what this process used so far would count.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            found[name] = pool.submit(_measure, build, name).result()
    return found


def _measure(build: Callable[[Path], Case], name: str) -> float:
    """Do the work of a side once in this process."""
    import psutil

    from xling.machine import set_threads

    logging.disable(logging.WARNING)
    set_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        case = build(Path(folder))
        work = (case.others[name] if name else case.ours)()
        before = psutil.Process().memory_info().rss / 1e6
        work()
        return _peak() - before


def _peak() -> float:
    """Return the most memory this process ever had, in MB."""
    from xling.machine import peak_memory_mb

    if STATUS.exists():
        # What getrusage says may be of the process that started this one.
        lines = STATUS.read_text(encoding="ascii").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return int(fields["VmHWM"].split()[0]) * 1024 / 1e6
    return peak_memory_mb()["peak_host_mb"]

# SPDX-License-Identifier: Apache-2.0
"""What a job ran on."""

import subprocess
import sys

import numpy as np

from xling.machine import peak_memory_mb

CHILD = "from xling.machine import _peak_host_bytes; print(_peak_host_bytes() / 1e6)"


def test_the_peak_is_the_process_own():
    held = np.ones(300_000_000 // 8)
    assert peak_memory_mb()["peak_host_mb"] > 300
    found = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, check=True
    )
    assert held.sum() > 0, "held until the child has ended"
    # A child begins as a copy of its parent, and Linux counts that for ru_maxrss.
    assert 5 < float(found.stdout) < 200

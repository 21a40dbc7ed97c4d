# SPDX-License-Identifier: Apache-2.0
"""fairseq in the common environment: what it needs to run there, how it is started, the plug-in.

fairseq is never imported here, and its own console scripts are never called: they would run without
:mod:`xling.mt.fairseq.compat`.  Everything goes through :mod:`xling.mt.fairseq.launcher`.
"""

from __future__ import annotations

import sys
from pathlib import Path

PLUGIN = Path(__file__).parent / "plugin"  # the value of fairseq's --user-dir

TOOLS = ("preprocess", "train", "generate", "interactive", "validate", "score")


def command(tool: str, *args: str | Path) -> list[str]:
    """Return the command line that runs a fairseq tool in a process of its own.

    Args:
        tool: one of :data:`TOOLS`.
        args: what the tool's own command line takes.
    """
    return [sys.executable, "-m", "xling.mt.fairseq.launcher", tool, *map(str, args)]

# SPDX-License-Identifier: Apache-2.0
"""``python -m xling.mt.fairseq.launcher TOOL ARGS...``: a fairseq tool, made to run here.

ARGS are the tool's own.  Exit codes are those of ``xling``: 2, 3 and 4 come with a message of what
to do, 1 with a traceback.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Sequence

from xling.errors import UsageError, XlingError, nearest
from xling.mt.fairseq import TOOLS, compat


def main(argv: Sequence[str]) -> int:
    """Run ``argv[0]`` with the rest as its arguments; return the exit code."""
    try:
        run(argv)
    except XlingError as error:
        sys.stdout.flush()
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def run(argv: Sequence[str]) -> None:
    """Run a tool in this process.

    Raises:
        UsageError: there is no such tool.
        SetupError: fairseq is not installed, or is another version.
        XlingError: what the plug-in refuses.
    """
    tool = argv[0] if argv else ""
    if tool not in TOOLS:
        raise UsageError(
            f"fairseq has no tool '{tool}' that is used here"
            if tool
            else "no fairseq tool is named",
            where="python -m xling.mt.fairseq.launcher TOOL ARGS...",
            allowed=", ".join(TOOLS),
            fix=nearest(tool, TOOLS) or "name one of them",
        )
    # Before fairseq's modules do: one of them sets another level and standard output, where
    # translations go.
    logging.basicConfig(
        format="%(asctime)s | %(levelname)s | %(name)s | %(message)s",
        level=os.environ.get("LOGLEVEL", "INFO").upper(),
    )
    compat.install()
    # fairseq's tools read the command line themselves.
    sys.argv = [f"fairseq-{tool}", *argv[1:]]
    importlib.import_module(f"fairseq_cli.{tool}").cli_main()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
if __name__ == "__mp_main__":
    # A process that fairseq started for a further GPU: before it unpickles what it is to do.
    compat.install()

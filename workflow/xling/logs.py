# SPDX-License-Identifier: Apache-2.0
"""Logging of one job: what it runs and on what first, how it ended last."""

from __future__ import annotations

import logging
import os
import platform
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from xling.errors import Interrupted
from xling.journal import DATE, end_line, start_line

log = logging.getLogger("xling")


def set_up() -> None:
    """Send messages of xling, and warnings of libraries, to standard error."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname).1s %(name)s: %(message)s",
        datefmt=DATE,
    )
    log.setLevel(logging.INFO)
    # Progress bars of libraries are unreadable in log files; ours are lines.
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    # Its warnings are about heads that are meant to be new, and about file times it can do without.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


@contextmanager
def job(verb: str) -> Iterator[None]:
    """Log the command and the host, then the outcome and the seconds."""
    from xling import __version__

    started = time.monotonic()
    log.info("%s", start_line(verb))
    log.info("xling %s, Python %s", __version__, platform.python_version())
    log.info("%s", shlex.join(["xling", *sys.argv[1:]])[:2000])
    outcome = "failed"
    try:
        yield
        outcome = "done"
    except Interrupted:
        outcome = "stopped"
        raise
    finally:
        log.info("%s", end_line(verb, outcome, time.monotonic() - started))

# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of a training: which one counts, which one is resumed, which ones are kept.

The library writes ``checkpoint-<step>``.  It counts once our last file, ``complete.json``, is in
it; older ones are removed after that, so that a kill at any moment leaves a complete one.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from xling.files import write_text

log = logging.getLogger(__name__)

COMPLETE = "complete.json"
KEPT = 2  # ours: one more than is needed, should a file system lose the newest


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint.

    Attributes:
        step: updates done.
        workers: processes that trained together.
        dev_pending: the dev set is still to be looked at with these weights.
    """

    step: int
    workers: int = 1
    dev_pending: bool = False


def folder_of(state: Path, step: int) -> Path:
    """Return the folder of a step's checkpoint."""
    return state / f"checkpoint-{step}"


def complete(state: Path, checkpoint: Checkpoint) -> None:
    """Make a written checkpoint count, then remove all but the newest two."""
    folder = folder_of(state, checkpoint.step)
    for file in sorted(folder.iterdir()):
        # A node that dies must not leave the last file without the others.
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    write_text(folder / COMPLETE, json.dumps(asdict(checkpoint)) + "\n")
    for old in _by_step(state)[:-KEPT]:
        shutil.rmtree(old)


def newest_checkpoint(state: Path) -> Checkpoint | None:
    """Return the newest complete checkpoint; remove those that a kill left half written."""
    whole = []
    for folder in _by_step(state):
        if (folder / COMPLETE).exists():
            whole.append(folder)
        else:
            log.warning("removing the half-written checkpoint %s", folder.name)
            shutil.rmtree(folder)
    if not whole:
        return None
    return Checkpoint(**json.loads((whole[-1] / COMPLETE).read_text(encoding="utf-8")))


def _by_step(state: Path) -> list[Path]:
    return sorted(state.glob("checkpoint-*"), key=lambda p: int(p.name.rsplit("-", 1)[1]))

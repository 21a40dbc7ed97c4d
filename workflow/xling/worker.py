# SPDX-License-Identifier: Apache-2.0
"""One of several processes that train together; ``xling train --gpus N`` starts them.

``python -m xling.worker FOLDER`` is no command for people: FOLDER holds what to do, and the worker
leaves word there of how it ended (``xling.launch``).
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import sys
from pathlib import Path

from xling.errors import Interrupted, XlingError
from xling.stops import SIGNALS, Stop

log = logging.getLogger(__name__)


def main(folder: Path) -> int:
    """Train; return the exit code."""
    from xling.distributed import join
    from xling.launch import JOB, STOPPED, write_report

    # Until there is something to save a signal ends the process, also where Python cannot.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    args, parent = pickle.loads((folder / JOB).read_bytes())
    rank, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    _set_up(rank, max(1, args.threads // count))
    from xling.cli_training import train_here

    try:
        with Stop(early=False) as stop:
            train_here(args, stop, join(parent))
    except XlingError as error:
        write_report(folder, rank, "error", error)
        return error.exit_code
    except Interrupted as stopped:
        write_report(folder, rank, "stopped", stopped)
        return STOPPED
    except Exception:
        log.exception("worker %d of %d failed", rank, count)
        return 1
    write_report(folder, rank, "done")
    return 0


def _set_up(rank: int, threads: int) -> None:
    """Let the main worker log as a single process would, and the others only errors."""
    from xling.logs import set_up

    # The library would take all cores otherwise.
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    set_up()
    if rank > 0:
        logging.getLogger().setLevel(logging.ERROR)
        logging.getLogger("xling").setLevel(logging.ERROR)


if __name__ == "__main__":
    code = main(Path(sys.argv[1]))
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # At once: the clean-up of an interpreter can hang on peers that are gone, and a signal that
    # comes in it would turn a success into a failure.
    os._exit(code)

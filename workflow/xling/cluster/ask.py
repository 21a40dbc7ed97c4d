# SPDX-License-Identifier: Apache-2.0
"""One call of a Slurm command, with a time limit: in trouble these commands wait for ever."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from xling.errors import SetupError

PATIENCE = 10.0  # seconds (ours): a healthy controller answers within one


@dataclass(frozen=True)
class Answer:
    """What a command wrote; ``problem`` says why it did not answer and is empty if it did."""

    text: str = ""
    problem: str = ""


def ask(*command: str, patience: float = PATIENCE) -> Answer:
    """Run a command of Slurm and return what it wrote, or why it did not."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=patience,
            check=False,
        )
    except FileNotFoundError:
        return Answer(problem=f"{command[0]} is not installed")
    except OSError as error:
        return Answer(problem=f"{command[0]} cannot be run ({error.strerror})")
    except subprocess.TimeoutExpired:
        return Answer(problem=f"{command[0]} does not answer within {patience:g} seconds")
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[0]
        return Answer(done.stdout, f"{command[0]} failed: {said}")
    return Answer(done.stdout)


def rows(text: str, cut: str, width: int) -> Iterator[list[str]]:
    """Yield the cells of each line; the last cell may hold the separator.

    Raises:
        ValueError: a line has fewer cells.
    """
    for line in text.split("\n"):
        # Asked about several clusters, the commands put "CLUSTER: name" before each.
        if not line.strip() or line.startswith("CLUSTER:"):
            continue
        cells = [cell.strip() for cell in line.removesuffix(cut).split(cut, width - 1)]
        if len(cells) != width:
            raise ValueError(f"'{line}' has {len(cells)} columns, not {width}")
        yield cells


def not_understood(command: str, error: ValueError) -> SetupError:
    """Return the message about an answer in another form."""
    return SetupError(
        f"the answer of {command} is not understood: {error}",
        allowed="what Slurm 20.11 and later write",
        fix=f"check whether {command} is a command of the site's own",
    )

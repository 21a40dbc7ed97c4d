# SPDX-License-Identifier: Apache-2.0
"""How Slurm writes times, amounts and GPUs (manual pages of sinfo, squeue and gres.conf, 22.05)."""

from __future__ import annotations

import re
from collections.abc import Iterator

# "[days-]hours:minutes:seconds", "minutes:seconds"; with days also "days-hours", "days-hours:min".
_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
# Where in the node a device sits: "(S:0-1)", "(IDX:0,2)".
_WHERE = re.compile(r"\([^()]*\)")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([KM]?)")


def seconds(text: str) -> int | None:
    """Return a time in seconds; None if there is no limit or none is known.

    Raises:
        ValueError: this is no time as Slurm writes it.
    """
    if text.strip().lower() in ("infinite", "unlimited", "invalid", "n/a", "not_set", "none", ""):
        return None
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is not a time of Slurm")
    days, *parts = (int(part) if part is not None else None for part in found.groups())
    if days is None:
        # Without days, what is left out stands in front: "30:00" is half an hour.
        given = [part for part in parts if part is not None]
        hours, minutes, rest = [0] * (3 - len(given)) + given
        if len(given) == 1:  # a number alone is minutes
            hours, minutes, rest = 0, given[0], 0
    else:
        hours, minutes, rest = (part or 0 for part in parts)
    return ((days or 0) * 24 + hours) * 3600 + minutes * 60 + rest


def amount(text: str) -> int:
    """Return a number of nodes, cores or MB: ``64``, ``2K`` (2048), ``64+`` or ``1-4`` (the least).

    Raises:
        ValueError: this is no number.
    """
    found = _AMOUNT.match(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is not a number of Slurm")
    return round(float(found[1]) * {"": 1, "K": 1024, "M": 1024**2}[found[2]])


def gpus_of_node(gres: str) -> dict[str, int]:
    """Return the GPUs of one node by type ("" if it has none): ``gpu:a100:4(S:0-1),gpu:2``.

    Raises:
        ValueError: a number of GPUs cannot be read.
    """
    found: dict[str, int] = {}
    for kind, count in _gpu_entries(gres):
        found[kind] = found.get(kind, 0) + count
    return found


def gpus_asked(per_job: str, per_node: str, nodes: int) -> int:
    """Return how many GPUs a job asked for: by ``--gpus`` (per job) or by ``--gres`` (per node).

    Both are lists such as ``gres:gpu:a100:2`` or, from Slurm 23 on, ``gres/gpu:2``; ``N/A``: none.

    Raises:
        ValueError: a number of GPUs cannot be read.
    """
    total = sum(count for _, count in _gpu_entries(per_job))
    return total or nodes * sum(count for _, count in _gpu_entries(per_node))


def _gpu_entries(gres: str) -> Iterator[tuple[str, int]]:
    """Yield type and number of each entry for GPUs; others are disks, licences, ``(null)``."""
    for entry in _WHERE.sub("", gres).split(","):
        name, *rest = re.split("[:=]", entry.strip().removeprefix("gres:").removeprefix("gres/"))
        if name != "gpu":
            continue
        rest = [part for part in rest if part != "no_consume"]
        count = int(rest.pop()) if rest and rest[-1].isdigit() else 1
        if len(rest) > 1:
            raise ValueError(f"'{entry}' is not a GPU as Slurm writes it")
        yield (rest[0] if rest else ""), count

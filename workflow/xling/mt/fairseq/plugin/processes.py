# SPDX-License-Identifier: Apache-2.0
"""The processes that train together."""

from __future__ import annotations

from typing import Any

import torch
from fairseq.distributed import utils as distributed


def is_main() -> bool:
    """Whether this process is the one that writes."""
    return bool(distributed.get_global_rank() == 0)


def count() -> int:
    """Return how many share the data."""
    return int(distributed.get_data_parallel_world_size())


def wait() -> None:
    """Wait until all processes are here."""
    if count() > 1:
        torch.distributed.barrier(group=distributed.get_data_parallel_group())


def mean(values: torch.Tensor) -> torch.Tensor:
    """Return the mean over the processes; ``values`` may be overwritten."""
    if count() == 1:
        return values
    values = values.contiguous()
    distributed.all_reduce(values, group=distributed.get_data_parallel_group())
    return values / count()


def of_main(state: dict[str, Any]) -> dict[str, Any]:
    """Return the main process's state: all have computed it from the same numbers."""
    if count() == 1:
        return state
    states = [state]
    group = distributed.get_data_parallel_group()
    torch.distributed.broadcast_object_list(states, src=0, group=group)
    return states[0]

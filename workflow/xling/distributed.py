# SPDX-License-Identifier: Apache-2.0
"""Several processes of one machine that train together, as one of them sees them.

Gradients travel by NCCL (gloo on CPUs); what workers agree on travels by gloo, in a group of its
own, where they can wait for hours: the main one may be looking at a large dev set.

``xling.launch`` starts them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

T = TypeVar("T")

HERE = "127.0.0.1"
PATIENCE = timedelta(days=7)  # ours: longer than any job; the end of a process is noticed at once


@dataclass(frozen=True)
class Workers:
    """The processes that train together, as one of them sees them.

    Attributes:
        rank: number of this one; 0 is the main one, which evaluates, logs and writes.
        count: how many there are.
        parent: process that started them.
        group: in which they agree; None for a single one.
    """

    rank: int = 0
    count: int = 1
    parent: int = 0
    group: Any = None

    @property
    def main(self) -> bool:
        """Whether this is the main worker."""
        return self.rank == 0

    def any(self, *flags: bool) -> tuple[bool, ...]:
        """Return for each flag whether one worker raised it; all workers must ask."""
        if self.count == 1:
            return flags
        import torch

        raised = torch.tensor(flags, dtype=torch.uint8)
        torch.distributed.all_reduce(raised, torch.distributed.ReduceOp.MAX, group=self.group)
        return tuple(bool(flag) for flag in raised)

    def share(self, value: T) -> T:
        """Return the main worker's value in all of them."""
        if self.count == 1:
            return value
        import torch

        values = [value]
        torch.distributed.broadcast_object_list(values, src=0, group=self.group)
        return values[0]

    def gather(self, value: T) -> list[T]:
        """Return the values of all workers, in order."""
        if self.count == 1:
            return [value]
        import torch

        values: list[T] = [value] * self.count
        torch.distributed.all_gather_object(values, value, group=self.group)
        return values

    def wait(self) -> None:
        """Wait until all workers are here."""
        if self.count > 1:
            import torch

            torch.distributed.barrier(group=self.group)

    def orphaned(self) -> bool:
        """Whether the process that started this worker is gone."""
        return self.count > 1 and os.getppid() != self.parent


ALONE = Workers()


def join(parent: int) -> Workers:
    """Meet the other workers; called once in each."""
    import psutil
    import torch

    # Gloo asks for the machine's name otherwise, which not every cluster node can resolve.
    for name, addresses in psutil.net_if_addrs().items():
        if any(address.address == HERE for address in addresses):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    torch.distributed.init_process_group("nccl" if on_gpu else "gloo")
    group = torch.distributed.new_group(backend="gloo", timeout=PATIENCE)
    rank, count = torch.distributed.get_rank(), torch.distributed.get_world_size()
    return Workers(rank, count, parent, group)

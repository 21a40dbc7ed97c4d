# SPDX-License-Identifier: Apache-2.0
"""The partitions and nodes of the cluster, as ``sinfo`` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xling.cluster import formats
from xling.cluster.ask import ask, not_understood, rows
from xling.errors import SetupError


@dataclass(frozen=True)
class Nodes:
    """Equal nodes of a partition: how many, and what one of them has."""

    count: int
    cpus: int
    mem_mb: int
    gpus: dict[str, int]
    features: tuple[str, ...]


@dataclass(frozen=True)
class SlurmPartition:
    """A partition as ``sinfo`` shows it; ``max_minutes`` is None without a limit."""

    name: str
    default: bool
    up: bool
    max_minutes: int | None
    nodes: tuple[Nodes, ...]

    @property
    def gpus(self) -> int:
        """GPUs of all nodes together."""
        return sum(group.count * sum(group.gpus.values()) for group in self.nodes)

    @property
    def gpu_types(self) -> list[str]:
        """Names of the types of GPUs, sorted."""
        return sorted({kind for group in self.nodes for kind in group.gpus if kind})

    def most_gpus(self, kind: str | None = None) -> int:
        """Return the most GPUs (of one type) of one node."""
        return max(
            (
                sum(count for name, count in group.gpus.items() if kind in (None, name))
                for group in self.nodes
            ),
            default=0,
        )


def partitions() -> list[SlurmPartition]:
    """Return the partitions this user sees, in the order of ``sinfo``.

    Raises:
        SetupError: sinfo does not answer, or answers in another form.
    """
    answer = ask("sinfo", "--noheader", "--exact", "--format=%P|%a|%l|%D|%c|%m|%G|%f")
    if answer.problem:
        raise SetupError(
            f"the partitions of the cluster are not known: {answer.problem}",
            allowed="a host from which jobs can be submitted",
            fix="run this on a login node of the cluster",
        )
    try:
        return _partitions(answer.text)
    except ValueError as error:
        raise not_understood("sinfo", error) from error


def _partitions(text: str) -> list[SlurmPartition]:
    groups: dict[str, list[Nodes]] = {}
    heads: dict[str, tuple[bool, bool, int | None]] = {}
    for name, state, limit, *node in rows(text, "|", 8):
        plain = name.removesuffix("*")
        most = formats.seconds(limit)
        heads[plain] = (name.endswith("*"), state == "up", None if most is None else most // 60)
        groups.setdefault(plain, []).append(_nodes(node))
    return [SlurmPartition(name, *heads[name], tuple(groups[name])) for name in groups]


def _nodes(cells: Sequence[str]) -> Nodes:
    count, cpus, mem_mb, gres, features = cells
    named = () if features in ("(null)", "") else tuple(sorted(features.split(",")))
    return Nodes(
        formats.amount(count),
        formats.amount(cpus),
        formats.amount(mem_mb),
        formats.gpus_of_node(gres),
        named,
    )


def node_names() -> list[str] | None:
    """Return the names of all nodes this user sees, sorted; None if sinfo does not answer."""
    answer = ask("sinfo", "--noheader", "--Node", "--format=%N")
    return None if answer.problem else sorted(set(answer.text.split()))

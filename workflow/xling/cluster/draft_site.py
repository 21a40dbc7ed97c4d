# SPDX-License-Identifier: Apache-2.0
"""A first site file, made from what ``sinfo`` says; a person reads it and adapts it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from xling.cluster.sinfo import Nodes, SlurmPartition, partitions
from xling.cluster.slurm import accounts
from xling.config.source import shown
from xling.errors import SetupError, UsageError
from xling.files import write_text

_HEAD = """\
# The Slurm cluster of this site, drafted by  xling doctor --write-slurm-site  from sinfo.
# Read it and change what is not right; profiles/site.example.yaml explains the keys.
"""


def write_draft(path: Path, *, force: bool) -> str:
    """Write a draft of the site file and return its text.

    Args:
        path: where.
        force: replace a file that is there.

    Raises:
        UsageError: the file exists and must not be replaced.
        SetupError: sinfo does not answer, or no partition is up.
    """
    if path.exists() and not force:
        raise UsageError(
            "the site file exists already",
            where=shown(path),
            allowed="a new file",
            fix="edit it, give another name, or replace it: add --force",
        )
    text = draft(partitions(), accounts())
    write_text(path, text)
    return text


def draft(found: Sequence[SlurmPartition], charged: Sequence[str] | None) -> str:
    """Return a site file for these partitions.

    Args:
        found: the partitions, in the order of sinfo.
        charged: the user's accounts, the default one first; None if nobody told.

    Raises:
        SetupError: no partition is up.
    """
    usable = [one for one in found if one.up]
    if not usable:
        raise SetupError(
            "no partition of the cluster takes jobs",
            where="sinfo",
            allowed="a partition whose state is up",
            fix="ask the cluster's support, or try again later",
        )
    cpu, why_cpu = _for_cpus(usable)
    gpu = _for_gpus(usable)
    lines = [_HEAD, *_account(charged), "stop_seconds: 300\n", _comment(why_cpu), "cpu:\n"]
    lines += _section(cpu, cpu.nodes)
    if gpu is None:
        lines += [_comment("No partition with GPUs was found."), "gpu: {}\n"]
    else:
        with_gpus = [group for group in gpu.nodes if group.gpus]
        lines += [_comment("The partition with the most GPUs."), "gpu:\n"]
        lines += _section(gpu, with_gpus)
        lines += _entries({"max_gpus": gpu.most_gpus(), "types": gpu.gpu_types})
    lines += _others(found, {cpu.name, gpu.name if gpu else ""})
    return "".join(lines)


def _for_cpus(usable: Sequence[SlurmPartition]) -> tuple[SlurmPartition, str]:
    """Choose where jobs without a GPU go, and say why."""
    without = [one for one in usable if not one.gpus]
    default = next((one for one in usable if one.default), usable[0])
    if default in without:
        return default, "The default partition; it has no GPUs."
    if without:
        largest = max(without, key=lambda one: sum(g.count * g.cpus for g in one.nodes))
        return largest, "The largest partition without GPUs."
    return default, (
        "All partitions have GPUs: jobs that need none go to the default one.  Ask your site "
        "whether it minds."
    )


def _for_gpus(usable: Sequence[SlurmPartition]) -> SlurmPartition | None:
    """Choose the partition with the most GPUs; of equals the default one, then sinfo's first."""
    with_gpus = [one for one in usable if one.gpus]
    return max(with_gpus, key=lambda one: (one.gpus, one.default), default=None)


def _account(charged: Sequence[str] | None) -> list[str]:
    if not charged:
        note = "sacctmgr does not tell your accounts" if charged is None else "you have no account"
        return [f"account: null   # {note}; null: Slurm's default\n", "qos: null\n"]
    others = f"   # others of yours: {', '.join(charged[1:])}" if charged[1:] else ""
    return [f"account: {_yaml(charged[0])}{others}\n", "qos: null\n"]


def _section(one: SlurmPartition, nodes: Sequence[Nodes]) -> list[str]:
    """Return the lines of a partition.

    The largest amounts count, even if no single node has both: a job that no node can hold stays
    in the queue, which ``xling doctor`` looks for.
    """
    features = sorted({name for group in nodes for name in group.features})
    values = {
        "partition": one.name,
        "constraint": None,
        "max_minutes": one.max_minutes,
        "max_mem_mb": max(group.mem_mb for group in nodes),
        "max_cpus": max(group.cpus for group in nodes),
    }
    lines = _entries(values)
    if features:
        lines.insert(1, _comment(f"Features of the nodes: {', '.join(features)}", "  "))
    return lines


def _entries(values: dict[str, Any]) -> list[str]:
    return [f"  {key}: {_yaml(value)}\n" for key, value in values.items()]


def _yaml(value: Any) -> str:
    """Return a value as YAML on one line: a partition named ``no`` or ``1`` stays text."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(text: str, indent: str = "") -> str:
    import textwrap

    return (
        textwrap.fill(text, 98, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")
        + "\n"
    )


def _others(found: Sequence[SlurmPartition], chosen: set[str]) -> list[str]:
    """Return the partitions that were not chosen, as comments to choose from."""
    others = [one for one in found if one.name not in chosen]
    if not others:
        return []
    return ["# Other partitions:\n", *(f"#   {_described(one)}\n" for one in others)]


def _described(one: SlurmPartition) -> str:
    limit = "no time limit" if one.max_minutes is None else f"{one.max_minutes} minutes"
    state = "" if one.up else "; takes no jobs now"
    cpus, mem = (max(getattr(g, key) for g in one.nodes) for key in ("cpus", "mem_mb"))
    kinds = ", ".join(one.gpu_types)
    gpus = f", {one.most_gpus()} GPUs{f' ({kinds})' if kinds else ''}" if one.gpus else ""
    count = sum(group.count for group in one.nodes)
    return f"{one.name}: {count} nodes of {cpus} cores, {mem} MB{gpus}; {limit}{state}"

# SPDX-License-Identifier: Apache-2.0
"""What a rule's job asks the cluster for, as the resources of Snakemake's Slurm executor.

The rules say what they need; the site file says where it is to be had.  Without a cluster nobody
reads the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from xling.cluster.site import Partition, Site
from xling.needs import JobNeeds, Needs

Count = Callable[[Any], int]
Name = Callable[[Any], str | None]


@dataclass(frozen=True)
class Requests:
    """Turns needs into resources.

    Attributes:
        needs: of the study's jobs.
        site: of the cluster.
        gpus_by: how GPUs are asked for: ``--gpus`` or ``--gres``.
        members: returns how many jobs of a group share an allocation, by the group's name (a
            profile's ``group-components``); Snakemake adds up their times.
    """

    needs: JobNeeds
    site: Site
    gpus_by: Literal["gpus", "gres"]
    members: Callable[[], Mapping[str, int]]

    def cpu(
        self, needs_of: Callable[[Any], Needs], group: str | Name | None = None
    ) -> dict[str, Any]:
        """Return the resources of a rule without GPUs; ``group`` may depend on the wildcards."""
        return self._common(needs_of, lambda _: 0, group if callable(group) else lambda _: group)

    def model(
        self,
        needs_of: Callable[[Any], Needs],
        gpus_of: Count,
        type_of: Name,
        group_of: Name = lambda _: None,
    ) -> dict[str, Any]:
        """Return the resources of a rule that runs a model, on GPUs if the study has some.

        Such a job is told some time before its end to save and leave.
        """
        return {
            **self._common(needs_of, gpus_of, group_of),
            **self._gpus(gpus_of, type_of),
            "gpu_count": gpus_of,
            "slurm_extra": f"--signal=TERM@{self.site.stop_seconds}",
        }

    def _common(
        self, needs_of: Callable[[Any], Needs], gpus_of: Count, group_of: Name
    ) -> dict[str, Any]:
        site = self.site

        def mem_mb(wildcards: Any, attempt: int) -> int:
            return self.needs.mem_mb(needs_of(wildcards), attempt, gpus_of(wildcards) > 0)

        def runtime(wildcards: Any, attempt: int) -> int:
            where = site.gpu if gpus_of(wildcards) else site.cpu
            minutes = self.needs.minutes(needs_of(wildcards), attempt, gpus_of(wildcards) > 0)
            group = group_of(wildcards)
            if group is None or where.max_minutes is None:
                return minutes
            return min(minutes, max(1, where.max_minutes // self.members().get(group, 1)))

        fixed = {"slurm_account": site.account, "qos": site.qos}
        chosen = {
            name: self._of_partition(key, gpus_of)
            for name, key in (("slurm_partition", "partition"), ("constraint", "constraint"))
            if (getattr(site.cpu, key), getattr(site.gpu, key)) != (None, None)
        }
        given = {name: value for name, value in fixed.items() if value is not None}
        return {"mem_mb": mem_mb, "runtime": runtime, **given, **chosen}

    def _of_partition(self, key: str, gpus_of: Count) -> Callable[[Any], str]:
        def value(wildcards: Any) -> str:
            where: Partition = self.site.gpu if gpus_of(wildcards) else self.site.cpu
            return getattr(where, key) or ""

        return value

    def _gpus(self, gpus_of: Count, type_of: Name) -> dict[str, Any]:
        if self.gpus_by == "gpus":
            return {
                "gpu": gpus_of,
                "gpu_model": lambda wildcards: (gpus_of(wildcards) and type_of(wildcards)) or "",
            }

        def gres(wildcards: Any) -> str:
            count, kind = gpus_of(wildcards), type_of(wildcards)
            return ":".join(filter(None, ("gpu", kind, str(count)))) if count else ""

        return {"gres": gres}

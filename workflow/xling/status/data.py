# SPDX-License-Identifier: Apache-2.0
"""Where a study stands, for scripts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from xling.status.excerpts import last_lines, progress
from xling.status.hours import Hours, Used
from xling.status.states import JobStatus, State
from xling.status.study import Block, StudyStatus


def as_json(status: StudyStatus, steps: Sequence[str]) -> str:
    """Return JSON with these keys.

    - ``study``, ``folder`` (results), ``started`` (whether that folder is there);
    - ``runs``, ``jobs``: numbers by state (``done``, ``running``, ``queued``, ``failed``,
      ``killed``, ``stopped``, ``waiting``; every key is always there);
    - ``hours``: ``cpu`` and ``gpu``, each with ``useful``, ``lost`` (failed or killed attempts),
      ``underway``;
    - ``slurm``: whether the queue could be asked; ``groups_queued``: waiting Slurm jobs that hold
      several jobs;
    - ``stages``: ``stage``, ``jobs`` and ``hours`` as above, ``planned``: ``cpu``, ``gpu``, null if
      unknown;
    - ``experiments``: ``paper``, ``seeds``, ``cells``: ``method``, ``model``, ``task``, ``runs``;
    - ``running``: ``rule``, ``wildcards``, ``sure``, ``host``, ``pid``, ``slurm_job``, ``log``,
      ``progress``: null or ``step``, ``steps``, ``loss``, ``rate``, ``seconds_left``;
    - ``failed``: jobs that failed or were killed: ``rule``, ``wildcards``, ``state``, ``attempts``
      (their number), ``slurm_job``, ``log``, ``last_lines``;
    - ``controller``: null or ``host``, ``pid``, ``alive`` (null: cannot be seen from here);
    - ``next``: what to do.
    """
    values = {
        "study": status.plan.study.name,
        "folder": str(status.folder),
        "started": status.folder.is_dir(),
        "runs": _counts(status.runs),
        "jobs": _counts(status.counts),
        "hours": _hours(status.used),
        "slurm": status.queue.running_ids is not None,
        "groups_queued": len(status.queue.groups_waiting),
        "stages": _stages(status),
        "experiments": [_experiment(status, one) for one in status.blocks],
        "running": [_running(one) for one in status.of_state(State.RUNNING)],
        "failed": [_failed(one) for one in status.of_state(State.FAILED, State.KILLED)],
        "controller": _controller(status),
        "next": [step.strip() for step in steps],
    }
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def _counts(counts: Counter[State]) -> dict[str, int]:
    return {state.value: counts[state] for state in State}


def _hours(used: Used) -> dict[str, dict[str, float]]:
    def rounded(hours: Hours) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(hours).items()}

    return {"cpu": rounded(used.cpu), "gpu": rounded(used.gpu)}


def _stages(status: StudyStatus) -> list[dict[str, Any]]:
    found = []
    for stage in status.stages:
        planned = stage.planned
        hours = (planned.cpu_hours, planned.gpu_hours) if planned else (None, None)
        found.append(
            {
                "stage": stage.name,
                "jobs": _counts(stage.counts),
                "hours": _hours(stage.used),
                "planned": dict(zip(("cpu", "gpu"), hours, strict=True)),
            }
        )
    return found


def _experiment(status: StudyStatus, block: Block) -> dict[str, Any]:
    cells = [
        {"method": method, "model": model, "task": task, "runs": _counts(cell)}
        for (method, model, task), cell in status.cells(block).items()
    ]
    return {"paper": block.paper, "seeds": list(block.seeds), "cells": cells}


def _running(one: JobStatus) -> dict[str, Any]:
    newest = one.newest if one.newest and one.newest.outcome == "open" else None
    found = progress(one.journal.newest_text) if newest else None
    starting = one.slurm if newest is None else None
    return {
        "rule": one.job.rule,
        "wildcards": one.job.wildcards,
        "sure": one.sure,
        "host": newest.node or newest.host if newest else (starting.node if starting else ""),
        "pid": newest.pid if newest else None,
        "slurm_job": newest.slurm_job if newest else (starting.id if starting else ""),
        "log": one.log,
        "progress": asdict(found) if found else None,
    }


def _failed(one: JobStatus) -> dict[str, Any]:
    return {
        "rule": one.job.rule,
        "wildcards": one.job.wildcards,
        "state": one.state.value,
        "attempts": len(one.journal.attempts),
        "slurm_job": one.newest.slurm_job if one.newest else "",
        "log": one.log,
        "last_lines": last_lines(one.journal.newest_text),
    }


def _controller(status: StudyStatus) -> dict[str, Any] | None:
    last = status.controller
    if last is None:
        return None
    return {"host": last.host, "pid": last.pid, "alive": last.alive()}

# SPDX-License-Identifier: Apache-2.0
"""Where a study stands, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from xling.plan_text import hours
from xling.status.excerpts import Progress, last_lines, progress
from xling.status.layout import cut, table, wrap
from xling.status.states import SILENT_SECONDS, JobStatus, State
from xling.status.study import Block, StudyStatus

MOST_RUNNING = 20  # ours: what fits on a screen
MOST_FAILED = 5
MOST_SEEDS = 30  # characters
_MARKS = {state: state[0] for state in State if state not in (State.DONE, State.WAITING)}
_LEGEND = f"({', '.join(f'{mark} {state}' for state, mark in _MARKS.items())})"


def format_status(status: StudyStatus, steps: Sequence[str]) -> str:
    """Return the stages, the runs, what runs, what failed and what to do next.

    Args:
        status: of the study.
        steps: what :func:`xling.status.next_steps.next_steps` says.
    """
    parts = [
        _head(status),
        [*_stages(status), "", *_hours(status)],
        *(_experiment(status, block) for block in status.blocks),
        [_LEGEND] if any(status.runs[state] for state in _MARKS) else [],
        _running(status),
        _failed(status),
        [line for step in steps for line in ([step] if step.startswith(" ") else wrap(step))],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(status: StudyStatus) -> list[str]:
    runs = status.all_runs
    lines = [
        f"study {status.plan.study.name}: {status.runs[State.DONE]} of {len(runs)} runs done, "
        f"{status.counts[State.DONE]} of {len(status.jobs)} jobs"
    ]
    if not status.folder.is_dir():
        lines.append(f"There is no folder {status.folder}: no job has been started.")
    if status.queue.groups_waiting:
        waiting = Counter(one.comment.removeprefix("rule_") for one in status.queue.groups_waiting)
        named = ", ".join(f"{count} {name}" for name, count in sorted(waiting.items()))
        lines += wrap(
            f"Groups of jobs of this folder in Slurm's queue: {named}.  Slurm does not say which "
            "jobs they hold; those count as waiting below."
        )
    unsure = sum(not one.sure for one in status.jobs)
    if unsure:
        lines += wrap(
            f"Jobs on other hosts, marked 'running?': {unsure}.  Their logs were written less than "
            f"{SILENT_SECONDS / 60:.0f} minutes ago; nothing else can be seen of them from here."
        )
    return lines


def _stages(status: StudyStatus) -> list[str]:
    """Return a line for each stage: its jobs by state, time used and planned."""
    stages = status.stages
    columns = [["jobs", *(str(stage.counts.total()) for stage in stages), str(len(status.jobs))]]
    for state in State:
        numbers = [*(stage.counts[state] for stage in stages), status.counts[state]]
        columns.append([state, *(str(number) if number else "-" for number in numbers)])
    # One kind of time fits: that of GPUs where any job asks for them.
    kind, unit = ("GPU", "GPU-h") if status.on_gpus else ("CPU", "CPU-h")
    taken = [(stage.used.gpu if kind == "GPU" else stage.used.cpu).used for stage in stages]
    planned = _planned(status, kind)
    columns.append([f"{kind} used", *(hours(value, unit) for value in [*taken, sum(taken)])])
    columns.append(["planned", *(hours(value, unit) for value in planned), _all(planned, unit)])
    return table(["stage", *(stage.name for stage in stages), "total"], columns)


def _planned(status: StudyStatus, kind: str) -> list[float | None]:
    """Return the planned hours of each stage; None where they are unknown."""
    name = "gpu_hours" if kind == "GPU" else "cpu_hours"
    return [getattr(stage.planned, name, None) for stage in status.stages]


def _sum(values: Sequence[float | None]) -> float:
    return sum(value for value in values if value is not None)


def _all(values: Sequence[float | None], unit: str) -> str:
    """Return the sum of what is known, marked if something is not."""
    known = _sum(values)
    if None not in values:
        return hours(known, unit)
    return f"> {hours(known, unit)}" if known else "unknown"


def _hours(status: StudyStatus) -> list[str]:
    """Return what was used of processors and GPUs, and what of it was lost."""
    lines = []
    for kind, taken in (("CPU", status.used.cpu), ("GPU", status.used.gpu)):
        planned = _planned(status, kind)
        if kind == "GPU" and not status.on_gpus:
            continue
        unit = f"{kind}-h"
        used = hours(taken.used, unit) if taken.used else "nothing"
        line = f"{kind}: {used} used of {_all(planned, unit)} planned"
        if taken.lost:
            line += f"; {hours(taken.lost, unit)} of it by attempts that failed or were killed"
        lines += wrap(line)
    if status.problem:
        lines += wrap(f"The planned times are not known: {status.problem}")
    return lines


def _experiment(status: StudyStatus, block: Block) -> list[str]:
    """Return an experiment's runs: systems as rows, tasks as columns, seeds in the cells."""
    cells = status.cells(block)
    systems = [(method, model) for method in block.methods for model in block.models]
    done = sum(cell[State.DONE] for cell in cells.values())
    runs = sum(cell.total() for cell in cells.values())
    seeds = ", ".join(map(str, block.seeds))
    seeds = f"{len(block.seeds)} seeds" if len(seeds) > MOST_SEEDS else f"seeds {seeds}"
    columns = [
        [task, *(_cell(cells[method, model, task]) for method, model in systems)]
        for task in block.tasks
    ]
    return [
        *wrap(f"{block.paper}: {done} of {runs} runs done ({seeds})"),
        *table(["", *(f"{method}, {model}" for method, model in systems)], columns),
    ]


def _cell(cell: Counter[State]) -> str:
    """Return ``3/5 1r1f``: 3 of 5 runs done, one runs, one failed."""
    marks = "".join(f"{cell[state]}{mark}" for state, mark in _MARKS.items() if cell[state])
    return f"{cell[State.DONE]}/{cell.total()} {marks}".rstrip()


def _running(status: StudyStatus) -> list[str]:
    """Return the jobs at work; of trainings how far they are."""
    jobs = status.of_state(State.RUNNING)
    if not jobs:
        return []
    lines = ["running:"]
    for one in jobs[:MOST_RUNNING]:
        facts = [] if one.sure else ["running?"]
        if found := progress(one.journal.newest_text):
            facts.append(_progress(found))
        facts += _place(one)
        lines += [f"  {one.job.name}", f"    {'; '.join(facts)}"]
    return [*lines, *_more(len(jobs), MOST_RUNNING)]


def _progress(found: Progress) -> str:
    loss = "not known yet" if found.loss is None else f"{found.loss:.4f}"
    seconds = found.seconds_left
    left = f"{seconds} s" if seconds < 120 else hours(seconds / 3600, "h")
    return f"step {found.step} of {found.steps}, loss {loss}, {found.rate:.2f} steps/s, {left} left"


def _place(one: JobStatus) -> list[str]:
    """Return host and Slurm job."""
    if one.newest is None or one.newest.outcome != "open":
        assert one.slurm is not None  # what else could have said that it runs
        return ["starting", one.slurm.node, f"Slurm job {one.slurm.id}"]
    newest = one.newest
    slurm = [f"Slurm job {newest.slurm_job}"] if newest.slurm_job else [f"process {newest.pid}"]
    return [newest.node or newest.host, *slurm]


def _failed(status: StudyStatus) -> list[str]:
    """Return the last lines of the logs of jobs that failed or were killed."""
    jobs = status.of_state(State.FAILED, State.KILLED)
    if not jobs:
        return []
    lines = ["failed or killed:"]
    for one in jobs[:MOST_FAILED]:
        newest = one.newest
        where = f", Slurm job {newest.slurm_job}" if newest and newest.slurm_job else ""
        attempts = len(one.journal.attempts)
        lines.append(f"  {one.state} in attempt {attempts}{where}: {one.log}")
        lines += [cut(f"    {line}") for line in last_lines(one.journal.newest_text)]
    return [*lines, *_more(len(jobs), MOST_FAILED)]


def _more(count: int, most: int) -> list[str]:
    return [f"  and {count - most} more"] if count > most else []

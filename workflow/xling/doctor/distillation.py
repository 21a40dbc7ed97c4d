# SPDX-License-Identifier: Apache-2.0
"""Whether the sentence encoders that a study takes from folders are there.

Those that are trained here need nothing; published ones are downloads (``data``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from xling.config.distillation_models import EXTERNAL, FolderModel, GivenSystem
from xling.doctor.finding import Finding, error, guarded, ok

if TYPE_CHECKING:
    from xling.distill.plan import DistillPlan

# Of these one names how a model's parts stand together, the other a raw encoder.
_MODEL_FILES = ("modules.json", "config.json")


def sentence_encoder_findings(plan: DistillPlan) -> Iterator[Finding]:
    """Look for the folders of teachers and other systems; LASER and mUSE need a Python too."""
    for name in plan.teachers:
        teacher = plan.teacher(name)
        if isinstance(teacher, FolderModel):
            yield _folder(f"teacher {name}", teacher.path, f"distillation.teachers.{name}.path")
    for name in sorted({run.method for run in plan.runs}):
        system = plan.system(name)
        if not isinstance(system, GivenSystem) or system.path is None:
            continue
        if system.kind in EXTERNAL:
            yield from guarded(partial(_external, system), f"system {name}")
        else:
            yield _folder(f"system {name}", system.path, f"distillation.systems.{name}.path")


def _folder(what: str, path: str, key: str) -> Finding:
    folder = Path(path).expanduser()
    if any((folder / name).is_file() for name in _MODEL_FILES):
        return ok(f"{what}: {folder} has its configuration")
    return error(
        f"{what}: {folder} " + ("has no model" if folder.is_dir() else "does not exist"),
        f"copy the model there on a host with a network, or correct {key}",
    )


def _external(system: GivenSystem) -> Iterator[Finding]:
    """Look as the job does; a sentence is not tried."""
    from xling.distill.systems import SystemSettings, load_system

    settings = {"kind": system.kind, "path": system.path, "python": system.python}
    load_system(SystemSettings.model_validate(settings))
    yield ok(f"{system.title}: {system.path} and {system.python} are there; not run")

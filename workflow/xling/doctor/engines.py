# SPDX-License-Identifier: Apache-2.0
"""Whether the engines of a study's own translations can run: CTranslate2, and folders of models.

Models that the study trains need nothing but fairseq, which is looked at by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from xling.doctor.finding import Finding, error, guarded, ok

if TYPE_CHECKING:
    from xling.translations_plan import TranslationsPlan

_NAME = "ctranslate2"


def engine_findings(plan: TranslationsPlan) -> Iterator[Finding]:
    """Look at each engine that any system of the study uses."""
    if any(plan.engine(name).kind == _NAME for name in plan.engines):
        yield _library()
    for name in plan.engines:
        yield from guarded(partial(_engine, plan, name), f"engine {name}")


def _library() -> Finding:
    try:
        return ok(f"{_NAME} {metadata.version(_NAME)}")
    except metadata.PackageNotFoundError:
        return error(
            f"{_NAME} is not installed; engines of that kind need it",
            "pip install -r envs/requirements.lock, or name engines of kind 'transformers'",
        )


def _engine(plan: TranslationsPlan, name: str) -> Iterator[Finding]:
    """Look whether the models of an engine are there and whole.

    Raises:
        DataError: a folder is incomplete.
        UsageError: a model is of another family.
    """
    engine = plan.engine(name)
    if engine.kind == "artificial":
        yield ok(f"engine {name}: the generator of the artificial languages")
        return
    if engine.trained is not None:
        yield ok(f"engine {name}: its models are trained by the study")
        return
    from xling.translate.convert import check_folder

    folders = engine.models or {"all directions": engine.model}
    for direction, folder in folders.items():
        if not Path(folder).expanduser().is_dir():
            yield error(
                f"engine {name}, {direction}: {folder} does not exist",
                f"copy the model there on a host with a network, or correct "
                f"translations.engines.{name}",
            )
            continue
        assert engine.family != "fairseq", "such models are trained here"
        check_folder(Path(folder).expanduser(), engine.family)
        yield ok(f"engine {name}, {direction}: {folder} is whole")

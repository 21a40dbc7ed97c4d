# SPDX-License-Identifier: Apache-2.0
"""From settings to an engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from xling.config.study import Artificial
from xling.errors import DataError, UsageError
from xling.translate.codes import code_of
from xling.translate.convert import check_folder, weights_checksum
from xling.translate.converted import read_converted, require_ctranslate2
from xling.translate.engine import Engine, key_of
from xling.translate.guarded import GuardedEngine, Model
from xling.translate.settings import ArtificialEngine, Machine, ModelEngine

#: Raised when splitting, checks or bounds change what an engine with equal settings writes.
RULES = 1
#: What the generator writes is this project's.
ARTIFICIAL_LICENCE = "Apache-2.0"


def open_engine(
    settings: ModelEngine | ArtificialEngine,
    machine: Machine | None = None,
    artificial: Artificial | None = None,
) -> GuardedEngine:
    """Return an engine; its model is loaded when it first translates.

    Args:
        settings: of a study.
        machine: what it may use; by default one thread, and a GPU if there is one.
        artificial: the study's ``data.artificial``, for ``kind: artificial``.

    Raises:
        DataError: the model's folder is not there or incomplete.
        UsageError: the settings do not fit the model, or there are no artificial languages.
        SetupError: a package is missing; when it first translates, a device.
    """
    machine = machine or Machine()
    if isinstance(settings, ArtificialEngine):
        return _artificial(settings, artificial)
    folder = Path(settings.model)
    if not folder.is_dir():
        raise DataError(
            "the folder of the translation model is not there",
            where=settings.model,
            allowed="a folder with a model"
            + (" that 'xling convert-engine' wrote" if settings.kind == "ctranslate2" else ""),
            fix="download and convert the model, or correct the path",
        )
    if settings.kind == "ctranslate2":
        return _ctranslate2(settings, folder, machine)
    return _library(settings, folder, machine)


def check_languages(
    settings: ModelEngine | ArtificialEngine,
    languages: list[str],
    artificial: Artificial | None = None,
) -> None:
    """See before a study runs whether an engine can know its languages; no model is loaded.

    Which languages a model of fairseq or OPUS-MT knows is seen when it is loaded.

    Raises:
        UsageError: a language is missing.
    """
    if isinstance(settings, ArtificialEngine):
        engine = _artificial(settings, artificial)
        for code in languages:
            engine.model.check(code, code)
    elif settings.family != "fairseq":
        for code in languages:
            code_of(settings.family, code)


def provenance(engine: Engine) -> dict[str, Any]:
    """Return what prepared files and tables say of the engine that wrote a translation."""
    return {**engine.about, "key": engine.key, "licence": engine.licence}


def _ctranslate2(settings: ModelEngine, folder: Path, machine: Machine) -> GuardedEngine:
    note = read_converted(folder)
    for name in ("family", "licence", "revision"):
        own = getattr(settings, name)
        if note[name] != own:
            raise UsageError(
                f"the {name} of this model is '{note[name]}', not '{own}'",
                where=settings.model,
                allowed=f"'{note[name]}'",
                fix=f"correct the {name}, or name another folder",
            )

    def load() -> Model:
        from xling.translate.ctranslate import CTranslate2Model

        return CTranslate2Model(folder, settings.precision, machine)

    require_ctranslate2()
    return _guarded(settings, load, note["source"], note["model"], "ctranslate2")


def _library(settings: ModelEngine, folder: Path, machine: Machine) -> GuardedEngine:
    assert settings.family != "fairseq", "settings refuse it"
    check_folder(folder, settings.family)

    def load() -> Model:
        from xling.translate.library import LibraryModel

        assert settings.family != "fairseq", "settings refuse it"
        return LibraryModel(folder, settings.family, settings.precision, machine)

    return _guarded(settings, load, weights_checksum(folder), folder.name, "transformers")


def _guarded(
    settings: ModelEngine, load: Callable[[], Model], weights: str, model: str, library: str
) -> GuardedEngine:
    """Return the engine around a model; its key holds all that changes a translation."""
    said = settings.model_dump(exclude={"model", "licence"})
    about = {
        "engine": settings.kind,
        "weights": weights,
        "model": model,
        **{name: value for name, value in said.items() if name != "kind"},
        "versions": {name: metadata.version(name) for name in (library, "sentencepiece")},
    }
    return GuardedEngine(
        key=key_of(f"{settings.family}-{settings.kind}", weights=weights, rules=RULES, **said),
        licence=settings.licence,
        about=about,
        load=load,
        search=settings.search,
        guard=settings.guard,
        each_sentence=settings.split == "sentences",
    )


def _artificial(settings: ArtificialEngine, artificial: Artificial | None) -> GuardedEngine:
    from xling.translate.artificial import ArtificialModel

    if artificial is None:
        raise UsageError(
            "an engine of kind 'artificial' without artificial languages",
            where="data.artificial",
            allowed="a study with data.source: artificial",
            fix="name a translation model",
        )
    languages = artificial.model_dump(include={"seed", "languages"})
    # A second try would give the same.
    guard = settings.guard
    return GuardedEngine(
        key=key_of(
            "artificial", rules=RULES, noise=settings.noise, guard=guard.model_dump(), **languages
        ),
        licence=ARTIFICIAL_LICENCE,
        about={"engine": "artificial", "seed": artificial.seed, "noise": settings.noise},
        load=partial(ArtificialModel, artificial, settings.noise),
        guard=guard,
    )

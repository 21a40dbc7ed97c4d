# SPDX-License-Identifier: Apache-2.0
"""The systems that are compared (section 4), behind one method: ``encode(sentences, language)``.

LASER and mUSE run in environments of their own, which a study names; without one they are off.  A
teacher is not among them: it is a sentence-transformers model like any other.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from pydantic import Field, PositiveInt, model_validator

from xling.distill.vectors import Vectors
from xling.errors import SetupError, UsageError
from xling.mt.settings import MethodSettings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Kind = Literal["sentence_transformers", "mean_pooled", "labse", "laser", "muse"]
#: Systems that need an interpreter of their own.
EXTERNAL = ("laser", "muse")

_MUSE_SCRIPT = Path(__file__).parent / "external" / "muse_encode.py"
_LASER_WIDTH = 1024
#: LASER1 below a checkout of the repository facebookresearch/LASER, as its own scripts expect it.
LASER_FILES = (
    "source/embed.py",
    "models/bilstm.93langs.2018-12-26.pt",
    "models/93langs.fcodes",
    # Read by the script without a word if they lack: other sub-words, or none.
    "models/93langs.fvocab",
    "tools-external/fastBPE/fast",
    "tools-external/moses-tokenizer/tokenizer/tokenizer.perl",
)


class SystemSettings(MethodSettings):
    """One system, on disk."""

    kind: Kind = Field(
        ...,
        description="sentence_transformers: any such model; mean_pooled: a raw encoder; labse: "
        "LaBSE; laser: LASER1; muse: mUSE",
    )
    path: str = Field(
        ..., description="folder of the model; of laser a checkout of LASER with its models"
    )
    python: str | None = Field(
        None, description="interpreter of the environment of laser or muse; others have none"
    )
    max_length: PositiveInt | None = Field(
        None, description="sub-words of a sentence; null: the model's own (not of laser, muse)"
    )

    @model_validator(mode="after")
    def _check(self) -> SystemSettings:
        external = self.kind in EXTERNAL
        if external != (self.python is not None):
            raise ValueError("'python' belongs to laser and muse, which need it")
        if external and self.max_length is not None:
            raise ValueError("'max_length' is not for laser and muse")
        return self


class System(Protocol):
    """Turns sentences into vectors."""

    def encode(self, sentences: list[str], language: str) -> Vectors:
        """Return the vectors, shape [sentences, width], in the order of the sentences."""


def load_system(settings: SystemSettings) -> System:
    """Load a system; those with an environment of their own are only checked.

    Raises:
        UsageError: the folder holds a model of another kind.
        DataError: the folder cannot be read.
        SetupError: the environment of LASER or mUSE, or a file of it, is not there.
    """
    folder = Path(settings.path)
    if settings.kind == "laser":
        assert settings.python is not None, "the settings' own check"
        return Laser(folder, settings.python)
    if settings.kind == "muse":
        assert settings.python is not None, "the settings' own check"
        return Muse(folder, settings.python)
    return FromFolder(folder, settings.kind, settings.max_length)


class FromFolder:
    """A model that sentence-transformers runs."""

    def __init__(self, folder: Path, kind: Kind, max_length: int | None) -> None:
        from xling.distill.student import freeze, load_model

        if kind == "mean_pooled" and (folder / "modules.json").exists():
            raise UsageError(
                "the folder holds a sentence-transformers model, not a raw encoder",
                where=str(folder),
                allowed="an encoder without modules.json",
                fix="set kind: sentence_transformers",
            )
        self.model = freeze(load_model(folder, max_length))
        if kind == "labse":
            _check_labse(self.model, folder)

    def encode(self, sentences: list[str], language: str) -> Vectors:
        """Return the vectors; the language does not matter."""
        del language
        from xling.distill.student import encode

        return encode(self.model, sentences)


def _check_labse(model: SentenceTransformer, folder: Path) -> None:
    """Refuse what is not LaBSE: first sub-word, dense layer, length 1 (its model card)."""
    found = [type(module).__name__ for module in model]
    wanted = ["Transformer", "Pooling", "Dense", "Normalize"]
    if found == wanted and model[1].pooling_mode == "cls":
        return
    raise UsageError(
        f"the folder does not hold LaBSE: {', '.join(found)}",
        where=str(folder),
        allowed=f"{', '.join(wanted)}, pooled by the first sub-word",
        fix="take the folder of sentence-transformers/LaBSE, or kind: sentence_transformers",
    )


class Laser:
    """LASER1, through ``source/embed.py`` of its checkout, with Moses' tokenizer and its own BPE.

    Args:
        folder: the checkout, as it was before 2022 (its later script reads LASER2), with models.
        python: of an environment with what LASER needs.
    """

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder.resolve()
        self.python = python
        _check_there("LASER", [self.folder / name for name in LASER_FILES], python, "torch, numpy")

    def encode(self, sentences: list[str], language: str) -> Vectors:
        """Return the vectors; the tokenizer is that of the language."""
        script, model, codes = (str(self.folder / name) for name in LASER_FILES[:3])
        # The script reads lines.
        lines = "".join(" ".join(one.split()) + "\n" for one in sentences)
        with tempfile.TemporaryDirectory() as scratch:
            output = Path(scratch) / "vectors.raw"
            options = ["--encoder", model, "--token-lang", language, "--bpe-codes", codes]
            command = [self.python, script, *options, "--output", str(output)]
            _run("LASER", command, lines, output, {"LASER": str(self.folder), "PATH": self._path()})
            found = np.fromfile(output, dtype=np.float32)
        return _checked("LASER", found.reshape(-1, _LASER_WIDTH), len(sentences))

    def _path(self) -> str:
        """Put its own Python first: the script calls others by the name ``python3``."""
        # Not resolved: the Python of a virtual environment is a link.
        own = str(Path(self.python).absolute().parent)
        return os.pathsep.join([own, os.environ["PATH"]])


class Muse:
    """mUSE (TF-Hub universal-sentence-encoder-multilingual) from a folder.

    Args:
        folder: the saved model.
        python: of an environment with tensorflow, tensorflow_hub and tensorflow_text.
    """

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self.python = python
        needs = "tensorflow, tensorflow_hub, tensorflow_text"
        _check_there("mUSE", [folder / "saved_model.pb"], python, needs)

    def encode(self, sentences: list[str], language: str) -> Vectors:
        """Return the vectors; the language does not matter."""
        del language
        with tempfile.TemporaryDirectory() as scratch:
            output = Path(scratch) / "vectors.npy"
            command = [self.python, str(_MUSE_SCRIPT), str(self.folder), str(output)]
            _run("mUSE", command, json.dumps(sentences), output, {})
            found = np.load(output, allow_pickle=False)
        return _checked("mUSE", found, len(sentences))


def _check_there(system: str, files: Sequence[Path], python: str, needs: str) -> None:
    missing = [str(path) for path in (Path(python), *files) if not path.exists()]
    if missing:
        raise SetupError(
            f"{system} is not installed",
            where=f"missing: {', '.join(missing)}",
            allowed=f"{', '.join(path.name for path in files)}, and a Python that has {needs}",
            fix=f"set up an environment for {system} and name it, or take {system} out of the "
            "study: it is off by default",
        )


def _run(system: str, command: list[str], text: str, output: Path, more: dict[str, str]) -> None:
    """Run an encoder of another environment; its last words are in the error, if it fails."""
    # Paths of this environment would lead the other one astray.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | more
    done = subprocess.run(
        command,
        input=text,
        encoding="utf-8",
        capture_output=True,
        env=environment,
        check=False,
    )
    if done.returncode == 0 and output.exists():
        return
    last = (done.stderr.strip() or "no message").splitlines()[-1]
    raise SetupError(
        f"{system} failed with exit code {done.returncode}: {last}",
        where=" ".join(command),
        allowed="an environment in which this command works",
        fix=f"run the command by hand, or take {system} out of the study",
    )


def _checked(system: str, found: Vectors, count: int) -> Vectors:
    if len(found) == count:
        return found
    raise SetupError(
        f"{system} gave {len(found)} vectors for {count} sentences",
        allowed="one vector per sentence",
        fix="see whether its version splits lines; keep the version that docs name",
    )

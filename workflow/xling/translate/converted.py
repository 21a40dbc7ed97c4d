# SPDX-License-Identifier: Apache-2.0
"""Folders of converted models: what is in them, and whether they are whole.

Such a folder holds everything that translating needs: weights, vocabularies, the tokenizer, and
``converted.json``, which says where the model comes from and names each file with its size.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from xling.errors import DataError, SetupError
from xling.files import write_text

NOTE = "converted.json"
TOKENIZER = "tokenizer"


@dataclass(frozen=True)
class Origin:
    """Where a model comes from.

    Attributes:
        model: its name, for people.
        revision: commit or version; may be empty.
        licence: SPDX; what the model writes is under it too.
    """

    model: str
    revision: str
    licence: str


def read_converted(folder: Path) -> dict[str, Any]:
    """Return the note of a converted model and see whether its files are there.

    Raises:
        DataError: the note cannot be read, or a file is missing or has another size.
    """
    try:
        note: dict[str, Any] = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        sizes = dict(note["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise incomplete(folder / NOTE, "a folder that 'xling convert-engine' wrote") from error
    for name, size in sorted(sizes.items()):
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            raise incomplete(path, f"a file of {size:,} bytes")
    return note


def converted_before(folder: Path, source: str, origin: Origin) -> dict[str, Any] | None:
    """Return the note of a folder that is whole and of these weights, else None.

    Should the note tell another origin, it alone is written again.

    Args:
        folder: of the converted model.
        source: checksum of the weights.
        origin: of the model.
    """
    try:
        note = read_converted(folder)
    except DataError:  # made anew
        return None
    if note["source"] != source:
        return None
    told = note | asdict(origin)
    if told != note:
        _write(folder, told)
    return told


def finish(
    part: Path, about: dict[str, Any], origin: Origin, libraries: tuple[str, ...]
) -> dict[str, Any]:
    """Write the note of a folder that is complete but for it, and return it.

    Args:
        part: the folder.
        about: of the model: ``family``, ``source``, ``positions``, and more of fairseq's.
        origin: of the model.
        libraries: whose versions are noted.
    """
    files = sorted(path for path in part.rglob("*") if path.is_file())
    note = {
        **about,
        **asdict(origin),
        "files": {path.relative_to(part).as_posix(): path.stat().st_size for path in files},
        "versions": {name: metadata.version(name) for name in libraries},
    }
    _write(part, note)
    return note


def require_ctranslate2() -> None:
    """Raise :class:`SetupError` unless ctranslate2 can be imported."""
    try:
        import ctranslate2  # noqa: F401
    except ImportError:
        raise SetupError(
            "ctranslate2 is not installed in this environment",
            allowed="ctranslate2 4.7 or later: the first that works with transformers 5",
            fix="install it, or use an engine of kind 'transformers'",
        ) from None


def incomplete(path: Path, what: str) -> DataError:
    """Return the error that a file of a model is missing.

    Args:
        path: of the file.
        what: should be there.
    """
    return DataError(
        "a translation model is incomplete",
        where=str(path),
        allowed=what,
        fix="download the model again, or delete the converted folder and convert it again",
    )


def _write(folder: Path, note: dict[str, Any]) -> None:
    text = json.dumps(note, indent=1, sort_keys=True, ensure_ascii=False)
    write_text(folder / NOTE, text + "\n")

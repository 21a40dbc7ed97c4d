# SPDX-License-Identifier: Apache-2.0
"""The stage ``fetch``: generate or find the raw files of a task and list them.

Files of a folder and downloads are not copied; the manifest names them by absolute path and
checksum.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xling.config.study import Data
from xling.data.downloaded import downloaded
from xling.data.folder_layout import Place, places
from xling.data.manifest import Manifest, RawFile, sha256_of
from xling.data.origins import BACK, HUMAN, MACHINE, MAKE_BACK_TRANSLATIONS
from xling.data.removed_labels import RELEASES, refuse_removed_labels
from xling.data.sources import needs
from xling.data.wants import TEXT, Want, languages, wants
from xling.errors import DataError

#: Where ``xling fetch`` keeps downloads, below the folder that snakemake is started in.
DOWNLOADS = "resources/data"


def fetch(task: str, data: Data, uses: dict[str, Any], folder: Path) -> Manifest:
    """Return the list of a task's raw files; generate them first if they are artificial.

    Args:
        task: a benchmark, or ``text`` for the pre-training text.
        data: the study's section ``data``.
        uses: what the study needs of the task (see :func:`xling.data.wants.wants`).
        folder: where generated files go; relative paths of the manifest start there.

    Raises:
        DataError: a file is missing (all of them in one message) or has no labels.
        UsageError: a benchmark was not published in a language or split.
    """
    if data.artificial is not None:
        from xling.data.artificial import write_raw

        back = task != TEXT and "back_translate" in uses["splits"]
        codes = languages(task, uses)
        return write_raw(task, data.artificial, codes, folder, back_translations=back)
    if data.source == "download":
        files, origin = downloaded(Path(DOWNLOADS), needs(task, uses))
    else:
        files = _in_folder(Path(data.root or "").expanduser().absolute(), task, uses)
        origin = "XTREME download folder"
    return Manifest(
        task=task,
        origin=origin,
        translations="" if task == TEXT else _translations(files, uses),
        files=files,
    )


def _in_folder(root: Path, task: str, uses: dict[str, Any]) -> list[RawFile]:
    """Find the files of a task in an XTREME download folder."""
    found: dict[tuple[Want, Place], None] = {}
    missing: list[tuple[Want, str]] = []
    for want in wants(task, uses):
        for options in places(want):
            there = next((place for place in options if (root / place.path).is_file()), None)
            if there is None:
                missing.append((want, " or ".join(place.path for place in options)))
            else:
                found[want, there] = None
    if missing:
        raise _missing(root, missing, sorted(uses["tasks"]) if task == TEXT else [task])
    for want, place in found:
        if want.role == "labelled":
            refuse_removed_labels(task, place.form, root / place.path)
    return list(dict.fromkeys(_entry(root, want, place) for want, place in found))


def _entry(root: Path, want: Want, place: Place) -> RawFile:
    path = root / place.path
    try:
        checksum, size = sha256_of(path), path.stat().st_size
    except OSError as error:
        raise DataError(
            f"a raw file cannot be read ({error.strerror})", where=str(path), fix="make it readable"
        ) from error
    return RawFile(
        path=str(path),
        format=place.form,
        role=want.role,
        split=want.split,
        language=place.language,
        bytes=size,
        sha256=checksum,
    )


def _missing(root: Path, lacks: list[tuple[Want, str]], tasks: list[str]) -> DataError:
    missing = [
        f"{path} (back-translation, language {want.language})"
        if want.role == "back_translation"
        else path
        for want, path in lacks
    ]
    if not root.is_dir():
        what = "the folder of data.root does not exist"
        where = str(root)
    else:
        what = f"raw files are missing in the folder of data.root ({len(missing)})"
        where = "\n           ".join([str(root), *missing])
    inner = root / "download"
    if any((inner / task).is_dir() for task in tasks):
        fix = f"set data.root to {inner}"
    elif root.is_dir() and all(path.endswith(".test.gold") for path in missing):
        fix = f"XTREME's download script deletes BUCC's test gold: {RELEASES['bucc2018']}"
    elif all(want.role == "back_translation" for want, _ in lacks):
        fix = MAKE_BACK_TRANSLATIONS
    else:
        fix = (
            "set data.root (or data_root=PATH on the command line of snakemake) to XTREME's "
            "download folder, or take what needs these files out of the study"
        )
        if any(want.role == "back_translation" for want, _ in lacks):
            fix += f"; {MAKE_BACK_TRANSLATIONS}"
    return DataError(
        what,
        where=where,
        allowed="the layout of XTREME's download folder (docs/real-data.md)",
        fix=fix,
    )


def _translations(files: list[RawFile], uses: dict[str, Any]) -> str:
    words = {MACHINE[file.format] for file in files if file.role.startswith("translate_")}
    if any(file.role == "back_translation" for file in files):
        words.add(BACK)
    if "translate_train" in uses["splits"] and uses["train_split"] in HUMAN:
        words.add(HUMAN[uses["train_split"]])
    return "; ".join(sorted(words))

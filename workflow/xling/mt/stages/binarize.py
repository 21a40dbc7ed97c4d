# SPDX-License-Identifier: Apache-2.0
"""The stage ``binarize``: prepared text as fairseq reads it, all language pairs in one folder.

Each text is encoded once, for all systems and seeds.  fairseq's dictionaries are SentencePiece's
vocabularies: nothing is counted again.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq

from xling.data.manifest import sha256_of
from xling.data.tables import languages_of
from xling.errors import DataError
from xling.files import whole_folder, write_text
from xling.mt.data.overlap import overlaps
from xling.mt.data.store import read_summary
from xling.mt.stages.subwords import SIDES, load_model, pieces_of
from xling.tasks import SOURCE_LANGUAGE

DATA = "data"
#: Our splits by fairseq's names.
FAIRSEQ_SPLITS = {"train": "train", "valid": "dev", "test": "test"}
# Rows that are encoded at a time.
_ROWS = 10_000

log = logging.getLogger(__name__)


def binarize(
    *, train: Path, dev: Path, test: Path, subwords: Path, output: Path, threads: int = 1
) -> dict[str, Any]:
    """Encode all rows and write fairseq's files into the folder ``data`` beside the note.

    Args:
        train, dev, test: prepared rows of one benchmark and direction.
        subwords: note of the vocabularies, which lie beside it.
        output: the note to write, last.
        threads: processes that turn sub-words into numbers.

    Returns:
        The note: ``task``, ``direction``, ``languages`` in their order, ``pairs`` (language to
        ``aze-en``), ``shared``, ``data`` (the folder); by split ``splits`` (what records say of the
        rows), ``pieces`` and ``unknown``: sub-words of each side and language, and how many have no
        entry;
        ``overlap`` of dev and test with train (see :mod:`xling.mt.data.overlap`); ``files`` with
        checksums; ``models``: SentencePiece's, beside the note too.

    Raises:
        DataError: the rows do not belong together, or a language lacks rows in a split.
        SetupError: fairseq is not installed.
    """
    from xling.mt.fairseq import compat

    compat.check_version()
    tables = {"train": train, "dev": dev, "test": test}
    about = {split: read_summary(path) for split, path in tables.items()}
    languages = _languages(tables, about)
    vocabulary = json.loads(subwords.read_text(encoding="utf-8"))
    pairs = {code: _pair(code, about["train"]["direction"]) for code in languages}
    models = {side: subwords.parent / f"{side}.model" for side in SIDES}
    counts: dict[str, Any] = {"pieces": {}, "unknown": {}}
    with whole_folder(output.parent / DATA) as folder:
        for side, model in models.items():
            (folder / model.name).write_bytes(model.read_bytes())
            _write_dictionary(folder / f"dict.{side}.txt", model)
        for code, pair in pairs.items():
            _binarize_pair(tables, code, pair, models, folder, counts, threads)
        (folder / "preprocess.log").unlink()  # fairseq's: names temporary folders
        files = {
            path.name: {"sha256": sha256_of(path), "bytes": path.stat().st_size}
            for path in sorted(folder.iterdir())
        }
    note = {
        "task": about["train"]["task"],
        "direction": about["train"]["direction"],
        "languages": languages,
        "pairs": pairs,
        "shared": vocabulary["settings"]["shared"],
        "data": DATA,
        "splits": {split: _used(tables[split], about[split]) for split in tables},
        **counts,
        "overlap": {
            split: {one.language: asdict(one) for one in overlaps(tables[split], train)}
            for split in ("dev", "test")
        },
        "models": {side: vocabulary[side]["sha256"] for side in SIDES},
        "files": files,
    }
    write_text(output, json.dumps(note, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return note


@dataclass(frozen=True)
class Binarized:
    """What ``binarize`` left.

    Attributes:
        folder: of fairseq's files, SentencePiece's models and their dictionaries.
        note: see :func:`binarize`.
    """

    folder: Path
    note: Mapping[str, Any]

    @property
    def languages(self) -> list[str]:
        """Languages beside English, in the study's order."""
        return list(self.note["languages"])

    @property
    def pairs(self) -> list[str]:
        """Source and target language of each language, as fairseq names them: ``aze-en``."""
        return [self.note["pairs"][code] for code in self.languages]

    def prefix(self, split: str, language: str, side: str) -> Path:
        """Return fairseq's file of one side of a language, without the suffix.

        Args:
            split: ours: ``train``, ``dev`` or ``test``.
            language: which pair.
            side: ``source`` or ``target``.
        """
        names = {ours: theirs for theirs, ours in FAIRSEQ_SPLITS.items()}
        pair = self.note["pairs"][language]
        return self.folder / f"{names[split]}.{pair}.{pair.split('-')[SIDES.index(side)]}"


def read_binarized(note: Path) -> Binarized:
    """Read a note and see whether its files are there.

    Raises:
        DataError: the note cannot be read, or a file is missing or has another size.
    """
    fix = "delete the note and run snakemake again"
    try:
        found = Binarized(note.parent / DATA, json.loads(note.read_text(encoding="utf-8")))
        sizes = {name: file["bytes"] for name, file in found.note["files"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            "the note of the binarised data cannot be read",
            where=str(note),
            allowed="JSON written by 'xling binarize'",
            fix=fix,
        ) from error
    for name, size in sizes.items():
        path = found.folder / name
        there = path.stat().st_size if path.is_file() else None
        if there != size:
            raise DataError(
                "a file of the binarised data "
                + ("is missing" if there is None else f"has {there:,} bytes"),
                where=str(path),
                allowed=f"{size:,} bytes",
                fix=fix,
            )
    return found


def _languages(tables: Mapping[str, Path], about: Mapping[str, Any]) -> list[str]:
    """Return the languages of all three splits, which must be the same."""
    languages = languages_of(tables["train"])
    for split, path in tables.items():
        if about[split]["split"] != split or about[split]["task"] != about["train"]["task"]:
            raise DataError(
                f"these rows are {about[split]['split']} of {about[split]['task']}",
                where=str(path),
                allowed=f"{split} of {about['train']['task']}",
                fix="name the files of one benchmark and direction",
            )
        missing = sorted(set(languages) ^ set(languages_of(path)))
        if missing:
            raise DataError(
                f"train and {split} differ in languages: {', '.join(missing)}",
                where=str(path),
                allowed=", ".join(languages),
                fix="take languages without all three splits out of the study",
            )
    return languages


def _pair(code: str, direction: str) -> str:
    return f"{code}-{SOURCE_LANGUAGE}" if direction == "m2o" else f"{SOURCE_LANGUAGE}-{code}"


def _used(table: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what records say about a split."""
    keys = ("task", "split", "rows", "origin", "translations")
    return {"sha256": sha256_of(table), **{key: about[key] for key in keys}}


def _write_dictionary(path: Path, model: Path) -> None:
    """Write the pieces of a vocabulary as fairseq's dictionary; it adds its own special entries."""
    pieces = pieces_of(load_model(model))
    for piece in pieces:
        if len(piece.split()) != 1 or piece in ("<s>", "<pad>", "</s>", "<unk>"):
            raise DataError(
                f"the vocabulary has the piece {piece!r}, which fairseq cannot tell from its own",
                where=str(model),
                allowed="pieces without blanks, other than fairseq's special entries",
                fix="take lines with this text out of the training data",
            )
    # The numbers of occurrences are read and not used.
    path.write_text("".join(f"{piece} 1\n" for piece in pieces), encoding="utf-8", newline="\n")


def _binarize_pair(
    tables: Mapping[str, Path],
    code: str,
    pair: str,
    models: Mapping[str, Path],
    folder: Path,
    counts: dict[str, Any],
    threads: int,
) -> None:
    """Encode the splits of one language pair and turn them into fairseq's files."""
    ends = dict(zip(SIDES, pair.split("-"), strict=True))
    with TemporaryDirectory(dir=folder.parent, prefix=".text-") as name:
        text = Path(name)
        for theirs, ours in FAIRSEQ_SPLITS.items():
            for side, model in models.items():
                pieces, unknown = _encode(
                    tables[ours], code, side, model, text / f"{theirs}.{ends[side]}"
                )
                for what, count in (("pieces", pieces), ("unknown", unknown)):
                    counts[what].setdefault(ours, {}).setdefault(side, {})[code] = count
        _run_preprocess(
            *("--source-lang", ends["source"], "--target-lang", ends["target"]),
            *("--destdir", folder, "--workers", threads),
            *("--srcdict", folder / "dict.source.txt", "--tgtdict", folder / "dict.target.txt"),
            *(f"--{split}pref={text / split}" for split in FAIRSEQ_SPLITS),
        )
    log.info("%s: %s", pair, {split: counts["pieces"][split]["source"][code] for split in tables})


def _encode(table: Path, code: str, side: str, model: Path, target: Path) -> tuple[int, int]:
    """Write the sub-words of a side line by line; return their number and the unknown ones'."""
    processor = load_model(model)
    known = pieces_of(processor)
    pieces = unknown = 0
    with (
        pq.ParquetFile(table) as file,
        target.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        group = languages_of(table).index(code)
        for batch in file.iter_batches(_ROWS, row_groups=[group], columns=[side]):
            for encoded in processor.encode(batch.column(0).to_pylist(), out_type=str):
                pieces += len(encoded)
                unknown += sum(piece not in known for piece in encoded)
                stream.write(" ".join(encoded) + "\n")
    return pieces, unknown


def _run_preprocess(*args: object) -> None:
    """Run ``fairseq-preprocess`` in this process: starting one for each pair takes seconds."""
    from xling.mt.fairseq import launcher

    before, logger = sys.argv, logging.getLogger("fairseq_cli.preprocess")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        launcher.run(["preprocess", *map(str, args)])
    finally:
        sys.argv = before
        logger.setLevel(level)
        for handler in list(logger.handlers):  # a log file in the folder, one more at each call
            logger.removeHandler(handler)
            handler.close()

# SPDX-License-Identifier: Apache-2.0
"""Vectors of a teacher, kept on disk: no sentence is encoded twice by the same teacher.

A store belongs to one teacher (:func:`teacher_key`) and serves all data sets.  Vectors lie in
blocks, ``block-000000.npy``, with the digests of their sentences in ``block-000000.keys.npy``.  A
block counts once its line is in ``journal.jsonl``, so a kill loses the block in flight and nothing
else.  Blocks are read memory-mapped.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from xling.data.manifest import sha256_of
from xling.errors import DataError
from xling.files import whole_file

log = logging.getLogger(__name__)

BLOCK = 8192  # ours: 25 MB of 768 numbers each; minutes of encoding on a CPU
JOURNAL = "journal.jsonl"
_KEY = "S16"  # 128 bits of BLAKE2b: no two of any number of sentences will share them
#: Text for people; it changes nothing of what a model computes.
_NOT_THE_MODEL = ("README.md", ".gitattributes")

Vectors = npt.NDArray[np.float32]
Encode = Callable[[list[str]], Vectors]


def teacher_key(folder: Path, **options: Any) -> str:
    """Return a name for what a teacher computes: a checksum of its files and how it is used.

    Raises:
        DataError: there is no such folder, or it is empty.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in _NOT_THE_MODEL)
    if not files:
        raise DataError(
            "there is no teacher",
            where=str(folder),
            allowed="a folder that sentence-transformers can load",
            fix="give another folder, or train a teacher",
        )
    found = [[str(p.relative_to(folder)), sha256_of(p)] for p in files]
    text = json.dumps([found, options], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class VectorStore:
    """The vectors of one teacher.

    Args:
        folder: of this teacher alone; made if it is not there.
        block: sentences per block.

    Raises:
        DataError: a block that the journal names is missing or damaged.
    """

    def __init__(self, folder: Path, block: int = BLOCK) -> None:
        self.folder = folder
        self.block = block
        folder.mkdir(parents=True, exist_ok=True)
        self._blocks: list[Vectors] = []
        self._open()

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, sentences: Sequence[str], encode: Encode) -> int:
        """Encode the sentences that are not there yet; return how many those were.

        Another process that encodes with the same teacher is waited for, and what it did is not
        done again.

        Raises:
            DataError: a vector is not of finite numbers, or of another width than before.
        """
        with FileLock(self.folder / ".lock"):
            self._open()
            keys = keys_of(sentences)
            first = np.sort(np.unique(keys, return_index=True)[1])
            new = first[self._places(keys[first]) < 0]
            log.info("%d sentences are encoded, %d are there", len(new), len(first) - len(new))
            for start in range(0, len(new), self.block):
                chosen = new[start : start + self.block]
                self._append(keys[chosen], encode([sentences[i] for i in chosen]))
            self._open()
        return len(new)

    def places(self, sentences: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return where each sentence's vector is, for :meth:`take`.

        Raises:
            KeyError: a sentence was never added.
        """
        found = self._places(keys_of(sentences))
        if (found < 0).any():
            raise KeyError(sentences[int(np.argmin(found))])
        return found

    def take(self, places: npt.NDArray[np.int64]) -> Vectors:
        """Return vectors, shape [places, width]."""
        blocks = np.searchsorted(self._ends, places, side="right")
        out = np.empty((len(places), self._blocks[0].shape[1]), dtype=np.float32)
        for number in np.unique(blocks).tolist():
            here = blocks == number
            begin = self._ends[number] - len(self._blocks[number])
            out[here] = self._blocks[number][places[here] - begin]
        return out

    def _open(self) -> None:
        """Map the blocks that the journal names; those that are mapped stay."""
        lines = self._journal()
        for number in range(len(self._blocks), len(lines)):
            self._blocks.append(self._map(number, lines[number]))
        self._ends = np.cumsum([len(one) for one in self._blocks], dtype=np.int64)
        keys = [np.load(self._file(i, ".keys.npy")) for i in range(len(lines))]
        self._keys = np.concatenate([np.empty(0, dtype=_KEY), *keys])
        self._order = np.argsort(self._keys, kind="stable")

    def _journal(self) -> list[dict[str, Any]]:
        file = self.folder / JOURNAL
        if not file.exists():
            return []
        # A line without its end was being written when the process was killed.
        lines = [line for line in file.read_bytes().splitlines(keepends=True) if line[-1:] == b"\n"]
        return [json.loads(line) for line in lines]

    def _map(self, number: int, line: dict[str, Any]) -> Vectors:
        path = self._file(number, ".npy")
        try:
            found: Vectors = np.load(path, mmap_mode="r", allow_pickle=False)
            whole = list(found.shape) == line["shape"]
        except (OSError, ValueError):
            whole = False
        if not whole:
            raise DataError(
                "a block of the teacher's vectors is missing or damaged",
                where=str(path),
                allowed=f"{line['shape'][0]} vectors of {line['shape'][1]} numbers",
                fix=f"delete {self.folder} and run again: it is filled anew",
            )
        return found

    def _append(self, keys: npt.NDArray[Any], vectors: Vectors) -> None:
        self._check(vectors, len(keys))
        number = len(self._blocks)
        for ending, array in ((".keys.npy", keys), (".npy", vectors.astype(np.float32))):
            with whole_file(self._file(number, ending)) as part, part.open("wb") as stream:
                np.save(stream, array)
        line = json.dumps({"block": number, "shape": list(vectors.shape)}).encode() + b"\n"
        file = self.folder / JOURNAL
        whole = b"".join(json.dumps(one).encode() + b"\n" for one in self._journal())
        with file.open("r+b" if file.exists() else "wb") as stream:
            stream.truncate(len(whole))  # what a kill left of a line
            stream.seek(0, os.SEEK_END)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        self._blocks.append(self._map(number, json.loads(line)))

    def _check(self, vectors: Vectors, count: int) -> None:
        width = self._blocks[0].shape[1] if self._blocks else vectors.shape[-1]
        wrong = int((~np.isfinite(vectors)).any(axis=1).sum())
        if vectors.shape != (count, width) or wrong:
            raise DataError(
                f"the teacher gave vectors of shape {vectors.shape}, {wrong} of them not finite",
                where=str(self.folder),
                allowed=f"{count} vectors of {width} finite numbers",
                fix="take another teacher, or precision: fp32",
            )

    def _places(self, keys: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return where each key is; -1: nowhere."""
        if not len(self._keys):
            return np.full(len(keys), -1, dtype=np.int64)
        found = np.searchsorted(self._keys, keys, sorter=self._order)
        places = self._order[np.minimum(found, len(self._keys) - 1)]
        return np.where(self._keys[places] == keys, places, -1)

    def _file(self, number: int, ending: str) -> Path:
        return self.folder / f"block-{number:06d}{ending}"


def keys_of(sentences: Sequence[str]) -> npt.NDArray[Any]:
    """Return a digest of each sentence."""
    found = (hashlib.blake2b(one.encode("utf-8"), digest_size=16).digest() for one in sentences)
    return np.fromiter(found, dtype=_KEY, count=len(sentences))

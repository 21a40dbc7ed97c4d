# SPDX-License-Identifier: Apache-2.0
"""Translations kept on disk: no sentence is translated twice by the same engine.

A store has a folder for each engine, and below it one for each direction.  In there every process
that translates writes two files of its own, ``<name>.text`` and ``<name>.index``, and only ever
adds to them; jobs therefore need no locks, and a kill loses the batch in flight and nothing else.
All files are read, memory-mapped.

A line of the index is written after its text is on the disk, and carries a checksum: what a kill
left half written is not seen again.  Should two jobs translate one sentence at the same time, and
differently, the smaller text counts for everybody.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import socket
import uuid
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xling.errors import DataError
from xling.files import write_text
from xling.translate.engine import Engine, Translation
from xling.translate.engines import provenance
from xling.translate.progress import Progress

log = logging.getLogger(__name__)

ABOUT = "engine.json"
#: Ours: what a kill costs at most: half a minute on one core, and a batch or two on a GPU.
BATCH_SENTENCES, BATCH_CHARACTERS = 512, 65_536
LINE = np.dtype(
    [
        ("key", "S16"),  # 128 bits of BLAKE2b: no two of any number of sentences will share them
        ("begin", "<u8"),  # of text and flags, in bytes
        ("text", "<u4"),  # bytes of the text
        ("flags", "<u4"),  # bytes of the flags that follow it
        ("score", "<f8"),  # NaN: none
        ("check", "<u4"),  # CRC-32 of the bytes of text and flags
        ("line_check", "<u4"),  # see _line_checks
    ]
)
# So that a line of zeros, which a file system may leave after a crash, is none.
_NOT_ZERO = 0x9E3779B9


class Store:
    """Translations of any number of engines.

    Args:
        folder: made if it is not there.
        batch_sentences, batch_characters: of what an engine is given at a time.
    """

    def __init__(
        self,
        folder: Path,
        batch_sentences: int = BATCH_SENTENCES,
        batch_characters: int = BATCH_CHARACTERS,
    ) -> None:
        self.folder = folder
        self._limits = batch_sentences, batch_characters

    def translate_all(
        self, engine: Engine, sentences: Sequence[str], source: str, target: str
    ) -> list[Translation]:
        """Return the translation of each sentence; the engine sees those that are new, once.

        Args:
            engine: opened.
            sentences: any, in any order, as often as wanted.
            source, target: ISO 639-1 codes.

        Raises:
            DataError: a file of the store is damaged, or the engine gave too few translations.
            UsageError: the engine does not know a language.
        """
        self.add(engine, sentences, source, target)
        found = self.find(engine.key, sentences, source, target)
        assert None not in found, "all are there now"
        return [one for one in found if one is not None]

    def add(self, engine: Engine, sentences: Sequence[str], source: str, target: str) -> int:
        """Translate the sentences that are not there; return how many those were."""
        folder = self._direction(engine.key, source, target)
        new = self.missing(engine.key, sentences, source, target)
        there = len(set(sentences)) - len(new)
        log.info("%s-%s: %d sentences are there, %d are not", source, target, there, len(new))
        if not new:
            return 0
        folder.mkdir(parents=True, exist_ok=True)
        self._describe(engine)
        progress = Progress(f"{source}-{target}", new)
        with _writer(folder) as writer:
            for batch in _batches(new, *self._limits):
                found = engine.translate(batch, source, target)
                if len(found) != len(batch):
                    raise DataError(
                        f"{engine.key} gave {len(found):,} translations of {len(batch):,} texts",
                        where=f"{source} to {target}",
                        allowed="one translation for each sentence",
                        fix="this is a mistake of the engine",
                    )
                writer.append(batch, found)
                progress.add(batch)
        return len(new)

    def missing(self, key: str, sentences: Sequence[str], source: str, target: str) -> list[str]:
        """Return the different sentences that are not in the store, in their order."""
        different = list(dict.fromkeys(sentences))
        there = _Shelf(self._direction(key, source, target)).has(keys_of(different))
        return [one for one, is_there in zip(different, there, strict=True) if not is_there]

    def find(
        self, key: str, sentences: Sequence[str], source: str, target: str
    ) -> list[Translation | None]:
        """Return the translations that are in the store; None: it is not."""
        shelf = _Shelf(self._direction(key, source, target))
        different = list(dict.fromkeys(sentences))
        found = dict(zip(different, shelf.take(keys_of(different)), strict=True))
        return [found[one] for one in sentences]

    def _direction(self, key: str, source: str, target: str) -> Path:
        return self.folder / key / f"{source}-{target}"

    def _describe(self, engine: Engine) -> None:
        path = self.folder / engine.key / ABOUT
        if not path.exists():
            text = json.dumps(provenance(engine), indent=1, sort_keys=True, ensure_ascii=False)
            write_text(path, text + "\n")


class _Shelf:
    """All translations of one engine and direction, as they are on disk now."""

    def __init__(self, folder: Path) -> None:
        self._texts: list[npt.NDArray[np.uint8]] = []
        lines, files = [np.empty(0, dtype=LINE)], [np.empty(0, dtype=np.int64)]
        for path in sorted(folder.glob("*.index")):
            found = _lines(path)
            if len(found):
                files.append(np.full(len(found), len(self._texts), dtype=np.int64))
                lines.append(found)
                self._texts.append(_mapped(path.with_suffix(".text")))
        self._lines, self._files = np.concatenate(lines), np.concatenate(files)
        self._order = np.argsort(self._lines["key"], kind="stable")
        self._keys = self._lines["key"][self._order]

    def has(self, keys: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Return whether each key is there."""
        begin = np.searchsorted(self._keys, keys, side="left")
        end = np.searchsorted(self._keys, keys, side="right")
        found: npt.NDArray[np.bool_] = end > begin
        return found

    def take(self, keys: npt.NDArray[Any]) -> list[Translation | None]:
        """Return the translation of each key."""
        begin = np.searchsorted(self._keys, keys, side="left").tolist()
        end = np.searchsorted(self._keys, keys, side="right").tolist()
        found = []
        for first, last in zip(begin, end, strict=True):
            same = [self._read(int(place)) for place in self._order[first:last]]
            found.append(min(same, key=_rank) if same else None)
        return found

    def _read(self, place: int) -> Translation:
        line = self._lines[place]
        text = self._texts[int(self._files[place])]
        begin, end = int(line["begin"]), int(line["begin"] + line["text"] + line["flags"])
        raw = text[begin:end].tobytes()
        if zlib.crc32(raw) != line["check"]:
            raise DataError(
                "a file of the store of translations is damaged",
                where=str(getattr(text, "filename", "")),
                allowed="the text that was written",
                fix="delete the file and its .index: what was in it is translated again",
            )
        flags = raw[int(line["text"]) :].decode("ascii")
        score = None if np.isnan(line["score"]) else float(line["score"])
        return Translation(
            raw[: int(line["text"])].decode("utf-8"), score, tuple(flags.split()) if flags else ()
        )


def _mapped(path: Path) -> npt.NDArray[np.uint8]:
    if not path.stat().st_size:  # empty translations alone; nothing cannot be mapped
        return np.empty(0, dtype=np.uint8)
    return np.memmap(path, np.uint8, mode="r")


def _rank(one: Translation) -> tuple[bytes, tuple[str, ...], float]:
    return one.text.encode(), one.flags, -np.inf if one.score is None else one.score


def _lines(path: Path) -> npt.NDArray[Any]:
    """Return the lines of an index whose text is there; a kill may have left half a line."""
    count = path.stat().st_size // LINE.itemsize
    text = path.with_suffix(".text")
    if not count or not text.exists():
        return np.empty(0, dtype=LINE)
    lines = np.memmap(path, LINE, mode="r", shape=(count,))
    size = text.stat().st_size
    ends = lines["begin"] + lines["text"].astype(np.uint64) + lines["flags"]
    whole = (ends <= size) & (_line_checks(lines) == lines["line_check"])
    if not whole.all():
        log.warning("%s: %d damaged lines are left out", path, count - whole.sum())
    return np.asarray(lines[whole])


def _line_checks(lines: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Return a checksum of each line: the sum of its other 32-bit words."""
    words = np.ascontiguousarray(lines).view("<u4").reshape(len(lines), LINE.itemsize // 4)
    found: npt.NDArray[np.uint32] = words[:, :-1].sum(axis=1, dtype=np.uint32) + np.uint32(
        _NOT_ZERO
    )
    return found


class _Writer:
    """Adds batches to the two files of this process."""

    def __init__(self, text: Any, index: Any) -> None:
        self._text, self._index = text, index
        self._begin = 0

    def append(self, sentences: Sequence[str], found: Sequence[Translation]) -> None:
        """Write a batch: first the text, then the lines that make it count."""
        lines, raws = np.zeros(len(found), dtype=LINE), []
        lines["key"] = keys_of(sentences)
        for line, one in zip(lines, found, strict=True):
            text, flags = one.text.encode("utf-8"), " ".join(one.flags).encode("ascii")
            raws.append(text + flags)
            line["begin"], line["text"], line["flags"] = self._begin, len(text), len(flags)
            line["score"] = np.nan if one.score is None else one.score
            line["check"] = zlib.crc32(raws[-1])
            self._begin += len(raws[-1])
        lines["line_check"] = _line_checks(lines)
        for stream, data in ((self._text, b"".join(raws)), (self._index, lines.tobytes())):
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())


@contextmanager
def _writer(folder: Path) -> Iterator[_Writer]:
    """Give the files of this process; their name is that of no other's."""
    name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
    paths = [folder / f"{name}.{ending}" for ending in ("text", "index")]
    try:
        with paths[0].open("xb") as text, paths[1].open("xb") as index:
            yield _Writer(text, index)
    finally:
        if not paths[1].stat().st_size:  # the first batch failed
            for path in paths:
                path.unlink()


def _batches(sentences: Sequence[str], count: int, characters: int) -> Iterator[list[str]]:
    """Give sentences from short to long, so that an engine's batches need little padding."""
    batch: list[str] = []
    size = 0
    for one in sorted(sentences, key=len):
        if batch and (len(batch) == count or size + len(one) > characters):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one)
    if batch:
        yield batch


def keys_of(sentences: Sequence[str]) -> npt.NDArray[Any]:
    """Return a digest of each sentence."""
    found = (digest(one) for one in sentences)
    return np.fromiter(found, dtype="S16", count=len(sentences))


def digest(sentence: str) -> bytes:
    """Return 128 bits that stand for a sentence; lone surrogates are allowed."""
    return hashlib.blake2b(sentence.encode("utf-8", "surrogatepass"), digest_size=16).digest()

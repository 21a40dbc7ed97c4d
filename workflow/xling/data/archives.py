# SPDX-License-Identifier: Apache-2.0
"""Unpacking archives from the network: nothing outside the folder, no links, no bombs, all of it.

``tarfile`` ends without an error where an archive was cut between two members or a header is
damaged, and its extraction filter still allows links; so members are written here, one by one.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from xling.data.contents import WrongFileError
from xling.data.disk import mega, writing

_TAR = re.compile(r"\.(tar|tgz|tbz2?|txz|tar\.(gz|bz2|xz))$")
_OPENERS: dict[str, Callable[..., Any]] = {
    "gz": gzip.open,
    "bz2": bz2.open,
    "xz": lzma.open,
}
_CHUNK = 1 << 20
_DAMAGED = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError,
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """How much an archive may unpack to.  All values are ours.

    Attributes:
        members: the largest wanted archive, all treebanks of UD 2.5, has about 1,500.
        total: bytes; the largest wanted one, XNLI-MT, has about 1.5 GB.
        ratio: unpacked to packed size; text reaches 10, repetitive text 40.
        small: bytes that any archive may unpack to, whatever the ratio.
    """

    members: int = 100_000
    total: int = 50_000_000_000
    ratio: int = 100
    small: int = 50_000_000


def is_archive(name: str) -> bool:
    """Tell whether :func:`unpack` unpacks a file of this name (else it is kept as it is)."""
    return bool(_TAR.search(name.lower())) or name.lower().endswith((".zip", ".gz", ".bz2", ".xz"))


def unpack(archive: Path, name: str, folder: Path, limits: Limits | None = None) -> None:
    """Unpack a file into an empty folder by the suffix of its published name.

    Zip and tar archives (plain, gzip, bzip2, xz) give their members, single compressed files the
    file inside under the name without the last suffix.

    Raises:
        WrongFileError: the archive is damaged, cut off, unsafe or too large.  The folder is then
            to be thrown away.
        SetupError: the disk is full.
    """
    size = archive.stat().st_size
    budget = _Budget(limits or Limits(), size)
    lower = name.lower()
    with (
        _named_damage(),
        writing(f"the content of {name}", folder, budget.declared(archive, lower)),
    ):
        if lower.endswith(".zip"):
            _unpack_zip(archive, folder, budget)
        elif _TAR.search(lower):
            with _opened(archive, lower) as stream:
                _unpack_tar(stream, folder, budget)
        else:
            with _opened(archive, lower) as stream:
                budget.write(stream, folder / name.rpartition(".")[0])


@contextmanager
def _named_damage() -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise WrongFileError(f"the archive is damaged or cut off ({error})") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise WrongFileError(
            f"the archive has two members of one name ({Path(error.filename).name})"
        ) from error
    except OSError as error:
        if error.errno is not None:
            raise
        # bz2 reports damage as an error without a number.
        raise WrongFileError(f"the archive is damaged ({error})") from error


class _Budget:
    """Counts members and bytes while they are written, whatever their headers say."""

    def __init__(self, limits: Limits, packed: int) -> None:
        self._limits = limits
        self._members = 0
        self._most = min(limits.total, max(limits.small, limits.ratio * packed))
        self._packed = packed
        self._bytes = 0

    def declared(self, archive: Path, name: str) -> int | None:
        """Return the size that a zip archive declares; refuse it if that is too much already."""
        if not name.endswith(".zip"):
            return None
        with _named_damage(), zipfile.ZipFile(archive) as members:
            size = sum(info.file_size for info in members.infolist())
        self._check(size)
        return size

    def member(self) -> None:
        self._members += 1
        if self._members > self._limits.members:
            raise WrongFileError(f"the archive has more than {self._limits.members:,} members")

    def write(self, source: IO[bytes], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as stream:
            while chunk := source.read(_CHUNK):
                self._bytes += len(chunk)
                self._check(self._bytes)
                stream.write(chunk)

    def _check(self, size: int) -> None:
        if size > self._most:
            raise WrongFileError(
                f"the archive of {mega(self._packed)} unpacks to more than {mega(self._most)}, "
                "which no real data set does"
            )


def _target(name: str, folder: Path) -> Path:
    """Return where a member goes; raise :class:`WrongFileError` if that is not below the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or re.match(r"[A-Za-z]:/", name):
        raise WrongFileError(f"the archive has a member with an absolute path: {name!r}")
    if ".." in path.parts:
        raise WrongFileError(f"the archive has a member outside its folder: {name!r}")
    # Control characters, and what stands for bytes that are not UTF-8.
    if "\\" in name or any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        raise WrongFileError(f"the archive has a member with a strange name: {name!r}")
    return folder / path


def _unpack_zip(archive: Path, folder: Path, budget: _Budget) -> None:
    with zipfile.ZipFile(archive) as members:
        for info in members.infolist():
            budget.member()
            target = _target(info.filename, folder)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.flag_bits & 1:
                raise WrongFileError(f"the archive is encrypted (member {info.filename!r})")
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise WrongFileError(f"the archive has a link or device: {info.filename!r}")
            if info.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            try:
                with members.open(info) as source:
                    budget.write(source, target)
            except NotImplementedError as error:
                raise WrongFileError(
                    f"the archive is packed in an unknown way ({error})"
                ) from error


class _Tail:
    """A stream that knows where its last byte other than zero stands."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.size = 0
        self.content = 0

    def read(self, count: int) -> bytes:
        chunk = self._stream.read(count)
        kept = len(chunk.rstrip(b"\0"))
        self.content = self.size + kept if kept else self.content
        self.size += len(chunk)
        return chunk


def _unpack_tar(stream: IO[bytes], folder: Path, budget: _Budget) -> None:
    tail = _Tail(stream)
    end = 0
    source: Any = tail  # tarfile needs no more of a stream than read()
    with tarfile.open(fileobj=source, mode="r|") as members:
        for info in members:
            budget.member()
            target = _target(info.name, folder)
            blocks = -(-info.size // tarfile.BLOCKSIZE) if info.isreg() else 0
            end = info.offset_data + blocks * tarfile.BLOCKSIZE
            if info.isdir():
                target.mkdir(parents=True, exist_ok=True)
            elif info.isreg() and not info.issparse():
                member = members.extractfile(info)
                assert member is not None
                budget.write(member, target)
            else:
                raise WrongFileError(f"the archive has a link or device: {info.name!r}")
    while tail.read(_CHUNK):  # also checks the sum at the end of a compressed stream
        pass
    # An archive ends with two blocks of zeros; tarfile takes any end for that end.
    if tail.content > end:
        raise WrongFileError(f"the archive is damaged after byte {end:,}")
    if tail.size < end + 1024:
        raise WrongFileError(
            f"the archive is cut off after byte {tail.size:,}: its end mark is missing"
        )


@contextmanager
def _opened(archive: Path, name: str) -> Iterator[IO[bytes]]:
    packing = re.search(r"\.(?:tar\.|t)?(gz|bz2?|xz)$", name)
    if packing is None:
        with archive.open("rb") as stream:
            yield stream
        return
    with _OPENERS["bz2" if packing[1].startswith("bz") else packing[1]](archive) as stream:
        yield stream

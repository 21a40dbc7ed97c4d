# SPDX-License-Identifier: Apache-2.0
"""What the tests of downloads share: archives, artefacts, an impatient client."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

from xling.data.checksums import read_lock
from xling.data.download import download
from xling.data.http import Patience, Web
from xling.data.registry import Artefact

KEY = "toy-1.0"
FILES = {"toy/train.tsv": b"one\ttwo\n" * 3, "toy/LICENSE": b"free\n"}


def zipped(files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, packing)
    return stream.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def noise(count: int) -> bytes:
    """Bytes that do not compress, the same every time."""
    blocks = (hashlib.sha256(str(i).encode()).digest() for i in range(count // 32 + 1))
    return b"".join(blocks)[:count]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def artefact(address: str, **changes) -> Artefact:
    values = {
        "key": KEY,
        "dataset": "toy",
        "version": "1.0",
        "language": "en",
        "role": "labelled",
        "address": address,
        "mirrors": (),
        "sha256": "record",
        "bytes": None,
        "rows": "",
        "licence": "CC0",
        "terms": "",
        "how": "auto",
        "note": "",
    }
    return Artefact(**(values | changes))


def web(**changes) -> Web:
    values = {"attempts": 3, "first_wait": 0.01, "longest_wait": 2.0, "connect": 2.0, "silence": 2}
    return Web(Patience(**(values | changes)))


def fetch(one: Artefact, root: Path, **options) -> dict:
    options.setdefault("web", web())
    return download(one, root / "data", root / "checksums.lock", **options)


def on_disk(root: Path, key: str = KEY) -> dict[str, bytes]:
    folder = root / "data" / key
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def nothing_kept(root: Path, key: str = KEY, *, partial: bool = False) -> bool:
    """Whether neither files nor note nor sum nor (unless allowed) bytes of a download are left."""
    left = [root / "data" / key, root / "data" / f"{key}.json"]
    work = root / "data" / ".partial" / key
    left += work.glob("new/**/*") if partial else [p for p in work.rglob("*") if p.is_file()]
    return not any(p.exists() for p in left) and key not in read_lock(root / "checksums.lock")

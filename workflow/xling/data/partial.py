# SPDX-License-Identifier: Apache-2.0
"""A download in progress: the bytes so far and what they are bytes of."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from xling.data.disk import mega
from xling.files import write_text

log = logging.getLogger(__name__)

EVERY = 5.0  # seconds between two lines of progress


@dataclass(frozen=True)
class Origin:
    """What a server said of a file when its download began.

    Attributes:
        etag, modified: the headers ETag and Last-Modified, or "".
        total: bytes in all, if the server said so.
    """

    address: str
    etag: str = ""
    modified: str = ""
    total: int | None = None

    @property
    def validator(self) -> str:
        """The value for If-Range: a weak ETag does not promise equal bytes."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


class Partial:
    """Bytes of one address on the disk, kept over failures and kills.

    Attributes:
        path: the file with the bytes.
        name: what the log calls it.
    """

    def __init__(self, folder: Path, address: str, name: str) -> None:
        stem = hashlib.sha256(address.encode()).hexdigest()[:16]
        self.path = folder / f"{stem}.part"
        self._about = folder / f"{stem}.json"
        self._address = address
        self.name = name

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def origin(self) -> Origin | None:
        """Return what the bytes are of; None if there are none, or nothing says of what."""
        if not self.size:
            return None
        try:
            origin = Origin(**json.loads(self._about.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return origin if origin.address == self._address else None

    def begin(self, origin: Origin) -> None:
        """Throw the bytes away and note what the next ones will be of."""
        self.path.unlink(missing_ok=True)
        write_text(self._about, json.dumps(asdict(origin), indent=1, sort_keys=True) + "\n")

    def set_total(self, total: int | None) -> None:
        """Note the size that the server told later."""
        origin = self.origin()
        if origin is not None and total is not None and origin.total is None:
            text = json.dumps(asdict(replace(origin, total=total)), indent=1, sort_keys=True)
            write_text(self._about, text + "\n")

    def discard(self) -> None:
        """Throw everything away."""
        self.path.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)


class Progress:
    """Logs bytes, rate and time left every few seconds."""

    def __init__(self, name: str, have: int, total: int | None, every: float = EVERY) -> None:
        self._name, self._have, self._total, self._every = name, have, total, every
        self._begun = self._told = time.monotonic()
        self._new = 0

    def add(self, count: int) -> None:
        """Count bytes that arrived."""
        self._new += count
        now = time.monotonic()
        if now - self._told >= self._every:
            self._told = now
            log.info("%s", self.line(now - self._begun))

    def line(self, seconds: float) -> str:
        """Return the line of progress after so many seconds."""
        have, rate = self._have + self._new, self._new / max(seconds, 1e-9)
        text = f"{self._name}: {mega(have)}"
        if self._total:
            text += f" of {mega(self._total)} ({100 * have // self._total} %)"
        text += f", {mega(rate)}/s"
        if self._total and rate:
            text += f", {(self._total - have) / rate:,.0f} s left"
        return text

# SPDX-License-Identifier: Apache-2.0
"""Brings the file behind one address to the disk: retries, back-off, resume, safe redirects.

Proxies are taken from the environment (``HTTPS_PROXY``, ``NO_PROXY``).
"""

from __future__ import annotations

import logging
import os
import random
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

from xling import __version__
from xling.data.answers import (
    AgainError,
    UnavailableError,
    continues,
    ended,
    judge,
    reason,
)
from xling.data.contents import HEAD, WrongFileError, refuse_page
from xling.data.disk import require_room, writing
from xling.data.partial import Origin, Partial, Progress
from xling.errors import Interrupted, SetupError

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

CHUNK = 1 << 18
MAX_REDIRECTS = 10
NEW_START = 1 << 20  # bytes that must have arrived for the count of failures to begin again


@dataclass(frozen=True)
class Patience:
    """How long to try one address.  All values are ours.

    Attributes:
        attempts: without progress, before the next mirror is tried.
        first_wait: seconds before the second attempt; doubled each time, times 0.5 to 1.
        longest_wait: seconds; a server that asks for a longer pause counts as gone.
        connect, silence: seconds to wait for a connection and for the next byte.
    """

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 120.0
    connect: float = 20.0
    silence: float = 60.0


def offline() -> bool:
    """Tell whether the environment forbids the network, as the Hugging Face libraries read it."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


@dataclass
class Web:
    """The network, as far as this program uses it.

    Attributes:
        stop: set by another thread to end all downloads; what has arrived is kept.
        jitter: gives a number between 0 and 1, so that many clients do not come back at once.
    """

    patience: Patience = field(default_factory=Patience)
    stop: threading.Event = field(default_factory=threading.Event)
    jitter: Callable[[], float] = random.random

    def fetch(self, address: str, partial: Partial, file_name: str, size: int | None) -> None:
        """Bring the file behind an address to ``partial``; go on with what is there.

        Args:
            file_name: what the file should be, to tell it from an error page.
            size: its exact size, if known; another one is refused before it is downloaded.

        Raises:
            UnavailableError: there is no such file, or not now.
            WrongFileError: another file is there.
            SetupError: no room, or the network is forbidden.
            Interrupted: ``stop`` was set.
        """
        if urlsplit(address).scheme == "file":
            _copy(address, partial)
            return
        _refuse_offline(address)
        failures, best = 0, partial.size
        while True:
            try:
                self._attempt(address, partial, file_name, size)
                return
            except AgainError as again:
                if partial.size >= best + NEW_START:
                    failures, best = 0, partial.size
                failures += 1
                if failures >= self.patience.attempts:
                    raise UnavailableError(
                        f"{again} (attempts: {failures})", answered=again.answered
                    ) from again
                self._pause(again, failures, partial.name)

    def _pause(self, again: AgainError, failures: int, name: str) -> None:
        longest = self.patience.longest_wait
        if again.wait is not None and again.wait > longest:
            raise UnavailableError(
                f"{again}; it asks to come back in {again.wait:,.0f} s"
            ) from again
        growing = min(longest, self.patience.first_wait * 2 ** (failures - 1))
        wait = max(again.wait or 0.0, growing * (0.5 + self.jitter() / 2))
        log.warning("%s: %s; again in %.1f s", name, again, wait)
        self.stop.wait(wait)
        self.go_on(name)

    def go_on(self, name: str) -> None:
        """Raise :class:`Interrupted` if ``stop`` was set."""
        if self.stop.is_set():
            raise Interrupted(f"the download of {name} stopped")

    def _attempt(self, address: str, partial: Partial, file_name: str, size: int | None) -> None:
        import requests
        import urllib3

        origin = partial.origin()
        have = partial.size if origin else 0
        if origin and have and have == origin.total:
            return  # killed after the last byte
        headers = {"User-Agent": f"xling/{__version__}", "Accept-Encoding": "identity"}
        if origin and have:
            headers["Range"] = f"bytes={have}-"
            if origin.validator:
                headers["If-Range"] = origin.validator
        try:
            with requests.Session() as session, self._open(session, address, headers) as response:
                judge(response)
                if response.status_code == 416:
                    partial.discard()
                    raise AgainError("the server has no such part of the file any more")
                total = self._prepare(response, address, partial, file_name)
                if size is not None and total is not None and total != size:
                    partial.discard()
                    raise WrongFileError(
                        f"the file has {total:,} bytes, the registry says {size:,}"
                    )
                self._receive(response, partial, total)
        except (requests.exceptions.SSLError, requests.exceptions.InvalidURL) as error:
            raise UnavailableError(reason(error), answered=False) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise AgainError(reason(error), answered=False) from error

    def _open(
        self, session: requests.Session, address: str, headers: dict[str, str]
    ) -> requests.Response:
        """Follow redirects by hand: to http and https only, and never from https to http."""
        for _ in range(MAX_REDIRECTS + 1):
            response = session.get(
                address,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(self.patience.connect, self.patience.silence),
            )
            location = session.get_redirect_target(response)
            if location is None:
                return response
            response.close()
            target = urljoin(address, location)
            old, new = urlsplit(address).scheme, urlsplit(target).scheme
            if new not in ("http", "https") or (old == "https" and new == "http"):
                raise UnavailableError(f"the server sends us on to {target}, which is not safe")
            address = target
        raise UnavailableError(f"the server sends us on more than {MAX_REDIRECTS} times")

    def _prepare(
        self, response: requests.Response, address: str, partial: Partial, file_name: str
    ) -> int | None:
        """Decide whether the answer goes on where we are; return the size of the whole file."""
        headers = response.headers
        packed = headers.get("Content-Encoding", "identity") != "identity"
        if packed and not file_name.endswith("gz"):  # some servers say so of .gz files themselves
            raise UnavailableError("the server compresses the file although it is asked not to")
        if response.status_code == 206:
            total = continues(headers.get("Content-Range", ""), partial)
            partial.set_total(total)
            return total
        if headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml")):
            refuse_page(response.raw.read(HEAD), file_name, announced=True)
        length = headers.get("Content-Length", "")
        total = int(length) if length.isdigit() and "Transfer-Encoding" not in headers else None
        if partial.size:
            log.info("%s: the server sends the file from its beginning", partial.name)
        etag, modified = headers.get("ETag", ""), headers.get("Last-Modified", "")
        with writing(partial.name, partial.path.parent, total):
            partial.begin(Origin(address, etag, modified, total))
        return total

    def _receive(self, response: requests.Response, partial: Partial, total: int | None) -> None:
        import urllib3

        have, folder = partial.size, partial.path.parent
        if total is not None:
            require_room(partial.name, folder, total - have)
        progress = Progress(partial.name, have, total)
        try:
            with writing(partial.name, folder, total), partial.path.open("ab") as stream:
                # read1 gives what has arrived, so that a kill loses almost nothing.
                while chunk := response.raw.read1(CHUNK, decode_content=False):
                    stream.write(chunk)
                    stream.flush()
                    progress.add(len(chunk))
                    self.go_on(partial.name)
        except urllib3.exceptions.HTTPError as error:
            raise AgainError(ended(partial.size, total, error)) from error
        if total is not None and partial.size != total:
            if partial.size > total:
                partial.discard()
            raise AgainError(ended(partial.size, total, None))


def _refuse_offline(address: str) -> None:
    if offline():
        raise SetupError(
            "a download is needed and the network is forbidden",
            where=f"HF_HUB_OFFLINE={os.environ['HF_HUB_OFFLINE']}; {address}",
            allowed="downloads with HF_HUB_OFFLINE unset or 0",
            fix="run 'xling fetch --dataset NAME' without it where there is a network",
        )


def _copy(address: str, partial: Partial) -> None:
    parts = urlsplit(address)
    source = Path(url2pathname(parts.path))
    if parts.hostname not in (None, "localhost"):
        raise UnavailableError("a file address names no host")
    if not source.is_file():
        raise UnavailableError("there is no such file", answered=True)
    with writing(partial.name, partial.path.parent, source.stat().st_size):
        partial.begin(Origin(address, total=source.stat().st_size))
        shutil.copyfile(source, partial.path)

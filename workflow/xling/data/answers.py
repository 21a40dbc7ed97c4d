# SPDX-License-Identifier: Apache-2.0
"""What a server's answer means: take it, ask again, or go elsewhere."""

from __future__ import annotations

import email.utils
import re
import time
from typing import TYPE_CHECKING

from xling.data.contents import WrongFileError
from xling.data.disk import mega
from xling.data.partial import Partial
from xling.data.registry import Artefact
from xling.errors import DataError, SetupError

if TYPE_CHECKING:
    import requests

_BUSY = frozenset((408, 425, 429))  # and 5xx: the server asks to come back


class UnavailableError(Exception):
    """An address does not give its file, for good or after all attempts; the reason is the text.

    Attributes:
        answered: whether there was a server at all.
    """

    def __init__(self, reason: str, *, answered: bool = True) -> None:
        super().__init__(reason)
        self.answered = answered


class AgainError(Exception):
    """This attempt failed; another may not.  ``wait``: seconds that the server asked for."""

    def __init__(self, reason: str, *, wait: float | None = None, answered: bool = True) -> None:
        super().__init__(reason)
        self.wait = wait
        self.answered = answered


def judge(response: requests.Response) -> None:
    """Raise unless the answer brings bytes (200, 206) or says that there are none left (416)."""
    status = response.status_code
    text = f"HTTP {status} {response.reason or ''}".strip()
    if status in _BUSY or status >= 500:
        raise AgainError(text, wait=retry_after(response.headers.get("Retry-After", "")))
    if status not in (200, 206, 416):
        raise UnavailableError(text)


def retry_after(value: str) -> float | None:
    """Return the seconds of a Retry-After header: a number, or a date."""
    if value.strip().isdigit():
        return float(value)
    date = email.utils.parsedate_tz(value)
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None


def continues(content_range: str, partial: Partial) -> int | None:
    """Check that a partial answer begins where we are; return the size of the whole file."""
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", content_range.strip())
    origin = partial.origin()
    total = int(found[3]) if found and found[3] != "*" else None
    fits = origin and (None in (total, origin.total) or total == origin.total)
    if found is None or not fits or int(found[1]) != partial.size:
        partial.discard()
        raise AgainError(f"the server sent another part than the one asked for ({content_range})")
    return total if total is not None else (origin.total if origin else None)


def ended(size: int, total: int | None, error: Exception | None) -> str:
    of = f" of {mega(total)}" if total is not None else ""
    why = "" if error is None or "Incomplete" in str(error) else f" ({reason(error)})"
    return f"the connection ended after {mega(size)}{of}{why}"


def reason(error: Exception) -> str:
    """Return the innermost cause: the outer ones repeat addresses and object names."""
    while error.__cause__ is not None or error.__context__ is not None:
        inner = error.__cause__ or error.__context__
        if not isinstance(inner, Exception):
            break
        error = inner
    return f"{type(error).__name__}: {error}"


def all_failed(
    artefact: Artefact, failures: list[tuple[str, UnavailableError | WrongFileError]]
) -> DataError | SetupError:
    """Return the message that no address gave the file, with each one's reason."""
    where = "\n           ".join(f"{place}: {error}" for place, error in failures)
    if all(isinstance(error, UnavailableError) and not error.answered for _, error in failures):
        return SetupError(
            f"{artefact.key} cannot be fetched: no server can be reached",
            where=where,
            fix="check the network, the proxy (HTTPS_PROXY, NO_PROXY) and its certificates "
            "(REQUESTS_CA_BUNDLE), then run the same command again; it goes on where it stopped",
        )
    fixes = dict.fromkeys(e.fix for _, e in failures if isinstance(e, WrongFileError) and e.fix)
    return DataError(
        f"{artefact.key} cannot be fetched from any of its addresses ({len(failures)} tried)",
        where=where,
        allowed=f"the published file {artefact.file_name}",
        fix="; ".join(fixes) or "try again later, or add a mirror in config/datasets.csv",
    )

# SPDX-License-Identifier: Apache-2.0
"""Is a download what its name says?  Error pages are recognised and named."""

from __future__ import annotations

import re
from pathlib import Path

# Suffix -> what it is in words, first bytes, and where they stand.  The longest suffix counts.
_KINDS: dict[str, tuple[str, tuple[bytes, ...], int]] = {
    ".zip": ("a zip archive", (b"PK\x03\x04", b"PK\x05\x06"), 0),
    ".gz": ("a gzip file", (b"\x1f\x8b",), 0),
    ".tgz": ("a gzip file", (b"\x1f\x8b",), 0),
    ".bz2": ("a bzip2 file", (b"BZh",), 0),
    ".xz": ("an xz file", (b"\xfd7zXZ\x00",), 0),
    ".tar": ("a tar archive", (b"ustar",), 257),
    ".parquet": ("a Parquet file", (b"PAR1",), 0),
    ".json": ("a JSON file", (b"{", b"["), 0),
}
HEAD = 65_536  # bytes of a page that are looked at
_PAGE = re.compile(rb"\s*(<!doctype html|<html|<head|<script)", re.IGNORECASE)
_XML_ERROR = re.compile(rb"\s*(<\?xml[^>]*>\s*)?<Error>.*?<Code>(.*?)</Code>", re.DOTALL)
# What a page is about, by words in it; the first that fits.
_SUBJECTS = (
    ("the download quota of the file is used up", "quota|too many users|download limit"),
    ("one has to log in first", "log ?in|sign ?in|password|authenticat"),
    ("one has to accept terms first", "i agree|accept the (terms|licen[cs]e)|terms of use"),
    ("the file could not be scanned for viruses", "virus"),
    ("the file is not there", "not found|no longer available|404"),
    ("one has to prove to be a person", "captcha|are you a robot|checking your browser"),
)


class WrongFileError(Exception):
    """What was downloaded is not the wanted file; the message is the reason.

    Attributes:
        fix: what a person can do about it, if there is something particular.
    """

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.fix = fix


def check_kind(path: Path, name: str) -> None:
    """Raise :class:`WrongFileError` if a file does not begin as the suffix of ``name`` demands."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    refuse_page(head, name)
    kind = next((_KINDS[end] for end in _KINDS if name.lower().endswith(end)), None)
    if not head:
        raise WrongFileError("the file is empty")
    if kind is None:
        return
    words, begins, offset = kind
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip() if words == "a JSON file" else head[offset:]
    if not start.startswith(begins):
        raise WrongFileError(f"this is not {words}: it begins with {head[:16]!r}")


def refuse_page(head: bytes, name: str, *, announced: bool = False) -> None:
    """Raise :class:`WrongFileError` if this begins like a web page and ``name`` is none.

    Args:
        announced: the server said that it is HTML.
    """
    if name.lower().endswith((".html", ".htm")):
        return
    if error := _XML_ERROR.match(head):
        raise WrongFileError(f"an error page of the server instead of the file: {_text(error[2])}")
    if announced or _PAGE.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise WrongFileError(
            f"an HTML page instead of the file: {describe_page(head)}",
            fix="open the address in a browser to see what it wants",
        )


def describe_page(head: bytes) -> str:
    """Say in words what an HTML page is about, with its title."""
    found = re.search(rb"<title[^>]*>(.*?)</title>", head, re.IGNORECASE | re.DOTALL)
    title = _text(found[1]) if found else ""
    # Scripts and styles are full of words that nobody reads.
    text = re.sub(rb"<(script|style).*?</\1>|<[^>]*>", b" ", head, flags=re.DOTALL | re.IGNORECASE)
    words = f"{title} {_text(text)}".lower()
    subject = next((say for say, pattern in _SUBJECTS if re.search(pattern, words)), "")
    return "; ".join(
        part for part in (subject, f"its title is '{title[:80]}'" * bool(title)) if part
    ) or ("it has no title")


def _text(raw: bytes) -> str:
    return " ".join(raw.decode("utf-8", errors="replace").split())

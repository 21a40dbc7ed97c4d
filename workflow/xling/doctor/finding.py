# SPDX-License-Identifier: Apache-2.0
"""What a check found: fine, doubtful or wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from xling.errors import XlingError

Level = Literal["ok", "warning", "error"]
_SHOWN = 5  # ours: of a long list the first few say enough


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        level: ``error``: it cannot work so; ``warning``: it can, but perhaps not as hoped.
        what: what was looked at, and how it is.
        fix: what to do; warnings and errors have one.
    """

    level: Level
    what: str
    fix: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<9}{self.what}\n"
        return f"{line}{'':9}do: {self.fix}\n" if self.fix else line


def ok(what: str) -> Finding:
    """Return a finding that all is well."""
    return Finding("ok", what)


def warning(what: str, fix: str) -> Finding:
    """Return a finding that may or may not matter."""
    return Finding("warning", what, fix)


def error(what: str, fix: str) -> Finding:
    """Return a finding that stops the study."""
    return Finding("error", what, fix)


def guarded(check: Callable[[], Iterable[Finding]], name: str) -> Iterator[Finding]:
    """Run a check; what stops it is its last finding."""
    try:
        yield from check()
    except XlingError as problem:
        where = problem.where.replace("\n", "\n" + " " * 9)
        yield error(
            f"{name}: {problem.what}" + (f" ({where})" if where else ""),
            problem.fix or problem.allowed or "see the message",
        )


def few(names: Sequence[str]) -> str:
    """Return the first names of a list and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def size(mega: float) -> str:
    """Return MB (10^6 bytes) as people say it."""
    if mega >= 1e6:
        return f"{mega / 1e6:,.1f} TB"
    return f"{mega / 1e3:,.1f} GB" if mega >= 1e3 else f"{mega:,.0f} MB"

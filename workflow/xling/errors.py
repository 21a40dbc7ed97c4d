# SPDX-License-Identifier: Apache-2.0
"""Errors that a user can act on.

Every error names what is wrong, where, what is allowed and what to do.  The command line prints
those four lines without a traceback and leaves with the class's exit code; anything else that
escapes is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class XlingError(Exception):
    """Base of all errors shown to a user.

    Args:
        what: one sentence: what is wrong.
        where: file, key, line, row: as exact as known.
        allowed: what would have been right.
        fix: what to do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", allowed: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.allowed = allowed
        self.fix = fix

    def __str__(self) -> str:
        lines = [f"error: {self.what}"]
        for name, value in (("where", self.where), ("allowed", self.allowed), ("do", self.fix)):
            if value:
                lines.append(f"  {name + ':':<9}{value}")
        return "\n".join(lines)


class UsageError(XlingError):
    """The user asked for something impossible: a study, an argument, a name (exit code 2)."""

    exit_code = 2


class DataError(XlingError):
    """A file is missing, damaged or not what it should be (exit code 3)."""

    exit_code = 3


class SetupError(XlingError):
    """The machine lacks something: a package, a device, disk space (exit code 4)."""

    exit_code = 4


class Interrupted(Exception):  # noqa: N818 - not an error: the next run goes on
    """Work stopped on a signal after saving; running the same command again goes on."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the closest allowed spelling, or an empty string."""
    close = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""

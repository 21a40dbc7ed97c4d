# SPDX-License-Identifier: Apache-2.0
"""Room on the disk: asked for beforehand where the size is known, and named when it ends."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xling.errors import SetupError

# Disk full, quota used up, file larger than the process may write.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def mega(count: float) -> str:
    """Return a number of bytes in MB (10^6)."""
    return f"{count / 1e6:,.1f} MB"


@contextmanager
def writing(what: str, folder: Path, needed: int | None) -> Iterator[None]:
    """Turn a full or read-only disk into a message.

    Args:
        what: what is being written, as the beginning of a sentence.
        folder: where.
        needed: bytes in all, if known.

    Raises:
        SetupError: in place of the operating system's error.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(what, folder, needed, error.strerror or "disk full") from error
        if error.errno in _REFUSED:
            raise SetupError(
                f"{what} cannot be written ({error.strerror})",
                where=str(folder),
                fix="make the folder writable, or choose another with --base",
            ) from error
        raise


def require_room(what: str, folder: Path, needed: int) -> None:
    """Raise :class:`SetupError` if fewer than ``needed`` bytes are free."""
    if shutil.disk_usage(folder).free < needed:
        raise _full(what, folder, needed, "too little is free")


def _full(what: str, folder: Path, needed: int | None, reason: str) -> SetupError:
    size = mega(needed) if needed is not None else "more than is free (its size is not known)"
    return SetupError(
        f"{what} does not fit on the disk: {reason}",
        where=str(folder),
        allowed=f"needed: {size}; free: {mega(shutil.disk_usage(folder).free)}",
        fix="make room, or choose another folder with --base, and run the same command again; "
        "it goes on where it stopped",
    )

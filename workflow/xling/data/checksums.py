# SPDX-License-Identifier: Apache-2.0
"""``resources/checksums.lock``: sums of downloads that publish none, recorded on the first fetch.

One line each, sorted by key: SHA-256, bytes, key, UTC date of the first fetch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from xling.data.contents import WrongFileError
from xling.errors import DataError
from xling.files import write_text

_HEADER = (
    "# sha256  bytes  key  first fetch: what 'xling fetch' downloaded first, and holds it to.\n"
)


Content = tuple[str, int]  # SHA-256 and bytes


@dataclass(frozen=True)
class Recorded:
    """What a download must be; ``date`` is empty if the registry says it, not a first fetch."""

    sha256: str
    bytes: int
    date: str


def today() -> str:
    """Return the UTC date."""
    return datetime.now(UTC).date().isoformat()


def read_lock(path: Path) -> dict[str, Recorded]:
    """Return what is recorded by key; nothing if the file is absent.

    Raises:
        DataError: a line cannot be understood.
    """
    found: dict[str, Recorded] = {}
    if not path.exists():
        return found
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split()
        if len(parts) != 4 or len(parts[0]) != 64 or not parts[1].isdigit() or parts[2] in found:
            raise DataError(
                "the recorded checksums cannot be read",
                where=f"{path}:{number}: {line[:120]}",
                allowed="sha256, bytes, key and date, each key once",
                fix="take the file from version control",
            )
        found[parts[2]] = Recorded(parts[0], int(parts[1]), parts[3])
    return found


def wrong_sum(key: str, found: Content, expected: Recorded) -> WrongFileError:
    """Return the message that a file has another sum than recorded, or than the registry says."""
    sha256, size = found
    if expected.date:
        return WrongFileError(
            f"it changed: its sha256 is {sha256} ({size:,} bytes), recorded on {expected.date} "
            f"was {expected.sha256} ({expected.bytes:,} bytes)",
            fix="find out what changed; if the new file is right: "
            f"xling fetch --accept-changed {key}",
        )
    return WrongFileError(
        f"its sha256 is {sha256}, the registry says {expected.sha256}",
        fix="the file changed or was damaged on the way; if a new version is wanted, change "
        "its row in config/datasets.csv",
    )


def record(path: Path, key: str, sha256: str, size: int, *, replace: bool = False) -> None:
    """Record a download; safe for several processes at once.

    Args:
        replace: take the new sum if another is recorded.

    Raises:
        DataError: another sum is recorded.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        lines = read_lock(path)
        old = lines.get(key)
        if old is not None and old.sha256 == sha256:
            return
        if old is not None and not replace:
            raise DataError(
                f"the download {key} changed",
                where=str(path),
                allowed=f"sha256 {old.sha256} (recorded {old.date}), not {sha256}",
                fix=f"see what changed; 'xling fetch --accept-changed {key}' takes the new one",
            )
        lines[key] = Recorded(sha256, size, today())
        text = "".join(
            f"{one.sha256}  {one.bytes}  {name}  {one.date}\n"
            for name, one in sorted(lines.items())
        )
        write_text(path, _HEADER + text)

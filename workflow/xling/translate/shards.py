# SPDX-License-Identifier: Apache-2.0
"""Work for several jobs: a fixed number of shards, known before any file is read.

A sentence's text alone decides which shard it is in: no two jobs translate the same one, whatever
files and splits it is in.
"""

from __future__ import annotations

from xling.errors import UsageError
from xling.translate.store import digest


def check_shard(number: int, count: int) -> None:
    """Raise :class:`UsageError` unless there is such a shard.

    Args:
        number: of the shard, from 0.
        count: of shards.
    """
    if not 0 <= number < count:
        raise UsageError(
            f"there is no shard {number} of {count}",
            where="shard",
            allowed=f"0 to {count - 1}" if count > 0 else "one shard or more",
            fix="correct the number of the shard",
        )


def in_shard(sentence: str, number: int, count: int) -> bool:
    """Whether a sentence belongs to a shard."""
    return int.from_bytes(digest(sentence)[:8], "big") % count == number

# SPDX-License-Identifier: Apache-2.0
"""Which paragraphs are tested where one published split is both trained on and tested."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def held_out_groups(texts: Iterable[tuple[str, str]], share: float) -> set[str]:
    """Choose the tested groups: a pure function of the groups' names and equal contexts.

    Groups with the same context stay together, directly or through a third one.  They are ordered
    by a digest of their name, and the first ``share`` of them is tested; at least one is, and at
    least one is not.

    Args:
        texts: (group, context), in any order, a pair as often as it occurs; for parallel data the
            pairs of all languages.
        share: of the groups, between 0 and 1.

    Raises:
        ValueError: all groups belong together.
    """
    first: dict[str, str] = {}
    parent: dict[str, str] = {}
    for group, context in texts:
        one = _root(parent, group)
        other = _root(parent, first.setdefault(context, group))
        # The smaller name leads, whatever the order of the pairs.
        parent[max(one, other)] = min(one, other)
    roots = {group: _root(parent, group) for group in sorted(parent)}
    ordered = sorted(set(roots.values()), key=lambda name: hashlib.sha256(name.encode()).digest())
    if len(ordered) < 2:
        raise ValueError("all its paragraphs have the same context, or there is only one")
    count = min(max(1, round(share * len(ordered))), len(ordered) - 1)
    tested = set(ordered[:count])
    return {group for group, root in roots.items() if root in tested}


def _root(parent: dict[str, str], group: str) -> str:
    """Return the group that stands for all groups that belong together."""
    while parent.setdefault(group, group) != group:
        group = parent[group]
    return group

# SPDX-License-Identifier: Apache-2.0
"""Versions of the libraries that can move a number of a translation."""

from __future__ import annotations

from importlib import metadata

from xling.machine import versions

_PACKAGES = ("fairseq", "sentencepiece")


def versions_of_translation() -> dict[str, str]:
    """Return those of all jobs, and those of translation (fairseq must be installed)."""
    return versions() | {name: metadata.version(name) for name in _PACKAGES}

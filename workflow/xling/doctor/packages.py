# SPDX-License-Identifier: Apache-2.0
"""Python and the packages, against ``pyproject.toml`` and ``envs/requirements.lock``.

A missing package is an error: a job will fail.  Another version is a warning, not an error: the
workflow may well run, and every record names the versions; but results are promised to be equal
only with the locked ones.
"""

from __future__ import annotations

import platform
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from xling.doctor.finding import Finding, error, few, ok, warning

LEAST_PYTHON = (3, 11)
_INSTALL = (
    "pip install -r envs/requirements.lock && pip install --no-deps --no-build-isolation -e ."
)


def python_finding() -> Finding:
    """Compare the Python that runs."""
    here = f"Python {platform.python_version()} ({sys.executable})"
    if sys.version_info < LEAST_PYTHON:
        least = ".".join(str(part) for part in LEAST_PYTHON)
        return error(f"{here} is older than {least}", f"make the environment with Python {least}")
    return ok(here)


def package_findings(root: Path) -> Iterator[Finding]:
    """Compare what is installed with the versions of the checkout."""
    lock = root / "envs" / "requirements.lock"
    locked = _locked(lock.read_text(encoding="utf-8").splitlines())
    declared = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = _names(declared["dependencies"])
    needed = _closure(direct)
    missing = [name for name in locked if name in needed and _installed(name) is None]
    if missing:
        yield error(f"packages are missing ({len(missing)}): {few(missing)}", _INSTALL)
    differing = [
        f"{name} {found} (locked: {version})"
        for name, version in locked.items()
        if name in needed and (found := _installed(name)) is not None and not _same(found, version)
    ]
    chosen = [text for text in differing if text.split()[0] in direct]
    if differing:
        yield warning(
            f"packages have other versions ({len(differing)}, {len(chosen)} of them named by "
            f"xling): {few([*chosen, *(text for text in differing if text not in chosen)])}",
            f"for the numbers of the locked versions: {_INSTALL}",
        )
    if not missing and not differing:
        count = sum(1 for name in locked if name in needed)
        yield ok(f"packages: {count} as in envs/requirements.lock")
    tools = [name for name in locked if name not in needed and _installed(name) is None]
    if tools:
        yield ok(f"tools for work on xling itself: {len(tools)} are not installed")


def _locked(lines: Iterable[str]) -> dict[str, Version]:
    """Return the locked versions that hold on this Python and system."""
    found = {}
    for line in lines:
        text = line.partition("#")[0].strip()
        if not text or text.startswith("-"):
            continue
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate():
            (pin,) = wanted.specifier
            found[canonicalize_name(wanted.name)] = Version(pin.version)
    return dict(sorted(found.items()))


def _names(requirements: Iterable[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def _closure(direct: Iterable[str]) -> set[str]:
    """Return the packages that xling needs to run, directly or not, as far as they are here."""
    found: set[str] = set()
    waiting = [(name, frozenset[str]()) for name in direct]
    seen = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        found.add(name)
        for text in _requires(name):
            wanted = Requirement(text)
            asked = [{"extra": extra} for extra in ("", *extras)]
            if wanted.marker and not any(wanted.marker.evaluate(extra) for extra in asked):
                continue
            entry = (canonicalize_name(wanted.name), frozenset(wanted.extras))
            if entry not in seen:
                seen.add(entry)
                waiting.append(entry)
    return found


def _requires(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _same(found: str, locked: Version) -> bool:
    """Compare without the local part: torch 2.13.0+cu130 is the release 2.13.0 for one CUDA."""
    return Version(found).public == locked.public

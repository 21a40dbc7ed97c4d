# SPDX-License-Identifier: Apache-2.0
"""Whether translation models can be trained: fairseq, or what it takes to build it.

It is no package of the lock: it is built here, against its own pins (``envs/fairseq.txt``).
Everything but translation works without it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from xling.doctor.finding import Finding, error, few, ok, warning
from xling.mt.fairseq.compat import SUPPORTED

_NAME = "fairseq"
_MAKE = "make fairseq, or: pip install --no-deps -r envs/fairseq.txt"
# What setuptools takes by default, on Linux and macOS.
_COMPILERS = ("c++", "g++", "clang++")


def fairseq_findings(root: Path, *, needed: bool) -> Iterator[Finding]:
    """Compare fairseq and what it needs with ``envs/fairseq.txt``.

    Args:
        root: of the checkout.
        needed: the study trains translation models.
    """
    pins = _pins(root / "envs" / "fairseq.txt")
    here = {name: _installed(name) for name in pins}
    version = here[_NAME]
    if version is None:
        yield _absent(needed=needed)
        return
    if version not in SUPPORTED:
        yield error(
            f"fairseq {version} drops sentences or cannot be made to run here",
            f"make fairseq; allowed: {' or '.join(SUPPORTED)}",
        )
        return
    lacks = [name for name, found in here.items() if found is None]
    if lacks:
        yield error(f"fairseq {version} lacks what it needs ({len(lacks)}): {few(lacks)}", _MAKE)
    others = [
        f"{name} {found} (tried: {pins[name]})"
        for name, found in here.items()
        if found not in (None, pins[name])
    ]
    if others:
        yield warning(f"fairseq {version} was tried with other versions: {few(others)}", _MAKE)
    if not lacks and not others:
        yield ok(f"fairseq {version}, with what it needs")


def _absent(*, needed: bool) -> Finding:
    compiler = _compiler()
    if compiler is None:
        lacks = "; there is no C++ compiler to build it"
        do = "install a C++ compiler (Debian: g++ and python3-dev), then: make fairseq"
    else:
        lacks, do = f"; {compiler} can build it", _MAKE
    if needed:
        return error(f"fairseq is not installed{lacks}", do)
    return ok(f"fairseq: not installed; only needed for translation (paper cats){lacks}")


def _compiler() -> str | None:
    """Return the first C++ compiler that is here, by name."""
    own = os.environ.get("CXX", "").split()[:1]
    return next((name for name in own or _COMPILERS if shutil.which(name)), None)


def _pins(path: Path) -> dict[str, str]:
    """Return the versions of a file of exact requirements."""
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    wanted = [Requirement(line) for line in lines if line]
    return {one.name: pin.version for one in wanted for pin in one.specifier}


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None

# SPDX-License-Identifier: Apache-2.0
"""Downloads by hand: ``xling fetch --dataset``, ``--list``, ``--verify``, ``--accept-changed``."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.config.loader import repository_root
from xling.errors import DataError, Interrupted, UsageError, XlingError

if TYPE_CHECKING:
    from xling.data.registry import Artefact

log = logging.getLogger(__name__)

BASE = Path("resources") / "data"
WORKERS = 4  # ours: servers of data sets dislike more connections from one place


def register(sub: argparse.ArgumentParser) -> None:
    """Add the options for downloads to the verb ``fetch``."""
    group = sub.add_argument_group(
        "downloads", "one of these, instead of the options above (docs/data.md)"
    )
    one = group.add_mutually_exclusive_group()
    one.add_argument(
        "--dataset",
        nargs="+",
        metavar="NAME",
        help="download data sets of config/datasets.csv: all artefacts of a dataset, or one key; "
        "what is there already stays, what was begun goes on",
    )
    one.add_argument(
        "--list",
        action="store_true",
        help="list all artefacts with size, licence and state; downloads nothing",
    )
    one.add_argument(
        "--verify",
        nargs="*",
        metavar="NAME",
        help="compare every downloaded file, or those of the names, with its checksum",
    )
    one.add_argument(
        "--accept-changed",
        metavar="KEY",
        help="download an artefact anew and record its checksum although it changed",
    )
    group.add_argument(
        "--base",
        type=Path,
        metavar="DIR",
        help=f"folder of the downloads (default: {BASE} of the checkout)",
    )


def run(args: argparse.Namespace) -> bool:
    """Do what the options for downloads ask for; return False if none of them was given.

    Raises:
        UsageError: an unknown name, or a mistake in the registry.
        DataError: something could not be fetched, or differs from its checksum.
        SetupError: no room, no network, or the network is forbidden.
    """
    from xling.data.registry import artefacts, select

    if not (args.dataset or args.list or args.verify is not None or args.accept_changed):
        if args.base is not None:
            raise UsageError(
                "--base says where downloads lie, but nothing to do with them",
                where="--base",
                allowed="--base with --dataset, --list, --verify or --accept-changed",
            )
        return False
    root = repository_root()
    base, lock = args.base or root / BASE, root / "resources" / "checksums.lock"
    registry = artefacts(root / "config" / "datasets.csv")
    if args.list:
        sys.stdout.write(_listing(list(registry.values()), base))
    elif args.verify is not None:
        chosen = select(args.verify, registry) if args.verify else list(registry.values())
        _verify(chosen, base, lock, named=bool(args.verify))
    elif args.accept_changed:
        _accept(args.accept_changed, registry, base, lock)
    else:
        _fetch_all(select(args.dataset, registry), base, lock)
    return True


def _listing(chosen: Sequence[Artefact], base: Path) -> str:
    from xling.data.disk import mega
    from xling.data.verify import state

    rows = [("key", "dataset", "size", "licence", "how", "state")]
    for one in chosen:
        size = mega(one.bytes) if one.bytes else "?"
        rows.append((one.key, one.dataset, size, one.licence, one.how, state(one, base)))
    return _columns(rows, right=2)


def _columns(rows: Sequence[Sequence[str]], right: int) -> str:
    """Return rows as lines of aligned columns; column ``right`` is aligned to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if i == right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)


def _verify(chosen: Sequence[Artefact], base: Path, lock: Path, *, named: bool) -> None:
    from xling.data.verify import verify

    compared, found = verify(chosen, base, lock)
    if named:
        found += [f"{one.key}: is not there" for one in chosen if one.key not in compared]
    if found:
        raise DataError(
            f"downloads differ from what was fetched (differences: {len(found)})",
            where="\n           ".join(found),
            fix="remove the damaged folders and their .json files, then run "
            "'xling fetch --dataset NAME'",
        )
    absent = len(chosen) - len(compared)
    sys.stdout.write(f"{len(compared)} downloads are as they were fetched, {absent} are absent\n")


def _accept(key: str, registry: dict[str, Artefact], base: Path, lock: Path) -> None:
    from xling.data.checksums import read_lock
    from xling.data.download import download
    from xling.data.registry import RECORD, select

    (artefact, *others) = select([key], registry)
    if others or artefact.key != key:
        raise UsageError(
            f"'{key}' is a dataset of several downloads",
            where="--accept-changed",
            allowed=", ".join(one.key for one in (artefact, *others)),
        )
    other_forms = any(name.startswith(f"{key}+") for name in read_lock(lock))
    if artefact.sha256 != RECORD and not other_forms:
        raise UsageError(
            f"the checksum of '{key}' stands in the registry",
            where="config/datasets.csv",
            allowed="--accept-changed for sums in resources/checksums.lock",
            fix="change the row if a new version is wanted",
        )
    note = download(artefact, base, lock, accept_changed=True)
    sys.stdout.write(f"{key}: recorded sha256 {note['sha256']}, {note['bytes']} bytes\n")


@dataclass(frozen=True)
class _Outcome:
    artefact: Artefact
    seconds: float
    note: dict[str, Any] | None = None
    error: XlingError | None = None


def _fetch_all(chosen: Sequence[Artefact], base: Path, lock: Path) -> None:
    """Fetch several artefacts at once; tell all outcomes, then raise if one failed."""
    from xling.data.download import download
    from xling.data.http import Web

    web = Web()

    def fetch_one(artefact: Artefact) -> _Outcome:
        begun = time.monotonic()
        try:
            note = download(artefact, base, lock, web=web)
        except XlingError as error:
            log.error("%s", error.what)
            return _Outcome(artefact, time.monotonic() - begun, error=error)
        return _Outcome(artefact, time.monotonic() - begun, note=note)

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        futures = [pool.submit(fetch_one, artefact) for artefact in chosen]
        try:
            for future in wait(futures, return_when=FIRST_EXCEPTION).done:
                future.result()  # a bug ends it here, before the others are stopped
        except KeyboardInterrupt as pressed:
            raise Interrupted("the downloads stopped") from pressed
        finally:
            # Nothing is left to stop unless a key was pressed or there is a bug.
            web.stop.set()
            pool.shutdown(cancel_futures=True)
    outcomes = [future.result() for future in futures]
    sys.stdout.write(_summary(outcomes))
    _raise(outcomes)


def _summary(outcomes: Sequence[_Outcome]) -> str:
    from xling.data.disk import mega

    rows = [("key", "outcome", "size", "files", "seconds")]
    for one in outcomes:
        took = f"{one.seconds:.1f}"
        if one.note is None:
            rows.append((one.artefact.key, "failed", "", "", took))
        else:
            how = f"rebuilt by {one.note['rebuilt']}" if one.note["rebuilt"] else "verified"
            files = str(len(one.note["files"]))
            rows.append((one.artefact.key, how, mega(one.note["bytes"]), files, took))
    return _columns(rows, right=2)


def _raise(outcomes: Sequence[_Outcome]) -> None:
    errors = [one.error for one in outcomes if one.error is not None]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        # One kind for all of them only if all are of it: no room on the disk, say.
        kinds = {type(error) for error in errors}
        kind = kinds.pop() if len(kinds) == 1 else DataError
        details = "\n".join(str(error) for error in errors)
        raise kind(
            f"{len(errors)} of {len(outcomes)} downloads failed",
            where=details.replace("\n", "\n           "),
            fix="see each; the same command fetches only what is missing",
        )

# SPDX-License-Identifier: Apache-2.0
"""Brings one artefact of the registry to ``resources/data``: whole and verified, or not at all.

``<base>/<key>/`` holds the unpacked files, ``<base>/<key>.json`` the note, which is written last.
Everything unfinished lies below ``<base>/.partial/<key>/``.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from xling.data import placed
from xling.data.answers import UnavailableError, all_failed
from xling.data.archives import Limits, is_archive, unpack
from xling.data.checksums import Content, Recorded, read_lock, record, today, wrong_sum
from xling.data.contents import WrongFileError, check_kind
from xling.data.disk import mega, writing
from xling.data.http import Web
from xling.data.manifest import sha256_of
from xling.data.notes import (
    differences,
    list_files,
    lock_name,
    note_path,
    read_note,
    sum_of,
    write_note,
)
from xling.data.partial import Partial
from xling.data.registry import REBUILD, RECORD, Artefact
from xling.errors import DataError, UsageError, nearest

log = logging.getLogger(__name__)

PARTIAL = ".partial"
# Downloads an address to a path: with retries, without a checksum.  What rebuilders are given.
Fetcher = Callable[[str, Path], None]


def download(
    artefact: Artefact,
    base: Path,
    lock: Path,
    *,
    web: Web | None = None,
    limits: Limits | None = None,
    accept_changed: bool = False,
) -> dict[str, Any]:
    """Fetch an artefact, or find that it is there already; return its note.

    Args:
        base: the folder ``resources/data``.
        lock: ``resources/checksums.lock``.
        accept_changed: fetch anew, and let the new sum replace a recorded one.

    Raises:
        DataError: no address gives the right file, or a file to be placed by hand is missing.
        SetupError: no room, no network, or the network is forbidden.
        Interrupted: ``web.stop`` was set; the next call goes on.
    """
    work = base / PARTIAL / artefact.key
    with writing(artefact.key, base, None):
        work.parent.mkdir(parents=True, exist_ok=True)
    web = web or Web()
    with _alone(artefact.key, base, web):
        work.mkdir(exist_ok=True)
        placed.recover(base / artefact.key, work)
        job = _Job(artefact, base, lock, work, web, limits or Limits(), accept_changed)
        note = None if accept_changed else job.kept_note()
        if note is None:
            note = job.take_placed() if artefact.how == "manual" else job.try_all()
        shutil.rmtree(work, ignore_errors=True)
        return note


@contextmanager
def _alone(key: str, base: Path, web: Web) -> Iterator[None]:
    """Let one process at a time work on a key; the kernel frees the lock of a killed one."""
    lock = FileLock(base / PARTIAL / f"{key}.lock")
    waited = False
    while not lock.is_locked:
        try:
            lock.acquire(timeout=1.0 if waited else 0.0)
        except Timeout:
            if not waited:
                log.info("%s: another process fetches it; waiting", key)
            waited = True
            web.go_on(key)
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True)
class _Job:
    """The fetch of one artefact; ``work`` is its folder below ``.partial``."""

    artefact: Artefact
    base: Path
    lock: Path
    work: Path
    web: Web
    limits: Limits
    accept_changed: bool

    def expected(self, name: str) -> Recorded | None:
        """Return the sum that a download must have, or None if this is the first fetch."""
        if name == self.artefact.key and self.artefact.sha256 != RECORD:
            return Recorded(self.artefact.sha256, self.artefact.bytes or 0, "")
        return None if self.accept_changed else read_lock(self.lock).get(name)

    def kept_note(self) -> dict[str, Any] | None:
        """Return the note of an earlier fetch if everything it says still holds (sums aside)."""
        key, folder = self.artefact.key, self.base / self.artefact.key
        note = read_note(self.base, key)
        if note is None:
            return None
        expected = self.expected(lock_name(note))
        if expected is not None and note["sha256"] != expected.sha256:
            reason = f"it has the sum {note['sha256']}, wanted is {expected.sha256}"
        elif note["rebuilt"] and REBUILD + note["rebuilt"] not in self.artefact.mirrors:
            reason = f"it was rebuilt by {note['rebuilt']}, which the registry does not name"
        else:
            # A person may have put other files there since; of others names and sizes say enough.
            by_hand = self.artefact.how == "manual"
            reason = next(differences(folder, note, sums=by_hand), "")
        if reason:
            log.warning("%s: is there, but fetched anew: %s", key, reason)
            return None
        self._record(note)
        log.info("%s: is there, fetched %s", key, note["fetched"])
        return note

    def take_placed(self) -> dict[str, Any]:
        """Take over what a person put into the folder."""
        folder = self.base / self.artefact.key
        found = placed.find(self.artefact, folder)
        new: Path | None = None
        try:
            if found.archive is None:
                content = self._check(f"{self.artefact.key}+unpacked", sum_of(list_files(folder)))
            else:
                check_kind(found.archive, found.archive.name)
                content = self._check(self.artefact.key, _sum_and_size(found.archive))
                if is_archive(found.archive.name):
                    new = self._new_folder()
                    unpack(found.archive, found.archive.name, new, self.limits)
                    placed.complete(found.archive, new)
            return self._finish(new, found.address, content)
        except WrongFileError as refused:
            raise placed.refusal(self.artefact, found.archive or folder, refused) from refused
        finally:
            shutil.rmtree(self.work / "new", ignore_errors=True)

    def try_all(self) -> dict[str, Any]:
        """Try the address and the mirrors in order."""
        failures: list[tuple[str, UnavailableError | WrongFileError]] = []
        for place in (self.artefact.address, *self.artefact.mirrors):
            name = place.removeprefix(REBUILD) if place.startswith(REBUILD) else None
            try:
                new, content = self._fetch(place) if name is None else self._rebuild(name)
                return self._finish(new, place, content, name)
            except (UnavailableError, WrongFileError) as error:
                log.warning("%s: %s: %s", self.artefact.key, place, error)
                failures.append((place, error))
            finally:
                shutil.rmtree(self.work / "new", ignore_errors=True)
        raise all_failed(self.artefact, failures)

    def _fetch(self, address: str) -> tuple[Path, Content]:
        """Download, verify and unpack; a wrong file that was resumed gets one new start."""
        name, partial = self.artefact.file_name, Partial(self.work, address, self.artefact.key)
        if not name:
            raise UnavailableError("this is the address of a page, not of a file; not asked")
        resumed = partial.origin() is not None
        log.info("%s: fetching %s%s", self.artefact.key, address, " (resumed)" * resumed)
        # An error page in place of the rest leaves what has arrived; what follows judges all of it.
        self.web.fetch(address, partial, name, self.artefact.bytes)
        try:
            check_kind(partial.path, name)
            content = self._check(self.artefact.key, _sum_and_size(partial.path))
            new = self._new_folder()
            if is_archive(name):
                unpack(partial.path, name, new, self.limits)
            else:
                partial.path.replace(new / name)
        except WrongFileError as refused:
            partial.discard()
            if not resumed:
                raise
            log.warning("%s: %s; once more from the beginning", self.artefact.key, refused)
            return self._fetch(address)
        return new, content

    def _rebuild(self, name: str) -> tuple[Path, Content]:
        from xling.data.rebuild import REBUILDERS

        if name not in REBUILDERS:
            raise UsageError(
                f"unknown rebuilder '{name}'",
                where=f"config/datasets.csv, {self.artefact.key}, mirrors",
                allowed=", ".join(sorted(REBUILDERS)),
                fix=nearest(name, REBUILDERS),
            )
        log.info("%s: rebuilding it by %s", self.artefact.key, name)
        new = self._new_folder()
        try:
            with writing(self.artefact.key, self.base, None):
                REBUILDERS[name](self._fetch_bytes, new)
        except DataError as error:
            raise WrongFileError(error.what, error.fix) from error
        files = list_files(new)
        if not files:
            raise WrongFileError(f"the rebuilder {name} gave no files")
        return new, self._check(f"{self.artefact.key}+rebuilt", sum_of(files))

    def _fetch_bytes(self, address: str, target: Path) -> None:
        partial = Partial(self.work, address, f"{self.artefact.key} ({target.name})")
        self.web.fetch(address, partial, target.name, None)
        try:
            check_kind(partial.path, target.name)
        except WrongFileError:
            partial.discard()
            raise
        shutil.move(partial.path, target)

    def _new_folder(self) -> Path:
        new = self.work / "new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        return new

    def _check(self, name: str, content: Content) -> Content:
        """Return the content, or raise :class:`WrongFileError` if another one is wanted."""
        sha256, size = content
        expected = self.expected(name)
        if name == self.artefact.key and self.artefact.bytes not in (None, size):
            raise WrongFileError(
                f"it has {size:,} bytes, the registry says {self.artefact.bytes:,}"
            )
        if expected is None or expected.sha256 == sha256:
            return content
        raise wrong_sum(self.artefact.key, content, expected)

    def _finish(
        self, new: Path | None, address: str, content: Content, rebuilt: str | None = None
    ) -> dict[str, Any]:
        """Record the sum, move the files to their final name, write the note."""
        folder = self.base / self.artefact.key
        with writing(self.artefact.key, self.base, None):
            note: dict[str, Any] = {
                "key": self.artefact.key,
                "address": address,
                "rebuilt": rebuilt,
                "bytes": content[1],
                "sha256": content[0],
                "fetched": today(),
                "files": list_files(folder if new is None else new),
            }
            self._record(note)
            if new is not None:
                note_path(self.base, self.artefact.key).unlink(missing_ok=True)
                placed.publish(new, folder, self.work)
            write_note(self.base, note)
        log.info("%s: done, %d files, %s", note["key"], len(note["files"]), mega(content[1]))
        return note

    def _record(self, note: dict[str, Any]) -> None:
        """Record a first sum, unless the registry gives it."""
        name = lock_name(note)
        if name != self.artefact.key or self.artefact.sha256 == RECORD:
            record(self.lock, name, note["sha256"], note["bytes"], replace=self.accept_changed)


def _sum_and_size(path: Path) -> Content:
    """Return the sum of what really is on the disk, not of what passed by."""
    return sha256_of(path), path.stat().st_size

# SPDX-License-Identifier: Apache-2.0
"""The registry of downloads, ``config/datasets.csv``: one row per artefact.

The file is checked as a whole before anything is downloaded; all its mistakes are told at once.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from xling.config.loader import repository_root
from xling.errors import UsageError, nearest

COLUMNS = (
    "key dataset version language role address mirrors sha256 bytes rows licence terms how note"
).split()
RECORD = "record"
REBUILD = "rebuild:"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Pages that ask for a click or a login: no address of theirs answers with the file itself.
_PAGES_ONLY = ("drive.google.com", "docs.google.com")


@dataclass(frozen=True)
class Artefact:
    """One download.

    Attributes:
        key: unique; names the folder below ``resources/data``.
        dataset: the family that ``--dataset`` accepts too.
        mirrors: tried in this order after ``address``: byte-identical copies, or ``rebuild:NAME``,
            which makes the same unpacked files from another form (``xling.data.rebuild``).
        sha256: of the download, or ``record``: the first download's sum is kept in
            ``resources/checksums.lock`` and holds from then on.
        bytes: exact size of the download, if known.
        how: ``auto``, or ``manual``: ``note`` says what a person has to put where.
    """

    key: str
    dataset: str
    version: str
    language: str
    role: str
    address: str
    mirrors: tuple[str, ...]
    sha256: str
    bytes: int | None
    rows: str
    licence: str
    terms: str
    how: str
    note: str

    @property
    def file_name(self) -> str:
        """The published name: the last part of the address; "" if that is a page, not a file."""
        return _file_name(self.address)

    def identity(self) -> dict[str, Any]:
        """Return what decides the bytes: another mirror or note gives the same files."""
        return {
            "key": self.key,
            "address": self.address,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "how": self.how,
        }


def artefacts(path: Path | None = None) -> dict[str, Artefact]:
    """Read and check the registry; return its rows by key, in the order of the file.

    Args:
        path: the file, if not ``config/datasets.csv`` of the checkout.

    Raises:
        UsageError: the file is absent or has mistakes; each with line and column.
    """
    path = path or repository_root() / "config" / "datasets.csv"
    found: dict[str, Artefact] = {}
    problems: list[str] = []
    for line, row in _rows(path, problems):
        mistakes = list(_mistakes(row))
        if row["key"] in found:
            mistakes.append(("key", f"'{row['key']}' is there twice"))
        problems += [f"line {line}, column {column}: {text}" for column, text in mistakes]
        if not mistakes:
            found[row["key"]] = _artefact(row)
    problems += _ambiguous(found)
    if problems:
        raise UsageError(
            f"the registry of downloads has mistakes ({len(problems)})",
            where="\n           ".join([str(path), *problems]),
            allowed=f"a CSV file with the columns {','.join(COLUMNS)} (docs/data.md)",
            fix="correct the lines",
        )
    return found


def select(names: Iterable[str], registry: Mapping[str, Artefact]) -> list[Artefact]:
    """Return the artefacts of these datasets and keys, each once, in the registry's order.

    Raises:
        UsageError: a name is neither a dataset nor a key.
    """
    known = {a.dataset for a in registry.values()} | set(registry)
    wanted = set(names)
    for name in sorted(wanted - known):
        raise UsageError(
            f"unknown dataset '{name}'",
            where="--dataset",
            allowed="a dataset or a key of config/datasets.csv ('xling fetch --list')",
            fix=nearest(name, sorted(known)) or "look it up with 'xling fetch --list'",
        )
    return [a for a in registry.values() if {a.key, a.dataset} & wanted]


def _rows(path: Path, problems: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and values of each row with the right number of fields."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            if header != COLUMNS:
                problems.append(f"line 1: the columns are {','.join(header) or 'missing'}")
                return
            line = reader.line_num + 1
            for fields in reader:
                if len(fields) == len(COLUMNS):
                    yield line, dict(zip(COLUMNS, fields, strict=True))
                elif fields:
                    problems.append(f"line {line}: {len(fields)} fields, not {len(COLUMNS)}")
                line = reader.line_num + 1
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    except UnicodeDecodeError as error:
        problems.append(f"byte {error.start}: not UTF-8")
    except OSError as error:
        raise UsageError(
            f"the registry of downloads cannot be read ({error.strerror})",
            where=str(path),
            allowed="config/datasets.csv of the checkout",
            fix="run the command in the checkout",
        ) from error


def _mistakes(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield column and mistake of one row."""
    for column, value in row.items():
        if value != " ".join(value.split()):
            yield column, "blanks at an end, in a row, or a line break"
    for column in ("key", "dataset"):
        if not _NAME.fullmatch(row[column]) or row[column].endswith((".json", ".lock")):
            yield column, f"'{row[column]}' is not a name of a-z 0-9 . _ - (and ends in no .json)"
    if row["sha256"] != RECORD and not _SHA256.fullmatch(row["sha256"]):
        yield "sha256", f"'{row['sha256']}' is neither 64 digits 0-9 a-f nor '{RECORD}'"
    if row["bytes"] and not re.fullmatch(r"[1-9][0-9]*", row["bytes"]):
        yield "bytes", f"'{row['bytes']}' is not a number of bytes; empty if unknown"
    if not row["licence"]:
        yield "licence", "is empty; write 'unknown' if nobody says"
    if row["how"] == "auto":
        yield from _address_mistakes(row)
    elif row["how"] != "manual":
        yield "how", f"'{row['how']}' is neither 'auto' nor 'manual'"
    else:
        if not row["note"]:
            yield "note", "is empty; a manual row says what to put where"
        if row["mirrors"]:
            yield "mirrors", "a manual row has none; make it 'auto' if one can be downloaded"


def _address_mistakes(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    copies = [mirror for mirror in row["mirrors"].split() if not mirror.startswith(REBUILD)]
    if not _file_name(row["address"]) and (copies or not row["mirrors"]):
        yield "address", f"'{row['address']}' names no file, so there is only 'rebuild:NAME' for it"
    for column, address in [
        ("address", row["address"]),
        *(("mirrors", mirror) for mirror in row["mirrors"].split()),
    ]:
        if column == "mirrors" and address.startswith(REBUILD):
            if not _NAME.fullmatch(address.removeprefix(REBUILD)):
                yield column, f"'{address}' names no rebuilder"
            continue
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https", "file") or (
            parts.scheme != "file" and not parts.hostname
        ):
            yield column, f"'{address}' is no http, https or file address"
        elif parts.hostname in _PAGES_ONLY:
            yield column, f"'{address}' is a page, not a file; make the row 'manual'"


def _file_name(address: str) -> str:
    # Every file that is wanted has a suffix; an address without one is a page that shares files.
    name = PurePosixPath(unquote(urlsplit(address).path)).name
    return name if "." in name else ""


def _artefact(row: Mapping[str, str]) -> Artefact:
    values: dict[str, Any] = dict(row)
    values["mirrors"] = tuple(row["mirrors"].split())
    values["bytes"] = int(row["bytes"]) if row["bytes"] else None
    return Artefact(**values)


def _ambiguous(found: Mapping[str, Artefact]) -> list[str]:
    """A name must not mean one artefact as a key and several as a dataset."""
    families: dict[str, list[str]] = {}
    for artefact in found.values():
        families.setdefault(artefact.dataset, []).append(artefact.key)
    return [
        f"column key: '{name}' is also a dataset of other rows"
        for name, keys in families.items()
        if name in found and keys != [name]
    ]

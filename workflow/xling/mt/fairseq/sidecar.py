# SPDX-License-Identifier: Apache-2.0
"""The state and the trace of a weighting, in one file beside fairseq's checkpoints.

fairseq's trainer saves a task's state and never reads it back, and holders of state inside the
model or the criterion break its checkpoints (CATS, section 9.4).  So there is a file of JSON lines:
the first says whose it is, each further one is written after a measurement, under the number of
finished updates::

    {"update": 0, "weighting": {...settings}, "directions": [...], "state": {...}}
    {"update": 100, "state": {...}, "trace": {...}}

Methods whose state changes in between have a line for each checkpoint too, with an empty trace.

Training that goes on from update u goes on with the last state not after u; later lines are of
updates that are done again, and are dropped.  Only the main process writes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xling.errors import DataError, UsageError
from xling.files import write_text

Record = dict[str, Any]


class Sidecar:
    """The file, for one training."""

    def __init__(self, path: Path, head: Mapping[str, Any]) -> None:
        """Name the file.

        Args:
            path: of the file.
            head: what must not change while a training goes on: settings, directions; JSON.
        """
        self.path = path
        self.head = json.loads(_line(head))

    def create(self, state: Mapping[str, Any]) -> None:
        """Begin a training; what an earlier one in this place left is replaced."""
        write_text(self.path, _line({"update": 0, **self.head, "state": state}))

    def append(self, update: int, state: Mapping[str, Any], trace: Mapping[str, Any]) -> None:
        """Add what holds after ``update`` finished updates; on the disk when this returns."""
        with self.path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(_line({"update": update, "state": state, "trace": trace}))
            stream.flush()
            os.fsync(stream.fileno())

    def resume(self, update: int, last_due: int) -> Record:
        """Return the record to go on with after ``update`` finished updates.

        Changes nothing: see :meth:`cut`.

        Args:
            update: of the checkpoint.
            last_due: update of the last measurement not after it; 0 if there was none.

        Raises:
            DataError: the file is missing, damaged, or lacks that measurement.
            UsageError: it is of a training with other settings.
        """
        records = read(self.path)
        self._check_head(records[0])
        kept = [record for record in records if record["update"] <= update]
        if kept[-1]["update"] != last_due:
            raise DataError(
                f"the state of the weighting after update {last_due} is missing; "
                f"the last one is of update {kept[-1]['update']}",
                where=str(self.path),
                allowed=f"what was written until update {update}, where the checkpoint is of",
                fix="delete the checkpoints and this file, and start the training anew",
            )
        return kept[-1]

    def cut(self, update: int) -> None:
        """Drop what was written after ``update``: it is done again."""
        kept = [record for record in read(self.path) if record["update"] <= update]
        write_text(self.path, "".join(map(_line, kept)))

    def _check_head(self, first: Record) -> None:
        for key, value in self.head.items():
            if first.get(key) != value:
                raise UsageError(
                    f"training was started with another '{key}'",
                    where=str(self.path),
                    allowed=json.dumps(first.get(key)),
                    fix="go on with that, or train in another --save-dir",
                )


def read(path: Path) -> list[Record]:
    """Return the records of a file, in order of updates.

    A last line without its end was being written when the process was killed; it is not counted.

    Raises:
        DataError: no such file, or it is not what was written.
    """
    where, fix = str(path), "delete the checkpoints and this file, and start the training anew"
    if not path.exists():
        raise DataError("the state of the weighting is missing", where=where, fix=fix)
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    try:
        records: list[Record] = [json.loads(line) for line in lines]
        updates = [record["update"] for record in records]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError("the state of the weighting is damaged", where=where, fix=fix) from error
    if not updates or updates[0] != 0 or updates != sorted(set(updates)):
        raise DataError(
            "the state of the weighting is damaged",
            where=where,
            allowed="rising updates from 0 on",
            fix=fix,
        )
    return records


def _line(record: Mapping[str, Any]) -> str:
    # Not sorted: the order of directions is that of all arrays.
    return json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"

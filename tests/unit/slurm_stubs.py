# SPDX-License-Identifier: Apache-2.0
"""Slurm commands that answer with recorded text, put first on PATH."""

import shlex
from pathlib import Path

# sinfo of an invented cluster in the form that sinfo 22.05 writes: several groups of nodes in a
# partition, mixed memory, two kinds of GPUs, other resources beside them, a partition that is down.
SINFO = """\
standard*|up|1-00:00:00|96|64|257000|(null)|avx2,ib
standard*|up|1-00:00:00|4|128|1031000+|(null)|avx512,ib
long|up|14-00:00:00|10|64|257000|(null)|avx2
gpu|up|2-00:00:00|12|48|515000|gpu:a100:4(S:0-1),tmpdisk:1600|a100,ib
gpu|up|2-00:00:00|2|32|192000|gpu:v100:2(S:0)|v100
gpu|up|2-00:00:00|1|16|96000|(null)|(null)
h100|up|infinite|2|96|1031000|gpu:h100:8(S:0,1)|h100
old|down|30:00|3|16|64000|gpu:2|(null)
"""
PING = "Slurmctld(primary) at head1 is UP\n"
# The lines of "scontrol show config" that are read, and two that are not.
CONFIG = """\
Configuration data as of 2026-11-22T06:49:50
AccountingStorageType   = {accounting}
ClusterName             = throwaway
MinJobAge               = {age} sec
SlurmctldTimeout        = 120 sec
"""
NODES = "c1\ng1\ng1\ng2\n"


def config(*, accounting: str = "accounting_storage/slurmdbd", age: int = 300) -> str:
    """Return the answer of ``scontrol show config``."""
    return CONFIG.format(accounting=accounting, age=age)


class Stubs:
    """A folder of commands; each answers by the words it is called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def script(self, name: str, body: str) -> None:
        """Install a command as a shell script."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def answer(self, name: str, text: str = "", *, code: int = 0, complaint: str = "") -> None:
        """Install a command that always writes the same."""
        (self.folder / f"{name}.txt").write_text(text, encoding="utf-8")
        self.script(
            name,
            f"cat {shlex.quote(str(self.folder / name))}.txt\n"
            f"printf %s {shlex.quote(complaint)} >&2\nexit {code}",
        )

    def cluster(self, *, sinfo: str = SINFO, conf: str | None = None) -> None:
        """Install a cluster in good health, accounts and accounting included."""
        for name in ("sbatch", "scancel", "squeue", "sacct"):
            self.answer(name)
        self.accounts("physics", ["physics", "theses"])
        self.scontrol(conf or config())
        files = {}
        for key, text in (("partitions", sinfo), ("nodes", NODES)):
            files[key] = self.folder / f"{key}.txt"
            files[key].write_text(text, encoding="utf-8")
        self.script(
            "sinfo",
            f'case "$*" in *--Node*) cat {files["nodes"]};; *) cat {files["partitions"]};; esac',
        )

    def scontrol(self, conf: str, ping: str = PING) -> None:
        """Install ``scontrol``."""
        (self.folder / "config.txt").write_text(conf, encoding="utf-8")
        self.script(
            "scontrol",
            f'if [ "$1" = ping ]; then printf %s {shlex.quote(ping)}; '
            f"else cat {self.folder / 'config.txt'}; fi",
        )

    def accounts(self, default: str, every: list[str]) -> None:
        """Install ``sacctmgr``."""
        listed = "\\n".join(every)
        self.script(
            "sacctmgr",
            f'case "$*" in *assoc*) printf "{listed}\\n";; *) printf "{default}\\n";; esac',
        )

    def remove(self, name: str) -> None:
        """Take a command away."""
        (self.folder / name).unlink()

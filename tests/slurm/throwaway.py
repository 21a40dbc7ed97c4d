# SPDX-License-Identifier: Apache-2.0
"""A real Slurm of several nodes on one machine, without systemd and without a database.

``python tests/slurm/throwaway.py up DIR`` starts it, ``… down DIR`` stops exactly what was started.
It needs root and Debian's slurmctld, slurmd, slurm-client and munge (``make test-slurm`` installs
them).  Nodes are several slurmd on one host; GPUs are device files that behave as /dev/null.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CPU_NODES = ["c1"]
# Nodes with their GPUs; and by feature: tests kill nodes, where no other test's jobs must be.
GPU_NODES = {"g1": 2, "g2": 2, "g3": 1, "g4": 1}
FEATURES = {"g1": "safe", "g2": "safe", "g3": "doomed", "g4": "doomed"}
# The host has fewer; Slurm believes what it is told (config_overrides).
CPUS = 8
MEMORY_MB = 32000
PORT = 16817

# The job step plugin removes SLURM_CONF, so the files must be where Slurm looks by itself.
SYSTEM = Path("/etc/slurm")

CONFIG = """\
ClusterName=throwaway
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.socket
CredType=cred/munge
SlurmctldPort={port}
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,sched_min_interval=100000,bf_interval=2
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdTimeout=15
InactiveLimit=0
KillWait=10
MinJobAge=86400
Waittime=0
OverTimeLimit=0
SlurmdParameters=config_overrides
GresTypes=gpu
{nodes}
PartitionName=cpu Nodes={cpu_nodes} Default=YES MaxTime=60 DefMemPerCPU=500 State=UP
PartitionName=gpu Nodes={gpu_nodes} MaxTime=60 DefMemPerCPU=500 State=UP
"""


@dataclass(frozen=True)
class Slurm:
    """The daemons of one throw-away Slurm.

    Attributes:
        folder: its files; nothing else is written but the links in /etc/slurm.
    """

    folder: Path

    def up(self) -> None:
        """Write the configuration, start all daemons, wait until all nodes are idle."""
        for name in ("etc", "state", "log", "run", "spool", "dev"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._configure()
        run = self.folder / "run"
        _call(
            "munged",
            f"--key-file={self._key()}",
            f"--socket={run}/munge.socket",
            f"--pid-file={run}/munged.pid",
            f"--log-file={self.folder}/log/munged.log",
            f"--seed-file={run}/munged.seed",
            "--force",
        )
        _call("slurmctld")
        for node in [*CPU_NODES, *GPU_NODES]:
            self.start_node(node)
        self._wait_for_nodes()

    def start_node(self, node: str) -> None:
        """Start the daemon of one node."""
        (self.folder / "spool" / node).mkdir(exist_ok=True)
        _call("slurmd", "-N", node)

    def kill_node(self, node: str) -> None:
        """Let a node die: its daemon and all that runs on it, as when the power fails."""
        for pid in _processes_of(node):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os.kill(int((self.folder / "run" / f"slurmd.{node}.pid").read_text()), signal.SIGKILL)

    def down(self) -> None:
        """Stop what was started, and what ran on it."""
        pids = []
        for node in [*CPU_NODES, *GPU_NODES]:
            for pid in _processes_of(node):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for file in sorted((self.folder / "run").glob("*.pid"), reverse=True):
            with contextlib.suppress(ValueError, ProcessLookupError):
                pids.append(int(file.read_text()))
                os.kill(pids[-1], signal.SIGTERM)
        for _ in range(100):
            if not any(Path(f"/proc/{pid}").exists() for pid in pids):
                break
            time.sleep(0.1)
        for name in ("slurm.conf", "gres.conf"):
            link = SYSTEM / name
            if link.is_symlink() and link.readlink().is_relative_to(self.folder):
                link.unlink()

    def _configure(self) -> None:
        host = socket.gethostname().split(".")[0]
        nodes = [
            f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={PORT + 4 + i}"
            f" CPUs={CPUS} RealMemory={MEMORY_MB}"
            + (
                f" Gres=gpu:toy:{GPU_NODES[name]} Feature={FEATURES[name]}"
                if name in GPU_NODES
                else ""
            )
            + " State=UNKNOWN"
            for i, name in enumerate([*CPU_NODES, *GPU_NODES])
        ]
        config = CONFIG.format(
            host=host,
            folder=self.folder,
            port=PORT,
            nodes="\n".join(nodes),
            cpu_nodes=",".join(CPU_NODES),
            gpu_nodes=",".join(GPU_NODES),
        )
        for i in range(max(GPU_NODES.values())):
            device = self.folder / "dev" / f"gpu{i}"
            if not device.is_char_device():
                os.mknod(device, 0o666 | 0o020000, os.makedev(1, 3))
        gres = "AutoDetect=off\n" + "".join(
            f"NodeName={name} Name=gpu Type=toy File={self.folder}/dev/gpu[0-{count - 1}]\n"
            for name, count in GPU_NODES.items()
        )
        SYSTEM.mkdir(exist_ok=True)
        for name, text in (("slurm.conf", config), ("gres.conf", gres)):
            file, link = self.folder / "etc" / name, SYSTEM / name
            file.write_text(text, encoding="utf-8")
            if link.exists() and not link.is_symlink():
                sys.exit(f"{link} exists: this machine has a Slurm of its own; it is left alone")
            link.unlink(missing_ok=True)
            link.symlink_to(file)

    def _key(self) -> Path:
        key = self.folder / "run" / "munge.key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_bytes(secrets.token_bytes(1024))
        return key

    def _wait_for_nodes(self) -> None:
        for _ in range(150):
            done = subprocess.run(
                ["sinfo", "-h", "-N", "-o", "%T"], capture_output=True, text=True, check=False
            )
            if done.stdout.split().count("idle") == len(CPU_NODES) + len(GPU_NODES):
                return
            time.sleep(0.2)
        sys.exit(f"the nodes did not come up; see {self.folder}/log")


def _call(*command: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "SLURM_CONF"}
    subprocess.run(command, check=True, env=environment)


def _processes_of(node: str) -> list[int]:
    """Processes of jobs on a node: all of them have its name in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"SLURMD_NODENAME={node}\0".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


if __name__ == "__main__":
    action, folder = sys.argv[1:]
    slurm = Slurm(Path(folder).resolve())
    slurm.up() if action == "up" else slurm.down()

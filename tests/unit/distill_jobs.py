# SPDX-License-Identifier: Apache-2.0
"""Jobs of distillation in processes of their own, which tests kill.

A job is a verb on blocks of eight sentences, slowly, and with a list of what was done: ``encode N``
sentences of the teacher, ``step N`` of a training.  Jobs are forked off a process that has loaded
the libraries and done nothing else: loading them takes longer than all that a job does.
"""

import multiprocessing
import os
import time
from pathlib import Path

import torch

from xling.cli import main
from xling.distill import student, training
from xling.distill.vectors import VectorStore

BLOCK = 8
_CONTEXT = multiprocessing.get_context("forkserver")
# Not this module: Python 3.11's server does not have pytest's path.
_CONTEXT.set_forkserver_preload(["xling.cli", "xling.distill.training"])


class Job:
    """A verb in a process; what it does is appended to ``report``."""

    def __init__(self, report: Path, arguments):
        words = [str(one) for one in arguments]
        # A daemon: a test that fails leaves no process.
        self.process = _CONTEXT.Process(target=_run, args=(report, words), daemon=True)
        self.process.start()

    def kill(self, number):
        """Send a signal."""
        os.kill(self.process.pid, number)

    def ended(self, seconds=300):
        """Wait for the end; return the exit code, or minus the number of the signal."""
        self.process.join(seconds)
        return self.process.exitcode

    def wait_for(self, condition, seconds=300):
        """Wait until something is true, as long as the process lives."""
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.is_alive(), f"ended with {self.process.exitcode}"
            assert time.monotonic() < end, "took too long"
            time.sleep(0.005)


def done(report: Path, what: str):
    """Return the numbers of a kind that were reported so far."""
    if not report.exists():
        return []
    lines = [line.split() for line in report.read_text().splitlines()]
    return [int(number) for kind, number in lines if kind == what]


def _run(report: Path, words):
    torch.set_num_threads(1)
    _watch(report)
    raise SystemExit(main(words))


def _watch(report: Path):
    """Report what this process does from now on, and work slowly enough to be hit."""

    def say(what, number):
        with report.open("a", encoding="utf-8") as stream:
            stream.write(f"{what} {number}\n")

    VectorStore.__init__.__defaults__ = (BLOCK,)
    encode, item = student.encode, training.Batches.__getitem__

    def slow_encode(model, sentences):
        say("encode", len(sentences))
        time.sleep(0.05)
        return encode(model, sentences)

    def slow_item(self, step):
        say("step", step)
        time.sleep(0.05)
        return item(self, step)

    student.encode = slow_encode  # for the teacher: looks at held-out pairs have theirs already
    training.Batches.__getitem__ = slow_item

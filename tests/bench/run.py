# SPDX-License-Identifier: Apache-2.0
"""Measure speed: ours against other ways to do the same work, in one process, in turns.

Every round times each side once; a ratio compares two sides of one round.  Each side must give the
same result.  A tiny run of all sides comes first and is not counted.  Some have their memory
measured too, each side in a fresh process.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from functools import partial
from pathlib import Path

# As a script, Python looks for modules in this folder, not in the one above.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import (
    cats,
    distill,
    fine_tuning,
    generalised,
    inference,
    mining,
    robust_cost,
    scoring,
    translate,
    xmixup,
)
from bench.comparison import Benchmark, Case, Times, compare, spread
from bench.memory import added_memory

BENCHMARKS = {
    "training": Benchmark(fine_tuning.training, size=16, tiny=1),
    "xmixup_cost": Benchmark(xmixup.cost, size=64, tiny=2, memory=xmixup.cost),
    "xmixup": Benchmark(xmixup.naive, size=96, tiny=2, memory=partial(xmixup.naive, widest=True)),
    "robust_cost": Benchmark(robust_cost.cost, size=64, tiny=2),
    "udpos": Benchmark(partial(inference.tags, task="udpos"), size=640, tiny=32),
    "panx": Benchmark(partial(inference.tags, task="panx"), size=640, tiny=32),
    "xquad": Benchmark(inference.answers, size=128, tiny=24),
    "generalised": Benchmark(generalised.scoring, size=120, tiny=4),
    "tag_scores": Benchmark(scoring.tag_scores, size=10_000, tiny=20),
    "answer_scores": Benchmark(scoring.answer_scores, size=100, tiny=1),
    "distill": Benchmark(distill.distillation, size=64, tiny=4),
    "mining": Benchmark(mining.mining, size=20_000, tiny=200, memory=mining.mining),
    "translate": Benchmark(translate.engines, size=128, tiny=6, package="ctranslate2"),
    "translate_int8": Benchmark(translate.precisions, size=64, tiny=4, package="ctranslate2"),
    "token_batches": Benchmark(translate.batches, size=256, tiny=6, package="ctranslate2"),
    "repeated_xnli": Benchmark(
        partial(translate.repeated, task="xnli"), size=120, tiny=8, package="ctranslate2"
    ),
    "repeated_xquad": Benchmark(
        partial(translate.repeated, task="xquad"), size=60, tiny=10, package="ctranslate2"
    ),
    "cats_cost": Benchmark(cats.cost, size=100, tiny=2, digits=2, package="fairseq"),
    "cats_memory": Benchmark(cats.memory, size=32, tiny=8, memory=cats.memory, package="fairseq"),
}
LINE = "{:14}  {:45}  {:>6}  {:>7}  {:25}  {:>5}  {}\n"
HEAD = LINE.format("name", "what", "ours", "other", "other way", "ratio", "spread")


def measure(benchmark: Benchmark, rounds: int) -> tuple[Case, Times]:
    """Warm up with the tiny case, then time the real one."""
    with tempfile.TemporaryDirectory() as name:
        for part in ("tiny", "real"):
            (Path(name) / part).mkdir()
        compare(benchmark.build(benchmark.tiny, Path(name) / "tiny"), rounds=1)
        case = benchmark.build(benchmark.size, Path(name) / "real")
        return case, compare(case, rounds)


def lines(name: str, case: Case, times: Times, digits: int = 1) -> str:
    """Return one line of the table for each other side."""
    ours, _ = spread(times.ours, 2)
    out = ""
    for other, seconds in times.others.items():
        ratio, smallest_to_largest = spread(times.ratios(other), digits)
        theirs = f"{spread(seconds, 2)[0]} s"
        out += LINE.format(name, case.what, f"{ours} s", theirs, other, ratio, smallest_to_largest)
    return out


def memory_lines(name: str, memory: dict[str, float]) -> str:
    """Return one line of the table for each other side, in MB."""
    what, ours, out = "memory added at the peak", memory[""], ""
    for other in filter(None, memory):
        theirs = memory[other]
        numbers = (f"{ours:.0f} MB", f"{theirs:.0f} MB", other, f"{theirs / ours:.1f}", "")
        out += LINE.format(name, what, *numbers).rstrip() + "\n"
    return out


def positive(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return int(text)


def main() -> None:
    """Print the table, each line as soon as it is known."""
    from xling.logs import set_up
    from xling.machine import set_threads

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only",
        nargs="+",
        choices=BENCHMARKS,
        default=list(BENCHMARKS),
        metavar="NAME",
        help=f"only these: {', '.join(BENCHMARKS)}",
    )
    parser.add_argument(
        "--rounds", type=positive, default=5, metavar="N", help="rounds that count (default: 5)"
    )
    args = parser.parse_args()
    set_up()
    logging.disable(logging.WARNING)
    set_threads(1)
    sys.stdout.write(
        f"{args.rounds} rounds, all sides in turns, one thread (translations: two).  Seconds: "
        f"median.  Ratio: other by ours, median, smallest to largest.\n\n{HEAD}"
    )
    for name in args.only:
        sys.stdout.flush()
        benchmark = BENCHMARKS[name]
        if not benchmark.installed:
            sys.stdout.write(f"{name}: not run, {benchmark.package} is not installed\n")
            continue
        case, times = measure(benchmark, args.rounds)
        sys.stdout.write(lines(name, case, times, benchmark.digits))
        if benchmark.memory is not None:
            memory = added_memory(partial(benchmark.memory, benchmark.size), case.others)
            sys.stdout.write(memory_lines(name, memory))


if __name__ == "__main__":
    main()

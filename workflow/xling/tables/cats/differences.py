# SPDX-License-Identifier: Apache-2.0
"""Every system against T = 5 of the same model, data and budget, tested on sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from xling.comparison.results import OverSeeds, Tested
from xling.mt.plan import PAPER
from xling.mt.scoring.averages import AVERAGES
from xling.mt.scoring.compare import PARALLEL
from xling.mt.scoring.results import ContrastResult
from xling.tables.cats.about import group_words, sheet_caption, task_title
from xling.tables.cats.planned import differences_name
from xling.tables.cats.results import Results, System
from xling.tables.sheet import NOTHING, Entry, Fact, Row, Section, Sheet

# Heads of columns.
P, HOLM, INTERVAL, OVER_SEEDS = "p", "Holm p", "95 %", "Over seeds"


def build(results: Results, task: str) -> Sheet:
    """Return the table of one task: a row per system, models as sections."""
    pairs = in_order(results, "baseline", task)
    averages = results.group_columns(task)
    columns = [head for name in averages for head in (name, INTERVAL, P, HOLM)]
    sections = []
    for model, own in groupby(pairs, key=lambda one: one.first_model):
        rows = [
            Row((labels(results, one),), (*entries(one, averages), *_over_seeds(one, averages)))
            for one in own
        ]
        heads = (*columns, *(f"{name}, over seeds" for name in averages))
        sections.append(Section(model, heads, tuple(rows)))
    return Sheet(
        name=f"{results.plan.study.name}/{PAPER}/{differences_name(task)}",
        caption=sheet_caption(
            results,
            compared(results, pairs),
            f"{task_title(task)}: BLEU less that of T = 5",
            (("Averages", group_words(results, task)), *words_of_tests(results, [task])),
            notes=_not_compared(results, task),
        ),
        labels=("system",),
        sections=tuple(sections),
        facts=tuple(fact for one in pairs for fact in facts(one)),
    )


def in_order(results: Results, kind: str, task: str) -> list[ContrastResult]:
    """Return the comparisons of a kind and task by model, in the order of systems."""
    order = [(one.method, one.model) for one in results.of_task(task)]
    found = [one for contrast, one in results.compared(kind) if contrast.task == task]
    return sorted(found, key=lambda one: order.index((one.first, one.first_model)))


def compared(results: Results, pairs: Sequence[ContrastResult]) -> list[System]:
    """Return the systems of comparisons."""
    names = {(one.task, *side) for one in pairs for side in _sides(one)}
    return [one for one in results.systems if (one.task, one.method, one.model) in names]


def _sides(one: ContrastResult) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one.first, one.first_model), (one.second, one.second_model)


def labels(results: Results, one: ContrastResult) -> str:
    """Return the name of the system; with the other's where that is a variant of T = 5."""
    title, other = results.plan.title(one.first), results.plan.title(one.second)
    plain = results.plan.origin(one.second) == one.second
    return title if plain else f"{title} (against {other})"


def entries(one: ContrastResult, averages: Sequence[str]) -> Iterator[Entry]:
    """Yield difference, interval, p and corrected p of each average."""
    for name in averages:
        test = one.averages[name]
        yield Entry(f"{test.difference:+.1f}")
        yield Entry(interval(test))
        yield Entry(f"{test.p_randomisation:.4f}")
        yield Entry(f"{test.p_holm:.4f}")


def interval(test: Tested) -> str:
    """Return the interval of a difference."""
    return f"{test.low:+.1f} to {test.high:+.1f}"


def _over_seeds(one: ContrastResult, averages: Sequence[str]) -> Iterator[Entry]:
    for name in averages:
        seeds = one.seeds.get(name)
        yield Entry(seed_words(seeds)) if seeds else NOTHING


def seed_words(seeds: OverSeeds) -> str:
    """Return the difference over seeds, its spread and its p value, or why there is none."""
    found = f"{seeds.difference:+.1f}" + ("" if seeds.sd is None else f" ± {seeds.sd:.1f}")
    return f"{found}, {seeds.note or f'p {seeds.p_value:.4f}'}"


def words_of_tests(
    results: Results, tasks: Sequence[str], shown: Sequence[str] = (P, HOLM, INTERVAL, OVER_SEEDS)
) -> tuple[tuple[str, str], ...]:
    """Say what was tested and how; ``shown``: the columns that need words."""
    of = results.comparison
    words = {
        P: f"approximate randomisation, two-sided, {of.trials:,} trials, as in sacreBLEU; it "
        "speaks of other sentences with these very models",
        HOLM: "corrected for all such pairs of the study, each average by itself (languages, in "
        "the CSV file: for the languages of the pair)",
        INTERVAL: f"percentile interval of the paired bootstrap, {of.resamples:,} resamples, seed "
        f"{of.seed}; in averages {_drawn(tasks)}",
        OVER_SEEDS: "mean ± sample standard deviation of the differences by seed, p of an exact "
        "sign-flip test; it speaks of other seeds on these sentences",
    }
    return (*((name, words[name]) for name in shown), ("Several seeds", of.pooling))


def _drawn(tasks: Sequence[str]) -> str:
    """Say which sentences are drawn together."""
    together = "sentences that several languages share are drawn in all of them at once"
    apart = "each language's sentences are drawn by themselves"
    benchmarks = {task.rpartition("-")[0] for task in tasks}
    shared = sorted(benchmarks & set(PARALLEL))
    if not shared:
        return apart
    return (
        together if set(shared) == benchmarks else f"{together} ({', '.join(shared)}), else {apart}"
    )


def _not_compared(results: Results, task: str) -> list[str]:
    found = [path for path in results.comparison.not_compared if f"/{task}/" in f"/{path}"]
    return [f"Not compared, no run of T = 5 is planned: {', '.join(found)}."] if found else []


def facts(one: ContrastResult) -> Iterator[Mapping[str, Fact]]:
    """Yield a line for each language and average of a comparison."""
    tests = [*one.languages.items(), *((name, one.averages[name]) for name in _averages(one))]
    for name, test in tests:
        seeds = one.seeds.get(name)
        yield {
            "kind": one.kind,
            "task": one.task,
            "system": one.first,
            "model": one.first_model,
            "other": one.second,
            "other_model": one.second_model,
            "language": name,
            "system_bleu": test.first,
            "other_bleu": test.second,
            "difference": test.difference,
            "low": test.low,
            "high": test.high,
            "p_bootstrap": test.p_bootstrap,
            "p_randomisation": test.p_randomisation,
            "p_holm": test.p_holm,
            "sentences": test.items,
            "seeds": " ".join(map(str, seeds.seeds)) if seeds else None,
            "seeds_difference": seeds.difference if seeds else None,
            "seeds_sd": seeds.sd if seeds else None,
            "seeds_p": seeds.p_value if seeds else None,
            "seeds_note": seeds.note if seeds else None,
        }


def _averages(one: ContrastResult) -> list[str]:
    return [name for name in AVERAGES.values() if name in one.averages]

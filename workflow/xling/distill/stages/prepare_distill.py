# SPDX-License-Identifier: Apache-2.0
"""The stage ``prepare_distill``: raw corpora to the training and held-out pairs of a selection."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt

from xling.config.distillation import PairRules
from xling.config.parts import Closed
from xling.distill.data import xnli
from xling.distill.data.artificial import artificial_corpora
from xling.distill.data.corpora import corpora_of, keys_of
from xling.distill.data.corpus import ParallelCorpus
from xling.distill.data.raw import Raw, in_words, named_tests, texts_of_tests
from xling.distill.data.rules import Rules
from xling.distill.data.selection import Recipe
from xling.distill.data.store import write_parallel
from xling.distill.stages.fetch_distill import XNLI
from xling.errors import UsageError
from xling.files import write_text

_ByCorpus = Mapping[str, Mapping[str, int]]


class Choice(Closed):
    """What is made of raw corpora.

    Attributes:
        corpora: languages beside English, by corpus; the order of the row groups.
        rules: which pairs are trained on.
        caps: training pairs of a corpus in each language, instead of that of the rules.
    """

    corpora: dict[str, list[str]]
    rules: PairRules
    caps: dict[str, PositiveInt] = Field(default_factory=dict)


def prepare_distill(
    *,
    choice: Choice,
    manifests: Sequence[Path],
    tests: Sequence[Path],
    train: Path,
    dev: Path,
    summary: Path,
) -> dict[str, Any]:
    """Write training pairs, held-out pairs, and a summary of what became of the raw pairs.

    Args:
        choice: what is wanted.
        manifests: written by ``fetch_distill``, one for each corpus of the choice in its order.
        tests: prepared test sets, ``{task}/test.parquet``: the overlap of training pairs with them
            is counted, and dropped if the rules say so.
        train, dev: Parquet files to write (:mod:`xling.distill.data.store`).
        summary: JSON file to write.

    Returns:
        The summary: that of :func:`xling.distill.data.store.write_parallel` with ``origin`` and
        ``notes``.

    Raises:
        DataError: a raw file is missing, changed or damaged, or a corpus has no pair left.
        UsageError: manifests and corpora do not belong together, or a corpus lacks a language.
    """
    if len(manifests) != len(choice.corpora):
        raise UsageError(
            f"{len(manifests)} lists of raw files for {len(choice.corpora)} corpora",
            where="--manifest, --choice",
            allowed="one list for each corpus, in the same order",
        )
    rules = choice.rules
    raws = [Raw(manifest) for manifest in manifests]
    corpora = [
        corpus
        for raw, (name, languages) in zip(raws, choice.corpora.items(), strict=True)
        for corpus in _corpora(raw, name, languages)
    ]
    recipe = Recipe(
        rules=Rules(rules.max_characters, rules.without_tests),
        cap=rules.cap,
        caps={
            (corpus.name, corpus.language): choice.caps[corpus.name]
            for corpus in corpora
            if corpus.name in choice.caps
        },
        held_out=rules.held_out,
        tests=texts_of_tests(named_tests(tests), {}),
        seed=rules.seed,
    )
    origin = "; ".join(dict.fromkeys(raw.about.origin for raw in raws))
    written = write_parallel(train, dev, corpora, recipe, {"task": "parallel", "origin": origin})
    written["notes"] = _notes(written)
    write_text(summary, json.dumps(written, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return written


def _corpora(raw: Raw, name: str, languages: list[str]) -> list[ParallelCorpus]:
    if not raw.about.task.endswith(f"-{name}"):
        raise raw.wrong(f"the list is of {raw.about.task}, not of the corpus {name}")
    if raw.artificial:
        return artificial_corpora(raw.file.parent, languages, [name])
    if name == XNLI:
        return xnli.corpora(raw.folder(), languages)
    keys = keys_of(name, languages)
    bases = {one.parent for path in raw.paths for one in path.parents if one.name in keys}
    if len(bases) != 1:
        raise raw.wrong(f"the files are not those of the downloads {', '.join(keys)}")
    return corpora_of(name, languages, bases.pop())


def _notes(summary: Mapping[str, Any]) -> list[str]:
    notes = []
    for key, what in (("dropped", "left out"), ("dev_dropped", "left out of published dev parts")):
        for rule, counts in sorted(summary[key].items()):
            notes.append(f"{what}, {rule}: {_by_corpus(counts)}")
    notes += [
        f"repaired, {rule}: {_by_corpus(counts)}"
        for rule, counts in sorted(summary["repaired"].items())
    ]
    for test in summary["settings"]["tests"]:
        shared = {
            name: {code: found[test]["pairs"] for code, found in by_language.items()}
            for name, by_language in summary["overlap"].items()
        }
        words = _by_corpus(shared) or "none"
        notes.append(f"training pairs of which the test set {test} has a side: {words}")
    return notes


def _by_corpus(counts: _ByCorpus) -> str:
    return "; ".join(
        f"{name} {words}" for name in sorted(counts) if (words := in_words(counts[name]))
    )

# SPDX-License-Identifier: Apache-2.0
"""The stage ``prepare_parallel``: raw files to the rows of one direction and split."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import PositiveInt

from xling.config.parts import Closed
from xling.data.manifest import Manifest, read_manifest
from xling.data.readers.raw import verify_raw
from xling.errors import DataError
from xling.files import write_text
from xling.mt.data.artificial_bitext import SPLITS
from xling.mt.data.benchmarks import artefacts_of, corpora, draws_of
from xling.mt.data.bitext import Corpus, Direction, Split
from xling.mt.data.filters import Rules
from xling.mt.data.published import check_rows
from xling.mt.data.store import Recipe, write_bitext
from xling.mt.stages.fetch_parallel import FROM_FOLDER

_RULES = {
    "null": "a side marked as not translated",
    "empty": "a side without text",
    "too_long": "a side with over {max_characters:,} characters",
    "also_held_out": "pairs that a later split holds",
    "repeated": "repeated pairs",
}


class Choice(Closed):
    """What a study chooses of a benchmark, as :class:`xling.config.translation.Benchmark`."""

    variant: Literal["detokenised", "tokenised"] = "detokenised"
    deduplicate: bool = False
    dev_rows: PositiveInt | None = None


def prepare_parallel(
    *,
    benchmark: str,
    direction: Direction,
    split: Split,
    languages: list[str],
    choice: Choice,
    manifest: Path,
    output: Path,
    summary: Path,
) -> dict[str, Any]:
    """Write the rows of one split, and a summary of what became of the raw lines.

    Args:
        benchmark: a name of ``xling.mt.data.benchmarks``.
        direction: which side is the source.
        split: which one.
        languages: beside English; the order of the row groups.
        choice: of the study.
        manifest: written by ``fetch_parallel``.
        output: Parquet file to write.
        summary: JSON file to write.

    Returns:
        The summary: what :func:`xling.mt.data.store.write_bitext` returns, and what summaries of
        other prepared splits have: ``task``, ``scored``, ``labels``, ``quoted``, ``ns_rows``,
        ``notes``, ``origin``, ``translations``.

    Raises:
        DataError: a raw file is missing, changed or damaged, or a language has no usable row.
        UsageError: the benchmark lacks a language.
    """
    raw = read_manifest(manifest)
    source = _Source(benchmark, raw, manifest.parent, languages, direction, choice)
    source.verify()
    found = source.corpora(split)
    written = write_bitext(
        output,
        found,
        direction,
        source.recipe(split),
        {
            "task": f"{benchmark}-{direction}",
            "origin": raw.origin,
            "translations": raw.translations,
            "variant": choice.variant if benchmark.startswith("ted8") else "as published",
        },
        check=source.check_rows,
    )
    written |= {"scored": written["rows"], "labels": {}, "quoted": {}, "ns_rows": {}}
    written["notes"] = _notes(written)
    write_text(summary, json.dumps(written, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return written


class _Source:
    """The raw files of a benchmark as a manifest names them.

    Attributes:
        published: whether it is real data, of which languages and numbers are known.
    """

    def __init__(
        self,
        benchmark: str,
        manifest: Manifest,
        folder: Path,
        languages: list[str],
        direction: Direction,
        choice: Choice,
    ) -> None:
        self._benchmark = benchmark
        self._languages = languages
        self._direction = direction
        self._choice = choice
        self.published = all(Path(file.path).is_absolute() for file in manifest.files)
        self._files = {folder / file.path: file for file in manifest.files}
        self._folder = self._root(folder)

    def verify(self) -> None:
        """Refuse files that are not the ones that were fetched."""
        for path, file in self._files.items():
            verify_raw(path, file)

    def corpora(self, split: Split) -> list[Corpus]:
        """Return the corpora of a split."""
        choice = self._choice
        return corpora(
            self._benchmark,
            self._folder,
            self._languages,
            split,
            self._direction,
            choice.variant,
            published=self.published,
        )

    def recipe(self, split: Split) -> Recipe:
        """Return what is dropped and drawn."""
        held_out: dict[str, list[Corpus]] = {}
        if self._choice.deduplicate:
            for later in SPLITS[SPLITS.index(split) + 1 :]:
                for corpus in self.corpora(later):
                    held_out.setdefault(corpus.pair.language, []).append(corpus)
        drawn = draws_of(self._benchmark) if split == "train" and self.published else {}
        return Recipe(
            rules=Rules(deduplicate=self._choice.deduplicate),
            held_out=held_out,
            sizes={code: drawn[code] for code in self._languages if code in drawn},
            first=self._choice.dev_rows if split == "dev" else None,
        )

    def check_rows(self, summary: Mapping[str, Any]) -> None:
        """Refuse other numbers of pairs than were published, where those are known (TED)."""
        if self.published and self._benchmark.startswith("ted8"):
            good = {code: n + summary["not_drawn"][code] for code, n in summary["rows"].items()}
            check_rows(self._benchmark, summary["split"], good, next(iter(self._files)))

    def _root(self, folder: Path) -> Path:
        """Return the folder that holds a folder of each artefact, or XNLI's files."""
        if not self.published:
            return folder
        first = next(iter(self._files))
        if self._benchmark == FROM_FOLDER:
            return first.parent
        keys = artefacts_of(self._benchmark, self._languages)
        roots = {one.parent for path in self._files for one in path.parents if one.name in keys}
        if len(roots) != 1:
            raise DataError(
                f"the list of raw files is not of {self._benchmark}",
                where=str(first),
                allowed=f"files below a folder of each of: {', '.join(keys)}",
                fix="delete the list (manifest.json) and run snakemake again",
            )
        return roots.pop()


def _notes(summary: dict[str, Any]) -> list[str]:
    notes = []
    for rule, counts in sorted(summary["dropped"].items()):
        what = _RULES[rule].format(max_characters=summary["settings"]["max_characters"])
        notes.append(f"left out, {what}: {_in_words(counts)}")
    if any(summary["not_drawn"].values()):
        notes.append(f"good pairs that were not drawn: {_in_words(summary['not_drawn'])}")
    notes += [
        f"a line separator inside became a blank: {_in_words(counts)}"
        for counts in summary["repaired"].values()
    ]
    if summary["variant"] == "tokenised":
        notes.append("the text is tokenised as published")
    return notes


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{code} {counts[code]:,}" for code in sorted(counts) if counts[code])

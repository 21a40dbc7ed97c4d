# SPDX-License-Identifier: Apache-2.0
"""The stage ``generate``: translate a test set, all languages with one loaded model.

Sentences of equal length share a batch, so nothing is padded and the bound of a translation's
length is that of its own source: hypotheses do not depend on the size of batches.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xling.config.translation import TranslationSettings
from xling.data.manifest import sha256_of
from xling.errors import DataError
from xling.files import whole_file, write_text
from xling.machine import hardware, peak_memory_mb, set_threads
from xling.mt.fairseq.trained import CHECKPOINT
from xling.mt.stages.binarize import Binarized, read_binarized
from xling.mt.stages.subwords import load_model
from xling.mt.versions import versions_of_translation

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "language", "source", "reference", "hypothesis")),
        ("score", pa.float64()),
    ]
)
#: Ours: a translation has at most 2 n + 10 sub-words, n being those of its source.  Published
#: recipes allow 200 whatever the source; weak models that never end take minutes then.
MAX_LENGTH = (2, 10)
#: Source sub-words of a batch.
BATCH_TOKENS = 2_000

log = logging.getLogger(__name__)


def generate(
    *,
    binarized: Path,
    test: Path,
    train_note: Path,
    threads: int,
    note: Path,
    output: Path,
    batch_tokens: int = BATCH_TOKENS,
) -> dict[str, Any]:
    """Translate all rows of the test set, in their order.

    Args:
        binarized: note of ``binarize``.
        test: the prepared rows that were binarised.
        train_note: ``train.json``; the weights lie beside it.
        threads: of the CPU.
        note: JSON to write.
        output: Parquet file to write: ``id``, ``language``, ``source``, ``reference``,
            ``hypothesis`` (detokenised text) and ``score``, the mean log-probability of a sub-word.
        batch_tokens: source sub-words of a batch; changes nothing but time and memory.

    Returns:
        The note: ``test_data``, ``rows``, ``decoding``, ``timing``, ``hardware``, ``versions``.

    Raises:
        DataError: the files do not belong together, or hypotheses would not be as many as
            references.
        SetupError: fairseq is not installed.
    """
    from xling.mt.fairseq import compat

    compat.check_version()
    set_threads(threads)
    data = read_binarized(binarized)
    trained = json.loads(train_note.read_text(encoding="utf-8"))
    _check(data, trained, test, train_note)
    decoding = _decoding(TranslationSettings.model_validate(trained["settings"]))
    started = time.monotonic()
    translator = _Translator(data, train_note.parent / CHECKPOINT, decoding, batch_tokens)
    with (
        pq.ParquetFile(test) as rows,
        whole_file(output) as part,
        pq.ParquetWriter(part, SCHEMA, compression="zstd") as writer,
    ):
        for number, language in enumerate(data.languages):
            found = translator.translate(language, rows.read_row_group(number))
            writer.write_table(found, row_group_size=found.num_rows)
    seconds = time.monotonic() - started
    rows_of = data.note["splits"]["test"]["rows"]
    result = {
        "test_data": [data.note["splits"]["test"]],
        "rows": rows_of,
        "decoding": decoding,
        "timing": {
            "predict_seconds": round(seconds, 3),
            "predict_examples_per_second": round(sum(rows_of.values()) / max(seconds, 1e-9), 1),
            **{f"predict_{key}": value for key, value in peak_memory_mb().items()},
        },
        "hardware": hardware(),
        "versions": versions_of_translation(),
    }
    write_text(note, json.dumps(result, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return result


class _Translator:
    """A loaded model with its vocabularies."""

    def __init__(
        self, data: Binarized, checkpoint: Path, decoding: dict[str, Any], batch_tokens: int
    ) -> None:
        import torch

        from xling.mt.fairseq.trained import load

        self._data, self._batch_tokens = data, batch_tokens
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._trained = load(checkpoint, data.folder)
        self._datasets = self._trained.datasets("test")
        self._dictionary = self._trained.target_dictionary
        self._pieces = load_model(data.folder / "target.model")
        self._generator = self._new_generator(decoding)

    def _new_generator(self, decoding: dict[str, Any]) -> Any:
        from fairseq.sequence_generator import SequenceGenerator

        per_source, more = MAX_LENGTH
        longest = max(int(one.src.sizes.max()) for one in self._datasets.values())
        return SequenceGenerator(
            [self._trained.model.to(self._device)],
            self._dictionary,
            beam_size=decoding["beam"],
            len_penalty=decoding["length_penalty"],
            max_len_a=per_source,
            max_len_b=more,
            # Or else that of training: positions have no end.
            max_len=per_source * longest + more + 1,
            tokens_to_suppress=self._trained.language_tokens,
        )

    def translate(self, language: str, rows: pa.Table) -> pa.Table:
        """Translate the rows of a language; return what is written of them."""
        sources = self._datasets[self._data.note["pairs"][language]].src
        if len(sources) != rows.num_rows or set(rows["language"].to_pylist()) != {language}:
            raise DataError(
                f"'{language}' has {rows.num_rows:,} test rows and {len(sources):,} binarised ones",
                where=str(self._data.folder),
                allowed="as many hypotheses as references",
                fix="delete the note of the binarised data and run snakemake again",
            )
        hypotheses, scores = [""] * len(sources), np.full(len(sources), np.nan)
        for batch in batches(np.asarray(sources.sizes), self._batch_tokens):
            for place, (text, score) in zip(batch, self._search(sources, batch), strict=True):
                hypotheses[place], scores[place] = text, score
        assert not np.isnan(scores).any(), "every sentence is in one batch"
        log.info("%s: %d sentences", language, len(sources))
        return pa.table(
            [
                *(rows[name] for name in ("id", "language", "source", "target")),
                pa.array(hypotheses, pa.string()),
                pa.array(scores),
            ],
            schema=SCHEMA,
        )

    def _search(self, sources: Any, batch: Sequence[int]) -> Iterator[tuple[str, float]]:
        """Give the best translation of each sentence of a batch, and its score."""
        import torch

        tokens = torch.stack([sources[int(place)] for place in batch]).to(self._device)  # [B, T]
        sizes = torch.full((len(batch),), tokens.shape[1], device=self._device)
        sample = {"net_input": {"src_tokens": tokens, "src_lengths": sizes}}
        end = self._dictionary.eos()
        for found in self._generator.generate([], sample):
            best = found[0]
            pieces = [self._dictionary[n] for n in best["tokens"].tolist() if n != end]
            yield self._pieces.decode(pieces), float(best["positional_scores"].mean())


def batches(sizes: np.ndarray, tokens: int) -> Iterator[list[int]]:
    """Give places of sentences, those of equal length together, each place once.

    Args:
        sizes: sub-words of each sentence, [N].
        tokens: sub-words of a batch, at most; one sentence may have more.
    """
    for size in np.unique(sizes):
        places = np.flatnonzero(sizes == size).tolist()
        count = max(1, tokens // int(size))
        yield from (places[i : i + count] for i in range(0, len(places), count))


def _decoding(settings: TranslationSettings) -> dict[str, Any]:
    return {
        "beam": settings.beam,
        "length_penalty": settings.length_penalty,
        "max_length": "{} n + {}".format(*MAX_LENGTH),
    }


def _check(data: Binarized, trained: dict[str, Any], test: Path, train_note: Path) -> None:
    """See whether model, binarised data and test rows belong together."""
    if trained["vocabulary"] != data.note["models"] or trained["task"] != data.note["task"]:
        raise DataError(
            f"the model of {trained['task']} was trained with another vocabulary",
            where=str(train_note),
            allowed=f"a model of {data.note['task']}, of the vocabulary in {data.folder}",
            fix="delete train.json and run snakemake again",
        )
    expected = data.note["splits"]["test"]["sha256"]
    found = sha256_of(test)
    if found != expected:
        raise DataError(
            "the test rows are not those that were binarised",
            where=str(test),
            allowed=f"SHA-256 {expected}, found {found}",
            fix="delete the note of the binarised data and run snakemake again",
        )

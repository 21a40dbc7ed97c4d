# SPDX-License-Identifier: Apache-2.0
"""The stage ``subwords``: SentencePiece vocabularies of one benchmark and direction.

They are learned on training lines drawn at a temperature over languages, as in the DRO recipe for
these data sets (cats-data.md, section 1.2).  One thread, no draws: equal input gives equal bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xling.config.translation import Vocabulary
from xling.data.manifest import sha256_of
from xling.data.tables import languages_of
from xling.errors import UsageError
from xling.files import whole_file, write_text
from xling.mt.data.sampling import lines_for_vocabulary, mixture_size
from xling.mt.data.store import read_summary

SIDES = ("source", "target")
#: Ours: lines a vocabulary is learned from, at most.  All of TED-8 at temperature 5 are fewer;
#: SentencePiece holds them in memory.
LARGEST_SAMPLE = 2_000_000
#: Ours: rows of each language that unknown characters are counted in.
_COUNTED = 2_000
_SEED = 1
#: SentencePiece's default: rarer characters become unknown.
_COVERAGE = 0.9995


def subwords(*, settings: Vocabulary, train: Path, output: Path) -> dict[str, Any]:
    """Learn the vocabularies; write ``source.model``, ``target.model`` and a note beside them.

    Args:
        settings: of the study.
        train: prepared training rows.
        output: the note to write, last; its folder holds the models.

    Returns:
        The note: ``task``, ``settings``; ``lines`` that were drawn, by language; by side
        ``pieces``, ``sha256``, and by language ``unknown`` (share of sub-words without an entry),
        ``covered`` (share of characters that are in the vocabulary) and ``length`` (mean sub-words
        of a row), all of the first 2,000 rows; ``train``: checksum of the rows.

    Raises:
        UsageError: the text does not give that many pieces.
    """
    about = read_summary(train)
    sizes = {code: about["rows"][code] for code in languages_of(train)}
    total = min(mixture_size(sizes, settings.temperature), LARGEST_SAMPLE)
    drawn = lines_for_vocabulary(sizes, total, temperature=settings.temperature, seed=_SEED)
    if settings.shared:
        model = _learned(_sample(train, drawn, SIDES), settings.size, "shared vocabulary")
        models = dict.fromkeys(SIDES, model)
    else:
        models = {
            side: _learned(_sample(train, drawn, [side]), size, f"vocabulary of the {side} side")
            for side, size in _pieces(settings, about["direction"]).items()
        }
    for side, model in models.items():
        with whole_file(output.parent / f"{side}.model") as part:
            part.write_bytes(model)
    note = {
        "task": about["task"],
        "direction": about["direction"],
        "settings": settings.model_dump(),
        "lines": {code: len(lines) for code, lines in drawn.items()},
        "train": sha256_of(train),
        **{side: _described(output.parent / f"{side}.model", train, side) for side in SIDES},
    }
    write_text(output, json.dumps(note, indent=1, sort_keys=True) + "\n")
    return note


def load_model(path: Path) -> Any:
    """Return SentencePiece's processor of a model file."""
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_proto=path.read_bytes())


def pieces_of(processor: Any) -> dict[str, int]:
    """Return the pieces of a vocabulary with their numbers; unknown text is none of them."""
    return {
        processor.id_to_piece(number): number
        for number in range(len(processor))
        if not (processor.is_control(number) or processor.is_unknown(number))
    }


def _pieces(settings: Vocabulary, direction: str) -> dict[str, int]:
    """Return the pieces of each side that has a vocabulary of its own."""
    english = settings.size if settings.english is None else settings.english
    if direction == "o2m":
        return {"source": english, "target": settings.size}
    return {"source": settings.size, "target": english}


def _sample(train: Path, drawn: Mapping[str, Sequence[int]], sides: Sequence[str]) -> Iterator[str]:
    """Give the drawn lines; one language is in memory at a time."""
    for code, lines in drawn.items():
        rows = _rows(train, code).take(pa.array(lines, pa.int64()))
        for side in sides:
            for chunk in rows[side].iterchunks():
                yield from chunk.to_pylist()


def _rows(train: Path, code: str) -> pa.Table:
    with pq.ParquetFile(train) as file:
        group = languages_of(train).index(code)
        return file.read_row_group(group, columns=list(SIDES))


def _learned(sample: Iterator[str], size: int, what: str) -> bytes:
    from sentencepiece import SentencePieceTrainer

    model = BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=sample,
            model_writer=model,
            model_type="unigram",
            vocab_size=size,
            character_coverage=_COVERAGE,
            num_threads=1,
            shuffle_input_sentence=False,
            minloglevel=1,
        )
    except RuntimeError as error:
        possible = re.search(r"value <= (\d+)", str(error))
        required = re.search(r"required_chars\D+\d+ vs (\d+)", str(error))
        if not possible and not required:
            raise
        raise UsageError(
            f"the {what} cannot have {size:,} pieces",
            where="translation.benchmarks: vocabulary",
            allowed=f"at most {int(possible[1]):,}: the training text is too small for more"
            if possible
            else f"more than the {int(required[1]):,} characters of the text"
            if required
            else "",
            fix="change the size of the vocabulary",
        ) from error
    return model.getvalue()


def _described(path: Path, train: Path, side: str) -> dict[str, Any]:
    processor = load_model(path)
    known = pieces_of(processor)
    found: dict[str, Any] = {"pieces": len(processor), "sha256": sha256_of(path)}
    found |= {"unknown": {}, "covered": {}, "length": {}}
    for code in languages_of(train):
        texts = _rows(train, code)[side].slice(0, _COUNTED).to_pylist()
        encoded = [piece for one in processor.encode(texts, out_type=str) for piece in one]
        unknown = [piece for piece in encoded if piece not in known]
        uncovered = sum(map(len, unknown)) / sum(map(len, encoded))
        found["unknown"][code] = round(len(unknown) / len(encoded), 6)
        found["covered"][code] = round(1 - uncovered, 6)
        found["length"][code] = round(len(encoded) / len(texts), 2)
    return found

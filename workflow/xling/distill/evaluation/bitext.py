# SPDX-License-Identifier: Apache-2.0
"""BUCC 2018 as in the distillation paper (section 4.2): mined pairs, and two thresholds.

- ``oracle``: tuned on the pairs that are scored, as the paper and LASER do;
- ``tuned_on_sample``: tuned on the sample split (our ``dev``), the honest one.

Unlike :mod:`xling.tasks.bucc`, which follows XTREME, equal sentences stay several: each has its own
id, and a mined pair with the wrong one of them is a miss.  Pairs with a margin below 1 are cut, as
in the authors' script.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from xling.distill.evaluation.embedder import Embedder, Floats, SentenceVectors
from xling.distill.evaluation.mining import mine
from xling.errors import DataError
from xling.tasks import SOURCE_LANGUAGE, bucc

if TYPE_CHECKING:
    from xling.records import Score

log = logging.getLogger(__name__)

#: Settings of the scores.
ORACLE, TUNED = "oracle", "tuned_on_sample"
#: The splits by our names: the published sample and training sets.
SAMPLE, SCORED = "dev", "test"
NEIGHBOURS = 4
FLOOR = 1.0
_SIGNATURE_END = f"|duplicates:kept|floor:{FLOOR:g}"


def mine_splits(
    tables: Mapping[str, pa.Table], embedder: Embedder, neighbours: int = NEIGHBOURS
) -> pa.Table:
    """Mine the given splits of all languages.

    Args:
        tables: prepared retrieval rows by split; ``test``, and ``dev`` if there is one.
        embedder: the system.
        neighbours: of the margin score.

    Returns:
        Columns ``split``, ``language``, ``source``, ``target``, ``score``, ``gold``: by split and
        language the mined pairs, best first, then gold pairs that were not mined (score null).

    Raises:
        DataError: there is no scored split, or a side has no sentence.
    """
    if SCORED not in tables or not set(tables) <= {SAMPLE, SCORED}:
        raise DataError(
            f"BUCC is given the splits {', '.join(sorted(tables)) or 'none'}",
            allowed=f"'{SCORED}', and '{SAMPLE}' for the threshold",
            fix="name the prepared splits of the study",
        )
    parts = []
    for split, table in sorted(tables.items()):
        for code in sorted(set(table["language"].to_pylist())):
            own = table.filter(pc.equal(table["language"], code))
            parts.append(_mine(own, split, embedder, neighbours))
    return pa.concat_tables(parts)


def _mine(table: pa.Table, split: str, embedder: Embedder, neighbours: int) -> pa.Table:
    """Mine one split of one language."""
    language = table["language"][0].as_py()
    where = f"BUCC, split {split}, language {language}"
    source, left = _side(table, "source", language, embedder, where)
    target, right = _side(table, "target", SOURCE_LANGUAGE, embedder, where)
    ids, english = source["id"].to_pylist(), target["id"].to_pylist()
    mined = mine(left, right, neighbours, FLOOR)
    pairs = [
        (ids[one], english[other], value)
        for one, other, value in zip(*(part.tolist() for part in mined), strict=True)
    ]
    gold = {
        (one, other)
        for one, others in zip(ids, source["gold"].to_pylist(), strict=True)
        for other in others or ()
    }
    lost = sorted(gold - {pair[:2] for pair in pairs})
    log.info(
        "%s %s: %d and %d sentences, %d pairs mined, %d of %d gold pairs not mined",
        *(split, language, len(ids), len(english), len(pairs), len(lost), len(gold)),
    )
    rows = [*pairs, *((*pair, None) for pair in lost)]
    return pa.table(
        {
            "split": [split] * len(rows),
            "language": [language] * len(rows),
            "source": pa.array([row[0] for row in rows], pa.string()),
            "target": pa.array([row[1] for row in rows], pa.string()),
            "score": pa.array([row[2] for row in rows], pa.float32()),
            "gold": [row[:2] in gold for row in rows],
        }
    )


def _side(
    table: pa.Table, side: str, language: str, embedder: Embedder, where: str
) -> tuple[pa.Table, Floats]:
    """Return the rows of a side and their vectors, by id, so that ties fall by id."""
    own = table.filter(pc.equal(table["side"], side)).sort_by("id")
    if not own.num_rows:
        raise DataError(
            f"the {side} side has no sentence", where=where, fix="prepare the split again"
        )
    texts = own["text"].to_pylist()
    return own, SentenceVectors(embedder, texts, language).of(texts)


def score(predictions: pa.Table) -> list[Score]:
    """Score the scored split of each language with each threshold that can be tuned.

    Without a sample split there is the oracle only.  Metrics are F1, precision and recall; all
    gold pairs count for recall, mined or not.

    Raises:
        DataError: as :func:`xling.tasks.bucc.score`, which does the work.
    """
    scored = _named(predictions, SCORED, SCORED)
    settings = {ORACLE: [_named(predictions, SCORED, SAMPLE), scored]}
    if pc.any(pc.equal(predictions["split"], SAMPLE)).as_py():
        settings[TUNED] = [_named(predictions, SAMPLE, SAMPLE), scored]
    return [
        one.model_copy(update={"signature": one.signature + _SIGNATURE_END})
        for setting, parts in settings.items()
        for one in bucc.score(_with_setting(pa.concat_tables(parts), setting))
    ]


def _named(predictions: pa.Table, split: str, name: str) -> pa.Table:
    """Return the rows of a split under the name of a split."""
    rows = predictions.filter(pc.equal(predictions["split"], split))
    place = rows.column_names.index("split")
    return rows.set_column(place, "split", pa.array([name] * rows.num_rows, pa.string()))


def _with_setting(table: pa.Table, setting: str) -> pa.Table:
    return table.append_column("setting", pa.array([setting] * table.num_rows, pa.string()))

# SPDX-License-Identifier: Apache-2.0
"""BUCC 2018: find the pairs of translations in two collections of sentences.

Both splits are mined alike.  A mined pair counts if its score reaches a threshold: the best one for
the F1 of the dev split.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from xling.errors import DataError
from xling.metrics.mining import best_threshold, pair_scores
from xling.records import Score
from xling.tasks.margin import mine
from xling.tasks.predicted import grouped

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

STANDARD = "standard"
SPLITS = ("dev", "test")
METRICS = ("f1", "precision", "recall")
_SIGNATURE = "{metric}|pairs:set|margin:ratio|retrieval:max|threshold:{tuned}|scale:100|v:1"
#: In signatures: the split whose pairs the threshold was tuned on.
TUNED_ON_DEV, TUNED_ON_SCORED = "dev", "scored-pairs"

# Source id, target id, margin score (None: not mined), whether the pair is gold.
_Pair = tuple[str, str, float | None, bool]


class _Texts(NamedTuple):
    """The different texts of a side.

    Attributes:
        first: place of each text's first sentence.
        ids: the sentence's id; None if several sentences have the text.
    """

    first: np.ndarray
    ids: list[str | None]


def mine_splits(
    table: pa.Table,
    rows: np.ndarray,
    embedded: Callable[[np.ndarray], np.ndarray],
    neighbours: int,
) -> pa.Table:
    """Mine the dev and the test split of one language.

    Equal texts of a side are one in the search; as they name no single sentence, pairs with them
    are then left out.

    Args:
        table: prepared rows with the column ``split``, those of a side in the order of their ids.
        rows: token rows of the table's rows.
        embedded: gives the vectors of token rows, shape [1, rows, width].
        neighbours: of the margin score.

    Returns:
        Columns ``setting``, ``language``, ``split``, ``source``, ``target``, ``score``, ``gold``:
        mined pairs, best first, then the gold pairs that were not mined, whose score is null.  If
        the table has one split only, its pairs stand under both names.
    """
    import pyarrow as pa

    language = table["language"][0].as_py()
    names = np.asarray(table["split"].to_pylist())
    mined = {}
    for name in dict.fromkeys(names.tolist()):
        places = np.flatnonzero(names == name)
        mined[name] = _mine(table.take(places), rows[places], embedded, neighbours)
    if len(mined) == 1:
        mined = dict.fromkeys(SPLITS, next(iter(mined.values())))
    parts = []
    for split in SPLITS:
        source, target, scores, gold = zip(*mined[split], strict=True)
        count = len(source)
        parts.append(
            pa.table(
                {
                    "setting": [STANDARD] * count,
                    "language": [language] * count,
                    "split": [split] * count,
                    "source": source,
                    "target": target,
                    "score": pa.array(scores, pa.float32()),
                    "gold": gold,
                }
            )
        )
    return pa.concat_tables(parts)


def _mine(
    table: pa.Table,
    rows: np.ndarray,
    embedded: Callable[[np.ndarray], np.ndarray],
    neighbours: int,
) -> list[_Pair]:
    """Return the mined pairs of one split and the gold pairs that were not mined."""
    ids, partners = table["id"].to_pylist(), table["gold"].to_pylist()
    gold = {(ids[i], other) for i, others in enumerate(partners) for other in others}
    source, target = (_texts(table, side) for side in ("source", "target"))
    vectors = embedded(rows[np.concatenate([source.first, target.first])])[0]
    count = len(source.first)
    mined = mine(vectors[:count], vectors[count:], neighbours)
    pairs: list[_Pair] = []
    for one, other, value in zip(*(part.tolist() for part in mined), strict=True):
        pair = source.ids[one], target.ids[other]
        if pair[0] is not None and pair[1] is not None:
            pairs.append((pair[0], pair[1], value, pair in gold))
    log.info(
        "%d foreign and %d English texts, %d pairs mined; %d left out: their text stands more than "
        "once",
        count,
        len(target.first),
        len(mined.scores),
        len(mined.scores) - len(pairs),
    )
    lost = sorted(gold - {(one, other) for one, other, _, _ in pairs})
    return [*pairs, *((one, other, None, True) for one, other in lost)]


def _texts(table: pa.Table, side: str) -> _Texts:
    """Merge the sentences of a side that have the same text, in order of the first."""
    places: dict[str, list[int]] = {}
    columns = (table[name].to_pylist() for name in ("side", "text"))
    for place, (found, text) in enumerate(zip(*columns, strict=True)):
        if found == side:
            places.setdefault(text, []).append(place)
    ids = table["id"].to_pylist()
    return _Texts(
        np.array([same[0] for same in places.values()], dtype=np.int64),
        [ids[same[0]] if len(same) == 1 else None for same in places.values()],
    )


def score(predictions: pa.Table) -> list[Score]:
    """Score the test split of each language with the threshold of its dev split.

    The signature says so if the two splits are the same pairs; see :func:`tuned_on_scored`.

    Raises:
        DataError: a missing column, no rows, a pair that is there twice, or a split that is not
            there or has no gold.
    """
    scores = []
    for (setting, language), splits in _by_language(predictions).items():
        dev, test = splits["dev"], splits["test"]
        threshold, dev_f1 = _tuned(dev)
        log.info("%s: threshold %.6g, F1 %.2f on dev", language, threshold, dev_f1)
        gold = {(one, other) for one, other, _, is_gold in test if is_gold}
        kept = [(p[0], p[1]) for p in test if p[2] is not None and p[2] >= threshold]
        values = pair_scores(gold, kept)
        tuned = TUNED_ON_SCORED if dev == test else TUNED_ON_DEV
        scores += [
            Score(
                setting=setting,
                language=language,
                metric=metric,
                value=getattr(values, metric),
                n=len(gold),
                signature=_SIGNATURE.format(metric=metric, tuned=tuned),
                chance=0.0,
            )
            for metric in METRICS
        ]
    return scores


def tuned_on_scored(scores: Iterable[Score]) -> list[str]:
    """Return the languages whose threshold was tuned on the very pairs that are scored."""
    sign = f"|threshold:{TUNED_ON_SCORED}|"
    return list(dict.fromkeys(s.language for s in scores if sign in s.signature))


def _by_language(predictions: pa.Table) -> dict[tuple[str, str], dict[str, list[Any]]]:
    """Return the pairs of both splits of each (setting, language)."""
    found: dict[tuple[str, str], dict[str, list[Any]]] = {}
    groups = grouped(
        predictions, ("setting", "language", "split"), ("source", "target"), ("score", "gold")
    )
    for (setting, language, split), rows in groups.items():
        found.setdefault((setting, language), {})[split] = rows
    for (_, language), splits in found.items():
        if set(splits) != set(SPLITS):
            raise DataError(
                f"the predictions of {language} have the splits {', '.join(splits)}",
                allowed="dev, on which the threshold is tuned, and test",
                fix="run the prediction again",
            )
    return found


def _tuned(pairs: list[_Pair]) -> tuple[float, float]:
    """Return the best threshold of a split and its F1."""
    mined = [(value, gold) for _, _, value, gold in pairs if value is not None]
    values = np.array([value for value, _ in mined], dtype=np.float64)
    hits = np.array([gold for _, gold in mined], dtype=bool)
    return best_threshold(values, hits, sum(gold for *_, gold in pairs))

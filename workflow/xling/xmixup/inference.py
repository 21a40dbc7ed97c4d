# SPDX-License-Identifier: Apache-2.0
"""Predictions of a trained X-Mixup model, which reads an English text beside each test row.

Each way to test is a ``setting`` of the predictions.  It is named after the English side:
``translate_test`` are machine translations, ``gold`` the original English rows, which nobody has
of a new text: an oracle.  The plain name reads the target's logits.  Classification has a second
setting, ``…_mean``, for the mean of both sides' logits: the released code predicts from it, and it
is the one to report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import tee
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from xling.data.wants import no_gold_english
from xling.errors import UsageError, nearest
from xling.inference import batches_of
from xling.score import MEAN as MEAN
from xling.tasks import Task
from xling.tasks.by_setting import COLUMN
from xling.tasks.family import Inference, family_of
from xling.tokens import Tokens
from xling.xmixup.pairs import ITSELF, own_sources, pair_test

if TYPE_CHECKING:
    import pyarrow as pa

    from xling.xmixup.losses import PairOutput
    from xling.xmixup.model import XMixup

GOLD = "gold"
#: English sides that a test row may have.
SIDES = ("translate_test", GOLD)


class _Decoder(Protocol):
    """What the modules of the families say of outputs, whatever made them."""

    def gather(
        self, outputs: Any, tokens: Tokens, rows: np.ndarray, decoding: Mapping[str, Any]
    ) -> Any: ...

    def decode(
        self, found: Any, tokens: Tokens, rows: np.ndarray, table: pa.Table, task: Task
    ) -> pa.Table: ...


def check_sides(names: Mapping[str, Any], task: Task) -> None:
    """Check the names of English sides.

    Raises:
        UsageError: an unknown name, or gold English of a task whose test sets are no translations.
    """
    for name in names:
        if name not in SIDES:
            raise UsageError(
                f"unknown English side of test rows '{name}'",
                where="--english",
                allowed=", ".join(SIDES),
                fix=nearest(name, SIDES) or "give one of the allowed names",
            )
    if GOLD in names and not task.gold_english:
        raise no_gold_english(task.name)


def predict(
    model: XMixup,
    tokens: Tokens,
    rows: np.ndarray,
    sources: Mapping[str, Tokens],
    table: pa.Table,
    task: Task,
    decoding: Mapping[str, Any],
    how: Inference,
) -> tuple[pa.Table, dict[str, dict[str, int]]]:
    """Return the predictions of all settings, those of a setting together.

    Args:
        model: on its device.
        tokens: test rows; each must have its English side in all of ``sources``
            (:func:`xling.xmixup.pairs.pair_test` says what may lack).
        rows: token rows to predict; all inputs of an item are among them.
        sources: tokens of the English sides by name.
        table: the prepared rows that ``tokens`` were made of.
        task: of classification, tagging or question answering.
        decoding: settings of the family's decoding.
        how: batches and number format.

    Returns:
        ``setting`` and the columns of the family's predictions; and by English side and language,
        how many items were their own source because they have none.

    Raises:
        UsageError: see :func:`check_sides`.
        DataError: too many rows have no English side.
    """
    import pyarrow as pa

    check_sides(sources, task)
    parts, own = [], {}
    for side, source in sources.items():
        beside = pair_test(task.family, tokens, source, model.settings.windows)[rows]
        own[side] = own_sources(tokens, rows, beside)
        made = predict_beside(model, tokens, rows, source, beside, table, task, decoding, how)
        for ending, found in made.items():
            names = pa.array([side + ending] * found.num_rows, pa.string())
            parts.append(found.add_column(0, COLUMN, names))
    return pa.concat_tables(parts), own


def predict_beside(
    model: XMixup,
    tokens: Tokens,
    rows: np.ndarray,
    source: Tokens,
    source_rows: np.ndarray,
    table: pa.Table,
    task: Task,
    decoding: Mapping[str, Any],
    how: Inference,
) -> dict[str, pa.Table]:
    """Return the family's predictions from the target's logits, ``""``, and :data:`MEAN` if any.

    Args:
        source_rows: row of ``source`` for each of ``rows``, or
            :data:`~xling.xmixup.pairs.ITSELF`.
        model, tokens, rows, source, table, task, decoding, how: as in :func:`predict`.
    """
    decoder = cast(_Decoder, family_of(task.name))
    endings = ("", MEAN) if task.family == "classification" else ("",)
    outputs = (
        (places, _by_ending(pair, task.family))
        for places, pair in outputs_beside(model, tokens, rows, source, source_rows, how)
    )
    made = {}
    # The model runs once: the second reader finds what the first one left, a few logits per row.
    for ending, copy in zip(endings, tee(outputs, len(endings)), strict=True):
        found = decoder.gather(_only(copy, ending), tokens, rows, decoding)
        made[ending] = decoder.decode(found, tokens, rows, table, task)
    return made


def _only(
    outputs: Iterator[tuple[np.ndarray, dict[str, Any]]], ending: str
) -> Iterator[tuple[np.ndarray, Any]]:
    return ((places, by_ending[ending]) for places, by_ending in outputs)


def _by_ending(pair: PairOutput, family: str) -> dict[str, Any]:
    """Return what a plain model of the family would have put out, by ending of the setting."""
    from transformers.modeling_outputs import (
        QuestionAnsweringModelOutput,
        SequenceClassifierOutput,
        TokenClassifierOutput,
    )

    logits = pair.target.logits
    if family == "classification":
        mean = SequenceClassifierOutput(logits=pair.averaged_logits())
        return {"": SequenceClassifierOutput(logits=logits), MEAN: mean}
    if family == "tagging":
        return {"": TokenClassifierOutput(logits=logits)}
    starts, ends = logits.unbind(-1)
    return {"": QuestionAnsweringModelOutput(start_logits=starts, end_logits=ends)}


def outputs_beside(
    model: XMixup,
    tokens: Tokens,
    rows: np.ndarray,
    source: Tokens,
    source_rows: np.ndarray,
    how: Inference,
    **options: Any,
) -> Iterator[tuple[np.ndarray, PairOutput]]:
    """Yield (places in ``rows``, what the model says of the pairs) until each row was there once.

    ``how.max_tokens`` counts the padded sub-words of both sides.

    Args:
        source_rows: row of ``source`` for each of ``rows``, or
            :data:`~xling.xmixup.pairs.ITSELF`.
        model, tokens, rows, source, how: as in :func:`predict`.
        options: further arguments of the model's forward.
    """
    own = source_rows == ITSELF
    for group, side, beside in (
        (np.flatnonzero(~own), source, source_rows[~own]),
        (np.flatnonzero(own), tokens, rows[own]),
    ):
        pairs = _PairRows(tokens, rows[group], side, beside, model.settings.pad_to)
        # It reads no more of the rows than _PairRows has.
        places_of_pairs = np.arange(len(group))
        for places, pair in batches_of(model, cast(Tokens, pairs), places_of_pairs, how, **options):
            yield group[places], pair


@dataclass(frozen=True)
class _PairRows:
    """Rows with the rows beside them; a row is a pair, an input has both sides.

    Attributes:
        target: where the rows to predict are.
        target_rows: their rows, shape [pairs].
        source: where the rows beside them are.
        source_rows: their rows, shape [pairs].
        width: of every batch; None: the longest text's.
    """

    target: Tokens
    target_rows: np.ndarray
    source: Tokens
    source_rows: np.ndarray
    width: int | None

    @cached_property
    def lengths(self) -> np.ndarray:
        """Sub-words of each pair, shape [pairs]: both sides are padded to the longer one."""
        longer = np.maximum(
            self.target.lengths[self.target_rows], self.source.lengths[self.source_rows]
        )
        return 2 * (longer if self.width is None else np.full_like(longer, self.width))

    def inputs(self, pairs: np.ndarray, pad_id: int) -> dict[str, Any]:
        """Return the arguments of :class:`~xling.xmixup.model.XMixup`, ``source`` and ``target``.

        Each is a dictionary of tensors that can be moved to a device as a whole.
        """
        from transformers import BatchEncoding

        return {
            "source": BatchEncoding(self.source.inputs(self.source_rows[pairs], pad_id)),
            "target": BatchEncoding(self.target.inputs(self.target_rows[pairs], pad_id)),
        }

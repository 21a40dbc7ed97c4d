# SPDX-License-Identifier: Apache-2.0
"""BLEU from counts: sacreBLEU counts n-grams once per sentence, all resamples follow from sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xling.stats.resampling import Floats

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

ORDER = 4
#: Numbers per sentence, as sacreBLEU orders them: length of the translation, length of the
#: reference, matching n-grams of 1 to 4 words, n-grams of 1 to 4 words.
COUNTS = 2 + 2 * ORDER


def sentence_counts(metric: Metric, hypotheses: Sequence[str], references: Sequence[str]) -> Floats:
    """Return the counts of sacreBLEU for each sentence, shape [sentences, COUNTS].

    Args:
        metric: of ``metrics.bleu_metric``.
    """
    # The method behind sacrebleu's own paired tests; there is no public one.
    counts = metric._extract_corpus_statistics(hypotheses, [references])
    return np.asarray(counts, dtype=np.float64)


def bleu(counts: Floats) -> Floats:
    """Return BLEU, 0 to 100, of summed counts [..., COUNTS]: shape [...].

    As ``sacrebleu.metrics.BLEU.compute_bleu`` with its defaults: orders without a match count as
    1/2, 1/4 … of a match (smoothing "exp"), nothing is smoothed without any match, and texts
    without n-grams of an order have 0.
    """
    length, reference = counts[..., 0], counts[..., 1]
    correct, total = counts[..., 2 : 2 + ORDER], counts[..., 2 + ORDER :]
    # The k-th order without a match counts as 2^-k matches.
    none = correct == 0
    smoothed = np.where(none, 0.5 ** np.cumsum(none, axis=-1), correct)
    usable = (total > 0).all(axis=-1) & (correct > 0).any(axis=-1)
    precisions = smoothed / np.where(total > 0, total, 1.0)
    penalty = np.minimum(0.0, 1.0 - reference / np.where(length > 0, length, 1.0))
    return np.where(usable, 100.0 * np.exp(penalty + np.log(precisions).mean(axis=-1)), 0.0)

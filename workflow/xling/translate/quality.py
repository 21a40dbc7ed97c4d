# SPDX-License-Identifier: Apache-2.0
"""How good translations are: what can be said of texts, without and with references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xling.mt.scoring.metrics import score_corpus
from xling.translate.engine import Translation
from xling.translate.products.texts import one_line

#: Shares of the sentences below which a length ratio lies, as the report gives them.
QUANTILES = {"5 %": 0.05, "median": 0.5, "95 %": 0.95}


def text_quality(translations: Mapping[str, Translation]) -> dict[str, Any]:
    """Return what can be said of translations without a reference.

    Returns:
        ``sentences``; ``translated``: share with a text; ``flags``: share of each flag, and
        ``flagged``: of sentences with any; ``length_ratio``: characters of the translation for each
        of the source, by quantile; ``score``: the mean of the engine's own scores.  Shares are 0 to
        1; what there is nothing to compute from is null.
    """
    flags = Counter(flag for one in translations.values() for flag in one.flags)
    count = len(translations)
    kept = [(text, one_line(found.text)) for text, found in translations.items()]
    ratios = [len(two) / len(one) for one, two in kept if one and two]
    scores = [one.score for one in translations.values() if one.score is not None]
    share = 1 / count if count else 0.0
    return {
        "sentences": count,
        "translated": share * sum(bool(text) for _, text in kept) if count else None,
        "flagged": share * sum(bool(one.flags) for one in translations.values()) if count else None,
        "flags": {flag: share * flags[flag] for flag in sorted(flags)},
        "length_ratio": {
            name: float(np.quantile(ratios, at)) if ratios else None
            for name, at in QUANTILES.items()
        },
        "score": float(np.mean(scores)) if scores else None,
    }


def against(pairs: Sequence[tuple[str, str]], language: str) -> dict[str, Any] | None:
    """Return scores of texts against references; None if there are none.

    Args:
        pairs: text and reference; an empty text counts as one.
        language: of both.

    Returns:
        ``sentences``, and sacreBLEU's ``bleu`` and ``chrf++`` (0 to 100) with ``signatures``.
    """
    if not pairs:
        return None
    hypotheses, references = (
        [one_line(text) for text in side] for side in zip(*pairs, strict=True)
    )
    scores = score_corpus(hypotheses, references, language, None)
    return {
        "sentences": len(pairs),
        **{score.metric: score.value for score in scores},
        "signatures": {score.metric: score.signature for score in scores},
    }

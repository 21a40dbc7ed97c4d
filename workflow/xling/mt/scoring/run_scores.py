# SPDX-License-Identifier: Apache-2.0
"""Scores of one run: languages, averages over groups, and what is suspicious about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xling.mt.scoring.averages import ALL, Groups, averages, check_languages, members
from xling.mt.scoring.metrics import MAIN, MECAB, left_out, score_corpus
from xling.mt.scoring.sentences import Translations
from xling.records import Score
from xling.score import COLLAPSED, STANDARD
from xling.tasks import SOURCE_LANGUAGE

# Ours: a model that learned nothing matches some frequent words; a usable one is far above.
COLLAPSE_BLEU = 1.0
# Ours: a decoder that is stuck gives many sentences one translation; in real test sets short
# sentences repeat too, but never so many.
REPEATED_SHARE = 0.5
# Ours: untranslated output; names and numbers alone make some per cent.
COPIED_SHARE = 0.2


@dataclass(frozen=True)
class RunScores:
    """All that is scored of a run.

    Attributes:
        scores: of each language, then averages, by metric; values from 0 to 100.
        left_out: metrics that could not be computed, with the reason.
        flags: what is suspicious, in words.
    """

    scores: list[Score]
    left_out: dict[str, str]
    flags: list[str]


def target_of(language: str, direction: str) -> str:
    """Return the language that is translated to, of a pair with English."""
    return SOURCE_LANGUAGE if direction == "m2o" else language


def score_run(
    texts: Mapping[str, Translations], direction: str, groups: Groups, flores: Path | None
) -> RunScores:
    """Score a run.

    Args:
        texts: translations by language.
        direction: ``m2o`` or ``o2m``.
        groups: languages by ``low``, ``mid``, ``high``.
        flores: the model that spBLEU needs, or None.

    Raises:
        DataError: groups and translated languages differ.
    """
    check_languages(texts, groups)
    scores: list[Score] = []
    reasons: dict[str, str] = {}
    for language, one in texts.items():
        target = target_of(language, direction)
        found = score_corpus(one.hypotheses, one.references, target, flores)
        reasons |= left_out(target, flores)
        scores += [_score(language, s.metric, s.value, len(one.ids), s.signature) for s in found]
    scores += _averages(scores, groups)
    return RunScores(scores, reasons, list(_flags(scores, texts)))


def _score(language: str, metric: str, value: float, n: int, signature: str) -> Score:
    return Score(
        setting=STANDARD,
        language=language,
        metric=metric,
        value=value,
        n=n,
        signature=signature,
        # No answer that ignores the source has any match to speak of.
        chance=0.0,
    )


def _averages(scores: Sequence[Score], groups: Groups) -> list[Score]:
    """Return the averages of each metric that every language has."""
    found = []
    for metric in dict.fromkeys(s.metric for s in scores if s.metric != MECAB):
        own = {s.language: s for s in scores if s.metric == metric}
        values = averages({code: s.value for code, s in own.items()}, groups)
        for name, codes in members(groups).items():
            signatures = sorted({own[code].signature for code in codes})
            signature = f"macro average of {len(codes)} languages: {' or '.join(signatures)}"
            n = sum(own[code].n for code in codes)
            found.append(_score(name, metric, values[name], n, signature))
    return found


def _flags(scores: Sequence[Score], texts: Mapping[str, Translations]) -> Iterator[str]:
    """Say what is suspicious: nothing learned, a stuck decoder, no translation, copies."""
    (mean,) = (s.value for s in scores if (s.metric, s.language) == (MAIN, ALL))
    if mean <= COLLAPSE_BLEU:
        yield f"{COLLAPSED}: mean BLEU {mean:.1f}, at most {COLLAPSE_BLEU:.1f}"
    counts = {code: _odd(one) for code, one in texts.items()}
    for name, share in (("one translation", REPEATED_SHARE), ("copied", COPIED_SHARE)):
        listed = [
            f"{code} ({odd[name]} of {len(texts[code].ids)})"
            for code, odd in counts.items()
            if odd[name] >= max(2.0, share * len(texts[code].ids))
        ]
        if listed:
            yield f"{name}: {', '.join(listed)}"
    empty = [f"{code} ({odd['empty']})" for code, odd in counts.items() if odd["empty"]]
    if empty:
        yield f"empty: {', '.join(empty)}"


def _odd(one: Translations) -> dict[str, int]:
    """Count translations that are all the same, equal to their source, or empty."""
    (_, most), *_ = Counter(one.hypotheses).most_common(1)
    pairs = zip(one.hypotheses, one.sources, strict=True)
    return {
        "one translation": most,
        "copied": sum(made.strip() == source.strip() for made, source in pairs),
        "empty": sum(not made.strip() for made in one.hypotheses),
    }

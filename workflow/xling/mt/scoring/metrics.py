# SPDX-License-Identifier: Apache-2.0
"""BLEU, chrF++ and spBLEU of one language, by sacreBLEU (Post 2018).

Which tokenisation CATS used is not known; sacreBLEU's default on detokenised text is the published
convention since (cats.md, section 7).  Nothing is ever downloaded here: spBLEU needs the
SentencePiece model of FLORES-200, and is left out where that file is not.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xling.errors import DataError

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric

BLEU, CHRF, SPBLEU, MECAB = "bleu", "chrf++", "spbleu", "bleu-mecab"
#: The metric that tables show first and that systems are tested with.
MAIN = BLEU
METRICS = (BLEU, CHRF, SPBLEU)
TITLES = {BLEU: "BLEU", CHRF: "chrF++", SPBLEU: "spBLEU", MECAB: "BLEU, MeCab words"}

#: Key of the download that holds the model, if the registry has it.
FLORES_KEY = "flores200-spm"
# Where sacreBLEU itself puts the model.
_CACHED = Path("models") / "flores200sacrebleuspm"
_CHINESE = ("zh", "zho")
# sacreBLEU's tokenizer, and a module that it needs.
_MECAB = {
    "ja": ("ja-mecab", "MeCab"),
    "ko": ("ko-mecab", "mecab_ko"),
    "kor": ("ko-mecab", "mecab_ko"),
}


@dataclass(frozen=True)
class CorpusScore:
    """One metric of one language.

    Attributes:
        value: 0 to 100.
        signature: sacreBLEU's.
    """

    metric: str
    value: float
    signature: str


def bleu_tokenizer(target: str) -> str:
    """Return sacreBLEU's name of the tokenizer for BLEU in a target language."""
    return "zh" if target in _CHINESE else "13a"


def flores_model(downloads: Path) -> Path | None:
    """Return the SentencePiece model of FLORES-200, if a file of it is here.

    Args:
        downloads: folder of downloads, one folder below it per key of the registry.
    """
    home = Path(os.environ.get("SACREBLEU") or Path("~/.sacrebleu").expanduser())
    placed = sorted((downloads / FLORES_KEY).rglob("*.model"))
    return next((path for path in (*placed, home / _CACHED) if path.is_file()), None)


def left_out(target: str, flores: Path | None) -> dict[str, str]:
    """Return the metrics that cannot be computed here, and why."""
    reasons = {}
    if flores is None:
        reasons[SPBLEU] = (
            "the SentencePiece model of FLORES-200 is neither a download of the registry nor in "
            "sacreBLEU's folder; scoring downloads nothing, "
            f"'xling fetch --dataset {FLORES_KEY}' does"
        )
    if target in _MECAB and not _has_mecab(target):
        reasons[MECAB] = f"the package {_MECAB[target][1]} is not installed"
    return reasons


def score_corpus(
    hypotheses: Sequence[str], references: Sequence[str], target: str, flores: Path | None
) -> list[CorpusScore]:
    """Score the translations of one language, all metrics that can be computed here.

    Args:
        hypotheses: detokenised, one per sentence.
        references: the same sentences.
        target: language that is translated to.
        flores: of :func:`flores_model`.

    Raises:
        DataError: no sentences, or not as many of both.
    """
    if not hypotheses or len(hypotheses) != len(references):
        raise DataError(
            f"there are {len(hypotheses)} translations for {len(references)} references",
            allowed="as many, and one at least",
            fix="generate the translations again",
        )
    found = [
        _scored(BLEU, bleu_metric(target), hypotheses, references),
        _scored(CHRF, _chrf(), hypotheses, references),
    ]
    if target in _MECAB and _has_mecab(target):
        metric = _bleu(_MECAB[target][0])
        found.append(_scored(MECAB, metric, hypotheses, references))
    if flores is not None:
        found.append(_spbleu(hypotheses, references, flores))
    return found


def bleu_metric(target: str) -> Metric:
    """Return sacreBLEU's BLEU for a target language, its options left as they are."""
    return _bleu(bleu_tokenizer(target))


def _bleu(tokenizer: str) -> Metric:
    from sacrebleu import metrics

    # "force" only silences the advice to give detokenised text.
    return metrics.BLEU(tokenize=tokenizer, force=True)


def _chrf() -> Metric:
    from sacrebleu import metrics

    return metrics.CHRF(word_order=2)


def _scored(
    name: str, metric: Metric, hypotheses: Sequence[str], references: Sequence[str]
) -> CorpusScore:
    value = metric.corpus_score(hypotheses, [references]).score
    return CorpusScore(name, float(value), metric.get_signature().format())


def _spbleu(hypotheses: Sequence[str], references: Sequence[str], model: Path) -> CorpusScore:
    """Return BLEU over the pieces of a model; sacreBLEU's own class would look for it online."""
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(model_file=str(model))
    sides = [
        [" ".join(pieces.encode(text.rstrip(), out_type=str)) for text in side]
        for side in (hypotheses, references)
    ]
    found = _scored(SPBLEU, _bleu("none"), *sides)
    signature = found.signature.replace("tok:none", "tok:flores200")
    return CorpusScore(SPBLEU, found.value, signature)


def _has_mecab(target: str) -> bool:
    return importlib.util.find_spec(_MECAB[target][1]) is not None

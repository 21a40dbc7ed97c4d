# SPDX-License-Identifier: Apache-2.0
"""What is known of each benchmark before any file is read.

Free of heavy imports: the Snakefile asks it.  Row counts are those of the published releases and
are asserted when data is prepared; sources are given beside each number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SOURCE_LANGUAGE = "en"

FamilyName = Literal["classification", "tagging", "qa", "retrieval"]


@dataclass(frozen=True)
class Task:
    """One benchmark.

    Attributes:
        name: key in studies, paths and ``scores.csv``.
        title: as the papers write it.
        family: which code prepares, trains and scores it (``xling.tasks.family``).
        labels: class names; their order is the class index.
        languages: languages of the published test set.
        metric: main metric, 0 to 100: the one that tables show.
        metrics: all metrics that are scored, the main one first.
        rows: rows of each published split: of every language, or by language.
        dev_languages: languages of the published dev set; None: those of the test set.
        train_task: task whose training rows are used, if not its own.
        parallel: whether the same items exist in every language.
        partly_parallel: whether each other language has a part of the English items, with the same
            ids.
    """

    name: str
    title: str
    family: FamilyName
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    metric: str
    metrics: tuple[str, ...]
    rows: Mapping[str, int | Mapping[str, int]] = field(default_factory=dict)
    dev_languages: tuple[str, ...] | None = None
    train_task: str = ""
    parallel: bool = False
    partly_parallel: bool = False

    @property
    def gold_english(self) -> bool:
        """Whether a test row has an English row of the same id that says the same."""
        return self.parallel or self.partly_parallel

    @property
    def metric_title(self) -> str:
        """The main metric as the papers write it."""
        return {"f1": "F1"}.get(self.metric, self.metric)

    @property
    def trains_as(self) -> str:
        """Task whose training rows are used."""
        return self.train_task or self.name

    @property
    def trained(self) -> bool:
        """Whether models are trained on the task; retrieval only reads embeddings."""
        return self.family != "retrieval"

    def published_rows(self, split: str, language: str) -> int | None:
        """Return how many rows a published split has in a language; None if it is not known."""
        rows = self.rows.get(split)
        return rows.get(language) if isinstance(rows, Mapping) else rows


def _by_language(text: str) -> dict[str, int]:
    """Read ``"en 10 de 20"``."""
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


# The order of XTREME's own list of PAN-X languages; Tatoeba's is the same without four.
_PANX = tuple(
    "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko th "
    "sw yo my zh kk tr et fi hu".split()
)
# UD 2.5, sentences of all treebanks of a language together (counted in copies of them); where a
# number is not given here it could not be counted and is not asserted.
_UDPOS_TRAIN = {"en": 21_253}
_UDPOS_DEV = _by_language(
    "af 194 ar 909 bg 1115 de 19233 el 403 en 3974 es 3054 et 3125 eu 1798 fa 599 fi 3239 fr 2903 "
    "he 484 hi 1659 hu 441 id 559 it 2278 ja 511 ko 3016 mr 46 nl 1394 pt 1770 ru 8108 ta 80 "
    "te 131 tr 988 ur 552 vi 800 zh 1000"
)
_UDPOS_TEST = _by_language(
    "af 425 ar 1680 bg 1116 de 22357 el 456 en 5440 es 3147 et 3760 eu 1799 fa 600 fi 4422 fr 5009 "
    "he 491 hi 2684 hu 449 id 1557 it 3518 ja 2372 kk 1047 ko 4276 mr 47 nl 1471 pt 2681 ru 8976 "
    "ta 120 te 146 th 1000 tl 55 tr 4785 ur 535 vi 800 yo 100 zh 3455"
)
_LARGE = (
    "ar bg de el en es et eu fa fi fr he hu id it ja ka ko nl pt ru th tr vi zh".split()  # 10,000
)
_PANX_TEST = {code: 10_000 if code in _LARGE else 1_000 for code in _PANX} | dict.fromkeys(
    ("jv", "my", "yo"), 100
)
_TATOEBA = {code: 1_000 for code in _PANX if code not in ("ms", "my", "yo", "en")} | _by_language(
    "jv 205 ka 746 kk 575 ml 687 sw 390 ta 307 te 234 th 548"
)
UPOS = tuple(
    "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()
)

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="xnli",
            title="XNLI",
            family="classification",
            # Alphabetical, as in XTREME's processor; the Hugging Face copy numbers them otherwise.
            labels=("contradiction", "entailment", "neutral"),
            languages=tuple("ar bg de el en es fr hi ru sw th tr ur vi zh".split()),
            metric="accuracy",
            metrics=("accuracy",),
            # Conneau et al. 2018 (test, dev); MultiNLI (train).
            rows={"train": 392_702, "dev": 2_490, "test": 5_010},
            parallel=True,
        ),
        Task(
            name="pawsx",
            title="PAWS-X",
            family="classification",
            labels=("0", "1"),
            languages=tuple("de en es fr ja ko zh".split()),
            metric="accuracy",
            metrics=("accuracy",),
            # Yang et al. 2019, README of the release.
            rows={"train": 49_401, "dev": 2_000, "test": 2_000},
            parallel=True,
        ),
        Task(
            name="udpos",
            title="UD-POS",
            family="tagging",
            # XTREME prepends "O" to the sorted tags, so its classifier has 18 classes.
            labels=("O", *UPOS),
            languages=tuple(
                "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th "
                "tl tr ur vi yo zh".split()
            ),
            metric="f1",
            metrics=("f1", "accuracy"),
            rows={"train": _UDPOS_TRAIN, "dev": _UDPOS_DEV, "test": _UDPOS_TEST},
            dev_languages=tuple(_UDPOS_DEV),
        ),
        Task(
            name="panx",
            title="PAN-X",
            family="tagging",
            labels=("B-LOC", "B-ORG", "B-PER", "I-LOC", "I-ORG", "I-PER", "O"),
            languages=_PANX,
            metric="f1",
            metrics=("f1",),
            # Rahimi et al. 2019, balanced splits.
            rows={"train": {"en": 20_000}, "dev": _PANX_TEST, "test": _PANX_TEST},
        ),
        Task(
            name="xquad",
            title="XQuAD",
            family="qa",
            labels=(),
            languages=tuple("en es de el ru tr ar vi th zh hi".split()),
            metric="f1",
            metrics=("f1", "em"),
            # Train and dev are SQuAD 1.1 (Rajpurkar et al. 2016); test: Artetxe et al. 2020.
            rows={"train": 87_599, "dev": 10_570, "test": 1_190},
            dev_languages=(SOURCE_LANGUAGE,),
            parallel=True,
        ),
        Task(
            name="mlqa",
            title="MLQA",
            family="qa",
            labels=(),
            languages=tuple("en es de ar hi vi zh".split()),
            metric="f1",
            metrics=("f1", "em"),
            # Lewis et al. 2020.
            rows={
                "dev": _by_language("en 1148 de 512 es 500 ar 517 zh 504 vi 511 hi 507"),
                # Spanish has 5,254 rows by the README and 5,253 in copies: not asserted.
                "test": _by_language("en 11590 de 4517 ar 5335 zh 5137 vi 5495 hi 4918"),
            },
            train_task="xquad",
            partly_parallel=True,
        ),
        Task(
            name="tydiqa",
            title="TyDiQA-GoldP",
            family="qa",
            labels=(),
            languages=tuple("en ar bn fi id ko ru sw te".split()),
            metric="f1",
            metrics=("f1", "em"),
            # GoldP v1.1; the paper's 634 English test questions are those of v1.0.
            rows={
                "train": _by_language("en 3696 ko 1625 sw 2755"),
                "test": _by_language(
                    "ar 921 bn 113 en 440 fi 782 id 565 ko 276 ru 812 sw 499 te 669"
                ),
            },
            dev_languages=(),
        ),
        Task(
            name="bucc2018",
            title="BUCC 2018",
            family="retrieval",
            labels=(),
            languages=tuple("de fr ru zh".split()),
            metric="f1",
            metrics=("f1", "precision", "recall"),
        ),
        Task(
            name="tatoeba",
            title="Tatoeba",
            family="retrieval",
            labels=(),
            languages=tuple(_TATOEBA),
            metric="accuracy",
            metrics=("accuracy",),
            # Lines of one side (Artetxe and Schwenk 2019).
            rows={"test": _TATOEBA},
            dev_languages=(),
        ),
    )
}

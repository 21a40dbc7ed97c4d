# SPDX-License-Identifier: Apache-2.0
"""What a study of distillation has, as far as tables and figures must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from xling.distill.evaluation.similarity import languages_of

PAPER = "distill"
STS, BUCC, TATOEBA = "sts17", "bucc2018", "tatoeba"
#: The order of the paper's tables; other pairs follow in alphabetical order.
_PAIRS = "en-en es-es ar-ar en-ar en-de en-tr en-es en-fr en-it en-nl".split()
#: Table 4: Georgian, Swahili, Tagalog, Tatar.
LOW_RESOURCE = ("ka", "sw", "tl", "tt")

Part = Literal["main", "corpora", "amounts", "bilingual"]


@dataclass(frozen=True)
class System:
    """One system.

    Attributes:
        method: with ``model`` the key of its records.
        title: what tables print.
        part: the study it belongs to; ``main``: the paper's numbered tables.
        reported: its name in the paper, as ``config/reported/distill.csv`` has it; empty: none.
        corpora: of its training, in words.
        languages: of its translations; empty: all of its corpora.
        amount: training pairs that were asked for; None: all.
        against: method and model of the multilingual student that a bilingual one is held against.
    """

    method: str
    model: str
    title: str
    part: Part = "main"
    reported: str = ""
    corpora: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    amount: int | None = None
    against: tuple[str, str] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Method and model."""
        return self.method, self.model


@dataclass(frozen=True)
class Frame:
    """A study.

    Attributes:
        comparable: whether data and settings are the paper's.
        systems: in the order of rows.
        tasks: languages of each task that is scored; of STS language pairs.
        low_resource: languages of Table 4.
    """

    study: str
    description: str
    comparable: bool
    systems: tuple[System, ...]
    tasks: Mapping[str, Sequence[str]]
    low_resource: tuple[str, ...] = LOW_RESOURCE

    def of(self, part: Part) -> tuple[System, ...]:
        """Return the systems of a part."""
        return tuple(system for system in self.systems if system.part == part)

    def languages(self, task: str) -> tuple[str, ...]:
        """Return the languages of a task in the order of columns; empty if it is not scored."""
        codes = self.tasks.get(task, ())
        return tuple(sorted(codes, key=lambda code: (_place(code), code)))

    @property
    def monolingual(self) -> tuple[str, ...]:
        """STS pairs of one language (Table 1)."""
        return tuple(p for p in self.languages(STS) if len(set(languages_of(p))) == 1)

    @property
    def cross_lingual(self) -> tuple[str, ...]:
        """STS pairs of two languages (Table 2)."""
        return tuple(p for p in self.languages(STS) if len(set(languages_of(p))) == 2)


def _place(code: str) -> int:
    return _PAIRS.index(code) if code in _PAIRS else len(_PAIRS)

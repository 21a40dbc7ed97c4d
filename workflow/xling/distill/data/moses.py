# SPDX-License-Identifier: Apache-2.0
"""OPUS in Moses' format: ``<Corpus>.<pair>.<language>``, one sentence per line, two files a pair.

As they come out of OPUS' archives ``<pair>.txt.zip``; README, LICENSE and the ``.xml`` or ``.ids``
beside them are not read.  Pairs are in alphabetical order: ``de-en``, but ``en-tr``.  Codes are
OPUS' own and differ by corpus: GlobalVoices says ``jp`` and ``zht``, others ``pt_br``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from xling.distill.data.corpus import ParallelCorpus, SentencePair, only_file, pair_name
from xling.mt.data.bitext import aligned
from xling.tasks import SOURCE_LANGUAGE


def corpus(folder: Path, name: str, language: str, code: str | None = None) -> ParallelCorpus:
    """Return one pair of a corpus of OPUS.

    Args:
        folder: where the archive of the pair was unpacked.
        name: of the corpus in file names, for example ``News-Commentary``.
        language: as it is called here.
        code: as OPUS calls it, if otherwise.

    Raises:
        DataError: a side is missing; while it is read: the sides differ in length.
    """
    pair = pair_name(code or language)
    english, foreign = (
        only_file(folder, (f"{name}.{pair}.{end}",), f"{name} {pair}")
        for end in (SOURCE_LANGUAGE, code or language)
    )

    def pairs(_: Counter[str]) -> Iterator[SentencePair]:
        for line in aligned(english, foreign):
            yield SentencePair(line.number, line.first, line.second)

    return ParallelCorpus(name, language, pairs, (english, foreign))

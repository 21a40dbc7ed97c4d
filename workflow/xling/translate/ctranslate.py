# SPDX-License-Identifier: Apache-2.0
"""Translation with CTranslate2 of a converted model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from xling.errors import SetupError
from xling.translate.batching import token_batches, width
from xling.translate.codes import Family
from xling.translate.converted import TOKENIZER, read_converted, require_ctranslate2
from xling.translate.guarded import Decoded
from xling.translate.settings import Machine, Precision, Search
from xling.translate.tokens import FairseqTokens, LibraryTokens, Tokens

#: Batches hold sentences of lengths within this many sub-words; bounds are computed of them.
STEP = 8
# No bound: such models count distances, not positions.
_UNBOUNDED = 1 << 20


class CTranslate2Model:
    """A converted model.

    Args:
        folder: of a converted model.
        precision: of the computation.
        machine: what it may use.

    Raises:
        DataError: the folder is incomplete.
        SetupError: ctranslate2 is missing, or cannot compute like that here.
    """

    def __init__(self, folder: Path, precision: Precision, machine: Machine) -> None:
        self.note = read_converted(folder)
        self._machine = machine
        family = self.note["family"]
        self.tokens: Tokens = (
            FairseqTokens(folder, self.note)
            if family == "fairseq"
            else LibraryTokens(folder / TOKENIZER, cast(Family, family))
        )
        self._translator = _load(folder, precision, machine)

    def check(self, source: str, target: str) -> None:
        """See :class:`xling.translate.guarded.Model`."""
        self.tokens.check(source, target)

    def sizes(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        """See :class:`xling.translate.guarded.Model`."""
        return [len(one) for one in self.tokens.encode(texts, source, target)]

    def longest(self) -> int:
        """See :class:`xling.translate.guarded.Model`."""
        # fairseq's sentences have a language and an end on top.
        trained = self.note["longest"] + 2 if "longest" in self.note else _UNBOUNDED
        return min(self.note["positions"] or _UNBOUNDED, trained)

    def decode(
        self, texts: Sequence[str], source: str, target: str, search: Search, no_repeat: int = 0
    ) -> list[Decoded]:
        """See :class:`xling.translate.guarded.Model`."""
        encoded = self.tokens.encode(texts, source, target)
        prefix = self.tokens.prefix(target)
        found: list[Decoded | None] = [None] * len(texts)
        for batch in token_batches([len(one) for one in encoded], self._machine.batch_tokens, STEP):
            bound = self._bound(len(encoded[batch[0]]), search) + len(prefix)
            results = self._translator.translate_batch(
                [encoded[place] for place in batch],
                target_prefix=[prefix] * len(batch) if prefix else None,
                beam_size=search.beam,
                patience=search.patience if search.beam > 1 else 1,
                length_penalty=search.length_penalty,
                no_repeat_ngram_size=no_repeat,
                suppress_sequences=[[one] for one in self.tokens.suppressed] or None,
                max_input_length=0,
                max_decoding_length=bound,
                return_scores=True,
                return_end_token=True,
            )
            for place, result in zip(batch, results, strict=True):
                found[place] = self._decoded(result, len(prefix), target, search.length_penalty)
        assert None not in found, "every sentence is in one batch"
        return cast(list[Decoded], found)

    def _bound(self, size: int, search: Search) -> int:
        bound = int(search.longest_ratio * width(size, STEP)) + search.longest_more
        return min(bound, (self.note["positions"] or _UNBOUNDED) - 2)

    def _decoded(self, result: Any, before: int, target: str, penalty: float) -> Decoded:
        pieces = result.hypotheses[0]
        ended = pieces[-1:] == ["</s>"]
        text = self.tokens.decode([pieces[:-1] if ended else pieces], target)[0]
        # The library divides by length^penalty, the prefix counted; a mean is wanted.
        score = result.scores[0] * len(pieces) ** penalty / max(1, len(pieces) - before)
        return Decoded(text, round(float(score), 4), cut=not ended)


def _load(folder: Path, precision: Precision, machine: Machine) -> Any:
    require_ctranslate2()
    import ctranslate2

    try:
        return ctranslate2.Translator(
            str(folder),
            device=machine.device,
            compute_type=precision,
            intra_threads=machine.threads,
            inter_threads=1,
        )
    except (ValueError, RuntimeError) as error:
        raise SetupError(
            f"CTranslate2 cannot load the model ({error})",
            where=str(folder),
            allowed=f"precision {precision} on a device that can compute it",
            fix="set precision to float32 or int8, or device to cpu",
        ) from error

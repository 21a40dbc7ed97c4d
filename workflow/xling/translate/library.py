# SPDX-License-Identifier: Apache-2.0
"""Translation with transformers: the reference that CTranslate2 is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from xling.errors import DataError, SetupError
from xling.translate.batching import token_batches, width
from xling.translate.codes import Family
from xling.translate.convert import check_folder, unreadable
from xling.translate.ctranslate import STEP
from xling.translate.guarded import Decoded
from xling.translate.settings import Machine, Precision, Search
from xling.translate.tokens import LibraryTokens

_UNBOUNDED = 1 << 20


class LibraryModel:
    """A model of transformers.  Sentences of equal length share a batch: nothing is padded.

    Args:
        folder: as published.
        family: of the model.
        precision: of the computation.
        machine: what it may use.

    Raises:
        DataError: the folder is incomplete.
        UsageError: the model is of another family.
        SetupError: there is no such device.
    """

    def __init__(
        self, folder: Path, family: Family, precision: Precision, machine: Machine
    ) -> None:
        config = check_folder(folder, family)
        self._positions = _UNBOUNDED if family == "madlad" else config["max_position_embeddings"]
        self.tokens = LibraryTokens(folder, family)
        self._machine = machine
        self._device = _device(machine)
        self._model = _load(folder, precision).to(self._device)
        # Marian's would end what is cut, and a cut translation must be seen.
        self._model.generation_config.forced_eos_token_id = None

    def check(self, source: str, target: str) -> None:
        """See :class:`xling.translate.guarded.Model`."""
        self.tokens.check(source, target)

    def sizes(self, texts: Sequence[str], source: str, target: str) -> list[int]:
        """See :class:`xling.translate.guarded.Model`."""
        return [len(one) for one in self.tokens.encode(texts, source, target)]

    def longest(self) -> int:
        """See :class:`xling.translate.guarded.Model`."""
        return self._positions

    def decode(
        self, texts: Sequence[str], source: str, target: str, search: Search, no_repeat: int = 0
    ) -> list[Decoded]:
        """See :class:`xling.translate.guarded.Model`."""
        encoded = self.tokens.encode(texts, source, target)
        found: list[Decoded | None] = [None] * len(texts)
        for batch in token_batches([len(one) for one in encoded], self._machine.batch_tokens, 1):
            results = self._batch([encoded[place] for place in batch], target, search, no_repeat)
            for place, result in zip(batch, results, strict=True):
                found[place] = result
        assert None not in found, "every sentence is in one batch"
        return cast(list[Decoded], found)

    def _batch(
        self, pieces: list[list[str]], target: str, search: Search, no_repeat: int
    ) -> list[Decoded]:
        """Translate sentences of one length."""
        import torch

        tokenizer, prefix = self.tokens.tokenizer, self.tokens.prefix(target)
        ids = torch.tensor([tokenizer.convert_tokens_to_ids(one) for one in pieces])  # [B, T]
        ids = ids.to(self._device)
        bound = int(search.longest_ratio * width(ids.shape[1], STEP)) + search.longest_more
        forced = tokenizer.convert_tokens_to_ids(prefix[0]) if prefix else None
        with torch.inference_mode():
            out = self._model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                num_beams=search.beam,
                do_sample=False,
                length_penalty=search.length_penalty,
                no_repeat_ngram_size=no_repeat,
                max_new_tokens=min(bound, self._positions - 2) + len(prefix),
                max_length=None,
                forced_bos_token_id=forced,
                return_dict_in_generate=True,
                output_scores=True,
            )
            scores = self._model.compute_transition_scores(
                out.sequences,
                out.scores,
                getattr(out, "beam_indices", None),
                normalize_logits=search.beam == 1,
            )
        end = tokenizer.eos_token_id
        return [
            self._decoded(row[1:], values, end, target)
            for row, values in zip(out.sequences.tolist(), scores.tolist(), strict=True)
        ]

    def _decoded(self, ids: list[int], scores: list[float], end: int, target: str) -> Decoded:
        before = len(self.tokens.prefix(target))
        count = ids.index(end) + 1 if end in ids else len(ids)
        tokenizer = self.tokens.tokenizer
        pieces = tokenizer.convert_ids_to_tokens(ids[: count - (end in ids)])
        # Models may have more rows than sub-words; those mean nothing.
        pieces = [tokenizer.unk_token if piece is None else piece for piece in pieces]
        score = sum(scores[before:count]) / max(1, count - before)
        text = self.tokens.decode([pieces], target)[0]
        return Decoded(text, round(score, 4), cut=end not in ids)


def _load(folder: Path, precision: Precision) -> Any:
    import torch
    from transformers import AutoModelForSeq2SeqLM

    try:
        model = AutoModelForSeq2SeqLM.from_pretrained(
            folder, dtype=getattr(torch, precision), local_files_only=True
        )
    except unreadable() as error:
        raise DataError(
            f"a translation model cannot be loaded ({type(error).__name__}: {error})",
            where=str(folder),
            allowed="a folder as the model was published",
            fix="download the whole folder again",
        ) from error
    return model.eval()


def _device(machine: Machine) -> Any:
    import torch

    torch.set_num_threads(machine.threads)
    there = torch.cuda.is_available()
    if machine.device == "cuda" and not there:
        raise SetupError(
            "there is no GPU that torch can use",
            where="device: cuda",
            allowed="auto, cpu",
            fix="set device to cpu, or ask for a GPU",
        )
    return torch.device("cuda" if there and machine.device != "cpu" else "cpu")

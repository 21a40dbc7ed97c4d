# SPDX-License-Identifier: Apache-2.0
"""Word alignment by the hidden states of a multilingual encoder, as SimAlign does it.

Sub-words of both sentences are compared by the cosine of their vectors in one layer; nothing is
trained.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from xling.encoders.encoder import load_with_head, read_encoder
from xling.errors import UsageError, nearest
from xling.translate.project.links import RULES, Links, similarities, word_links
from xling.translate.project.words import Span

# Ours: pairs whose vectors are held at once; 50 MB of 768 numbers for each of 30 sub-words.
_AT_ONCE = 256


class Worded(NamedTuple):
    """A text and where its words stand."""

    text: str
    words: tuple[Span, ...]


class Aligner(Protocol):
    """Says which words of a sentence and of its translation belong together."""

    @property
    def key(self) -> str:
        """Return what alignments depend on; equal keys give equal alignments."""

    def align(self, pairs: Sequence[tuple[Worded, Worded]]) -> list[Links]:
        """Return for each pair of texts the linked words (source, target), in rising order."""


@dataclass(frozen=True)
class Alignment:
    """Settings of :class:`EncoderAligner`.

    Attributes:
        layer: 0 is the table of sub-words, 8 what SimAlign found best for mBERT and XLM-R.
        rule: ``argmax`` has fewer wrong links, ``itermax`` fewer missing ones.
        max_tokens: sub-words of a batch, padding included.
    """

    layer: int = 8
    rule: str = "itermax"
    max_tokens: int = 4096  # ours: less than 1 GB with an encoder of the size of mBERT


class EncoderAligner:
    """Compares sub-words in a layer of an encoder.

    Args:
        note: ``encoder.json`` of the encoder, its ``tokenizer.json`` beside it.
        settings: see there.

    Raises:
        UsageError: the encoder has no such layer, or there is no such rule.
        DataError: the encoder cannot be read.
    """

    def __init__(self, note: Path, settings: Alignment) -> None:
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModel

        info, folder = read_encoder(note)
        _check(info, settings, note)
        self._settings = settings
        self._tokenizer = Tokenizer.from_file(str(note.parent / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = load_with_head(AutoModel, folder, ()).to(self._device).eval()
        config = self._model.config
        # RoBERTa numbers positions from the padding's id + 1.
        shift = config.pad_token_id + 1 if "roberta" in config.model_type else 0
        self._tokenizer.enable_truncation(config.max_position_embeddings - shift)
        about = [sorted(info["sha256"].items()), settings.layer, settings.rule]
        self.key = json.dumps(about)

    def align(self, pairs: Sequence[tuple[Worded, Worded]]) -> list[Links]:
        """Return the linked words of each pair; words after the encoder's last place have none."""
        found: list[Links] = []
        for start in range(0, len(pairs), _AT_ONCE):
            found += self._align(pairs[start : start + _AT_ONCE])
        return found

    def _align(self, pairs: Sequence[tuple[Worded, Worded]]) -> list[Links]:
        texts = list(dict.fromkeys(side.text for pair in pairs for side in pair))
        number = {text: i for i, text in enumerate(texts)}
        states = self._states(texts)
        rule = RULES[self._settings.rule]
        found: list[Links] = []
        for one, two in pairs:
            (units, vectors), (others, more) = (states[number[side.text]] for side in (one, two))
            if units and others:
                flags = rule(similarities(vectors, more))
                found.append(word_links(flags, units, one.words, others, two.words))
            else:
                found.append([])
        return found

    def _states(self, texts: list[str]) -> list[tuple[list[Span], np.ndarray]]:
        """Return the sub-words of each text and their vectors, shape [sub-words, width]."""
        import torch

        from xling.batches import token_batches

        encoded = self._tokenizer.encode_batch(texts)
        lengths = np.array([len(one.ids) for one in encoded])
        found: list[Any] = [None] * len(texts)
        for places in token_batches(lengths, self._settings.max_tokens):
            width = int(lengths[places].max())
            ids = np.full((len(places), width), self._model.config.pad_token_id)
            mask = np.zeros((len(places), width), dtype=np.int64)
            for row, place in enumerate(places):
                ids[row, : lengths[place]] = encoded[place].ids
                mask[row, : lengths[place]] = 1
            with torch.inference_mode():
                output = self._model(
                    input_ids=torch.from_numpy(ids).to(self._device),
                    attention_mask=torch.from_numpy(mask).to(self._device),
                    output_hidden_states=True,
                )
            layer = output.hidden_states[self._settings.layer].float().cpu().numpy()
            for row, place in enumerate(places):
                found[place] = _real(encoded[place], layer[row])
        return found


def _real(encoding: Any, vectors: np.ndarray) -> tuple[list[Span], np.ndarray]:
    """Return the sub-words that stand for text, and their vectors."""
    kept = [
        i
        for i, (special, (start, end)) in enumerate(
            zip(encoding.special_tokens_mask, encoding.offsets, strict=True)
        )
        if not special and start < end
    ]
    return [Span(*encoding.offsets[i]) for i in kept], vectors[kept]


def _check(info: dict[str, Any], settings: Alignment, note: Path) -> None:
    if not 0 <= settings.layer <= info["layers"]:
        raise UsageError(
            f"the encoder has no layer {settings.layer}",
            where=f"{note}; alignment, layer",
            allowed=f"0 to {info['layers']}",
            fix="8 suits encoders of 12 layers; take about two thirds of the layers",
        )
    if settings.rule not in RULES:
        raise UsageError(
            f"there is no rule '{settings.rule}' for alignments",
            where="alignment, rule",
            allowed=", ".join(RULES),
            fix=nearest(settings.rule, RULES),
        )

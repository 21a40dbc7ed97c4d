# SPDX-License-Identifier: Apache-2.0
"""Translating: CTranslate2 or transformers, batches by length or not, repeated texts once or again.

Models are untrained M2M-100s whose translations go on until their bound: as many sub-words as the
source has, and a few.  Search is greedy: then all sides must give the same.  Each side has two
threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.comparison import Case
from bench.made_up import real_lengths
from unit.translate_models import WORDS, write_model

if TYPE_CHECKING:
    from xling.translate.ctranslate import CTranslate2Model
    from xling.translate.guarded import Decoded, GuardedEngine
    from xling.translate.library import LibraryModel
    from xling.translate.settings import Machine, Precision, Search

THREADS = 2
BATCH_TOKENS = 2_000
# Large enough to be a load, small enough for a laptop; vocabulary of 8,000, as all benchmarks.
SHAPE = {
    "words": 8_000,
    "d_model": 256,
    "encoder_layers": 4,
    "decoder_layers": 4,
    "encoder_ffn_dim": 1024,
    "decoder_ffn_dim": 1024,
    "max_position_embeddings": 512,
    "init_std": 0.2,
}
# As wide as NLLB-200's smallest: products of small matrices gain nothing from int8.
WIDE = {
    "d_model": 1024,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_ffn_dim": 4096,
    "decoder_ffn_dim": 4096,
}
SUBWORDS_PER_WORD = 2.5  # of the made-up words
ROUNDING = 1e-2  # of mean log-probabilities
SAME_TEXTS = 0.98  # rounding may turn a tie
# Counted in the test sets: each premise of XNLI is in three rows, each context of XQuAD in about
# five (1,190 questions, 240 contexts, of five sentences).
PREMISE_ROWS, CONTEXT_ROWS, CONTEXT_SENTENCES = 3, 5, 5

Translations = list["Decoded"]


def engines(sentences: int, folder: Path) -> Case:
    """Compare CTranslate2 in float32 with transformers."""
    texts = made_up(sentences)
    ours, other = converted(folder), reference(folder)
    return Case(
        f"translating {sentences:,} sentences of XNLI's lengths",
        lambda: partial(greedy, ours, texts),
        {"transformers, equal lengths together": lambda: partial(greedy, other, texts)},
        same_texts,
    )


def precisions(sentences: int, folder: Path) -> Case:
    """Compare CTranslate2 in int8 with float32; rounded weights say other words."""
    texts = made_up(sentences)
    ours, other = converted(folder, "int8", **WIDE), converted(folder, **WIDE)
    library = reference(folder, **WIDE)
    return Case(
        f"translating {sentences:,} sentences in int8, {WIDE['d_model']:,} wide",
        lambda: partial(greedy, ours, texts),
        {
            "float32": lambda: partial(greedy, other, texts),
            "transformers, float32": lambda: partial(greedy, library, texts),
        },
        lambda one, two: len(one) == len(two) == sentences,
    )


def batches(sentences: int, folder: Path) -> Case:
    """Compare batches of similar length with those of the file's order."""
    texts = made_up(sentences)
    model = converted(folder)
    return Case(
        f"batches of {BATCH_TOKENS:,} sub-words, {sentences:,} sentences",
        lambda: partial(greedy, model, texts),
        {"file order": lambda: partial(in_order, model, texts)},
        begins_alike,
    )


def repeated(sentences: int, folder: Path, task: str) -> Case:
    """Compare the store with translating each text of each row, for XNLI or XQuAD."""
    texts = made_up(sentences)
    engine = engine_of(converted(folder))
    if task == "xnli":
        premises, rest = texts[: sentences // 4], texts[sentences // 4 :]
        rows = [premises + rest[i::PREMISE_ROWS] for i in range(PREMISE_ROWS)]
    else:
        contexts = [
            ". ".join(texts[i : i + CONTEXT_SENTENCES]).replace(". ", ".\n")
            for i in range(0, sentences, CONTEXT_SENTENCES)
        ]
        rows = [contexts] * CONTEXT_ROWS
    every = [text for row in rows for text in row]
    folders = count()

    def ours() -> Callable[[], list[str]]:
        from xling.translate.store import Store

        store = Store(folder / f"store-{next(folders)}")
        return lambda: [one.text for one in store.translate_all(engine, every, "en", "de")]

    def again() -> list[str]:
        return [one.text for row in rows for one in engine.translate(row, "en", "de")]

    return Case(
        f"{len(every):,} texts, repeated as in {task}",
        ours,
        {"each text again": lambda: again},
        share_alike,
    )


def made_up(sentences: int) -> list[str]:
    """Return sentences of made-up words, about as many sub-words as those of XNLI have."""
    rng = np.random.default_rng(0)
    sizes = real_lengths("xnli_sentence_lengths.csv", sentences) / SUBWORDS_PER_WORD
    return [" ".join(rng.choice(WORDS, max(1, round(size)))) for size in sizes]


def published(folder: Path, **shape: float) -> Path:
    """Return the folder of the model; it is made if it is not there."""
    model = folder / "model"
    return model if model.is_dir() else write_model("m2m100", model, **(SHAPE | shape))


def converted(folder: Path, precision: Precision = "float32", **shape: float) -> CTranslate2Model:
    """Return the converted model; ``shape`` is what differs from :data:`SHAPE`."""
    from xling.translate.convert import convert_model
    from xling.translate.converted import Origin
    from xling.translate.ctranslate import CTranslate2Model

    output = folder / "converted"
    convert_model(published(folder, **shape), "m2m100", output, Origin("made up", "", "Apache-2.0"))
    return CTranslate2Model(output, precision, machine())


def reference(folder: Path, **shape: float) -> LibraryModel:
    """Return the same model in transformers."""
    from xling.translate.library import LibraryModel

    return LibraryModel(published(folder, **shape), "m2m100", "float32", machine())


def machine() -> Machine:
    """Return what each side may use."""
    from xling.translate.settings import Machine

    return Machine(device="cpu", threads=THREADS, batch_tokens=BATCH_TOKENS)


def engine_of(model: CTranslate2Model) -> GuardedEngine:
    """Return an engine without second tries."""
    from xling.translate.guarded import GuardedEngine
    from xling.translate.settings import Guard

    return GuardedEngine("bench", "Apache-2.0", {}, lambda: model, search(), Guard(retry_beam=None))


def search() -> Search:
    """Return greedy search with a bound near the source's length."""
    from xling.translate.settings import Search

    return Search(beam=1, longest_ratio=1.0, longest_more=2)


def greedy(model: CTranslate2Model | LibraryModel, texts: Sequence[str]) -> Translations:
    """Translate as the workflow does."""
    from xling.machine import set_threads

    set_threads(THREADS)
    try:
        return model.decode(texts, "en", "de", search())
    finally:
        set_threads(1)  # as all other benchmarks


def in_order(model: CTranslate2Model, texts: Sequence[str]) -> Translations:
    """Translate with CTranslate2, batches filled in the file's order."""
    pieces = model.tokens.encode(texts, "en", "de")
    prefix = model.tokens.prefix("de")
    found: Translations = []
    start = 0
    while start < len(pieces):
        end = start + 1
        while end < len(pieces) and (end + 1 - start) * longest(pieces[start : end + 1]) <= (
            BATCH_TOKENS
        ):
            end += 1
        results = model._translator.translate_batch(
            pieces[start:end],
            target_prefix=[prefix] * (end - start),
            beam_size=1,
            max_input_length=0,
            max_decoding_length=model._bound(longest(pieces[start:end]), search()) + len(prefix),
            return_scores=True,
            return_end_token=True,
        )
        found += [model._decoded(one, len(prefix), "de", 1.0) for one in results]
        start = end
    return found


def longest(pieces: Sequence[Sequence[str]]) -> int:
    """Return the sub-words of the longest sentence."""
    return max(map(len, pieces))


def same_texts(ours: Translations, other: Translations) -> bool:
    """Return whether nearly all translations and their scores are the same."""
    same = [
        one.text == two.text and abs(one.score - two.score) < ROUNDING
        for one, two in zip(ours, other, strict=True)
    ]
    return float(np.mean(same)) >= SAME_TEXTS


def begins_alike(ours: Translations, other: Translations) -> bool:
    """Return whether translations are the same up to their bound, which batches may raise."""
    same = [two.text.startswith(one.text) for one, two in zip(ours, other, strict=True)]
    return float(np.mean(same)) >= SAME_TEXTS


def share_alike(ours: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether nearly all texts are the same."""
    return float(np.mean([a == b for a, b in zip(ours, other, strict=True)])) >= SAME_TEXTS

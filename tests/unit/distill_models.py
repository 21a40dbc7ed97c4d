# SPDX-License-Identifier: Apache-2.0
"""Tiny models and parallel pairs for the tests of distillation."""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from conftest import scratch

WORDS = [a + b + c for a in "bdgk" for b in "aeo" for c in "lmn"]


def sentence(rng):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(2, 9)))


def other_words(text):
    """A translation: every word is spelt backwards."""
    return " ".join(word[::-1] for word in text.split())


def rows(count, seed=0):
    rng = random.Random(seed)
    sources = [sentence(rng) for _ in range(count)]
    return [(one, other_words(one)) for one in sources]


def write_pairs(path: Path, blocks):
    """Write {(corpus, language): [(source, target), …]}, a row group each."""
    names = ("id", "language", "corpus", "source", "target")
    schema = pa.schema([(name, pa.string()) for name in names])
    with pq.ParquetWriter(path, schema) as writer:
        for (corpus, language), pairs in blocks.items():
            found = [(str(i), language, corpus, *pair) for i, pair in enumerate(pairs)]
            columns = dict(zip(names, zip(*found, strict=True), strict=True))
            writer.write_table(pa.table(columns, schema), row_group_size=len(found))
    return path


def write_encoder(folder: Path, seed=0, **other):
    """Write an untrained encoder in Hugging Face format, whose words are those of ``rows``."""
    from xling.encoders.pretrain import new_model
    from xling.encoders.tokenizer import build_tokenizer

    rng = random.Random(9)
    texts = [sentence(rng) for _ in range(200)]
    texts += [other_words(text) for text in texts]
    tokenizer = build_tokenizer("xlm-roberta", texts, 120, 48)
    torch.manual_seed(seed)
    model = new_model(scratch("xlm-roberta", **other), tokenizer, 48)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def spread_out(folder: Path, factor=20.0):
    """Make the words of an untrained encoder differ more, so that it can be a teacher."""
    from transformers import AutoModelForMaskedLM

    model = AutoModelForMaskedLM.from_pretrained(folder)
    with torch.no_grad():
        model.base_model.embeddings.word_embeddings.weight.mul_(factor)
    model.save_pretrained(folder)
    return folder

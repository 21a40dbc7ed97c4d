# SPDX-License-Identifier: Apache-2.0
"""What several tests need: a tiny encoder of each kind, and tokenised rows."""

from __future__ import annotations

import os
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

REPOSITORY = Path(__file__).parent.parent
# The real benchmark files; tests that need them skip where they are absent.
REALDATA = Path(os.environ.get("XLING_REALDATA", REPOSITORY.parent / "shared" / "realdata"))
LABELS = ("contradiction", "entailment", "neutral")


def pair_rows(count: int, seed: int = 0):
    """Rows of a prepared table whose label can be read off the words, of 4 to 30 words."""
    import pyarrow as pa

    rng = random.Random(seed)
    words = [a + b + c for a in "bdgk" for b in "aeo" for c in "lmn"]
    keys = dict(zip(LABELS, ("zul", "vum", "fin"), strict=True))
    columns = {name: [] for name in ("id", "language", "sentence1", "sentence2", "label")}
    for i in range(count):
        label = LABELS[i % 3]
        first = [rng.choice(words) for _ in range(rng.randint(2, 15))]
        second = [rng.choice(words) for _ in range(rng.randint(1, 14))] + [keys[label]]
        rng.shuffle(second)
        for name, value in (
            ("id", f"r{i}"),
            ("language", "en" if i < count // 2 else "qaa"),
            ("sentence1", " ".join(first)),
            ("sentence2", " ".join(second)),
            ("label", label),
        ):
            columns[name].append(value)
    return pa.table(columns)


def scratch(architecture: str, **other):
    """Settings of a tiny encoder."""
    from xling.config.study import ScratchEncoder

    pretraining = {"steps": 6, "batch_size": 8, "checkpoint_every": 2, "max_length": 48}
    values = {
        "source": "scratch",
        "architecture": architecture,
        "vocabulary": 120,
        "hidden_size": 16,
        "layers": 2,
        "heads": 2,
        "intermediate_size": 32,
        "pretraining": pretraining | other.pop("pretraining", {}),
    }
    return ScratchEncoder.model_validate(values | other)


@pytest.fixture(scope="session", params=["xlm-roberta", "bert"])
def encoder(request, tmp_path_factory):
    """A tiny pre-trained encoder as ``xling pretrain`` leaves it, and tokenised rows for it."""
    from xling.data.tables import write_table
    from xling.encoders.encoder import describe, save_fast_tokenizer, write_note
    from xling.encoders.pretrain import pretrain
    from xling.machine import set_threads
    from xling.tasks import TASKS
    from xling.tasks.classification import Tokens, tokenize
    from xling.tokens import write_tokens

    set_threads(1)
    folder = tmp_path_factory.mktemp(request.param)
    table = pair_rows(120)
    pretrain(scratch(request.param), table, 48, folder / "model", folder / "state")
    info = describe(folder / "model", "model", precision="fp32", origin="a test")
    save_fast_tokenizer(folder / "model", folder / "tokenizer.json")
    write_note(folder / "encoder.json", info)
    tokens = tokenize(table, folder / "tokenizer.json", TASKS["xnli"], {"max_length": 48})
    about = {"task": "xnli", "split": "train", "reading": {"max_length": 48}}
    about |= {"sha256": "0" * 64, "rows": {}, "origin": "a test"}
    write_tokens(folder / "train.arrow", tokens, about)
    write_table(folder / "train.parquet", table, {})
    return SimpleNamespace(
        architecture=request.param,
        folder=folder,
        note=folder / "encoder.json",
        file=folder / "train.arrow",
        prepared=folder / "train.parquet",
        tokens=Tokens.read([folder / "train.arrow"]),
        table=table,
    )

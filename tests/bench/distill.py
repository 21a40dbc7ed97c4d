# SPDX-License-Identifier: Apache-2.0
"""Three epochs of distillation, the teacher's encoding included.

- ours: a vector per different source, batches of similar length (``xling.distill``);
- the library's example loop for multilingual models: ``Dataset.map`` adds the teacher's vector to
  each row, then its trainer with ``MSELoss`` on a set per language, proportionally sampled.

Learning rate 0 and no dropout: the mean loss of three passes is then the same whatever the batches
are.  Each English sentence has a translation in six languages, as in XNLI.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.comparison import Case
from bench.made_up import FIRST_WORD, PAD, VOCABULARY, real_lengths, small_model

LANGUAGES = ("de", "es", "ar", "hi", "sw", "zh")
EPOCHS = 3
BATCH = 32  # pairs at most, as in the library's example half of 64 sentences
MAX_LENGTH = 128
# XNLI dev sets: mean and standard deviation of log(sub-words of the English sentence / of the
# other).  Counted as the lengths in xnli_sentence_lengths.csv.
LOG_RATIO = (-0.243, 0.243)
TEMPLATE = 2  # special sub-words of a sentence


def distillation(sources: int, folder: Path) -> Case:
    """Compare loops over as many English sentences, in six languages.

    Args:
        sources: English sentences: less than a batch, or a multiple of it, so that passes are
            whole on both sides.
        folder: empty.
    """
    _models(folder)
    texts = _texts(sources)
    _parallel(texts, folder / "train.parquet")
    pairs = sources * len(LANGUAGES)
    return Case(
        f"distillation, {EPOCHS} epochs of {pairs:,} pairs",
        partial(ours, folder, sources),
        {"library's example loop": partial(example, folder, texts)},
        partial(math.isclose, rel_tol=1e-4),
    )


def ours(folder: Path, sources: int) -> Callable[[], float]:
    """Make our own loop ready: an empty store, one part per language."""
    from xling.distill.examples import ParallelRows, examples_of
    from xling.distill.loss import DistillationLoss
    from xling.distill.mixing import Order
    from xling.distill.settings import DistillSettings, Mixing
    from xling.distill.student import load_model
    from xling.distill.teacher_vectors import Teacher, encode_sources
    from xling.distill.trainer import planned_trainer
    from xling.distill.training import Batches, subword_counts

    # A turn is a pass, so that three passes are whole.
    mixing = Mixing(share="proportional", turn=sources)
    batch = min(BATCH, sources)
    steps = EPOCHS * sources * len(LANGUAGES) // batch
    settings = DistillSettings(mixing=mixing, max_steps=steps, batch_size=2 * batch)
    student, teacher = load_model(folder / "student", MAX_LENGTH), Teacher(folder / "teacher")
    _ = teacher.model  # loading is not timed on either side

    def work() -> float:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            rows = ParallelRows.read(folder / "train.parquet")
            store, _ = encode_sources(teacher, rows.source_texts(), Path(name))
            examples = examples_of(rows, settings)
            counts = subword_counts(student, rows.texts, Path(name) / "lengths.npy")
            lengths = counts[examples.texts].sum(axis=1)
            order = Order(examples.starts, lengths, mixing, batch=batch, steps=steps, seed=1)
            trainer = planned_trainer(
                model=student,
                loss=DistillationLoss(student, "mean"),
                batches=Batches(rows, examples, order, student, store),
                state=folder / "trainer",
                steps=steps,
                warmup=0,
                precision="fp32",
                seed=1,
                learning_rate=0.0,
                save_steps=steps + 1,
            )
            return float(trainer.train().training_loss)

    return work


def example(folder: Path, texts: dict[str, list[str]]) -> Callable[[], float]:
    """Make the library's own loop ready as its documentation sets it up."""
    from datasets import Dataset, DatasetDict
    from sentence_transformers import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MSELoss
    from transformers import PrinterCallback

    from xling.distill.student import load_model

    student = load_model(folder / "student", MAX_LENGTH)
    teacher = load_model(folder / "teacher", MAX_LENGTH)

    def labels(batch: dict[str, list[str]]) -> dict[str, Any]:
        found = teacher.encode(batch["english"], batch_size=64, show_progress_bar=False)
        return {"label": found}

    def work() -> float:
        # The name spares a checksum of the teacher per set, which takes as long for any amount.
        sets = DatasetDict(
            {
                code: Dataset.from_dict({"english": texts["en"], "non_english": texts[code]}).map(
                    labels, batched=True, new_fingerprint=code
                )
                for code in LANGUAGES
            }
        )
        trainer = SentenceTransformerTrainer(
            model=student,
            loss=MSELoss(student),
            train_dataset=sets,
            args=SentenceTransformerTrainingArguments(
                output_dir=str(folder / "trainer"),
                num_train_epochs=EPOCHS,
                per_device_train_batch_size=min(BATCH, len(texts["en"])),
                learning_rate=0.0,
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                use_cpu=True,
            ),
        )
        trainer.remove_callback(PrinterCallback)
        return float(trainer.train().training_loss)

    return work


def _texts(sources: int) -> dict[str, list[str]]:
    """Return made-up sentences by language, as long as real ones; a word is a sub-word."""
    rng = np.random.default_rng(3)
    lengths = real_lengths("xnli_sentence_lengths.csv", sources)
    found = {"en": lengths}
    for code in LANGUAGES:
        ratios = np.exp(rng.normal(*LOG_RATIO, sources))
        found[code] = np.clip(np.rint(lengths / ratios), TEMPLATE + 1, MAX_LENGTH).astype(int)
    return {code: [_sentence(rng, int(n)) for n in counts] for code, counts in found.items()}


def _sentence(rng: np.random.Generator, length: int) -> str:
    words = rng.integers(FIRST_WORD, VOCABULARY, max(1, length - TEMPLATE))
    return " ".join(f"w{word}" for word in words)


def _parallel(texts: dict[str, list[str]], file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(n, pa.string()) for n in ("id", "language", "corpus", "source", "target")])
    with pq.ParquetWriter(file, schema) as writer:
        for code in LANGUAGES:
            count = len(texts["en"])
            ids = [str(i) for i in range(count)]
            columns = [ids, [code] * count, ["made up"] * count, texts["en"], texts[code]]
            table = pa.Table.from_arrays([pa.array(column) for column in columns], schema=schema)
            writer.write_table(table, row_group_size=count)


def _models(folder: Path) -> None:
    """Write teacher and student: untrained, of one shape, with a tokenizer of whole words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import AutoModel, PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    words = [*special, *(f"w{i}" for i in range(FIRST_WORD, VOCABULARY))]
    backend = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", unk_token="<unk>", model_max_length=MAX_LENGTH
    )
    assert tokenizer.pad_token_id == PAD
    for name in ("teacher", "student"):
        model = small_model(AutoModel, MAX_LENGTH, labels=2)
        if name == "student":
            with torch.no_grad():  # another one than the teacher
                model.embeddings.word_embeddings.weight.mul_(2.0)
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)

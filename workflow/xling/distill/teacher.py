# SPDX-License-Identifier: Apache-2.0
"""A small teacher, trained on English sentence pairs with graded similarity.

The objective is one of sentence-transformers' losses:

- ``cosent``: ``CoSENTLoss``.  It asks that pairs of a higher grade have a higher cosine, and reads
  the order of the grades alone: right for grades whose distances mean nothing, such as 1, 1/2 and 0
  for entailment, neutral and contradiction;
- ``cosine``: ``CosineSimilarityLoss``, the squared difference of cosine and grade, as SBERT was
  trained on the STS benchmark (SBERT-nli-stsb, section 1);
- ``ranking``: ``MultipleNegativesRankingLoss`` on the pairs of a high grade, as the paraphrase
  teacher was trained on entailment pairs (section 1).
"""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from sentence_transformers.sentence_transformer import losses
from transformers import set_seed

from xling.batches import steps_of, updates
from xling.data.manifest import sha256_of
from xling.distill.model_notes import MODEL
from xling.distill.settings import TeacherSettings
from xling.distill.student import load_model
from xling.distill.trainer import planned_trainer
from xling.distill.training import subword_counts
from xling.distill.vectors import teacher_key
from xling.encoders.encoder import check_precision
from xling.errors import DataError
from xling.files import write_text
from xling.machine import hardware, peak_memory_mb, versions
from xling.run import state_of_run
from xling.stops import Stop
from xling.training import fit

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)

_COLUMNS = ("sentence1", "sentence2", "score")
_ENGLISH = "en-en"
_LOSSES = {
    "cosent": losses.CoSENTLoss,
    "cosine": losses.CosineSimilarityLoss,
    "ranking": losses.MultipleNegativesRankingLoss,
}


@dataclass(frozen=True)
class GradedPairs:
    """English sentence pairs.

    Attributes:
        first, second: the sentences.
        grades: 0 (unlike) to 1 (the same meaning).
    """

    first: pa.Array
    second: pa.Array
    grades: npt.NDArray[np.float32]

    @classmethod
    def read(cls, path: Path, largest: float) -> GradedPairs:
        """Read columns ``sentence1``, ``sentence2``, ``score``.

        If there is a column ``language``, as in STS files of several languages, only rows of
        ``en-en`` are read: the teacher is English.

        Args:
            path: a Parquet file.
            largest: score of pairs that mean the same: 5 in STS files, 1 if scores are grades.

        Raises:
            DataError: a column is missing, there are no rows, or a score is not in 0 to largest.
        """
        try:
            table = pq.read_table(path)
            if "language" in table.column_names:
                table = table.filter(pc.field("language") == _ENGLISH)
            columns = [table[name].combine_chunks() for name in _COLUMNS]
        except (OSError, pa.ArrowInvalid, KeyError) as error:
            raise _unusable(path, str(error).splitlines()[0], largest) from error
        scores = columns[2].to_numpy(zero_copy_only=False).astype(np.float64)
        wrong = int((~((scores >= 0) & (scores <= largest))).sum())
        if wrong or not len(scores):
            raise _unusable(path, f"{wrong} of {len(scores)} scores are not allowed", largest)
        return cls(columns[0], columns[1], (scores / largest).astype(np.float32))

    def __len__(self) -> int:
        return len(self.grades)

    def at_least(self, grade: float) -> GradedPairs:
        """Return the pairs of at least this grade."""
        kept = pa.array(self.grades >= grade)
        return GradedPairs(
            self.first.filter(kept), self.second.filter(kept), self.grades[self.grades >= grade]
        )


def _unusable(path: Path, why: str, largest: float) -> DataError:
    return DataError(
        f"the graded pairs cannot be used: {why}",
        where=str(path),
        allowed=f"at least one row; columns {', '.join(_COLUMNS)}; scores from 0 to {largest:g}",
        fix="prepare the data again",
    )


class _Batches(torch.utils.data.Dataset):
    """The batch of every update."""

    def __init__(
        self,
        pairs: GradedPairs,
        planned: list[np.ndarray],
        model: SentenceTransformer,
        *,
        graded: bool,
    ) -> None:
        self.pairs, self.planned, self.model, self.graded = pairs, planned, model, graded

    def __len__(self) -> int:
        return len(self.planned)

    def __getitem__(self, step: int) -> dict[str, Any]:
        chosen = self.planned[step]
        batch: dict[str, Any] = {}
        for name, texts in (("first", self.pairs.first), ("second", self.pairs.second)):
            inputs = self.model.preprocess(texts.take(pa.array(chosen)).to_pylist())
            batch |= {f"{name}_{key}": value for key, value in inputs.items()}
        if self.graded:
            batch["label"] = torch.from_numpy(self.pairs.grades[chosen])
        return batch


def train_teacher(
    *,
    settings: TeacherSettings,
    seed: int,
    pairs_file: Path,
    largest_score: float,
    encoder: Path,
    folder: Path,
    state: Path,
    stage: int = 1,
    stop: Stop | None = None,
) -> None:
    """Train a teacher and leave ``model/`` and ``train.json`` in ``folder``.

    The last weights are kept.

    Args:
        settings: all of them.
        seed: dropout, and the order of the pairs, follow from it.
        pairs_file: graded pairs (:meth:`GradedPairs.read`).
        largest_score: of the file: 5 for STS, 1 for grades.
        encoder: folder that it starts from.
        folder: of the results.
        state: of the checkpoints.
        stage: version of the stage.
        stop: whether the process is asked to leave; None: signals do what they do.

    Raises:
        xling.errors.Interrupted: a signal came and everything was saved.
        xling.errors.DataError: a file cannot be used, or no pair has a high enough grade.
        xling.errors.SetupError: see :func:`xling.distill.training.distill`.
    """
    check_precision(settings.precision)
    stop = stop or Stop()
    pairs = GradedPairs.read(pairs_file, largest_score)
    graded = settings.objective != "ranking"
    if not graded:
        pairs = pairs.at_least(settings.positive_from)
        if not len(pairs):
            raise _unusable(pairs_file, f"no grade of {settings.positive_from} or more", 1)
    about = {"data": sha256_of(pairs_file), "encoder": teacher_key(encoder), "rows": len(pairs)}
    place = state_of_run(state, settings.model_dump(), seed, stage, largest_score, about)
    set_seed(seed)
    model = load_model(encoder, settings.max_length)
    lengths = sum(
        subword_counts(model, texts, place / f"lengths-{i}.npy")
        for i, texts in enumerate((pairs.first, pairs.second))
    )
    steps = steps_of(len(pairs), settings.batch_size, settings.epochs)
    planned = updates(np.asarray(lengths), settings.batch_size, steps, seed)
    log.info("%d graded pairs, %d updates of %s", len(pairs), steps, settings.objective)
    trainer = planned_trainer(
        model=model,
        loss=_LOSSES[settings.objective](model),
        batches=_Batches(pairs, planned, model, graded=graded),
        state=place,
        steps=steps,
        warmup=round(settings.warmup_ratio * steps),
        precision=settings.precision,
        seed=seed,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        save_steps=settings.checkpoint_every,
    )
    outcome = fit(trainer, place, model_folder=folder / MODEL, stop=stop)
    assert outcome is not None, "a single process trains"
    note = about | {
        "settings": settings.model_dump() | {"steps": outcome.steps},
        "loss": _LOSSES[settings.objective].__name__,
        "seed": seed,
        "model": MODEL,
        "selection": outcome.selection,
        "timing": {"train_seconds": round(outcome.seconds, 2), **peak_memory_mb()},
        "hardware": hardware(),
        "versions": versions(),
        "history": outcome.history,
    }
    write_text(folder / "train.json", json.dumps(note, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(state)

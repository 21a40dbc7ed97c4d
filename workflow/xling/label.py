# SPDX-License-Identifier: Apache-2.0
"""The stage ``label``: a trained tagger says how likely each tag is for words of translations.

X-Mixup trains on these probabilities (:mod:`xling.xmixup.soft_labels`).  They are those at the
first sub-word of a word, which is where taggers read it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.data.manifest import sha256_of
from xling.errors import DataError, UsageError
from xling.inference import batches_of, rows_of
from xling.tasks import TASKS, tagging
from xling.tasks.family import Inference
from xling.tasks.tagging_features import NO_LABEL
from xling.xmixup.soft_labels import labels_table, word_counts

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Teacher:
    """A trained tagger.

    Attributes:
        folder: of the model.
        note: its ``train.json``.
    """

    folder: Path
    note: dict[str, Any]

    @property
    def info(self) -> dict[str, Any]:
        """What it was trained on, checksums of its weights and of its encoder's."""
        splits = [f"{used['task']} {used['split']}" for used in self.note["train_data"]]
        weights = sorted(self.folder.glob("*.safetensors"))
        return {
            "trained_on": splits,
            "weights": {file.name: sha256_of(file) for file in weights},
            "encoder": self.note["encoder"]["sha256"],
        }


def label(
    *, task: str, teacher: Teacher, tokens_files: list[Path], languages: list[str], max_tokens: int
) -> tuple[pa.Table, dict[str, Any]]:
    """Return the soft labels of all words of some languages, and what there is to say of them.

    Args:
        task: a tagging task.
        teacher: a plain model of this task.
        tokens_files: tokenised translations.
        languages: languages to label.
        max_tokens: sub-words per batch, padding included.

    Returns:
        The rows of the file, in the order of the tokens, and its metadata.  ``agreement`` in them
        has for each language the number of words that have a carried-over tag, and the share of
        them for which the teacher finds that tag most likely (null if there is none).

    Raises:
        UsageError: a model of X-Mixup as teacher.
        DataError: a model of another task, tokens of another task, or a language is not in them.
    """
    import torch

    about = TASKS[task]
    if (teacher.folder / "xmixup.json").is_file():
        raise UsageError(
            "a model of X-Mixup cannot label words: it reads an English text beside each row",
            where=str(teacher.folder),
            allowed="a model that reads each row by itself, such as that of zero_shot",
            fix="name the train.json of such a model with --train-note",
        )
    tokens = tagging.Tokens.read(tokens_files, languages)
    _check_tokens(tokens, tokens_files, task, languages)
    rows = rows_of(tokens, languages)
    model = tagging.trained_model(teacher.folder, about)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    how = Inference(model.config.pad_token_id, teacher.note["encoder"]["precision"], max_tokens)
    probabilities = word_probabilities(model.to(device), tokens, rows, len(about.labels), how)
    info = {
        "task": task,
        "labels": list(about.labels),
        "data": list(tokens.info),
        "teacher": teacher.info,
        "agreement": agreement(tokens, rows, probabilities),
    }
    return labels_table(tokens, rows, probabilities), info


def word_probabilities(
    model: torch.nn.Module,
    tokens: tagging.Tokens,
    rows: np.ndarray,
    classes: int,
    how: Inference,
) -> np.ndarray:
    """Return the probabilities of all words of the given rows, float32 [words, classes].

    Args:
        model: on its device.
        tokens: say where words begin.
        rows: token rows, whose words follow each other in the result.
        classes: of the task.
        how: batches and number format; the softmax is in 32 bits.
    """
    sizes = word_counts(tokens, rows)
    starts = np.cumsum(sizes) - sizes
    found = np.empty((int(sizes.sum()), classes), dtype=np.float32)
    for places, output in batches_of(model, tokens, rows, how):
        row, position, _ = tokens.words(rows[places])
        # Word w of a row stands w places after the row's first.
        counts = sizes[places]
        word = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        likely = output.logits.float().softmax(-1).cpu().numpy()
        found[starts[places][row] + word] = likely[row, position]
    return found


def agreement(
    tokens: tagging.Tokens, rows: np.ndarray, probabilities: np.ndarray
) -> dict[str, dict[str, Any]]:
    """Say and log how often the likeliest tag is the one that was carried over; see :func:`label`.

    Args:
        tokens: their labels are the carried-over tags.
        rows: token rows.
        probabilities: of all their words, shape [words, classes].
    """
    row, _, carried = tokens.words(rows)
    same = probabilities.argmax(axis=1) == carried
    languages = np.asarray(tokens.languages)[rows][row]
    found = {}
    for language in dict.fromkeys(languages.tolist()):
        known = same[(languages == language) & (carried != NO_LABEL)]
        share = round(float(known.mean()), 6) if len(known) else None
        found[language] = {"words": len(known), "share": share}
        text = "no word has a carried-over tag" if share is None else f"{share:.1%} as carried over"
        log.info("%s: %d words with a tag, %s", language, len(known), text)
    return found


def _check_tokens(
    tokens: tagging.Tokens, files: Sequence[Path], task: str, languages: Sequence[str]
) -> None:
    """Raise :class:`DataError` for tokens of another task or without one of the languages."""
    others = [info["task"] for info in tokens.info if info["task"] != TASKS[task].trains_as]
    missing = [code for code in languages if code not in set(tokens.languages)]
    if others or missing:
        what = f"are of {others[0]}" if others else f"have no row in '{missing[0]}'"
        raise DataError(
            f"the tokens that are to be labelled {what}",
            where=", ".join(map(str, files)),
            allowed=f"tokenised translations of {TASKS[task].trains_as} in {', '.join(languages)}",
            fix="delete the tokenised split and run snakemake again",
        )

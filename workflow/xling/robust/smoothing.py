# SPDX-License-Identifier: Apache-2.0
"""Smoothing at test time: noisy readings of a row vote.

Ours, after Cohen et al. 2019 (prediction of a smoothed classifier, without certification).  The
paper's released code reads every row once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from xling.batches import token_batches
from xling.errors import UsageError
from xling.inference import autocast
from xling.robust.insertion import CutModel, Inputs
from xling.robust.perturbation import gaussian, uniform
from xling.robust.settings import NoiseSettings, VoteSettings
from xling.score import SMOOTHED
from xling.tasks import Task
from xling.tasks.by_setting import COLUMN
from xling.tasks.classification import Tokens, decode

if TYPE_CHECKING:
    import pyarrow as pa

    from xling.tasks.family import Inference


def predict_by_vote(
    model: Any,
    tokens: Any,
    rows: np.ndarray,
    table: pa.Table,
    task: Task,
    how: Inference,
    votes: VoteSettings,
    robust: dict[str, Any] | None,
) -> pa.Table:
    """Return the predictions of a majority vote, in the setting ``smoothed``.

    ``logits`` holds the votes of each class plus its mean probability, which decides among classes
    with equally many votes.

    Args:
        model: trained with RS-RP, on its device.
        tokens: of the task.
        rows: token rows.
        table: prepared rows.
        task: a classification.
        how: batches and number format; with other batches the noise is another.
        votes: how often a row is read, and the seed of the noise.
        robust: what ``train.json`` says of the training.

    Raises:
        UsageError: the model was not trained with noise.
    """
    import pyarrow as pa

    if robust is None or robust["method"] != "rs_rp":
        raise UsageError(
            "readings with noise vote only for a model that was trained with noise",
            where="xling predict, --smoothed",
            allowed="a model of rs_rp or of one of its variants",
            fix="leave out --smoothed",
        )
    assert isinstance(tokens, Tokens), "robust training is for classification"
    settings, size = NoiseSettings(**robust["settings"]), float(robust["radius"])
    scores = np.empty((len(rows), len(task.labels)), dtype=np.float32)
    model.eval()
    with torch.random.fork_rng():
        torch.manual_seed(votes.seed)
        for places, found in _votes(model, tokens, rows, how, votes.draws, settings, size):
            scores[places] = found
    made = decode(scores, tokens, rows, table, task)
    return made.add_column(0, COLUMN, pa.array([SMOOTHED] * len(rows)))


def _votes(
    model: Any,
    tokens: Tokens,
    rows: np.ndarray,
    how: Inference,
    draws: int,
    settings: NoiseSettings,
    size: float,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield places in ``rows`` and votes plus mean probabilities [batch, classes]."""
    cut = CutModel(model, settings.perturb_at)
    noise = uniform if settings.distribution == "uniform" else gaussian
    for places in token_batches(tokens.lengths[rows], how.max_tokens):
        inputs = tokens.inputs(rows[places], how.pad_id)
        batch = Inputs(**{name: value.to(model.device) for name, value in inputs.items()})
        with torch.inference_mode(), autocast(model.device, how.precision):
            states = cut.before(batch)
            logits = torch.stack(
                [
                    cut.after(states + noise(states, batch.real, size).to(states.dtype), batch)
                    for _ in range(draws)
                ]
            ).float()
        chosen = functional.one_hot(logits.argmax(-1), logits.shape[-1]).sum(0)
        yield places, (chosen + logits.softmax(-1).mean(0)).cpu().numpy()

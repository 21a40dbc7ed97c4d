# SPDX-License-Identifier: Apache-2.0
"""A checkpoint of fairseq and fixed batches of the dev sets, ready to be measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xling.errors import DataError
from xling.mt.analysis.survey import Likelihoods, Probed
from xling.mt.fairseq import probe_batches

SPLIT = "valid"  # fairseq's name of the dev set
# Ours: about 40 sentences of TED.  A Fisher trace costs two backward passes for each of them.
TOKENS = 1000
SEED = 1


@dataclass(frozen=True)
class Checkpoint:
    """A trained model and the data that it is measured on.

    Attributes:
        model: of fairseq, without dropout, on the device.
        batches: by language; target tokens are ``ntokens``.
        smoothing: epsilon of the label smoothing it was trained with.
        words: the dictionary of the target side.
    """

    model: Any
    batches: Mapping[str, Mapping[str, Any]]
    smoothing: float
    words: Any

    @property
    def padding(self) -> int:
        """Return the symbol that fills up short sentences."""
        return int(self.words.pad())

    def probed(self, shares: Mapping[str, float] | None) -> Probed:
        """Return what :func:`~xling.mt.analysis.survey.survey` measures."""
        parameters = {
            name: parameter
            for name, parameter in self.model.named_parameters()
            if parameter.requires_grad
        }
        return Probed(list(self.batches), parameters, self.loss, self.likelihoods, shares)

    def loss(self, language: str) -> torch.Tensor:
        """Return the mean label-smoothed loss of a target token, nats, as fairseq defines it."""
        from fairseq.criterions.label_smoothed_cross_entropy import label_smoothed_nll_loss

        batch = self.batches[language]
        log_probabilities = self.log_probabilities(batch)
        smoothed, _ = label_smoothed_nll_loss(
            log_probabilities.flatten(0, 1),
            batch["target"].flatten(),
            self.smoothing,
            ignore_index=self.padding,
        )
        mean: torch.Tensor = smoothed / batch["ntokens"]
        return mean

    def likelihoods(self, language: str) -> Likelihoods:
        """Yield each sentence's log-likelihood: of the reference, and of labels that are drawn.

        Every label is drawn given the reference's tokens before it.
        """
        batch = self.batches[language]
        random = torch.Generator().manual_seed(SEED)
        for place in range(len(batch["target"])):
            sentence = _sentence(batch, place)
            target = sentence["target"]
            real = target.ne(self.padding)
            log_probabilities = self.log_probabilities(sentence)[real]  # [T, V]
            shares = log_probabilities.detach().cpu().exp()
            drawn = torch.multinomial(shares, 1, generator=random).to(target.device)
            gold = target[real][:, None]
            ways = [log_probabilities.gather(1, labels).sum() for labels in (gold, drawn)]
            yield ways, int(real.sum())

    def log_probabilities(self, batch: Mapping[str, Any]) -> torch.Tensor:
        """Return log p of all symbols at all target positions, [B, T, V]."""
        output = self.model(**batch["net_input"])
        found: torch.Tensor = self.model.get_normalized_probs(output, log_probs=True)
        return found


def load(
    checkpoint: Path,
    data: Path,
    pairs: Mapping[str, str],
    smoothing: float,
    *,
    tokens: int = TOKENS,
) -> Checkpoint:
    """Read a checkpoint, and draw sentences of each language's dev set.

    The same sentences are drawn for every model of the same data and length limits: a function of
    the language alone.

    Args:
        checkpoint: of the training.
        data: the folder of fairseq's binarised data.
        pairs: by language, fairseq's name of its direction: ``aze-en``.
        smoothing: epsilon of the label smoothing it was trained with.
        tokens: target tokens of each language, at least; a smaller dev set is used whole.

    Raises:
        DataError: the checkpoint cannot be read, has no direction of a language, or no sentence is
            short enough for it.
        SetupError: fairseq is missing.
    """
    from xling.mt.fairseq import trained

    found = trained.load(checkpoint, data)
    from fairseq import utils

    _check_pairs(pairs, found.pairs, checkpoint)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = found.model.float().to(device)
    limits = utils.resolve_max_positions(found.task.max_positions(), model.max_positions())
    longest = (int(limits[0]), int(limits[1]))
    datasets = found.datasets(SPLIT)
    batches = {}
    for language, pair in pairs.items():
        random = np.random.default_rng([SEED, *language.encode()])
        batch = probe_batches.draw(datasets[pair], tokens, longest, random)
        batches[language] = utils.move_to_cuda(batch) if device.type == "cuda" else batch
    return Checkpoint(model, batches, smoothing, found.target_dictionary)


@contextmanager
def twice_differentiable() -> Iterator[None]:
    """Let attention be computed step by step: the fused kernels have no second derivative."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    with sdpa_kernel(SDPBackend.MATH):
        yield


def _check_pairs(pairs: Mapping[str, str], known: Sequence[str], checkpoint: Path) -> None:
    unknown = [pair for pair in pairs.values() if pair not in known]
    if unknown:
        raise DataError(
            f"the model does not know the direction '{unknown[0]}'",
            where=str(checkpoint),
            allowed=", ".join(known),
            fix="name data that the model was trained on",
        )


def _sentence(batch: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Return a batch of one of the sentences."""
    cut = partial(_row, place=place)
    return {
        "target": cut(batch["target"]),
        "net_input": {name: cut(value) for name, value in batch["net_input"].items()},
    }


def _row(values: torch.Tensor, place: int) -> torch.Tensor:
    return values[place : place + 1]

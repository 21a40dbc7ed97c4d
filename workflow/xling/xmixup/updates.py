# SPDX-License-Identifier: Apache-2.0
"""The updates of X-Mixup: parts of batches with both sides of their pairs.

What an update reads follows from its number and the seed alone: its rows (``xling.batches``) and
whether their sources are originals or back-translations (scheduled sampling).  So a training that
goes on from a checkpoint sees what it would have seen, and no generator is stored.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch

from xling.batches import steps_of
from xling.errors import UsageError
from xling.tasks import FamilyName
from xling.training import UpdateDataset
from xling.xmixup.losses import Counts
from xling.xmixup.mixup import source_is_original
from xling.xmixup.pairs import Pairs
from xling.xmixup.settings import XMixupSettings


class WordLabels(Protocol):
    """Labels of the words of target rows."""

    def __getitem__(self, row: int, /) -> np.ndarray:
        """Return the probabilities of a row's words, [words, classes]; zeros: no label."""
        ...


class PairDataset(UpdateDataset):
    """The padded parts of all updates, each with its English side.

    An item has ``source`` and ``target`` (inputs of the model), the targets of its family,
    ``counts`` of the whole update, ``original_mask`` where the settings ask for it, and
    ``loss_scale``: the Trainer averages over parts, but losses divided by the counts of the whole
    add up.

    Args:
        pairs: the training rows.
        updates: rows of each update.
        family: of the task.
        settings: of the method.
        parts: of each update, workers times accumulation.
        pad_id: the tokenizer's padding.
        seed: of the training.
        soft_labels: of tagging; None: the tags of the target rows.

    Attributes:
        originals: whether an update reads original sources, shape [updates].

    Raises:
        UsageError: scheduled sampling without back-translations.
    """

    def __init__(
        self,
        pairs: Pairs,
        updates: list[np.ndarray],
        *,
        family: FamilyName,
        settings: XMixupSettings,
        parts: int,
        pad_id: int,
        seed: int,
        soft_labels: WordLabels | None = None,
    ) -> None:
        if not updates:
            raise ValueError("a training has at least one update")
        check_sampling(settings.sampling != "off", given=pairs.back is not None)
        super().__init__(pairs.target, updates, parts=parts, pad_id=pad_id)
        self.pairs = pairs
        self.family = family
        self.settings = settings
        self.soft_labels = soft_labels
        in_epoch = steps_of(len(pairs), max(map(len, updates)), 1)
        self.originals = np.array(
            [
                source_is_original(step, seed=seed, steps_per_epoch=in_epoch, settings=settings)
                for step in range(len(updates))
            ]
        )

    def __getitem__(self, item: int) -> dict[str, Any]:
        update = item // self.parts
        rows, original = self.updates[update], bool(self.originals[update])
        # An update with fewer rows than parts repeats its rows with weight zero.
        part = np.array_split(rows, self.parts)[item % self.parts]
        used = part if len(part) else rows[:1]
        return self._texts(used, original) | {
            "counts": self._counts(rows, original),
            "loss_scale": float(self.parts) if len(part) else 0.0,
        }

    def _texts(self, rows: np.ndarray, original: bool) -> dict[str, Any]:
        """Return inputs of both sides and what they are compared with."""
        pairs, english = self.pairs, self.pairs.original_rows[rows]
        if original:
            source = pairs.original.inputs(english, self.pad_id)
        else:
            assert pairs.back is not None
            assert pairs.back_rows is not None
            source = pairs.back.inputs(pairs.back_rows[rows], self.pad_id)
        batch = pairs.target.batch(rows, self.pad_id)
        names = source.keys() | {"token_type_ids"}
        target = {name: batch.pop(name) for name in sorted(names & batch.keys())}
        item: dict[str, Any] = {"source": source, "target": target, "labels": batch}
        if original and self.family != "classification":
            # A pair of sentences has one label; in the other families each side has its own.
            sides = pairs.original.batch(english, self.pad_id)
            item["source_labels"] = {name: sides[name] for name in batch}
        if not original and self.settings.source_mask == "original":
            texts = pairs.original.inputs(english, self.pad_id)
            item["original_mask"] = texts["attention_mask"]
        if self.soft_labels is not None:
            item["soft_labels"] = self._soft(rows, batch["labels"].shape[1])
        return item

    def _soft(self, rows: np.ndarray, width: int) -> torch.Tensor:
        """Return probabilities at the first sub-words of words, [len(rows), width, classes]."""
        assert self.soft_labels is not None
        values = np.concatenate([self.soft_labels[row] for row in rows]).astype(np.float32)
        words: Any = self.pairs.target
        places, positions, _ = words.words(rows)
        soft = np.zeros((len(rows), width, values.shape[1]), dtype=np.float32)
        soft[places, positions] = values
        return torch.from_numpy(soft)

    def _counts(self, rows: np.ndarray, original: bool) -> Counts:
        """Return what the losses of all parts of an update are divided by."""
        if self.family != "tagging":
            return Counts(len(rows))
        pairs = self.pairs
        english = pairs.original.loss_terms[pairs.original_rows[rows]].sum() if original else 0
        if self.soft_labels is None:
            words = pairs.target.loss_terms[rows].sum()
        else:
            words = sum(int(self.soft_labels[row].any(axis=1).sum()) for row in rows)
        return Counts(len(rows), int(english), int(words))


def check_sampling(samples: bool, *, given: bool) -> None:
    """Raise :class:`UsageError` if back-translations are needed and not given."""
    if samples and not given:
        raise UsageError(
            "scheduled sampling reads back-translations, and none are given",
            where="X-Mixup, setting 'sampling'; xling train --back-translations",
            allowed="tokens of the split back_translate, or sampling: 'off' (always the original)",
            fix="give the tokenised back-translations, or set sampling to 'off'",
        )

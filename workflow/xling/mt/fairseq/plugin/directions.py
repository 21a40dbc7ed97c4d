# SPDX-License-Identifier: Apache-2.0
"""Every sentence of a batch says which translation direction it is of.

Batches of ``translation_multi_simple_epoch`` mix directions.  Their language tokens do not always
tell which: many-to-one models may have none, and directions may share one.  Batches here carry
``sample["direction"]``, a number per sentence [B], in the order of the batch.

fairseq sorts a batch while it puts it together.  It keeps each sentence's ``id`` beside it, so the
direction travels there, ``id * N + direction``, and is taken out again; the ids stay as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from fairseq.data import ConcatDataset, FairseqDataset

Sample = dict[str, Any]


def tag(dataset: Any) -> Any:
    """Return a training or validation dataset whose batches say the direction of each sentence.

    Directions are numbered as the dataset's own parts are.
    """
    if isinstance(dataset, ConcatDataset):
        return TaggedConcatDataset(dataset.datasets)
    # A dataset that samples from its parts: its items are pairs (part, sentence).
    dataset.collater = partial(collate, dataset.collater, len(dataset.datasets))
    return dataset


def collate(
    collater: Callable[..., Sample | None],
    directions: int,
    items: Sequence[tuple[int, Sample]],
    **options: Any,
) -> Sample | None:
    """Put a batch of pairs (direction, sentence) together; None where there are none."""
    coded = [
        (direction, {**item, "id": int(item["id"]) * directions + direction})
        for direction, item in items
    ]
    batch = collater(coded, **options)
    if batch:
        batch["direction"] = batch["id"] % directions
        batch["id"] = torch.div(batch["id"], directions, rounding_mode="floor")
    return batch


class TaggedConcatDataset(ConcatDataset):
    """A concatenation, as validation reads it, of one dataset per direction."""

    def __getitem__(self, index: int) -> tuple[int, Sample]:
        direction, place = self._get_dataset_and_sample_index(index)
        return direction, self.datasets[direction][place]

    def collater(self, samples: Sequence[tuple[int, Sample]], **options: Any) -> Sample | None:
        """Put a batch together."""
        return collate(self._collate, len(self.datasets), samples, **options)

    def _collate(self, samples: Sequence[tuple[int, Sample]], **options: Any) -> Sample | None:
        return super().collater([sample for _, sample in samples], **options)


def only(batch: Sample, direction: int, padding: int) -> Sample:
    """Return the sentences of one direction of a batch, as padded as they are there."""
    rows = (batch["direction"] == direction).nonzero().squeeze(1)
    target = batch["target"][rows]
    return {
        "id": batch["id"][rows],
        "nsentences": len(rows),
        "ntokens": int(target.ne(padding).sum()),
        "net_input": {name: value[rows] for name, value in batch["net_input"].items()},
        "target": target,
        "direction": batch["direction"][rows],
    }


def parts(dataset: Any) -> list[FairseqDataset]:
    """Return the datasets of a tagged one, by direction."""
    return list(dataset.datasets)

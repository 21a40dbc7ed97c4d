# SPDX-License-Identifier: Apache-2.0
"""The loss of distillation: the student's vectors regress on the teacher's (section 3).

For pairs (s, t) of a batch B, teacher M and student N the paper's formula is

    L = 1/|B| * sum over B of [ (M(s) - N(s))^2 + (M(s) - N(t))^2 ]

The authors' code averages the squares over the numbers of a vector.  The library's ``MSELoss`` does
so too, and takes the mean of the two terms where the formula has their sum: half as much.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MSELoss


class DistillationLoss(MSELoss):
    """Mean or sum, over the sides that are given, of the library's mean squared error.

    Args:
        student: what is trained.
        reduction: ``mean`` as the library, ``sum`` as the formula.  With one side both are the
            same.
    """

    def __init__(self, student: SentenceTransformer, reduction: Literal["mean", "sum"]) -> None:
        super().__init__(student)
        self.reduction = reduction

    def forward(
        self,
        sentence_features: Iterable[dict[str, torch.Tensor]],
        labels: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return the loss of a batch.

        Args:
            sentence_features: model inputs of each side.
            labels: the teacher's vectors of the sources, shape [pairs, width], for all sides.
        """
        sides = list(sentence_features)
        loss = super().forward(sides, labels)
        return loss * len(sides) if self.reduction == "sum" else loss

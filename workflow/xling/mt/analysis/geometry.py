# SPDX-License-Identifier: Apache-2.0
"""How the gradients of languages lie to each other, by group of parameters (cats.md, section 8.2).

All of it follows from inner products G_mn = <g_m, g_n>.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from xling.mt.weighting import Floats

#: Groups of a Transformer's parameters, in the order of the model.
GROUPS = ("embeddings", "encoder", "decoder", "output")
#: All of them together.
ALL = "all"


def parameter_groups(names: Iterable[str]) -> list[str]:
    """Return the group of each of fairseq's parameters, by its name.

    ``embeddings`` are those of both sides, with what normalises them; ``output`` is the projection
    on the vocabulary.  Where that shares its weights with embeddings it is no parameter of its own,
    and ``output`` is missing.
    """
    found = []
    for name in names:
        side, _, part = name.partition(".")
        if "output_projection" in part:
            found.append("output")
        elif "embed" in part:
            found.append("embeddings")
        else:
            found.append(side)
    return found


@dataclass(frozen=True)
class Relation:
    """Gradients of high-resource against low-resource languages.

    Attributes:
        mean_cosine: over all pairs of one of each.
        conflicting: share of these pairs whose inner product is negative.
        pairs: how many there are.
    """

    mean_cosine: float
    conflicting: float
    pairs: int


def cosines(gram: Floats) -> Floats:
    """Return the cosines of gradients [N, N] from their inner products; 0 with a zero gradient."""
    norms = np.sqrt(np.diag(gram))
    scale = np.outer(norms, norms)
    found: Floats = np.divide(gram, scale, out=np.zeros_like(gram), where=scale > 0)
    return found


def relate(cosine: Floats, high: Sequence[int], low: Sequence[int]) -> Relation | None:
    """Hold two sets of languages, by number, against each other; None if one is empty."""
    found = [float(cosine[one, other]) for one, other in product(high, low)]
    if not found:
        return None
    return Relation(
        float(np.mean(found)), sum(value < 0 for value in found) / len(found), len(found)
    )


def update_shares(gram: Floats, shares: Floats) -> Floats:
    """Return ||p_n g_n|| / ||sum_m p_m g_m|| of each language, [N].

    They do not add up to 1: orthogonal gradients of equal length give 1 / sqrt(N) each, opposite
    ones more than 1.

    Args:
        gram: [N, N].
        shares: p, each language's share of the loss that is trained on, [N].
    """
    whole = float(shares @ gram @ shares)
    found: Floats = shares * np.sqrt(np.diag(gram)) / np.sqrt(whole)
    return found

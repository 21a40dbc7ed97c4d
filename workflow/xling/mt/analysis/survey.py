# SPDX-License-Identifier: Apache-2.0
"""All measurements at one model, in an order that needs little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from xling.mt.analysis.curvature import Hessian, fisher_traces, top_eigenvalue
from xling.mt.analysis.geometry import (
    ALL,
    GROUPS,
    cosines,
    parameter_groups,
    relate,
    update_shares,
)
from xling.mt.analysis.interference import curvatures_along, steps
from xling.mt.analysis.paired import paired_languages
from xling.mt.gradients import gram
from xling.mt.weighting import Floats

SEED = 1

Likelihoods = Iterator[tuple[Sequence[torch.Tensor], int]]


@dataclass(frozen=True)
class Probed:
    """A model and its probe batches: fixed, and without dropout, so that a loss is a function.

    Attributes:
        languages: in the order of the study.
        parameters: by name.
        loss: of a language, the mean label-smoothed loss of a target token, as in training.
        likelihoods: of a language's sentences, for :func:`~xling.mt.analysis.curvature
            .fisher_traces`: with the reference, and with labels drawn from the model.
        shares: of each language in the loss that is trained on, adding up to 1; None if unknown.
    """

    languages: Sequence[str]
    parameters: Mapping[str, torch.Tensor]
    loss: Callable[[str], torch.Tensor]
    likelihoods: Callable[[str], Likelihoods]
    shares: Mapping[str, float] | None


def survey(probed: Probed, groups: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Measure curvature, gradients and interference.

    Curvature is measured of every language.  Gradients and interference are measured of all if
    there are few, else of some low- and high-resource ones (:func:`~xling.mt.analysis.paired
    .paired_languages`): their gradients are in memory together.

    Args:
        probed: the model.
        groups: languages by ``low``, ``mid`` and ``high``.

    Returns:
        What ``analyse_mt`` writes below ``curvature``, ``gradients`` and ``interference``.
    """
    parameters = list(probed.parameters.values())
    paired = paired_languages(probed.languages, groups)
    gradients = {
        language: _gradient(probed.loss(language), parameters)
        for language in probed.languages
        if language in paired
    }
    curvature: dict[str, Any] = {}
    along: dict[tuple[str, str], float] = {}
    for language in probed.languages:
        empirical, sampled = fisher_traces(probed.likelihoods(language), parameters)
        loss = probed.loss(language)
        hessian = Hessian(loss, parameters)
        top = asdict(top_eigenvalue(hessian, SEED))
        curvature[language] = {
            "loss": float(loss.detach()),
            "fisher_empirical": empirical,
            "fisher_sampled": sampled,
            "top_eigenvalue": top,
        }
        if language in gradients:
            along |= curvatures_along(hessian, language, gradients)
    found = steps(probed.loss, list(gradients), parameters, along, gradients)
    return {
        "curvature": curvature,
        "gradients": _geometry(probed, gradients, groups),
        "interference": [asdict(one) for one in found],
    }


def _gradient(loss: torch.Tensor, parameters: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    return list(torch.autograd.grad(loss, list(parameters), materialize_grads=True))


def _geometry(
    probed: Probed,
    gradients: Mapping[str, list[torch.Tensor]],
    groups: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Say how the gradients lie to each other, by group of parameters and in all of them."""
    languages = list(gradients)
    named = parameter_groups(probed.parameters)
    present = [group for group in GROUPS if group in named]
    inner = gram(list(gradients.values()), [present.index(group) for group in named])
    by_group = {ALL: inner.sum(0), **dict(zip(present, inner, strict=True))}
    shares = None
    if probed.shares is not None:
        own = np.array([probed.shares[language] for language in languages])
        shares = _named(languages, update_shares(by_group[ALL], own))
    return {
        "languages": languages,
        "groups": {
            group: _relations(languages, products, groups) for group, products in by_group.items()
        },
        "update_shares": shares,
    }


def _relations(
    languages: list[str], products: Floats, groups: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    cosine = cosines(products)
    high, low = (
        [languages.index(code) for code in groups.get(name, ()) if code in languages]
        for name in ("high", "low")
    )
    relation = relate(cosine, high, low)
    return {
        "norms": _named(languages, np.sqrt(np.diag(products))),
        "cosines": cosine.tolist(),
        "high_low": asdict(relation) if relation else None,
    }


def _named(languages: Sequence[str], values: Floats) -> dict[str, float]:
    return dict(zip(languages, map(float, values), strict=True))

# SPDX-License-Identifier: Apache-2.0
"""X-Mixup whose word embeddings are perturbed while it is trained; no paper has it (ours).

Both texts of a pair are perturbed, each within its own ball, and ADV climbs the loss of the pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from xling.errors import UsageError
from xling.robust.model import Randomness
from xling.robust.perturbation import gaussian, random_in_ball, uniform, worst_in_ball
from xling.robust.scale import Scale
from xling.robust.settings import AdvSettings, NoiseSettings
from xling.xmixup.training import XMixupTrainer, losses_of

if TYPE_CHECKING:
    from xling.xmixup.model import XMixup

Tensor = torch.Tensor


class PerturbedXMixupTrainer(XMixupTrainer):
    """The trainer of X-Mixup with ADV's or RS-RP's loss in the place of its own.

    Args:
        args: of the trainer.
        perturbs: settings of the method.
        scale: the same in absolute numbers.
        kwargs: of the trainer.

    Raises:
        UsageError: the settings ask for another insertion point, for a clean term, or for several
            draws.
    """

    def __init__(
        self, *args: Any, perturbs: AdvSettings | NoiseSettings, scale: Scale, **kwargs: Any
    ) -> None:
        _check(perturbs)
        super().__init__(*args, **kwargs)
        self.perturbs = perturbs
        self.scale = scale

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the part's share of the update's loss at perturbed word embeddings."""
        own: Any = self.model  # not what spreads it over GPUs: only the last pass is learned from
        ids = own.stacked(inputs["source"], inputs["target"])
        real = ids["attention_mask"].unsqueeze(-1).float()
        width = own.config.hidden_size
        like = torch.zeros(*real.shape[:2], width, device=real.device)
        if isinstance(self.perturbs, NoiseSettings):
            draw = uniform if self.perturbs.distribution == "uniform" else gaussian
            delta = draw(like, real, self.scale.radius)
        else:
            delta = self._adversarial(own, inputs, like, real)
        with added(own, delta):
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

    def _adversarial(
        self, model: XMixup, inputs: dict[str, Any], like: Tensor, real: Tensor
    ) -> Tensor:
        """Return ADV's perturbation of both texts of each pair; dropout is the update's."""
        settings = self.perturbs
        assert isinstance(settings, AdvSettings)
        assert self.scale.step_size is not None, "ADV has a step size"
        start = like
        if settings.random_start:
            start = random_in_ball(like, real, settings.norm, self.scale.radius)
        dropout = Randomness(like.device)

        def loss(delta: Tensor) -> Tensor:
            dropout.restore()
            with added(model, delta):
                pair = model(inputs["source"], inputs["target"])
            return losses_of(pair, inputs, self.mixing).total

        with self.compute_loss_context_manager():
            found = worst_in_ball(
                loss,
                start,
                real,
                norm=settings.norm,
                radius=self.scale.radius,
                step_size=self.scale.step_size,
                steps=settings.steps,
            )
        dropout.restore()
        return found


@contextmanager
def added(model: XMixup, delta: Tensor) -> Iterator[None]:
    """Add a perturbation to the word embeddings of both texts, stacked as the model stacks them."""
    words = model.model.get_input_embeddings()

    def add(embedding: Any, args: Any, output: Tensor) -> Tensor:
        del embedding, args
        return output + delta.to(output.dtype)

    handle = words.register_forward_hook(add)
    try:
        yield
    finally:
        handle.remove()


def _check(settings: AdvSettings | NoiseSettings) -> None:
    several = isinstance(settings, NoiseSettings) and settings.draws > 1
    if settings.perturb_at != "word_embeddings" or settings.clean_weight or several:
        raise UsageError(
            "X-Mixup is perturbed at its word embeddings alone, once for each update",
            where="training settings, robust",
            allowed="perturb_at: word_embeddings, clean_weight: 0, draws: 1",
            fix="write these values for the methods that combine X-Mixup with robust training",
        )

# SPDX-License-Identifier: Apache-2.0
"""The settings of X-Mixup, and two presets of them.

``paper`` follows the description of the method.  ``released`` follows what the released code does
(repository yhy1117/X-Mixup at b9730dc), its defects included, so that its numbers can be compared.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from xling.errors import UsageError, nearest

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class XMixupSettings(BaseModel):
    """What X-Mixup does; unknown keys are errors, values are not coerced.

    Not ``xling.config.study.Closed``: a study may contain these settings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    layer: NonNegativeInt = Field(..., description="the mixed layer, counted from 0")
    alpha: Share = Field(
        ..., description="weight of the source's task loss; the target has the rest"
    )
    mixing: Literal["cross_attention", "interpolation"] = Field(
        "cross_attention",
        description="what the target is mixed with: the source as the target attends to it, or the "
        "source's state at the same position (ours, an ablation)",
    )
    ratio: Literal["entropy", "fixed", "learned"] = Field(
        "entropy",
        description="mixing ratio: from the entropy of the attention, given, or one learned number",
    )
    fixed_ratio: Share | None = Field(None, description="the ratio of ratio: fixed")
    largest_ratio: Share = Field(0.5, description="lambda_0: the ratio stays below it")
    gate: Literal["learned", "fixed"] = Field(
        "learned", description="whether W and b of the ratio are trained"
    )
    gate_weight: Literal[1, -1] = Field(
        1, description="W at the start; with 1 a higher entropy gives a larger ratio"
    )
    gate_learning_rate: PositiveFloat | None = Field(
        None, description="learning rate of W and b; null: that of the encoder"
    )
    entropy: Literal["masked", "padded"] = Field(
        "masked",
        description="masked: over real sub-words; padded: as the released code, with the padding's "
        "share of the normaliser and its rows in the mean",
    )
    normalise_entropy: bool = Field(
        False, description="divide each entropy by its largest value, the log of the real keys"
    )
    detach_entropy: bool = Field(False, description="no gradient from the ratio to the encoder")
    sampling: Literal["per_batch", "per_epoch", "off"] = Field(
        "per_batch",
        description="how often original or back-translated source is drawn; off: always original",
    )
    sampling_k: PositiveFloat = Field(
        1000.0, description="k of scheduled sampling: both are equally likely at step k ln k"
    )
    consistency: bool = Field(True, description="losses on representations and predictions")
    pooled_divisor: Literal["tokens", "padded"] = Field(
        "tokens", description="what a sum of states is divided by: its sub-words, or pad_to - 2"
    )
    source_mask: Literal["own", "original"] = Field(
        "own", description="mask that a back-translated source is pooled with"
    )
    reduction: Literal["mean", "sum"] = Field("mean", description="over the pairs of a batch")
    clipping: Literal["norm", "value"] = Field(
        "norm", description="gradients are clipped by their global norm or each by its value, at 1"
    )
    windows: Literal["same", "first"] = Field(
        "same",
        description="of question answering: a window is read with the English window of its number "
        "(or the last), or always with the first, as in the released code",
    )
    pad_to: PositiveInt | None = Field(
        None, description="width of every batch; null: the longest text of the batch"
    )

    @model_validator(mode="after")
    def _check(self) -> XMixupSettings:
        if (self.ratio == "fixed") != (self.fixed_ratio is not None):
            raise ValueError("'fixed_ratio' belongs to ratio 'fixed', which needs it")
        padded = [
            f"{name}: {value}"
            for name, value in (
                ("entropy", self.entropy),
                ("pooled_divisor", self.pooled_divisor),
                ("source_mask", self.source_mask),
            )
            if value in ("padded", "original")
        ]
        if padded and self.pad_to is None:
            raise ValueError(f"'{padded[0]}' needs 'pad_to', the width of every batch")
        if self.pad_to is not None and self.pad_to < 3:
            raise ValueError("'pad_to' is at least 3: a first, a last and one other sub-word")
        if self.normalise_entropy and self.entropy == "padded":
            raise ValueError("'normalise_entropy' needs entropy 'masked': padding has no largest")
        return self


# Released scripts, scripts/train.sh at b9730dc: alpha, k, mixed layer of 24-layer XLM-R.
_PUBLISHED = {
    "classification": (0.4, 1000.0, 0),
    "tagging": (0.8, 1000.0, 3),
    "qa": (0.2, 2000.0, 15),
}
_RELEASED = {
    "gate": "fixed",
    "entropy": "padded",
    "sampling": "per_epoch",
    "pooled_divisor": "padded",
    "source_mask": "original",
    "reduction": "sum",
    "clipping": "value",
    "windows": "first",
}


def preset(
    name: str, family: str, *, layers: int, max_length: int, **changes: Any
) -> XMixupSettings:
    """Return the settings of a preset.

    Args:
        name: ``paper`` or ``released``.
        family: ``classification``, ``tagging`` or ``qa``.
        layers: of the encoder.
        max_length: sub-words of the longest input; ``released`` pads every batch to it.
        changes: settings that differ from the preset.

    Raises:
        UsageError: an unknown name or family.
        pydantic.ValidationError: a change is not a setting, or the settings contradict each other.
    """
    for kind, value, allowed in (
        ("preset", name, ("paper", "released")),
        ("family", family, tuple(_PUBLISHED)),
    ):
        if value not in allowed:
            raise UsageError(
                f"unknown {kind} of X-Mixup '{value}'",
                allowed=", ".join(allowed),
                fix=nearest(value, allowed) or f"give one of the allowed names as {kind}",
            )
    alpha, k, _ = _PUBLISHED[family]
    values: dict[str, Any] = {
        "alpha": alpha,
        "sampling_k": k,
        "layer": published_layer(family, layers),
    }
    if name == "released":
        values |= _RELEASED | {"pad_to": max_length}
    return XMixupSettings(**(values | changes))


def published_layer(family: str, layers: int) -> int:
    """Return the mixed layer of the released scripts, counted from 0.

    They give one number for encoders of 12 and 24 layers.  Where it does not exist (15 of 12 in
    question answering) ours is the same relative depth of 24: 7 of 12.
    """
    layer = _PUBLISHED[family][2]
    return layer if layer < layers else layer * layers // 24

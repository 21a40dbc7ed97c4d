# SPDX-License-Identifier: Apache-2.0
"""What fairseq needs to run on Python 3.11, torch 2 and hydra 1.3.

Its last release on the package index, 0.12.2, was written for Python 3.10 and torch 1.12.  Five
things stand in its way; each is put right in memory, its files stay as they are:

1. ``dataclasses`` refuses unhashable defaults since Python 3.11;
2. ``torch.load`` refuses classes that it was not told of since torch 2.6;
3. the encoder's fast path calls a private function of torch whose arguments changed;
4. for that fast path every encoder layer holds its weights twice; the second copy is never trained,
   but counted, saved, and part of the optimizer;
5. a place holder of the position embeddings is saved without ever having been set: two equal
   trainings leave different checkpoints.

0.12.3, which is on conda-forge alone, has neither 3 nor 4: with all five, both compute the same.
Later code than that is refused: it silently leaves out the last batch when its size is not a
multiple of 8, at test time too.
"""

from __future__ import annotations

import argparse
import dataclasses
from importlib import metadata
from typing import Any

from xling.errors import SetupError

SUPPORTED = ("0.12.2", "0.12.3")

# The second copy of an encoder layer's weights, by their names in 0.12.2.
_UNTRAINED = tuple(
    f"{layer}_{kind}"
    for layer in ("in_proj", "out_proj", "fc1", "fc2")
    for kind in ("weight", "bias")
)


def install() -> None:
    """Make fairseq importable and usable; importing it is a part of this.  Done once per process.

    Raises:
        SetupError: fairseq is not installed, or is another version.
    """
    check_version()
    if getattr(dataclasses, "_xling_fairseq", False):
        return
    dataclasses._xling_fairseq = True  # type: ignore[attr-defined]
    _allow_unhashable_defaults()
    _allow_namespaces_in_checkpoints()
    _mend_encoder_layers()
    _set_place_holders()


def check_version() -> None:
    """Refuse a missing or unknown fairseq before anything is imported from it.

    Raises:
        SetupError: as said.
    """
    try:
        found = metadata.version("fairseq")
    except metadata.PackageNotFoundError:
        raise SetupError(
            "fairseq is not installed in this environment",
            allowed=f"fairseq {' or '.join(SUPPORTED)}",
            fix="run `make fairseq`, or: pip install --no-deps -r envs/fairseq.txt",
        ) from None
    if found not in SUPPORTED:
        raise SetupError(
            f"fairseq {found} is installed",
            allowed=f"fairseq {' or '.join(SUPPORTED)}: later code silently drops sentences",
            fix="pip install --no-deps -r envs/fairseq.txt",
        )


def _allow_unhashable_defaults() -> None:
    """Accept instances of fairseq's own dataclasses as defaults, as Python 3.10 did.

    Python 3.11 takes "unhashable" for "mutable" (python/cpython issue 88840).  fairseq never
    changes these defaults, so its classes may be hashed by identity; no other class is touched.
    """
    original = dataclasses._get_field  # type: ignore[attr-defined]

    def get_field(cls: type, name: str, *rest: Any) -> Any:
        default = getattr(cls, name, dataclasses.MISSING)
        if isinstance(default, dataclasses.Field):
            default = default.default
        kind = type(default)
        ours = kind.__module__.partition(".")[0] == "fairseq" and dataclasses.is_dataclass(kind)
        if ours and kind.__hash__ is None:
            kind.__hash__ = object.__hash__
        return original(cls, name, *rest)

    dataclasses._get_field = get_field  # type: ignore[attr-defined]


def _allow_namespaces_in_checkpoints() -> None:
    """Let ``torch.load`` read the one class beside tensors that fairseq's checkpoints hold."""
    import torch

    if hasattr(torch.serialization, "add_safe_globals"):
        torch.serialization.add_safe_globals([argparse.Namespace])


def _mend_encoder_layers() -> None:
    """Switch the encoder's fast path off and drop the weights that only it reads."""
    import torch
    from fairseq.modules.transformer_layer import TransformerEncoderLayerBase as Layer

    original = Layer.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        for name in _UNTRAINED:
            setattr(self, name, None)

    def load(self: Any, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        for name in _UNTRAINED:
            state.pop(prefix + name, None)
        torch.nn.Module._load_from_state_dict(self, state, prefix, *rest)

    Layer.__init__ = init
    Layer._load_from_state_dict = load
    # The layer sets it when it is made: the answer stays no.
    Layer.can_use_fastpath = property(lambda _: False, lambda _, __: None)


def _set_place_holders() -> None:
    """Let checkpoints of equal trainings be equal: set what is otherwise memory as it was found.

    fairseq makes it anew when a checkpoint is loaded, too.
    """
    import torch
    from fairseq.modules import SinusoidalPositionalEmbedding as Positions

    original = Positions.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self._float_tensor.zero_()

    def load(self: Any, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        name = f"{prefix}_float_tensor"
        if name in state:
            state[name] = torch.zeros_like(state[name])
        torch.nn.Module._load_from_state_dict(self, state, prefix, *rest)

    Positions.__init__ = init
    Positions._load_from_state_dict = load

# SPDX-License-Identifier: Apache-2.0
"""Trained models and binarised data, read with fairseq's own code.

Checkpoints are those that this workflow wrote.  They are read as plain data: nothing in them is
executed.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xling.errors import DataError

#: Where the weights of a run lie, beside its ``train.json``.
CHECKPOINT = Path("model", "checkpoint.pt")


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Attributes:
        model: fairseq's, in evaluation mode.
        task: fairseq's multilingual task for all language pairs.
        pairs: of the training, ``aze-en``.
    """

    model: Any
    task: Any
    pairs: tuple[str, ...]

    @property
    def target_dictionary(self) -> Any:
        """Numbers and names of target sub-words."""
        return self.task.target_dictionary

    @property
    def language_tokens(self) -> list[str]:
        """Names of the tokens that stand for languages, in both dictionaries."""
        return [f"__{language}__" for language in self.task.langs]

    def datasets(self, split: str) -> dict[str, Any]:
        """Return fairseq's dataset of each pair, with language tokens as in training.

        Args:
            split: fairseq's name of it.
        """
        found, _ = self.task.data_manager.load_split_datasets(split, training=True)
        return {key.partition(":")[2]: dataset for key, dataset in found}


def load(checkpoint: Path, data: Path) -> Trained:
    """Load a model that the plug-in's task trained.

    Args:
        checkpoint: of fairseq, with or without the state of the optimizer.
        data: folder with the dictionaries; checkpoints name the one of their training.

    Raises:
        DataError: the checkpoint cannot be read.
        SetupError: fairseq is not installed.
    """
    from xling.mt.fairseq import compat

    compat.install()
    from fairseq.tasks.translation_multi_simple_epoch import TranslationMultiSimpleEpochTask

    state = read_checkpoint(checkpoint)
    args = argparse.Namespace(**vars(state["cfg"]["task"]))
    args.data = str(data)
    task = TranslationMultiSimpleEpochTask.setup_task(args)
    model = task.build_model(state["cfg"]["model"])
    model.load_state_dict(state["model"], strict=True)
    return Trained(model.eval(), task, tuple(task.lang_pairs))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return a checkpoint that this workflow wrote.

    Raises:
        DataError: it cannot be read.
        SetupError: fairseq is not installed.
    """
    import pickle

    import torch

    from xling.mt.fairseq import compat

    compat.install()
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise DataError(
            f"a checkpoint cannot be read ({type(error).__name__})",
            where=str(path),
            allowed="a file that 'xling train-mt' wrote",
            fix="delete it and train.json beside its folder, and run snakemake again",
        ) from error
    return state


def fingerprint(weights: Mapping[str, Any]) -> str:
    """Return the SHA-256 of names, types, shapes and values of tensors."""
    import torch

    digest = hashlib.sha256()
    for name in sorted(weights):
        array = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        digest.update(array.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def lengths(prefix: Path) -> npt.NDArray[np.int64]:
    """Return the sub-words of each sentence of a binarised file, its end included."""
    from xling.mt.fairseq import compat

    compat.install()
    from fairseq.data.indexed_dataset import MMapIndexedDataset

    dataset = MMapIndexedDataset(str(prefix))  # its memory goes with it
    sizes: npt.NDArray[np.int64] = np.array(dataset.sizes, dtype=np.int64)
    return sizes

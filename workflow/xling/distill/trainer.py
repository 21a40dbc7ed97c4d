# SPDX-License-Identifier: Apache-2.0
"""sentence-transformers' trainer on planned batches, with checkpoints that go on exactly."""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model as load_weights
from safetensors.torch import save_model as save_weights
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from torch.utils.data import DataLoader, Dataset, SequentialSampler
from transformers import PrinterCallback

from xling.training import take_item

_WEIGHTS = "model.safetensors"


class PlannedTrainer(SentenceTransformerTrainer):
    """The library's trainer on a dataset whose items are whole batches, in their order.

    A checkpoint holds all weights in one file: what is needed to go on, and no model card.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model_accepts_loss_kwargs = False
        self.remove_callback(PrinterCallback)

    def preprocess_dataset(self, dataset: Any = None, dataset_name: str | None = None) -> Any:
        """Return the dataset: its items need nothing more."""
        del dataset_name
        return dataset

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Gather nothing for a model card; ``train.json`` says what was done."""

    def get_train_dataloader(self) -> DataLoader:
        """Return the batches in their order, so that a run that goes on can skip some."""
        batches = self.train_dataset
        assert isinstance(batches, Dataset)
        assert isinstance(batches, Sized), "all updates are planned"
        loader: DataLoader = self.accelerator.prepare(
            DataLoader(
                batches,
                batch_size=1,
                sampler=SequentialSampler(batches),
                collate_fn=take_item,
                pin_memory=self.args.dataloader_pin_memory,
            )
        )
        return loader

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        del state_dict
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(self.model, str(folder / _WEIGHTS))

    def _load_from_checkpoint(self, checkpoint_path: str) -> None:
        load_weights(self.model, str(Path(checkpoint_path) / _WEIGHTS))


def planned_trainer(
    *,
    model: Any,
    loss: torch.nn.Module,
    batches: Dataset,
    state: Path,
    steps: int,
    warmup: int,
    precision: str,
    seed: int,
    **arguments: Any,
) -> PlannedTrainer:
    """Return a trainer of ``steps`` updates; ``arguments`` are the library's."""
    return PlannedTrainer(
        model=model,
        loss=loss,
        train_dataset=batches,
        args=SentenceTransformerTrainingArguments(
            output_dir=str(state),
            max_steps=steps,
            per_device_train_batch_size=1,  # one item is one batch
            warmup_steps=warmup,
            bf16=precision == "bf16",
            fp16=precision == "fp16",
            use_cpu=not torch.cuda.is_available(),
            seed=seed,
            logging_steps=max(1, steps // 50),
            save_strategy="steps",
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_num_workers=0,
            dataloader_pin_memory=torch.cuda.is_available(),
            **arguments,
        ),
    )

# SPDX-License-Identifier: Apache-2.0
"""Translate-train-all: one model on the source data and all its translations (XLM-R §4)."""

from xling.methods import Method

METHOD = Method(
    name="translate_train",
    title="Translate-train-all",
    train_splits=("train", "translate_train"),
    test_split="test",
    trained_as="translate_train",
    source="Conneau et al. 2020 (XLM-R), translate-train-all",
)

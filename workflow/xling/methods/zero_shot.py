# SPDX-License-Identifier: Apache-2.0
"""Zero-shot transfer: fine-tune on the source language, test on every language (XTREME §4)."""

from xling.methods import Method

METHOD = Method(
    name="zero_shot",
    title="Zero-shot",
    train_splits=("train",),
    test_split="test",
    trained_as="zero_shot",
    source="Hu et al. 2020 (XTREME), cross-lingual zero-shot transfer",
)

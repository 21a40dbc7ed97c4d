# SPDX-License-Identifier: Apache-2.0
"""ADV on the source data and all its translations; no paper has it (ours)."""

from xling.methods import Method

METHOD = Method(
    name="adv_translate_train",
    title="Translate-train-all with ADV",
    train_splits=("train", "translate_train"),
    test_split="test",
    trained_as="adv_translate_train",
    source="ours, a combination that the paper does not have",
    families=("classification",),
    perturbs="adv",
)

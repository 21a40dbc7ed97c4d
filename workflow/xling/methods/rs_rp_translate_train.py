# SPDX-License-Identifier: Apache-2.0
"""RS-RP on the source data and all its translations; no paper has it (ours)."""

from xling.methods import Method

METHOD = Method(
    name="rs_rp_translate_train",
    title="Translate-train-all with RS-RP",
    train_splits=("train", "translate_train"),
    test_split="test",
    trained_as="rs_rp_translate_train",
    source="ours, a combination that the paper does not have",
    families=("classification",),
    perturbs="rs_rp",
)

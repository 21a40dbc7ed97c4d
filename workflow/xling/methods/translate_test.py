# SPDX-License-Identifier: Apache-2.0
"""Translate-test: the zero-shot model reads the test set translated to the source language.

Training is that of ``zero_shot``, so its model is used and nothing is trained again.
"""

from xling.methods import Method

METHOD = Method(
    name="translate_test",
    title="Translate-test",
    train_splits=("train",),
    test_split="translate_test",
    trained_as="zero_shot",
    source="Hu et al. 2020 (XTREME), translate-test",
)

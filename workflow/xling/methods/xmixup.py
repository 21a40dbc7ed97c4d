# SPDX-License-Identifier: Apache-2.0
"""X-Mixup: target-language states are mixed with those of the English source in one layer.

The method itself is in :mod:`xling.xmixup.mixup`.  It reads the rows of translate-train, each with
its English original or back-translation, and test rows with their translations.
"""

from xling.methods import Method

METHOD = Method(
    name="xmixup",
    title="X-Mixup",
    train_splits=("train", "translate_train"),
    test_split="test",
    trained_as="xmixup",
    source="Yang et al. 2022 (X-Mixup), arXiv 2205.04182",
    paired=True,
)

# SPDX-License-Identifier: Apache-2.0
"""Translate-train-all that also reads the translated test row: the logits of both are averaged.

X-Mixup predicts classes from the mean of two streams, one of which reads the translation.  This is
the baseline with the same help (ours): the model of ``translate_train``, nothing is trained again.
"""

from xling.methods import Method

METHOD = Method(
    name="translate_train_ensemble",
    title="Translate-train-all, ensembled",
    train_splits=("train", "translate_train"),
    test_split="test",
    trained_as="translate_train",
    source="ours, for a fair comparison with X-Mixup",
    families=("classification",),
    ensemble=True,
)

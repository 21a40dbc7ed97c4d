# SPDX-License-Identifier: Apache-2.0
"""The encoder as it is: sentences are compared by their pooled hidden states, nothing is trained.

Layer and pooling are settings of the task (``search`` in a study).
"""

from xling.methods import Method

METHOD = Method(
    name="mean_pooled",
    title="Mean-pooled encoder",
    train_splits=(),
    test_split="test",
    trained_as="mean_pooled",
    source="Hu et al. 2020 (XTREME) §4 / Reimers and Gurevych 2020 baseline",
    families=("retrieval",),
)

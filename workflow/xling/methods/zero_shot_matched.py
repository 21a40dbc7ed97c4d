# SPDX-License-Identifier: Apache-2.0
"""The baseline with as many updates as RS-DA, which reads each row m times as often (ours).

In a study whose trainings are given in epochs it has m times those of RS-DA; in one that counts
updates it has those of RS-DA.
"""

from xling.methods import Method

METHOD = Method(
    name="zero_shot_matched",
    title="Zero-shot, as many updates as RS-DA",
    train_splits=("train",),
    test_split="test",
    trained_as="zero_shot_matched",
    source="ours, for a fair comparison with RS-DA",
    families=("classification",),
    updates_of="rs_da",
)

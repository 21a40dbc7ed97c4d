# SPDX-License-Identifier: Apache-2.0
"""The model of RS-RP, which reads every test row with noise several times and votes (ours).

Randomised smoothing as its name says.  The released code of the paper votes nowhere.
"""

from xling.methods import Method

METHOD = Method(
    name="rs_rp_smoothed",
    title="Random noise (RS-RP), voting",
    train_splits=("train",),
    test_split="test",
    trained_as="rs_rp",
    source="ours: Cohen et al. 2019, prediction by a vote",
    families=("classification",),
    smoothed=True,
)

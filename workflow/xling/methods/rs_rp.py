# SPDX-License-Identifier: Apache-2.0
"""RS-RP: randomised smoothing with random perturbations, noise that is added to the embeddings.

Nobody released code for it: the definition is the standard one and all settings are ours.
"""

from xling.methods import Method

METHOD = Method(
    name="rs_rp",
    title="Random noise (RS-RP)",
    train_splits=("train",),
    test_split="test",
    trained_as="rs_rp",
    source="Huang et al. 2021 (Robust-XLT); settings ours",
    families=("classification",),
    perturbs="rs_rp",
)

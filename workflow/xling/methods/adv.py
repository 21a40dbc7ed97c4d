# SPDX-License-Identifier: Apache-2.0
"""ADV: the update is made where a small perturbation of the embeddings hurts most.

The perturbation is found by projected gradient descent (:mod:`xling.robust.perturbation`).  Nobody
released code for it: the definition is the standard one and all settings are ours.
"""

from xling.methods import Method

METHOD = Method(
    name="adv",
    title="Adversarial training (ADV)",
    train_splits=("train",),
    test_split="test",
    trained_as="adv",
    source="Huang et al. 2021 (Robust-XLT); definition of Madry et al. 2018, settings ours",
    families=("classification",),
    perturbs="adv",
)

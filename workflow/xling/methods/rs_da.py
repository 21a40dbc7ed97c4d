# SPDX-License-Identifier: Apache-2.0
"""RS-DA: randomised smoothing with data augmentation, copies of the rows with other words.

Each word is drawn from itself and its synonyms, before training and once (released code,
uclanlp/Robust-XLT at 175cddb; :mod:`xling.robust.synonyms`).  The rows themselves are not read.
"""

from xling.methods import Method

METHOD = Method(
    name="rs_da",
    title="Synonyms (RS-DA)",
    train_splits=("train_rs_da",),
    test_split="test",
    trained_as="rs_da",
    source="Huang et al. 2021 (Robust-XLT), perturb.py",
    families=("classification",),
)

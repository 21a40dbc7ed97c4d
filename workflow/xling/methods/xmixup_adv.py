# SPDX-License-Identifier: Apache-2.0
"""X-Mixup trained with ADV at the word embeddings of both texts (ours).

No paper has it (:mod:`xling.robust.xmixup`).
"""

from xling.methods import Method

METHOD = Method(
    name="xmixup_adv",
    title="X-Mixup with ADV",
    train_splits=("train", "translate_train"),
    test_split="test",
    trained_as="xmixup_adv",
    source="ours, a combination that no paper has",
    families=("classification",),
    paired=True,
    perturbs="adv",
)

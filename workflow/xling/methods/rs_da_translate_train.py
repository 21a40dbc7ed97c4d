# SPDX-License-Identifier: Apache-2.0
"""RS-DA on the source data beside all its translations, which are read as they are (ours).

No paper has it: the table of synonyms is English.
"""

from xling.methods import Method

METHOD = Method(
    name="rs_da_translate_train",
    title="Translate-train-all with RS-DA",
    train_splits=("train_rs_da", "translate_train"),
    test_split="test",
    trained_as="rs_da_translate_train",
    source="ours, a combination that the paper does not have",
    families=("classification",),
)

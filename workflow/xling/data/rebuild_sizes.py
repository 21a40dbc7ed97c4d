# SPDX-License-Identifier: Apache-2.0
"""Rows of whole releases, where ``xling.tasks`` has only those of some languages."""

_LARGE = "ar bg de el en es fa fi fr he hu id it ja ko nl pt ru th tr vi zh"
_GROUPS = (
    (_LARGE, (20_000, 10_000, 10_000)),
    ("et", (15_000, 10_000, 10_000)),
    ("eu ka", (10_000, 10_000, 10_000)),
    ("ms ur", (20_000, 1_000, 1_000)),
    ("ta", (15_000, 1_000, 1_000)),
    ("bn ml tl", (10_000, 1_000, 1_000)),
    ("af hi mr", (5_000, 1_000, 1_000)),
    ("kk sw te", (1_000, 1_000, 1_000)),
    ("jv my yo", (100, 100, 100)),
)
#: PAN-X (Rahimi et al. 2019): sentences of train, dev and test by language.
PANX = {code: sizes for codes, sizes in _GROUPS for code in codes.split()}
#: TyDiQA-GoldP 1.1: questions of all languages.
TYDIQA_TRAIN = 49_881
TYDIQA_DEV = 5_077

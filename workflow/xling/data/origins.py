# SPDX-License-Identifier: Apache-2.0
"""Where translations come from, in words for tables and records."""

#: Machine translations, by the format of their file.
MACHINE = {
    "xnli-mt-1.0": "machine translation of XNLI-MT 1.0",
    "pawsx-x-final": "machine translation of the PAWS-X release",
    "xtreme-translation": "machine translation published with XTREME",
    "myxnli-translation": "machine translation published with myXNLI",
    "squad-json": "machine translation published with XTREME",
    "xtune-alignment": "machine translation with word alignments, in xTune's format",
}
#: Translated training rows of a study that trains on the dev or test set, by that split.
HUMAN = {
    "dev": "human translation of the dev set",
    "test": "human translation of the test set",
}
#: Nobody published such files, so nothing more is known of them than their checksums.
BACK = "your own back-translation of the training set"
BACK_ARTIFICIAL = "translated and translated back, each time with as many wrong words"
GOLD = "the English test set itself (oracle)"
#: What to do about a missing file of back-translations.
MAKE_BACK_TRANSLATIONS = (
    "nobody published back-translations: make them (docs/real-data.md), or turn scheduled sampling "
    "off, which is what reads them"
)

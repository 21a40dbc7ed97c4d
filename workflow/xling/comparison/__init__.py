# SPDX-License-Identifier: Apache-2.0
"""Systems of a paper against each other, item by item, from the predictions.

X-Mixup is compared with every other system; the methods of robust training are compared with the
baseline, there in the generalised setting too.

``pairs`` says what is compared, ``item_statistics`` what an item contributes to a score,
``shared_items`` matches items, ``compare`` tests, ``pair_items`` and ``gains`` are those of pairs
of languages, and ``results`` is what is kept.  The tests
themselves are in :mod:`xling.stats`.
"""

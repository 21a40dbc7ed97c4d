# SPDX-License-Identifier: Apache-2.0
"""X-Mixup against every other system of a paper, item by item, from the predictions.

``pairs`` says what is compared, ``item_statistics`` what an item contributes to a score,
``shared_items`` matches items, ``compare`` tests, and ``results`` is what is kept.  The tests
themselves are in :mod:`xling.stats`.
"""

# SPDX-License-Identifier: Apache-2.0
"""Scores of translations and paired tests of systems, as sacreBLEU defines them.

``metrics`` scores one language with sacreBLEU itself; ``averages`` makes macro averages over groups
of languages; ``bleu`` computes BLEU of many resamples at once from the counts of sentences, and
``resampling`` tests pairs of systems with it; ``contrasts`` says which pairs there are, ``results``
what is kept of them.
"""

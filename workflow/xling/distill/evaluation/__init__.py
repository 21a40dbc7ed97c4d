# SPDX-License-Identifier: Apache-2.0
"""Evaluation of sentence embeddings as in the distillation paper (Reimers and Gurevych 2020).

==============  ===================================================================================
``embedder``    what a system must offer, and unit vectors of sentences
``similarity``  STS 2017 extended: Spearman of cosine (section 4.1)
``mining``      ratio-margin mining in one pass over the cosines
``bitext``      BUCC 2018: mined pairs of both splits; oracle and honest thresholds (section 4.2)
``tatoeba``     Tatoeba in both directions and their mean (section 4.3)
``bias``        language bias: one Spearman over pooled language pairs (Table 8)
``space``       vectors of translations, for the figure of the sentence space
``run``         prepared files to predictions, notes and scores
==============  ===================================================================================
"""

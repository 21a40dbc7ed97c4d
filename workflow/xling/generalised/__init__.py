# SPDX-License-Identifier: Apache-2.0
"""The generalised setting: the two sentences of an example in different languages.

All ordered pairs of the test languages of XNLI and PAWS-X (Huang et al. 2021, section 6.2 of the
specification).  ``names`` says how a pair is called, ``pairs`` which rows belong together,
``template`` how a tokenizer joins two texts, ``tokens`` the inputs of all pairs, ``predict`` runs a
model over them.
"""

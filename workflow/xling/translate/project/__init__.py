# SPDX-License-Identifier: Apache-2.0
"""Labels carried over to a translation.

Answers of questions and tags of words belong to a place in a text.  Three ways find that place in
the translation: markers that are translated along (:mod:`.markers`), links between words of both
texts (:mod:`.aligner`), and, for tags, a teacher that labels the translation anew
(:mod:`xling.label`, which X-Mixup trains on).  In the last case nothing is carried over: the words
of the translation have no tags of their own until the stage ``label`` has read them.
"""

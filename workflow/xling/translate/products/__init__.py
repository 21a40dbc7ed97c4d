# SPDX-License-Identifier: Apache-2.0
"""Translated benchmarks made of prepared rows, in the layouts of the published translations.

Two steps per task, role and language, so that translating can be shared out to other jobs between
them: :func:`xling.translate.products.build.wanted` lists the distinct sentences, and
:func:`xling.translate.products.build.build` makes the file of their translations.  The existing
readers (``xling.data.readers``) read the files.

:mod:`.stages` does both for a task, in two rounds.  Markers need no round of their own: a marked
sentence is made of the source row, as the plain one is.  Only what translates a translation waits
for the first round:

    prepared rows -> list "there" -> shards -> build "there" -> prepared translations
                  -> list "back"  -> shards -> build "back"  -> prepared back-translations
                                                             -> quality report
"""

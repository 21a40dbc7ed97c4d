# SPDX-License-Identifier: Apache-2.0
"""The analyses of the X-Mixup paper, as pure functions of arrays and scores.

=========================  ====================================================================
``representations``        one vector per item, language and layer; statistics per layer
``files``                  what the stage ``analyse`` writes of them and tables and figures read
``cka``                    how alike two sets of representations are (Kornblith et al. 2019)
``correlation``            Table 2: does a language's score go with its CKA?
``language_groups``        Table 1: mean scores by language family and by pre-training text
``transfer_gap``             Table 8: the source's score less the mean of the targets
``cells``                  means over languages, seed by seed
``projection``             Figures 1 and 4: sentences and languages in two dimensions
``rows``                   the three tables as rows of plain values
=========================  ====================================================================
"""

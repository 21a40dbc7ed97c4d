# SPDX-License-Identifier: Apache-2.0
"""Students against their encoder, their teacher and each other, item by item and over seeds.

===============  ==================================================================================
``contrasts``    which systems are compared: the plan alone says it
``items``        what each test item contributes to a score
``ranks``        Spearman's correlation when items are drawn anew, or systems exchanged
``shared``       items of all runs in one order
``averages``     means over languages that are tested
``compare``      the tests
``results``      what is kept of them
===============  ==================================================================================
"""

# SPDX-License-Identifier: Apache-2.0
"""Paired significance: two systems on the same test items, and over seeds.

Two sources of variance that are kept apart: ``items`` asks whether a difference would hold on other
test items with these models, ``seeds`` whether it would hold for other seeds on these items.
"""

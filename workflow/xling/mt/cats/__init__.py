# SPDX-License-Identifier: Apache-2.0
"""CATS, Curvature Aware Task Scaling (Li and Gong, NeurIPS 2021, arXiv 2104.07639).

The body of the paper could not be read.  This is a reconstruction from its abstract and from
secondary sources, not the published algorithm; docs/cats.md says what rests on what.
"""

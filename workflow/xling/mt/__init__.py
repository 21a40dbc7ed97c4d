# SPDX-License-Identifier: Apache-2.0
"""Multilingual translation on imbalanced data: weights of languages, and how they are learned."""

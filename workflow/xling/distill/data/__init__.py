# SPDX-License-Identifier: Apache-2.0
"""Data of distillation: parallel corpora, sentence similarity, artificial data."""

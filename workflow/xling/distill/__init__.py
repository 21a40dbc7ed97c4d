# SPDX-License-Identifier: Apache-2.0
"""Multilingual knowledge distillation: Reimers and Gurevych, EMNLP 2020."""

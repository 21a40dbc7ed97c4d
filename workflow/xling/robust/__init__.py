# SPDX-License-Identifier: Apache-2.0
"""Robust training: adversarial training and randomised smoothing (docs/robust.md)."""

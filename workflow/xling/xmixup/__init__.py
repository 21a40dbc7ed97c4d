# SPDX-License-Identifier: Apache-2.0
"""X-Mixup (Yang et al. 2022): mixing a text's hidden states with those of its translation."""

# SPDX-License-Identifier: Apache-2.0
"""Encoders: reading them from a folder, and pre-training small ones."""

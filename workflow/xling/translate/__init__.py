# SPDX-License-Identifier: Apache-2.0
"""Translations of our own: engines, the store, and what is made of them."""

# SPDX-License-Identifier: Apache-2.0
"""Parallel data for translation: readers, filters, prepared files (docs/cats-data.md)."""

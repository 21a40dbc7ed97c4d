# SPDX-License-Identifier: Apache-2.0
"""Speed claims, measured: ``make bench`` (:mod:`bench.run`)."""

# SPDX-License-Identifier: Apache-2.0
"""Raw data, its readers, and the artificial languages."""

# SPDX-License-Identifier: Apache-2.0
"""xling: four papers on cross-lingual learning, from raw data to tables and figures."""

__version__ = "0.1.0"

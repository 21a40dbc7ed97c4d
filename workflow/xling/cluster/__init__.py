# SPDX-License-Identifier: Apache-2.0
"""Slurm: what a site has, and what its commands answer."""

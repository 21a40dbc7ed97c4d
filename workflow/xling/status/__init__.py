# SPDX-License-Identifier: Apache-2.0
"""Where a study stands, told from its files and Slurm's queue; no running Snakemake is needed."""

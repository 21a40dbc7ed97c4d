# SPDX-License-Identifier: Apache-2.0
"""The stages of distillation, one module per verb of the command line."""

# SPDX-License-Identifier: Apache-2.0
"""What ``xling doctor`` looks at: one module per kind of check, each a list of findings."""

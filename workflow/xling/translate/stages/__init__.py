# SPDX-License-Identifier: Apache-2.0
"""One function per verb: converting models, translating lists of sentences and files."""

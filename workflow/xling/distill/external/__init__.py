# SPDX-License-Identifier: Apache-2.0
"""Scripts that run in other environments than the project's; they import nothing of it."""

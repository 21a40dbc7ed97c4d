# SPDX-License-Identifier: Apache-2.0
"""The verbs that explain studies."""

from typing import Any


def add_arguments(verbs: Any) -> None:
    """Register the verbs."""

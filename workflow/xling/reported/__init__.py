# SPDX-License-Identifier: Apache-2.0
"""What papers reported, and the verdict on our numbers (``docs/reported.md``)."""

from xling.reported.cells import Missing, Reference, model_family, paper_cell, references
from xling.reported.rows import Reported, reported
from xling.reported.verdict import Verdict, VerdictName, verdict

__all__ = [
    "Missing",
    "Reference",
    "Reported",
    "Verdict",
    "VerdictName",
    "model_family",
    "paper_cell",
    "references",
    "reported",
    "verdict",
]

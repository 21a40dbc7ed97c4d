# SPDX-License-Identifier: Apache-2.0
"""The systems that a study can name without describing them.

A system is a method of ``xling.mt.rivals`` with settings.  Temperature sampling is a system for
each T of the sweep that section 6 of the specification demands (Xin et al. 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class System:
    """One system.

    Attributes:
        base: its method, a key of ``xling.mt.rivals.METHODS``.
        title: as tables print it.
        settings: of the method, where they differ from its defaults.
    """

    base: str
    title: str
    settings: Mapping[str, Any] = field(default_factory=dict)


TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 100.0)
BASELINE = "temperature_5"
#: Whose checkpoints are analysed (section 8, points 1 to 4).
ANALYSED = ("temperature_1", BASELINE, "cats")


def temperature_name(temperature: float) -> str:
    """Return the name of temperature sampling with T: ``temperature_1_5``."""
    return f"temperature_{temperature:g}".replace(".", "_")


SYSTEMS: dict[str, System] = {
    temperature_name(value): System("temperature", f"T = {value:g}", {"temperature": value})
    for value in TEMPERATURES
} | {
    # Weights are given by the plan where the study gives none: equal ones.
    "static": System("static", "Equal weights"),
    "gradnorm": System("gradnorm", "GradNorm"),
    "multidds_s": System("multidds_s", "MultiDDS-S"),
    "chi_ibr": System("chi_ibr", "Chi-square IBR"),
    "group_dro": System("group_dro", "Group DRO"),
    "pcgrad": System("pcgrad", "PCGrad"),
    "gradvac": System("gradvac", "Gradient Vaccine"),
    "famo": System("famo", "FAMO"),
    "cats": System("cats", "CATS"),
}

# SPDX-License-Identifier: Apache-2.0
"""What CATS is compared with, and one place that makes any of them, CATS included.

Definitions: docs/cats.md.  ``METHODS`` and the settings need no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xling.errors import UsageError, nearest
from xling.mt.cats.settings import CatsSettings, preset
from xling.mt.rivals import settings as rival_settings
from xling.mt.settings import MethodSettings

if TYPE_CHECKING:  # it needs numpy, which loading a study does not
    from xling.mt.weighting import Weighting

METHODS: dict[str, type[MethodSettings]] = {
    "cats": CatsSettings,
    "chi_ibr": rival_settings.ChiIbrSettings,
    "famo": rival_settings.FamoSettings,
    "gradnorm": rival_settings.GradNormSettings,
    "gradvac": rival_settings.GradVacSettings,
    "group_dro": rival_settings.GroupDroSettings,
    "multidds_s": rival_settings.MultiDdsSettings,
    "pcgrad": rival_settings.PcGradSettings,
    "static": rival_settings.StaticSettings,
    "temperature": rival_settings.TemperatureSettings,
}


def method_settings(name: str, values: Mapping[str, Any]) -> MethodSettings:
    """Return the settings of a method; those of CATS begin with a mode's preset (``relative``).

    Raises:
        UsageError: an unknown name.
        pydantic.ValidationError: unknown or missing settings, or values that are not allowed.
    """
    if name not in METHODS:
        raise UsageError(
            f"unknown method '{name}' that weights languages",
            allowed=", ".join(METHODS),
            fix=nearest(name, METHODS) or "give one of the allowed names",
        )
    if name == "cats":
        return preset(**{"mode": "relative", **values})
    return METHODS[name](**values)


def weighting(
    languages: Sequence[str], sizes: Sequence[int], settings: MethodSettings
) -> Weighting:
    """Return a method at its start.

    Args:
        languages: translation directions.
        sizes: training sentences of each.
        settings: say which method; of :func:`method_settings` or ``cats.settings.preset``.

    Raises:
        DataError: a language without sentences.
        UsageError: settings that name other languages.
    """
    from xling.mt.cats.controller import Cats
    from xling.mt.rivals.chi_ibr import ChiIbr
    from xling.mt.rivals.famo import Famo
    from xling.mt.rivals.gradnorm import GradNorm
    from xling.mt.rivals.gradvac import GradVac
    from xling.mt.rivals.group_dro import GroupDro
    from xling.mt.rivals.multidds import MultiDdsS
    from xling.mt.rivals.pcgrad import PcGrad
    from xling.mt.rivals.temperature import Static, Temperature, proportional

    data = proportional(sizes, languages)
    match settings:
        case CatsSettings():
            return Cats(languages, settings)
        case rival_settings.ChiIbrSettings():
            return ChiIbr(languages, data, settings)
        case rival_settings.FamoSettings():
            return Famo(languages, settings)
        case rival_settings.GradNormSettings():
            return GradNorm(languages, settings)
        case rival_settings.GradVacSettings():
            return GradVac(languages, settings)
        case rival_settings.GroupDroSettings():
            return GroupDro(languages, settings)
        case rival_settings.MultiDdsSettings():
            return MultiDdsS(languages, data, settings)
        case rival_settings.PcGradSettings():
            return PcGrad(languages, settings)
        case rival_settings.StaticSettings():
            return Static(languages, settings)
        case rival_settings.TemperatureSettings():
            return Temperature(languages, sizes, settings)
    raise TypeError(f"{settings!r} are settings of no method")

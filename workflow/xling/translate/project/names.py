# SPDX-License-Identifier: Apache-2.0
"""How the report on projection names methods and translators; tables read it without its work."""

#: What carries labels.
MARKERS, ALIGNMENT, LINKS = "markers", "alignment", "word links"
#: A translator that says what the generator says.
GENERATOR = "generator"

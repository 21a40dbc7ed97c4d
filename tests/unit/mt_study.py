# SPDX-License-Identifier: Apache-2.0
"""A small study of translation alone, for several tests."""

from pathlib import Path

from xling.config.loader import LoadedStudy, load_study

SMALL = """\
name: small
description: four languages, two directions
data:
  source: artificial
  artificial:
    source_text_share: 0.2
    text_documents: 100
    languages:
      qaa: {text_share: 0.2}
      qab: {text_share: 0.2}
      qac: {text_share: 0.2}
      qad: {text_share: 0.2}
translation:
  benchmarks:
    ted8_diverse:
      vocabulary: {size: 100}
      sizes: {largest: 800, ratio: 8.0, dev: 10, test: 20}
    opus100:
      languages: [qaa, qac, qab]
      vocabulary: {size: 90, english: 50, shared: false}
      sizes: {largest: 90, ratio: 9.0, dev: 5, test: 6}
  models:
    tiny: {encoder_layers: 1, decoder_layers: 1, width: 8, ffn: 16, heads: 2}
    wide: {encoder_layers: 1, decoder_layers: 1, width: 16, ffn: 32, heads: 2}
  training:
    defaults:
      max_updates: 100
      warmup_updates: 10
      probe: {tokens: 50}
    overrides:
      - where: {methods: [cats]}
        set: {weighting: {period: 20}, max_tokens: 2000}
      - where: {methods: [cats], directions: [o2m]}
        set: {weighting: {floor: 0.2}, probe: {kind: twopass}}
      - where: {models: [wide]}
        set: {max_tokens: 3000}
  systems:
    cats-literal: {method: cats, title: literal, set: {mode: literal, period: 7}}
    temperature_5-x4: {method: temperature_5, title: large, training: {update_freq: 4}}
    cats-x4: {method: cats, title: cats large, training: {update_freq: 4}}
  experiments:
    - methods: [temperature_1_5, temperature_5, static, gradvac, cats, cats-literal]
      models: [tiny]
      benchmarks: [ted8_diverse]
      directions: [m2o, o2m]
      seeds: [2, 1]
    - methods: [temperature_5-x4, cats-x4]
      models: [tiny]
      benchmarks: [ted8_diverse]
      directions: [m2o]
      seeds: [1]
    - methods: [cats]
      models: [wide]
      benchmarks: [opus100]
      directions: [m2o]
      seeds: [3]
"""


def load_small(folder: Path, *replacements: tuple[str, str]) -> LoadedStudy:
    """Write the small study into a folder, with replacements, and load it."""
    text = SMALL
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(str(path))

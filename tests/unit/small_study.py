# SPDX-License-Identifier: Apache-2.0
"""A small study whose lines the tests of studies know by number."""

from pathlib import Path

from xling.config.loader import LoadedStudy, load_study

# Lines are numbered from 1; the messages below name them.
SMALL = """\
name: small
description: a small study
data:
  source: artificial
  artificial:
    source_text_share: 0.6
    text_documents: 100
    languages:
      qaa: {word_order: SVO, text_share: 0.3}
      qab: {word_order: SOV, text_share: 0.1}
    sizes:
      xnli: {train: 50, dev: 10, test: 20}
      pawsx: {train: 50, dev: 10, test: 20}
tasks:
  xnli:
    languages: [en, qaa, qab]
  pawsx:
    languages: [en, qab]
encoders:
  tiny:
    source: scratch
    architecture: bert
    vocabulary: 100
    hidden_size: 8
    layers: 1
    heads: 2
    intermediate_size: 16
    pretraining: {steps: 5}
training:
  defaults:
    learning_rate: 5.0e-4
    batch_size: 4
    max_steps: 10
experiments:
  - paper: xmixup
    methods: [zero_shot, translate_test]
    models: [tiny]
    tasks: [xnli, pawsx]
    seeds: [1, 2]
"""
OVERRIDES = """\
  overrides:
    - where: {tasks: [xnli]}
      set: {batch_size: 8}
"""


def load_small(*replacements: tuple[str, str], **options: str) -> LoadedStudy:
    """Write the small study to the current directory, with replacements, and load it."""
    text = SMALL
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    Path("small.yaml").write_text(text, encoding="utf-8")
    return load_study("small.yaml", **options)

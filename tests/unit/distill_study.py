# SPDX-License-Identifier: Apache-2.0
"""A small study of distillation alone, for several tests."""

from pathlib import Path

from xling.config.loader import LoadedStudy, load_study

SMALL = """\
name: small
description: two languages, two corpora
data:
  source: artificial
  artificial:
    source_text_share: 0.6
    text_documents: 100
    languages:
      qaa: {text_share: 0.2}
      qab: {text_share: 0.2}
    sizes:
      tatoeba: {test: 20}
      bucc2018: {dev: 20, test: 30}
tasks:
  tatoeba: {languages: [qaa, qab]}
  bucc2018: {languages: [qaa]}
encoders:
  tiny: &tiny
    source: scratch
    architecture: bert
    vocabulary: 100
    hidden_size: 8
    layers: 1
    heads: 2
    intermediate_size: 16
    pretraining: {steps: 2}
  wide: *tiny
distillation:
  corpora: {Talks: {}, Mined: {cap: 30}}
  pairs: {held_out: 5, cap: 60}
  sizes:
    graded: 50
    talks: {qaa: 80, qab: 40}
    mined: {qaa: 50, qab: 20}
  sts17: {pairs: [en-en, en-qab]}
  teachers:
    graded: {source: trained, encoder: tiny, data: stsbenchmark}
    given: {source: folder, path: somewhere}
  training:
    defaults: {epochs: 2.0, mixing: {epoch: largest}}
    overrides:
      - where: {models: [wide]}
        set: {max_steps: 7}
      - where: {systems: [talks-only]}
        set: {mixing: {share: proportional}}
  systems:
    talks-only: {kind: student, title: Talks, part: corpora, corpora: [Talks], teacher: given}
    few: {kind: student, title: few, part: amounts, amount: 10, against: distilled}
    only-qab: {kind: student, title: qab, part: bilingual, languages: [qab]}
    other: {kind: sentence_transformers, title: Other, path: elsewhere}
  reported: {mean_pooled/tiny: mBERT mean}
  experiments:
    - systems: [teacher, mean_pooled, distilled, other]
      models: [tiny, wide]
      tasks: [sts17, tatoeba, bucc2018]
      seeds: [2, 3]
    - {systems: [talks-only, few, only-qab], models: [tiny], tasks: [sts17], seeds: [2]}
  resources:
    - where: {systems: [few]}
      set: {train_threads: 3}
"""


def load_small(folder: Path, *changes: tuple[str, str]) -> LoadedStudy:
    """Load the study with pieces of its text replaced, each of which must be there."""
    text = SMALL
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(str(path))

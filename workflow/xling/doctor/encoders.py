# SPDX-License-Identifier: Apache-2.0
"""Whether the encoders that a study takes from folders are there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from xling.doctor.finding import Finding, error, few, ok
from xling.encoders.encoder import TOKENIZERS, WEIGHTS
from xling.plan import Plan


def encoder_findings(plan: Plan) -> Iterator[Finding]:
    """Look for the files of each encoder; their content is looked at by ``xling pretrain``."""
    for name in plan.models:
        encoder = plan.study.encoders[name]
        if encoder.source != "folder":
            continue
        folder = Path(encoder.path).expanduser()
        lacks = list(_lacks(folder)) if folder.is_dir() else []
        if lacks or not folder.is_dir():
            yield error(
                f"encoder {name}: {folder} "
                + (f"lacks {few(lacks)}" if lacks else "does not exist"),
                "copy the encoder there on a host with a network, or correct "
                f"encoders.{name}.path; nothing here downloads models",
            )
        else:
            yield ok(f"encoder {name}: {folder} has its configuration, weights and tokenizer")


def _lacks(folder: Path) -> Iterator[str]:
    for names in (("config.json",), WEIGHTS, TOKENIZERS):
        if not any((folder / name).is_file() for name in names):
            yield " or ".join(names)
    whole, index = (folder / name for name in WEIGHTS)
    if index.is_file() and not whole.is_file():
        try:
            parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (OSError, ValueError, KeyError, AttributeError):
            yield f"a readable {index.name}"
            return
        yield from sorted(part for part in parts if not (folder / part).is_file())

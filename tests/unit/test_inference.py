# SPDX-License-Identifier: Apache-2.0
"""Batch size, padding and order of rows never change a prediction."""

import numpy as np
import pytest
import torch

from conftest import LABELS
from xling.encoders.encoder import load_classifier
from xling.inference import accuracy_by_language, class_scores, rows_of


@pytest.fixture(scope="module")
def model(encoder):
    torch.manual_seed(0)
    return load_classifier(encoder.folder / "model", LABELS)


def scores(model, tokens, rows, max_tokens):
    pad = model.config.pad_token_id
    return class_scores(model, tokens, rows, pad_id=pad, precision="fp32", max_tokens=max_tokens)


def test_scores_equal_one_row_at_a_time(model, encoder):
    """The slow, obvious version: each row alone, unpadded, straight through the model."""
    tokens = encoder.tokens
    rows = np.arange(len(tokens))
    model.eval()
    slow = []
    with torch.no_grad():
        for row in tokens.dataset:
            inputs = {
                name: torch.tensor([row[name]])
                for name in ("input_ids", "token_type_ids")
                if name in row
            }
            slow.append(model(**inputs).logits[0].numpy())
    for max_tokens in (1, 200, 100_000):
        fast = scores(model, tokens, rows, max_tokens)
        np.testing.assert_allclose(fast, np.stack(slow), atol=2e-6)
        assert (fast.argmax(1) == np.stack(slow).argmax(1)).all()


def test_order_of_rows_is_kept(model, encoder):
    rows = np.random.default_rng(0).permutation(len(encoder.tokens))[:50]
    everything = scores(model, encoder.tokens, np.arange(len(encoder.tokens)), 500)
    np.testing.assert_allclose(
        scores(model, encoder.tokens, rows, 500), everything[rows], atol=2e-6
    )


def test_the_mode_of_the_model_is_left_as_it_was(model, encoder):
    model.train()
    scores(model, encoder.tokens, np.arange(3), 500)
    assert model.training


def test_accuracy_by_language_by_hand(encoder):
    tokens = encoder.tokens
    rows = rows_of(tokens, ["en", "qaa"])
    perfect = np.eye(3)[tokens.labels]
    wrong = perfect.copy()
    wrong[60:75] = np.roll(wrong[60:75], 1, axis=1)  # 15 of the 60 rows of qaa
    assert accuracy_by_language(perfect, tokens, rows) == {"en": 100.0, "qaa": 100.0}
    assert accuracy_by_language(wrong, tokens, rows) == {"en": 100.0, "qaa": 75.0}
    some = rows_of(tokens, ["qaa"])
    assert accuracy_by_language(wrong[some], tokens, some) == {"qaa": 75.0}

# SPDX-License-Identifier: Apache-2.0
"""Batch size, padding and order of rows never change a prediction."""

import numpy as np
import pytest
import torch

from xling.inference import rows_of
from xling.tasks import TASKS
from xling.tasks.classification import class_scores, new_model
from xling.tasks.family import Inference


@pytest.fixture(scope="module")
def model(encoder):
    torch.manual_seed(0)
    return new_model(encoder.folder / "model", TASKS["xnli"])


def scores(model, tokens, rows, max_tokens):
    how = Inference(model.config.pad_token_id, "fp32", max_tokens)
    return class_scores(model, tokens, rows, how)


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


def test_rows_of_languages_in_file_order(encoder):
    assert rows_of(encoder.tokens, ["qaa"]).tolist() == list(range(60, 120))
    assert rows_of(encoder.tokens, ["qaa", "en"]).tolist() == list(range(120))

# SPDX-License-Identifier: Apache-2.0
"""``make bench``: every comparison runs, and results that differ are noticed."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from bench import inference, run, scoring, xmixup
from bench.comparison import Case, Times, compare
from bench.made_up import PAD, real_lengths, small_model
from bench.memory import added_memory
from bench.naive_xmixup import TwoCalls
from xling.machine import set_threads
from xling.tasks.qa_decoding import Spans
from xling.xmixup.losses import classification_loss
from xling.xmixup.model import XMixup


@pytest.mark.parametrize("name", run.BENCHMARKS)
def test_all_sides_do_the_same(name, tmp_path):
    set_threads(1)
    benchmark = run.BENCHMARKS[name]
    if not benchmark.installed:
        pytest.skip(f"{benchmark.package} is not installed")
    case = benchmark.build(benchmark.tiny, tmp_path)
    times = compare(case, rounds=1)
    assert times.others.keys() == case.others.keys()
    assert all(seconds > 0 for side in (times.ours, *times.others.values()) for seconds in side)


def case(ours, *others, calls=None, same=operator.eq):
    """Sides that give fixed values and note when they are called."""

    def side(name, value):
        def work():
            if calls is not None:
                calls.append(name)
            return value

        return lambda: work

    sides = {f"other {i}": side(f"other {i}", value) for i, value in enumerate(others)}
    return Case("work", side("ours", ours), sides, same)


def test_sides_take_turns():
    calls = []
    times = compare(case(1, 1, 1, calls=calls), rounds=2)
    there = ["ours", "other 0", "other 1"]
    assert calls == there + there[::-1]
    assert [len(times.ours), *map(len, times.others.values())] == [2, 2, 2]


def test_different_results_are_refused():
    with pytest.raises(AssertionError, match="work: ours and 'other 1' give different results"):
        compare(case(1, 1, 2), rounds=1)


def test_ratios_compare_sides_of_one_round():
    times = Times([1.0, 2.0, 4.0], {"slow": [3.0, 4.0, 20.0]})
    assert times.ratios("slow") == [3.0, 2.0, 5.0]
    line = run.lines("name", case(1, 1), Times(times.ours, {"other 0": times.others["slow"]}))
    assert line.split() == "name work 2.00 s 4.00 s other 0 3.0 2.0 to 5.0".split()


def hundred_megabytes(folder):
    """Memory that is used for a moment only."""

    def work():
        return len(b"1" * 100_000_000)

    return Case("work", lambda: work, {}, operator.eq)


def test_memory_is_what_the_work_adds_at_its_peak():
    used = b"1" * 300_000_000  # Of this process: it does not count.
    memory = added_memory(hundred_megabytes, [])
    del used
    assert list(memory) == [""]
    assert 95 < memory[""] < 120
    lines = run.memory_lines("name", {"": 100.4, "slow": 150.0, "large": 310.0})
    assert [line.split()[-6:] for line in lines.splitlines()] == [
        "100 MB 150 MB slow 1.5".split(),
        "100 MB 310 MB large 3.1".split(),
    ]


def test_the_naive_xmixup_is_the_same_method(tmp_path):
    """Where ratio and attention are far from their limits, so that a mistake in them shows."""
    pairs = xmixup.real_pairs(8, tmp_path)
    rows = np.arange(8)
    sides = pairs.original.inputs(rows, PAD), pairs.target.inputs(rows, PAD)
    labels = torch.arange(8) % xmixup.CLASSES
    outputs, losses = [], []
    for wrap, attention in ((XMixup, None), (TwoCalls, "eager")):
        encoder = small_model(
            AutoModelForSequenceClassification, 128, 3, hidden=32, layers=2, attention=attention
        )
        more = [128] if wrap is TwoCalls else []
        model = wrap(encoder, xmixup.settings(2), *more).eval()
        with torch.no_grad():
            model.gate.bias.fill_(-7.0)
            model.model.base_model.encoder.layer[0].attention.self.query.weight.mul_(100.0)
            pair = model(*sides)
        outputs.append(pair)
        losses.append(classification_loss(pair, labels, model.settings).total.item())
    ours, naive = outputs
    assert naive.target.mask.shape[1] == 128 > ours.target.mask.shape[1]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    torch.testing.assert_close(ours.ratio, naive.ratio)
    torch.testing.assert_close(ours.target.logits, naive.target.logits, rtol=0, atol=1e-5)
    assert 0.05 < ours.ratio.mean() < 0.45
    assert ours.ratio.std() > 0.01


def test_some_batches_stand_for_all(tmp_path):
    lengths = xmixup.real_pairs(1_600, tmp_path).lengths
    batches = xmixup.by_width(lengths, 32)
    widths = [lengths[rows].max() for rows in batches]
    assert len(widths) == 50
    assert widths[0] == lengths.max()
    some = [lengths[rows].max() for rows in xmixup.spread_evenly(batches, 3)]
    assert np.mean(some) == pytest.approx(np.mean(widths), rel=0.05)


def test_tags_are_the_same_up_to_rounding_only():
    logits = np.array([[1.0, 0.0], [0.5, 0.5 + 1e-6]], dtype=np.float32)
    other = (logits.argmax(axis=1), logits)
    assert inference.same_tags(np.array([0, 1]), other)
    assert inference.same_tags(np.array([0, 0]), other)
    assert not inference.same_tags(np.array([1, 1]), other)


def test_spans_are_the_same_up_to_rounding_only():
    scores, places = np.array([1.0, -np.inf]), np.array([3, 4])
    ours = Spans(scores, places, places)
    assert inference.same_spans(ours, ours._replace(scores=scores + 1e-6))
    assert not inference.same_spans(ours, ours._replace(scores=scores + 1e-2))
    assert not inference.same_spans(ours, ours._replace(ends=np.array([4, 4])))


def test_obvious_scores_by_hand():
    # Chunks: PER 0-1 and LOC 3-3 are gold; PER 0-0 and LOC 3-3 are predicted: one of two.
    gold, predicted = [["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "O", "O", "I-LOC"]]
    assert scoring.obvious_f1(gold, predicted) == 50.0
    # Three words given, two gold, one shared ("the" does not count): F1 is 2/5.
    overlap = scoring.obvious_overlap("the red big cat", "black cat", scoring.obvious_squad)
    assert math.isclose(overlap, 0.4)
    assert scoring.obvious_mlqa("de")("Die Stadt; das Haus.") == "stadt haus"


def test_lengths_follow_the_counted_ones():
    # The means of the files' own head lines.
    assert abs(real_lengths("xnli_lengths.csv", 50_000).mean() - 42.6) < 0.5
    assert abs(real_lengths("xquad_lengths.csv", 50_000).mean() - 215.2) < 1.5
    udpos, panx = (real_lengths("tagging_lengths.csv", 1_000, task) for task in ("udpos", "panx"))
    assert udpos.mean() > panx.mean()
    assert len(udpos) == 1_000


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--only", "nothing"]])
def test_wrong_arguments(words, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run.py", *words])
    with pytest.raises(SystemExit) as exit_:
        run.main()
    assert exit_.value.code == 2
    assert words[1] in capsys.readouterr().err

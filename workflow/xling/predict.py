# SPDX-License-Identifier: Apache-2.0
"""Predict every row of the tested splits, all languages in one process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xling.errors import UsageError
from xling.inference import rows_of
from xling.machine import hardware, peak_memory_mb, versions
from xling.tasks import TASKS, Task
from xling.tasks.family import Family, Inference, family_of

if TYPE_CHECKING:
    import pyarrow as pa

    from xling.robust.settings import VoteSettings
    from xling.tokens import Tokens


@dataclass(frozen=True)
class Split:
    """One split that is predicted.

    Attributes:
        name: of the prepared split.
        tokens: Arrow file of ``xling tokenize``.
        table: Parquet file of ``xling prepare``.
    """

    name: str
    tokens: Path
    table: Path


def predict(
    *,
    task: str,
    model_folder: Path,
    splits: list[Split],
    languages: list[str],
    encoder: dict[str, Any],
    max_tokens: int,
    decoding: dict[str, Any],
    sources: dict[str, Path] | None = None,
    mixes: bool = False,
    votes: VoteSettings | None = None,
    robust: dict[str, Any] | None = None,
    pairs: Path | None = None,
) -> tuple[pa.Table, dict[str, Any]]:
    """Return the predictions of a run and what the job used.

    Args:
        task: a benchmark.
        model_folder: of the trained model, or of the encoder if the task trains nothing.
        splits: tokenised and prepared rows.
        languages: languages to predict.
        encoder: the note about the encoder (``encoder.json``).
        max_tokens: sub-words per batch, padding included.
        decoding: settings of the family's decoding.
        sources: tokenised English sides of the test rows, by the name that
            :mod:`xling.xmixup.inference` gives them.  A model of X-Mixup reads them beside the
            rows; the logits of a plain one are averaged (:mod:`xling.ensemble`).
        mixes: whether the model was trained as one of X-Mixup.
        votes: a row is read so often with the noise of the training, and the readings vote; the
            table has the column ``setting``.
        robust: what ``train.json`` says of robust training; needed for ``votes``.
        pairs: tokenizer of the encoder, to test all pairs of languages too
            (:mod:`xling.generalised`).

    Returns:
        The table of the task's family (docs/architecture.md), languages in the order of the
        splits, and a note that can be written as JSON.  With ``sources`` the table has the column
        ``setting`` too, and the note says how many items were their own source: ``own_source``, by
        English side and language.  With ``pairs`` both have the generalised setting too.

    Raises:
        UsageError: a model of X-Mixup without ``sources``, a name in them is not allowed, or a
            plain model cannot read them; ``votes`` of a model that was not trained with noise;
            ``pairs`` with one of the others, or of a task without parallel pairs of sentences.
        DataError: a model of X-Mixup is damaged, or ``sources`` lack rows.
    """
    import torch

    family, about = family_of(task), TASKS[task]
    english = _english(family, about, sources or {}, languages, mixes)
    if pairs is not None:
        check_pairs(about, splits=len(splits), alone=not english and votes is None)
    # Rows of other languages need no English side.
    tokens = family.Tokens.read([split.tokens for split in splits], languages if english else None)
    rows = rows_of(tokens, languages)
    table = _tables(splits)
    model: Any = family.trained_model(model_folder, about)
    if mixes:
        from xling.xmixup.inference import predict as predict_beside
        from xling.xmixup.model import load_xmixup

        model = load_xmixup(model, model_folder)
    elif english:
        from xling.ensemble import predict as predict_beside
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    how = Inference(model.config.pad_token_id, encoder["precision"], max_tokens)
    started = time.monotonic()
    model = model.to(device)
    own: dict[str, dict[str, int]] = {}
    if english:
        found, own = predict_beside(model, tokens, rows, english, table, about, decoding, how)
    elif votes is not None:
        from xling.robust.smoothing import predict_by_vote

        found = predict_by_vote(model, tokens, rows, table, about, how, votes, robust)
    else:
        found = family.predict(model, tokens, rows, table, about, decoding, how)
    generalised: dict[str, Any] = {}
    if pairs is not None:
        from xling.generalised.predict import Reading, predict_pairs

        reading = Reading(pairs, tokens.info[0]["reading"]["max_length"])
        found, generalised["generalised"] = predict_pairs(
            model, found, tokens, table, about, languages, reading, how
        )
    seconds = time.monotonic() - started
    # The standard rows are among the pairs.
    count = generalised["generalised"]["rows"] if generalised else len(rows)
    note = {
        "test_data": [*tokens.info, *(info for side in english.values() for info in side.info)],
        "rows": {code: n for code, n in tokens.rows_per_language().items() if code in languages},
        "own_source": own,
        **generalised,
        "timing": {
            "predict_seconds": round(seconds, 3),
            "predict_examples_per_second": round(count / max(seconds, 1e-9), 1),
            **{f"predict_{k}": v for k, v in peak_memory_mb().items()},
        },
        "encoder": encoder,
        "decoding": decoding,
        "hardware": hardware(),
        "versions": versions(),
    }
    return found, note


def _english(
    family: Family,
    task: Task,
    sources: dict[str, Path],
    languages: list[str],
    mixes: bool,
) -> dict[str, Tokens]:
    """Read the English sides of the test rows, if the model can read them."""
    if sources:
        from xling.ensemble import check_ensemble
        from xling.xmixup.inference import check_sides

        (check_sides if mixes else check_ensemble)(sources, task)
    elif mixes:
        raise UsageError(
            "a model of X-Mixup reads an English text beside each row, and none is given",
            where="xling predict",
            allowed="--english NAME TOKENS, once or more",
            fix="name the tokenised translations of the test rows",
        )
    return {name: family.Tokens.read([side], languages) for name, side in sources.items()}


def check_pairs(task: Task, *, splits: int, alone: bool) -> None:
    """Raise :class:`UsageError` unless pairs of a task's test languages can be tested."""
    if task.family != "classification" or not task.parallel or splits != 1 or not alone:
        raise UsageError(
            f"pairs of languages of {task.title} cannot be tested in this way",
            where="xling predict --pairs",
            allowed="one parallel split of sentence pairs, each read once and by itself",
            fix="leave out --pairs; in a study: 'pairs' of the task",
        )


def _tables(splits: list[Split]) -> pa.Table:
    """Return the prepared rows of all splits with a column ``split``."""
    import pyarrow as pa

    from xling.data.tables import read_table

    parts = []
    for split in splits:
        table = read_table(split.table)
        names = pa.array([split.name] * table.num_rows, pa.string())
        parts.append(table.append_column("split", names))
    return pa.concat_tables(parts)

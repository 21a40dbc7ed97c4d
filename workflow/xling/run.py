# SPDX-License-Identifier: Apache-2.0
"""One fine-tuning run: from tokenised splits and an encoder to a trained model and its note."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xling.batches import steps_of, updates
from xling.config.study import TrainingSettings, XMixupChoices
from xling.distributed import ALONE, Workers
from xling.encoders.encoder import check_precision, read_encoder
from xling.errors import UsageError
from xling.files import write_text
from xling.machine import hardware, peak_memory_mb, together, versions
from xling.methods import methods
from xling.plan import canonical
from xling.stages import VERSIONS
from xling.stops import Stop
from xling.tasks import SOURCE_LANGUAGE, TASKS, Task
from xling.tasks.family import Inference, family_of
from xling.xmixup.soft_labels import check_labels

if TYPE_CHECKING:
    import pyarrow as pa

    from xling.tokens import Tokens
    from xling.training import Outcome

log = logging.getLogger(__name__)


def state_of_run(state: Path, *identity: Any) -> Path:
    """Return the folder for checkpoints of exactly this work; remove those of other settings.

    A run whose settings or data changed must not go on from an older checkpoint, so the folder is
    named after everything that decides the result.
    """
    digest = hashlib.sha256(canonical(identity).encode()).hexdigest()[:12]
    if state.exists():
        for old in state.iterdir():
            if old.name != digest:
                log.info("removing checkpoints of other settings: %s", old)
                shutil.rmtree(old)
    folder = state / digest
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Dev:
    """The dev set of a run.

    Attributes:
        tokens: tokenised.
        table: prepared rows.
        decoding: settings of the family's decoding.
    """

    tokens: Tokens
    table: pa.Table
    decoding: dict[str, Any]

    @classmethod
    def read(
        cls, task: Task, settings: TrainingSettings, tokens: Path, table: Path, decoding: Any
    ) -> Dev:
        """Read the languages that the selection policy looks at."""
        from xling.data.tables import read_table

        # best_source_dev never looks at a target language.
        source_only = settings.selection == "best_source_dev"
        languages = [SOURCE_LANGUAGE] if source_only else None
        found = family_of(task.name).Tokens.read([tokens], languages)
        return cls(found, read_table(table, languages), decoding)

    def values(self, model: Any, task: Task, how: Inference, *, paired: bool) -> dict[str, float]:
        """Return the task's main metric by language; ``paired``: the model reads English sides."""
        family = family_of(task.name)
        if paired:
            from xling.xmixup.training import predict_dev

            made = predict_dev(model, self.tokens, self.table, task, self.decoding, how)
        else:
            rows = np.arange(len(self.tokens))
            made = family.predict(model, self.tokens, rows, self.table, task, self.decoding, how)
        return {s.language: s.value for s in family.score(made, task) if s.metric == task.metric}


def train(
    *,
    task: str,
    method: str,
    settings: TrainingSettings,
    seed: int,
    train_files: list[Path],
    languages: list[str],
    dev_files: tuple[Path, Path] | None,
    english_files: tuple[list[Path], list[Path]] | None = None,
    labels_file: Path | None = None,
    decoding: dict[str, Any],
    encoder_note: Path,
    folder: Path,
    state: Path,
    eval_batch_tokens: int,
    stop: Stop | None = None,
    workers: Workers = ALONE,
) -> None:
    """Fine-tune and leave ``model/`` and ``train.json`` in ``folder``.

    The model of a killed run goes on from ``state``; ``train.json`` is written last, so that it
    exists only beside a complete model.

    Args:
        task: a benchmark.
        method: a system.
        settings: resolved for this run.
        seed: head, dropout and order of the rows follow from it.
        train_files: tokenised splits; their rows follow each other.
        languages: rows of other languages are left out.
        dev_files: tokenised and prepared dev split, if weights are selected on it.
        english_files: of methods that read each row with its English side: tokenised originals,
            and back-translations (none where nothing is sampled).
        labels_file: soft labels of the words of translations, where the settings name a teacher.
        decoding: settings of the family's decoding.
        encoder_note: ``encoder.json``.
        folder: of the results.
        state: of the checkpoints.
        eval_batch_tokens: sub-words per batch when the dev set is looked at.
        stop: whether the process is asked to leave; None: signals do what they do.
        workers: who trains together; all of them call this.

    Raises:
        xling.errors.Interrupted: a signal came and everything was saved.
        xling.errors.SetupError: all that the last attempts did was lost.
        xling.errors.UsageError: English sides or soft labels are given to a training that reads
            none, or are not to one that does.
        xling.errors.DataError: a file cannot be read, or a row has no English side or no labels.
    """
    info, weights = read_encoder(encoder_note)  # mistakes first: the libraries take seconds

    from transformers import set_seed

    from xling.robust.training import noted, perturbing, perturbing_pairs
    from xling.training import KeepBest, UpdateDataset, fit, take_item, training_arguments

    stop = stop or Stop()
    check_precision(info["precision"])
    about, family = TASKS[task], family_of(task)
    paired, choices = None, settings.xmixup or XMixupChoices()
    english_files = _english_sides(method, english_files)
    check_labels(
        about, paired=english_files is not None, teacher=choices.teacher, labels_file=labels_file
    )
    if english_files:
        from xling.xmixup.training import PairedTraining

        paired = PairedTraining.read(
            about,
            choices,
            info["layers"],
            train_files,
            english_files,
            languages,
            seed,
            labels_file,
        )
    tokens = paired.pairs.target if paired else family.Tokens.read(train_files, languages)
    data = paired.pairs if paired else tokens
    dev = Dev.read(about, settings, *dev_files, decoding) if dev_files and workers.main else None
    identity = (
        {
            "task": task,
            "method": method,
            "seed": seed,
            "stage": VERSIONS["train"],
            "labels": paired.labels_used.get("sha256") if paired else None,
        },
        settings.model_dump(),
        info["sha256"],
        [*data.info, *(dev.tokens.info if dev else ())],
        languages,
    )
    place = workers.share(state_of_run(state, *identity) if workers.main else state)
    set_seed(seed)
    model = family.new_model(weights, about)
    pad_id = model.config.pad_token_id
    steps = _steps(settings, len(tokens))
    keeper = None
    if dev is not None:
        how = Inference(pad_id, info["precision"], eval_batch_tokens)
        values = partial(dev.values, task=about, how=how, paired=paired is not None)
        keeper = KeepBest(place / "best", settings, values, stop)
    log.info("%d rows in %s, %d updates", len(tokens), tokens.rows_per_language(), steps)
    arguments = training_arguments(
        place, settings, steps=steps, precision=info["precision"], seed=seed
    )
    planned = updates(data.lengths, settings.batch_size, steps, seed)
    parts = settings.accumulation * workers.count
    perturbs = methods()[method].perturbs
    if paired:
        own = {"kind": perturbing_pairs(model, perturbs, settings, tokens)} if perturbs else {}
        trainer = paired.trainer(model, arguments, planned, parts=parts, pad_id=pad_id, **own)
    else:
        if perturbs:
            model = perturbing(model, perturbs, settings, tokens)
        trainer = methods()[method].trainer_class()(
            model=model,
            args=arguments,
            train_dataset=UpdateDataset(tokens, planned, parts=parts, pad_id=pad_id),
            data_collator=take_item,
        )
    outcome = fit(
        trainer, place, model_folder=folder / "model", keeper=keeper, stop=stop, workers=workers
    )
    memory = workers.gather(peak_memory_mb())
    if outcome is None:
        return
    note = _note(outcome, settings, info, tokens, dev, memory)
    if paired:
        note = paired.noted(note, trainer)
    if perturbs:
        note = noted(note, perturbs, trainer)
    write_text(folder / "train.json", json.dumps(note, indent=1, sort_keys=True) + "\n")
    shutil.rmtree(state)


def _english_sides(
    method: str, files: tuple[list[Path], list[Path]] | None
) -> tuple[list[Path], list[Path]] | None:
    """Return the files of English sides, which must be there for the methods that read them."""
    paired = methods()[method].paired
    if paired == bool(files and files[0]):
        return files if paired else None
    raise UsageError(
        f"the method '{method}' reads {'an' if paired else 'no'} English side of each row",
        where="xling train --originals, --back-translations",
        allowed="tokens of the English training rows and of their back-translations"
        if paired
        else "training rows alone (--train)",
        fix="give the tokens of the split train" if paired else "leave out --originals",
    )


def _note(
    outcome: Outcome,
    settings: TrainingSettings,
    encoder: dict[str, Any],
    tokens: Tokens,
    dev: Dev | None,
    memory: list[dict[str, float]],
) -> dict[str, Any]:
    """Return what ``train.json`` says; ``memory`` has the peak of each worker."""
    return {
        "settings": settings.model_dump() | {"steps": outcome.steps},
        "encoder": encoder,
        "selection": outcome.selection,
        "train_rows": tokens.rows_per_language(),
        "train_data": list(tokens.info),
        "dev_data": list(dev.tokens.info) if dev else [],
        "timing": {
            "train_seconds": round(outcome.seconds, 2),
            "train_examples_per_second": round(outcome.rate * settings.batch_size, 1),
            **together(memory),
        },
        "hardware": hardware(len(memory)),
        "versions": versions(),
        "history": outcome.history,
    }


def _steps(settings: TrainingSettings, rows: int) -> int:
    """Return the number of updates."""
    if settings.max_steps is not None:
        return settings.max_steps
    assert settings.epochs is not None, "the settings' own check"
    return steps_of(rows, settings.batch_size, settings.epochs)

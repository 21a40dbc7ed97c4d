# SPDX-License-Identifier: Apache-2.0
"""Which published artefacts (rows of ``config/datasets.csv``) hold what a task needs.

Where a benchmark has several published translations, the one that X-Mixup trains on is taken:
XNLI-MT 1.0 and PAWS-X's own training translations, which are row-parallel; XTREME's for the rest.
Free of heavy imports and of files: the Snakefile asks it for its job graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xling.data.language_names import TATOEBA, TYDIQA, UD
from xling.data.manifest import Role
from xling.data.wants import Want, wants
from xling.errors import UsageError, nearest
from xling.tasks import TASKS

# What BUCC calls the splits: XTREME makes its dev set of the sample, its test set of the training
# part (shared task 2018: the real test set has no gold).
_BUCC = {"dev": "sample", "test": "training"}


@dataclass(frozen=True)
class Need:
    """A file of an artefact, or several if the path is that of all treebanks of a language.

    Attributes:
        artefact: key in ``config/datasets.csv``.
        path: pattern that the last parts of a path below ``resources/data/<artefact>/`` match, as
            in :meth:`pathlib.PurePath.match`.
        form: format of the file.
        role: as in :class:`xling.data.manifest.RawFile`.
        split: published split.
        language: ``all`` if the file holds several languages.
    """

    artefact: str
    path: str
    form: str
    role: Role
    split: str
    language: str

    @property
    def many(self) -> bool:
        """Whether several files may match."""
        return "*" in self.path


def needs(task: str, uses: dict[str, Any]) -> list[Need]:
    """Return the files a study needs of a task (see :func:`xling.data.wants.wants`)."""
    return list(dict.fromkeys(need for want in wants(task, uses) for need in _needs(want)))


def artefacts_of(task: str, uses: dict[str, Any]) -> list[str]:
    """Return the keys of the artefacts a study needs of a task, sorted."""
    return sorted({need.artefact for need in needs(task, uses)})


def _needs(want: Want) -> list[Need]:
    published = TASKS[want.task].languages
    if want.language not in published:
        raise UsageError(
            f"{TASKS[want.task].title} was not published in the language '{want.language}'",
            where=f"tasks.{want.task}.languages",
            allowed=", ".join(published),
            fix=nearest(want.language, published) or "take the language out of the study",
        )
    if want.role == "translate_train":
        files = [_translate_train(want.task, want.language)]
    elif want.role == "translate_test":
        files = [_translate_test(want.task, want.language)]
    elif want.role == "back_translation":
        # Ours: nobody published back-translations; a user puts them there.
        path, form = back_translation_file(want.task, want.language)
        files = [("own-back-translations", path, form, want.language)]
    else:
        files = _published(want.task, want.split, want.language)
        if want.role == "text":
            files = [file for file in files if file[2] != "bucc-gold"]
    return [
        Need(artefact, path, form, want.role, want.split, language)
        for artefact, path, form, language in files
    ]


def back_translation_file(task: str, code: str) -> tuple[str, str]:
    """Return path and format of a file of back-translations, those of X-Mixup's released code."""
    if TASKS[task].family == "tagging":
        return f"{task}/translate-train-en-token/{code}.txt", "token-lines"
    if task == "xnli":
        return f"xnli/translate-train-en/multinli.train.{code}-en.tsv", "xnli-mt-1.0"
    if task == "pawsx":
        return f"pawsx/translate-train-en/translated_train.{code}-en.tsv", "pawsx-x-final"
    name = "squad" if task == "xquad" else task
    return f"{name}/translate-train-en/{name}.translate.train.en-{code}-en.json", "squad-json"


# Artefact, path, format, language.
_File = tuple[str, str, str, str]


def _published(task: str, split: str, code: str) -> list[_File]:
    """Return the files of a benchmark's own split."""
    if task == "bucc2018":
        part = _BUCC[split]
        return [
            (f"bucc2018-{code}-{part}", f"{code}-en.{part}.{end}", form, code)
            for end, form in ((code, "bucc-source"), ("en", "bucc-target"), ("gold", "bucc-gold"))
        ]
    if task == "tatoeba":
        other = TATOEBA[code]
        return [
            (f"tatoeba-{code}.{end}", f"tatoeba.{other}-eng.{end}", form, code)
            for end, form in ((other, "tatoeba-source"), ("eng", "tatoeba-target"))
        ]
    return [
        _questions(task, split, code) if TASKS[task].family == "qa" else _rows(task, split, code)
    ]


def _rows(task: str, split: str, code: str) -> _File:
    """Return the file of a split of a classification or tagging task."""
    if task == "xnli":
        if split == "train":
            return ("xnli-mt-1.0", f"multinli/multinli.train.{code}.tsv", "xnli-mt-1.0", code)
        return ("xnli-1.0", f"xnli.{split}.tsv", "xnli-1.0", "all")
    if task == "pawsx":
        name = "train.tsv" if split == "train" else f"{split}_2k.tsv"
        return ("pawsx-x-final", f"{code}/{name}", "pawsx-x-final", code)
    if task == "udpos":
        # The language code keeps out treebanks of mixed languages (UD_Hindi_English is "qhe").
        path = f"UD_{UD[code]}-*/{code}_*-ud-{split}.conllu"
        return ("ud-2.5", path, "ud-conllu", code)
    return (f"panx-{code}", split, "wikiann", code)


def _questions(task: str, split: str, code: str) -> _File:
    """Return the file of a split of a question answering task."""
    if task == "mlqa":
        path = f"{split}/{split}-context-{code}-question-{code}.json"
        return ("mlqa-1", path, "squad-json", code)
    if task == "tydiqa":
        if split == "train":
            path = "tydiqa-goldp-v1.1-train.json"
            return ("tydiqa-goldp-1.1-train", path, "tydiqa-goldp", "all")
        path = f"tydiqa-goldp-dev-{TYDIQA[code]}.json"
        return ("tydiqa-goldp-1.1-dev", path, "squad-json", code)
    if split == "test":
        return (f"xquad-{code}", f"xquad.{code}.json", "squad-json", code)
    return (f"squad-1.1-{split}", f"{split}-v1.1.json", "squad-json", code)


def _translate_train(task: str, code: str) -> _File:
    if task == "xnli":
        return ("xnli-mt-1.0", f"multinli/multinli.train.{code}.tsv", "xnli-mt-1.0", code)
    if task == "pawsx":
        return ("pawsx-x-final", f"{code}/translated_train.tsv", "pawsx-x-final", code)
    if TASKS[task].family == "tagging":
        return (f"xtune-{task}-train", f"translate_train.{task}.txt", "xtune-alignment", "all")
    name = "squad" if task == "xquad" else task
    path = f"{name}.translate.train.en-{code}.json"
    return (f"xtreme-{name}-train-{code}", path, "squad-json", code)


def _translate_test(task: str, code: str) -> _File:
    family = TASKS[task].family
    if family == "tagging":
        # Ours: nobody published test translations with alignments; a user puts them there.
        return (f"own-{task}-test", f"translate_test.{task}.{code}.txt", "xtune-alignment", code)
    artefact = f"xtreme-{task}-test-{code}"
    if family == "qa":
        return (artefact, f"{task}.translate.test.{code}-en.json", "squad-json", code)
    return (artefact, f"test-{code}-en-translated.tsv", "xtreme-translation", code)

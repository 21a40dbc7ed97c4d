# SPDX-License-Identifier: Apache-2.0
"""Where files lie in XTREME's download folder, the best place first.

The places are those of XTREME's scripts, of its folder of translations, of the releases where
people put a file back whose labels XTREME's scripts removed, and of X-Mixup's released code
(back-translations).
"""

from __future__ import annotations

from dataclasses import dataclass

from xling.data.language_names import TATOEBA, TYDIQA
from xling.data.sources import back_translation_file
from xling.data.wants import Want
from xling.tasks import TASKS

_TRANSLATIONS = "xtreme_translations"
# Names of the tasks in XTREME's folder of translations; XQuAD and MLQA train on SQuAD.
_TRAIN_FOLDERS = {"xnli": "XNLI", "pawsx": "PAWSX", "xquad": "SQuAD", "tydiqa": "TyDiQA-GoldP"}
_TEST_FOLDERS = _TRAIN_FOLDERS | {"xquad": "XQuAD", "mlqa": "MLQA"}


@dataclass(frozen=True)
class Place:
    """A file below the root that would do.

    Attributes:
        form: its format.
        language: ``all`` if it holds several languages.
    """

    path: str
    form: str
    language: str


def places(want: Want) -> list[tuple[Place, ...]]:
    """Return, for each file that is needed, where it may be, the best place first."""
    if want.role == "translate_train":
        return [_translate_train(want.task, want.language)]
    if want.role == "translate_test":
        return [_translate_test(want.task, want.language)]
    if want.role == "back_translation":
        return [(Place(*back_translation_file(want.task, want.language), want.language),)]
    family, code = TASKS[want.task].family, want.language
    if family == "retrieval":
        sides = _retrieval(want.task, want.split, code)
        return sides[:2] if want.role == "text" else sides
    if family == "classification":
        return [(Place(f"{want.task}/{want.split}-{code}.tsv", "xtreme-tsv", code),)]
    if family == "tagging":
        name = f"{want.split}-{code}.tsv"
        paths = (f"{want.task}/{name}", f"{want.task}/xtreme_tsv/{name}")
        return [tuple(Place(path, "tagged-tsv", code) for path in paths)]
    return [_questions(want.task, want.split, code)]


def _questions(task: str, split: str, code: str) -> tuple[Place, ...]:
    if task == "mlqa":
        path = f"mlqa/MLQA_V1/{split}/{split}-context-{code}-question-{code}.json"
        return (Place(path, "squad-json", code),)
    if task == "tydiqa":
        folder = f"tydiqa/tydiqa-goldp-v1.1-{'train' if split == 'train' else 'dev'}"
        if split == "train":
            return (
                Place(f"{folder}/tydiqa.goldp.{code}.train.json", "squad-json", code),
                Place(f"{folder}/tydiqa-goldp-v1.1-train.json", "tydiqa-goldp", "all"),
            )
        return (
            # XTREME renames these files and removes their answers: the old name has them still.
            Place(f"{folder}/tydiqa-goldp-dev-{TYDIQA.get(code, code)}.json", "squad-json", code),
            Place(f"{folder}/tydiqa.goldp.{code}.dev.json", "squad-json", code),
        )
    path = f"xquad/xquad.{code}.json" if split == "test" else f"squad/{split}-v1.1.json"
    return (Place(path, "squad-json", code),)


def _retrieval(task: str, split: str, code: str) -> list[tuple[Place, ...]]:
    """Return the places of the foreign side, the English side and, if it is a file, the gold."""
    if task == "bucc2018":
        base = f"bucc2018/{code}-en.{split}"
        return [
            (Place(f"{base}.{end}", form, code),)
            for end, form in ((code, "bucc-source"), ("en", "bucc-target"), ("gold", "bucc-gold"))
        ]
    other = TATOEBA.get(code, code)
    # XTREME's own English files are sorted, which hides the gold: the release comes first.
    release, ours = f"tatoeba/v1/tatoeba.{other}-eng", f"tatoeba/{code}-en"
    return [
        (Place(f"{release}.{iso3}", form, code), Place(f"{ours}.{iso1}", form, code))
        for iso3, iso1, form in (
            (other, code, "tatoeba-source"),
            ("eng", "en", "tatoeba-target"),
        )
    ]


def _translate_train(task: str, code: str) -> tuple[Place, ...]:
    family = TASKS[task].family
    if family == "tagging":
        base = f"{_TRANSLATIONS}/translate_train.{task}"
        # The name without a language is xTune's; ours: one file per language.
        return (
            Place(f"{base}.{code}.txt", "xtune-alignment", code),
            Place(f"{base}.txt", "xtune-alignment", "all"),
        )
    folder = f"{_TRANSLATIONS}/{_TRAIN_FOLDERS[task]}/translate-train"
    if family == "classification":
        return (Place(f"{folder}/en-{code}-translated.tsv", "xtreme-translation", code),)
    name = "squad" if task == "xquad" else task
    return (Place(f"{folder}/{name}.translate.train.en-{code}.json", "squad-json", code),)


def _translate_test(task: str, code: str) -> tuple[Place, ...]:
    family = TASKS[task].family
    if family == "tagging":  # ours: nobody published such files
        path = f"{_TRANSLATIONS}/translate_test.{task}.{code}.txt"
        return (Place(path, "xtune-alignment", code),)
    folder = f"{_TRANSLATIONS}/{_TEST_FOLDERS[task]}/translate-test"
    if family == "qa":
        path = f"{folder}/{task}.translate.test.{code}-en.json"
        return (Place(path, "squad-json", code),)
    found = [Place(f"{folder}/test-{code}-en-translated.tsv", "xtreme-translation", code)]
    if task == "xnli":
        path = f"xnli/translate_test_myxnli/{code}.trans.test.tsv"
        found.append(Place(path, "myxnli-translation", code))
    return tuple(found)

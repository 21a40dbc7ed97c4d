# SPDX-License-Identifier: Apache-2.0
"""A piece of a file of each benchmark, for ``docs/artificial-languages.md``."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from xling.config.study import Artificial, SplitSizes
from xling.data.artificial import write_raw
from xling.tasks import SOURCE_LANGUAGE

_SIZES = SplitSizes(train=20, dev=20, test=20)


def file_examples(settings: Artificial) -> str:
    """Return Markdown: a title and a piece of a file in the first target languages, per task."""
    tasks = ("udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")
    small = settings.model_copy(update={"sizes": dict.fromkeys(tasks, _SIZES)})
    one, two = list(settings.languages)[:2]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for task in tasks:
            write_raw(task, small, [SOURCE_LANGUAGE, *settings.languages], folder)
        pieces = [
            *_treebank(folder, one),
            *_names(folder, one),
            *_questions(folder, one, two),
            *_retrieval(folder, one),
        ]
    return "\n".join(line for title, lines in pieces for line in _fenced(title, lines))


_Piece = tuple[str, list[str]]


def _fenced(title: str, lines: list[str]) -> list[str]:
    return [f"`{title}`", "", "```text", *lines, "```", ""]


def _treebank(folder: Path, code: str) -> list[_Piece]:
    """Return a short sentence with a contraction, if there is one, and a translation."""
    path = f"UD_{code.capitalize()}-Artificial/{code}_artificial-ud-test.conllu"
    blocks = (folder / path).read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    block = min(blocks, key=lambda text: ("-" not in _numbers(text), len(text)))
    name = f"translations/udpos.translate.train.{SOURCE_LANGUAGE}-{code}.tsv"
    return [(path, block.split("\n")), (name, _lines(folder, name)[:1])]


def _numbers(block: str) -> str:
    """Return the first column; a range such as 3-4 is a contraction."""
    return "".join(line.split("\t")[0] for line in block.split("\n") if line[0] != "#")


def _names(folder: Path, code: str) -> list[_Piece]:
    """Return the sentence with most words of names."""
    path = f"panx/{code}/test"
    blocks = (folder / path).read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    return [(path, max(blocks, key=lambda text: text.count("I-")).split("\n"))]


def _questions(folder: Path, one: str, two: str) -> list[_Piece]:
    paths = (
        "squad/dev-v1.1.json",
        f"xquad/xquad.{two}.json",
        f"MLQA_V1/test/test-context-{one}-question-{one}.json",
        f"tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-{two}.json",
    )
    return [(path, _question(folder / path)) for path in paths]


def _question(path: Path) -> list[str]:
    """Return the first paragraph with its first question."""
    paragraph = json.loads(path.read_text(encoding="utf-8"))["data"][0]["paragraphs"][0]
    question = paragraph["qas"][0]
    values = [json.dumps(paragraph["context"], ensure_ascii=False)]
    values += [json.dumps(question[key], ensure_ascii=False) for key in ("id", "question")]
    values += [json.dumps(answer, ensure_ascii=False) for answer in question["answers"]]
    names = ["context", "id", "question", *["answer"] * len(question["answers"])]
    return [f"{name:<8}  {value}" for name, value in zip(names, values, strict=True)]


def _retrieval(folder: Path, code: str) -> list[_Piece]:
    """Return a gold pair with its sentences, and a pair of parallel lines."""
    stem = f"bucc2018/{code}-en/{code}-en.sample"
    gold = _lines(folder, f"{stem}.gold")[0]
    ids = gold.split("\t")
    pieces = [(f"{stem}.gold", [gold])]
    for end, wanted in zip((code, SOURCE_LANGUAGE), ids, strict=True):
        found = next(x for x in _lines(folder, f"{stem}.{end}") if x.startswith(f"{wanted}\t"))
        pieces.append((f"{stem}.{end}", [found]))
    for end in (code, "eng"):
        path = f"v1/tatoeba.{code}-eng.{end}"
        pieces.append((path, _lines(folder, path)[:1]))
    return pieces


def _lines(folder: Path, path: str) -> list[str]:
    return (folder / path).read_text(encoding="utf-8").splitlines()

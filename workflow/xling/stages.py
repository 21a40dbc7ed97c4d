# SPDX-License-Identifier: Apache-2.0
"""Versions of the stages, and the test that they are kept.

Snakemake does not look into the package, so that a comment re-runs nothing.  Instead every rule
passes its stage's version as a parameter: raise it when the stage's *results* change, and exactly
that stage and what follows run again.  ``stages.lock`` holds a fingerprint of each stage's code
(comments and docstrings left out); ``xling stages --check`` says when code changed and the version
did not.
"""

from __future__ import annotations

import ast
import hashlib
import json
from functools import cache
from pathlib import Path

from xling.errors import UsageError
from xling.files import write_text

VERSIONS = {
    "download": 1,
    "fetch": 1,
    "prepare": 1,
    "synonyms": 1,
    "augment": 1,
    "pretrain": 1,
    "tokenize": 1,
    "label": 1,
    "train": 1,
    "predict": 1,
    "score": 1,
    "analyse": 2,
    "compare": 1,
    "tabulate": 1,
    "plot": 1,
    "scores": 1,
    "report": 1,
    "check": 2,
    "fetch_parallel": 1,
    "prepare_parallel": 1,
    "subwords": 1,
    "binarize": 1,
    "train_mt": 1,
    "generate": 1,
    "score_mt": 1,
    "analyse_mt": 1,
    "compare_mt": 1,
    "fetch_distill": 1,
    "prepare_sts": 1,
    "prepare_graded": 1,
    "prepare_distill": 1,
    "train_teacher": 1,
    "encode_teacher": 1,
    "train_student": 1,
    "evaluate_sentences": 1,
    "score_sentences": 1,
    "compare_sentences": 1,
    "convert_engine": 1,
    "list_sentences": 1,
    "translate_shard": 1,
    "build_products": 1,
    "measure_quality": 1,
    "list_projection": 1,
    "measure_projection": 1,
    "compare_translations": 1,
    "tabulate_translations": 1,
}

# fairseq loads the plug-in from its folder; it makes methods by name.
_PLUG_IN = ("xling.mt.fairseq.plugin.*", "xling.mt.rivals.*")

# The modules a stage starts from; what they import from xling belongs to the stage too.
ENTRIES = {
    "download": ("xling.data.download",),
    "fetch": ("xling.data.fetch",),
    "prepare": (
        "xling.data.prepare",
        "xling.data.prepare_pairs",
        "xling.data.prepare_qa",
        "xling.data.prepare_retrieval",
        "xling.data.prepare_tagging",
        "xling.data.prepare_text",
    ),
    "synonyms": ("xling.robust.neighbours",),
    "augment": ("xling.robust.augment",),
    "pretrain": ("xling.encoders.pretrain", "xling.encoders.encoder"),
    "tokenize": ("xling.tokens", "xling.tasks.*"),
    "label": ("xling.label",),
    "train": ("xling.run", "xling.methods.*", "xling.tasks.*"),
    "predict": ("xling.predict", "xling.tasks.*"),
    "score": ("xling.score", "xling.metrics.*"),
    "analyse": ("xling.analyse", "xling.tasks.classification", "xling.tasks.qa"),
    "compare": ("xling.comparison.compare",),
    "tabulate": ("xling.tables",),
    "plot": ("xling.figures",),
    "scores": ("xling.records",),
    "report": ("xling.report",),
    "check": ("xling.check",),
    "fetch_parallel": ("xling.mt.stages.fetch_parallel",),
    "prepare_parallel": ("xling.mt.stages.prepare_parallel",),
    "subwords": ("xling.mt.stages.subwords",),
    "binarize": ("xling.mt.stages.binarize",),
    "train_mt": ("xling.mt.stages.train_mt", *_PLUG_IN),
    "generate": ("xling.mt.stages.generate", *_PLUG_IN),
    "score_mt": ("xling.mt.stages.score_mt",),
    "analyse_mt": ("xling.mt.stages.analyse_mt", *_PLUG_IN),
    "compare_mt": ("xling.mt.stages.compare_mt",),
    "fetch_distill": ("xling.distill.stages.fetch_distill",),
    "prepare_sts": ("xling.distill.stages.prepare_sts",),
    "prepare_graded": ("xling.distill.stages.prepare_graded",),
    "prepare_distill": ("xling.distill.stages.prepare_distill",),
    "train_teacher": ("xling.distill.stages.train_teacher",),
    "encode_teacher": ("xling.distill.stages.encode_teacher",),
    "train_student": ("xling.distill.stages.train_student",),
    "evaluate_sentences": ("xling.distill.stages.evaluate_sentences",),
    "score_sentences": ("xling.distill.stages.score_sentences",),
    "compare_sentences": ("xling.distill.stages.compare_sentences",),
    "convert_engine": ("xling.translate.stages.convert_engine",),
    "list_sentences": ("xling.translate.products.stages",),
    "translate_shard": ("xling.translate.stages.translate_shard",),
    "build_products": ("xling.translate.products.stages",),
    "measure_quality": ("xling.translate.products.report",),
    "list_projection": ("xling.translate.project.report",),
    "measure_projection": ("xling.translate.project.report",),
    "compare_translations": ("xling.comparison.translations",),
    "tabulate_translations": ("xling.tables.translations", "xling.figures.translations"),
}

# Code that cannot change a result: messages, versions, what a job ran on.
NO_RESULT = ("xling.errors", "xling.stages", "xling.machine", "xling.files")

# These stages run nothing of other plans, though the study that they read may have them.
FINE_TUNING = tuple("download fetch prepare pretrain tokenize label train predict score".split())
FINE_TUNING += ("synonyms", "augment", "analyse", "compare")
OTHER_PLANS = (
    "xling.mt",
    "xling.distill",
    "xling.config.distillation",
    "xling.translate",
    "xling.translations_plan",
    "xling.config.translations",
)

PACKAGE = Path(__file__).parent
LOCK = PACKAGE / "stages.lock"


@cache
def _file_of(module: str) -> Path | None:
    parts = module.split(".")[1:]
    folder = PACKAGE.joinpath(*parts)
    for path in (folder.with_suffix(".py"), folder / "__init__.py"):
        if path.is_file():
            return path
    return None


class _Strip(ast.NodeTransformer):
    """Remove docstrings; comments are gone already."""

    def _strip(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        body = node.body  # type: ignore[attr-defined]
        if (
            body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
            and isinstance(body[0].value.value, str)
        ):
            node.body = body[1:]  # type: ignore[attr-defined]
        return node

    visit_Module = visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = _strip  # noqa: N815


@cache
def _imports(path: Path) -> frozenset[str]:
    """Modules of xling that a file imports anywhere in it (imports are absolute here)."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(n for n in names if n.startswith("xling.") and _file_of(n) is not None)


def modules_of(stage: str) -> list[str]:
    """Return the modules whose code a stage runs, sorted."""
    todo = []
    for entry in ENTRIES[stage]:
        if entry.endswith(".*"):
            folder = PACKAGE.joinpath(*entry.split(".")[1:-1])
            todo += [f"{entry[:-2]}.{p.stem}" for p in sorted(folder.glob("[!_]*.py"))]
        else:
            todo.append(entry)
    seen: set[str] = set()
    while todo:
        module = todo.pop()
        path = _file_of(module)
        if module in seen or path is None or module in NO_RESULT:
            continue
        if stage in FINE_TUNING and module.startswith(OTHER_PLANS):
            continue
        seen.add(module)
        todo += sorted(_imports(path))
    return sorted(seen)


@cache
def _code(path: Path) -> str:
    return ast.dump(_Strip().visit(ast.parse(path.read_text(encoding="utf-8"))))


def fingerprint(stage: str) -> str:
    """Return 16 hexadecimal digits that change when code of the stage changes."""
    digest = hashlib.sha256()
    for module in modules_of(stage):
        path = _file_of(module)
        assert path is not None
        digest.update(f"{module}\n{_code(path)}\n".encode())
    return digest.hexdigest()[:16]


def current() -> dict[str, dict[str, str | int]]:
    """Return version and fingerprint of every stage as the code is now."""
    return {s: {"version": v, "code": fingerprint(s)} for s, v in VERSIONS.items()}


def changed_without_version() -> list[str]:
    """Return the stages whose code changed since ``stages.lock`` while their version did not."""
    locked = json.loads(LOCK.read_text(encoding="utf-8"))
    return [s for s, now in current().items() if now != locked.get(s) and _same(now, locked, s)]


def _same(now: dict[str, str | int], locked: dict[str, dict[str, str | int]], stage: str) -> bool:
    return locked.get(stage, {}).get("version") == now["version"]


def accept() -> None:
    """Write ``stages.lock`` for the code as it is now."""
    write_text(LOCK, json.dumps(current(), indent=1, sort_keys=True) + "\n")


def check() -> None:
    """Raise :class:`UsageError` if the lock does not fit the code."""
    late = changed_without_version()
    if late:
        raise UsageError(
            f"the code of these stages changed and their version did not: {', '.join(late)}",
            where="workflow/xling/stages.py, VERSIONS",
            allowed="the same version only if no result can change",
            fix="raise the versions, or leave them if results cannot change; then run "
            "'xling stages --accept' and commit stages.lock",
        )
    if json.loads(LOCK.read_text(encoding="utf-8")) != current():
        raise UsageError(
            "stages.lock is older than the stages' versions",
            where=str(LOCK.name),
            fix="run 'xling stages --accept' and commit stages.lock",
        )

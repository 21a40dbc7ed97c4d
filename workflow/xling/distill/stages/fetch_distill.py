# SPDX-License-Identifier: Apache-2.0
"""The stage ``fetch_distill``: write or find the raw files of a data set, and list them.

A data set is STS 2017, graded English pairs of a teacher, or one parallel corpus.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from xling.config.distillation import ArtificialPairs
from xling.config.parts import Closed
from xling.config.study import Artificial, Data
from xling.data.artificial.grammar import languages_of
from xling.data.artificial.release import Release
from xling.data.fetch import DOWNLOADS
from xling.data.fetched import Fetched, labelled
from xling.data.manifest import Manifest, RawFile
from xling.distill.data.artificial import (
    MINED,
    TALKS,
    DistillSizes,
    write_moses,
    write_sts2017,
    write_stsbenchmark,
)
from xling.distill.data.corpora import corpora_of, keys_of
from xling.errors import DataError, UsageError, nearest
from xling.files import write_text
from xling.tasks import SOURCE_LANGUAGE

#: The parallel corpus that XTREME's folder holds, and the graded pairs there.
XNLI, XNLI_PAIRS = "XNLI", "xnli"
STS_BENCHMARK = "stsbenchmark"
_ALL = "all"
_STS_FILES = "STS2017-extended/STS.*.txt"
# Below data.root as in the releases; the benchmark is one file there, or one for each split.
_BENCHMARK_FILES = ("stsbenchmark/sts-train.csv", "stsbenchmark/stsbenchmark.tsv*")


class Uses(Closed):
    """What a study needs of a data set.

    Attributes:
        kind: of the data set.
        name: of graded pairs (``stsbenchmark``, ``xnli``) or of the corpus.
        languages: of a corpus, beside English; of STS language pairs.
        sizes: of artificial data.
    """

    kind: Literal["sts17", "graded", "parallel"]
    name: str = ""
    languages: list[str]
    sizes: ArtificialPairs | None = None


def fetch_distill(*, dataset: str, data: Data, uses: Uses, output: Path) -> Manifest:
    """List the raw files of a data set; write them first if they are artificial.

    Args:
        dataset: its name in the manifest.
        data: the study's section ``data``.
        uses: what is needed.
        output: the manifest to write.  Artificial files go beside it.

    Raises:
        DataError: files are missing (all of them in one message), or downloads are.
        UsageError: the data set cannot be had from this source, or lacks a language.
    """
    if data.artificial is not None:
        files = _artificial(data.artificial, uses, output.parent)
        origin = f"artificial languages, seed {data.artificial.seed}"
    elif data.source == "folder":
        files = _in_folder(Path(data.root or "").expanduser().absolute(), uses)
        origin = "XTREME download folder"
    else:
        files = _downloaded(Path(DOWNLOADS).absolute(), uses)
        origin = "published releases, downloaded"
    manifest = Manifest(task=dataset, origin=origin, translations="", files=files)
    write_text(output, manifest.dump())
    return manifest


def _artificial(settings: Artificial, uses: Uses, folder: Path) -> list[RawFile]:
    """Write artificial files in the layout of the release."""
    sizes = uses.sizes
    known = {"sts17": [""], "graded": [STS_BENCHMARK], "parallel": [TALKS, MINED]}[uses.kind]
    if sizes is None or uses.name not in known:
        raise UsageError(
            f"no artificial data can be written for '{uses.name or uses.kind}'"
            if sizes is not None
            else "artificial data of distillation has no sizes",
            where="distillation.corpora, distillation.teachers"
            if sizes is not None
            else "distillation.sizes",
            allowed=f"corpora {TALKS} and {MINED}, graded pairs of {STS_BENCHMARK}, with 'sizes'",
            fix="take another corpus or another data.source, or add 'sizes'",
        )
    counts = {TALKS: sizes.talks, MINED: sizes.mined}.get(uses.name, {})
    codes = _codes(uses)
    _check_known(codes, [SOURCE_LANGUAGE, *settings.languages], "data.artificial.languages")
    if uses.kind == "parallel":
        _check_known(codes, counts, f"distillation.sizes.{uses.name.lower()}")
    own = {code: counts[code] for code in codes if code in counts}
    written = DistillSizes(
        graded={"train": sizes.graded},
        sts=sizes.sts,
        talks=own if uses.name == TALKS else {},
        mined=own if uses.name == MINED else {},
    )
    release = Release(folder)
    write = {"sts17": write_sts2017, "graded": write_stsbenchmark, "parallel": write_moses}
    others = [code for code in codes if code != SOURCE_LANGUAGE]
    spoken = languages_of(settings, [SOURCE_LANGUAGE, *others])
    write[uses.kind](release, settings, spoken, written)
    return release.files


def _codes(uses: Uses) -> list[str]:
    """Return the languages of a data set; those of STS stand in pairs."""
    if uses.kind != "sts17":
        return uses.languages
    return list(dict.fromkeys(code for pair in uses.languages for code in pair.split("-")))


def _check_known(codes: Sequence[str], known: Sequence[str] | dict[str, int], where: str) -> None:
    for code in codes:
        if code not in known:
            raise UsageError(
                f"there is no artificial language '{code}'",
                where=where,
                allowed=", ".join(known),
                fix=nearest(code, known) or "take the language out, or add it there",
            )


def _in_folder(root: Path, uses: Uses) -> list[RawFile]:
    """Find the files in an XTREME download folder, where STS may lie beside the tasks."""
    if uses.kind == "parallel" and uses.name == XNLI:
        return _xnli(root, [SOURCE_LANGUAGE, *uses.languages])
    if uses.kind == "graded" and uses.name == XNLI_PAIRS:
        return _xnli(root, [SOURCE_LANGUAGE])
    if uses.kind == "parallel":
        raise UsageError(
            f"the corpus '{uses.name}' is not part of XTREME's folder",
            where="distillation.corpora, data.source",
            allowed=f"{XNLI} with data.source: folder",
            fix="use data.source: download",
        )
    patterns = (_STS_FILES,) if uses.kind == "sts17" else _BENCHMARK_FILES
    found = sorted(path for pattern in patterns for path in root.glob(pattern))
    if not found:
        raise _missing(root, [f"{root}/{' or '.join(patterns)}"])
    return [labelled(path, uses.kind, _ALL, _ALL) for path in found]


def _xnli(root: Path, codes: Sequence[str]) -> list[RawFile]:
    """List dev and test: the sentences of the test set are kept out of training."""
    places = [
        (root / "xnli" / f"{split}-{code}.tsv", split, code)
        for code in codes
        for split in ("dev", "test")
    ]
    missing = [str(path) for path, _, _ in places if not path.is_file()]
    if missing:
        raise _missing(root, missing)
    return [labelled(path, "xtreme-tsv", split, code) for path, split, code in places]


def _missing(root: Path, missing: Sequence[str]) -> DataError:
    return DataError(
        f"raw files are missing in the folder of data.root ({len(missing)})",
        where="\n           ".join(missing),
        allowed="XNLI's dev and test set as in XTREME's download folder; STS as in its releases "
        "(docs/distill-data.md)",
        fix=f"set data.root (or data_root=PATH on the command line of snakemake), which is {root}, "
        "or take what needs these files out of the study",
    )


def _downloaded(base: Path, uses: Uses) -> list[RawFile]:
    """List the files that the readers read, with the checksums of the downloads."""
    if uses.kind == "parallel":
        fetched = Fetched(base, keys_of(uses.name, uses.languages))
        found: dict[Path, RawFile] = {}
        for corpus in corpora_of(uses.name, uses.languages, base):
            for path in corpus.files:
                known = path in found
                code = _ALL if known else corpus.language
                found[path] = fetched.entry(path, "train", code)
        return list(found.values())
    if uses.name == XNLI_PAIRS:
        raise UsageError(
            "a teacher cannot be trained on XNLI's labels that are downloaded",
            where="distillation.teachers",
            allowed="data: stsbenchmark; data: xnli with data.source: folder",
            fix="set data: stsbenchmark",
        )
    key = "sts2017-extended" if uses.kind == "sts17" else STS_BENCHMARK
    fetched = Fetched(base, [key])
    pattern = "**/STS.*.txt" if uses.kind == "sts17" else "**/sts-train.csv"
    paths = sorted((base / key).glob(pattern))
    if not paths:
        raise DataError(
            f"the download {key} has no file {pattern.removeprefix('**/')}",
            where=str(base / key),
            allowed="the published archive",
            fix=f"delete the folder and its note, then run: xling fetch --dataset {key}",
        )
    return [fetched.entry(path, _ALL, _ALL) for path in paths]

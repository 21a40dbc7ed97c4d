# SPDX-License-Identifier: Apache-2.0
"""The stage ``fetch_parallel``: write or find the raw files of a benchmark, and list them.

Artificial data lies as downloads do, in a folder for each artefact, so the same readers read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xling.config.parts import Closed
from xling.config.study import Artificial, Data
from xling.config.translation import ARTIFICIAL
from xling.config.translation import BitextSizes as ChosenSizes
from xling.data.artificial.grammar import languages_of
from xling.data.artificial.release import Release
from xling.data.fetch import DOWNLOADS
from xling.data.fetched import Fetched, labelled
from xling.data.manifest import Manifest, RawFile
from xling.errors import DataError, UsageError
from xling.files import write_text
from xling.mt.data.artificial_bitext import (
    SPLITS,
    BitextSizes,
    imbalanced,
    write_opus100,
    write_ted,
)
from xling.mt.data.benchmarks import (
    TED_ARTEFACT,
    artefacts_of,
    corpora,
    opus_artefact,
)
from xling.mt.data.benchmarks import (
    languages_of as published_languages,
)
from xling.mt.data.bitext import DIRECTIONS, Corpus, check_known
from xling.mt.data.opus100 import TRAIN_ONLY
from xling.tasks import SOURCE_LANGUAGE

FROM_FOLDER = "xnli_parallel"
_XNLI = "xnli"  # its folder among XTREME's


class Uses(Closed):
    """What a study needs of a benchmark.

    Attributes:
        languages: beside English, in the order of the study.
        sizes: of artificial data.
    """

    languages: list[str]
    sizes: ChosenSizes | None = None


def fetch_parallel(*, benchmark: str, data: Data, uses: Uses, output: Path) -> Manifest:
    """List the raw files of a benchmark; write them first if they are artificial.

    Args:
        benchmark: a name of ``xling.mt.data.benchmarks``.
        data: the study's section ``data``.
        uses: what is needed.
        output: the manifest to write.  Artificial files go beside it.

    Raises:
        DataError: files are missing (all of them in one message), or downloads are.
        UsageError: the benchmark cannot be had from this source, or lacks a language.
    """
    if data.artificial is not None:
        files = _artificial(benchmark, data.artificial, uses, output.parent)
        origin = f"artificial languages, seed {data.artificial.seed}"
    else:
        _check_languages(benchmark, uses.languages)
        if data.source == "folder":
            files = _in_folder(benchmark, Path(data.root or "").expanduser().absolute(), uses)
            origin = "XTREME download folder"
        else:
            files = _downloaded(benchmark, Path(DOWNLOADS).absolute(), uses)
            origin = "published releases, downloaded"
    manifest = Manifest(task=benchmark, origin=origin, translations="", files=files)
    write_text(output, manifest.dump())
    return manifest


def _check_languages(benchmark: str, languages: list[str]) -> None:
    for language in languages:
        if benchmark == "opus100" and language in TRAIN_ONLY:
            raise UsageError(
                f"OPUS-100 has no dev and test set of '{language}'",
                where=f"translation.benchmarks.{benchmark}.languages",
                allowed=f"languages with all three splits: none of {', '.join(TRAIN_ONLY)}",
                fix="take the language out of the list",
            )
        check_known(language, published_languages(benchmark), benchmark)


def _artificial(benchmark: str, settings: Artificial, uses: Uses, folder: Path) -> list[RawFile]:
    """Write artificial files in the layout of the benchmark's downloads."""
    if benchmark not in ARTIFICIAL or uses.sizes is None:
        raise UsageError(
            f"no artificial data can be written for '{benchmark}'"
            if uses.sizes is not None
            else f"artificial data of '{benchmark}' has no sizes",
            where=f"translation.benchmarks.{benchmark}",
            allowed=f"{', '.join(ARTIFICIAL)}, with 'sizes'",
            fix="take another benchmark or another data.source, or add 'sizes'",
        )
    for code in uses.languages:
        check_known(code, settings.languages, "data.artificial")
    languages = languages_of(settings, [SOURCE_LANGUAGE, *uses.languages])
    train = imbalanced(uses.languages, uses.sizes.largest, uses.sizes.ratio)
    sizes = BitextSizes(train, uses.sizes.dev, uses.sizes.test)
    if benchmark != "opus100":
        release = Release(folder / TED_ARTEFACT)
        write_ted(release, settings, languages, sizes)
        return _below(TED_ARTEFACT, release)
    files = []
    for code in uses.languages:
        release = Release(folder / opus_artefact(code))
        one = BitextSizes({code: train[code]}, sizes.dev, sizes.test)
        write_opus100(release, settings, languages, one)
        files += _below(opus_artefact(code), release)
    return files


def _below(name: str, release: Release) -> list[RawFile]:
    return [file.model_copy(update={"path": f"{name}/{file.path}"}) for file in release.files]


def _in_folder(benchmark: str, root: Path, uses: Uses) -> list[RawFile]:
    """Find the files of XNLI in an XTREME download folder."""
    if benchmark != FROM_FOLDER:
        raise UsageError(
            f"'{benchmark}' is not part of XTREME's folder",
            where=f"translation.benchmarks.{benchmark}, data.source",
            allowed=f"{FROM_FOLDER} with data.source: folder",
            fix="use data.source: download",
        )
    codes = (SOURCE_LANGUAGE, *uses.languages)
    places = [
        (root / _XNLI / f"{split}-{code}.tsv", split, code)
        for code in codes
        for split in ("dev", "test")
    ]
    missing = [str(path) for path, _, _ in places if not path.is_file()]
    if missing:
        raise DataError(
            f"raw files are missing in the folder of data.root ({len(missing)})",
            where="\n           ".join(missing),
            allowed="XNLI's dev and test set as in XTREME's download folder",
            fix="set data.root (or data_root=PATH on the command line of snakemake) to XTREME's "
            "download folder, or take the language out of the study",
        )
    return [labelled(path, "xtreme-tsv", split, code) for path, split, code in places]


def _downloaded(benchmark: str, base: Path, uses: Uses) -> list[RawFile]:
    """List the files that the benchmark's readers read, with the checksums of the download."""
    keys = artefacts_of(benchmark, uses.languages)
    if not keys:
        raise UsageError(
            f"'{benchmark}' is not downloaded",
            where="data.source",
            allowed="folder: it is made of XNLI's files in XTREME's folder",
            fix="use data.source: folder, or another benchmark",
        )
    fetched = Fetched(base, keys)
    found: dict[tuple[Path, str, str], RawFile] = {}
    for corpus in _all_corpora(benchmark, base, uses.languages):
        # TED's file holds all languages.
        code = "all" if keys == [TED_ARTEFACT] else corpus.pair.language
        for path in corpus.files:
            if (path, corpus.split, code) not in found:
                found[path, corpus.split, code] = fetched.entry(path, corpus.split, code)
    return list(found.values())


def _all_corpora(benchmark: str, base: Path, languages: list[str]) -> Iterator[Corpus]:
    # WMT's dev and test sets differ by direction.
    for direction in DIRECTIONS:
        for split in SPLITS:
            yield from corpora(benchmark, base, languages, split, direction)

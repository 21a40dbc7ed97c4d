# SPDX-License-Identifier: Apache-2.0
"""A study on downloaded data: fetched from a replica of the published layout, then used offline."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from conftest import pair_rows, scratch
from replica import Answer, replica
from workflow import REPOSITORY, snakemake

pytestmark = pytest.mark.smoke

# The published numbers of rows, which are asserted.
PANX = {
    "en": {"train": 20_000, "dev": 10_000, "test": 10_000},
    "yo": {"train": 100, "dev": 100, "test": 100},
}
TATOEBA = {"jv": ("jav", 205), "te": ("tel", 234)}
STUDY = {
    "name": "published",
    "description": "downloaded data",
    "data": {"source": "download"},
    "tasks": {
        "panx": {"languages": ["en", "yo"], "max_length": 32},
        "tatoeba": {"languages": ["jv", "te"], "max_length": 32},
    },
    "encoders": {"tiny": {"source": "folder", "path": "encoder"}},
    "training": {"defaults": {"max_steps": 5, "learning_rate": 1.0e-3}},
    "experiments": [
        {"methods": ["zero_shot"], "tasks": ["panx"]},
        {"methods": ["mean_pooled"], "tasks": ["tatoeba"]},
    ],
}


def wikiann(code: str, rows: int, seed: int) -> str:
    """Sentences of one to six words in WikiANN's format."""
    rng = random.Random(seed)
    words = [a + b for a in "bdgklmn" for b in "aeiou"]
    tags = ["O", "O", "B-PER", "B-LOC"]
    lines = []
    for _ in range(rows):
        lines += [
            f"{code}:{rng.choice(words)}\t{rng.choice(tags)}" for _ in range(rng.randint(1, 6))
        ]
        lines.append("")
    return "\n".join(lines) + "\n"


def archive(files: dict[str, str]) -> bytes:
    """Return a tar.gz of the texts."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def replicas() -> dict[str, tuple[str, bytes]]:
    """Return path on the server and content by the key of the artefact."""
    found = {}
    for number, (code, sizes) in enumerate(PANX.items()):
        files = {split: wikiann(code, n, number * 10 + n) for split, n in sizes.items()}
        found[f"panx-{code}"] = (f"/{code}.tar.gz", archive(files))
    for code, (other, rows) in TATOEBA.items():
        for end in (other, "eng"):
            # Distinct lines that are not sorted.
            text = "".join(f"{end} {(i * 7919) % 10007} {i}\n" for i in range(rows))
            found[f"tatoeba-{code}.{end}"] = (f"/tatoeba.{other}-eng.{end}", text.encode())
    return found


def registry(addresses: dict[str, str]) -> str:
    """Return the committed registry with other addresses, for the wanted keys alone."""
    text = (REPOSITORY / "config" / "datasets.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        if row["key"] in addresses:
            changed = {"address": addresses[row["key"]], "mirrors": "", "bytes": ""}
            writer.writerow(row | changed | {"sha256": "record", "how": "auto"})
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A checkout's configuration and a small encoder, without any data."""
    from xling.encoders.pretrain import pretrain

    folder = tmp_path_factory.mktemp("published")
    (folder / "config" / "studies").mkdir(parents=True)
    study = json.loads(json.dumps(STUDY))
    for block in study["experiments"]:
        block |= {"paper": "xmixup", "models": ["tiny"], "seeds": [1]}
    text = yaml.safe_dump(study, sort_keys=False)
    (folder / "config" / "studies" / "published.yaml").write_text(text, encoding="utf-8")
    pretrain(scratch("bert"), pair_rows(60), 48, folder / "encoder", folder / "state")
    return folder


def test_fetched_once_then_all_runs_without_a_network(folder: Path) -> None:
    made = replicas()
    with replica() as server:
        addresses = {
            # The first answer is a failure that passes.
            key: server.serve(path, Answer(b"busy", 503), Answer(body))
            for key, (path, body) in made.items()
        }
        (folder / "config" / "datasets.csv").write_text(registry(addresses), encoding="utf-8")
        # The tests' own environment forbids the network.
        call = snakemake(
            folder, "--cores", "2", "--until", "download", study="published", XLING_OFFLINE="0"
        )
        assert call.code == 0, call.text
        asked = {path: len(server.asked(path)) for path, _ in made.values()}
    assert set(asked.values()) == {2}
    lock = (folder / "resources" / "checksums.lock").read_text(encoding="utf-8")
    assert sorted(made) == sorted(
        line.split()[2] for line in lock.splitlines() if line[:1] not in ("", "#")
    )

    offline = snakemake(folder, "--cores", "2", study="published", XLING_OFFLINE="1")
    assert offline.code == 0, offline.text
    with (folder / "results" / "published" / "scores.csv").open(encoding="utf-8") as stream:
        scores = {(r["task"], r["language"]): r for r in csv.DictReader(stream)}
    assert {key: int(row["n"]) for key, row in scores.items()} == {
        ("panx", "en"): 10_000,
        ("panx", "yo"): 100,
        ("tatoeba", "jv"): 205,
        ("tatoeba", "te"): 234,
    }


def test_a_new_run_needs_no_network_at_all(folder: Path) -> None:
    """In a network namespace without any interface, where the system has such."""
    namespace = ["unshare", "--net", "--map-root-user"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this system allows no network namespaces")
    shutil.rmtree(folder / "results")
    command = [*namespace, "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
    command += ["--directory", str(folder), "--cores", "2", "--config", "study=published"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "results" / "published" / "report" / "index.html").exists()


def test_a_fetch_that_is_needed_offline_says_so(folder: Path) -> None:
    shutil.rmtree(folder / "results")
    (folder / "resources" / "data" / "tatoeba-te.tel.json").unlink()
    shutil.rmtree(folder / "resources" / "data" / "tatoeba-te.tel")
    call = snakemake(folder, "--cores", "1", study="published", XLING_OFFLINE="1")
    assert call.code == 1
    assert "HF_HUB_OFFLINE" in call.text

# SPDX-License-Identifier: Apache-2.0
"""Translation benchmarks as downloads: replicas of their archives come over HTTP, are placed by the
downloader and read by the benchmarks' readers.  The rows are the registry's, with other addresses.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace

import pytest

from conftest import REPOSITORY
from downloads import fetch, tarred
from replica import Answer, replica
from xling.config.study import Data
from xling.data.registry import RECORD, artefacts, select
from xling.errors import DataError
from xling.mt.data.benchmarks import artefacts_of, corpora
from xling.mt.data.filters import Filter, Rules
from xling.mt.data.groups import language_groups

MANIFEST = REPOSITORY.parent / "shared" / "papers" / "opus100_manifest.csv"
ROWS = artefacts()

TED_HEADER = ["talk_name", "en", "az", "pt", "pt-br", "be", "tr"]
TED_ROWS = [
    ["t1", "Hello , world .", "salam .", "olá PT", "olá BR", "__NULL__", "merhaba"],
    ["t1", "nothing", "_ _ NULL _ _", "b", '"', "b", "b"],
    ["t2", "one\u2028two .", 'bir " iki', "c", "__NULL__", "", "c"],
]
TITLES = "ગુજરાત\tGujarat\nએક\u2028બે\tone two\n"


@pytest.fixture(autouse=True)
def _network_allowed(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


def served(server, tmp_path, files):
    """Fetch artefacts from replicas: path on the server and content by key."""
    for key, (path, body) in files.items():
        row = replace(ROWS[key], address="", mirrors=(), sha256=RECORD, bytes=None)
        fetch(replace(row, address=server.serve(path, Answer(body))), tmp_path / "resources")
    return tmp_path / "resources" / "data"


def encoded(files):
    return {name: text.encode("utf-8") for name, text in files.items()}


def ted():
    text = "\n".join("\t".join(row) for row in [TED_HEADER, *TED_ROWS]) + "\n"
    members = dict.fromkeys([f"all_talks_{split}.tsv" for split in ("train", "dev", "test")], text)
    return {"ted-talks": ("/ted_talks.tar.gz", tarred(encoded(members)))}


def opus(code, odd=""):
    """Return the archive of a pair with its published numbers of lines; the first one is odd."""
    row = language_groups("opus100")[code]
    pair = "-".join(sorted(("en", code)))
    members = {}
    for split, count in (("train", row.train), ("dev", row.dev), ("test", row.test)):
        for side in ("en", code) if count else ():
            lines = [f"{side} {split} {i}" for i in range(count)]
            lines[0] += odd
            name = f"opus-100-corpus/v1.0/supervised/{pair}/opus.{pair}-{split}.{side}"
            members[name] = "\n".join(lines) + "\n"
    file = f"/OPUS-100/v1.0/opus-100-corpus-{pair}-v1.0.tar.gz"
    return {f"opus100-{pair}": (file, tarred(encoded(members)))}


def sgml(kind, *segments):
    lines = "".join(f'<seg id="{i}"> {text} </seg>\n' for i, text in enumerate(segments, 1))
    return f'<{kind}set setid="x" srclang="any">\n<doc docid="d">\n{lines}</doc>\n</{kind}set>\n'


def wmt():
    """Return what Gujarati and Romanian are made of: TSV, SGML, TMX, two files of lines."""
    units = "".join(
        f'<tu><tuv xml:lang="en"><seg>{en}</seg></tuv><tuv xml:lang="ro"><seg>{ro}</seg></tuv></tu>'
        for en, ro in (("Good &amp; new", "bun"), ("Romania", "România"), ("empty", ""))
    )
    news = {}
    for folder, name in (("dev", "newsdev2019"), ("sgm", "newstest2019")):
        for pair, sides in (("guen", ("gu", "en")), ("engu", ("en", "gu"))):
            for kind, side in zip(("src", "ref"), sides, strict=True):
                text = sgml(kind, f"{side} &lt;1&gt; {pair}", f"{side} 2")
                news[f"{folder}/{name}-{pair}-{kind}.{side}.sgm"] = text
    ro = {
        f"dev/newsdev2016-{pair}-{kind}.{side}.sgm": sgml(kind, f"{side} one")
        for pair, sides in (("roen", ("ro", "en")), ("enro", ("en", "ro")))
        for kind, side in zip(("src", "ref"), sides, strict=True)
    }
    stem = "training-parallel-ep-v8/europarl-v8.ro-en"
    europarl = {f"{stem}.{side}": f"{side} 1\n{side} 2\n" for side in ("en", "ro")}
    tmx = f"<tmx><body>{units}</body></tmx>"
    titles = gzip.compress(TITLES.encode("utf-8"))
    tests = {name.replace("dev/newsdev", "test/newstest"): text for name, text in ro.items()}
    found = {
        "wmt19-dev": ("/wmt19/dev.tgz", tarred(encoded(news))),
        "wmt19-test": ("/wmt19/test.tgz", tarred(encoded(news))),
        "setimes-2-en-ro": ("/tmx/en-ro.tmx.gz", gzip.compress(tmx.encode("utf-8"))),
        "wmt16-europarl-v8": ("/wmt16/training-parallel-ep-v8.tgz", tarred(encoded(europarl))),
        "wmt16-dev-romanian": ("/wmt16/dev-romanian-updated.tgz", tarred(encoded(ro))),
        "wmt16-test": ("/wmt16/test.tgz", tarred(encoded(tests))),
    }
    for key in ("wmt19-bible-gu-en", "wmt19-govin-clean-gu-en", "wmt19-wikipedia-gu-en"):
        found[key] = (f"/wmt19/{key.removeprefix('wmt19-').replace('-gu', '.gu')}.tsv.gz", titles)
    found["wikititles-1-gu-en"] = ("/v1/wikititles-v1.gu-en.tsv.gz", titles)
    return found


def kept(corpus):
    """Return the pairs of a corpus and what was dropped of it."""
    lines = Filter(corpus, Rules(), frozenset())
    return [(line.first, line.second) for line in lines.kept()], lines.dropped


# The registry


def test_opus_rows_are_those_of_the_published_list():
    if not MANIFEST.is_file():
        pytest.skip("the list of archives is not here")
    with MANIFEST.open(encoding="utf-8", newline="") as stream:
        listed = list(csv.DictReader(stream))
    found = {
        (row.key, row.address, row.bytes, row.sha256)
        for row in ROWS.values()
        if row.dataset == "opus100"
    }
    pairs = {
        (f"opus100-{row['pair']}", row["url"], int(row["bytes"]), row["sha256"])
        for row in listed
        if row["domain"] == "supervised"
    }
    assert len(pairs) == 99
    assert pairs < found
    assert {row[0] for row in found - pairs} == {"opus100-zeroshot"}


def test_rows_of_translation_need_no_hand_but_one():
    datasets = {"ted": 1, "opus100": 100, "wmt": 36, "un": 1}
    for name, count in datasets.items():
        rows = select([name], ROWS)
        assert len(rows) == count
        assert {row.how for row in rows} == {"manual" if name == "un" else "auto"}
        # No address of WMT has a published SHA-256: the first download's holds.
        assert {row.sha256 == RECORD for row in rows} == {name in ("wmt", "un")}
        assert all(row.bytes for row in rows) == (name not in ("wmt", "un"))
        assert all(row.licence and row.terms for row in rows)


def test_a_replica_is_not_taken_for_the_published_archive(tmp_path):
    path, body = ted()["ted-talks"]
    with replica() as server, pytest.raises(DataError) as error:
        fetch(replace(ROWS["ted-talks"], address=server.serve(path, Answer(body))), tmp_path)
    assert "the registry says 352,222,045" in str(error.value)


# From the server to pairs


def test_ted_from_the_server_to_pairs(tmp_path):
    with replica() as server:
        base = served(server, tmp_path, ted())
    languages = ["aze", "por", "bel", "tur"]
    found = corpora("ted8_related", base, languages, "train", "m2o")
    pairs = {one.pair.language: kept(one) for one in found}
    assert pairs["aze"] == ([("Hello, world.", "salam."), ("one two.", 'bir "iki')], {"null": 1})
    # Brazilian Portuguese; a lone quotation mark is a cell like any other.
    assert pairs["por"] == ([("Hello, world.", "olá BR"), ("nothing", '"')], {"null": 1})
    assert pairs["bel"] == ([("nothing", "b")], {"null": 1, "empty": 1})
    assert [len(texts) for texts, _ in pairs.values()] == [2, 2, 1, 3]


def test_opus_from_the_server_to_pairs(tmp_path):
    files = opus("or", odd="\u2028x\x0c") | opus("dz")
    with replica() as server:
        base = served(server, tmp_path, files)
    assert set(files) == set(artefacts_of("opus100", ["or", "dz"]))
    rows = {}
    for split in ("train", "dev", "test"):
        for one in corpora("opus100", base, ["or", "dz"], split, "o2m"):
            texts, dropped = kept(one)
            assert not dropped
            rows[one.pair.language, split] = len(texts)
            assert texts[0][0] in (f"en {split} 0", f"en {split} 0 x")
    # dz has no dev and test set; dev and test of or differ by a line.
    assert {key: rows[key] for key in rows if key[1] != "train"} == {
        ("or", "dev"): 1_317,
        ("or", "test"): 1_318,
    }
    assert rows["dz", "train"] == 624


def test_wmt_from_the_server_to_pairs(tmp_path):
    with replica() as server:
        base = served(server, tmp_path, wmt())
    assert set(wmt()) == set(artefacts_of("wmt10", ["gu", "ro"]))
    gu, ro = corpora("wmt10", base, ["gu", "ro"], "train", "m2o")
    assert kept(gu)[0] == 4 * [("Gujarat", "ગુજરાત"), ("one two", "એક બે")]
    assert kept(ro) == (
        [("en 1", "ro 1"), ("en 2", "ro 2"), ("Good & new", "bun"), ("Romania", "România")],
        {"empty": 1},
    )
    for direction, pair in (("m2o", "guen"), ("o2m", "engu")):
        for split in ("dev", "test"):
            (one,) = corpora("wmt10", base, ["gu"], split, direction)
            assert kept(one)[0] == [(f"en <1> {pair}", f"gu <1> {pair}"), ("en 2", "gu 2")]


@pytest.mark.parametrize(
    ("benchmark", "languages", "files", "listed"),
    [
        # TED's three files hold all languages; a pair of OPUS-100 has six.
        ("ted8_related", ["aze", "por"], ted, 3),
        ("opus100", ["or", "ig"], lambda: opus("or") | opus("ig"), 12),
        # Per language: training files, and two of both directions of dev and test.
        ("wmt10", ["gu", "ro"], wmt, (4 + 8) + (3 + 8)),
    ],
)
def test_the_stage_lists_what_was_fetched(
    tmp_path, monkeypatch, benchmark, languages, files, listed
):
    from xling.mt.stages.fetch_parallel import Uses, fetch_parallel

    with replica() as server:
        served(server, tmp_path, files())
    monkeypatch.chdir(tmp_path)
    output = tmp_path / "manifest.json"
    call = {"benchmark": benchmark, "data": Data(source="download"), "output": output}
    manifest = fetch_parallel(uses=Uses(languages=languages), **call)
    assert len(manifest.files) == listed
    assert {file.split for file in manifest.files} == {"train", "dev", "test"}
    key = next(iter(files()))
    (tmp_path / "resources" / "data" / f"{key}.json").unlink()
    with pytest.raises(DataError, match="downloads are missing"):
        fetch_parallel(uses=Uses(languages=languages), **call)

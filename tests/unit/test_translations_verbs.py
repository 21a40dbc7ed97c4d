# SPDX-License-Identifier: Apache-2.0
"""The verbs of translations of our own, run one after the other on a tiny artificial benchmark."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from test_artificial import settings as artificial

from xling import cli
from xling.config.study import SplitSizes
from xling.data.artificial import write_raw
from xling.data.manifest import read_manifest
from xling.data.prepare import prepare
from xling.data.tables import read_table, write_table
from xling.files import write_text

SIZES = {"train": 8, "dev": 4, "test": 6}
VERBS = (
    "convert-engine list-sentences translate-shard build-products measure-quality list-projection "
    "measure-projection translation-examples compare-translations tabulate-translations translate"
).split()
EXACT = '{"kind": "artificial", "noise": 0.0}'


def languages(**changes):
    return artificial(**{"noise": 0.0, "sizes": {"xnli": SIZES}} | changes)


@pytest.fixture
def task(tmp_path, monkeypatch):
    """Prepared rows of a task in English and one other language, in the current folder."""
    monkeypatch.chdir(tmp_path)
    manifest = write_raw("xnli", languages(), ["en", "qaa"], tmp_path / "raw")
    write_text(tmp_path / "raw" / "manifest.json", manifest.dump())
    for split in ("train", "dev", "test"):
        codes = ["en"] if split == "train" else ["en", "qaa"]
        prepared(split, codes, "raw", tmp_path / f"{split}.parquet")
    return tmp_path


def prepared(split, codes, folder, path):
    manifest = read_manifest(path.parent / folder / "manifest.json")
    raw = path.parent / folder
    table, summary = prepare("xnli", split, codes, manifest, raw, SplitSizes(**SIZES))
    write_table(path, table, summary)


def work(turn, **changes):
    uses = {"translate_train": ["qaa"], "translate_test": ["qaa"]}
    return json.dumps({"task": "xnli", "round": turn, "uses": uses} | changes)


def run(*args):
    return cli.main([str(arg) for arg in args])


def shard(listed, number=0, count=1, engine=EXACT):
    note = f"{listed}-{number}.json"
    given = ("--artificial", languages().model_dump_json()) if "artificial" in engine else ()
    options = ("--lists", f"{listed}.parquet", "--number", number, "--count", count)
    code = run(
        "translate-shard",
        "--engine",
        engine,
        *given,
        *options,
        "--store",
        "store",
        "--output",
        note,
    )
    return code, note


def round_(turn, base):
    """List, translate in two shards and build one round."""
    names = ["train=train.parquet", "test=test.parquet", "dev=dev.parquet"]
    if turn == "back":
        names += [f"{s}={s}.parquet" for s in ("translate_train", "translate_test")]
    options = ("--work", work(turn), "--prepared", *names)
    assert run("list-sentences", *options, "--output", f"{turn}.parquet") == 0
    notes = [shard(turn, number, 2)[1] for number in (0, 1)]
    stored = ("--notes", *notes, "--store", "store")
    output = f"{turn}/manifest.json"
    assert run("build-products", *options, *stored, "--base", base, "--output", output) == 0
    return options, notes


def test_every_verb_has_help(capsys):
    for verb in VERBS:
        with pytest.raises(SystemExit) as stop:
            cli.main([verb, "--help"])
        assert stop.value.code == 0
        assert f"xling {verb}" in capsys.readouterr().out


def test_help_imports_no_heavy_library():
    code = (
        "import sys; from xling import cli\n"
        "try: cli.main(['translate-shard', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'ctranslate2', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_both_rounds_of_a_task(task):
    _, there = round_("there", "raw/manifest.json")
    for split in ("translate_train", "translate_test"):
        prepared(split, ["qaa"], "there", task / f"{split}.parquet")
    options, back = round_("back", "there/manifest.json")
    products = [f"{turn}/products.json" for turn in ("there", "back")]
    # The exact engine is its own reference here.
    exact = [f"{s}={s}.parquet" for s in ("translate_train", "translate_test")]
    code = run(
        *("measure-quality", *options, "--products", *products, "--exact", *exact),
        *("--notes", *there, *back, "--store", "store", "--output", "quality.json"),
    )
    assert code == 0
    rows = json.loads((task / "quality.json").read_text())
    assert [row["role"] for row in rows] == ["translate_train", "translate_test"]
    assert all(row["exact"]["bleu"] == pytest.approx(100.0) for row in rows)
    assert rows[0]["rows"]["written"] == SIZES["train"]
    # XNLI is parallel, and the dev set without noise is what the engine says.
    assert rows[0]["human"]["chrf++"] == pytest.approx(100.0)
    table = read_table(task / "translate_train.parquet", ["qaa"])
    assert table.num_rows == SIZES["train"]


def test_a_second_run_of_a_shard_translates_nothing(task):
    options = ("--work", work("there"), "--prepared", "train=train.parquet", "test=test.parquet")
    assert run("list-sentences", *options, "--output", "there.parquet") == 0
    _, first = shard("there")
    before = json.loads((task / first).read_text())
    _, again = shard("there")
    after = json.loads((task / again).read_text())
    assert before["new"] > 0
    assert after["new"] == 0
    assert before["engines"] == after["engines"]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--prepared", "train"], 2, ["'train'", "names no path", "NAME=PATH"]),
        (["--prepared", "train=a", "train=b"], 2, ["train=b", "a second path"]),
        (["--prepared", "train=no.parquet", "test=no.parquet"], 3, ["no.parquet"]),
        (["--prepared", "test=test.parquet"], 2, ["prepared split 'train' is missing"]),
    ],
)
def test_wrong_files(task, capsys, args, code, words):
    assert run("list-sentences", "--work", work("there"), *args, "--output", "x.parquet") == code
    said = capsys.readouterr().err
    assert all(word in said for word in words)
    assert not (task / "x.parquet").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"round": "forth"}, ["'there' or 'back'", "--work"]),
        ({"uses": {"translate_all": ["qaa"]}}, ["translate_all", "translate_train"]),
        ({"speed": 1}, ["--work"]),
        ({"settings": {"untranslated": "keep"}}, ["'drop' or 'source'", "--work"]),
        ({"task": "tatoeba"}, ["tatoeba is not translated"]),
    ],
)
def test_wrong_work(task, capsys, changes, words):
    files = ("train=train.parquet", "test=test.parquet")
    text = work("there", **changes)
    assert run("list-sentences", "--work", text, "--prepared", *files, "--output", "x.parquet") == 2
    said = capsys.readouterr().err
    assert all(word in said for word in words)


def test_notes_must_agree_on_their_engines(task, capsys):
    round_("there", "raw/manifest.json")
    note = json.loads((task / "there-0.json").read_text())
    note["engines"] = {way: one | {"key": "other"} for way, one in note["engines"].items()}
    (task / "other.json").write_text(json.dumps(note))
    (task / "none.json").write_text("{}")
    options = ("--work", work("there"), "--prepared", "train=train.parquet", "test=test.parquet")
    rest = ("--base", "raw/manifest.json", "--store", "store", "--output", "new/manifest.json")
    for name, words in (("other", "two engines translated"), ("none", "names no engine")):
        notes = ("--notes", "there-0.json", f"{name}.json")
        assert run("build-products", *options, *notes, *rest) == 3
        said = capsys.readouterr().err
        assert words in said
        assert f"{name}.json" in said
    assert not (task / "new").exists()


def test_a_sentence_that_is_not_translated_is_an_error(task, capsys):
    round_("there", "raw/manifest.json")
    capsys.readouterr()
    options = ("--work", work("there"), "--prepared", "train=train.parquet", "test=test.parquet")
    rest = ("--base", "raw/manifest.json", "--store", "empty", "--output", "new/manifest.json")
    assert run("build-products", *options, "--notes", "there-0.json", *rest) == 3
    assert "are not in the store" in capsys.readouterr().err


def test_wrong_engines(task, capsys):
    options = ("--work", work("there"), "--prepared", "train=train.parquet", "test=test.parquet")
    assert run("list-sentences", *options, "--output", "there.parquet") == 0
    model = '{"kind": "ctranslate2", "family": "nllb", "model": "nowhere", "licence": "none"}'
    for engine, code, words in (
        ('{"kind": "magic"}', 2, "--engine"),
        ('{"kind": "artificial", "noise": 2.0}', 2, "--engine"),
        (model, 3, "nowhere"),
    ):
        capsys.readouterr()
        assert shard("there", engine=engine)[0] == code
        assert words in capsys.readouterr().err
    assert not (task / "there-0.json").exists()


def test_a_shard_that_does_not_exist(task, capsys):
    options = ("--work", work("there"), "--prepared", "train=train.parquet", "test=test.parquet")
    run("list-sentences", *options, "--output", "there.parquet")
    assert shard("there", number=2, count=2)[0] == 2
    assert "shard" in capsys.readouterr().err


def test_a_folder_for_each_direction(monkeypatch, task):
    seen = {}
    monkeypatch.setattr(
        "xling.translate.stages.translate_shard.translate_shard", lambda **given: seen.update(given)
    )
    engine = '{"kind": "ctranslate2", "family": "opus_mt", "licence": "CC-BY-4.0"}'
    options = ("--lists", "a.parquet", "--number", 0, "--count", 1, "--output", "x.json")
    folders = ("en-de=opus/en-de", "*=opus/rest")
    assert run("translate-shard", "--engine", engine, "--model", *folders, *options) == 0
    assert {way: one.model for way, one in seen["settings"].items()} == {
        "en-de": "opus/en-de",
        "*": "opus/rest",
    }
    assert {one.licence for one in seen["settings"].values()} == {"CC-BY-4.0"}


def test_convert_engine_wants_the_files_of_the_family(tmp_path, capsys):
    origin = ("--origin", '{"model": "m", "revision": "", "licence": "none"}')
    output = ("--output", tmp_path / "m" / "converted.json")
    assert run("convert-engine", "--family", "fairseq", *origin, "--model", tmp_path, *output) == 2
    assert "not given like that" in capsys.readouterr().err
    here = ("--model", tmp_path)
    assert run("convert-engine", "--family", "nllb", *origin, *here, *output) == 3
    assert "config.json" in capsys.readouterr().err
    other = ("--output", tmp_path / "model.json")
    assert run("convert-engine", "--family", "nllb", *origin, *here, *other) == 2
    assert "converted.json" in capsys.readouterr().err


def test_a_model_is_converted_and_translates(tmp_path, monkeypatch, capsys):
    from translate_models import TEXTS, write_model

    monkeypatch.chdir(tmp_path)
    write_model("m2m100", tmp_path / "published")
    origin = ("--origin", '{"model": "made up", "revision": "1", "licence": "MIT"}')
    convert = ("--family", "m2m100", "--model", "published", "--output", "m/converted.json")
    assert run("convert-engine", *convert, *origin) == 0
    made = (tmp_path / "m" / "model.bin").stat().st_mtime_ns
    assert run("convert-engine", *convert, *origin) == 0
    assert (tmp_path / "m" / "model.bin").stat().st_mtime_ns == made
    rows = [f"{i}\t{text}" for i, text in enumerate(TEXTS[:3])]
    (tmp_path / "in.tsv").write_text("\n".join(["id\ttext", *rows]) + "\n", encoding="utf-8")
    engine = "{family: m2m100, model: m, revision: '1', licence: MIT, search: {beam: 1}}"
    options = ("--engine", engine, "--from", "en", "--store", "store", "--output", "out.tsv")
    assert run("translate", "in.tsv", *options, "--to", "de", "--columns", "text") == 0
    assert "3 of them translated now" in capsys.readouterr().out
    lines = (tmp_path / "out.tsv").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["id", "0", "1", "2"]
    assert run("translate", "in.tsv", *options, "--to", "xx", "--columns", "text") == 2
    assert "'xx'" in capsys.readouterr().err
    assert run("translate", "in.tsv", *options, "--to", "de", "--columns", "texts") == 2
    assert "there is no column 'texts'" in capsys.readouterr().err
    (tmp_path / "m" / "model.bin").write_bytes(b"half")
    assert run("translate", "in.tsv", *options, "--to", "de", "--columns", "text") == 3
    assert "model.bin" in capsys.readouterr().err


def test_projection_without_an_encoder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    probe = json.dumps(
        {"artificial": json.loads(languages().model_dump_json()), "languages": ["qaa"], "count": 6}
    )
    assert run("list-projection", "--probe", probe, "--output", "there.parquet") == 0
    _, note = shard("there")
    options = ("--probe", probe, "--notes", note, "--store", "store", "--output", "projection.json")
    assert run("measure-projection", *options) == 0
    rows = json.loads((tmp_path / "projection.json").read_text())
    assert {row["method"] for row in rows} == {"markers"}
    engine = [row for row in rows if row["translator"] != "generator"]
    assert [row["recall"] for row in engine] == [100.0]


def test_projection_of_an_unknown_language(tmp_path, capsys):
    given = json.loads(languages().model_dump_json())
    probe = json.dumps({"artificial": given, "languages": ["qzz"]})
    assert run("list-projection", "--probe", probe, "--output", tmp_path / "x") == 2
    said = capsys.readouterr().err
    assert "'qzz'" in said
    assert "qaa" in said


def test_a_file_by_hand(task, capsys):
    found = read_table(task / "test.parquet", ["en"])["sentence2"].to_pylist()
    words = list(dict.fromkeys(found))[:3]
    (task / "in.txt").write_text("\n".join([*words, words[0]]) + "\n", encoding="utf-8")
    (task / "engine.yaml").write_text("kind: artificial\nnoise: 0.0\n", encoding="utf-8")
    (task / "small.yaml").write_text(study_text(), encoding="utf-8")
    options = ("--from", "en", "--to", "qaa", "--engine", "engine.yaml", "--study", "small.yaml")
    assert run("translate", "in.txt", *options, "--store", "store", "--output", "out.txt") == 0
    assert "4 lines, 3 different texts, 3 of them translated now" in capsys.readouterr().out
    lines = (task / "out.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert lines[0] == lines[3]
    assert set(lines).isdisjoint(words)
    assert run("translate", "in.txt", *options, "--store", "store", "--output", "out.txt") == 0
    assert "0 of them translated now" in capsys.readouterr().out


def study_text():
    from small_study import SMALL

    return SMALL


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("exact", ["there is no engine 'exact'", "--study"]),
        ("{family: nllb}", ["model: Field required", "licence: Field required"]),
        ("{family: nlb, model: m, licence: l}", ["family", "'nllb'"]),
        ("{family: [", ["no YAML"]),
        ("nowhere.yaml", ["cannot be read", "nowhere.yaml"]),
        ("{kind: artificial}", ["without artificial languages"]),
    ],
)
def test_wrong_engines_by_hand(tmp_path, monkeypatch, capsys, engine, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.txt").write_text("hello\n", encoding="utf-8")
    options = ("--from", "en", "--to", "de", "--engine", engine, "--output", "out.txt")
    assert run("translate", "in.txt", *options) == 2
    said = capsys.readouterr().err
    assert all(word in said for word in words)
    assert not (tmp_path / "out.txt").exists()

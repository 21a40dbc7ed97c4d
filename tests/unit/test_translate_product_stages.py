# SPDX-License-Identifier: Apache-2.0
"""Both rounds of translations of a task, from prepared rows through the store to prepared rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_artificial import settings as artificial
from translate_products import CODE, SIZES, Straight, Swapping

from xling.config.study import SplitSizes
from xling.data.artificial import write_raw
from xling.data.manifest import read_manifest
from xling.data.prepare import prepare
from xling.data.tables import read_table, write_table
from xling.errors import DataError, UsageError
from xling.files import write_text
from xling.translate.engines import provenance
from xling.translate.lists import read_lists
from xling.translate.products.ask import UNTRANSLATED
from xling.translate.products.report import measure_quality
from xling.translate.products.settings import LabelSettings, ProductSettings
from xling.translate.products.stages import build_products, list_sentences, read_products
from xling.translate.products.work import Work
from xling.translate.store import Store

ROLES = ("translate_train", "translate_test", "translate_dev", "back_translation")


class Described(Swapping):
    @property
    def about(self):
        return {"engine": "swapping"}


class Flow:
    """The files of one task, and the jobs that make them, one after the other."""

    def __init__(self, task: str, folder: Path, engine: Swapping, **changes) -> None:
        self.task, self.folder, self.engine = task, folder, engine
        raw = folder / "raw"
        base = write_raw(
            task,
            artificial(noise=0.0, sizes={task: SIZES}),
            ["en", CODE],
            raw,
            back_translations=task != "mlqa",
        )
        self.base = raw / "manifest.json"
        write_text(self.base, base.dump())
        roles = ROLES if task != "mlqa" else ("translate_test", "translate_dev")
        self.store = Store(folder / "store")
        self.uses = {
            role: [CODE]
            for role in roles
            if not (task in ("tydiqa", "xquad") and role == "translate_dev")
        }
        self.settings = ProductSettings(**changes)
        self.engines = dict.fromkeys((f"en-{CODE}", f"{CODE}-en"), provenance(engine))
        self.prepared: dict[str, Path] = {}
        for split in ("train", "dev", "test"):
            codes = ["en"] if split == "train" else ["en", CODE]
            if (task, split) in (("mlqa", "train"), ("tydiqa", "dev")):
                continue
            if (task, split) == ("xquad", "dev"):
                codes = ["en"]
            self.prepare(split, codes, self.base)

    def prepare(self, split: str, codes: list[str], manifest: Path, name: str = "") -> Path:
        table, summary = prepare(
            self.task, split, codes, read_manifest(manifest), manifest.parent, SplitSizes(**SIZES)
        )
        path = self.folder / "prepared" / f"{name or split}.parquet"
        write_table(path, table, summary)
        if not name:
            self.prepared[split] = path
        return path

    def round(self, name: str) -> Work:
        return Work(self.task, name, self.uses, dict(self.prepared), self.settings)

    def fill(self, path: Path) -> None:
        for (source, target), texts in read_lists([path]).items():
            self.store.add(self.engine, texts, source, target)

    def make(self, name: str, base: Path) -> Path:
        """List, translate and build one round; return its list of raw files."""
        work = self.round(name)
        listed = self.folder / f"{name}.parquet"
        list_sentences(work, listed)
        self.fill(listed)
        output = self.folder / name / "manifest.json"
        self.built = build_products(
            work,
            store=self.store,
            engines=self.engines,
            base=base,
            output=output,
            aligner=Straight(),
        )
        return output

    def all(self) -> Path:
        there = self.make("there", self.base)
        for split in ("translate_train", "translate_test"):
            if split in self.uses:
                self.prepare(split, [CODE], there)
        back = self.make("back", there)
        if "back_translation" in self.uses:
            self.prepare("back_translate", [CODE], back)
        return back

    def measure(self, **options) -> list[dict]:
        return measure_quality(
            self.round("back"),
            products=[self.folder / name / "products.json" for name in ("there", "back")],
            store=self.store,
            engines=self.engines,
            output=self.folder / "quality.json",
            **options,
        )


@pytest.mark.parametrize("task", ["xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa"])
def test_two_rounds_of_every_task(tmp_path, task):
    flow = Flow(task, tmp_path, Described())
    back = flow.all()
    before = len(flow.engine.asked)
    assert before == len(set(flow.engine.asked))
    # What is prepared names the engine and its licence, and has every row.
    for split, original in (("translate_train", "train"), ("translate_test", "test")):
        if split in flow.prepared:
            table = read_table(flow.prepared[split])
            ids = read_table(flow.prepared[original], ["en" if split[-5:] == "train" else CODE])
            assert table["id"].to_pylist() == ids["id"].to_pylist()
    manifest = read_manifest(back)
    assert manifest.translations == "our translation by swapping (licence none)"
    for file in manifest.files:
        assert (back.parent / file.path).is_file()
    made = {(f.role, f.split) for f in manifest.files if f.role != "labelled" and f.role != "text"}
    kinds = {
        "translate_train": ("translate_train", "train"),
        "translate_test": ("translate_test", "test"),
        "translate_dev": ("translate_test", "dev"),
        "back_translation": ("back_translation", "train"),
    }
    assert made == {kinds[role] for role in flow.uses}
    rows = flow.measure()
    assert {row["role"] for row in rows} == set(flow.uses)
    for row in rows:
        if row["role"] != "translate_dev":
            assert row["round_trip"]["chrf++"] == pytest.approx(100)
        assert row["rows"]["written"] == row["rows"]["items"]
        assert (row["key"], row["licence"]) == ("swapping", "none")
    # Measuring translates nothing.
    assert len(flow.engine.asked) == before


def test_back_translations_are_the_english_rows(tmp_path):
    flow = Flow("xnli", tmp_path, Described())
    flow.all()
    english = read_table(flow.prepared["train"]).to_pylist()
    back = read_table(flow.prepared["back_translate"]).to_pylist()
    assert [row | {"language": CODE} for row in english] == back


def test_human_and_exact_translations_are_references(tmp_path):
    flow = Flow("xnli", tmp_path, Described())
    flow.all()
    path = flow.prepare("translate_train", [CODE], flow.base, "exact")
    rows = {row["role"]: row for row in flow.measure(exact={"translate_train": path})}
    train = rows["translate_train"]
    # Swapped English is no translation, but cognates share letters.
    assert 0 < train["exact"]["chrf++"] < 60
    assert 0 < train["human"]["chrf++"] < 60
    dev = read_table(flow.prepared["dev"], ["en"])
    sides = zip(dev["sentence1"].to_pylist(), dev["sentence2"].to_pylist(), strict=True)
    assert train["human"]["sentences"] >= len({text for pair in sides for text in pair})
    assert rows["translate_test"]["human"]["sentences"] > 0
    assert rows["translate_dev"]["human"] is None
    # With the exact rows as they are, everything agrees.
    flow.prepared["translate_train"] = path
    again = measure_exact(flow, path)
    assert again["bleu"] == pytest.approx(100)


def measure_exact(flow, path):
    """Return how exact rows compare with themselves."""
    flow.make("back", flow.folder / "there" / "manifest.json")
    rows = flow.measure(exact={"translate_train": path})
    return next(row for row in rows if row["role"] == "translate_train")["exact"]


@pytest.mark.parametrize("task", ["panx", "udpos", "xquad"])
def test_labels_are_held_against_exact_ones(tmp_path, task):
    flow = Flow(task, tmp_path, Described())
    flow.all()
    path = flow.prepare("translate_train", [CODE], flow.base, "exact")
    rows = {row["role"]: row for row in flow.measure(exact={"translate_train": path})}
    wrong = rows["translate_train"]["labels"]
    assert wrong["precision"] < 100
    assert wrong["rows"] == SIZES["train"]
    flow.prepared["translate_train"] = path
    flow.make("back", flow.folder / "there" / "manifest.json")
    rows = {row["role"]: row for row in flow.measure(exact={"translate_train": path})}
    right = rows["translate_train"]["labels"]
    assert (right["precision"], right["recall"]) == (100, 100)
    assert (right["overlap"] == 100) == (task == "xquad")


def test_what_fails_is_counted_and_shown(tmp_path):
    flow = Flow("xnli", tmp_path, Described())
    row = read_table(flow.prepared["train"]).to_pylist()[0]
    flow.engine.silent = {row["sentence1"]}
    there = flow.make("there", flow.base)
    product = read_products(there.with_name("products.json"))["products"][0]
    assert product["role"] == "translate_train"
    lost = product["rows"]["dropped"][UNTRANSLATED]
    assert lost >= 1
    assert product["text"]["translated"] < 1
    assert product["text"]["flags"] == {"empty": pytest.approx(1 / product["text"]["sentences"])}
    flow.prepare("translate_train", [CODE], there)
    assert read_table(flow.prepared["translate_train"]).num_rows == SIZES["train"] - lost


def test_equal_input_gives_equal_bytes(tmp_path):
    one, two = (Flow("panx", tmp_path / name, Described()) for name in "ab")
    assert one.all().read_bytes() == two.all().read_bytes()
    for name in ("there.parquet", "back.parquet", "there/products.json"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()
    assert one.measure() == two.measure()
    assert (one.folder / "quality.json").read_bytes() == (two.folder / "quality.json").read_bytes()


def test_a_sentence_that_was_never_translated(tmp_path):
    flow = Flow("xnli", tmp_path, Described())
    with pytest.raises(DataError, match="are not in the store"):
        build_products(
            flow.round("there"),
            store=flow.store,
            engines=flow.engines,
            base=flow.base,
            output=tmp_path / "there" / "manifest.json",
        )
    assert not (tmp_path / "there" / "manifest.json").exists()


def test_each_direction_has_its_engine(tmp_path):
    flow = Flow("xnli", tmp_path, Described())
    other = Described(key="other", licence="MIT")
    flow.engines[f"{CODE}-en"] = provenance(other) | {"model": "opus", "revision": "1a2b"}
    fill = flow.fill

    def fill_both(path: Path) -> None:
        fill(path)
        for (source, target), texts in read_lists([path]).items():
            if target == "en":
                flow.store.add(other, texts, source, target)

    flow.fill = fill_both
    back = flow.all()
    words = (
        "our translation by other (model opus, revision 1a2b, licence MIT), swapping (licence none)"
    )
    assert read_manifest(back).translations == words
    keys = {row["role"]: row["key"] for row in flow.measure()}
    assert keys == {
        "translate_train": "swapping",
        "translate_test": "other",
        "translate_dev": "other",
        "back_translation": "other",
    }
    del flow.engines[f"{CODE}-en"]
    with pytest.raises(UsageError, match=f"no engine translated {CODE}-en"):
        flow.measure()


def test_bad_input(tmp_path):
    chosen = ProductSettings()
    with pytest.raises(UsageError, match="prepared split 'train' is missing"):
        Work("xnli", "there", {"translate_train": ["de"]}, {}, chosen)
    with pytest.raises(UsageError, match="no product 'x'"):
        Work("xnli", "there", {"x": ["de"]}, {}, chosen)
    with pytest.raises(UsageError, match="tatoeba is not translated"):
        Work("tatoeba", "there", {"translate_test": ["de"]}, {"test": tmp_path}, chosen)
    with pytest.raises(ValueError, match="no flag 'x'"):
        ProductSettings(refused=["x"])
    (tmp_path / "products.json").write_text("[]")
    with pytest.raises(DataError, match="cannot be read"):
        read_products(tmp_path / "products.json")
    flow = Flow("mlqa", tmp_path / "mlqa", Described())
    flow.all()
    with pytest.raises(DataError, match="translations of mlqa"):
        measure_quality(
            replace(flow.round("back"), task="xquad"),
            products=[flow.folder / "there" / "products.json"],
            store=flow.store,
            engines=flow.engines,
            output=tmp_path / "x.json",
        )


@pytest.mark.parametrize(
    ("task", "role", "method", "text"),
    [
        ("panx", "translate_train", "markers", "marked"),
        ("panx", "translate_test", "alignment", "marked"),
        ("udpos", "translate_train", "soft_labels", "marked"),
        ("udpos", "translate_dev", "alignment", "marked"),
        ("xquad", "translate_train", "markers", "marked"),
        ("mlqa", "translate_test", "markers", "plain"),
    ],
)
def test_settings_become_projections(task, role, method, text):
    chosen = ProductSettings(labels=LabelSettings(udpos="soft_labels"))
    projection = chosen.ask(task, role, CODE).projection
    assert (projection.method, projection.text) == (method, text)
    assert chosen.aligns(task, role) == (method == "alignment")
    assert chosen.ask("xnli", role, CODE).projection is None

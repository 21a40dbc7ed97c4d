# SPDX-License-Identifier: Apache-2.0
"""The HTML page: complete, self-contained, escaped, and the same bytes every time."""

from __future__ import annotations

import hashlib
import html
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from test_check import NO_LEAKS, make_prepared
from test_tables import LANGUAGES, make_plan, make_record, make_records
from xmixup_results import analyses_of

from xling.check import check
from xling.errors import DataError
from xling.figures import figure_paths
from xling.plan import Plan
from xling.report import report_text, write_report
from xling.report.view import by_language, text_of


def put_figures(plan: Plan, folder: Path) -> None:
    """Write files where the figures are: the page does not look into them."""
    for path in figure_paths(plan, folder):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<svg/>", encoding="utf-8")


def make_page(plan: Plan, folder: Path, records=None) -> str:
    records = make_records(plan) if records is None else records
    put_figures(plan, folder)
    result = check(plan, records, make_prepared(plan), NO_LEAKS)
    return report_text(plan, records, make_prepared(plan), result, folder, analyses_of(plan))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan()


@pytest.fixture(scope="module")
def page(plan, tmp_path_factory) -> str:
    return make_page(plan, tmp_path_factory.mktemp("figures"))


class Reader(HTMLParser):
    """Collects tags and attributes, and notices tags that are not closed."""

    VOID = ("meta", "img", "br", "link")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def test_tags_are_closed_and_names_are_unique(page) -> None:
    reader = read(page)
    assert reader.open == []
    ids = [value for _, name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 5
    for _, name, value in reader.attributes:
        if name == "href":
            assert value.removeprefix("#") in ids


def test_the_page_needs_nothing_else(page) -> None:
    reader = read(page)
    for _, name, value in reader.attributes:
        if name in ("src", "href", "srcset", "data", "poster"):
            assert value.startswith(("#", "data:"))
    assert not re.search(r"https?://|url\(|@import", page)
    assert [tag for tag, name, _ in reader.attributes if (tag, name) == ("img", "src")] == [
        "img"
    ] * 3


def test_every_run_is_listed_with_what_it_took(plan, page) -> None:
    for run in plan.runs:
        assert page.count(f'<tr id="{run.path}">') == 1
    assert "train seconds" in page
    assert "examples per second" in page
    # 12.5 seconds and the seed, 100 / 3 examples per second: the builder's numbers.
    for value in ("13.5", "14.5", "15.5", "33.3"):
        assert f'<td class="number">{value}</td>' in page
    assert page.count("<td>xmixup/zero_shot/tiny-x/xnli/seed-1</td>") == 1  # of translate-test
    assert "torch: 2.13.0" in page
    assert "device: cpu" in page


def test_tables_by_number_are_shown(page) -> None:
    assert "<h2>X-Mixup (Yang et al. 2022): tables and figures by number</h2>" in page
    assert '<h3 id="xmixup-table-8-transfer-gap">' in page
    # Translate-train, en less targets: 81 - 78 = 3, 82 - 77.5 = 4.5, 83 - 78.5 = 4.5.
    gap = '<td class="number" data-value="4.0"><strong>4.0</strong> <small>± 0.9</small></td>'
    assert gap in page


def test_tables_and_every_seed_are_shown(page) -> None:
    assert "<strong>79.0</strong> <small>± 1.0</small>" in page
    assert "82.0</strong> <small>± 2.0</small>" in page
    for value in ("84.0", "75.0", "66.0"):
        assert f'<td class="number">{value}</td>' in page


def test_verdict_selection_data_and_command_are_shown(page) -> None:
    text = html.unescape(page)
    for words in (
        "Not comparable with the paper: artificial languages, a small encoder trained on",
        "best_source_dev (best on the source-language dev set)",
        "300 rows in en, qaa, qab",
        "contradiction: 200, neutral: 100 in en, qaa, qab",
        "label unknown: qaa: 2",
        hashlib.sha256(b"xnli test").hexdigest(),
        "xnli/test.tsv, 1234 bytes, SHA-256 " + "ab" * 32,
        "made by rule, 10 % wrong",
        "snakemake --config study=toy</pre>",
        "no item in both xnli train and xnli test",
        "Nothing was flagged",
    ):
        assert words in text


def test_words_of_a_study_are_not_taken_for_markup(tmp_path: Path) -> None:
    plan = make_plan()
    plan = Plan(plan.study.model_copy(update={"description": "<script>alert(1)</script> & so"}))
    page = make_page(plan, tmp_path)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; so" in page
    assert "<script>alert" not in page
    assert "a note on &lt;markup&gt; &amp; more" in page


def test_flags_and_daggers_are_shown(tmp_path: Path) -> None:
    plan = make_plan()
    records = make_records(plan)
    (at,) = [i for i, r in enumerate(records) if (r.method, r.seed) == ("zero_shot", 2)]
    records[at] = make_record(plan, plan.runs[at], dict.fromkeys(LANGUAGES, 33.0))
    page = make_page(plan, tmp_path, records)
    assert '<th scope="row">Zero-shot †</th>' in page
    assert "† Zero-shot, tiny-x: seed 2 collapsed" in page
    assert "seed-2: collapsed: en (accuracy 33.0, chance 33.3, n 300)</li>" in page


def test_settings_that_differ_are_told_apart(tmp_path: Path) -> None:
    plan = make_plan()
    records = make_records(plan)
    other = {**records[0].settings, "learning_rate": 0.125}
    records[0] = records[0].model_copy(update={"settings": other})
    page = make_page(plan, tmp_path, records)
    # The changed run is the first, so its group is too.
    assert '<th scope="row">learning_rate</th><td>0.125</td><td>2e-05</td></tr>' in page
    assert "Group 1: 1 runs" in page
    assert "Group 2: 8 runs" in page
    assert '<th scope="row">batch_size</th>' not in page
    assert "<dt>batch_size</dt><dd>32</dd>" in page


def test_a_missing_figure_is_named(plan, tmp_path: Path) -> None:
    records = make_records(plan)
    result = check(plan, records, make_prepared(plan), NO_LEAKS)
    with pytest.raises(DataError) as caught:
        report_text(plan, records, make_prepared(plan), result, tmp_path)
    assert caught.value.where.endswith("xmixup/xnli-languages.svg")


SCRIPT = """
import sys
from pathlib import Path
from test_check import NO_LEAKS, make_prepared
from test_tables import make_plan, make_records
from xling.check import check
from xling.report import write_report
from xling.tables import write_tables
from xmixup_results import analyses_of
plan = make_plan()
folder, figures = map(Path, sys.argv[1:])
records, prepared = make_records(plan), make_prepared(plan)
write_tables(plan, records, folder, analyses=analyses_of(plan))
result = check(plan, records, prepared, NO_LEAKS)
write_report(plan, records, prepared, result, figures, folder / "index.html", analyses_of(plan))
"""


def test_two_processes_write_the_same_bytes(plan, tmp_path: Path) -> None:
    put_figures(plan, tmp_path / "figures")
    sums = []
    for name, seed in (("a", "1"), ("b", "2")):
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / name), str(tmp_path / "figures")],
            check=True,
            cwd=Path(__file__).parent,
            env={"PATH": "", "PYTHONHASHSEED": seed, "HOME": str(tmp_path)},
        )
        files = sorted((tmp_path / name).rglob("*.*"))
        sums.append({f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files})
    assert sums[0] == sums[1]
    tables = {"table-1-language-groups", "table-2-cka-correlation", "table-3-main", "xnli"}
    tables |= {"table-8-transfer-gap", "table-cka"}
    names = {f"{name}.{suffix}" for name in tables for suffix in ("csv", "md", "tex")}
    assert set(sums[0]) == names | {"index.html"}


def test_the_file_is_the_text(plan, page, tmp_path: Path) -> None:
    records = make_records(plan)
    put_figures(plan, tmp_path)
    result = check(plan, records, make_prepared(plan), NO_LEAKS)
    path = tmp_path / "report" / "index.html"
    write_report(plan, records, make_prepared(plan), result, tmp_path, path, analyses_of(plan))
    assert path.read_text(encoding="utf-8") == page


def test_values_as_people_write_them() -> None:
    assert text_of({"b": [1, 2.5], "a": True, "c": None}) == "a: yes, b: 1, 2.5, c: –"
    assert text_of({"gpu": ""}) == "gpu: none"
    assert text_of(2e-5) == "2e-05"
    assert text_of(12345.678) == "12,345.68"
    assert by_language({"en": 3, "de": 2, "fr": 3}, " rows") == "3 rows in en, fr; 2 rows in de"

# SPDX-License-Identifier: Apache-2.0
"""Figures: what is drawn, what is said, and that bytes repeat."""

from __future__ import annotations

import copy
import hashlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from test_tables import LANGUAGES, STUDY, make_plan, make_record, make_records
from xmixup_results import analyses_of

from xling.config.study import Study
from xling.errors import DataError
from xling.figures import figure_paths, write_figures
from xling.figures.languages import images, scores_by_language
from xling.plan import Plan
from xling.tables.table import build_table


@pytest.fixture(scope="module")
def table():
    plan = make_plan()
    return build_table(plan, "xmixup", "xnli", make_records(plan))


def words(svg: bytes) -> list[str]:
    """Return the text of an SVG, which must be text and not outlines."""
    root = ElementTree.fromstring(svg)
    return ["".join(e.itertext()).strip() for e in root.iter("{http://www.w3.org/2000/svg}text")]


def test_every_mean_deviation_and_seed_is_drawn(table) -> None:
    (axes,) = scores_by_language(table).axes
    drawn = [tuple(map(float, line.get_ydata())) for line in axes.lines]
    whiskers = [
        tuple(float(y) for _, y in segment)
        for bars in axes.collections
        for segment in bars.get_segments()
    ]
    for system in table.systems:
        for code in LANGUAGES:
            cell = system.cells[code]
            assert (cell.mean,) in drawn
            assert cell.values in drawn
            assert (cell.mean - cell.sd, cell.mean + cell.sd) in whiskers
    assert drawn.count((100 / 3, 100 / 3)) == len(LANGUAGES)


def test_words_are_text(table) -> None:
    found = words(images(table)["svg"])
    for word in (*LANGUAGES, "accuracy", "chance", "Zero-shot", "Translate-train-all"):
        assert word in found
    assert "XNLI, study toy" in found
    # The footnote is one text per line.
    assert "Not comparable with the paper: artificial languages," in " ".join(found)


def test_languages_stand_in_the_studys_order(table) -> None:
    (axes,) = scores_by_language(table).axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == LANGUAGES


def test_an_svg_refers_to_nothing_outside(table) -> None:
    root = ElementTree.fromstring(images(table)["svg"])
    links = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
    assert links
    assert all(link.startswith("#") for link in links)


def test_no_program_or_date_is_in_the_files(table) -> None:
    made = images(table)
    for mark in (b"matplotlib", b"Matplotlib", b"tEXt", b"tIME"):
        assert mark not in made["png"]
    for mark in (b"dc:date", b"Matplotlib v"):
        assert mark not in made["svg"]


def test_a_collapsed_run_is_marked(table) -> None:
    plan = make_plan()
    records = make_records(plan)
    (at,) = [i for i, r in enumerate(records) if (r.method, r.seed) == ("zero_shot", 2)]
    records[at] = make_record(plan, plan.runs[at], dict.fromkeys(LANGUAGES, 33.0))
    found = words(images(build_table(plan, "xmixup", "xnli", records))["svg"])
    assert "Zero-shot †" in found
    assert "† Zero-shot, tiny-x: seed 2 collapsed" in " ".join(found)


def test_each_model_has_a_panel() -> None:
    study = copy.deepcopy(STUDY)
    study["encoders"]["a-x"] = study["encoders"]["tiny-x"]
    study["experiments"][0]["models"] = ["tiny-x", "a-x"]
    plan = Plan(Study.model_validate(study))
    records = [r for r in make_records(plan) if (r.model, r.method) != ("a-x", "zero_shot")]
    figure = scores_by_language(build_table(plan, "xmixup", "xnli", records))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a-x", "tiny-x"]
    # A system that has not been run yet leaves a gap and keeps its colour.
    assert len(figure.axes[1].lines) - len(figure.axes[0].lines) == 2 * len(LANGUAGES)


def test_many_languages_go_on_below() -> None:
    codes = [f"q{a}{b}" for a in "abc" for b in "abcdefghij"]
    study = copy.deepcopy(STUDY)
    shares = {"word_order": "SVO", "text_share": 0.0}
    study["data"]["artificial"]["languages"] = dict.fromkeys(codes, shares)
    study["data"]["artificial"]["source_text_share"] = 1.0
    study["tasks"]["xnli"]["languages"] = ["en", *codes]
    plan = Plan(Study.model_validate(study))
    values = dict.fromkeys(["en", *codes], 50.0)
    records = [make_record(plan, run, values) for run in plan.runs]
    figure = scores_by_language(build_table(plan, "xmixup", "xnli", records))
    ticks = [[t.get_text() for t in axes.get_xticklabels()] for axes in figure.axes]
    assert [len(line) for line in ticks] == [11, 11, 9]
    assert [code for line in ticks for code in line] == ["en", *codes]
    assert len({axes.get_xlim() for axes in figure.axes}) == 1


SCRIPT = """
import sys
from pathlib import Path
from test_tables import make_plan, make_records
from xling.figures import write_figures
from xmixup_results import analyses_of
plan = make_plan()
write_figures(plan, make_records(plan), Path(sys.argv[1]), analyses_of(plan))
"""


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    sums = []
    for name, seed in (("a", "1"), ("b", "2")):
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / name)],
            check=True,
            cwd=Path(__file__).parent,
            env={"PATH": "", "PYTHONHASHSEED": seed, "HOME": str(tmp_path)},
        )
        files = sorted((tmp_path / name).rglob("*.*"))
        sums.append({f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files})
    assert sums[0] == sums[1]
    names = ("figure-3-score-cka-xnli", "figure-cka-layers-xnli", "xnli-languages")
    assert sorted(sums[0]) == [f"{name}.{suffix}" for name in names for suffix in ("png", "svg")]


def test_files_are_where_the_plan_says(tmp_path: Path) -> None:
    plan = make_plan(tasks=["pawsx", "xnli"])
    written = write_figures(plan, make_records(plan), tmp_path, analyses_of(plan))
    assert written == figure_paths(plan, tmp_path)
    assert sorted(tmp_path.rglob("*.*")) == sorted(written)
    assert [path.relative_to(tmp_path).with_suffix("").as_posix() for path in written[::2]] == [
        "xmixup/xnli-languages",
        "xmixup/pawsx-languages",
        "xmixup/figure-3-score-cka-xnli",
        "xmixup/figure-3-score-cka-pawsx",
        "xmixup/figure-cka-layers-xnli",
        "xmixup/figure-cka-layers-pawsx",
    ]
    assert {path.suffix for path in written[1::2]} == {".svg"}


def test_records_of_other_versions_are_refused(tmp_path: Path) -> None:
    plan = make_plan()
    records = make_records(plan)
    records[0] = records[0].model_copy(update={"stages": {"train": 99}})
    with pytest.raises(DataError, match="version of stage 'train' differs"):
        write_figures(plan, records, tmp_path)
    assert not list(tmp_path.rglob("*.*"))

# SPDX-License-Identifier: Apache-2.0
"""``xling doctor`` about fairseq, and about the data and GPUs of translation."""

from pathlib import Path

import pytest

from xling.cluster.site import Site
from xling.config.loader import load_study, repository_root
from xling.doctor import data, slurm_jobs, translation
from xling.doctor.devices import gpus_asked
from xling.doctor.finding import ok
from xling.doctor.gpu_memory import translation_memory_findings
from xling.needs import JobNeeds
from xling.plan import Plan

PINS = {"fairseq": "0.12.2", "omegaconf": "2.3.1"}
STUDY = """\
name: bitext
description: translation alone
data: {source: %s}
translation:
  benchmarks:
    %s: {languages: [%s], vocabulary: {size: 100}}
  models:
    tiny: {width: 8, heads: 2, ffn: 8}
  training:
    defaults: {max_updates: 40, warmup_updates: 5}
  experiments:
    - {methods: [temperature_5], models: [tiny], benchmarks: [%s], directions: [m2o], seeds: [1]}
"""


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CXX", raising=False)


def fairseq(tmp_path, monkeypatch, installed, needed=True, compilers=()):
    (tmp_path / "envs").mkdir()
    lines = ["# why", *(f"{name}=={version}" for name, version in PINS.items())]
    (tmp_path / "envs" / "fairseq.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(translation, "_installed", installed.get)
    monkeypatch.setattr(translation.shutil, "which", lambda name: name in compilers or None)
    return list(translation.fairseq_findings(tmp_path, needed=needed))


def study(source, benchmark, languages, more=""):
    text = STUDY % (source, benchmark, ", ".join(languages), benchmark)
    Path("bitext.yaml").write_text(text + more, encoding="utf-8")
    return Plan(load_study("bitext.yaml").study)


# fairseq


def test_fairseq_as_tried(tmp_path, monkeypatch):
    assert fairseq(tmp_path, monkeypatch, PINS) == [ok("fairseq 0.12.2, with what it needs")]


def test_conda_s_fairseq_is_fine_but_untried(tmp_path, monkeypatch):
    (found,) = fairseq(tmp_path, monkeypatch, PINS | {"fairseq": "0.12.3"})
    assert (found.level, "fairseq 0.12.3 (tried: 0.12.2)" in found.what) == ("warning", True)


@pytest.mark.parametrize(
    ("needed", "compilers", "level", "says", "fix"),
    [
        (True, ["g++"], "error", "g++ can build it", "make fairseq"),
        (True, [], "error", "no C++ compiler", "install a C++ compiler"),
        (False, ["clang++"], "ok", "only needed for translation", ""),
        (False, [], "ok", "no C++ compiler", ""),
    ],
)
def test_a_missing_fairseq_stops_translation_alone(
    tmp_path, monkeypatch, needed, compilers, level, says, fix
):
    (found,) = fairseq(tmp_path, monkeypatch, {}, needed, compilers)
    assert found.level == level
    assert says in found.what
    assert found.fix.startswith(fix)


def test_the_compiler_that_the_user_chose_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "icpx -O2")
    (found,) = fairseq(tmp_path, monkeypatch, {}, compilers=["g++"])
    assert "there is no C++ compiler" in found.what


def test_other_fairseqs_and_gaps_are_errors(tmp_path, monkeypatch):
    (found,) = fairseq(tmp_path, monkeypatch, PINS | {"fairseq": "1.0.0a0"})
    assert found.level == "error"
    assert "0.12.2 or 0.12.3" in found.fix


def test_what_fairseq_lacks_is_named(tmp_path, monkeypatch):
    (found,) = fairseq(tmp_path, monkeypatch, {"fairseq": "0.12.2"})
    assert (found.level, found.what.endswith("(1): omegaconf")) == ("error", True)


def test_this_environment_can_be_judged():
    levels = [one.level for one in translation.fairseq_findings(repository_root(), needed=False)]
    assert set(levels) <= {"ok", "warning"}


# Data and GPUs


def test_downloads_of_translation_are_looked_for(tmp_path):
    plan = study("download", "opus100", ["af", "fr"])
    wanted = data.downloads_of(plan)
    assert [one.key for one in wanted] == ["opus100-af-en", "opus100-en-fr"]
    (found,) = data.data_findings(plan, wanted, tmp_path)
    assert found.level in ("warning", "error")  # an error where the network is forbidden
    assert "not downloaded yet (2, " in found.what
    assert "xling fetch --dataset opus100-af-en opus100-en-fr" in found.fix


def test_xnli_s_files_are_looked_for_in_the_folder(tmp_path):
    plan = study(f"folder, root: {tmp_path}", "xnli_parallel", ["de", "sw"])
    (tmp_path / "xnli").mkdir()
    for name in ("dev-en", "test-en", "dev-de", "test-de", "dev-sw"):
        (tmp_path / "xnli" / f"{name}.tsv").touch()
    (found,) = data.data_findings(plan, [], tmp_path)
    assert found.level == "error"
    assert f"1 of 6 files are missing in {tmp_path}: xnli/test-sw.tsv" in found.what
    (tmp_path / "xnli" / "test-sw.tsv").touch()
    (found,) = data.data_findings(plan, [], tmp_path)
    assert found.level == "ok"


def test_a_study_of_translation_alone_asks_for_its_gpus(tmp_path):
    assert gpus_asked(study("download", "ted8_diverse", ["bos", "fra"])) == 0
    plan = study("download", "ted8_diverse", ["bos", "fra"], "resources: {gpu: 2}\n")
    assert gpus_asked(plan) == 2


def test_memory_of_gpus_is_compared_with_translation_models(tmp_path):
    plan = study("download", "ted8_diverse", ["bos", "fra"], "resources: {gpu: 1}\n")
    (known,) = translation_memory_findings(plan.translation, None)
    assert known.level == "ok"
    assert "tiny needs about" in known.what
    assert "temperature_5, ted8_diverse-m2o" in known.what
    (small,) = translation_memory_findings(plan.translation, 1.0)
    assert (small.level, "max_tokens" in small.fix) == ("error", True)
    without = study("download", "ted8_diverse", ["bos", "fra"])
    assert list(translation_memory_findings(without.translation, 1.0)) == []


def test_jobs_of_translation_are_among_those_that_must_fit(tmp_path):
    plan = study("download", "ted8_diverse", ["bos", "fra"], "resources: {train_threads: 3}\n")
    jobs = list(slurm_jobs._jobs(plan, JobNeeds(plan, Site())))
    assert [job.stage for job in jobs] == [
        *("fetch_parallel", "prepare_parallel", "subwords", "binarize"),
        *("train_mt", "generate", "analyse_mt"),
    ]
    (train,) = [job for job in jobs if job.stage == "train_mt"]
    assert (train.name, train.threads) == ("cats/temperature_5/tiny/ted8_diverse-m2o/seed-1", 3)
    assert all(job.needs.mem_mb > 0 and job.needs.minutes > 0 for job in jobs)

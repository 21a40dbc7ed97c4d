"""Four papers on cross-lingual learning, from raw data to tables and figures.

The study is picked by name or path: ``snakemake --config study=NAME`` (default: mini).  It is
loaded and checked before any rule is defined; ``xling plan NAME`` shows what it will run.

Targets: ``all`` (default), one per paper (``xmixup`` …), and any file below ``results/``.
"""

import atexit
import os
import sys
from pathlib import Path

from snakemake.utils import min_version

from xling.cluster import controller
from xling.cluster.preflight import prepare_run
from xling.cluster.site import load_site
from xling.config.explain import merged_yaml
from xling.config.loader import load_study
from xling.dry_run import print_plan
from xling.errors import XlingError
from xling.files import write_text
from xling.machine import set_job_environment
from xling.mt.fairseq.compat import check_version as check_fairseq
from xling.plan import Plan, canonical

min_version("9.0")

try:
    LOADED = load_study(config.get("study", "mini"), data_root=config.get("data_root"))
    SITE = load_site()
except XlingError as error:
    # Snakemake would print a traceback and exit with 1; nothing has begun that needs tidying up.
    sys.stderr.write(f"{error}\n")
    sys.stderr.flush()
    os._exit(error.exit_code)

STUDY = LOADED.study
set_job_environment()
PLAN = Plan(STUDY)
# It is an optional part of the environment: who asks for no such job does without it.
FAIRSEQ_RULES = {"binarize", "train_mt", "generate", "analyse_mt"}
STUDY_TEXT = canonical(STUDY.model_dump())

if workflow.is_main_process:
    sys.stderr.write(controller.tidy_lock(STUDY.name, Path.cwd()))
    # There is no hook for dry runs; only at the end is it known that this was one.
    atexit.register(lambda: workflow.dryrun and print_plan(PLAN))


include: "workflow/rules/common.smk"


wildcard_constraints:
    study=one_of([STUDY.name]),
    # Translation models and sentence encoders have rules of their own: cats.smk, distill.smk.
    paper=one_of({run.paper for run in PLAN.runs}),
    method=one_of({run.method for run in PLAN.all_runs + PLAN.trainings}),
    model=one_of({run.model for run in PLAN.all_runs} | set(PLAN.models)),
    task=one_of([*PLAN.tasks, "text"]),
    split=one_of(
        {split for task in PLAN.tasks for split in PLAN.splits(task)}
        | {"text", "train", "dev", "test"}
    ),
    seed=one_of({str(run.seed) for run in PLAN.all_runs}),


rule all:
    default_target: True
    input:
        report=f"results/{STUDY.name}/report/index.html",
        check=f"results/{STUDY.name}/check.json",


for paper in PLAN.papers:

    rule:
        name:
            paper
        input:
            tables_of(paper),
            figures_of(paper),


if STUDY.data.source == "download":

    include: "workflow/rules/downloads.smk"


include: "workflow/rules/data.smk"


if PLAN.augmented:

    include: "workflow/rules/augmented.smk"


include: "workflow/rules/models.smk"


if PLAN.translation:

    include: "workflow/rules/cats.smk"


if PLAN.distillation:

    include: "workflow/rules/distill.smk"


if PLAN.translations:

    include: "workflow/rules/translate.smk"


include: "workflow/rules/results.smk"


onstart:
    try:
        if FAIRSEQ_RULES & {job.rule.name for job in workflow.dag.needrun_jobs()}:
            check_fairseq()
        prepare_run(workflow, STUDY.name)
    except XlingError as error:
        workflow.persistence.unlock()
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(error.exit_code)
    write_text(Path(f"results/{STUDY.name}/study.yaml"), merged_yaml(STUDY))


onsuccess:
    # None of its Slurm jobs is left.
    controller.take_over(STUDY.name, Path.cwd(), [])
    # A call for a single file may leave records open; there is nothing to sum up then.
    if all(Path(path).exists() for path in all_records()):
        shell("xling summary --study {STUDY_TEXT:q} --results results/{STUDY.name}")

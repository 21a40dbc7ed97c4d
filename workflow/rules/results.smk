"""From predictions to records, tests, tables, figures, the page, and the check of it all.

Inputs: predictions, training notes, analyses.
Outputs: ``runs/…/record.json``, ``comparisons/{paper}.json``, ``scores.csv``, ``tables/``,
``figures/``, ``check.json``, ``report/index.html`` below ``results/{study}/``.
Wildcards: study, paper, method, model, task, seed.

Tables and figures are pure functions of records, tests and analyses.  They are given the study as
text and find the files by its plan: thousands of paths do not fit into a command line.
"""


localrules:
    score,
    compare,
    tabulate,
    plot,
    check,
    report,


rule score:
    """Score a run's predictions and write its record."""
    input:
        train=lambda wildcards: train_note(run_of(wildcards)),
        table="results/{study}/predictions/{paper}/{method}/{model}/{task}/seed-{seed}.parquet",
        note="results/{study}/predictions/{paper}/{method}/{model}/{task}/seed-{seed}.json",
    output:
        record="results/{study}/runs/{paper}/{method}/{model}/{task}/seed-{seed}/record.json",
    log:
        "results/{study}/logs/score/{paper}/{method}/{model}/{task}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/score/{paper}/{method}/{model}/{task}/seed-{seed}.tsv"
    threads: 1
    resources:
        mem_mb=score_memory,
        runtime=10,
    params:
        comparable="--comparable" if STUDY.comparable else "",
        train=lambda wildcards, input: (
            [
                "--train-note",
                *input.train,
                "--trained-as",
                PLAN.trained_as(run_of(wildcards)).path,
            ]
            if input.train
            else []
        ),
        stage=VERSIONS["score"],
    message:
        "Scoring {wildcards.task}, {wildcards.method}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "xling --log {log:q} score --study-name {wildcards.study} {params.comparable} --paper {wildcards.paper}"
        " --method {wildcards.method} --model {wildcards.model} --task {wildcards.task}"
        " --seed {wildcards.seed} --predictions {input.table:q} --predict-note {input.note:q}"
        " {params.train:q} --output {output.record:q}"


rule compare:
    """Test the systems of a paper against each other, item by item and over seeds."""
    input:
        predictions=lambda wildcards: compared_predictions(wildcards.paper),
    output:
        comparison="results/{study}/comparisons/{paper}.json",
    log:
        "results/{study}/logs/compare/{paper}.log",
    benchmark:
        "results/{study}/benchmarks/compare/{paper}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=60,
    params:
        study=STUDY_TEXT,
        results=lambda wildcards, output: str(Path(output.comparison).parents[1]),
        facts=lambda wildcards: facts_of_comparison(wildcards.paper),
        stage=VERSIONS["compare"],
    message:
        "Comparing the systems of {wildcards.paper}"
    shell:
        "xling --log {log:q} compare --study {params.study:q} --results {params.results:q}"
        " --paper {wildcards.paper} --output {output.comparison:q}"


rule tabulate:
    """Write scores.csv and the tables of every paper."""
    input:
        records=all_records(),
        comparisons=all_comparisons(),
        analyses=all_analyses(),
    output:
        scores=f"results/{STUDY.name}/scores.csv",
        tables=[path for paper in PLAN.papers for path in tables_of(paper)],
    log:
        f"results/{STUDY.name}/logs/tabulate.log",
    benchmark:
        f"results/{STUDY.name}/benchmarks/tabulate.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        study=STUDY_TEXT,
        results=lambda wildcards, output: str(Path(output.scores).parent),
        facts=facts_of_papers(),
        stage=VERSIONS["tabulate"],
    message:
        "Tables"
    shell:
        "xling --log {log:q} tabulate --study {params.study:q} --results {params.results:q}"


rule plot:
    """Draw the figures of every paper."""
    input:
        records=all_records(),
        analyses=all_analyses(),
    output:
        figures=[path for paper in PLAN.papers for path in figures_of(paper)],
    log:
        f"results/{STUDY.name}/logs/plot.log",
    benchmark:
        f"results/{STUDY.name}/benchmarks/plot.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        study=STUDY_TEXT,
        results=lambda wildcards, output: str(Path(output.figures[0]).parents[2]),
        facts=facts_of_papers(),
        stage=VERSIONS["plot"],
    message:
        "Figures"
    shell:
        "xling --log {log:q} plot --study {params.study:q} --results {params.results:q}"


rule check:
    """Check the results themselves; fail on what must not be."""
    input:
        records=all_records(),
        prepared=all_prepared("parquet"),
        summaries=all_prepared("json"),
    output:
        check=f"results/{STUDY.name}/check.json",
    log:
        f"results/{STUDY.name}/logs/check.log",
    benchmark:
        f"results/{STUDY.name}/benchmarks/check.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        study=STUDY_TEXT,
        results=lambda wildcards, output: str(Path(output.check).parent),
        stage=VERSIONS["check"],
    message:
        "Checking the results"
    shell:
        "xling --log {log:q} check --study {params.study:q} --results {params.results:q}"


rule report:
    """Write the page that shows everything and opens from disk."""
    input:
        records=all_records(),
        analyses=all_analyses(),
        comparisons=all_comparisons(),
        summaries=all_prepared("json"),
        scores=f"results/{STUDY.name}/scores.csv",
        tables=[path for paper in PLAN.papers for path in tables_of(paper)],
        figures=[path for paper in PLAN.papers for path in figures_of(paper)],
        check=f"results/{STUDY.name}/check.json",
    output:
        page=f"results/{STUDY.name}/report/index.html",
    log:
        f"results/{STUDY.name}/logs/report.log",
    benchmark:
        f"results/{STUDY.name}/benchmarks/report.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        study=STUDY_TEXT,
        results=lambda wildcards, output: str(Path(output.page).parents[1]),
        stage=VERSIONS["report"],
    message:
        "Report"
    shell:
        "xling --log {log:q} report --study {params.study:q} --results {params.results:q}"

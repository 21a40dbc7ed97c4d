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
    scores,
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
        facts=lambda wildcards: distances_of(wildcards.paper),
        stage=VERSIONS["compare"],
    message:
        "Comparing the systems of {wildcards.paper}"
    shell:
        "xling --log {log:q} compare --study {params.study:q} --results {params.results:q}"
        " --paper {wildcards.paper} --output {output.comparison:q}"


# Each paper is made by itself: who asks for one of them needs no other.
for paper in PLAN.papers:

    rule:
        name:
            f"tabulate_{paper}"
        input:
            records=records_of(runs_of(paper)),
            comparisons=comparisons_of([paper]),
            analyses=analyses_of(paper),
        output:
            tables=tables_of(paper),
        log:
            f"results/{STUDY.name}/logs/tabulate/{paper}.log",
        benchmark:
            f"results/{STUDY.name}/benchmarks/tabulate/{paper}.tsv"
        localrule: True
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: 1000 * attempt,
            runtime=10,
        params:
            study=STUDY_TEXT,
            results=f"results/{STUDY.name}",
            paper=paper,
            facts=facts_of(paper),
            stage=VERSIONS["tabulate"],
        message:
            "Tables of {params.paper}"
        shell:
            "xling --log {log:q} tabulate --study {params.study:q} --results {params.results:q}"
            " --paper {params.paper}"

    rule:
        name:
            f"plot_{paper}"
        input:
            records=records_of(runs_of(paper)),
            histories=histories_of(paper),
            analyses=analyses_of(paper),
            spaces=spaces_of(paper),
            comparisons=drawn_comparisons(paper),
        output:
            figures=figures_of(paper),
        log:
            f"results/{STUDY.name}/logs/plot/{paper}.log",
        benchmark:
            f"results/{STUDY.name}/benchmarks/plot/{paper}.tsv"
        localrule: True
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
            runtime=20,
        params:
            study=STUDY_TEXT,
            results=f"results/{STUDY.name}",
            paper=paper,
            facts=distances_of(paper),
            stage=VERSIONS["plot"],
        message:
            "Figures of {params.paper}"
        shell:
            "xling --log {log:q} plot --study {params.study:q} --results {params.results:q}"
            " --paper {params.paper}"


rule scores:
    """Write scores.csv: every score of every run."""
    input:
        records=all_records(),
    output:
        scores=f"results/{STUDY.name}/scores.csv",
    log:
        f"results/{STUDY.name}/logs/scores.log",
    benchmark:
        f"results/{STUDY.name}/benchmarks/scores.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        study=STUDY_TEXT,
        results=lambda wildcards, output: str(Path(output.scores).parent),
        stage=VERSIONS["scores"],
    message:
        "Scores"
    shell:
        "xling --log {log:q} scores --study {params.study:q} --results {params.results:q}"


rule check:
    """Check the results themselves; fail on what must not be."""
    input:
        records=all_records(),
        translations=all_translations(),
        prepared=all_prepared("parquet"),
        summaries=all_prepared("json"),
        distilled=distilled_data(),
    output:
        check=f"results/{STUDY.name}/check.json",
    log:
        f"results/{STUDY.name}/logs/check.log",
    benchmark:
        f"results/{STUDY.name}/benchmarks/check.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        # Sentences of all splits of parallel data are held against each other.
        runtime=240 if PLAN.translation else 30,
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
        distilled=distilled_data(),
        scores=f"results/{STUDY.name}/scores.csv",
        tables=[path for paper in PLAN.papers for path in tables_of(paper)]
        + translation_tables(),
        figures=[path for paper in PLAN.papers for path in figures_of(paper)]
        + translation_figures(),
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

"""Copies of training rows with synonyms (RS-DA).

Inputs: ``prepared/{task}/train.parquet``; the study (artificial data), ``data.root`` or a download.
Outputs: ``synonyms.json``, ``prepared/{task}/{split}.parquet`` and ``.json`` below
``results/{study}/``.
Wildcards: study, task, split (its name says copies and seed).
"""


localrules:
    synonyms,


rule synonyms:
    """Find or make the table of synonyms that RS-DA draws from."""
    input:
        downloads=[f"resources/data/{key}.json" for key in PLAN.synonym_artefacts],
    output:
        table="results/{study}/synonyms.json",
    log:
        "results/{study}/logs/synonyms.log",
    benchmark:
        "results/{study}/benchmarks/synonyms.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        data=canonical(STUDY.data.model_dump()),
        stage=VERSIONS["synonyms"],
    message:
        "Table of synonyms"
    shell:
        "xling --log {log:q} synonyms --data {params.data:q} --output {output.table:q}"


rule augment:
    """Copy training rows with words replaced by synonyms; the name says copies and seed."""
    input:
        table="results/{study}/prepared/{task}/train.parquet",
        synonyms=lambda wildcards: synonyms_of(wildcards.split),
    output:
        table="results/{study}/prepared/{task}/{split}.parquet",
        summary="results/{study}/prepared/{task}/{split}.json",
    log:
        "results/{study}/logs/augment/{task}/{split}.log",
    benchmark:
        "results/{study}/benchmarks/augment/{task}/{split}.tsv"
    wildcard_constraints:
        split=one_of({split for _, split in PLAN.augmented}),
    group:
        "augment"
    threads: 1
    resources:
        **REQUESTS.cpu(
            lambda wildcards: NEEDS.augment(wildcards.task, wildcards.split),
            "augment",
        ),
        in_turn=1,
    params:
        synonyms=lambda wildcards, input: (
            ["--synonyms", *input.synonyms] if input.synonyms else []
        ),
        stage=VERSIONS["augment"],
    message:
        "Copies of {wildcards.task} with synonyms, {wildcards.split}"
    shell:
        "exec xling --log {log:q} augment --split {wildcards.split} --input {input.table:q}"
        " {params.synonyms:q} --output {output.table:q} --summary {output.summary:q}"

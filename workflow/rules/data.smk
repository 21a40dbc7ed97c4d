"""Raw data, prepared tables, tokenised splits.

Inputs: nothing but the study (artificial data) or the folder ``data.root``.
Outputs: ``raw/{task}/manifest.json``, ``prepared/{task}/{split}.parquet`` and ``.json``,
``tokens/{model}/{task}/{split}.arrow`` below ``results/{study}/``.
Wildcards: study, task (``text`` is the pre-training text), split, model.
"""


localrules:
    fetch,


rule fetch:
    """Generate or find a task's raw files and list them with their checksums."""
    input:
        downloads=lambda wildcards: [
            f"resources/data/{key}.json" for key in PLAN.artefacts(wildcards.task)
        ],
    output:
        manifest="results/{study}/raw/{task}/manifest.json",
    log:
        "results/{study}/logs/fetch/{task}.log",
    benchmark:
        "results/{study}/benchmarks/fetch/{task}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(lambda wildcards: NEEDS.fetch(wildcards.task)),
    params:
        data=canonical(STUDY.data.model_dump()),
        uses=lambda wildcards: canonical(PLAN.uses(wildcards.task)),
        stage=VERSIONS["fetch"],
    message:
        "Raw data of {wildcards.task}"
    shell:
        "xling --log {log:q} fetch --task {wildcards.task} --data {params.data:q} --uses {params.uses:q}"
        " --output {output.manifest:q}"


rule prepare:
    """Check a task's files, raw or translated here, and join them into one table per split."""
    input:
        manifest=manifest_of,
    output:
        table="results/{study}/prepared/{task}/{split}.parquet",
        summary="results/{study}/prepared/{task}/{split}.json",
    log:
        "results/{study}/logs/prepare/{task}/{split}.log",
    benchmark:
        "results/{study}/benchmarks/prepare/{task}/{split}.tsv"
    wildcard_constraints:
        split=one_of(files_splits()),
    group:
        prepare_group
    threads: lambda wildcards: PLAN.reading_threads(wildcards.task)
    resources:
        **REQUESTS.cpu(
            lambda wildcards: NEEDS.prepare(wildcards.task, wildcards.split),
            prepare_group,
        ),
        in_turn=1,
    params:
        languages=lambda wildcards: PLAN.split_languages(
            wildcards.task, wildcards.split
        ),
        choice=lambda wildcards: canonical(PLAN.choice(wildcards.task)),
        sizes=lambda wildcards: PLAN.sizes(wildcards.task),
        stage=VERSIONS["prepare"],
    message:
        "Preparing {wildcards.task}, {wildcards.split}"
    shell:
        "exec xling --log {log:q} prepare --task {wildcards.task} --split {wildcards.split}"
        " --languages {params.languages} --choice {params.choice:q}"
        " --threads {threads} --sizes {params.sizes:q} --manifest {input.manifest:q}"
        " --output {output.table:q} --summary {output.summary:q}"


rule tokenize:
    """Encode a prepared split once for all runs of an encoder."""
    input:
        table="results/{study}/prepared/{task}/{split}.parquet",
        summary="results/{study}/prepared/{task}/{split}.json",
        tokenizer="results/{study}/encoders/{model}/tokenizer.json",
    output:
        tokens="results/{study}/tokens/{model}/{task}/{split}.arrow",
    log:
        "results/{study}/logs/tokenize/{model}/{task}/{split}.log",
    benchmark:
        "results/{study}/benchmarks/tokenize/{model}/{task}/{split}.tsv"
    group:
        "tokenize"
    threads: 1
    resources:
        **REQUESTS.cpu(
            lambda wildcards: NEEDS.tokenize(
                wildcards.model, wildcards.task, wildcards.split
            ),
            "tokenize",
        ),
        in_turn=1,
    params:
        reading=lambda wildcards: canonical(PLAN.reading(wildcards.task)),
        stage=VERSIONS["tokenize"],
    message:
        "Tokenising {wildcards.task}, {wildcards.split} for {wildcards.model}"
    shell:
        "exec xling --log {log:q} tokenize --task {wildcards.task} --reading {params.reading:q}"
        " --input {input.table:q} --summary {input.summary:q} --tokenizer {input.tokenizer:q}"
        " --output {output.tokens:q}"

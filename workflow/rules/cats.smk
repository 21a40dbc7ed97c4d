"""Multilingual translation: parallel data, sub-words, fairseq's trainings, hypotheses, scores.

Inputs: nothing but the study (artificial data), the folder ``data.root``, or downloads.
Outputs: ``raw/{benchmark}/manifest.json``, ``prepared/{benchmark}/{direction}/{split}.parquet``,
``subwords/…/note.json``, ``binarized/…/note.json``, ``runs/cats/…/train.json`` with the model
beside it, ``predictions/cats/….parquet``, ``runs/cats/…/record.json``, ``analysis/cats/….json``,
``comparisons/cats.json`` below ``results/{study}/``.
Wildcards: study, benchmark, direction (``m2o`` to English, ``o2m`` from it), split, method, model,
seed.

Checkpoints lie in ``results/{study}/state/``, outside declared outputs, as those of ``train``.
"""

from xling.mt.needs import TranslationNeeds

CATS = PLAN.translation
MT_NEEDS = TranslationNeeds(CATS)


localrules:
    fetch_parallel,
    score_mt,
    compare_mt,


wildcard_constraints:
    benchmark=one_of(CATS.benchmarks),
    direction=one_of({direction for _, direction in CATS.pairs}),


def cats_run(wildcards):
    """The run that a rule's wildcards name."""
    return Run(
        "cats",
        wildcards.method,
        wildcards.model,
        f"{wildcards.benchmark}-{wildcards.direction}",
        int(wildcards.seed),
    )


def cats_gpus(wildcards):
    """GPUs of a training of a translation model."""
    return CATS.resources(cats_run(wildcards)).gpu


def cats_gpu(wildcards):
    """GPUs of a job that runs a trained translation model."""
    return min(1, cats_gpus(wildcards))


def cats_gpu_type(wildcards):
    """The type of GPU that a rule's job asks for."""
    return CATS.resources(cats_run(wildcards)).gpu_type


def cats_threads(wildcards):
    """CPU threads of a job that runs a translation model."""
    return CATS.resources(cats_run(wildcards)).train_threads


def cats_training_group(wildcards):
    """Short trainings share an allocation; others have their own.

    Not one with trainings on tasks: those may learn from what a model translated, and a group must
    not depend on itself.
    """
    short = MT_NEEDS.is_short(cats_run(wildcards), "train_mt")
    return "translators" if short else None


def cats_generation_group(wildcards):
    """Short generations share an allocation; others have their own."""
    return "predictions" if MT_NEEDS.is_short(cats_run(wildcards), "generate") else None


def cats_analysis_group(wildcards):
    """Short analyses share an allocation with generations; others have their own."""
    return (
        "predictions" if MT_NEEDS.is_short(cats_run(wildcards), "analyse_mt") else None
    )


rule fetch_parallel:
    """Write or find the raw files of a translation benchmark and list them with checksums."""
    input:
        downloads=lambda wildcards: [
            f"resources/data/{key}.json" for key in CATS.artefacts(wildcards.benchmark)
        ],
    output:
        manifest="results/{study}/raw/{benchmark}/manifest.json",
    log:
        "results/{study}/logs/fetch_parallel/{benchmark}.log",
    benchmark:
        "results/{study}/benchmarks/fetch_parallel/{benchmark}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(lambda wildcards: MT_NEEDS.fetch_parallel(wildcards.benchmark)),
    params:
        data=canonical(STUDY.data.model_dump()),
        uses=lambda wildcards: canonical(CATS.uses(wildcards.benchmark)),
        stage=VERSIONS["fetch_parallel"],
    message:
        "Raw parallel data of {wildcards.benchmark}"
    shell:
        "xling --log {log:q} fetch-parallel --benchmark {wildcards.benchmark} --data {params.data:q}"
        " --uses {params.uses:q} --output {output.manifest:q}"


rule prepare_parallel:
    """Check and clean one split of a benchmark, in one direction."""
    input:
        manifest="results/{study}/raw/{benchmark}/manifest.json",
    output:
        table="results/{study}/prepared/{benchmark}/{direction}/{split}.parquet",
        summary="results/{study}/prepared/{benchmark}/{direction}/{split}.json",
    log:
        "results/{study}/logs/prepare_parallel/{benchmark}/{direction}/{split}.log",
    benchmark:
        "results/{study}/benchmarks/prepare_parallel/{benchmark}/{direction}/{split}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(
            lambda wildcards: MT_NEEDS.prepare_parallel(
                wildcards.benchmark, wildcards.split
            )
        ),
        in_turn=1,
    params:
        languages=lambda wildcards: CATS.languages_of(wildcards.benchmark),
        choice=lambda wildcards: canonical(CATS.choice(wildcards.benchmark)),
        stage=VERSIONS["prepare_parallel"],
    message:
        "Preparing {wildcards.benchmark}, {wildcards.direction}, {wildcards.split}"
    shell:
        "xling --log {log:q} prepare-parallel --benchmark {wildcards.benchmark} --direction {wildcards.direction}"
        " --split {wildcards.split} --languages {params.languages} --choice {params.choice:q}"
        " --manifest {input.manifest:q} --output {output.table:q} --summary {output.summary:q}"


rule subwords:
    """Learn the sub-words of a benchmark's training text."""
    input:
        train="results/{study}/prepared/{benchmark}/{direction}/train.parquet",
    output:
        source="results/{study}/subwords/{benchmark}/{direction}/source.model",
        target="results/{study}/subwords/{benchmark}/{direction}/target.model",
        note="results/{study}/subwords/{benchmark}/{direction}/note.json",
    log:
        "results/{study}/logs/subwords/{benchmark}/{direction}.log",
    benchmark:
        "results/{study}/benchmarks/subwords/{benchmark}/{direction}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(lambda wildcards: MT_NEEDS.subwords(wildcards.benchmark)),
        in_turn=1,
    params:
        settings=lambda wildcards: canonical(CATS.subwords(wildcards.benchmark)),
        stage=VERSIONS["subwords"],
    message:
        "Sub-words of {wildcards.benchmark}, {wildcards.direction}"
    shell:
        "xling --log {log:q} subwords --settings {params.settings:q} --train {input.train:q}"
        " --output {output.note:q}"


rule binarize:
    """Cut all splits into sub-words and write them as fairseq reads them."""
    input:
        splits=expand(
            "results/{{study}}/prepared/{{benchmark}}/{{direction}}/{split}.parquet",
            split=["train", "dev", "test"],
        ),
        subwords="results/{study}/subwords/{benchmark}/{direction}/note.json",
    output:
        note="results/{study}/binarized/{benchmark}/{direction}/note.json",
    log:
        "results/{study}/logs/binarize/{benchmark}/{direction}.log",
    benchmark:
        "results/{study}/benchmarks/binarize/{benchmark}/{direction}.tsv"
    threads: lambda wildcards: MT_NEEDS.jobs.binarizing_threads(wildcards.benchmark)
    resources:
        **REQUESTS.cpu(lambda wildcards: MT_NEEDS.binarize(wildcards.benchmark)),
        in_turn=1,
    params:
        stage=VERSIONS["binarize"],
    message:
        "Binarising {wildcards.benchmark}, {wildcards.direction}"
    shell:
        "xling --log {log:q} binarize --train {input.splits[0]:q} --dev {input.splits[1]:q}"
        " --test {input.splits[2]:q} --subwords {input.subwords:q} --threads {threads}"
        " --output {output.note:q}"


rule train_mt:
    """Train one system with one seed in fairseq; goes on from its newest checkpoint."""
    input:
        binarized="results/{study}/binarized/{benchmark}/{direction}/note.json",
    output:
        model="results/{study}/runs/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}/model/checkpoint.pt",
        history="results/{study}/runs/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}/history.jsonl",
        note="results/{study}/runs/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}/train.json",
    log:
        "results/{study}/logs/train_mt/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/train_mt/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.tsv"
    group:
        cats_training_group
    threads: cats_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: MT_NEEDS.train_mt(cats_run(wildcards)),
            cats_gpus,
            cats_gpu_type,
            cats_training_group,
        ),
        in_turn=1,
    params:
        settings=lambda wildcards: canonical(
            CATS.settings(cats_run(wildcards)).model_dump()
        ),
        model=lambda wildcards: canonical(CATS.model(cats_run(wildcards)).model_dump()),
        plug_in=lambda wildcards: canonical(
            CATS.plug_in(cats_run(wildcards)).model_dump()
        ),
        temperature=lambda wildcards: CATS.temperature(cats_run(wildcards)),
        state="results/{study}/state/train_mt/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}",
        stage=VERSIONS["train_mt"],
    message:
        "Training {wildcards.method}, {wildcards.model}, {wildcards.benchmark}-{wildcards.direction}, seed {wildcards.seed}"
    shell:
        "exec xling --log {log:q} train-mt --binarized {input.binarized:q} --settings {params.settings:q}"
        " --model {params.model:q} --plug-in {params.plug_in:q} --temperature {params.temperature}"
        " --seed {wildcards.seed} --threads {threads} --gpus {resources.gpu_count} --state {params.state:q}"
        " --output {output.note:q}"


rule generate:
    """Translate the test sets of all languages with one loaded model."""
    input:
        binarized="results/{study}/binarized/{benchmark}/{direction}/note.json",
        test="results/{study}/prepared/{benchmark}/{direction}/test.parquet",
        note="results/{study}/runs/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}/train.json",
    output:
        table="results/{study}/predictions/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.parquet",
        note="results/{study}/predictions/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.json",
    log:
        "results/{study}/logs/generate/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/generate/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.tsv"
    group:
        cats_generation_group
    threads: cats_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: MT_NEEDS.generate(cats_run(wildcards)),
            cats_gpu,
            cats_gpu_type,
            cats_generation_group,
        ),
        in_turn=1,
    params:
        stage=VERSIONS["generate"],
    message:
        "Translating {wildcards.benchmark}-{wildcards.direction} with {wildcards.method}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "exec xling --log {log:q} generate --binarized {input.binarized:q} --test {input.test:q}"
        " --train-note {input.note:q} --threads {threads} --note {output.note:q} --output {output.table:q}"


rule score_mt:
    """Score a run's translations and write its record."""
    input:
        train="results/{study}/runs/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}/train.json",
        table="results/{study}/predictions/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.parquet",
        note="results/{study}/predictions/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.json",
    output:
        record="results/{study}/runs/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}/record.json",
    log:
        "results/{study}/logs/score_mt/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/score_mt/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=30,
    params:
        comparable="--comparable" if STUDY.comparable else "",
        groups=lambda wildcards: canonical(CATS.groups(wildcards.benchmark)),
        stage=VERSIONS["score_mt"],
    message:
        "Scoring {wildcards.benchmark}-{wildcards.direction}, {wildcards.method}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "xling --log {log:q} score-mt --study-name {wildcards.study} {params.comparable} --method {wildcards.method}"
        " --model {wildcards.model} --task {wildcards.benchmark}-{wildcards.direction} --seed {wildcards.seed}"
        " --groups {params.groups:q} --predictions {input.table:q} --predict-note {input.note:q}"
        " --train-note {input.train:q} --output {output.record:q}"


rule analyse_mt:
    """Measure gradients and curvature of a checkpoint, language by language."""
    input:
        binarized="results/{study}/binarized/{benchmark}/{direction}/note.json",
        note="results/{study}/runs/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}/train.json",
    output:
        analysis="results/{study}/analysis/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.json",
    log:
        "results/{study}/logs/analyse_mt/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/analyse_mt/cats/{method}/{model}/{benchmark}-{direction}/seed-{seed}.tsv"
    group:
        cats_analysis_group
    threads: cats_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: MT_NEEDS.analyse_mt(cats_run(wildcards)),
            cats_gpu,
            cats_gpu_type,
            cats_analysis_group,
        ),
        in_turn=1,
    params:
        groups=lambda wildcards: canonical(CATS.groups(wildcards.benchmark)),
        stage=VERSIONS["analyse_mt"],
    message:
        "Analysing {wildcards.benchmark}-{wildcards.direction}, {wildcards.method}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "exec xling --log {log:q} analyse-mt --binarized {input.binarized:q} --train-note {input.note:q}"
        " --groups {params.groups:q} --threads {threads} --output {output.analysis:q}"


rule compare_mt:
    """Test every system of translation against T = 5, sentence by sentence and over seeds."""
    input:
        predictions=[
            f"results/{STUDY.name}/predictions/{run.path}.parquet" for run in CATS.runs
        ],
        records=records_of(CATS.runs),
    output:
        comparison=f"results/{STUDY.name}/comparisons/cats.json",
    log:
        f"results/{STUDY.name}/logs/compare_mt.log",
    benchmark:
        f"results/{STUDY.name}/benchmarks/compare_mt.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=120,
    params:
        study=STUDY_TEXT,
        results=lambda wildcards, output: str(Path(output.comparison).parents[1]),
        stage=VERSIONS["compare_mt"],
    message:
        "Comparing the systems of cats"
    shell:
        "xling --log {log:q} compare-mt --study {params.study:q} --results {params.results:q}"
        " --output {output.comparison:q}"

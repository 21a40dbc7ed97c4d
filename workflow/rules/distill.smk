"""Multilingual distillation: parallel text, teachers, students, their vectors' scores.

Inputs: the study (artificial data), the folder ``data.root``, or downloads; the encoders of
``pretrain`` and the prepared test sets of ``bucc2018`` and ``tatoeba``.
Outputs: ``raw/{dataset}/manifest.json``, ``prepared/sts17/test.parquet``,
``prepared/graded/{graded}/train.parquet``, ``prepared/distill/{selection}/{train,dev}.parquet``,
``teachers/{teacher}/{train,vectors}.json``, ``runs/distill/…/parallel/seed-…/train.json`` with the model
beside it, ``predictions/distill/….parquet``, ``analysis/distill/….npz``,
``runs/distill/…/record.json``, ``comparisons/distill.json`` below ``results/{study}/``.
Wildcards: study, dataset, graded (data of teachers), selection (corpora that students share),
teacher, method (system), model, task, seed.

Vectors of teachers lie in ``results/{study}/vectors/``, checkpoints in ``results/{study}/state/``:
both outlive a failed job.
"""

from xling.distill.needs import DistillNeeds

DISTILL = PLAN.distillation
DISTILL_NEEDS = DistillNeeds(PLAN)


localrules:
    fetch_distill,
    score_sentences,
    compare_sentences,


wildcard_constraints:
    dataset=one_of(DISTILL.datasets),
    graded=one_of(DISTILL.graded),
    selection=one_of(DISTILL.selections),
    teacher=one_of(DISTILL.teachers),
    tested=one_of(DISTILL.tasks),


def distill_run(wildcards):
    """The run that a rule's wildcards name; without a task, the training of a student."""
    return Run(
        "distill",
        wildcards.method,
        wildcards.model,
        getattr(wildcards, "tested", "parallel"),
        int(wildcards.seed),
    )


def distill_gpus(wildcards):
    """GPUs of a training of a student; one process computes."""
    return min(1, DISTILL.resources(distill_run(wildcards)).gpu)


def distill_gpu_type(wildcards):
    """The type of GPU that a rule's job asks for."""
    return DISTILL.resources(distill_run(wildcards)).gpu_type


def distill_threads(wildcards):
    """CPU threads of a job that runs a sentence encoder."""
    return DISTILL.resources(distill_run(wildcards)).train_threads


def distill_training_group(wildcards):
    """Short trainings share an allocation; others have their own."""
    run = distill_run(wildcards)
    return "students" if DISTILL_NEEDS.is_short(run, "train_student") else None


def distill_evaluation_group(wildcards):
    """Short evaluations share an allocation; others have their own."""
    run = distill_run(wildcards)
    short = DISTILL_NEEDS.is_short(run, "evaluate_sentences")
    return "sentences" if short else None


def distill_tests():
    """Prepared test sets that training text is held against."""
    return [
        f"results/{STUDY.name}/prepared/{task}/test.parquet" for task in DISTILL.tasks
    ]


def teacher_options(wildcards, input):
    """Options of a teacher's training; none for one that is given."""
    found = []
    for option, files in (
        ("--pairs", input.pairs),
        ("--encoder", input.encoder),
        ("--published", input.published),
    ):
        found += [option, *files] if files else []
    return found


def evaluated_splits(wildcards):
    """Prepared splits that a system is scored on, by name."""
    return {
        split: f"results/{STUDY.name}/prepared/{wildcards.tested}/{split}.parquet"
        for split in DISTILL.test_splits(wildcards.tested)
    }


rule fetch_distill:
    """Write or find the raw files of STS, graded pairs or a parallel corpus, and list them."""
    input:
        downloads=lambda wildcards: [
            f"resources/data/{key}.json"
            for key in DISTILL.artefacts(wildcards.dataset)
        ],
    output:
        manifest="results/{study}/raw/{dataset}/manifest.json",
    log:
        "results/{study}/logs/fetch_distill/{dataset}.log",
    benchmark:
        "results/{study}/benchmarks/fetch_distill/{dataset}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(lambda wildcards: DISTILL_NEEDS.fetch_distill(wildcards.dataset)),
    params:
        data=canonical(STUDY.data.model_dump()),
        uses=lambda wildcards: canonical(DISTILL.uses(wildcards.dataset)),
        stage=VERSIONS["fetch_distill"],
    message:
        "Raw data of {wildcards.dataset}"
    shell:
        "xling --log {log:q} fetch-distill --dataset {wildcards.dataset} --data {params.data:q}"
        " --uses {params.uses:q} --output {output.manifest:q}"


rule prepare_sts:
    """Check the sentence pairs of STS 2017 and join them into one table."""
    input:
        manifest="results/{study}/raw/sts17/manifest.json",
    output:
        table="results/{study}/prepared/sts17/test.parquet",
        summary="results/{study}/prepared/sts17/test.json",
    log:
        "results/{study}/logs/prepare_sts.log",
    benchmark:
        "results/{study}/benchmarks/prepare_sts.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(lambda wildcards: DISTILL_NEEDS.prepare_sts()),
    params:
        pairs=DISTILL.pairs,
        rows=f"--rows {DISTILL.sts_rows}" if DISTILL.sts_rows else "",
        stage=VERSIONS["prepare_sts"],
    message:
        "Preparing STS 2017"
    shell:
        "xling --log {log:q} prepare-sts --pairs {params.pairs} {params.rows}"
        " --manifest {input.manifest:q} --output {output.table:q} --summary {output.summary:q}"


rule prepare_graded:
    """Check the graded English pairs that teachers learn from; drop what a test set holds."""
    input:
        manifest="results/{study}/raw/graded-{graded}/manifest.json",
        tests=distill_tests(),
    output:
        table="results/{study}/prepared/graded/{graded}/train.parquet",
        summary="results/{study}/prepared/graded/{graded}/train.json",
    log:
        "results/{study}/logs/prepare_graded/{graded}.log",
    benchmark:
        "results/{study}/benchmarks/prepare_graded/{graded}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(lambda wildcards: DISTILL_NEEDS.prepare_graded(wildcards.graded)),
    params:
        stage=VERSIONS["prepare_graded"],
    message:
        "Preparing graded pairs of {wildcards.graded}"
    shell:
        "xling --log {log:q} prepare-graded --data {wildcards.graded} --manifest {input.manifest:q}"
        " --tests {input.tests:q} --output {output.table:q} --summary {output.summary:q}"


rule prepare_distill:
    """Choose, clean and divide the parallel text of some students."""
    input:
        manifests=lambda wildcards: [
            f"results/{STUDY.name}/raw/{DISTILL.dataset(name)}/manifest.json"
            for name in DISTILL.selected(wildcards.selection)
        ],
        tests=distill_tests(),
    output:
        train="results/{study}/prepared/distill/{selection}/train.parquet",
        dev="results/{study}/prepared/distill/{selection}/dev.parquet",
        summary="results/{study}/prepared/distill/{selection}/summary.json",
    log:
        "results/{study}/logs/prepare_distill/{selection}.log",
    benchmark:
        "results/{study}/benchmarks/prepare_distill/{selection}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(
            lambda wildcards: DISTILL_NEEDS.prepare_distill(wildcards.selection)
        ),
        in_turn=1,
    params:
        choice=lambda wildcards: canonical(DISTILL.choice(wildcards.selection)),
        stage=VERSIONS["prepare_distill"],
    message:
        "Preparing the parallel text '{wildcards.selection}'"
    shell:
        "xling --log {log:q} prepare-distill --choice {params.choice:q} --manifest {input.manifests:q}"
        " --tests {input.tests:q} --train {output.train:q} --dev {output.dev:q}"
        " --summary {output.summary:q}"


rule train_teacher:
    """Train a teacher on graded English pairs, or look at one that is given."""
    input:
        pairs=lambda wildcards: [
            f"results/{STUDY.name}/prepared/graded/{one.data}/train.parquet"
            for one in DISTILL.trainings_of(wildcards.teacher)
        ],
        encoder=lambda wildcards: [
            f"results/{STUDY.name}/encoders/{one.encoder}/encoder.json"
            for one in DISTILL.trainings_of(wildcards.teacher)
        ],
        published=lambda wildcards: [
            f"resources/data/{key}.json"
            for key in DISTILL.teacher_keys(wildcards.teacher)
        ],
    output:
        note="results/{study}/teachers/{teacher}/train.json",
    log:
        "results/{study}/logs/train_teacher/{teacher}.log",
    benchmark:
        "results/{study}/benchmarks/train_teacher/{teacher}.tsv"
    threads: DISTILL.teacher_resources.train_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: DISTILL_NEEDS.train_teacher(wildcards.teacher),
            lambda wildcards: min(1, DISTILL.teacher_resources.gpu),
            lambda wildcards: DISTILL.teacher_resources.gpu_type,
        ),
    params:
        teacher=lambda wildcards: canonical(
            DISTILL.teacher(wildcards.teacher).model_dump(exclude={"title"})
        ),
        options=teacher_options,
        state="results/{study}/state/train_teacher/{teacher}",
        stage=VERSIONS["train_teacher"],
    message:
        "Teacher {wildcards.teacher}"
    shell:
        "exec xling --log {log:q} train-teacher --teacher {params.teacher:q} {params.options:q}"
        " --threads {threads} --state {params.state:q} --output {output.note:q}"


rule encode_teacher:
    """Compute a teacher's vectors of all sentences that its students learn."""
    input:
        teacher="results/{study}/teachers/{teacher}/train.json",
        pairs=lambda wildcards: [
            f"results/{STUDY.name}/prepared/distill/{selection}/{part}.parquet"
            for selection in DISTILL.taught_selections(wildcards.teacher)
            for part in ("train", "dev")
        ],
    output:
        note="results/{study}/teachers/{teacher}/vectors.json",
    log:
        "results/{study}/logs/encode_teacher/{teacher}.log",
    benchmark:
        "results/{study}/benchmarks/encode_teacher/{teacher}.tsv"
    threads: DISTILL.teacher_resources.train_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: DISTILL_NEEDS.encode_teacher(wildcards.teacher),
            lambda wildcards: min(1, DISTILL.teacher_resources.gpu),
            lambda wildcards: DISTILL.teacher_resources.gpu_type,
        ),
    params:
        lengths=lambda wildcards: DISTILL.taught_lengths(wildcards.teacher),
        vectors="results/{study}/vectors",
        stage=VERSIONS["encode_teacher"],
    message:
        "Vectors of teacher {wildcards.teacher}"
    shell:
        "exec xling --log {log:q} encode-teacher --teacher {input.teacher:q} --pairs {input.pairs:q}"
        " --max-lengths {params.lengths} --threads {threads} --vectors {params.vectors:q}"
        " --output {output.note:q}"


rule train_student:
    """Train one student with one seed; goes on from its newest checkpoint."""
    input:
        train=lambda wildcards: "results/{study}/prepared/distill/"
        f"{DISTILL.selection(distill_run(wildcards)).name}/train.parquet",
        dev=lambda wildcards: "results/{study}/prepared/distill/"
        f"{DISTILL.selection(distill_run(wildcards)).name}/dev.parquet",
        teacher=lambda wildcards: "results/{study}/teachers/"
        f"{DISTILL.teacher_of(distill_run(wildcards))}/train.json",
        # The store of vectors is shared and outlives failed jobs: it is no rule's output.
        encoded=lambda wildcards: "results/{study}/teachers/"
        f"{DISTILL.teacher_of(distill_run(wildcards))}/vectors.json",
        encoder="results/{study}/encoders/{model}/encoder.json",
    output:
        note="results/{study}/runs/distill/{method}/{model}/parallel/seed-{seed}/train.json",
    log:
        "results/{study}/logs/train_student/distill/{method}/{model}/parallel/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/train_student/distill/{method}/{model}/parallel/seed-{seed}.tsv"
    group:
        distill_training_group
    threads: distill_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: DISTILL_NEEDS.train_student(distill_run(wildcards)),
            distill_gpus,
            distill_gpu_type,
            distill_training_group,
        ),
        in_turn=1,
    params:
        settings=lambda wildcards: canonical(
            DISTILL.settings(distill_run(wildcards)).model_dump()
        ),
        languages=lambda wildcards: DISTILL.languages_of(distill_run(wildcards)),
        vectors="results/{study}/vectors",
        state="results/{study}/state/train_student/distill/{method}/{model}/parallel/seed-{seed}",
        stage=VERSIONS["train_student"],
    message:
        "Distilling {wildcards.method}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "exec xling --log {log:q} train-student --settings {params.settings:q} --seed {wildcards.seed}"
        " --train {input.train:q} --dev {input.dev:q} --teacher {input.teacher:q}"
        " --encoder {input.encoder:q} --languages {params.languages} --vectors {params.vectors:q}"
        " --threads {threads} --state {params.state:q} --output {output.note:q}"


rule evaluate_sentences:
    """Compute the vectors of a task's sentences and what they predict."""
    input:
        unpack(evaluated_splits),
        source=lambda wildcards: DISTILL.source_of(
            distill_run(wildcards), f"results/{STUDY.name}"
        ),
    output:
        table="results/{study}/predictions/distill/{method}/{model}/{tested}/seed-{seed}.parquet",
        note="results/{study}/predictions/distill/{method}/{model}/{tested}/seed-{seed}.json",
    log:
        "results/{study}/logs/evaluate_sentences/distill/{method}/{model}/{tested}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/evaluate_sentences/distill/{method}/{model}/{tested}/seed-{seed}.tsv"
    group:
        distill_evaluation_group
    threads: distill_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: DISTILL_NEEDS.evaluate_sentences(distill_run(wildcards)),
            distill_gpus,
            distill_gpu_type,
            distill_evaluation_group,
        ),
        in_turn=1,
    params:
        system=lambda wildcards: canonical(DISTILL.encoder_of(distill_run(wildcards))),
        source=lambda wildcards, input: (
            f"--source {input.source[0]}" if input.source else ""
        ),
        splits=lambda wildcards: [
            part
            for split, path in evaluated_splits(wildcards).items()
            for part in (f"--{split}", path)
        ],
        space="",
        stage=VERSIONS["evaluate_sentences"],
    message:
        "Evaluating {wildcards.method}, {wildcards.model}, seed {wildcards.seed} on {wildcards.tested}"
    shell:
        "exec xling --log {log:q} evaluate-sentences --task {wildcards.tested} --system {params.system:q}"
        " {params.source} {params.splits:q} {params.space} --threads {threads}"
        " --note {output.note:q} --output {output.table:q}"


# The figure of the sentence space is drawn of what STS is scored with.
use rule evaluate_sentences as evaluate_sts with:
    output:
        table="results/{study}/predictions/distill/{method}/{model}/{tested}/seed-{seed}.parquet",
        note="results/{study}/predictions/distill/{method}/{model}/{tested}/seed-{seed}.json",
        space="results/{study}/analysis/distill/{method}/{model}/{tested}/seed-{seed}.npz",
    wildcard_constraints:
        tested="sts17",
    params:
        system=lambda wildcards: canonical(DISTILL.encoder_of(distill_run(wildcards))),
        source=lambda wildcards, input: (
            f"--source {input.source[0]}" if input.source else ""
        ),
        splits=lambda wildcards: [
            part
            for split, path in evaluated_splits(wildcards).items()
            for part in (f"--{split}", path)
        ],
        space=lambda wildcards, output: f"--space {output.space}",
        stage=VERSIONS["evaluate_sentences"],


ruleorder: evaluate_sts > evaluate_sentences


rule score_sentences:
    """Score a run's predictions and write its record."""
    input:
        train=lambda wildcards: [
            f"results/{STUDY.name}/runs/{one.path}/train.json"
            for one in DISTILL.trainings_for(distill_run(wildcards))
        ],
        table="results/{study}/predictions/distill/{method}/{model}/{tested}/seed-{seed}.parquet",
        note="results/{study}/predictions/distill/{method}/{model}/{tested}/seed-{seed}.json",
    output:
        record="results/{study}/runs/distill/{method}/{model}/{tested}/seed-{seed}/record.json",
    log:
        "results/{study}/logs/score_sentences/distill/{method}/{model}/{tested}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/score_sentences/distill/{method}/{model}/{tested}/seed-{seed}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=30,
    params:
        comparable="--comparable" if STUDY.comparable else "",
        train=lambda wildcards, input: (
            ["--train-note", *input.train] if input.train else []
        ),
        stage=VERSIONS["score_sentences"],
    message:
        "Scoring {wildcards.method}, {wildcards.model}, seed {wildcards.seed} on {wildcards.tested}"
    shell:
        "xling --log {log:q} score-sentences --study-name {wildcards.study} {params.comparable}"
        " --method {wildcards.method} --model {wildcards.model} --task {wildcards.tested}"
        " --seed {wildcards.seed} --predictions {input.table:q} --predict-note {input.note:q}"
        " {params.train:q} --output {output.record:q}"


rule compare_sentences:
    """Test students against their encoders, teachers and each other."""
    input:
        predictions=[
            f"results/{STUDY.name}/predictions/{run.path}.parquet"
            for run in distilled_pairs(DISTILL)
        ],
        records=records_of(distilled_pairs(DISTILL)),
    output:
        comparison=f"results/{STUDY.name}/comparisons/distill.json",
    log:
        f"results/{STUDY.name}/logs/compare_sentences.log",
    benchmark:
        f"results/{STUDY.name}/benchmarks/compare_sentences.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=120,
    params:
        study=STUDY_TEXT,
        results=lambda wildcards, output: str(Path(output.comparison).parents[1]),
        stage=VERSIONS["compare_sentences"],
    message:
        "Comparing the systems of distill"
    shell:
        "xling --log {log:q} compare-sentences --study {params.study:q} --results {params.results:q}"
        " --output {output.comparison:q}"

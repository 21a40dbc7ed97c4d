"""Encoders, soft labels, fine-tuning, prediction, analysis.

Inputs: prepared text (encoders from scratch), tokenised splits.
Outputs: ``encoders/{model}/encoder.json``, ``labels/….arrow``, ``runs/…/train.json`` with the model
beside it, ``predictions/….parquet``, ``analysis/….npz`` below ``results/{study}/``.
Wildcards: study, paper, method, model, task, seed.

Checkpoints lie in ``results/{study}/state/``, outside declared outputs: Snakemake deletes the
outputs of a failed job, and a checkpoint must outlive it.
"""


rule pretrain:
    """Pre-train a small encoder on the study's text, or check the encoder in a given folder."""
    input:
        text=lambda wildcards: (
            ["results/{study}/prepared/text/text.parquet"]
            if PLAN.needs_text(wildcards.model)
            else []
        ),
    output:
        encoder="results/{study}/encoders/{model}/encoder.json",
        tokenizer="results/{study}/encoders/{model}/tokenizer.json",
    log:
        "results/{study}/logs/pretrain/{model}.log",
    benchmark:
        "results/{study}/benchmarks/pretrain/{model}.tsv"
    threads: STUDY.resources.pretrain_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: NEEDS.pretrain(wildcards.model), pretrain_gpus, gpu_type
        ),
    params:
        settings=lambda wildcards: canonical(
            STUDY.encoders[wildcards.model].model_dump()
        ),
        positions=PLAN.positions,
        text=lambda wildcards, input: f"--text {input.text[0]}" if input.text else "",
        state="results/{study}/state/pretrain/{model}",
        stage=VERSIONS["pretrain"],
    message:
        "Encoder {wildcards.model}"
    shell:
        "exec xling --log {log:q} pretrain --encoder {params.settings:q} --positions {params.positions} {params.text}"
        " --threads {threads} --state {params.state:q} --tokenizer {output.tokenizer:q}"
        " --output {output.encoder:q}"


rule label:
    """Label the words of translations with a teacher's probabilities, for trainings on them."""
    input:
        note=lambda wildcards: train_note(run_of(wildcards)),
        tokens=lambda wildcards: tokens_of(
            run_of(wildcards), [PLAN.labelled_part(run_of(wildcards))]
        ),
    output:
        labels="results/{study}/labels/{paper}/{method}/{model}/{task}/seed-{seed}.arrow",
    log:
        "results/{study}/logs/label/{paper}/{method}/{model}/{task}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/label/{paper}/{method}/{model}/{task}/seed-{seed}.tsv"
    group:
        label_group
    threads: lambda wildcards: PLAN.resources(run_of(wildcards)).train_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: NEEDS.label(run_of(wildcards)),
            predict_gpus,
            gpu_type,
            label_group,
        ),
        in_turn=1,
    params:
        languages=lambda wildcards: labelled_languages(
            PLAN.labelled_part(run_of(wildcards))
        ),
        eval_batch_tokens=STUDY.resources.eval_batch_tokens,
        stage=VERSIONS["label"],
    message:
        "Labelling {wildcards.task} with {wildcards.method}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "exec xling --log {log:q} label --task {wildcards.task} --train-note {input.note:q}"
        " --tokens {input.tokens:q} --languages {params.languages} --threads {threads}"
        " --eval-batch-tokens {params.eval_batch_tokens} --output {output.labels:q}"


rule train:
    """Fine-tune one method with one seed; goes on from its newest checkpoint."""
    input:
        encoder="results/{study}/encoders/{model}/encoder.json",
        train=lambda wildcards: tokens_of(
            run_of(wildcards), PLAN.train_splits(run_of(wildcards))
        ),
        dev=lambda wildcards: [
            *tokens_of(run_of(wildcards), PLAN.dev_splits(run_of(wildcards))),
            *prepared_of(PLAN.dev_splits(run_of(wildcards))),
        ],
        originals=lambda wildcards: tokens_of(
            run_of(wildcards), PLAN.english_splits(run_of(wildcards))[0]
        ),
        returned=lambda wildcards: tokens_of(
            run_of(wildcards), PLAN.english_splits(run_of(wildcards))[1]
        ),
        labels=lambda wildcards: labels_of(run_of(wildcards)),
    output:
        weights="results/{study}/runs/{paper}/{method}/{model}/{task}/seed-{seed}/model/model.safetensors",
        note="results/{study}/runs/{paper}/{method}/{model}/{task}/seed-{seed}/train.json",
    log:
        "results/{study}/logs/train/{paper}/{method}/{model}/{task}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/train/{paper}/{method}/{model}/{task}/seed-{seed}.tsv"
    group:
        train_group
    threads: lambda wildcards: PLAN.resources(run_of(wildcards)).train_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: NEEDS.train(run_of(wildcards)),
            train_gpus,
            gpu_type,
            train_group,
        ),
        in_turn=1,
    params:
        settings=lambda wildcards: training_settings(run_of(wildcards)),
        languages=lambda wildcards: PLAN.train_languages(run_of(wildcards)),
        dev=lambda wildcards, input: ["--dev", *input.dev] if input.dev else [],
        english=lambda wildcards, input: english_sides(input),
        decoding=lambda wildcards: canonical(PLAN.decoding(wildcards.task)),
        method=lambda wildcards: PLAN.method(wildcards.method).base,
        state="results/{study}/state/train/{paper}/{method}/{model}/{task}/seed-{seed}",
        eval_batch_tokens=STUDY.resources.eval_batch_tokens,
        stage=VERSIONS["train"],
    message:
        "Training {wildcards.method}, {wildcards.model}, {wildcards.task}, seed {wildcards.seed}"
    shell:
        "exec xling --log {log:q} train --task {wildcards.task} --method {params.method} --seed {wildcards.seed}"
        " --settings {params.settings:q} --encoder {input.encoder:q} --train {input.train:q}"
        " --languages {params.languages} {params.dev:q} {params.english:q} --decoding {params.decoding:q}"
        " --threads {threads} --gpus {resources.gpu_count} --eval-batch-tokens"
        " {params.eval_batch_tokens} --state {params.state:q} --output {output.note:q}"


rule predict:
    """Predict all test rows of all languages with one loaded model."""
    input:
        note=lambda wildcards: train_note(run_of(wildcards))
        or ["results/{study}/encoders/{model}/encoder.json"],
        tokens=lambda wildcards: tokens_of(run_of(wildcards), tested(run_of(wildcards))),
        tables=lambda wildcards: prepared_of(tested(run_of(wildcards))),
        english=lambda wildcards: list(english_tests(run_of(wildcards)).values()),
        tokenizer=lambda wildcards: (
            ["results/{study}/encoders/{model}/tokenizer.json"]
            if PLAN.pairs(run_of(wildcards))
            else []
        ),
    output:
        table="results/{study}/predictions/{paper}/{method}/{model}/{task}/seed-{seed}.parquet",
        note="results/{study}/predictions/{paper}/{method}/{model}/{task}/seed-{seed}.json",
    log:
        "results/{study}/logs/predict/{paper}/{method}/{model}/{task}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/predict/{paper}/{method}/{model}/{task}/seed-{seed}.tsv"
    group:
        predict_group
    threads: lambda wildcards: PLAN.resources(run_of(wildcards)).train_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: NEEDS.predict(run_of(wildcards)),
            predict_gpus,
            gpu_type,
            predict_group,
        ),
        in_turn=1,
    params:
        model=lambda wildcards: (
            "--train-note" if PLAN.trains(run_of(wildcards)) else "--encoder"
        ),
        splits=lambda wildcards: PLAN.test_splits(run_of(wildcards)),
        languages=lambda wildcards: PLAN.languages(run_of(wildcards)),
        reading=lambda wildcards: reading_options(run_of(wildcards)),
        decoding=lambda wildcards: canonical(PLAN.decoding(wildcards.task)),
        eval_batch_tokens=STUDY.resources.eval_batch_tokens,
        stage=VERSIONS["predict"],
    message:
        "Predicting {wildcards.task} with {wildcards.method}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "exec xling --log {log:q} predict --task {wildcards.task} {params.model} {input.note:q}"
        " --splits {params.splits} --tokens {input.tokens:q} --tables {input.tables:q}"
        " --languages {params.languages} {params.reading:q}"
        " --decoding {params.decoding:q} --threads {threads}"
        " --eval-batch-tokens {params.eval_batch_tokens} --note {output.note:q}"
        " --output {output.table:q}"


rule analyse:
    """Compare the languages of a parallel test set as one model represents them."""
    input:
        note=lambda wildcards: train_note(run_of(wildcards)),
        tokens=lambda wildcards: tokens_of(run_of(wildcards), tested(run_of(wildcards))),
        english=lambda wildcards: list(english_tests(run_of(wildcards)).values()),
    output:
        analysis="results/{study}/analysis/{paper}/{method}/{model}/{task}/seed-{seed}.npz",
        note="results/{study}/analysis/{paper}/{method}/{model}/{task}/seed-{seed}.json",
    log:
        "results/{study}/logs/analyse/{paper}/{method}/{model}/{task}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/analyse/{paper}/{method}/{model}/{task}/seed-{seed}.tsv"
    group:
        analyse_group
    threads: lambda wildcards: PLAN.resources(run_of(wildcards)).train_threads
    resources:
        **REQUESTS.model(
            lambda wildcards: NEEDS.analyse(run_of(wildcards)),
            predict_gpus,
            gpu_type,
            analyse_group,
        ),
        in_turn=1,
    params:
        languages=lambda wildcards: PLAN.languages(run_of(wildcards)),
        english=lambda wildcards: english_test_options(run_of(wildcards)),
        eval_batch_tokens=STUDY.resources.eval_batch_tokens,
        stage=VERSIONS["analyse"],
    message:
        "Analysing {wildcards.task}, {wildcards.method}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "exec xling --log {log:q} analyse --task {wildcards.task} --train-note {input.note:q}"
        " --tokens {input.tokens:q} --languages {params.languages} {params.english:q}"
        " --threads {threads} --eval-batch-tokens {params.eval_batch_tokens} --note {output.note:q}"
        " --output {output.analysis:q}"

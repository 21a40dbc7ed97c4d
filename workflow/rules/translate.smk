"""Translations of our own: models, lists of sentences, shards, files, their quality.

Inputs: prepared tables, trained translation models or folders of published ones.
Outputs: ``engines/{engine}/{part}/converted.json`` with the model beside it,
``translated/{engine}/{task}/{turn}.parquet`` (a list of sentences),
``translated/{engine}/{task}/{turn}/shard-{shard}.json``, ``…/{turn}/manifest.json`` and
``products.json`` with the files beside them, ``translated/{engine}/{task}/quality.json``,
``translated/{engine}/projection.json``, ``tables/translations/`` below ``results/{study}/``.
Wildcards: study, engine, part (a model of an engine: ``all``, ``from``, ``to``, ``en-de``), task,
turn (``there``, and ``back`` for what was translated before), shard.

Translations lie in ``resources/translations/``, which studies share: a job that is killed loses its
last batch alone.  Rule ``prepare`` reads the files as it reads published ones.
"""

from xling.comparison import translations as translation_comparisons
from xling.translations_costs import TranslationsNeeds

OWN = PLAN.translations
OWN_NEEDS = TranslationsNeeds(PLAN)
STORE = "resources/translations"


localrules:
    list_projection,
    compare_translations,
    tabulate_translations,


wildcard_constraints:
    engine=one_of(OWN.engines),
    part=one_of({part for _, part in OWN.converted}),
    turn="there|back",
    listed=one_of({task for _, task, _ in OWN.lists}),
    shard=r"\d+",


def trained_model(wildcards):
    """The run whose model is converted, as a list; empty for a model that is given."""
    run = OWN.trained_run(wildcards.engine, wildcards.part)
    return [] if run is None else [run]


def binarized_of(run):
    """What the data of a run of a translation model is noted in."""
    benchmark, direction = PLAN.translation.benchmark(run), PLAN.translation.direction(
        run
    )
    return f"results/{STUDY.name}/binarized/{benchmark}/{direction}/note.json"


def given_model(wildcards, input):
    """Options that say which model is converted."""
    if input.train:
        return ["--train-note", *input.train, "--binarized", *input.binarized]
    return ["--model", OWN.source(wildcards.engine, wildcards.part)]


def converted_models(wildcards):
    """Converted models of an engine."""
    return [
        f"results/{STUDY.name}/{OWN.converted_path(wildcards.engine, part)}"
        for part in OWN.parts(wildcards.engine)
    ]


def model_options(wildcards):
    """Options that say where an engine's models are, by direction."""
    here = f"results/{STUDY.name}/" if OWN.parts(wildcards.engine) else ""
    folders = OWN.folders(wildcards.engine).items()
    return [
        *(["--model"] if folders else []),
        *(f"{way}={here}{folder}" for way, folder in folders),
    ]


def languages_option(wildcards):
    """The artificial languages, for the engine that knows them."""
    generated = OWN.engine(wildcards.engine).kind == "artificial"
    return ["--artificial", canonical(OWN.artificial.model_dump())] if generated else []


def work_of(engine, task, turn):
    """What is made of a task in a round, as text."""
    return canonical(
        {
            "task": task,
            "round": turn,
            "uses": OWN.uses(engine, task),
            "settings": OWN.products.model_dump(),
        }
    )


def prepared_files(task, splits):
    """Prepared tables, given by the names that a stage calls them."""
    return [
        f"results/{STUDY.name}/prepared/{task}/{one}.parquet" for one in splits.values()
    ]


def named_files(splits, files):
    """The same as options."""
    return [f"{name}={path}" for name, path in zip(splits, files, strict=True)]


def shard_notes(engine, task, turn):
    """Notes of the jobs that translate a list."""
    folder = f"results/{STUDY.name}/translated/{engine}/{task}/{turn}"
    return [f"{folder}/shard-{number}.json" for number in OWN.shards]


def aligner_of(needed):
    """The encoder that aligns words, where some are."""
    return (
        [f"results/{STUDY.name}/encoders/{OWN.aligner}/encoder.json"] if needed else []
    )


def base_manifest(wildcards):
    """The list of files that a round adds to."""
    if wildcards.turn == "back":
        return f"results/{STUDY.name}/translated/{wildcards.engine}/{wildcards.task}/there/manifest.json"
    return f"results/{STUDY.name}/raw/{wildcards.task}/manifest.json"


def product_notes(engine, task):
    """What is said of the files of both rounds."""
    folder = f"results/{STUDY.name}/translated/{engine}/{task}"
    return [f"{folder}/{turn}/products.json" for turn in OWN.rounds(engine, task)]


def probe_of(engine):
    """Artificial sentences on which the projection of labels is measured, as text."""
    return canonical(
        {
            "artificial": OWN.artificial.model_dump(),
            "languages": OWN.languages(engine),
            "count": OWN.part.probe,
            "marker": OWN.products.labels.marker,
        }
    )


rule convert_engine:
    """Convert a translation model for CTranslate2."""
    input:
        train=lambda wildcards: [
            f"results/{STUDY.name}/runs/{run.path}/train.json"
            for run in trained_model(wildcards)
        ],
        binarized=lambda wildcards: list(map(binarized_of, trained_model(wildcards))),
    output:
        note="results/{study}/engines/{engine}/{part}/converted.json",
    log:
        "results/{study}/logs/convert_engine/{engine}/{part}.log",
    benchmark:
        "results/{study}/benchmarks/convert_engine/{engine}/{part}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(lambda wildcards: OWN_NEEDS.convert_engine(wildcards.engine)),
    params:
        family=lambda wildcards: OWN.engine(wildcards.engine).family,
        origin=lambda wildcards: canonical(OWN.origin(wildcards.engine, wildcards.part)),
        given=given_model,
        stage=VERSIONS["convert_engine"],
    message:
        "Converting {wildcards.engine}, {wildcards.part}"
    shell:
        "xling --log {log:q} convert-engine --family {params.family} --origin {params.origin:q}"
        " {params.given:q} --output {output.note:q}"


rule list_sentences:
    """List the sentences of a task that are to be translated, each once."""
    input:
        prepared=lambda wildcards: prepared_files(
            wildcards.task,
            OWN.prepared(wildcards.engine, wildcards.task, wildcards.turn),
        ),
    output:
        sentences="results/{study}/translated/{engine}/{task}/{turn}.parquet",
    log:
        "results/{study}/logs/list_sentences/{engine}/{task}/{turn}.log",
    benchmark:
        "results/{study}/benchmarks/list_sentences/{engine}/{task}/{turn}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(
            lambda wildcards: OWN_NEEDS.list_sentences(
                wildcards.engine, wildcards.task, wildcards.turn
            )
        ),
        in_turn=1,
    params:
        work=lambda wildcards: work_of(wildcards.engine, wildcards.task, wildcards.turn),
        prepared=lambda wildcards, input: named_files(
            OWN.prepared(wildcards.engine, wildcards.task, wildcards.turn),
            input.prepared,
        ),
        stage=VERSIONS["list_sentences"],
    message:
        "Sentences of {wildcards.task} for {wildcards.engine}, {wildcards.turn}"
    shell:
        "xling --log {log:q} list-sentences --work {params.work:q} --prepared {params.prepared:q}"
        " --output {output.sentences:q}"


rule translate_shard:
    """Translate one job's part of a list; what the store has is not translated again."""
    input:
        sentences="results/{study}/translated/{engine}/{listed}/{turn}.parquet",
        models=converted_models,
    output:
        note="results/{study}/translated/{engine}/{listed}/{turn}/shard-{shard}.json",
    log:
        "results/{study}/logs/translate_shard/{engine}/{listed}/{turn}/shard-{shard}.log",
    benchmark:
        "results/{study}/benchmarks/translate_shard/{engine}/{listed}/{turn}/shard-{shard}.tsv"
    threads: OWN.part.machine.threads
    resources:
        **REQUESTS.model(
            lambda wildcards: OWN_NEEDS.translate_shard(
                wildcards.engine, wildcards.listed, wildcards.turn
            ),
            lambda wildcards: OWN_NEEDS.costs.gpus(wildcards.engine),
            lambda wildcards: STUDY.resources.gpu_type,
        ),
        in_turn=1,
    params:
        engine=lambda wildcards: canonical(OWN.settings(wildcards.engine)),
        models=model_options,
        machine=canonical(OWN.part.machine.model_dump()),
        artificial=languages_option,
        shards=OWN.part.shards,
        store=STORE,
        stage=VERSIONS["translate_shard"],
    message:
        "Translating {wildcards.listed}, {wildcards.turn}, with {wildcards.engine}: shard {wildcards.shard}"
    shell:
        "exec xling --log {log:q} translate-shard --engine {params.engine:q} {params.models:q}"
        " --machine {params.machine:q} {params.artificial:q} --lists {input.sentences:q}"
        " --number {wildcards.shard} --count {params.shards} --store {params.store:q}"
        " --output {output.note:q}"


rule build_products:
    """Write the translated files of a task, in the layout of published ones."""
    input:
        prepared=lambda wildcards: prepared_files(
            wildcards.task,
            OWN.prepared(wildcards.engine, wildcards.task, wildcards.turn),
        ),
        notes=lambda wildcards: shard_notes(
            wildcards.engine, wildcards.task, wildcards.turn
        ),
        base=base_manifest,
        encoder=lambda wildcards: aligner_of(
            OWN.aligns(wildcards.engine, wildcards.task)
        ),
    output:
        manifest="results/{study}/translated/{engine}/{task}/{turn}/manifest.json",
        products="results/{study}/translated/{engine}/{task}/{turn}/products.json",
    log:
        "results/{study}/logs/build_products/{engine}/{task}/{turn}.log",
    benchmark:
        "results/{study}/benchmarks/build_products/{engine}/{task}/{turn}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(
            lambda wildcards: OWN_NEEDS.build_products(
                wildcards.engine, wildcards.task, wildcards.turn
            )
        ),
        in_turn=1,
    params:
        work=lambda wildcards: work_of(wildcards.engine, wildcards.task, wildcards.turn),
        prepared=lambda wildcards, input: named_files(
            OWN.prepared(wildcards.engine, wildcards.task, wildcards.turn),
            input.prepared,
        ),
        encoder=lambda wildcards, input: (
            ["--encoder", *input.encoder] if input.encoder else []
        ),
        store=STORE,
        stage=VERSIONS["build_products"],
    message:
        "Translations of {wildcards.task} by {wildcards.engine}, {wildcards.turn}"
    shell:
        "xling --log {log:q} build-products --work {params.work:q} --prepared {params.prepared:q}"
        " --notes {input.notes:q} --store {params.store:q} --base {input.base:q}"
        " {params.encoder:q} --output {output.manifest:q}"


rule measure_quality:
    """Compare an engine's translations of a task with their sources, people's and exact ones."""
    input:
        prepared=lambda wildcards: prepared_files(
            wildcards.task, OWN.measured(wildcards.engine, wildcards.task)
        ),
        exact=lambda wildcards: prepared_files(
            wildcards.task, OWN.exact(wildcards.engine, wildcards.task)
        ),
        products=lambda wildcards: product_notes(wildcards.engine, wildcards.task),
        notes=lambda wildcards: [
            path
            for turn in ("there", "back")
            for path in shard_notes(wildcards.engine, wildcards.task, turn)
        ],
    output:
        quality="results/{study}/translated/{engine}/{task}/quality.json",
    log:
        "results/{study}/logs/measure_quality/{engine}/{task}.log",
    benchmark:
        "results/{study}/benchmarks/measure_quality/{engine}/{task}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(
            lambda wildcards: OWN_NEEDS.measure_quality(
                wildcards.engine, wildcards.task
            )
        ),
        in_turn=1,
    params:
        work=lambda wildcards: work_of(wildcards.engine, wildcards.task, "back"),
        prepared=lambda wildcards, input: named_files(
            OWN.measured(wildcards.engine, wildcards.task), input.prepared
        ),
        exact=lambda wildcards, input: (
            [
                "--exact",
                *named_files(OWN.exact(wildcards.engine, wildcards.task), input.exact),
            ]
            if input.exact
            else []
        ),
        store=STORE,
        stage=VERSIONS["measure_quality"],
    message:
        "Quality of {wildcards.task} by {wildcards.engine}"
    shell:
        "xling --log {log:q} measure-quality --work {params.work:q} --prepared {params.prepared:q}"
        " --products {input.products:q} --notes {input.notes:q} --store {params.store:q}"
        " {params.exact:q} --output {output.quality:q}"


rule label_own:
    """Label the words of our own translations, as ``label`` does those of published ones."""
    input:
        note=lambda wildcards: train_note(run_of(wildcards)),
        tokens=lambda wildcards: tokens_of(
            run_of(wildcards),
            [PLAN.labelled_part(run_of(wildcards), wildcards.split)],
        ),
    output:
        labels="results/{study}/labels/{paper}/{method}/{model}/{task}/{split}/seed-{seed}.arrow",
    log:
        "results/{study}/logs/label/{paper}/{method}/{model}/{task}/{split}/seed-{seed}.log",
    benchmark:
        "results/{study}/benchmarks/label/{paper}/{method}/{model}/{task}/{split}/seed-{seed}.tsv"
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
            PLAN.labelled_part(run_of(wildcards), wildcards.split)
        ),
        eval_batch_tokens=STUDY.resources.eval_batch_tokens,
        stage=VERSIONS["label"],
    message:
        "Labelling {wildcards.task}, {wildcards.split}, with {wildcards.method}, {wildcards.model}, seed {wildcards.seed}"
    shell:
        "exec xling --log {log:q} label --task {wildcards.task} --train-note {input.note:q}"
        " --tokens {input.tokens:q} --languages {params.languages} --threads {threads}"
        " --eval-batch-tokens {params.eval_batch_tokens} --output {output.labels:q}"


rule list_projection:
    """List artificial sentences with known labels, without and with markers."""
    output:
        sentences="results/{study}/translated/{engine}/projection/there.parquet",
    log:
        "results/{study}/logs/list_projection/{engine}.log",
    benchmark:
        "results/{study}/benchmarks/list_projection/{engine}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        probe=lambda wildcards: probe_of(wildcards.engine),
        stage=VERSIONS["list_projection"],
    message:
        "Sentences with known labels for {wildcards.engine}"
    shell:
        "xling --log {log:q} list-projection --probe {params.probe:q}"
        " --output {output.sentences:q}"


rule measure_projection:
    """Measure markers and word alignment against the labels that the generator knows."""
    input:
        notes=lambda wildcards: shard_notes(wildcards.engine, "projection", "there"),
        encoder=aligner_of(OWN.aligner),
    output:
        projection="results/{study}/translated/{engine}/projection.json",
    log:
        "results/{study}/logs/measure_projection/{engine}.log",
    benchmark:
        "results/{study}/benchmarks/measure_projection/{engine}.tsv"
    threads: 1
    resources:
        **REQUESTS.cpu(lambda wildcards: OWN_NEEDS.measure_projection(wildcards.engine)),
    params:
        probe=lambda wildcards: probe_of(wildcards.engine),
        encoder=lambda wildcards, input: (
            [
                "--encoder",
                *input.encoder,
                "--settings",
                canonical(OWN.products.model_dump()),
            ]
            if input.encoder
            else []
        ),
        store=STORE,
        stage=VERSIONS["measure_projection"],
    message:
        "Label projection with {wildcards.engine}"
    shell:
        "xling --log {log:q} measure-projection --probe {params.probe:q} {params.encoder:q}"
        " --notes {input.notes:q} --store {params.store:q} --output {output.projection:q}"


rule compare_translations:
    """Test a paper's methods with translations of several sources against each other."""
    input:
        predictions=lambda wildcards: [
            f"results/{STUDY.name}/predictions/{run.path}.parquet"
            for run in translation_comparisons.compared_runs(PLAN, wildcards.paper)
        ],
    output:
        comparison="results/{study}/comparisons/translations-{paper}.json",
    log:
        "results/{study}/logs/compare_translations/{paper}.log",
    benchmark:
        "results/{study}/benchmarks/compare_translations/{paper}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=60,
    params:
        study=STUDY_TEXT,
        results=lambda wildcards, output: str(Path(output.comparison).parents[1]),
        stage=VERSIONS["compare_translations"],
    message:
        "Comparing the translations that systems of {wildcards.paper} read"
    shell:
        "xling --log {log:q} compare-translations --study {params.study:q}"
        " --results {params.results:q} --paper {wildcards.paper} --output {output.comparison:q}"


rule tabulate_translations:
    """Tables of the quality of translations, of labels, of what they are worth; its figure."""
    input:
        qualities=[
            f"results/{STUDY.name}/{OWN.quality_path(*part)}" for part in OWN.qualities
        ],
        projections=[
            f"results/{STUDY.name}/{OWN.projection_path(engine)}"
            for engine in OWN.projections
        ],
        comparisons=[
            f"results/{STUDY.name}/comparisons/translations-{paper}.json"
            for paper in translation_comparisons.compared_papers(PLAN)
        ],
        records=records_of(translation_sheets.shown_runs(PLAN)),
    output:
        tables=translation_tables(),
        figures=translation_figures(),
    log:
        f"results/{STUDY.name}/logs/tabulate_translations.log",
    benchmark:
        f"results/{STUDY.name}/benchmarks/tabulate_translations.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=10,
    params:
        study=STUDY_TEXT,
        results=f"results/{STUDY.name}",
        stage=VERSIONS["tabulate_translations"],
    message:
        "Tables and figure of translations"
    shell:
        "xling --log {log:q} tabulate-translations --study {params.study:q}"
        " --results {params.results:q}"

"""Published data sets, one job per artefact of ``config/datasets.csv``.

Inputs: none; the network.
Outputs: ``resources/data/{key}.json``, the note of a download, written last; the files lie in
``resources/data/{key}/``, which is no output, so that a failed job does not delete it.
Wildcards: key.
"""

from xling.data.registry import artefacts

REGISTRY = artefacts()


localrules:
    download,


wildcard_constraints:
    key=one_of(REGISTRY),


rule download:
    """Fetch an artefact, verify and unpack it (on the machine that runs snakemake)."""
    output:
        note="resources/data/{key}.json",
    log:
        "resources/logs/download/{key}.log",
    benchmark:
        "resources/benchmarks/download/{key}.tsv"
    retries: 2
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=240,
        downloads=1,
    params:
        artefact=lambda wildcards: canonical(REGISTRY[wildcards.key].identity()),
        stage=VERSIONS["download"],
    message:
        "Downloading {wildcards.key}"
    shell:
        # All jobs have HF_HUB_OFFLINE=1; this one may use the network unless the user said otherwise.
        "HF_HUB_OFFLINE=${{XLING_OFFLINE:-0}}"
        " exec xling --log {log:q} fetch --dataset {wildcards.key} --base resources/data"

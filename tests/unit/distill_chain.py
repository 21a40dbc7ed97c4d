# SPDX-License-Identifier: Apache-2.0
"""A small study of distillation made by its verbs: artificial languages, a tiny encoder."""

import json

import pyarrow.parquet as pq

from conftest import scratch
from xling.cli import main
from xling.config.study import Artificial
from xling.distill.model_notes import folder_of

STEPS = 12
PAIRS = ["en-en", "qaa-qaa", "en-qaa"]
SIZES = {"graded": 60, "sts": 20, "talks": {"qaa": 60, "qab": 50}, "mined": {"qaa": 40}}
ARTIFICIAL = Artificial.model_validate(
    {
        "seed": 1,
        "source_text_share": 0.5,
        "text_documents": 20,
        "noise": 0.1,
        "languages": {
            "qaa": {"word_order": "SVO", "text_share": 0.3},
            "qab": {"word_order": "SOV", "text_share": 0.2},
        },
        "sizes": {"tatoeba": {"test": 12}, "bucc2018": {"dev": 6, "test": 6}},
    }
)
DATA = json.dumps({"source": "artificial", "artificial": ARTIFICIAL.model_dump()})
GUARD = {"least_spread": 0.0, "least_teacher_spread": 0.0}
SETTINGS = {
    "max_steps": STEPS,
    "batch_size": 16,
    "max_length": 32,
    "learning_rate": 5e-3,
    "evaluate_every": 4,
    "checkpoint_every": 3,
    "guard": GUARD,
}
TRAINING = {"epochs": 1.0, "batch_size": 16, "learning_rate": 5e-3, "max_length": 32}
TRAINED = {"source": "trained", "encoder": "tiny", "data": "stsbenchmark", "training": TRAINING}


def run(*arguments):
    """Run a verb that must succeed."""
    assert main([str(one) for one in arguments]) == 0


def fetch(folder, dataset, kind, name="", languages=()):
    uses = {"kind": kind, "name": name, "languages": list(languages), "sizes": SIZES}
    file = folder / "raw" / dataset / "manifest.json"
    run(
        *("fetch-distill", "--dataset", dataset, "--data", DATA),
        *("--uses", json.dumps(uses), "--output", file),
    )
    return file


def prepare_retrieval(folder, task, split):
    raw, own = folder / "raw" / task / "manifest.json", folder / "prepared" / task
    if not raw.exists():
        splits = {"test": ["qaa", "qab"], **({"dev": ["qaa", "qab"]} if split == "dev" else {})}
        uses = {"languages": ["qaa", "qab"], "train_split": "train", "test_split": "test"}
        uses |= {"splits": splits}
        run(*("fetch", "--task", task, "--data", DATA, "--uses", json.dumps(uses)), "--output", raw)
    sizes = ARTIFICIAL.sizes[task].model_dump_json()
    run(
        *("prepare", "--task", task, "--split", split, "--languages", "qaa", "qab"),
        *("--sizes", sizes, "--choice", "{}", "--manifest", raw),
        *("--output", own / f"{split}.parquet", "--summary", own / f"{split}.json"),
    )


def write_encoder(folder):
    """Write an untrained encoder whose sub-words are those of the parallel text."""
    import torch

    from xling.encoders.encoder import describe, write_note
    from xling.encoders.pretrain import new_model
    from xling.encoders.tokenizer import build_tokenizer

    table = pq.read_table(folder / "prepared" / "distill" / "all" / "train.parquet")
    texts = [*table["source"].to_pylist(), *table["target"].to_pylist()]
    tokenizer = build_tokenizer("xlm-roberta", texts, 300, 48)
    torch.manual_seed(1)
    own = folder / "encoders" / "tiny"
    new_model(scratch("xlm-roberta"), tokenizer, 48).save_pretrained(own / "model")
    tokenizer.save_pretrained(own / "model")
    write_note(own / "encoder.json", describe(own / "model", "model", precision="fp32", origin=""))


def make(folder):
    """Make all up to the teacher."""
    sts = fetch(folder, "sts17", "sts17", languages=PAIRS)
    prepared = folder / "prepared"
    run(
        *("prepare-sts", "--pairs", *PAIRS, "--rows", 20, "--manifest", sts),
        *("--output", prepared / "sts17" / "test.parquet"),
        *("--summary", prepared / "sts17" / "test.json"),
    )
    for task, split in (("bucc2018", "dev"), ("bucc2018", "test"), ("tatoeba", "test")):
        prepare_retrieval(folder, task, split)
    tests = [prepared / name / "test.parquet" for name in ("sts17", "bucc2018", "tatoeba")]
    graded = prepared / "graded" / "stsbenchmark"
    run(
        *("prepare-graded", "--data", "stsbenchmark", "--tests", *tests),
        *("--manifest", fetch(folder, "graded-stsbenchmark", "graded", "stsbenchmark")),
        *("--output", graded / "train.parquet", "--summary", graded / "train.json"),
    )
    corpora = {"Talks": ["qaa", "qab"], "Mined": ["qaa"]}
    raw = [fetch(folder, f"parallel-{n}", "parallel", n, codes) for n, codes in corpora.items()]
    choice = {"corpora": corpora, "rules": {"held_out": 5}, "caps": {"Mined": 30}}
    pairs = prepared / "distill" / "all"
    run(
        *("prepare-distill", "--choice", json.dumps(choice), "--manifest", *raw),
        *("--tests", *tests, "--train", pairs / "train.parquet"),
        *("--dev", pairs / "dev.parquet", "--summary", pairs / "summary.json"),
    )
    write_encoder(folder)
    run(
        *("train-teacher", "--teacher", json.dumps(TRAINED)),
        *("--pairs", graded / "train.parquet"),
        *("--encoder", folder / "encoders" / "tiny" / "encoder.json"),
        *("--state", folder / "state", "--output", folder / "teachers" / "graded" / "train.json"),
    )
    return folder


def encoding(made, files, vectors, note):
    """Return the command that encodes the sources of some files of pairs."""
    pairs = made / "prepared" / "distill" / "all"
    return [
        *("encode-teacher", "--teacher", made / "teachers" / "graded" / "train.json"),
        *("--pairs", *(pairs / f"{file}.parquet" for file in files), "--max-lengths", 32),
        *("--vectors", vectors, "--output", note),
    ]


def student(made, name, *, vectors="vectors", languages=("qaa", "qab")):
    """Return the command of a student's training, and its note."""
    pairs = made / "prepared" / "distill" / "all"
    note = made / "runs" / name / "train.json"
    command = [
        *("train-student", "--settings", json.dumps(SETTINGS), "--seed", 1),
        *("--train", pairs / "train.parquet", "--dev", pairs / "dev.parquet"),
        *("--teacher", made / "teachers" / "graded" / "train.json"),
        *("--encoder", made / "encoders" / "tiny" / "encoder.json"),
        *("--languages", *languages, "--vectors", made / vectors),
        *("--state", made / "state" / name, "--output", note),
    ]
    return command, note


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def weights_of(note):
    return (folder_of(note) / "model.safetensors").read_bytes()

# SPDX-License-Identifier: Apache-2.0
"""Mistakes in the part ``distillation`` of a study: what a user reads."""

import pytest
from distill_study import load_small

from xling.errors import UsageError

MISTAKES = {
    "unknown system": (
        ("distilled, other]", "distiled, other]"),
        ["unknown system 'distiled'", "distillation.experiments[0].systems[2]", "'distilled'?"],
    ),
    "unknown encoder": (
        ("models: [tiny, wide]", "models: [tiny, wid]"),
        ["unknown encoder 'wid'", "distillation.experiments[0].models[1]", "'wide'?"],
    ),
    "unknown task": (
        ("tasks: [sts17, tatoeba,", "tasks: [sts17, tatoba,"),
        ["unknown task of distillation 'tatoba'", "experiments[0].tasks[1]", "'tatoeba'?"],
    ),
    "a task that the study does not have": (
        ("  bucc2018: {languages: [qaa]}\n", ""),
        ["the task 'bucc2018' is not below 'tasks'", "add 'bucc2018' to 'tasks'"],
    ),
    "no STS": (
        ("  sts17: {pairs: [en-en, en-qab]}\n", ""),
        ["'sts17' needs the key 'sts17'"],
    ),
    "unknown language pair": (
        ("[en-en, en-qab]", "[en-en, en-qac]"),
        ["unknown language pair 'en-qac'", "distillation.sts17.pairs[1]"],
    ),
    "unknown corpus": (
        ("Mined: {cap: 30}", "Mine: {cap: 30}"),
        ["unknown corpus of data.source: artificial 'Mine'", "Talks, Mined", "'Mined'?"],
    ),
    "a corpus of a student that is not there": (
        ("corpora: [Talks], teacher", "corpora: [Talk], teacher"),
        ["unknown corpus 'Talk'", "systems.talks-only.corpora[0]"],
    ),
    "no sizes": (
        (
            "  sizes:\n    graded: 50\n    talks: {qaa: 80, qab: 40}\n"
            "    mined: {qaa: 50, qab: 20}\n",
            "",
        ),
        ["artificial corpora have no sizes", "give 'sizes'"],
    ),
    "a language without a size": (
        ("talks: {qaa: 80, qab: 40}", "talks: {qaa: 80}"),
        ["unknown language of 'Talks' 'qab'", "distillation.sizes.talks"],
    ),
    "unknown teacher": (
        ("teacher: given}", "teacher: giben}"),
        ["unknown teacher 'giben'", "'given'?"],
    ),
    "a teacher's encoder that is not there": (
        ("encoder: tiny, data", "encoder: tine, data"),
        ["unknown encoder 'tine'", "distillation.teachers.graded.encoder", "'tiny'?"],
    ),
    "labels that are not there": (
        ("data: stsbenchmark}", "data: xnli}"),
        ["XNLI's labels are only read from a folder"],
    ),
    "a source of a teacher": (
        ("source: folder, path: somewhere", "source: foldr, path: somewhere"),
        ["unknown value 'foldr'", "distillation.teachers.given.source", "'folder'?"],
    ),
    "a kind of system": (
        ("kind: sentence_transformers", "kind: sentence_transformer"),
        ["unknown value 'sentence_transformer'", "systems.other.kind"],
    ),
    "no kind of system": (
        ("{kind: sentence_transformers, title", "{title"),
        ["missing key 'kind'", "distillation.systems.other"],
    ),
    "neither folder nor download": (
        ("title: Other, path: elsewhere", "title: Other"),
        ["set exactly one of 'path' and 'key'"],
    ),
    "no interpreter of LASER": (
        ("kind: sentence_transformers, title", "kind: laser, title"),
        ["'python' belongs to laser and muse"],
    ),
    "a download without downloads": (
        ("path: elsewhere", "key: labse"),
        ["models are downloaded only by studies with data.source: download"],
    ),
    "a bilingual student of all languages": (
        ("part: bilingual, languages: [qab]", "part: bilingual"),
        ["a student of part 'bilingual' has one language"],
    ),
    "a student's language that no corpus has": (
        ("languages: [qab]}", "languages: [qac]}"),
        ["unknown language of its corpora 'qac'", "systems.only-qab.languages[0]"],
    ),
    "unknown training setting": (
        ("set: {max_steps: 7}", "set: {max_step: 7}"),
        ["unknown training setting 'max_step'", "overrides[0].set.max_step", "'max_steps'?"],
    ),
    "a setting of the wrong type": (
        ("set: {max_steps: 7}", "set: {max_steps: many}"),
        ["'many' is not a whole number", "distillation.training.overrides[0].set.max_steps"],
    ),
    "no length of the training": (
        ("defaults: {epochs: 2.0, mixing", "defaults: {mixing"),
        ["set exactly one of 'epochs' and 'max_steps'"],
    ),
    "an override of what is not trained": (
        ("where: {systems: [talks-only]}", "where: {systems: [teacher]}"),
        ["unknown student 'teacher'", "training.overrides[1].where.systems[0]"],
    ),
    "a row of the paper for nothing": (
        ("mean_pooled/tiny:", "mean_pooled/tine:"),
        ["unknown system/model 'mean_pooled/tine'", "'mean_pooled/tiny'?"],
    ),
    "runs of the paper elsewhere": (
        (
            "distillation:\n",
            "training: {defaults: {max_steps: 1}}\n"
            "experiments:\n"
            "  - {paper: distill, methods: [mean_pooled], models: [tiny], tasks: [tatoeba], "
            "seeds: [1]}\n"
            "distillation:\n",
        ),
        ["runs of the paper 'distill' are those below 'distillation'", "experiments[0].paper"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_place_and_what_to_do(name, tmp_path):
    change, said = MISTAKES[name]
    with pytest.raises(UsageError) as caught:
        load_small(tmp_path, change)
    for words in said:
        assert words in str(caught.value), str(caught.value)


def test_the_small_study_is_fine(tmp_path):
    assert load_small(tmp_path).study.distillation is not None

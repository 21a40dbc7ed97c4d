# SPDX-License-Identifier: Apache-2.0
"""Translations of our own in a study: which engine translates what, for whom.

Rules, tables and the cost estimate ask a :class:`TranslationsPlan`
(:attr:`xling.plan.Plan.translations`).  Paths are below ``results/<study>``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xling.config.study import Artificial
from xling.config.translations import TranslationModel, Translations
from xling.plan import TRANSLATION, Run
from xling.tasks import SOURCE_LANGUAGE, TASKS
from xling.translate.products.settings import ProductSettings
from xling.translate_splits import ROLES, MadeSplit, made_split

if TYPE_CHECKING:
    from xling.config.translations import EngineChoice
    from xling.plan import Plan

#: What an engine is asked to translate for the tables of label projection, as if it were a task.
PROJECTION = "projection"
#: Of models that learned from artificial text alone: what the generator writes is this project's.
GENERATED_LICENCE = "Apache-2.0"
#: Rounds of translation: prepared rows, and the rows that were made of them.
THERE, BACK = "there", "back"
#: The part of an engine that translates in all directions.
EVERY = "all"
#: Parts of an engine that the study trains, and the direction of their runs.
TRAINED = {"from": "o2m", "to": "m2o"}


@dataclass(frozen=True)
class TranslationsPlan:
    """What each engine translates.  Lists are sorted."""

    plan: Plan

    @property
    def part(self) -> Translations:
        """The study's part."""
        found = self.plan.study.translations
        if found is None:
            raise ValueError(f"the study '{self.plan.study.name}' has no part 'translations'")
        return found

    @property
    def artificial(self) -> Artificial | None:
        """The study's artificial languages."""
        return self.plan.study.data.artificial

    @cached_property
    def splits(self) -> list[tuple[str, str]]:
        """Prepared splits of our own translations, as (task, split)."""
        plan = self.plan
        named = [(task, split) for task in plan.tasks for split in plan.splits(task)]
        return [part for part in named if made_split(part[1])]

    @cached_property
    def made(self) -> list[tuple[str, MadeSplit]]:
        """The same with what their names say."""
        found = ((task, made_split(split)) for task, split in self.splits)
        return [(task, one) for task, one in found if one is not None]

    @cached_property
    def engines(self) -> list[str]:
        """Engines whose translations any run reads."""
        return sorted({one.engine for _, one in self.made})

    def engine(self, name: str) -> EngineChoice:
        """Return the settings of an engine."""
        return self.part.engines[name]

    def engine_of(self, method: str) -> str | None:
        """Return the engine whose translations a method reads; None: the published ones."""
        return self.plan.engine_of(method)

    def tasks(self, engine: str) -> list[str]:
        """Tasks that an engine translates."""
        return sorted({task for task, one in self.made if one.engine == engine})

    def uses(self, engine: str, task: str) -> dict[str, list[str]]:
        """Languages of each product of an engine, for one task, English left out."""
        found = {
            ROLES[one.split]: self._targets(self.plan.split_languages(task, one.name))
            for name, one in self.made
            if (name, one.engine) == (task, engine)
        }
        if self.part.dev_sets and "translate_test" in found:
            with_dev = self.plan.dev_languages(task)
            found["translate_dev"] = [code for code in found["translate_test"] if code in with_dev]
        return {role: codes for role, codes in sorted(found.items()) if codes}

    @staticmethod
    def _targets(codes: list[str]) -> list[str]:
        return [code for code in codes if code != SOURCE_LANGUAGE]

    def languages(self, engine: str) -> list[str]:
        """Languages that an engine translates from or to, English left out."""
        uses = [self.uses(engine, task) for task in self.tasks(engine)]
        return sorted({code for one in uses for codes in one.values() for code in codes})

    def directions(self, engine: str) -> list[str]:
        """Directions that an engine needs, such as ``en-de``: round trips take both ways."""
        codes = self.languages(engine)
        ways = [f"{SOURCE_LANGUAGE}-{code}" for code in codes]
        return sorted([*ways, *(f"{code}-{SOURCE_LANGUAGE}" for code in codes)])

    def parts(self, engine: str) -> list[str]:
        """Models of an engine that are converted: ``all``, ``from`` and ``to``, or directions."""
        choice = self.engine(engine)
        if not isinstance(choice, TranslationModel) or choice.kind != "ctranslate2":
            return []
        if choice.trained:
            return sorted(TRAINED)
        return self.directions(engine) if choice.models else [EVERY]

    @cached_property
    def converted(self) -> list[tuple[str, str]]:
        """Models that are converted, as (engine, part)."""
        return [(engine, part) for engine in self.engines for part in self.parts(engine)]

    def converted_path(self, engine: str, part: str) -> str:
        """Return the note of a converted model; its folder holds the model."""
        return f"engines/{engine}/{part}/converted.json"

    def trained_run(self, engine: str, part: str) -> Run | None:
        """Return the run whose model is converted; None for models that are given."""
        choice = self.engine(engine)
        if not isinstance(choice, TranslationModel) or choice.trained is None:
            return None
        one = choice.trained
        task = f"{one.benchmark}-{TRAINED[part]}"
        return Run(TRANSLATION, one.method, one.model, task, one.seed)

    def source(self, engine: str, part: str) -> str:
        """Return the folder of a model as published."""
        choice = self.engine(engine)
        assert isinstance(choice, TranslationModel), "the generator has no folder"
        return choice.models[part] if choice.models else choice.model

    def origin(self, engine: str, part: str) -> dict[str, str]:
        """Return name, revision and licence of a model."""
        choice = self.engine(engine)
        assert isinstance(choice, TranslationModel), "the generator has no folder"
        run = self.trained_run(engine, part)
        name = run.path if run else self.source(engine, part)
        licence = choice.licence or GENERATED_LICENCE
        return {"model": name, "revision": choice.revision, "licence": licence}

    def folders(self, engine: str) -> dict[str, str]:
        """Return the folder of the model of each direction; ``*`` stands for all.

        Those of converted models are below ``results/<study>``.
        """
        choice = self.engine(engine)
        if not isinstance(choice, TranslationModel):
            return {}
        if choice.kind == "transformers":
            return dict(choice.models) if choice.models else {"*": choice.model}
        if self.parts(engine) == [EVERY]:
            return {"*": f"engines/{engine}/{EVERY}"}
        return {
            way: f"engines/{engine}/{self._part(engine, way)}" for way in self.directions(engine)
        }

    def _part(self, engine: str, direction: str) -> str:
        if direction in self.parts(engine):
            return direction
        return "from" if direction.startswith(f"{SOURCE_LANGUAGE}-") else "to"

    def settings(self, engine: str) -> dict[str, Any]:
        """Return the settings of an engine without what says where its models are."""
        found = self.engine(engine).model_dump(exclude={"models", "trained", "model"})
        if found.get("licence") == "":
            found["licence"] = GENERATED_LICENCE
        return found

    @property
    def products(self) -> ProductSettings:
        """Settings of all products."""
        return self.part.products

    @property
    def shards(self) -> range:
        """Numbers of the jobs that share one list."""
        return range(self.part.shards)

    def rounds(self, engine: str, task: str) -> list[str]:
        """Rounds whose files are built; sentences of both are always translated."""
        return [THERE, *([BACK] if "back_translation" in self.uses(engine, task) else [])]

    def prepared(self, engine: str, task: str, turn: str) -> dict[str, str]:
        """Return the prepared splits that a round reads, and what they are called there.

        Splits that people translated come along where the study has them: for the quality report.
        """
        own: dict[str, str] = {
            split: split for split in ("train", "test", "dev") if split in self.plan.splits(task)
        }
        if turn == BACK:
            made = [one for name, one in self.made if (name, one.engine) == (task, engine)]
            own |= {one.split: one.name for one in made if one.split != "back_translate"}
        return own

    def measured(self, engine: str, task: str) -> dict[str, str]:
        """Return the prepared splits that the quality report reads, as :meth:`prepared` does."""
        made = {
            one.split: one.name for name, one in self.made if (name, one.engine) == (task, engine)
        }
        return self.prepared(engine, task, BACK) | made

    def exact(self, engine: str, task: str) -> dict[str, str]:
        """Return the splits of the same layouts that an engine without errors made, if any did."""
        found = {}
        for name, one in self.made:
            choice = self.engine(one.engine)
            perfect = choice.kind == "artificial" and choice.noise == 0.0
            if name == task and one.engine != engine and perfect:
                found[one.split] = one.name
        return {split: found[split] for split in found if split in self.measured(engine, task)}

    def turn(self, made: MadeSplit) -> str:
        """Return the round whose files a split is made of."""
        return BACK if made.split == "back_translate" else THERE

    @cached_property
    def lists(self) -> list[tuple[str, str, str]]:
        """Lists of sentences, as (engine, task, round); those of projection have one round."""
        found = [
            (e, task, turn)
            for e in self.engines
            for task in self.tasks(e)
            for turn in (THERE, BACK)
        ]
        return [*found, *((engine, PROJECTION, THERE) for engine in self.projections)]

    @property
    def aligner(self) -> str | None:
        """The encoder that aligns words, if any labels are carried that way, or it is measured."""
        used = any(self.aligns(*part) for part in self.qualities) or bool(self.projections)
        return self.part.aligner if used else None

    def aligns(self, engine: str, task: str) -> bool:
        """Whether labels of a task are carried by word alignment."""
        if TASKS[task].family not in ("tagging", "qa"):
            return False
        roles = self.uses(engine, task)
        return any(self.products.aligns(task, role) for role in roles)  # type: ignore[arg-type]

    @cached_property
    def qualities(self) -> list[tuple[str, str]]:
        """What quality is measured of, as (engine, task)."""
        return [(engine, task) for engine in self.engines for task in self.tasks(engine)]

    def quality_path(self, engine: str, task: str) -> str:
        """Return the quality report of an engine's translations of a task."""
        return f"translated/{engine}/{task}/quality.json"

    @cached_property
    def projections(self) -> list[str]:
        """Engines that are measured on artificial sentences with known labels."""
        return self.engines if self.artificial else []

    def projection_path(self, engine: str) -> str:
        """Return the report on label projection of an engine."""
        return f"translated/{engine}/{PROJECTION}.json"

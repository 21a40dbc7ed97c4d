# SPDX-License-Identifier: Apache-2.0
"""From meaning to words: each language's rules put a clause into order and inflect it.

The result is a list of tokens with lemma, category, relation and head: a dependency tree whose
parts of speech and relations follow Universal Dependencies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xling.config.study import Artificial
from xling.data.artificial.lexicon import source_lexicon, target_lexicon
from xling.data.artificial.meaning import PLAIN, Clause, Entity, Role, Sentence, Style
from xling.data.artificial.phrases import Phrases, Token
from xling.data.artificial.second_vocabulary import QUESTION_MARK, STOP
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import CLASS_OF
from xling.tasks import SOURCE_LANGUAGE


@dataclass(frozen=True)
class Language(Phrases):
    """A language: rules and words.

    Attributes:
        negation: ``auxiliary`` ("does not help"), a particle ``before`` or ``after`` the verb, or
            ``last`` in the clause.
        question: where the question word stands: in ``front`` with an ``auxiliary`` ("whom does the
            dog help"), in ``front`` without, or in the ``place`` of what it asks for.
    """

    word_order: Literal["SVO", "SOV", "VSO"]
    negation: Literal["auxiliary", "before", "after", "last"]
    question: Literal["auxiliary", "front", "place"]

    @property
    def contracts(self) -> bool:
        """Whether treebanks write an adposition and "the" as one word, as Spanish "del"."""
        return bool(self.lexicon.contractions) and self.adposition == "before"

    def render(self, clause: Clause, style: Style = PLAIN) -> list[Token]:
        """Return the words of a clause in this language."""
        return _Clause(self, clause, style).tokens()

    def say(self, sentence: Sentence) -> list[Token]:
        """Return the words of a sentence, with its final mark."""
        words = self.render(sentence.clause, sentence.style)
        root = next(token for token in words if token.head is None)
        if sentence.interjection:
            words.insert(0, self.attach(sentence.interjection, "discourse", root))
        if sentence.second:
            subordinator, clause = sentence.second
            more = self.render(clause)
            verb = next(token for token in more if token.head is None)
            verb.relation, verb.head = "advcl", root
            opening = self.attach(subordinator, "mark", verb)
            more.insert(0 if self.adposition == "before" else len(more), opening)
            words += more
        mark = QUESTION_MARK if sentence.style.asks else STOP
        return [*words, self.attach(mark, "punct", root)]


def text_of(tokens: list[Token]) -> str:
    """Return a sentence as text: words separated by one blank."""
    return " ".join(token.form for token in tokens)


def languages_of(settings: Artificial, codes: list[str]) -> dict[str, Language]:
    """Build languages by code; each depends on the seed and its own settings alone."""
    return {
        code: _source() if code == SOURCE_LANGUAGE else _target(settings, code) for code in codes
    }


def _source() -> Language:
    return Language(
        code=SOURCE_LANGUAGE,
        lexicon=source_lexicon(),
        word_order="SVO",
        adjective="before",
        adposition="before",
        negation="auxiliary",
        plural="ending",
        question="auxiliary",
    )


def _target(settings: Artificial, code: str) -> Language:
    language = settings.languages[code]
    traits = Stream(settings.seed, "traits", code)
    negation: Literal["before", "after", "last"] = traits.pick(("before", "after", "last"))
    plural: Literal["ending", "particle"] = traits.pick(("ending", "particle"))
    return Language(
        code=code,
        lexicon=target_lexicon(settings.seed, code, language, inflects=plural == "ending"),
        word_order=language.word_order,
        adjective=language.adjective,
        adposition=language.adposition,
        negation=negation,
        plural=plural,
        # Ours: the question word stays in its place where the verb comes last, as in Japanese.
        question="place" if language.word_order == "SOV" else "front",
    )


def question_word(clause: Clause, role: Role) -> str:
    """Return the word that asks for a role of a clause."""
    if role in ("place", "time"):
        return "where" if role == "place" else "when"
    entity = clause.agent if role == "agent" else clause.patient
    if not (_is_person(entity) or (entity.partner and _is_person(entity.partner))):
        return "what"
    return "who" if role == "agent" else "whom"


def _is_person(entity: Entity) -> bool:
    if entity.name:
        return entity.name.kind == "PER"
    return entity.is_bare or "worker" in (entity.noun, CLASS_OF.get(entity.noun))


class _Clause:
    """One clause while it is put into words."""

    def __init__(self, language: Language, clause: Clause, style: Style) -> None:
        self._language = language
        self._clause = clause
        self._style = style
        self._many = (clause.patient if style.passive else clause.agent).many
        if style.asks == "agent":
            self._many = False
        self._auxiliary = language.negation == "auxiliary" and (
            clause.negated or style.asks not in (None, "agent")
        )
        verb_feature = "plural" if self._many else "singular"
        if style.passive:
            verb_feature = "participle"
        elif self._auxiliary:
            verb_feature = "infinitive"
        self._verb = language.token(clause.verb, verb_feature)

    def tokens(self) -> list[Token]:
        """Return the words in order."""
        clause, style, language = self._clause, self._style, self._language
        subject, other = self._passive() if style.passive else self._active()
        place, time = self._place(), self._time()
        front = {"place": place, "time": time, None: []}[style.fronted]
        place = [] if style.fronted == "place" else place
        time = [] if style.fronted == "time" else time
        manner = self._manner()
        verb = self._verb_group()
        if style.asks and language.question != "place":
            asked = {"agent": subject, "patient": other, "place": place, "time": time}[style.asks]
            front = asked.copy()
            asked.clear()
            if language.question == "auxiliary" and style.asks != "agent":
                front.append(self._do())
        order = {
            "SVO": [subject, verb, other, manner, place, time],
            "VSO": [verb, subject, other, manner, place, time],
            "SOV": [subject, time, place, manner, other, verb],
        }[language.word_order]
        words = [*front, *(token for part in order for token in part)]
        if style.connective:
            words.insert(0, language.attach(style.connective, "discourse", self._verb))
        if clause.negated and language.negation == "last":
            words.append(language.attach("not", "advmod", self._verb))
        return words

    def _active(self) -> tuple[list[Token], list[Token]]:
        """Return agent and patient, or the question word in place of one."""
        return (
            self._question("agent", "nsubj")
            or self._language.noun_phrase(self._clause.agent, "nsubj", self._verb),
            self._question("patient", "obj")
            or self._language.noun_phrase(self._clause.patient, "obj", self._verb),
        )

    def _passive(self) -> tuple[list[Token], list[Token]]:
        language, clause = self._language, self._clause
        subject = language.noun_phrase(clause.patient, "nsubj:pass", self._verb)
        agent = language.noun_phrase(clause.agent, "obl:agent", self._verb)
        noun = next(token for token in agent if token.head is self._verb)
        return subject, language.with_adposition("by", agent, noun)

    def _question(self, role: Role, relation: str) -> list[Token]:
        """Return the question word if the role is asked for, else nothing."""
        if self._style.asks != role:
            return []
        word = question_word(self._clause, role)
        return [self._language.attach(word, relation, self._verb)]

    def _do(self) -> Token:
        number = "plural" if self._many else "singular"
        return self._language.attach("do", "aux", self._verb, number)

    def _verb_group(self) -> list[Token]:
        """Return auxiliaries, negation and verb; negation at the end of a clause comes later."""
        language, verb = self._language, self._verb
        words = [verb]
        if self._style.passive:
            number = "plural" if self._many else "singular"
            words.insert(0, language.attach("be", "aux:pass", verb, number))
        if not self._clause.negated or language.negation == "last":
            return words
        negation = language.attach("not", "advmod", verb)
        if language.negation == "auxiliary":
            if not self._style.passive:
                words.insert(0, self._do())
            words.insert(1, negation)
        elif language.negation == "before":
            words.insert(0, negation)
        else:
            words.append(negation)
        return words

    def _place(self) -> list[Token]:
        place = self._clause.place
        if place is None:
            return []
        return self._question("place", "advmod") or self._language.place(place, self._verb)

    def _time(self) -> list[Token]:
        if self._clause.time is None:
            return []
        if self._style.asks == "time":
            return self._question("time", "advmod")
        noun = self._language.attach(self._clause.time, "obl", self._verb)
        return self._language.with_adposition("at", [noun], noun)

    def _manner(self) -> list[Token]:
        if self._clause.manner is None:
            return []
        return [self._language.attach(self._clause.manner, "advmod", self._verb)]

# SPDX-License-Identifier: Apache-2.0
"""From meaning to words: each language's rules put a clause into order and inflect it.

The result is a list of tokens with lemma, category, relation and head: a dependency tree whose
parts of speech and relations follow Universal Dependencies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from xling.config.study import Artificial
from xling.data.artificial.lexicon import Lexicon, source_lexicon, target_lexicon
from xling.data.artificial.meaning import PLAIN, Clause, Entity, Style
from xling.data.artificial.streams import Stream
from xling.data.artificial.vocabulary import CATEGORY_OF
from xling.tasks import SOURCE_LANGUAGE


@dataclass(eq=False)
class Token:
    """One word of a sentence.

    Attributes:
        form: spelling.
        lemma: of the source language; the same in all languages.
        feature: inflection (``xling.data.artificial.lexicon.FEATURES``).
        relation: to the head, as in Universal Dependencies.
        head: the word it depends on; none for the root.
    """

    form: str
    lemma: str
    feature: str
    relation: str = "root"
    head: Token | None = field(default=None, repr=False)

    @property
    def category(self) -> str:
        """Kind of word: a key of ``xling.data.artificial.vocabulary.CATEGORIES``."""
        return CATEGORY_OF[self.lemma]


@dataclass(frozen=True)
class Language:
    """A language: rules and words.

    Attributes:
        negation: ``auxiliary`` ("does not help"), a particle ``before`` or ``after`` the verb, or
            ``last`` in the clause.
        plural: an ``ending`` of the noun or a ``particle`` after it.
    """

    code: str
    lexicon: Lexicon
    word_order: Literal["SVO", "SOV", "VSO"]
    adjective: Literal["before", "after"]
    adposition: Literal["before", "after"]
    negation: Literal["auxiliary", "before", "after", "last"]
    plural: Literal["ending", "particle"]

    def render(self, clause: Clause, style: Style = PLAIN) -> list[Token]:
        """Return the words of a clause in this language."""
        return _Sentence(self, clause, style).tokens()

    def token(self, lemma: str, feature: str = "singular") -> Token:
        """Return a word without relation and head."""
        return Token(self.lexicon.form(lemma, feature), lemma, feature)


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
    )


class _Sentence:
    """One clause while it is put into words."""

    def __init__(self, language: Language, clause: Clause, style: Style) -> None:
        self._language = language
        self._clause = clause
        self._style = style
        self._many = (clause.patient if style.passive else clause.agent).many
        verb_feature = "plural" if self._many else "singular"
        if style.passive:
            verb_feature = "participle"
        elif clause.negated and language.negation == "auxiliary":
            verb_feature = "infinitive"
        self._verb = language.token(clause.verb, verb_feature)

    def tokens(self) -> list[Token]:
        """Return the words in order."""
        clause, style = self._clause, self._style
        if style.passive:
            subject = self._noun_phrase(clause.patient, "nsubj:pass")
            agent = self._noun_phrase(clause.agent, "obl:agent")
            noun = next(token for token in agent if token.head is self._verb)
            other = self._with_adposition("by", agent, noun)
        else:
            subject = self._noun_phrase(clause.agent, "nsubj")
            other = self._noun_phrase(clause.patient, "obj")
        place, time = self._place(), self._time()
        front = {"place": place, "time": time, None: []}[style.fronted]
        place = [] if style.fronted == "place" else place
        time = [] if style.fronted == "time" else time
        manner = self._manner()
        verb = self._verb_group()
        order = {
            "SVO": [subject, verb, other, manner, place, time],
            "VSO": [verb, subject, other, manner, place, time],
            "SOV": [subject, time, place, manner, other, verb],
        }[self._language.word_order]
        words = [*front, *(token for part in order for token in part)]
        if style.connective:
            words.insert(0, self._attach(style.connective, "discourse", self._verb))
        if clause.negated and self._language.negation == "last":
            words.append(self._attach("not", "advmod", self._verb))
        return words

    def _attach(self, lemma: str, relation: str, head: Token, feature: str = "singular") -> Token:
        token = self._language.token(lemma, feature)
        token.relation, token.head = relation, head
        return token

    def _verb_group(self) -> list[Token]:
        """Return auxiliaries, negation and verb; negation at the end of a clause comes later."""
        language, verb = self._language, self._verb
        number = "plural" if self._many else "singular"
        words = [verb]
        if self._style.passive:
            words.insert(0, self._attach("be", "aux:pass", verb, number))
        if not self._clause.negated or language.negation == "last":
            return words
        negation = self._attach("not", "advmod", verb)
        if language.negation == "auxiliary":
            if not self._style.passive:
                words.insert(0, self._attach("do", "aux", verb, number))
            words.insert(1, negation)
        elif language.negation == "before":
            words.insert(0, negation)
        else:
            words.append(negation)
        return words

    def _noun_phrase(self, entity: Entity, relation: str) -> list[Token]:
        words, noun = self._simple_phrase(entity)
        noun.relation, noun.head = relation, self._verb
        if entity.partner:
            more, partner = self._simple_phrase(entity.partner)
            partner.relation, partner.head = "conj", noun
            words += [self._attach("and", "cc", partner), *more]
        return words

    def _simple_phrase(self, entity: Entity) -> tuple[list[Token], Token]:
        """Return article, adjective, noun and plural particle in order, and the noun."""
        number = "plural" if entity.plural else "singular"
        noun = self._language.token(entity.noun, number)
        words = [noun]
        if entity.plural and self._language.plural == "particle":
            words.append(self._attach("plural", "clf", noun))
        if entity.adjective:
            adjective = self._attach(entity.adjective, "amod", noun)
            words.insert(0 if self._language.adjective == "before" else len(words), adjective)
        if not entity.is_name:
            article = "the" if entity.definite else "a"
            words.insert(0, self._attach(article, "det", noun, number))
        return words, noun

    def _with_adposition(self, lemma: str, words: list[Token], noun: Token) -> list[Token]:
        adposition = self._attach(lemma, "case", noun)
        if self._language.adposition == "before":
            return [adposition, *words]
        return [*words, adposition]

    def _place(self) -> list[Token]:
        place = self._clause.place
        if place is None:
            return []
        noun = self._attach(place.noun, "obl", self._verb)
        words = [self._attach("the", "det", noun), noun]
        return self._with_adposition(place.adposition, words, noun)

    def _time(self) -> list[Token]:
        if self._clause.time is None:
            return []
        noun = self._attach(self._clause.time, "obl", self._verb)
        return self._with_adposition("at", [noun], noun)

    def _manner(self) -> list[Token]:
        if self._clause.manner is None:
            return []
        return [self._attach(self._clause.manner, "advmod", self._verb)]

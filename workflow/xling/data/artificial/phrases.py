# SPDX-License-Identifier: Apache-2.0
"""Phrases: how a language puts nouns, names and adpositions together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from xling.data.artificial.lexicon import Lexicon
from xling.data.artificial.meaning import Entity, Place
from xling.data.artificial.names import Name
from xling.data.artificial.second_vocabulary import CATEGORY_OF_ALL


@dataclass(eq=False)
class Token:
    """One word of a sentence.

    Attributes:
        form: spelling.
        lemma: of the source language; the same in all languages.
        feature: inflection (``xling.data.artificial.spelling.FEATURES``).
        relation: to the head, as in Universal Dependencies.
        head: the word it depends on; none for the root.
        entity: the tag of PAN-X: ``O``, or ``B-`` or ``I-`` and a type.
    """

    form: str
    lemma: str
    feature: str
    relation: str = "root"
    head: Token | None = field(default=None, repr=False)
    entity: str = "O"

    @property
    def category(self) -> str:
        """Kind of word: a key of ``xling.data.artificial.second_vocabulary.ALL_CATEGORIES``."""
        return CATEGORY_OF_ALL[self.lemma]


@dataclass(frozen=True)
class Phrases:
    """The words of a language and its rules below the clause.

    Attributes:
        plural: an ``ending`` of the noun or a ``particle`` after it.
    """

    code: str
    lexicon: Lexicon
    adjective: Literal["before", "after"]
    adposition: Literal["before", "after"]
    plural: Literal["ending", "particle"]

    def token(self, lemma: str, feature: str = "singular") -> Token:
        """Return a word without relation and head."""
        return Token(self.lexicon.form(lemma, feature), lemma, feature)

    def attach(self, lemma: str, relation: str, head: Token, feature: str = "singular") -> Token:
        """Return a word that depends on another."""
        token = self.token(lemma, feature)
        token.relation, token.head = relation, head
        return token

    def noun_phrase(self, entity: Entity, relation: str, head: Token) -> list[Token]:
        """Return a participant and its partner, if any, as words that depend on ``head``."""
        words, noun = self._participant(entity)
        noun.relation, noun.head = relation, head
        if entity.partner:
            more, partner = self._participant(entity.partner)
            partner.relation, partner.head = "conj", noun
            words += [self.attach("and", "cc", partner), *more]
        return words

    def place(self, place: Place, head: Token) -> list[Token]:
        """Return where something happens."""
        if place.name:
            words, noun = self._name(place.name)
            noun.relation, noun.head = "obl", head
        else:
            noun = self.attach(place.noun, "obl", head)
            words = [self.attach("the", "det", noun), noun]
        return self.with_adposition(place.adposition, words, noun)

    def with_adposition(self, lemma: str, words: list[Token], noun: Token) -> list[Token]:
        """Return a noun phrase with an adposition before or after it."""
        adposition = self.attach(lemma, "case", noun)
        if self.adposition == "before":
            return [adposition, *words]
        return [*words, adposition]

    def _participant(self, entity: Entity) -> tuple[list[Token], Token]:
        """Return article, numeral, adjective, noun and plural particle in order, and the noun."""
        if entity.name:
            return self._name(entity.name)
        number = "plural" if entity.plural else "singular"
        noun = self.token(entity.noun, number)
        words = [noun]
        if entity.plural and self.plural == "particle":
            words.append(self.attach("plural", "clf", noun))
        if entity.adjective:
            adjective = self.attach(entity.adjective, "amod", noun)
            words.insert(0 if self.adjective == "before" else len(words), adjective)
        if entity.numeral:
            words.insert(0, self.attach(entity.numeral, "nummod", noun))
        if not entity.is_bare:
            article = "the" if entity.definite else "a"
            words.insert(0, self.attach(article, "det", noun, number))
        return words, noun

    def _name(self, name: Name) -> tuple[list[Token], Token]:
        """Return the words of a name, marked as such, and its head."""
        words = [self.token(name.words[0])]
        head = words[0]
        if name.kind == "ORG" and len(name.words) > 1:
            second = self.attach(name.words[1], "conj", head)
            words += [self.attach("and", "cc", second), second]
        else:
            words += [self.attach(word, "flat", head) for word in name.words[1:]]
        if name.type_word:
            kind = self.token(name.type_word)
            # The source says "Cape Calden" and "Keller Bank"; where adjectives follow, it is the
            # other way round.
            first = (name.kind == "LOC") == (self.adjective == "before")
            words.insert(0 if first else len(words), kind)
            if name.kind == "ORG":
                head.relation, head.head, head = "compound", kind, kind
            else:
                kind.relation, kind.head = "compound", head
        for i, token in enumerate(words):
            token.entity = f"{'I' if i else 'B'}-{name.kind}"
        return words, head

# SPDX-License-Identifier: Apache-2.0
"""Sentences in the format CoNLL-U of Universal Dependencies.

With what readers of the real treebanks meet: words that are written as one (an adposition and its
article), empty nodes, and a final mark without a blank before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from xling.data.artificial.alignment import Groups
from xling.data.artificial.grammar import Language
from xling.data.artificial.phrases import Token
from xling.data.artificial.second_vocabulary import QUESTION_MARK, STOP, upos

_NONE = "_"


def groups(language: Language, words: Sequence[Token]) -> Groups:
    """Return which words (by index) each written word is made of."""
    found: Groups = []
    for index, word in enumerate(words):
        if found and language.contracts and _is_article_of(word, words[found[-1][-1]]):
            found[-1].append(index)
        else:
            found.append([index])
    return found


def written_words(language: Language, words: Sequence[Token], parts: Groups) -> list[str]:
    """Return the written words; ``parts`` comes from :func:`groups`."""
    return [
        words[part[0]].form
        if len(part) == 1
        else language.lexicon.contractions[words[part[0]].lemma]
        for part in parts
    ]


def block(language: Language, words: Sequence[Token], name: str, *, copied: bool) -> str:
    """Return one sentence with its comments and the blank line after it.

    Args:
        language: of the sentence.
        words: its syntactic words.
        name: the comment ``sent_id``.
        copied: whether an empty node stands for a verb left out, as in "and Bruno (helps) Carla".
    """
    number = {id(word): index for index, word in enumerate(words, start=1)}
    parts = groups(language, words)
    forms = written_words(language, words, parts)
    lines = []
    for part, form in zip(parts, forms, strict=True):
        if len(part) > 1:
            span = f"{part[0] + 1}-{part[-1] + 1}"
            lines.append("\t".join((span, form, *[_NONE] * 8)))
        for index in part:
            word = words[index]
            last = index == len(words) - 2 and words[-1].lemma in (STOP, QUESTION_MARK)
            lines.append(_line(language, word, number, "SpaceAfter=No" if last else _NONE))
            if copied and word.head is None:
                lines.append(_empty(language, word, number[id(word)]))
    text = " ".join(forms[:-1]) + forms[-1]
    return "\n".join([f"# sent_id = {name}", f"# text = {text}", *lines]) + "\n\n"


def _is_article_of(word: Token, before: Token) -> bool:
    return (
        word.lemma == "the"
        and before.relation == "case"
        and word.head is not None
        and word.head is before.head
    )


def _line(language: Language, word: Token, number: dict[int, int], misc: str) -> str:
    head = "0" if word.head is None else str(number[id(word.head)])
    lemma = language.lexicon.form(word.lemma, "infinitive")
    tag = upos(word.lemma)
    features = "Number=Plur" if tag == "NOUN" and word.feature == "plural" else _NONE
    return "\t".join(
        (
            str(number[id(word)]),
            word.form,
            lemma,
            tag,
            _NONE,
            features,
            head,
            word.relation,
            _NONE,
            misc,
        )
    )


def _empty(language: Language, verb: Token, number: int) -> str:
    """Return an empty node that repeats the verb after it."""
    lemma = language.lexicon.form(verb.lemma, "infinitive")
    link = f"{number}:conj"
    fields = (f"{number}.1", verb.form, lemma, upos(verb.lemma), *[_NONE] * 4, link)
    return "\t".join((*fields, f"CopyOf={number}"))

# SPDX-License-Identifier: Apache-2.0
"""Three sentences in every language with glosses, for ``docs/artificial-languages.md``."""

from __future__ import annotations

from xling.config.study import Artificial
from xling.data.artificial.grammar import Language, languages_of
from xling.data.artificial.meaning import Clause, Entity, Place, Style
from xling.data.artificial.phrases import Token
from xling.tasks import SOURCE_LANGUAGE

_SENTENCES = (
    (
        Clause(
            Entity("dog", plural=True),
            "follow",
            Entity("horse", definite=False, adjective="big"),
            manner="quickly",
            place=Place("behind", "house"),
        ),
        Style(),
    ),
    (Clause(Entity("Anna"), "help", Entity("farmer"), negated=True, time="dawn"), Style()),
    (
        Clause(
            Entity("cat", partner=Entity("bear")),
            "praise",
            Entity("teacher", plural=True),
            time="noon",
        ),
        Style(passive=True, fronted="time"),
    ),
)
_GLOSSES = {"plural": "-PL", "participle": "-PTCP"}


def examples(settings: Artificial) -> str:
    """Return Markdown: each language's rules, then the sentences word by word with glosses."""
    parts = []
    for code, language in languages_of(settings, [SOURCE_LANGUAGE, *settings.languages]).items():
        parts += [f"### `{code}`", "", _rules(settings, language), "", "```text"]
        for clause, style in _SENTENCES:
            parts += _aligned(language, language.render(clause, style))
        parts += ["```", ""]
    return "\n".join(parts)


def _rules(settings: Artificial, language: Language) -> str:
    negation = {
        "auxiliary": "negation with an auxiliary",
        "last": "negation at the end of the clause",
    }.get(language.negation, f"negation {language.negation} the verb")
    text = (
        f"{language.word_order}, adjective {language.adjective} the noun, adposition "
        f"{language.adposition} its noun, {negation}, plural by {language.plural}"
    )
    if language.code == SOURCE_LANGUAGE:
        return f"The source: {text}."
    target = settings.languages[language.code]
    return (
        f"{text}; {target.cognates:.0%} cognates, {target.script} script, "
        f"{target.text_share:.0%} of the text."
    )


def _aligned(language: Language, tokens: list[Token]) -> list[str]:
    """Return a line of words and a line of glosses in columns, then an empty line."""
    glosses = [_gloss(language, token) for token in tokens]
    widths = [
        max(len(token.form), len(gloss)) for token, gloss in zip(tokens, glosses, strict=True)
    ]
    rows = ([token.form for token in tokens], glosses)
    return [
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ] + [""]


def _gloss(language: Language, token: Token) -> str:
    """Return the lemma, with a mark where the form differs from the singular."""
    if token.lemma == "plural":
        return "PL"
    marked = token.form != language.lexicon.form(token.lemma, "singular")
    return token.lemma + (_GLOSSES.get(token.feature, "") if marked else "")

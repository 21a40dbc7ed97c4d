# SPDX-License-Identifier: Apache-2.0
"""Format ``ud-conllu``: one treebank file of Universal Dependencies, made flat as in XTREME.

A multi-word token stays one word; it gets the tag of the word of its span that has the fewest
ancestors in the dependency tree.  Ties fall by a list of tags per language.  Empty nodes are left
out.  The rule, the lists and the cleaning of words are those of XTREME's conversion scripts
(third_party/ud-conversion-tools, utils_preprocess.py); every word and tag of en_ewt, es_gsd (test)
and ar_pud is the same as there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from xling.data.manifest import RawFile
from xling.data.readers.rows import Reading, TaggedRow, numbered
from xling.data.readers.sentences import Block, blocks

#: Why sentences are left out: treebanks that are published without their texts.
NO_FORMS = "no word forms"
#: Tags that win a tie, the strongest first; tags that are not in a list come after it.
HEADS: dict[str, tuple[str, ...]] = {
    "default": tuple(
        "VERB NOUN PROPN PRON ADJ NUM ADV INTJ AUX ADP DET PART CCONJ SCONJ X PUNCT".split()
    ),
    "es": ("VERB", "AUX", "PRON", "ADP", "DET"),
    "fr": tuple("VERB AUX PRON NOUN ADJ ADV ADP DET PART SCONJ CONJ".split()),
    "it": tuple("VERB AUX ADV PRON ADP DET INTJ".split()),
}

_COLUMNS = 10
_ALLOWED = "ten columns of CoNLL-U: 1 (or 1-2, 1.1), form, lemma, UPOS, …, head, …"
_ZERO_WIDTH_NON_JOINER = "\u200c"


@dataclass
class _Sentence:
    """The words of one sentence as the file has them.

    Attributes:
        places: the line of each word within the block.
        spans: (first word, last word, form, line) of each multi-word token; words from 1.
    """

    forms: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    spans: list[tuple[int, int, str, int]] = field(default_factory=list)


def read(path: Path, about: RawFile, labels: tuple[str, ...]) -> Reading:
    """Read one file; sentences without forms are counted and left out.

    Raises:
        DataError: a line is damaged or a tag is unknown.
    """
    reading = Reading()
    known = {label: label for label in labels}
    order = HEADS.get(about.language, HEADS["default"])
    for block in blocks(path):
        sentence = _parse(block)
        forms, tags, places = _flat(sentence, block, order)
        blanks = forms.count("_")
        if blanks and blanks >= len(forms) - 1:
            reading.dropped[NO_FORMS] += 1
            continue
        block.refuse_strange_tag(tags, places, set(known))
        reading.rows.append(
            TaggedRow(
                numbered(about.split, len(reading.rows) + 1),
                about.language,
                _clean(forms),
                tuple([known.get(tag, tag) for tag in tags]),
                None,
                block.first,
            )
        )
    return reading


def _parse(block: Block) -> _Sentence:
    sentence = _Sentence()
    count, wanted = 0, "1"
    for place, line in enumerate(block.texts):
        if line[0] == "#":
            continue
        fields = line.split("\t")
        key = fields[0]
        if len(fields) != _COLUMNS:
            what = f"{len(fields)} columns instead of {_COLUMNS}"
            raise block.error(place, what, allowed=_ALLOWED)
        if key == wanted:
            sentence.forms.append(fields[1])
            sentence.tags.append(fields[3])
            sentence.heads.append(fields[6])
            sentence.places.append(place)
            count += 1
            wanted = str(count + 1)
        elif "-" in key:
            first, _, last = key.partition("-")
            taken = sentence.spans[-1][1] if sentence.spans else 0
            if first != wanted or not last.isdecimal() or int(last) <= count or count < taken:
                raise block.error(place, f"'{key}' is out of place", allowed=_ALLOWED)
            sentence.spans.append((count + 1, int(last), fields[1], place))
        elif "." not in key:  # n.1 is an empty node
            raise block.error(place, f"'{key}' instead of {wanted}", allowed=_ALLOWED)
    if not count:
        raise block.error(0, "a sentence without words", allowed=_ALLOWED)
    if sentence.spans and sentence.spans[-1][1] > count:
        place = sentence.spans[-1][3]
        raise block.error(place, "a multi-word token without its words", allowed=_ALLOWED)
    return sentence


def _flat(
    sentence: _Sentence, block: Block, order: tuple[str, ...]
) -> tuple[list[str], list[str], list[int]]:
    """Return forms, tags and lines of the surface tokens."""
    if not sentence.spans:
        return sentence.forms, sentence.tags, sentence.places
    forms, tags, places, done = [], [], [], 0
    for first, last, form, place in sentence.spans:
        forms += [*sentence.forms[done : first - 1], form]
        head = _head(sentence, range(first, last + 1), block, order)
        tags += [*sentence.tags[done : first - 1], sentence.tags[head - 1]]
        places += [*sentence.places[done : first - 1], place]
        done = last
    return (
        forms + sentence.forms[done:],
        tags + sentence.tags[done:],
        places + sentence.places[done:],
    )


def _head(sentence: _Sentence, span: range, block: Block, order: tuple[str, ...]) -> int:
    """Return the word of a span that its token takes the tag of."""

    def key(word: int) -> tuple[int, int, int]:
        tag = sentence.tags[word - 1]
        rank = order.index(tag) if tag in order else len(order)
        return _ancestors(sentence, word, block), rank, word

    return min(span, key=key)


def _ancestors(sentence: _Sentence, word: int, block: Block) -> int:
    """Count the ancestors of a word; a circle of heads is gone round once."""
    found: set[int] = set()
    head = word
    while head:
        text = sentence.heads[head - 1]
        # At most as many words as lines, so no head can be longer than their number.
        if not text.isdecimal() or int(text) > len(sentence.heads):
            raise block.error(
                sentence.places[head - 1],
                f"the head '{text}' is no word of the sentence",
                allowed=f"0 to {len(sentence.heads)}",
            )
        head = int(text)
        if head in found or head == word:
            break
        found.add(head)
    return len(found)


def _clean(forms: list[str]) -> tuple[str, ...]:
    """Take blanks and zero-width non-joiners out of words."""
    text = "".join(forms)
    if text.isalnum() or not (
        " " in text or _ZERO_WIDTH_NON_JOINER in text or any(form != form.strip() for form in forms)
    ):
        return tuple(forms)
    return tuple(
        form.strip().replace(_ZERO_WIDTH_NON_JOINER, "").replace(" ", "") for form in forms
    )

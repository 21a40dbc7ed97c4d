# SPDX-License-Identifier: Apache-2.0
"""Sub-words of each family of models: how a sentence and its languages are put in, and got out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from xling.errors import DataError, UsageError
from xling.translate.codes import Family, code_of, languages_of
from xling.translate.convert_fairseq import SOURCE_TOKENS


class Tokens(Protocol):
    """Sub-words of a model.

    Attributes:
        suppressed: sub-words that no translation may have.
    """

    suppressed: list[str]

    def check(self, source: str, target: str) -> None:
        """Raise :class:`UsageError` unless the model knows the languages."""

    def encode(self, texts: Sequence[str], source: str, target: str) -> list[list[str]]:
        """Return the sub-words of texts with everything the model wants around them."""

    def prefix(self, target: str) -> list[str]:
        """Return what a translation begins with."""

    def decode(self, pieces: list[list[str]], target: str) -> list[str]:
        """Return the text of translations, whose first sub-words may be the prefix."""


class LibraryTokens:
    """Sub-words of NLLB-200, M2M-100, MADLAD-400 and OPUS-MT, with the tokenizer of transformers.

    Args:
        folder: of the tokenizer.
        family: of the model.

    Raises:
        DataError: there is no tokenizer in the folder.
    """

    def __init__(self, folder: Path, family: Family) -> None:
        self.family: Family = family
        self.suppressed: list[str] = []
        self.tokenizer = load_tokenizer(folder)

    def check(self, source: str, target: str) -> None:
        """See :class:`Tokens`."""
        for language in (source, target):
            code_of(self.family, language)
        if self.family == "opus_mt":
            self._check_direction(source, target)

    def encode(self, texts: Sequence[str], source: str, target: str) -> list[list[str]]:
        """See :class:`Tokens`."""
        if self.family in ("nllb", "m2m100"):
            self.tokenizer.src_lang = code_of(self.family, source)
        before = ""
        if self.family == "madlad":
            before = f"<2{code_of('madlad', target)}> "
        elif self.family == "opus_mt" and self._tag(target):
            before = f"{self._tag(target)} "
        ids = self.tokenizer([before + text for text in texts])["input_ids"]
        return [self.tokenizer.convert_ids_to_tokens(one) for one in ids]

    def prefix(self, target: str) -> list[str]:
        """See :class:`Tokens`."""
        if self.family == "nllb":
            return [code_of("nllb", target)]
        if self.family == "m2m100":
            return [f"__{code_of('m2m100', target)}__"]
        return []

    def decode(self, pieces: list[list[str]], target: str) -> list[str]:
        """See :class:`Tokens`."""
        before = self.prefix(target)
        ids = [
            self.tokenizer.convert_tokens_to_ids(one[len(before) :] if one[:1] == before else one)
            for one in pieces
        ]
        found: list[str] = [
            self.tokenizer.decode(
                one, skip_special_tokens=True, clean_up_tokenization_spaces=False
            ).strip()
            for one in ids
        ]
        return found

    def _tag(self, target: str) -> str:
        """Return the token of the target language; empty: the model has one target."""
        known = self.tokenizer.supported_language_codes
        tag = f">>{code_of('opus_mt', target)}<<"
        return tag if known else ""

    def _check_direction(self, source: str, target: str) -> None:
        """Refuse another direction than that of the model, where its folder tells it."""
        tags = self.tokenizer.supported_language_codes
        sides = [(source, self.tokenizer.source_lang)]
        if not tags:
            sides.append((target, self.tokenizer.target_lang))
        known = languages_of("opus_mt")
        for language, own in sides:
            # Groups of languages ("mul", "ROMANCE") are not resolved.
            if own in {*known, *known.values()} and own not in (language, known[language]):
                raise UsageError(
                    f"this OPUS-MT model is of '{own}', not of '{language}'",
                    where="the model's tokenizer",
                    allowed=f"{self.tokenizer.source_lang} to {self.tokenizer.target_lang}",
                    fix="take the model of the other direction",
                )
        tag = f">>{code_of('opus_mt', target)}<<"
        if tags and tag not in tags:
            raise UsageError(
                f"this OPUS-MT model does not translate into '{target}'",
                where=tag,
                allowed=", ".join(tags),
                fix="take another model, or leave the language out",
            )


class FairseqTokens:
    """Sub-words of a model that this workflow trained; SentencePiece's models lie beside it.

    Args:
        folder: what :func:`xling.translate.convert_fairseq.convert_fairseq` wrote.
        about: its note: ``languages``, ``pairs``, ``token`` (which language is put in front).
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        from xling.mt.stages.subwords import load_model

        self._about = about
        self._source = load_model(folder / "source.model")
        self._target = load_model(folder / "target.model")
        names = json.loads((folder / SOURCE_TOKENS).read_text(encoding="utf-8"))
        self._known = frozenset(names)
        self.suppressed = [f"__{code}__" for code in about["languages"]]

    def check(self, source: str, target: str) -> None:
        """See :class:`Tokens`."""
        pairs = self._about["pairs"]
        if f"{source}-{target}" not in pairs:
            raise UsageError(
                f"this model cannot translate '{source}' to '{target}'",
                where="the benchmark it was trained on",
                allowed=", ".join(pairs),
                fix="name one of these pairs, or train a model of the other direction",
            )

    def encode(self, texts: Sequence[str], source: str, target: str) -> list[list[str]]:
        """See :class:`Tokens`."""
        language = source if self._about["token"] == "src" else target
        return [
            # fairseq's dictionary has no entry for pieces that training never saw.
            [f"__{language}__", *(p if p in self._known else "<unk>" for p in pieces), "</s>"]
            for pieces in self._source.encode(list(texts), out_type=str)
        ]

    def prefix(self, target: str) -> list[str]:
        """See :class:`Tokens`."""
        del target
        return []

    def decode(self, pieces: list[list[str]], target: str) -> list[str]:
        """See :class:`Tokens`."""
        del target
        found: list[str] = self._target.decode(pieces)
        return found


def load_tokenizer(folder: Path) -> Any:
    """Return the tokenizer of a model's folder.

    Raises:
        DataError: there is none, or it is damaged.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"the tokenizer of a translation model cannot be loaded ({type(error).__name__})",
            where=str(folder),
            allowed="the tokenizer's files as the model was published with",
            fix="download the whole folder again",
        ) from error

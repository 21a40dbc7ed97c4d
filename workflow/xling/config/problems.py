# SPDX-License-Identifier: Apache-2.0
"""From what the types refuse to sentences with file, line, key, what is allowed and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from xling.config.shape import model_at, tag_of, type_at, variants
from xling.config.source import KeyPath, Source, as_yaml_reads, shown
from xling.errors import UsageError, nearest

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
# What the types want, in words, by pydantic's name of the mistake.
_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list, such as [a, b]",
    "dict_type": "a map, with a 'key: value' per line",
    "model_type": "a map, with a 'key: value' per line",
    "model_attributes_type": "a map, with a 'key: value' per line",
}
_LIMITS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


@dataclass(frozen=True)
class Problem:
    """One mistake in a study."""

    what: str
    path: KeyPath
    allowed: str = ""
    fix: str = ""


def as_error(problems: Iterable[Problem], source: Source) -> UsageError:
    """Return one error that lists all problems in the order of their lines."""
    found = [
        UsageError(p.what, where=source.where(p.path), allowed=p.allowed, fix=p.fix)
        for p in sorted(problems, key=lambda p: _line(p.path, source))
    ]
    if len(found) == 1:
        return found[0]
    # Each problem keeps its four lines, indented below its number.
    parts = [str(e).removeprefix("error: ").replace("\n", "\n   ") for e in found]
    listed = "".join(f"\n{i:>3}. {part}" for i, part in enumerate(parts, start=1))
    return UsageError(f"{len(found)} mistakes in {shown(source.path)}{listed}")


def _line(path: KeyPath, source: Source) -> tuple[bool, int]:
    """Return the line of the nearest key; what stands in an extended file comes last."""
    while path and path not in source.lines:
        path = path[:-1]
    return source.file_of(path) != source.path, source.lines.get(path, 1)


@dataclass(frozen=True)
class _Mistake:
    """A refusal of the types: pydantic's report, the key path, the file."""

    detail: ErrorDetails
    path: KeyPath
    source: Source


def found_by_types(error: ValidationError, source: Source, below: KeyPath = ()) -> list[Problem]:
    """Translate what the types of a study refused.

    Args:
        error: the refusal.
        source: the file.
        below: key path of the part that was checked, if not the whole study.
    """
    problems = []
    for detail in error.errors(include_url=False):
        path = (*below, *_key_path(detail, _value(source.values, below)))
        problems.append(_TRANSLATORS.get(detail["type"], _other)(_Mistake(detail, path, source)))
    return _without_echoes(problems)


def _value(values: Any, path: KeyPath) -> Any:
    for part in path:
        values = values[part]
    return values


def _key_path(detail: ErrorDetails, values: Any) -> KeyPath:
    """Drop from pydantic's location what is no key of the file (tags of unions, "[key]")."""
    path: KeyPath = ()
    for i, part in enumerate(detail["loc"]):
        last = i == len(detail["loc"]) - 1
        in_map = isinstance(values, dict) and part in values
        if in_map or (isinstance(values, list) and isinstance(part, int)):
            values = values[part]
            path = (*path, part)
        elif last and detail["type"] == "missing":
            path = (*path, part)
    return path


def _without_echoes(problems: list[Problem]) -> list[Problem]:
    """Drop "missing key 'methods'" where 'metods' is reported beside it."""
    said = {(p.path[:-1], p.fix) for p in problems if p.what.startswith("unknown key")}
    return [
        p
        for p in problems
        if not (
            p.what.startswith("missing key")
            and (p.path[:-1], f"did you mean '{p.path[-1]}'?") in said
        )
    ]


def _unknown_key(m: _Mistake) -> Problem:
    allowed = tuple(model_at(m.path[:-1], m.source.values).model_fields)
    name = str(m.path[-1])
    return Problem(f"unknown key '{name}'", m.path, ", ".join(allowed), nearest(name, allowed))


def _missing_key(m: _Mistake) -> Problem:
    key = str(m.path[-1])
    meaning = model_at(m.path[:-1], m.source.values).model_fields[key].description
    return Problem(f"missing key '{key}'", m.path, meaning or "", f"add the key '{key}'")


def _missing_tag(m: _Mistake) -> Problem:
    kind = type_at(m.path, m.source.values)
    key, allowed = tag_of(kind), ", ".join(variants(kind))
    return Problem(f"missing key '{key}'", (*m.path, key), allowed, f"add the key '{key}'")


def _unknown_tag(m: _Mistake) -> Problem:
    context, key = m.detail["ctx"], tag_of(type_at(m.path, m.source.values))
    return _unknown_word(str(context["tag"]), context["expected_tags"], (*m.path, key))


def _unknown_word(word: str, quoted: str, path: KeyPath) -> Problem:
    allowed = re.findall(r"'([^']*)'", quoted)
    return Problem(f"unknown value '{word}'", path, ", ".join(allowed), nearest(word, allowed))


def _literal(m: _Mistake) -> Problem:
    word = m.source.written.get(m.path, str(m.detail["input"]))
    return _unknown_word(word, m.detail["ctx"]["expected"], m.path)


def _wrong_type(m: _Mistake) -> Problem:
    wanted, value = _WANTED[m.detail["type"]], m.detail["input"]
    written = m.source.written.get(m.path)
    what, fix = f"{_described(value, written)} is not {wanted.split(',')[0]}", ""
    if wanted.endswith("number"):
        number = _as_number(value, whole="whole" in wanted)
        fix = f"write {number}" if number else ""
        if number and written and isinstance(value, str):
            what = f"YAML reads {written} as text, not as {wanted}"
    elif wanted == "text" and written and value is not None:
        fix = f'write "{written}"'
        if written.lower() != as_yaml_reads(value):
            what = f"YAML reads {written} as {as_yaml_reads(value)}, not as text"
    return Problem(what, m.path, wanted, fix)


def _described(value: Any, written: str | None) -> str:
    if isinstance(value, str):
        return f"'{' '.join(value.split())}'"
    if value is None:
        return "an empty value"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a map"
    return written or str(value)


def _as_number(value: Any, *, whole: bool) -> str:
    """Return how a number must be written so that YAML 1.1 reads one; empty if it is none."""
    text = str(value).lower()
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        return ""
    if whole:
        return str(int(float(text))) if float(text).is_integer() else ""
    mantissa, _, exponent = text.partition("e")
    if "." not in mantissa:
        mantissa += ".0"
    if exponent and exponent[0] not in "+-":
        exponent = f"+{exponent}"  # YAML 1.1 wants the sign
    return f"{mantissa}e{exponent}" if exponent else mantissa


def _limit(m: _Mistake) -> Problem:
    key, words = _LIMITS[m.detail["type"]]
    value = m.source.written.get(m.path, m.detail["input"])
    return Problem(f"{value} is out of range", m.path, f"{words} {m.detail['ctx'][key]:g}")


def _too_short(m: _Mistake) -> Problem:
    return Problem("there is no entry", m.path, "at least one entry")


def _language_code(m: _Mistake) -> Problem:
    what = f"'{m.detail['input']}' is not a language code"
    return Problem(what, m.path, "two or three small letters: en, qaa")


def _own_check(m: _Mistake) -> Problem:
    """Translate the messages of the study's own checks: "key: what; allowed: names"."""
    path = m.path
    what, _, allowed = str(m.detail["ctx"]["error"]).partition("; allowed: ")
    if located := re.fullmatch(r"([a-z_]+[\w.\[\]-]*): (.*)", what):
        path, what = (*path, *_parsed(located[1])), located[2]
    if unknown := re.fullmatch(r"unknown [\w ]+ '([^']*)'", what):
        name = unknown[1]
        fix = nearest(name, allowed.split(", "))
        return Problem(what, _entry(path, name, m.source), allowed, fix)
    return Problem(what, path, allowed)


def _parsed(key: str) -> KeyPath:
    """Turn ``experiments[0].models`` back into a key path."""
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", key)
    return tuple(int(index) if index else name for index, name in parts)


def _entry(path: KeyPath, name: str, source: Source) -> KeyPath:
    """Return the path of a name that a check complains about, as exactly as it can be found."""
    here = _value(source.values, path)
    if isinstance(here, list) and name in here:
        return (*path, here.index(name))
    for longer in ((*path, name), (*path, "set", name)):
        if longer in source.lines:
            return longer
    return path


def _other(m: _Mistake) -> Problem:
    what = m.detail["msg"].replace("Input should be", "the value must be")
    return Problem(what[:1].lower() + what[1:], m.path)


_TRANSLATORS: dict[str, Callable[[_Mistake], Problem]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing_key,
    "union_tag_not_found": _missing_tag,
    "union_tag_invalid": _unknown_tag,
    "literal_error": _literal,
    "string_pattern_mismatch": _language_code,
    "too_short": _too_short,
    "value_error": _own_check,
    **dict.fromkeys(_WANTED, _wrong_type),
    **dict.fromkeys(_LIMITS, _limit),
}

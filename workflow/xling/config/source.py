# SPDX-License-Identifier: Apache-2.0
"""A YAML file as values that remember their lines.

PyYAML keeps the last of two equal keys without a word and forgets where a value stood; both matter
to somebody who looks for a mistake in a study.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from xling.errors import UsageError

KeyPath = tuple[str | int, ...]


def dotted(path: KeyPath) -> str:
    """Return a key path as people write it: ``experiments[0].methods[1]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def shown(path: Path) -> str:
    """Return a path relative to the current directory if it lies below it."""
    absolute, here = Path(os.path.abspath(path)), Path.cwd()  # noqa: PTH100 (keeps links)
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)


@dataclass(frozen=True)
class Source:
    """The values of one YAML file, and those of another that it extends.

    Attributes:
        path: the file.
        values: what YAML reads.
        lines: line (from 1) of each key and list entry.
        written: plain scalars as they stand in the file (``no``, where YAML reads ``False``).
        files: the other file, by the top-level keys whose values stand there.
    """

    path: Path
    values: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    written: dict[KeyPath, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)

    def file_of(self, path: KeyPath) -> Path:
        """Return the file in which a key stands."""
        return self.files.get(str(path[0]), self.path) if path else self.path

    def extended(self, other: Source) -> Source:
        """Return this file's values with the top-level parts of another file that it lacks."""
        lacking = [key for key in other.values if key not in self.values]

        def added(own: dict[KeyPath, Any], others: dict[KeyPath, Any]) -> dict[KeyPath, Any]:
            return own | {path: value for path, value in others.items() if path[:1] in tops}

        tops = {(key,) for key in lacking}
        return replace(
            self,
            values=self.values | {key: other.values[key] for key in lacking},
            lines=added(self.lines, other.lines),
            written=added(self.written, other.written),
            files=dict.fromkeys(lacking, other.path),
        )

    def where(self, path: KeyPath) -> str:
        """Return ``file:line: dotted.key``; the line is that of the nearest key that exists."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return self.at(self.lines.get(known, 1), path)

    def at(self, line: int, path: KeyPath) -> str:
        """Return ``file:line: dotted.key``."""
        place = f"{shown(self.file_of(path))}:{line}"
        return f"{place}: {dotted(path)}" if path else place


def read_source(path: Path) -> Source:
    """Read a YAML file; raise :class:`UsageError` with file and line if it is not valid."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            "the study cannot be read",
            where=shown(path),
            allowed=f"a YAML file ({error.strerror})",
            fix="check the path and its permissions",
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            "the study is not UTF-8 text",
            where=f"{shown(path)}: byte {error.start}",
            allowed="a YAML file in UTF-8",
            fix="save the file as UTF-8",
        ) from error
    source = Source(path)
    try:
        root = _compose(text)
        if root is not None:
            values = _Walk(source).value(root, ())
            return Source(path, values, source.lines, source.written)
    except yaml.YAMLError as error:
        raise _syntax_error(path, text, error) from error
    return source


def _compose(text: str) -> yaml.Node | None:
    """Parse with the C library if PyYAML has it, and again in Python for stable messages."""
    try:
        return yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return yaml.compose(text, yaml.SafeLoader)


class _Walk:
    """Turns nodes into values and notes their lines."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.constructor = yaml.constructor.SafeConstructor()
        self.open: set[int] = set()

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        """Return the value of a node; nested nodes get longer paths."""
        self.source.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            if not node.style:  # plain: None in Python, "" in the C library
                self.source.written[path] = node.value
            return self._scalar(node, path)
        if id(node) in self.open:
            raise yaml.MarkedYAMLError(
                problem="an alias stands inside what it names", problem_mark=node.start_mark
            )
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
            assert isinstance(node, yaml.MappingNode)  # the three kinds of YAML
            return self._mapping(node, path)
        finally:
            self.open.remove(id(node))

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        try:
            return self.constructor.construct_object(node)
        # The date 2024-13-01, "!!bool maybe", "!!timestamp soon".
        except (ValueError, KeyError, AttributeError) as error:
            raise UsageError(
                f"YAML cannot read {node.value}",
                where=self.source.where(path),
                allowed="text in quotes",
                fix=f'write "{node.value}"',
            ) from error

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        first: dict[str, int] = {}
        for key, _ in node.value:
            name = self._key(key, path)
            if name in first:
                raise UsageError(
                    f"the key '{name}' is given twice",
                    where=self.source.at(key.start_mark.line + 1, (*path, name)),
                    allowed=f"once; the first is on line {first[name]}",
                    fix="remove one of the two",
                )
            first[name] = key.start_mark.line + 1
        self.constructor.flatten_mapping(node)  # the merge key "<<"; own keys stand last and win
        last = {self._key(key, path): (key, item) for key, item in node.value}
        values = {}
        for name, (key, item) in last.items():
            self.source.lines[*path, name] = key.start_mark.line + 1
            values[name] = self.value(item, (*path, name))
        return values

    def _key(self, node: yaml.Node, path: KeyPath) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(
                problem="a list or a map is used as a key", problem_mark=node.start_mark
            )
        if node.tag == "tag:yaml.org,2002:merge":
            return "<<"
        name = self._scalar(node, path)
        if not isinstance(name, str):
            raise UsageError(
                f"YAML reads the key {node.value} as {as_yaml_reads(name)}, not as text",
                where=self.source.at(node.start_mark.line + 1, path),
                allowed="text",
                fix=f'write "{node.value}"',
            )
        return name


def as_yaml_reads(value: object) -> str:
    """Name a value that YAML read from a plain word ("false", "the number 1.1")."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    return "nothing" if value is None else f"a {type(value).__name__}"


def _syntax_error(path: Path, text: str, error: yaml.YAMLError) -> UsageError:
    """Turn PyYAML's report into one sentence with file and line."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        problem = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
        return UsageError(problem, where=f"{shown(path)}:{line}", fix="remove the character")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    rows = text.splitlines()
    here = rows[line] if line < len(rows) else ""
    if here[column : column + 1] == "\t":
        problem, fix = "there is a tab where YAML wants blanks", "replace the tab by blanks"
    else:
        problem = f"the study is not valid YAML: {getattr(error, 'problem', None) or error}"
        fix = "check the indentation, colons, quotes and brackets there and in the line above"
    return UsageError(problem, where=f"{shown(path)}:{line + 1}", fix=fix)

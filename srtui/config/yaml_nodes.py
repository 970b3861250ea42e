"""YAML text → plain values, and where each of them stands. Strict where YAML 1.1 surprises.

PyYAML's own resolver reads ``lr: 1e-4`` as a string, ``on`` as True and ``010`` as 8, accepts a key twice and lets a
few aliases grow into gigabytes; here plain scalars follow the core schema of YAML 1.2.2 (section 10.3), and tags,
aliases and repeated keys are problems.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

Value = Any
Key = tuple[str | int, ...]

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,300}")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,64}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_CORE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map"))
_IMPLICIT_TAGS = _CORE_TAGS | {f"tag:yaml.org,2002:{name}" for name in ("timestamp", "value", "merge")}
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value or key stands: line and column from 0, width in characters."""

    line: int
    column: int
    width: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: where, at which key, the fact with its value, and what to do."""

    place: Place
    key: str
    fact: str
    hint: str


@dataclass(slots=True)
class Tree:
    """The plain values of a file, the place of each key and value, and what was wrong with the YAML itself."""

    value: Value = None
    keys: dict[Key, Place] = field(default_factory=dict)
    values: dict[Key, Place] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def parse(text: str) -> Tree:
    """Read YAML text; never raises for what stands in it: see ``Tree.findings``."""
    tree = Tree()
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        tree.findings.append(_syntax_finding(error))
        return tree
    except RecursionError:
        tree.findings.append(Finding(Place(0, 0, 1), "", "nested too deeply", f"at most {_DEEPEST} levels"))
        return tree
    if root is not None:
        tree.value = _Walk(tree).value(root, ())
    return tree


def _syntax_finding(error: yaml.YAMLError) -> Finding:
    mark = getattr(error, "problem_mark", None)
    place = Place(mark.line, mark.column, 1) if mark else Place(0, 0, 1)
    fact = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable as YAML"
    return Finding(place, "", f"YAML syntax: {fact}", "values with ': ', '#' or brackets need quotes")


class _Walk:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, path: Key) -> Value:
        place = _place(node)
        self.tree.values[path] = place
        name = ".".join(map(str, path))
        if id(node) in self.seen:
            return self._found(place, name, "aliases (*name) are not allowed", "write the value out")
        self.seen.add(id(node))
        if node.tag not in _IMPLICIT_TAGS:
            return self._found(place, name, f"the tag {node.tag!r} is not allowed", "write a plain value")
        if len(path) > _DEEPEST:
            return self._found(place, name, "nested too deeply", f"at most {_DEEPEST} levels")
        kinds: dict[type, Callable[[Any, Key], Value]] = {
            yaml.MappingNode: self._mapping,
            yaml.SequenceNode: self._sequence,
            yaml.ScalarNode: _scalar,
        }
        return kinds[type(node)](node, path)

    def _found(self, place: Place, key: str, fact: str, hint: str) -> None:
        self.tree.findings.append(Finding(place, key, fact, hint))

    def _mapping(self, node: yaml.MappingNode, path: Key) -> dict[str, Value]:
        result: dict[str, Value] = {}
        for key_node, value_node in node.value:
            place = _place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._found(place, ".".join(map(str, path)), "a key must be a word", "")
                continue
            key = key_node.value
            inner = (*path, key)
            if key in result:
                first = self.tree.keys[inner].line + 1
                self._found(place, ".".join(map(str, inner)), "key given twice", f"first on line {first}")
                continue
            self.tree.keys[inner] = place
            result[key] = self.value(value_node, inner)
        return result

    def _sequence(self, node: yaml.SequenceNode, path: Key) -> list[Value]:
        return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]


def _place(node: yaml.Node) -> Place:
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Place(start.line, start.column, max(width, 1))


def _scalar(node: yaml.ScalarNode, _path: Key) -> Value:
    text: str = node.value
    if node.style is not None:
        return text
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text

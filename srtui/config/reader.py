"""Configuration files and requests ↔ frozen dataclasses. All problems of a file are reported at once, each located."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from srtui.config.yaml_nodes import Finding, Key, Place, Tree, parse
from srtui.errors import ConfigurationError, Problem, UsageError

T = TypeVar("T")
LARGEST = 1 << 20
"""Bytes of a configuration file that are read at most."""

_BOUNDS = {"ge": "at least", "gt": "greater than", "le": "at most", "lt": "less than"}
_UNKNOWN = frozenset({"unexpected_keyword_argument", "extra_forbidden"})
_MISSING = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})


def read_yaml(path: Path, section: type[T]) -> T:
    """Read a YAML file as ``section`` (a dataclass of ``srtui.config``).

    Raises
    ------
    ConfigurationError
        With every problem of the file.
    UsageError
        If there is no such file, or it cannot be text of at most 1 MiB.
    """
    state = _state(path)
    kept = _KEPT.get((path, section))
    if kept is None or kept[0] != state or state is None:
        text = _read_text(path)
        kept = (state, _validate(parse(text), section, str(path), text.splitlines()))
        _KEPT[path, section] = kept
    found: T = kept[1]
    return found


def _state(path: Path) -> tuple[int, ...] | None:
    """What changes with a file's content."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)


# Files as they were read last, frozen: judging a project's steps reads its few files 16 times, 6 ms each.
_KEPT: dict[tuple[Path, type], tuple[tuple[int, ...] | None, Any]] = {}


def read_plain(path: Path) -> dict[str, Any]:
    """Read a YAML file of another program as plain values: any keys, but no tags, aliases or repeated keys.

    Raises
    ------
    ConfigurationError
        With everything that is wrong with the YAML itself.
    UsageError
        If there is no such file, it cannot be text of at most 1 MiB, or holds no keys.
    """
    text = _read_text(path)
    tree = parse(text)
    if tree.findings:
        raise ConfigurationError([_problem(str(path), text.splitlines(), finding) for finding in tree.findings])
    if not tree.value or not isinstance(tree.value, dict):
        raise UsageError(str(path), "holds no keys", hint="is this a YAML file?")
    return tree.value


def from_plain(section: type[T], value: Mapping[str, Any], *, where: str) -> T:
    """Turn plain values (of job.yml, of a network's metadata) into ``section``; problems name ``where``."""
    text = yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True)
    return _validate(parse(text), section, where, text.splitlines())


def to_plain(value: Any, *, defaults: bool = True) -> Any:
    """Turn a section into plain values; ``defaults=False`` leaves out what says nothing new."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_plain(getattr(value, field.name), defaults=defaults)
            for field in dataclasses.fields(value)
            if defaults or field.name in _ALWAYS_WRITTEN or getattr(value, field.name) != _default(field)
        }
    if isinstance(value, (tuple, list)):
        return [to_plain(item, defaults=defaults) for item in value]
    return value


def changed(value: T, **changes: Any) -> T:
    """Section with other values, checked as if it had been read; None changes nothing."""
    given = {name: new for name, new in changes.items() if new is not None}
    if not given:
        return value
    try:
        return from_plain(type(value), {**to_plain(value), **given}, where="the command line")
    except ConfigurationError as error:
        raise ConfigurationError([dataclasses.replace(problem, line=0) for problem in error.problems]) from None


def to_yaml(value: Any, *, defaults: bool = True) -> str:
    """Section → YAML text that ``read_yaml`` reads back to an equal section."""
    plain = to_plain(value, defaults=defaults)
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120)


_ALWAYS_WRITTEN = frozenset({"version", "type", "step", "scale"})


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default_factory() if callable(field.default_factory) else field.default


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(str(path), error.strerror or "cannot be read", hint="check the path") from None
    if len(raw) > LARGEST:
        raise UsageError(str(path), "larger than 1 MiB", hint="is this a configuration file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(str(path), f"not UTF-8 at byte {error.start}", hint="save it as UTF-8 text") from None


def _validate(tree: Tree, section: type[T], path: str, rows: list[str]) -> T:
    findings = list(tree.findings)
    if not findings and not (tree.value and isinstance(tree.value, dict)):
        raise UsageError(path, "holds no keys", hint=f"keys here: {', '.join(_names_of(section))}")
    result: T | None = None
    try:
        if isinstance(tree.value, dict):
            result = _adapter(section).validate_json(json.dumps(tree.value), strict=True)
    except ValidationError as error:
        explained = [_explain(tree, section, details) for details in error.errors(include_url=False) if _says(details)]
        # A union reports one finding per member that did not fit; the first at a place says enough, and none
        # is needed where the YAML itself was at fault.
        known = {finding.key for finding in findings}
        first = {(finding.place, finding.key): finding for finding in reversed(explained)}.values()
        findings += [finding for finding in first if finding.key not in known]
    if findings or result is None:
        problems = [_problem(path, rows, finding) for finding in findings]
        raise ConfigurationError(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return result


def _adapter(section: type[T]) -> TypeAdapter[T]:
    """Adapter of a section, made once: that takes 10 to 40 ms, and the wizard reads again and again."""
    if section not in _ADAPTERS:
        _ADAPTERS[section] = TypeAdapter(section)
    return _ADAPTERS[section]


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _problem(path: str, rows: list[str], finding: Finding) -> Problem:
    place = finding.place
    source = rows[place.line].rstrip() if place.line < len(rows) else ""
    return Problem(
        path=path,
        line=place.line + 1,
        column=place.column + 1,
        width=min(place.width, max(len(source) - place.column, 1)),
        key=finding.key,
        fact=finding.fact,
        source=source,
        hint=finding.hint,
    )


def _explain(tree: Tree, section: type[Any], details: ErrorDetails) -> Finding:
    """One finding of pydantic in the file's own terms."""
    kind, location, context = details["type"], details["loc"], details.get("ctx", {})
    path = _path_in_file(tree, location, whole=kind in _UNKNOWN | _MISSING)
    key = ".".join(map(str, path))
    place = tree.keys.get(path) if kind in _UNKNOWN else tree.values.get(path)
    if place is None:
        place = tree.keys.get(path[:-1]) or tree.values.get(path[:-1]) or Place(0, 0, 1)
    given = details["input"]
    if kind in _UNKNOWN:
        names = _names_of(_type_at(section, location[:-1]))
        near = get_close_matches(str(path[-1]), names, n=1)
        hint = (f"did you mean {near[0]!r}? " if near else "") + f"keys here: {', '.join(sorted(names))}"
        return Finding(place, key, "unknown key", hint)
    if kind in _MISSING:
        return Finding(place, key, "required key is missing", f"add '{path[-1]}: …' here")
    if kind == "literal_error":
        return Finding(place, key, f"{given!r} is not allowed", f"allowed: {context['expected']}")
    if kind == "union_tag_invalid":
        return Finding(place, key, f"{context['tag']!r} is not allowed", f"allowed: {context['expected_tags']}")
    if kind == "union_tag_not_found":
        return Finding(place, key, "its kind is not given", _kinds_of(_type_at(section, location)))
    if kind == "value_error":
        return Finding(place, key, str(context["error"]), "")
    for bound, words in _BOUNDS.items():
        if bound in context:
            return Finding(place, key, f"{given!r} is out of range", f"allowed: {words} {context[bound]}")
    fact = details["msg"][0].lower() + details["msg"][1:]
    return Finding(place, key, f"{fact}, got {_short(given)}", "")


def _says(details: ErrorDetails) -> bool:
    """Whether a finding tells something: a list whose items are wrong is not, as pydantic adds, too short as well."""
    return details["type"] != "too_short" or len(details["input"]) < details["ctx"]["min_length"]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _path_in_file(tree: Tree, location: tuple[str | int, ...], *, whole: bool) -> Key:
    """Pydantic's location without the parts that name union members, which the file does not have."""
    path: Key = ()
    for index, part in enumerate(location):
        longer = (*path, part)
        if longer in tree.values or (whole and index == len(location) - 1):
            path = longer
    return path


def _names_of(section: Any) -> list[str]:
    """Keys that a mapping of this type may have; of a union, those of all its members."""
    members = _members(section)
    return list(
        dict.fromkeys(
            f.name for member in members if dataclasses.is_dataclass(member) for f in dataclasses.fields(member)
        )
    )


def _kinds_of(section: Any) -> str:
    heads = [dataclasses.fields(member)[0] for member in _members(section) if dataclasses.is_dataclass(member)]
    if heads and all(isinstance(head.default, str) for head in heads):
        return f"add '{heads[0].name}: …': " + ", ".join(str(head.default) for head in heads)
    return "give one of: " + ", ".join(head.name for head in heads)


def _members(section: Any) -> list[Any]:
    origin = get_origin(section)
    if origin is Annotated:
        return _members(get_args(section)[0])
    if origin in {Union, types.UnionType}:
        return [deep for member in get_args(section) for deep in _members(member)]
    return [section]


def _type_at(section: Any, location: tuple[str | int, ...]) -> Any:
    """Type of what stands at pydantic's location."""
    node = section
    for part in location:
        members = _members(node)
        inner = [
            hints[part]
            for member in members
            if dataclasses.is_dataclass(member)
            and isinstance(part, str)
            and part in (hints := get_type_hints(member, include_extras=True))
        ]
        if isinstance(part, int):
            inner = [get_args(member)[0] for member in members if get_origin(member) in {tuple, list}]
        tagged = [member for member in members if len(members) > 1 and _tag(member) == part]
        node = tagged[0] if tagged else inner[0] if inner else node
    return node


def _tag(member: Any) -> str | None:
    """What pydantic calls a member of a union: the default of its first field, else that field's name."""
    if not dataclasses.is_dataclass(member):
        return None
    head = dataclasses.fields(member)[0]
    return head.default if isinstance(head.default, str) else head.name

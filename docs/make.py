"""Write docs/commands.md and docs/settings.md from the code: ``python docs/make.py`` (``--check`` only compares)."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import click

from srtui.config.degradation import Degradation
from srtui.config.profile import Profile
from srtui.config.project import Project

DOCS = Path(__file__).resolve().parent
WIDTH = 96


def commands() -> str:
    """Help of every command."""
    from srtui.cli import cli

    lines = [
        "# Commands",
        "",
        "Made from the code by `python docs/make.py`: this is what `srtui COMMAND --help` prints.",
        "",
    ]
    for name, command in _walk(cli, "srtui"):
        context = click.Context(
            command,
            info_name=name,
            terminal_width=WIDTH,
            max_content_width=WIDTH,
            help_option_names=cli.context_settings["help_option_names"],
        )
        lines += [f"## {name}", "", "```", command.get_help(context), "```", ""]
    return "\n".join(lines)


def _walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _walk(inner, f"{name} {inner.name}")


def settings() -> str:
    """Every key of the three kinds of file, with its meaning, values and default."""
    lines = [
        "# Settings",
        "",
        "Made from the code by `python docs/make.py`. Unknown keys are errors, never ignored.",
        "",
    ]
    files = {
        "project.yml": Project,
        "Training profiles (profiles/training/*.yml)": Profile,
        "Degradations (profiles/degradation/*.yml)": Degradation,
    }
    for title, section in files.items():
        lines += [f"## {title}", ""]
        for inner in _sections(section, []):
            lines += _table(inner)
    return "\n".join(lines)


def _sections(section: Any, seen: list[Any]) -> list[Any]:
    """Dataclasses within a dataclass, in the order of reading."""
    if dataclasses.is_dataclass(section):
        if section in seen:
            return seen
        seen.append(section)
        inner: tuple[Any, ...] = tuple(typing.get_type_hints(section).values())
    else:
        inner = get_args(section)
    for each in inner:
        _sections(each, seen)
    return seen


def _table(section: Any) -> list[str]:
    about = inspect.getdoc(section) or ""
    words = _attribute_docs(section)
    hints = typing.get_type_hints(section, include_extras=True)
    rows = []
    for field in dataclasses.fields(section):
        hint = hints[field.name]
        meaning = words.get(field.name) or ("Says which of its kind this is." if field.name in {"type", "step"} else "")
        if not meaning and dataclasses.is_dataclass(hint):
            meaning = (inspect.getdoc(hint) or "").splitlines()[0]
        rows.append(f"| `{field.name}` | {_values(hint)} | {_default(field)} | {meaning} |")
    return [
        f"### {section.__name__}",
        "",
        about,
        "",
        "| key | values | default | meaning |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def _attribute_docs(section: Any) -> dict[str, str]:
    """Docstrings that stand below the fields."""
    (tree,) = ast.parse(inspect.getsource(section)).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            found[field.target.id] = inspect.cleandoc(ast.literal_eval(text.value))
    return found


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return "none" if field.default is None else f"`{_plain(field.default)}`"
    return "see below" if field.default_factory is not dataclasses.MISSING else "required"


def _plain(value: Any) -> str:
    return f"[{', '.join(map(_plain, value))}]" if isinstance(value, tuple) else str(value)


def _values(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _values(arguments[0]) + "".join(_bound(each) for each in arguments[1:])
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in arguments)
    if origin in {Union, types.UnionType}:
        return " or ".join(_values(each) for each in arguments if each is not type(None))
    if origin is tuple:
        items = [each for each in arguments if each is not ...]
        return "list of " + " and ".join(dict.fromkeys(map(_values, items)))
    if origin is Mapping:
        return f"{_values(arguments[0])}, each with a {_values(arguments[1])}"
    if dataclasses.is_dataclass(hint):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    return {int: "whole number", float: "number", str: "text", bool: "`true`, `false`"}.get(hint, str(hint))


def _bound(bound: Any) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    if isinstance(bound, (annotated_types.Ge, annotated_types.Gt, annotated_types.Le, annotated_types.Lt)):
        return "".join(f" {sign} {getattr(bound, name)}" for name, sign in signs.items() if hasattr(bound, name))
    return ""


def main(check: bool) -> int:
    """Write or compare the files; gives the exit code."""
    stale = []
    for name, text in {"commands.md": commands(), "settings.md": settings()}.items():
        path = DOCS / name
        if check and (not path.is_file() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"not as the code says: {', '.join(stale)}; run: python docs/make.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))

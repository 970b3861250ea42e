"""The command `import-options`: a BasicSR option file becomes a training profile."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srtui.cli import options
from srtui.errors import UsageError, from_os_error

if TYPE_CHECKING:
    from srtui.config.basicsr import Imported


@click.command("import-options")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The profile's file; default: NAME.yml here.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@options.as_json
def import_options(file: Path, out: Path | None, overwrite: bool, as_json: bool) -> None:
    """Turn a BasicSR option file (2019, 2020, 1.4) into a training profile.

    Prints what belongs into project.yml, and everything that was not carried over, each with its reason.
    """
    from srtui.config import basicsr
    from srtui.config.reader import to_yaml
    from srtui.files import write_whole

    imported = basicsr.import_options(file)
    target = out or Path(f"{imported.profile.name}.yml")
    if target.exists() and (not overwrite or target.resolve() == file.resolve()):
        hint = "-o names another file" + ("" if target.resolve() == file.resolve() else ", --overwrite replaces it")
        raise UsageError(str(target), "is there already", hint=hint)
    try:
        write_whole(target, f"# From {file.name}, options of BasicSR.\n{to_yaml(imported.profile)}")
    except OSError as error:
        raise from_os_error(error, str(target)) from None
    click.echo(_to_json(target, imported) if as_json else _to_text(target, imported))


def _to_json(target: Path, imported: Imported) -> str:
    left = [{"key": each.key, "value": each.value, "reason": each.reason} for each in imported.left]
    found = {"profile": str(target), "name": imported.profile.name, "project": imported.project, "left": left}
    # Numbers that JSON does not know (1e999 is infinite) become words.
    known = json.loads(json.dumps(found), parse_constant=str)
    return json.dumps(known, ensure_ascii=False)


def _to_text(target: Path, imported: Imported) -> str:
    """The file, what belongs into project.yml, and the rest by its reasons."""
    lines = [f"{target}: srtui train --profile {shlex.quote(str(target))}"]
    if imported.project:
        lines += ["", "For project.yml:", *_indented(imported.project)]
    if imported.left:
        lines += ["", "Not in the profile:"]
    by_reason: dict[str, list[str]] = {}
    for each in imported.left:
        by_reason.setdefault(each.reason, []).append(f"{each.key}: {_short(each.value)}")
    for reason, keys in by_reason.items():
        lines += [f"  {reason}", *(f"    {key}" for key in keys)]
    return "\n".join(lines)


def _indented(plain: dict[str, Any]) -> list[str]:
    from srtui.config.reader import to_yaml

    return [f"  {line}" for line in to_yaml(plain).splitlines()]


def _short(value: Any) -> str:
    text = "~" if value is None else str(value)
    return text if len(text) <= 72 else f"{text[:71]}…"


COMMANDS = (import_options,)

"""Which pictures are restored, and where each result goes: settled, or refused, before work begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from srtui.config.requests import RestoreRequest
from srtui.data.pictures import SUFFIXES
from srtui.data.walk import walk
from srtui.errors import UsageError

Reject = Callable[[str, str], None]
"""Called with the name of what is left out, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One picture to restore."""

    name: str
    """For people: the path below the input."""
    source: Path
    result: Path


def plan(request: RestoreRequest, reject: Reject) -> list[Task]:
    """
    List the pictures and their results.

    A result has its source's name and folder with the suffix .png; where two sources would share it (a.jpg and a.tif),
    each keeps its own suffix before it.

    Raises
    ------
    UsageError
        If input and output do not fit together, or a result would replace its own source.
    """
    source, output = Path(request.input), Path(request.output)
    if not source.exists():
        raise UsageError(str(source), "does not exist", hint="give a picture or a folder of pictures")
    tasks = list(_of_folder(source, output, reject)) if source.is_dir() else [_of_file(source, output)]
    for task in tasks:
        if task.result.exists() and task.result.samefile(task.source):
            hint = "give another output: sources are never replaced"
            raise UsageError(str(task.result), "the result would replace its own source", hint=hint)
    return tasks


def assert_free(tasks: list[Task]) -> None:
    """Refuse to replace anything that is there."""
    taken = [task.result for task in tasks if task.result.exists()]
    if taken:
        fact = "exists" if len(taken) == 1 else f"exists, as {len(taken)} of {len(tasks)} results do"
        raise UsageError(str(taken[0]), fact, hint="give another output, or --overwrite")


def _of_file(source: Path, output: Path) -> Task:
    suffix = output.suffix.lower()
    if output.is_dir() or suffix not in SUFFIXES:
        return Task(name=source.name, source=source, result=output / f"{source.stem}.png")
    if suffix != ".png":
        raise UsageError(str(output), "results are written as PNG", hint=f"call it {output.stem}.png")
    return Task(name=source.name, source=source, result=output)


def _of_folder(source: Path, output: Path, reject: Reject) -> Iterator[Task]:
    if output.is_file() or output.suffix.lower() in SUFFIXES:
        raise UsageError(str(output), "a folder of pictures needs a folder for its results", where=source)
    if output.resolve() == source.resolve():
        raise UsageError(str(output), "is the folder of the sources itself", hint="give another output")
    names = []
    for found in walk(source):
        if output.resolve() in (source / found.name).resolve().parents:
            continue  # results of this job or of an earlier one
        if found.reason:
            reject(found.name, found.reason)
        else:
            names.append(found.name)
    for name, result in zip(names, _results(names), strict=True):
        yield Task(name=name, source=source / name, result=output / result)


def _results(names: list[str]) -> list[str]:
    short = [str(PurePosixPath(name).with_suffix(".png")) for name in names]
    count = Counter(short)
    chosen = [brief if count[brief] == 1 else f"{name}.png" for name, brief in zip(names, short, strict=True)]
    clash = next((name for name, times in Counter(chosen).items() if times > 1), None)
    if clash is not None:
        raise UsageError(clash, "several sources would give this result", hint="rename one of them")
    return chosen

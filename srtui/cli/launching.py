"""From a request to a job that runs: made, followed or left, and its result printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srtui.cli.following import launch_and_follow, launch_and_leave
from srtui.jobs.folder import JobFolder, create

if TYPE_CHECKING:
    from srtui.config.requests import Request

Result = dict[str, Any]
"""What a finished job says that it made."""


def new_job(root: Path, kind: str, request: Request, digest: str = "") -> JobFolder:
    """Make the folder of a job; nothing runs yet."""
    from srtui.config.reader import to_plain

    return create(root, kind, to_plain(request), digest)


def plain_lines(result: Result) -> Iterable[str]:
    """A line for each thing."""
    return (f"{name}: {value}" for name, value in result.items())


def launch_job(
    job: JobFolder, *, detach: bool = False, as_json: bool, tell: Callable[[Result], Iterable[str]] = plain_lines
) -> int:
    """Start a job, and follow it to its end unless ``detach``; gives the exit code.

    Parameters
    ----------
    tell
        What it made, in lines for people.
    """
    if detach:
        return launch_and_leave(job)
    code = launch_and_follow(job)
    if code == 0:
        made = result_of(job)
        print_result({"job": job.id, **made} if as_json else made, as_json=as_json, tell=tell)
    return code


def print_result(result: Result, *, as_json: bool, tell: Callable[[Result], Iterable[str]] = plain_lines) -> None:
    """Print what was made or found."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    for line in tell(result):
        click.echo(line)


def result_of(folder: JobFolder) -> Result:
    """What a finished job says that it made."""
    from srtui.jobs.events import read_events, said

    results = [said(event) for event in read_events(folder.events) if event["kind"] == "result"]
    return results[-1] if results else {}

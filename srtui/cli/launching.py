"""From a request to a job that runs: made, followed or left, and its result printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srtui.cli.following import launch_and_follow, launch_and_leave
from srtui.jobs.folder import JobFolder, create

if TYPE_CHECKING:
    from srtui.config.requests import Request


def new_job(root: Path, kind: str, request: Request, digest: str = "") -> JobFolder:
    """Make the folder of a job; nothing runs yet."""
    from srtui.config.reader import to_plain

    return create(root, kind, to_plain(request), digest)


def launch_job(job: JobFolder, *, detach: bool, as_json: bool) -> int:
    """Start a job, and follow it to its end unless ``detach``; gives the exit code."""
    if detach:
        return launch_and_leave(job)
    code = launch_and_follow(job)
    if code == 0:
        print_result(job, as_json=as_json)
    return code


def print_result(folder: JobFolder, *, as_json: bool) -> None:
    """Print what a finished job says that it made."""
    fields = result_of(folder)
    if as_json:
        click.echo(json.dumps({"job": folder.id, **fields}, ensure_ascii=False))
        return
    for name, value in fields.items():
        click.echo(f"{name}: {value}")


def result_of(folder: JobFolder) -> dict[str, Any]:
    """What a finished job says that it made."""
    from srtui.jobs.events import read_events

    results = [event for event in read_events(folder.events) if event["kind"] == "result"]
    return {name: value for name, value in (results[-1] if results else {}).items() if name not in {"v", "t", "kind"}}

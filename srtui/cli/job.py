"""Commands about jobs: jobs, status, attach, logs, pause, resume, stop."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path

import click

from srtui.cli import options
from srtui.cli.following import follow_to_end, launch_and_follow, launch_and_leave
from srtui.errors import UsageError
from srtui.jobs.control import ask, withdraw
from srtui.jobs.folder import JobFolder, all_jobs, find_job, jobs_root
from srtui.jobs.launch import rests, stop
from srtui.jobs.status import JobStatus, read_status
from srtui.jobs.wording import again, phase_of, words


def _roots(project: Path | None) -> list[Path]:
    """Where to look for jobs: the project given; else the one stood in, and the jobs without a project."""
    here = options.project_here(project)
    of_project = [] if here is None else [jobs_root(here)]
    return of_project if project is not None else [*of_project, jobs_root(None)]


def _find(project: Path | None, job: str | None, *, owner: bool = True) -> JobFolder:
    """The job that is named, else the newest that lives: a `run` before its steps if ``owner``, else after."""
    roots = _roots(project)
    if job is None:
        known = [folder for root in roots for folder in all_jobs(root)]
        living = [folder for folder in known if not rests(folder)]
        if not known:
            raise UsageError("jobs", "there are none yet", where=roots[0], hint="give -p PROJECT, or the job's folder")
        preferred = [folder for folder in living if (folder.kind == "run") == owner]
        return max(preferred or living or known, key=lambda folder: folder.id)
    for root in roots[:-1]:
        if any(job in folder.id for folder in all_jobs(root)):
            return find_job(root, job)
    return find_job(roots[-1], job)


@click.command()
@options.project
@options.as_json
def jobs(project: Path | None, as_json: bool) -> None:
    """List jobs, oldest first: what they do and how they stand.

    Any part of an id names a job to the other commands.
    """
    known = [(root, read_status(folder)) for root in _roots(project) for folder in all_jobs(root)]
    if as_json:
        rows = [{**dataclasses.asdict(status), "folder": str(root / status.id)} for root, status in known]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not known:
        click.echo("no jobs yet", err=True)
    for _, status in known:
        click.echo(f"{status.id:<34} {status.state:<9} {phase_of(status)} {words(status)}".rstrip())


@click.command()
@options.job
@options.project
@options.as_json
def status(job: str | None, project: Path | None, as_json: bool) -> None:
    """Say how a job stands (default: the newest that lives)."""
    folder = _find(project, job)
    found = read_status(folder)
    if as_json:
        index = folder.previews / "index.json"
        places = {"folder": str(folder.path), "previews": str(index) if index.is_file() else None}
        click.echo(json.dumps({**dataclasses.asdict(found), **places}, ensure_ascii=False, indent=2))
        return
    for name, value in _rows(folder, found):
        click.echo(f"{name:<8} {value}")
    if found.error:
        click.echo(found.error)


def _rows(folder: JobFolder, found: JobStatus) -> list[tuple[str, str]]:
    rows = [("job", found.id), ("state", found.state), ("phase", found.phase), ("done", words(found))]
    if found.pid is not None:
        rows.append(("pid", str(found.pid)))
    if found.code is not None:
        rows.append(("code", str(found.code)))
    pictures = folder.previews / "strips"
    rows += [("folder", str(folder.path)), ("pictures", str(pictures) if pictures.is_dir() else "")]
    return [(name, value) for name, value in rows if value]


@click.command()
@options.job
@options.project
def attach(job: str | None, project: Path | None) -> int:
    """Follow a job; Ctrl-C only leaves, the job goes on."""
    return follow_to_end(_find(project, job), stop_on_interrupt=False)


@click.command()
@options.job
@options.project
@click.option("-f", "--follow", "follow_on", is_flag=True, help="Go on until the job ends; Ctrl-C only leaves.")
@click.option("--events", is_flag=True, help="The events (JSON lines) instead of the worker's output.")
def logs(job: str | None, project: Path | None, follow_on: bool, events: bool) -> int:
    """Print what a job's worker wrote."""
    folder = _find(project, job, owner=False)  # a run has next to nothing to say
    path = folder.events if events else folder.log
    try:
        position = _print_from(path, 0)
        while follow_on and not read_status(folder).ended:
            time.sleep(0.25)
            position = _print_from(path, position)
        _print_from(path, position)
    except KeyboardInterrupt:
        click.echo("left; the job goes on", err=True)
    return 0


def _print_from(path: Path, position: int) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        file.seek(position)
        while block := file.read(1 << 16):
            sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
        return file.tell()


@click.command()
@options.job
@options.project
def pause(job: str | None, project: Path | None) -> None:
    """Let a job wait; it keeps its place and its memory."""
    folder = _find(project, job)
    if rests(folder):
        fact = f"{read_status(folder).state}: nothing runs"
        raise UsageError(folder.id, fact, hint="only a living job can be paused")
    ask(folder, "pause")
    click.echo(f"{folder.id}: pauses; {again('resume', folder)} lets it go on", err=True)


@click.command()
@options.job
@options.project
@options.detach
def resume(job: str | None, project: Path | None, detach: bool) -> int:
    """Let a paused job go on, or take up one that was stopped, failed or killed."""
    folder = _find(project, job)
    if read_status(folder).state == "finished":
        click.echo(f"{folder.id}: finished already", err=True)
        return 0
    if not rests(folder):
        if job is None:
            _assert_nothing_else_waits(folder, project)
        withdraw(folder, "pause")
        click.echo(f"{folder.id}: goes on", err=True)
        return 0
    return launch_and_leave(folder) if detach else launch_and_follow(folder)


def _assert_nothing_else_waits(chosen: JobFolder, project: Path | None) -> None:
    """Do not take a job that runs for the one that was meant, where another one stopped after it began."""
    if read_status(chosen).state == "paused":
        return
    later = [each for root in _roots(project) for each in all_jobs(root) if each.id > chosen.id and rests(each)]
    waiting = [each for each in later if read_status(each).state in {"stopped", "failed", "crashed"}]
    if waiting:
        other = max(waiting, key=lambda each: each.id)
        fact = f"runs, and {other.id} is {read_status(other).state}"
        raise UsageError(chosen.id, fact, hint=f"say which: {again('resume', other)}")


@click.command(name="stop")
@options.job
@options.project
def stop_job(job: str | None, project: Path | None) -> int:
    """Stop a job; what is done is kept, and it can be resumed."""
    folder = _find(project, job)
    if rests(folder):
        click.echo(f"{folder.id}: {read_status(folder).state}, so there is nothing to stop", err=True)
        return 0
    stop(folder)
    return follow_to_end(folder, stop_on_interrupt=False)


COMMANDS = (jobs, status, attach, logs, pause, resume, stop_job)

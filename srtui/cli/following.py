"""Following a job from the terminal: a progress bar on a tty, otherwise a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from srtui.jobs.events import EventTail
from srtui.jobs.folder import JobFolder
from srtui.jobs.launch import Moment, follow, start, stop
from srtui.jobs.status import JobStatus
from srtui.jobs.wording import again, narrate, phase_of, words

if TYPE_CHECKING:
    from rich.progress import Progress

QUIET_LINE = 30.0
"""Seconds between two lines where there is no tty."""
INTERRUPTED = 130


def launch_and_follow(folder: JobFolder) -> int:
    """Start a job (or join one that lives) and follow it; Ctrl-C stops it. Gives the exit code."""
    start(folder)
    return follow_to_end(folder, stop_on_interrupt=True)


def launch_and_leave(folder: JobFolder) -> int:
    """Start a job (or join one that lives), say how to find it again, and leave."""
    start(folder)
    click.echo(folder.id)
    click.echo(f"the job goes on by itself: {again('attach', folder)}", err=True)
    return 0


def follow_to_end(folder: JobFolder, *, stop_on_interrupt: bool) -> int:
    """Show a job until it ends; with ``stop_on_interrupt`` Ctrl-C stops the job, else it only leaves."""
    asked, tail = False, EventTail(folder.events)
    while True:
        try:
            status = _show(folder, tail)
            break
        except KeyboardInterrupt:
            if not stop_on_interrupt or asked:
                click.echo(f"left; the job goes on: {again('attach', folder)}", err=True)
                return INTERRUPTED if asked else 0
            click.echo("stopping (what is done is kept; Ctrl-C again leaves it to itself)", err=True)
            stop(folder)
            asked = True
    if status.error:
        click.echo(status.error, err=True)
    if status.state == "stopped":
        click.echo(f"stopped; {again('resume', folder)} goes on", err=True)
        return INTERRUPTED if asked else 0
    return status.code or 0


def _show(folder: JobFolder, tail: EventTail) -> JobStatus:
    with _narrator() as tell:
        for moment in follow(folder, tail):
            tell(moment)
    return moment.status


@contextmanager
def _narrator() -> Iterator[Callable[[Moment], None]]:
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[words]}", style="dim"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress)


class _Bar:
    """A rich progress bar; what happens scrolls above it."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.task = progress.add_task("starting", total=None, words="")

    def __call__(self, moment: Moment) -> None:
        status = moment.status
        for event in moment.events:
            if line := narrate(event):
                self.progress.console.print(line, markup=False)
        self.progress.update(
            self.task,
            description=phase_of(status),
            total=status.total or None,
            completed=status.done,
            words=words(status),
        )


class _Lines:
    """A line per phase and every half minute."""

    def __init__(self) -> None:
        self.phase = ""
        self.last = time.monotonic()

    def __call__(self, moment: Moment) -> None:
        for event in moment.events:
            if line := narrate(event):
                click.echo(line, err=True)
        status = moment.status
        due = time.monotonic() - self.last >= QUIET_LINE
        if not status.ended and (due or phase_of(status) != self.phase):
            click.echo(f"{phase_of(status)}: {words(status)}".rstrip(": "), err=True)
            self.phase, self.last = phase_of(status), time.monotonic()

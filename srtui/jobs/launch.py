"""Starting a job, and following, stopping and resuming one that was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from srtui.errors import SrtuiError, UsageError
from srtui.jobs.control import ask, withdraw
from srtui.jobs.events import Event, EventTail
from srtui.jobs.folder import JobFolder
from srtui.jobs.lock import holder
from srtui.jobs.status import JobStatus, read_status
from srtui.jobs.wording import again

_TICK = 0.1


def rests(folder: JobFolder, status: JobStatus | None = None) -> bool:
    """Whether nobody works on a job: it has ended, or was never begun. ``status`` is its own, if that was read."""
    status = status or read_status(folder)
    return status.ended or (status.state == "queued" and not folder.log.exists())


def start(folder: JobFolder) -> None:
    """Launch a job unless somebody works on it already."""
    if rests(folder):
        launch(folder)


def launch(folder: JobFolder) -> None:
    """Start (or start again) the detached worker of a job; returns once it lives.

    Raises
    ------
    UsageError
        If it runs already.
    """
    if holder(folder.lock) is not None:
        raise UsageError(folder.id, "runs already", hint=again("attach", folder))
    forget_ending(folder)
    with folder.log.open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "srtui.jobs.supervisor", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder.path,
            start_new_session=True,
        )
    _reap(supervisor)
    deadline = time.monotonic() + 30
    while holder(folder.lock) is None and not folder.exit.exists():
        if time.monotonic() > deadline:
            raise SrtuiError(folder.id, "its worker did not start within 30 s", where=folder.log)
        time.sleep(_TICK / 4)


def forget_ending(folder: JobFolder) -> None:
    """Remove what the last run of a job left: that it was to stop or to wait, and how it ended. Not while it runs."""
    if holder(folder.lock) is not None:
        return
    for wish in ("stop", "pause"):
        withdraw(folder, wish)
    folder.exit.unlink(missing_ok=True)
    folder.status.unlink(missing_ok=True)


_supervisors: list[subprocess.Popen[bytes]] = []


def _reap(newest: subprocess.Popen[bytes]) -> None:
    """Remember the supervisors of this process, which outlive what they are asked for, and collect the ended ones."""
    _supervisors.append(newest)
    _supervisors[:] = [each for each in _supervisors if each.poll() is None]


def stop(folder: JobFolder) -> None:
    """Ask a job to stop: the file for certainty, the signal for speed."""
    ask(folder, "stop")
    pid = holder(folder.lock)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Moment:
    """How a job stands, and what happened since the last moment."""

    status: JobStatus
    events: list[Event]


def follow(folder: JobFolder, tail: EventTail | None = None, *, every: float = 0.25) -> Iterator[Moment]:
    """Moments of a job until it has ended; the last one is the end. A ``tail`` begins where it was left."""
    tail = tail or EventTail(folder.events)
    while True:
        status = read_status(folder)
        yield Moment(status, tail.read())
        if status.ended:
            return
        time.sleep(every)

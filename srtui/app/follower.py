"""Following a job: one thread reads its files once a second and gives the live page immutable moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from srtui.app.snapshot import Curves, Recorder, Snapshot
from srtui.errors import SrtuiError
from srtui.hardware.gauges import Gauges
from srtui.jobs.events import EventTail
from srtui.jobs.folder import JobFolder, read_record
from srtui.jobs.status import JobStatus, read_status

CHUNK = 1 << 17
"""Bytes of events read at once: a run of months fills no memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A job, the job that it does now if it is a `run`, and how busy the machine is."""

    job: Snapshot
    child: Snapshot | None = None
    gauges: Gauges | None = None
    trouble: str = ""
    """Why the job's files could not be read, if so."""

    @property
    def shown(self) -> Snapshot:
        """What the page shows: the child while there is one."""
        return self.child or self.job


class Reader:
    """Reads one job's files as they grow."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder
        self._tail = EventTail(folder.events)
        self._recorder = Recorder(*_about(folder))

    def read(self) -> Snapshot:
        """Everything up to now."""
        status = read_status(self.folder)
        while events := self._tail.read(CHUNK):
            for event in events:
                self._recorder.take(event)
        return self._recorder.snapshot(status)


def _about(folder: JobFolder) -> tuple[str, int]:
    """What a job works on, and how many iterations that is: from its request, which other hands may have written."""
    try:
        request = read_record(folder).request
        profile = request.get("profile") or {}
        stages = profile.get("stages") or []
        named = profile.get("name") or Path(request.get("input") or request.get("model") or "").name
        return str(named), sum(int(stage["iterations"]) for stage in stages)
    except (SrtuiError, AttributeError, KeyError, TypeError, ValueError):
        return "", 0


class Follower:
    """Reads a job, and the child of a `run`."""

    def __init__(self, folder: JobFolder, gauges: Callable[[], Gauges]) -> None:
        self._job = Reader(folder)
        self._child: Reader | None = None
        self._gauges = gauges
        self._last: Snapshot | None = None

    def moment(self) -> Moment:
        """How it stands now."""
        try:
            job = self._job.read()
            child = self._read_child(job)
        except SrtuiError as error:
            return Moment(job=self._last or _nothing(self._job.folder), trouble=str(error), gauges=self._gauges())
        self._last = job
        return Moment(job=job, child=child, gauges=None if job.status.ended else self._gauges())

    def _read_child(self, job: Snapshot) -> Snapshot | None:
        if not job.child or job.status.ended:
            return None
        folder = JobFolder(Path(job.child))
        if self._child is None or self._child.folder != folder:
            self._child = Reader(folder)
        return self._child.read()


def _nothing(folder: JobFolder) -> Snapshot:
    return Snapshot(status=JobStatus(id=folder.id, kind="job", created="", state="queued"), curves=Curves(latest={}))

"""Scans in this process and in others, for the tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srtui.config.reader import to_plain
from srtui.config.requests import FramesRequest, ScanRequest
from srtui.footage import frames, scan
from srtui.footage.frame_list import Listed, read_frames
from srtui.jobs.context import JobContext
from srtui.jobs.events import Event, read_events
from srtui.jobs.folder import JobFolder, create

WORKER = [sys.executable, str(Path(__file__).parents[1] / "dying_worker.py")]


class Scan:
    """A `scan` job of some tapes, and what it found."""

    def __init__(self, folder: Path, *tapes: Path, threads: int = 2, fresh: bool = False) -> None:
        self.folder = folder
        paths = tuple(map(str, tapes))
        self.request = ScanRequest(tapes=paths, output=str(folder / "scans"), threads=threads, fresh=fresh)
        self.job = create(folder / "jobs", "scan", to_plain(self.request))

    def run(self, at: Callable[[JobContext, int], None] | None = None, *, resumed: bool = False) -> Scan:
        """Run (or run again) the job here; ``at`` hears how far it is."""
        scan.run(WatchedJob(self.job, at, resumed=resumed), self.request)
        return self

    def die(self, module: str, function: str, count: int) -> int:
        """Run the job in a process that kills itself as it calls a function for the ``count``-th time."""
        return run_worker(self.job, module, function, count)

    @property
    def place(self) -> Path:
        """Folder of the only scan."""
        (place,) = (self.folder / "scans").iterdir()
        return place

    @property
    def found(self) -> dict[str, Any]:
        """Content of its scan.json."""
        value: dict[str, Any] = json.loads((self.place / "scan.json").read_text(encoding="utf-8"))
        return value

    @property
    def listed(self) -> list[Listed]:
        """Lines of its frames.csv."""
        return read_frames(self.place / "frames.csv")

    def column(self, name: str) -> list[int]:
        """A column of whole numbers of frames.csv."""
        head, *lines = (self.place / "frames.csv").read_text(encoding="utf-8").splitlines()
        index = head.split(",").index(name)
        return [int(line.split(",")[index]) for line in lines]

    def where(self, name: str) -> list[int]:
        """Frames with something in that column."""
        return [frame for frame, value in enumerate(self.column(name)) if value]

    def events(self, kind: str) -> list[Event]:
        """Events of the job."""
        return [event for event in read_events(self.job.events) if event["kind"] == kind]

    def files(self) -> dict[str, bytes]:
        """Results, as bytes."""
        return {path.name: path.read_bytes() for path in self.place.iterdir() if path.suffix in {".json", ".csv"}}


def extract(folder: Path, tape: Path, output: Path, **options: Any) -> JobFolder:
    """Run a `frames` job in this process."""
    request = FramesRequest(tape=str(tape), scans=str(folder / "scans"), output=str(output), threads=2, **options)
    job = create(folder / "jobs", "frames", to_plain(request))
    frames.run(JobContext(job, resumed=False), request)
    return job


def run_worker(job: JobFolder, module: str, function: str, count: int, **options: Any) -> int:
    """Work on a job in a process of its own; gives its exit code, negative for a signal."""
    command = [*WORKER, str(job.path), module, function, str(count)]
    return subprocess.run(command, check=False, capture_output=True, timeout=120, **options).returncode


class WatchedJob(JobContext):
    """Calls back at every sign of progress."""

    def __init__(self, folder: JobFolder, at: Callable[[JobContext, int], None] | None, *, resumed: bool) -> None:
        super().__init__(folder, resumed=resumed)
        self._at = at

    def progress(self, done: int, total: int, unit: str, **figures: Any) -> None:
        super().progress(done, total, unit, **figures)
        if self._at is not None:
            self._at(self, done)

"""Small preparations for the tests: a folder of pictures, a degradation of two scenarios, a job in this process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srtui.config.degradation import ByScale, Degradation, Jpeg, Motion, Resize, Scenario
from srtui.config.project import Folder, Prepare
from srtui.config.reader import to_plain
from srtui.config.requests import PrepareRequest
from srtui.data import prepare
from srtui.data.datasets import Dataset, open_dataset
from srtui.jobs.context import JobContext
from srtui.jobs.events import Event, read_events
from srtui.jobs.folder import JobFolder, create
from tests.data.pictures_cases import save, smooth

HALF = Resize(percent=ByScale(x2=50))
DEGRADATION = Degradation(
    name="test",
    scales=(2,),
    scenarios=(
        Scenario(name="blocks", steps=(HALF, Jpeg(quality="photoshop-3"))),
        Scenario(name="smear", steps=(HALF, Motion(length=4.0))),
    ),
)


def fill(folder: Path, count: int = 8, first: int = 0) -> Path:
    """Pictures of different sizes, at least 64×80 after fitting."""
    for number in range(first, first + count):
        save(folder / f"снимок {number:02d}.png", smooth(70 + 7 * number, 90 + 5 * number, seed=number))
    return folder


class Preparation:
    """A `prepare` job that can be run again and again, with changes."""

    def __init__(self, folder: Path, *sources: Any, **changes: Any) -> None:
        self.folder = folder
        self.dataset = folder / "dataset"
        options = {"scale": 2, "prepare": Prepare(validation=2), "degradation": DEGRADATION, "threads": 2, **changes}
        paths = tuple(Folder(folder=str(source)) if isinstance(source, Path) else source for source in sources)
        self.request = PrepareRequest(sources=paths, dataset=str(self.dataset), digest="settings", **options)
        self.job: JobFolder | None = None

    def create(self, **changes: Any) -> JobFolder:
        """Make a new job; nothing runs."""
        self.request = dataclasses.replace(self.request, **changes)
        self.job = create(self.folder / "jobs", "prepare", to_plain(self.request))
        return self.job

    def run(self, at: Callable[[JobContext, str, int], None] | None = None, **changes: Any) -> Dataset:
        """Run a new job in this process; ``at`` is called with phase and count whenever it reports progress."""
        prepare.run(_WatchedJob(self.create(**changes), at), self.request)
        return open_dataset(self.dataset)

    def resume(self) -> Dataset:
        """Run the last job again."""
        assert self.job is not None
        prepare.run(JobContext(self.job, resumed=True), self.request)
        return open_dataset(self.dataset)

    def events(self, kind: str) -> list[Event]:
        """Events of the last job."""
        assert self.job is not None
        return [event for event in read_events(self.job.events) if event["kind"] == kind]


class _WatchedJob(JobContext):
    """Calls back at every sign of progress."""

    def __init__(self, folder: JobFolder, at: Callable[[JobContext, str, int], None] | None) -> None:
        super().__init__(folder, resumed=False)
        self._at = at
        self._name = ""

    def phase(self, name: str, *, quiet: float = 60.0) -> None:
        super().phase(name, quiet=quiet)
        self._name = name

    def progress(self, done: int, total: int, unit: str, **figures: Any) -> None:
        super().progress(done, total, unit, **figures)
        if self._at is not None:
            self._at(self, self._name, done)

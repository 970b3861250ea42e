"""Small exports for the tests: a dataset with colliding, small and odd names, and an `export` job in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srtui.config.reader import to_plain
from srtui.config.requests import ExportRequest
from srtui.data import export
from srtui.jobs.context import JobContext
from srtui.jobs.events import Event, read_events
from srtui.jobs.folder import JobFolder, create
from tests.data.pictures_cases import save, smooth

SMALL: dict[str, Any] = {"form": "subimages", "size": 96, "step": 48, "threshold": 8, "threads": 2}


def fill(folder: Path) -> Path:
    """Two pictures of one base name, one with dots, one in Cyrillic, one smaller than a tile; sides up to 208."""
    for number, (name, height, width) in enumerate(
        [
            ("a/photo.png", 112, 144),
            ("b/PHOTO.png", 160, 208),
            ("c/dots.in.name.png", 128, 96),
            ("d/снимок 1.png", 144, 112),
            ("e/small.png", 80, 160),
            ("f/last.png", 96, 96),
        ]
    ):
        save(folder / name, smooth(height, width, seed=number))
    return folder


class Export:
    """An `export` job that can be run again and again."""

    def __init__(self, folder: Path, dataset: Path, **changes: Any) -> None:
        self.output = folder / "export"
        self.request = ExportRequest(dataset=str(dataset), output=str(self.output), **{**SMALL, **changes})
        self.job = create(folder / "jobs", "export", to_plain(self.request))

    def run(self) -> Path:
        """Do the job in this process; gives the folder."""
        export.run(JobContext(self.job, resumed=False), self.request)
        return self.output

    def events(self, kind: str) -> list[Event]:
        """What the job said."""
        return [event for event in read_events(self.job.events) if event["kind"] == kind]


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


__all__ = ["SMALL", "Export", "JobFolder", "files_of", "fill"]

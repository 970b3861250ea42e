"""A dataset that many machines make, one after another in this process, and the one that a single machine makes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from srtui.config.reader import to_plain
from srtui.data import machines
from srtui.data.datasets import Dataset, open_dataset
from srtui.jobs.context import JobContext
from srtui.jobs.events import Event, read_events
from srtui.jobs.folder import JobFolder, create
from tests.data.pictures_cases import save, smooth
from tests.data.preparing import Preparation


def fill(folder: Path) -> Path:
    """Twelve pictures: two damaged, two copies of others far away, of which one would be validated on."""
    for number in range(12):
        save(folder / f"снимок {number:02d}.png", smooth(96 + 16 * (number % 4), 112 + 16 * (number % 3), seed=number))
    for name in ("снимок 02.png", "снимок 07.png"):
        (folder / name).write_bytes((folder / name).read_bytes()[:-50])
    for name, copy in (("снимок 00.png", "снимок 09.png"), ("снимок 04.png", "снимок 11.png")):
        (folder / copy).write_bytes((folder / name).read_bytes())
    (folder / "text.png").write_text("no picture")
    return folder


class Machines:
    """The shards of one dataset, made one after another in this process."""

    def __init__(self, folder: Path, *sources: Any, shards: int = 3, **changes: Any) -> None:
        self.one = Preparation(folder, *sources, **changes)
        self.shards = shards

    def create(self, shard: int, **changes: Any) -> JobFolder:
        request = dataclasses.replace(self.one.request, shards=self.shards, shard=shard, **changes)
        return create(self.one.folder / "jobs", "prepare", to_plain(request))

    def run(self, shard: int, job: JobFolder | None = None, **changes: Any) -> Event | None:
        """Do what the machine with this shard does (0: join); gives its result."""
        job = job or self.create(shard, **changes)
        request = dataclasses.replace(self.one.request, shards=self.shards, shard=shard, **changes)
        machines.run(JobContext(job, resumed=False), request)
        return next((event for event in read_events(job.events) if event["kind"] == "result"), None)

    def make(self) -> Dataset:
        for shard in range(1, self.shards + 1):
            self.run(shard)
        return open_dataset(self.one.dataset)


def assert_same(dataset: Dataset, alone: Dataset) -> None:
    assert dataset.about.content == alone.about.content
    assert dataset.about.totals == alone.about.totals
    for name in ("names.csv", "rejected.csv"):
        assert (dataset.folder / name).read_bytes() == (alone.folder / name).read_bytes()
    for split in ("train", "val"):
        mine, theirs = dataset.reader(split), alone.reader(split)
        assert mine.names == theirs.names
        for name in mine.names:
            assert np.array_equal(mine.gt(name), theirs.gt(name))

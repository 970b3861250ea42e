"""What stays as it is while a network is trained, and which updates belong to which stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from srtui.config.profile import Profile, Stage
from srtui.config.requests import TrainRequest
from srtui.data.datasets import Dataset
from srtui.data.stream import SampleStream
from srtui.engine.appraiser import Appraiser
from srtui.engine.feeding import pinned
from srtui.engine.ranks import Ranks
from srtui.engine.reporting import Reporter
from srtui.engine.resuming import About
from srtui.engine.room import Room
from srtui.engine.stage_work import Conditions
from srtui.jobs.context import JobContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One rank's view of a run."""

    job: JobContext
    request: TrainRequest
    ranks: Ranks
    dataset: Dataset
    conditions: Conditions
    about: About
    reporter: Reporter
    appraiser: Appraiser
    room: Room

    @property
    def profile(self) -> Profile:
        """How the network is built and trained."""
        return self.request.profile

    @property
    def device(self) -> torch.device:
        """Where this rank computes."""
        return self.ranks.device

    @property
    def leads(self) -> bool:
        """Whether this rank writes the files."""
        return self.ranks.rank == 0

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.job.folder.checkpoints

    def samples(self, stage: Stage, position: int) -> SampleStream:
        """Open this rank's part of the stream, from ``position`` on."""
        cpu = self.device.type == "cpu"
        return SampleStream(
            self.dataset,
            seed=self.request.seed,
            gt_size=stage.gt_size,
            batch=stage.batch,
            # On a CPU the cores belong to the network: cutting crops takes a hundredth of its time.
            threads=1 if cpu else self.ranks.threads,
            start=position,
            rank=self.ranks.rank,
            ranks=self.ranks.count,
            empty=None if cpu else pinned,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A stage's place in its run."""

    stage: Stage
    number: int
    """From 1."""
    first: int
    """Updates before it."""
    before: Stage | None
    """The stage before it."""

    @property
    def end(self) -> int:
        """Updates when it is done."""
        return self.first + self.stage.iterations


def places(profile: Profile) -> Iterator[Place]:
    """All stages, in order."""
    first, before = 0, None
    for number, stage in enumerate(profile.stages, 1):
        yield Place(stage=stage, number=number, first=first, before=before)
        first, before = first + stage.iterations, stage


def phase_name(place: Place, profile: Profile) -> str:
    """What a stage is called while it runs."""
    if len(profile.stages) == 1:
        return "training"
    return f"training (stage {place.number} of {len(profile.stages)}: {'GAN' if place.stage.gan else 'PSNR'})"


def kept_model(place: Place, model: Path) -> Path | None:
    """Where the network as it was before a stage is kept: where a GAN begins, or ends."""
    if place.before is None or (place.before.gan is None) == (place.stage.gan is None):
        return None
    return model.with_name(f"{model.stem}-{'psnr' if place.before.gan is None else 'gan'}{model.suffix}")

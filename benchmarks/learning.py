"""Trainings of a given time: srtui's own training job, its schedule cut to the updates that fit, its networks kept."""

from __future__ import annotations

import dataclasses
import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srtui.config import shipped
from srtui.config.network import RRDB, Compact, Network, Span, SRResNet
from srtui.config.optimization import Adam, Cosine
from srtui.config.profile import Profile, Stage
from srtui.config.project import Folder, Prepare, Source, Synthetic, SyntheticPictures
from srtui.config.reader import to_plain
from srtui.config.requests import PrepareRequest, TrainRequest
from srtui.data import prepare
from srtui.engine import trainer
from srtui.jobs.context import JobContext
from srtui.jobs.events import read_events
from srtui.jobs.folder import JobFolder, create

MOMENTS = 12
"""How many networks of a training are kept, equally far apart, beside the one that it begins with."""
TRIAL = 100
"""Updates that tell how long one takes: every ten are a reading, the first of which is left out."""


def recipe(name: str) -> Profile:
    """Profile that makes the most of minutes; its number of iterations is a placeholder."""
    network, stage = _RECIPES[name]
    return Profile(name=name, network=network, stages=(stage,), ema=0.999)


def _stage(lr: float, batch: int, gt_size: int) -> Stage:
    schedule = Cosine(warmup=300, min_lr=1e-6)
    return Stage(iterations=1, gt_size=gt_size, batch=batch, optimizer=Adam(lr=lr), schedule=schedule)


# Measured on two cores with bf16, Y-PSNR on Set5: Compact after 400 updates (nearest neighbour 26.26, bicubic 28.43)
# 27.47 dB with a peak of 2e-4, 27.90 with 4e-4; 1e-3 stood at nearest neighbour after 600, 2e-3 diverged. MSRResNet
# after 400 updates 29.25 with 5e-4.
# Crops of 96: smaller ones are mostly border for networks that look 17 lq pixels far, larger ones mean fewer updates.
_RECIPES: dict[str, tuple[Network, Stage]] = {
    "compact": (Compact(), _stage(5e-4, 8, 96)),
    "srresnet": (SRResNet(), _stage(5e-4, 4, 96)),
    "span": (Span(), _stage(5e-4, 8, 96)),
    "rrdb": (RRDB(), _stage(2e-4, 8, 96)),
}
RECIPES = tuple(_RECIPES)
"""Names of the networks that can be trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The averaged network at one moment of a training."""

    iteration: int
    seconds: float
    """Since training began; loading before it, and measuring after it, are not counted."""
    path: Path


def make_dataset(root: Path, photos: Path | None) -> Path:
    """Prepare all photographs of a folder for training with bicubic ×4; without one, a few dead leaves."""
    sources: tuple[Source, ...] = (SyntheticPictures(synthetic=Synthetic(pictures=4, seed=1, width=256, height=256)),)
    if photos is not None:
        sources = (Folder(folder=str(photos.resolve())),)
    request = PrepareRequest(
        sources=sources,
        scale=4,
        prepare=Prepare(validation=0),
        degradation=shipped.degradation("bicubic", root),
        dataset=str(root / "dataset"),
        digest="quality",
    )
    folder = create(root / "jobs", "prepare", to_plain(request))
    prepare.run(JobContext(folder, resumed=False), request)
    return Path(request.dataset)


def learn(
    profile: Profile, dataset: Path, root: Path, *, minutes: float, device: str = "auto", threads: int = 0
) -> list[Kept]:
    """
    Train for so many minutes of wall time.

    A short trial finds out how long an update takes here; the learning rate's schedule then ends when the time does,
    as far as the machine keeps its pace.

    Returns
    -------
    The averaged network at the beginning and at `MOMENTS` moments; the last one is the finished network.
    """
    seconds = _seconds_each(profile, dataset, root, device, threads)
    iterations = max(round(60 * minutes / seconds / MOMENTS), 1) * MOMENTS
    print(f"{profile.name}: {1 / seconds:.2f} updates a second, {iterations} in all", file=sys.stderr, flush=True)
    job = _job(with_iterations(profile, iterations), dataset, root, device, threads)
    return job.kept


def with_iterations(profile: Profile, iterations: int) -> Profile:
    """Say how long a recipe is trained, and when it is looked at."""
    (stage,) = profile.stages
    return dataclasses.replace(
        profile,
        stages=(dataclasses.replace(stage, iterations=iterations),),
        checkpoint_every=-(-iterations // MOMENTS),
        validate_every=iterations,
    )


def _seconds_each(profile: Profile, dataset: Path, root: Path, device: str, threads: int) -> float:
    trial = dataclasses.replace(with_iterations(profile, TRIAL), log_every=10, checkpoint_every=10 * TRIAL)
    job = _job(trial, dataset, root, device, threads)
    speeds = [float(event["it_s"]) for event in read_events(job.folder.events) if event["kind"] == "metric"]
    return 1 / statistics.median(speeds[1:])


def _job(profile: Profile, dataset: Path, root: Path, device: str, threads: int) -> _Watched:
    """Run a training job in this process, with what was imported when the benchmark began."""
    model = root / f"{profile.name}.safetensors"
    request = TrainRequest(
        dataset=str(dataset), scale=4, profile=profile, model=str(model), device=device, threads=threads
    )
    job = _Watched(create(root / "jobs", "train", to_plain(request)), total=profile.iterations)
    trainer.run(job, request)
    return job


class _Watched(JobContext):
    """Keeps the averaged network of every checkpoint, for the job itself removes old ones."""

    def __init__(self, folder: JobFolder, *, total: int) -> None:
        super().__init__(folder, resumed=False)
        self.kept: list[Kept] = []
        self._total = total
        self._training_since = time.monotonic()

    def event(self, kind: str, **fields: Any) -> None:
        """Append one event, and look whether it is one of those that matter here."""
        super().event(kind, **fields)
        if kind == "phase" and fields["name"] == "training":
            self._training_since = time.monotonic()
        elif kind == "checkpoint":
            self._keep(int(fields["iteration"]))

    def _keep(self, iteration: int) -> None:
        seconds = time.monotonic() - self._training_since if iteration else 0.0
        path = self.folder.path / f"{iteration}.safetensors"
        path.unlink(missing_ok=True)
        os.link(self.folder.checkpoints / str(iteration) / "ema.safetensors", path)
        self.kept = [kept for kept in self.kept if kept.iteration != iteration]
        self.kept.append(Kept(iteration=iteration, seconds=seconds, path=path))
        print(f"{iteration}/{self._total} updates, {seconds:.0f} s", file=sys.stderr, flush=True)

"""Small trainings for the tests of the trainer: a dataset of dead leaves, a network of a few hundred weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from srtui.config.degradation import ByScale, Degradation, Resize, Scenario
from srtui.config.losses import Gan
from srtui.config.network import Compact, Vgg
from srtui.config.optimization import Adam, Cosine
from srtui.config.profile import Profile, Stage
from srtui.config.project import Prepare, Synthetic, SyntheticPictures
from srtui.config.reader import to_plain
from srtui.config.requests import PrepareRequest, TrainRequest
from srtui.data import prepare
from srtui.engine import checkpoints, trainer
from srtui.jobs.context import JobContext
from srtui.jobs.events import Event, read_events
from srtui.jobs.folder import JobFolder, create

SCALE = 2
ITERATIONS = 24


def make_dataset(folder: Path) -> Path:
    """Six pictures to train on, two to validate on, made half as large."""
    request = PrepareRequest(
        sources=(SyntheticPictures(synthetic=Synthetic(pictures=6, seed=1, width=96, height=64)),),
        validation_sources=(SyntheticPictures(synthetic=Synthetic(pictures=2, seed=2, width=64, height=64)),),
        scale=SCALE,
        prepare=Prepare(),
        degradation=Degradation(
            name="half", scales=(2,), scenarios=(Scenario(name="half", steps=(Resize(percent=ByScale(x2=50)),)),)
        ),
        dataset=str(folder / "dataset"),
        digest="test",
        threads=1,
    )
    prepare.run(JobContext(create(folder / "jobs", "prepare", to_plain(request)), resumed=False), request)
    return folder / "dataset"


def small_stage(iterations: int = ITERATIONS, **changes: Any) -> Stage:
    options = {"gt_size": 32, "batch": 2, "optimizer": Adam(lr=2e-3), "schedule": Cosine(warmup=4)}
    return Stage(iterations=iterations, **{**options, **changes})


def small_profile(*stages: Stage, **changes: Any) -> Profile:
    options: dict[str, Any] = {"network": Compact(features=8, convs=1), "ema": 0.9, "precision": "fp32"}
    options |= {"log_every": 4, "validate_every": 12, "checkpoint_every": 5}
    return Profile(name="small", stages=stages or (small_stage(),), **{**options, **changes})


def gan_stage(iterations: int = 12, *, gan: Gan | None = None, **changes: Any) -> Stage:
    """A stage with a small discriminator, of which batch norm would show if it saw other crops."""
    gan = Gan(kind="relativistic", discriminator=Vgg(features=4), optimizer=Adam(lr=1e-3)) if gan is None else gan
    return small_stage(iterations, gan=gan, **changes)


def stop_at(*iterations: int) -> Callable[[JobContext, int], None]:
    """Interrupt as a signal would, after each of these updates."""
    return lambda job, done: job.interrupt() if done in iterations else None


class Training:
    """A training job in a folder of its own, run in this process."""

    def __init__(self, folder: Path, dataset: Path, profile: Profile | None = None, **changes: Any) -> None:
        options = {"seed": 3, "device": "cpu", "threads": 1, **changes}
        self.request = TrainRequest(
            dataset=str(dataset),
            scale=SCALE,
            profile=profile or small_profile(),
            model=str(folder / "models" / "small.safetensors"),
            **options,
        )
        self.folder = create(folder / "jobs", "train", to_plain(self.request))

    @property
    def model(self) -> Path:
        return Path(self.request.model)

    def run(self, at: Callable[[JobContext, int], None] | None = None) -> None:
        """Run, or resume; ``at`` is called with the job after every update."""
        job = WatchedJob(self.folder, resumed=self.folder.events.exists(), at=at)
        trainer.run(job, self.request)

    def events(self, kind: str) -> list[Event]:
        return [event for event in read_events(self.folder.events) if event["kind"] == kind]

    def iterations(self, kind: str) -> list[int]:
        return [event["iteration"] for event in self.events(kind)]


class WatchedJob(JobContext):
    """Calls back after every update."""

    def __init__(self, folder: JobFolder, *, resumed: bool, at: Callable[[JobContext, int], None] | None) -> None:
        super().__init__(folder, resumed=resumed)
        self._at = at

    def progress(self, done: int, total: int, unit: str, **figures: Any) -> None:
        super().progress(done, total, unit, **figures)
        if self._at is not None:
            self._at(self, done)


def every_tensor(folder: JobFolder) -> dict[str, torch.Tensor]:
    """All tensors of the newest checkpoint, by their path in it."""

    def alarm(text: str) -> None:
        raise AssertionError(text)

    found = checkpoints.load_newest(folder.checkpoints, alarm)
    assert found is not None
    flat: dict[str, torch.Tensor] = {}
    _flatten("net", dict(found.net), flat)
    _flatten("ema", dict(found.ema), flat)
    _flatten("work", found.state["work"], flat)
    flat["iteration"] = torch.tensor(found.iteration)
    return flat


def _flatten(path: str, value: Any, into: dict[str, torch.Tensor]) -> None:
    if isinstance(value, torch.Tensor):
        into[path] = value
    elif isinstance(value, dict):
        for name, inner in value.items():
            _flatten(f"{path}.{name}", inner, into)
    elif isinstance(value, (list, tuple)):
        _flatten(path, dict(enumerate(value)), into)


def assert_identical(left: JobFolder, right: JobFolder) -> None:
    """Every tensor of both newest checkpoints is the same, bit for bit."""
    mine, theirs = every_tensor(left), every_tensor(right)
    assert mine.keys() == theirs.keys()
    different = [name for name in mine if not torch.equal(mine[name], theirs[name])]
    assert not different

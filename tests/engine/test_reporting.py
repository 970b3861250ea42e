"""What a training says about itself."""

from __future__ import annotations

import math
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from srtui.engine.pace import Pace
from srtui.engine.reporting import Reporter
from srtui.engine.stepper import Tally
from srtui.engine.tensorboard import Curves
from srtui.engine.training_state import Progress
from srtui.jobs.context import JobContext
from srtui.jobs.events import read_events
from srtui.jobs.folder import create
from srtui.jobs.status import read_status


def tally(loss: float = 0.5, bad_losses: int = 0, bad_gradients: int = 0, in_a_row: int = 0) -> Tally:
    return Tally(loss=loss, bad_losses=bad_losses, bad_gradients=bad_gradients, in_a_row=in_a_row)


class Fixture:
    def __init__(self, folder: Path) -> None:
        self.job = JobContext(create(folder, "train", {}), resumed=False)
        self.job.phase("training")
        self.progress = Progress()
        self.curves = Curves(folder / "tensorboard", 0)
        self.reporter = Reporter(self.job, self.curves, total=100, device=torch.device("cpu"))
        self.reporter.pace.start(0, 0.0)

    def read(self, iteration: int, tally: Tally, losses: dict[str, float] | None = None, micro_batch: int = 0) -> None:
        self.progress.iteration = iteration
        how: dict[str, Any] = {"rate": 1e-3, "waited": 0.0, "variations": 7, "micro_batch": micro_batch}
        self.reporter.read(self.progress, tally, losses or {}, **how)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in read_events(self.job.folder.events) if event["kind"] == kind]


@pytest.fixture
def run(tmp_path: Path) -> Any:
    fixture = Fixture(tmp_path)
    with closing(fixture.curves):
        yield fixture


def test_a_reading_is_a_metric_with_everything_in_it(run: Fixture) -> None:
    run.read(10, tally(loss=0.4))
    run.read(20, tally(loss=0.2))
    first, second = run.events("metric")
    assert (first["iteration"], first["loss"], first["smoothed"], first["lr"]) == (10, 0.4, 0.4, 1e-3)
    assert second["smoothed"] == pytest.approx(0.9 * 0.4 + 0.1 * 0.2)
    assert second["it_s"] > 0
    assert 0 <= second["data_wait"] <= 100
    assert 0.01 < second["memory_gib"] < 1000


def test_the_live_figures_say_where_it_is(run: Fixture) -> None:
    run.read(100, tally())
    status = read_status(run.job.folder)
    assert (status.done, status.total, status.unit) == (100, 100, "iterations")
    assert status.figures.keys() == {"it/s", "loss", "lr", "data wait %", "memory GiB", "variations"}


def test_the_parts_of_a_loss_and_the_discriminator_are_told_apart(run: Fixture) -> None:
    parts = {"content": 0.4, "gan": 0.1, "disc": 1.2, "disc_real": 0.3, "disc_fake": -0.2, "disc_right": 0.8}
    run.read(100, tally(), parts, micro_batch=4)
    (metric,) = run.events("metric")
    assert parts.items() <= metric.items()
    assert metric["micro_batch"] == 4
    assert {"gan", "disc"} <= read_status(run.job.folder).figures.keys()


def test_the_time_left_is_never_negative_after_a_resume(tmp_path: Path) -> None:
    job = JobContext(create(tmp_path, "train", {}), resumed=True)
    reporter = Reporter(job, Curves(None, 90), total=100, device=torch.device("cpu"))
    reporter.begin("training", 90)
    assert read_status(job.folder).eta is None
    reporter.tick(100)
    assert read_status(job.folder).eta == 0
    for back_at in (40, 41, 99):
        reporter.begin("training", back_at)  # trouble led back
        reporter.tick(back_at)
        assert read_status(job.folder).eta is None
    reporter.tick(100)
    eta = read_status(job.folder).eta
    assert eta is not None
    assert eta >= 0


def test_a_reading_without_a_finite_loss_leaves_the_smoothed_one_alone(run: Fixture) -> None:
    run.read(10, tally(loss=0.4))
    run.read(20, tally(loss=math.nan, bad_losses=10))
    assert run.events("metric")[-1]["loss"] is None
    assert run.progress.smoothed == 0.4


def test_breaks_are_not_part_of_the_pace() -> None:
    pace = Pace()
    pace.start(0, 0.0)
    before = time.perf_counter()
    with pace.away():
        while time.perf_counter() < before + 0.2:
            pass
    assert pace.read(10, 0.0).iterations_per_second > 10 / 0.15


def test_waiting_for_data_is_a_share_of_the_time() -> None:
    pace = Pace()
    pace.start(5, 1.0)
    assert pace.read(10, 1.0).waited == 0.0
    assert pace.read(15, 100.0).waited == 1.0

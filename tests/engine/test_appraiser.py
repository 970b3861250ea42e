"""Validation in training: what is told and kept, shared among ranks, stopped, and never a reason not to train."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from srtui.config.profile import Profile, Stage
from srtui.config.requests import TrainRequest
from srtui.config.validation import Lpips
from srtui.data.pictures import read_picture, write_png
from srtui.engine import appraiser as appraising
from srtui.engine import previews
from srtui.engine.appraiser import Appraiser
from srtui.engine.ranks import Alone, Ranks
from srtui.engine.scores import Score
from srtui.engine.tensorboard import Curves
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.events import Event, read_events
from srtui.jobs.folder import all_jobs, create
from tests.engine.validation_cases import Nearest, Store

STORE = Store({"1": "blocks", "2": "ramps", "3": "blocks", "4": "ramps", "5": "ramps"})


class Run:
    """A job with an appraiser."""

    def __init__(self, folder: Path, store: Store = STORE, ranks: Ranks | None = None, **changes: Any) -> None:
        self.ranks = ranks or Alone()
        known = all_jobs(folder / "jobs") if ranks else []  # which have a job together
        self.job = JobContext(known[0] if known else create(folder / "jobs", "train", {}), resumed=False)
        profile = Profile(name="small", stages=(Stage(iterations=1000),))
        self.request = TrainRequest(dataset="d", scale=2, profile=profile, model="m", **changes)
        with closing(Curves(folder / "tensorboard", 0)) as curves:
            self.appraiser = Appraiser(self.job, store, curves, self.request, ranks)

    def events(self, kind: str) -> list[Event]:
        return [event for event in read_events(self.job.folder.events) if event["kind"] == kind]

    @property
    def index(self) -> dict[str, Any]:
        return json.loads((self.job.folder.previews / "index.json").read_text(encoding="utf-8"))


def test_figures_are_told_with_bicubic_and_every_picture_is_kept(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for iteration in (100, 200):
        score = run.appraiser.appraise(Nearest(2), iteration)
    assert score is not None
    last = run.events("validation")[-1]
    assert (last["iteration"], last["pictures"], last["psnr_y"]) == (200, 5, score.network.psnr_y)
    assert last["bicubic"]["psnr_y"] == score.bicubic.psnr_y
    assert [each["name"] for each in last["scenarios"]] == ["blocks", "ramps"]
    assert {each["name"] for each in run.index["pictures"]} == set(STORE.names)
    assert [each["iteration"] for each in run.index["pictures"][0]["moments"]] == [100, 200]
    scenarios = [each["scenario"] for each in run.index["pictures"]]
    assert scenarios[:2] == ["blocks", "ramps"], "where there is little room, every scenario has its turn"
    told = run.events("previews")[-1]
    assert (told["pictures"], Path(told["path"]).is_file()) == (5, True)


def test_frames_of_tapes_are_restored_and_kept_without_figures(tmp_path: Path) -> None:
    frame_hwc = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    folder = tmp_path / "отпуск 1998"
    folder.mkdir()
    write_png(folder / "0001.png", frame_hwc)
    run = Run(tmp_path, look_at=(str(folder / "0001.png"), str(folder / "missing.png")))
    score = run.appraiser.appraise(Nearest(2), 100)
    assert score is not None
    assert score.pictures == 5, "frames are looked at, not measured"
    frame = next(each for each in run.index["pictures"] if each["kind"] == "footage")
    assert (frame["scenario"], frame["gt"], frame["moments"][0]["psnr_y"]) == ("отпуск 1998", None, None)
    whole_hwc = read_picture(run.job.folder.previews / frame["whole"])
    assert np.array_equal(whole_hwc, frame_hwc.repeat(2, 0).repeat(2, 1))
    (alarm,) = run.events("alarm")
    assert "missing.png" in alarm["text"]


def test_frames_are_looked_at_even_where_nothing_can_be_measured(tmp_path: Path) -> None:
    write_png(tmp_path / "0001.png", np.zeros((20, 20, 3), np.uint8))
    run = Run(tmp_path, Store({}), look_at=(str(tmp_path / "0001.png"),))
    for iteration in (100, 200):
        assert run.appraiser.appraise(Nearest(2), iteration) is None
    assert [each["iteration"] for each in run.index["pictures"][0]["moments"]] == [100, 200]
    (alarm,) = run.events("alarm")
    assert "nothing to validate on (there are none)" in alarm["text"]


def test_too_little_room_is_told_once_and_none_is_respected(tmp_path: Path) -> None:
    run = Run(tmp_path, pictures_gb=0.0)
    run.appraiser.appraise(Nearest(2), 100)
    assert not run.job.folder.previews.exists()
    assert not run.events("alarm")
    assert len(run.events("validation")) == 1
    small = Run(tmp_path, pictures_gb=0.001)
    for iteration in (100, 200):
        small.appraiser.appraise(Nearest(2), iteration)
    (alarm,) = small.events("alarm")
    assert "4 of 5 pictures are not kept through time: 0.001 GB (validate.pictures_gb)" in alarm["text"]


def test_pictures_that_do_not_fit_on_the_disk_are_told_and_the_figures_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(previews, "write_whole", full)
    run = Run(tmp_path)
    assert run.appraiser.appraise(Nearest(2), 100) is not None
    (alarm,) = run.events("alarm")
    assert "could be kept: [Errno 28] No space left on device" in alarm["text"]


def test_files_of_lpips_that_do_not_fit_are_told_once_and_it_is_not_measured(tmp_path: Path) -> None:
    run = Run(tmp_path, lpips=Lpips(weights=str(tmp_path / "none.pth"), backbone="b.pth"))
    for iteration in (100, 200):
        score = run.appraiser.appraise(Nearest(2), iteration)
        assert score is not None
        assert score.network.lpips is None
    (alarm,) = run.events("alarm")
    assert "LPIPS is not measured" in alarm["text"]
    assert "none.pth: no such file" in alarm["text"]


def test_amplified_blocks_raise_the_alarm_when_they_begin_and_not_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, texts = Run(tmp_path), iter(["", "blocks!", "blocks!", "", "blocks!"])
    monkeypatch.setattr(appraising, "alarm_of", lambda _found: next(texts))
    for iteration in range(5):
        run.appraiser.appraise(Nearest(2), iteration)
    assert [event["text"] for event in run.events("alarm")] == ["blocks!", "blocks!"]


def test_a_stop_is_heard_after_a_tile(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.job.interrupt()
    with pytest.raises(Stopped):
        run.appraiser.appraise(Nearest(2), 100)
    assert not run.events("validation")
    assert not run.events("previews")


def test_the_job_shows_how_far_a_validation_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, told = Run(tmp_path), []
    monkeypatch.setattr(run.job, "progress", lambda *place, **figures: told.append((place, figures)))
    run.appraiser.appraise(Nearest(2), 500)
    assert told[2] == ((500, 1000, "iterations"), {"validating": "2/5"})
    assert told[-1] == ((500, 1000, "iterations"), {}), "and no longer when it is over"


def test_frames_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    paths = []
    for folder in ("a/tape", "b/tape"):
        (tmp_path / folder).mkdir(parents=True)
        write_png(tmp_path / folder / "0001.png", np.zeros((20, 20, 3), np.uint8))
        paths.append(str(tmp_path / folder / "0001.png"))
    run = Run(tmp_path, look_at=tuple(paths))
    run.appraiser.appraise(Nearest(2), 1)
    footage = [each["name"] for each in run.index["pictures"] if each["kind"] == "footage"]
    assert footage == ["tape-0001", "tape-0001-1"]


class Together(Alone):
    """Ranks that are threads of this process."""

    def __init__(self, rank: int, count: int, table: list[Any], barrier: threading.Barrier) -> None:
        super().__init__()
        self.rank, self.count = rank, count
        self._table, self._barrier = table, barrier

    def _everybodys(self, value: Any) -> list[Any]:
        self._table[self.rank] = value
        self._barrier.wait(20)
        values = list(self._table)
        self._barrier.wait(20)
        return values

    def any(self, wish: bool) -> bool:
        return any(self._everybodys(wish))

    def gather(self, content: bytes) -> list[bytes]:
        values = self._everybodys(content)
        return values if self.rank == 0 else []

    def share(self, content: bytes) -> bytes:
        return self._everybodys(content)[0]


def in_ranks(count: int, run_of: Callable[[Ranks], Run], work: Callable[[Run], Any]) -> tuple[list[Run], list[Any]]:
    """Results of ``work`` on every rank; an error is a result too."""
    table, barrier = [None] * count, threading.Barrier(count)
    runs = [run_of(Together(rank, count, table, barrier)) for rank in range(count)]

    def result(run: Run) -> Any:
        try:
            return work(run)
        except Stopped as error:
            return type(error)

    with ThreadPoolExecutor(count) as pool:
        return runs, list(pool.map(result, runs))


class Counting(Nearest):
    """Knows how many pictures it has been shown."""

    shown = 0

    def forward(self, lq_bchw: torch.Tensor) -> torch.Tensor:
        self.shown += 1
        return super().forward(lq_bchw)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_ranks_share_the_pictures_and_find_what_one_finds(tmp_path: Path, count: int) -> None:
    alone = Run(tmp_path / "alone").appraiser.appraise(Nearest(2), 100)

    nets = [Counting(2) for _ in range(count)]
    runs, found = in_ranks(
        count,
        lambda ranks: Run(tmp_path, ranks=ranks),
        lambda run: run.appraiser.appraise(nets[run.ranks.rank], 100),
    )
    assert [net.shown for net in nets] == [len(STORE.names[rank::count]) for rank in range(count)]
    assert all(isinstance(each, Score) for each in found)
    assert found == [alone] * count, "the trainer decides by it, on all ranks alike"
    assert {each["name"] for each in runs[0].index["pictures"]} == set(STORE.names)
    assert all(each["moments"][0]["psnr_y"] is not None for each in runs[0].index["pictures"])
    assert len(runs[0].events("validation")) == len(runs[0].events("previews")) == 1, "rank 0 alone tells"


def test_a_stop_on_one_rank_stops_all_and_nobody_waits(tmp_path: Path) -> None:
    def make(ranks: Ranks) -> Run:
        run = Run(tmp_path / str(ranks.rank), ranks=ranks)
        if ranks.rank == 1:
            run.job.interrupt()
        return run

    _, found = in_ranks(2, make, lambda run: run.appraiser.appraise(Nearest(2), 100))
    assert found == [Stopped, Stopped]


def test_time_for_validation_is_none_for_training(tmp_path: Path) -> None:
    """The trainer measures its pace without what happens in between (`Pace.away`): the appraiser's time is away."""
    from srtui.engine.pace import Pace

    pace, run = Pace(), Run(tmp_path)
    pace.start(0, 0.0)
    began = time.perf_counter()
    with pace.away():
        run.appraiser.appraise(Nearest(2), 100)
    took = time.perf_counter() - began
    assert 100 / pace.read(100, 0.0).iterations_per_second < took / 2
    assert torch.is_grad_enabled(), "validating leaves training as it was"

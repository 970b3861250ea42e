"""The sample stream: the same for any number of threads, resumed by one integer, gt and lq aligned in every turn."""

from __future__ import annotations

import threading
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srtui.config.project import PairFolders, Pairs, Prepare
from srtui.data import stream
from srtui.data.datasets import Dataset
from srtui.data.stream import Batch, SampleStream
from srtui.errors import UsageError
from tests.data.pictures_cases import save, smooth
from tests.data.preparing import Preparation, fill

OPTIONS: dict[str, Any] = {"seed": 3, "gt_size": 32, "batch": 4, "threads": 2}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Pairs of which each lq pixel is the average of its four, and says where it is: column, row, picture."""
    folder = tmp_path_factory.mktemp("stream")
    for number, (height, width) in enumerate([(32, 48), (64, 40), (48, 32)]):
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        lq_hwc = np.stack([columns, rows, np.full_like(rows, number)], axis=2).astype(np.uint8)
        save(folder / "lq" / f"{number}.png", lq_hwc)
        save(folder / "gt" / f"{number}.png", lq_hwc.repeat(2, axis=0).repeat(2, axis=1))
    pairs = Pairs(pairs=PairFolders(gt=str(folder / "gt"), lq=str(folder / "lq")), insist=True)
    return Preparation(folder, pairs, prepare=Prepare(validation=0)).run()


def take(dataset: Dataset, count: int, **changes: Any) -> list[Batch]:
    with closing(SampleStream(dataset, **{**OPTIONS, **changes})) as samples:
        return list(islice(samples, count))


def assert_equal(left: list[Batch], right: list[Batch]) -> None:
    assert len(left) == len(right)
    for mine, theirs in zip(left, right, strict=True):
        assert np.array_equal(mine.lq_bchw, theirs.lq_bchw)
        assert np.array_equal(mine.gt_bchw, theirs.gt_bchw)


def places(batches: list[Batch]) -> np.ndarray:
    """Columns, rows and picture of every pixel of every lq crop."""
    return np.round(np.concatenate([batch.lq_bchw for batch in batches]) * 255).astype(int)


def test_batches_are_floats_from_0_to_1_that_torch_takes_as_they_are(dataset: Dataset) -> None:
    (batch,) = take(dataset, 1)
    assert batch.gt_bchw.shape == (4, 3, 32, 32)
    assert batch.lq_bchw.shape == (4, 3, 16, 16)
    for array in (batch.gt_bchw, batch.lq_bchw):
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert 0 <= array.min() <= array.max() <= 1


def test_gt_and_lq_show_the_same_place_in_the_same_turn(dataset: Dataset) -> None:
    for batch in take(dataset, 40):
        assert np.array_equal(batch.gt_bchw[:, :, ::2, ::2], batch.lq_bchw)


@pytest.mark.parametrize("threads", [1, 8])
def test_any_number_of_threads_cuts_the_same(dataset: Dataset, threads: int) -> None:
    assert_equal(take(dataset, 20, threads=threads), take(dataset, 20))


def test_a_sample_does_not_depend_on_the_batch(dataset: Dataset) -> None:
    assert np.array_equal(places(take(dataset, 6, batch=4)), places(take(dataset, 3, batch=8)))


def test_the_position_is_the_whole_state(dataset: Dataset) -> None:
    whole = take(dataset, 12)
    with closing(SampleStream(dataset, **OPTIONS)) as samples:
        begun = list(islice(samples, 5))
        position = samples.position
    assert position == 20
    assert_equal(whole, begun + take(dataset, 7, start=position))


def test_seeds_differ_and_epochs_do_not_repeat(dataset: Dataset) -> None:
    first = places(take(dataset, 50))
    assert not np.array_equal(first, places(take(dataset, 50, seed=4)))
    assert len({crop.tobytes() for crop in first}) > 190


def test_every_turn_and_every_place_occurs(dataset: Dataset) -> None:
    crops = places(take(dataset, 500))
    columns, rows = crops[:, 0], crops[:, 1]
    right, down = columns[:, 0, 1] - columns[:, 0, 0], rows[:, 1, 0] - rows[:, 0, 0]
    across, below = columns[:, 1, 0] - columns[:, 0, 0], rows[:, 0, 1] - rows[:, 0, 0]
    turns, counts = np.unique(np.stack([right, down, across, below]), axis=1, return_counts=True)
    assert turns.shape[1] == 8
    assert counts.min() > 2000 / 8 * 0.7
    corners = {(crop[2, 0, 0], crop[0].min(), crop[1].min()) for crop in crops}
    possible = {(0, x, y) for x in range(33) for y in range(17)} | {(1, x, y) for x in range(25) for y in range(49)}
    possible |= {(2, x, y) for x in range(17) for y in range(33)}
    assert corners <= possible
    assert len(corners) > 0.5 * len(possible)


def test_pictures_are_drawn_by_the_number_of_their_crops(dataset: Dataset) -> None:
    pictures = np.bincount(places(take(dataset, 500))[:, 2, 0, 0])
    crops = np.array([33 * 17, 25 * 49, 17 * 33])
    assert np.abs(pictures / 2000 - crops / crops.sum()).max() < 0.04


def test_ranks_share_each_batch(dataset: Dataset) -> None:
    whole = take(dataset, 6, batch=6)
    parts = [take(dataset, 6, batch=6, rank=rank, ranks=3) for rank in range(3)]
    for batch, pieces in zip(whole, zip(*parts, strict=True), strict=True):
        assert np.array_equal(np.concatenate([piece.gt_bchw for piece in pieces]), batch.gt_bchw)


def test_the_consumer_may_bring_the_memory(dataset: Dataset) -> None:
    made = []

    def empty(shape: stream.Shape) -> stream.Floats:
        made.append(np.empty(shape, np.float32))
        return made[-1]

    batches = take(dataset, 3, empty=empty)
    assert all(any(batch.gt_bchw is array for array in made) for batch in batches)


def test_waiting_is_measured(dataset: Dataset) -> None:
    with closing(SampleStream(dataset, **OPTIONS)) as samples:
        assert samples.wait_seconds == 0
        next(samples)
        assert samples.wait_seconds > 0


def test_errors_of_the_threads_reach_the_consumer(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("cut off")

    with closing(SampleStream(dataset, **OPTIONS)) as samples:
        next(samples)
        monkeypatch.setattr(stream, "crop_many", broken)
        with pytest.raises(RuntimeError, match="cut off"):
            list(islice(samples, 20))


def test_closing_ends_the_threads(dataset: Dataset) -> None:
    before = threading.active_count()
    samples = SampleStream(dataset, **OPTIONS)
    next(samples)
    samples.close()
    samples.close()
    assert threading.active_count() == before


def test_pictures_smaller_than_a_crop_are_named_with_the_fix(tmp_path: Path) -> None:
    photos = fill(tmp_path / "photos", 4)
    save(photos / "wide.png", smooth(64, 200))
    dataset = Preparation(tmp_path, photos, prepare=Prepare(validation=0)).run()
    with pytest.raises(UsageError) as caught:
        SampleStream(dataset, **{**OPTIONS, "gt_size": 72})
    assert "0001 (wide.png, 192×64), 0002 (снимок 00.png, 80×64), 0003 (снимок 01.png, 80×64)" in caught.value.fact
    assert "set gt_size to 64" in caught.value.hint


def test_a_crop_that_is_no_multiple_of_the_scale_is_told(dataset: Dataset) -> None:
    with pytest.raises(UsageError, match="33 is not a multiple of the scale, 2") as caught:
        SampleStream(dataset, **{**OPTIONS, "gt_size": 33})
    assert "use 32" in caught.value.hint


def test_arrays_are_used_again_only_when_nobody_holds_a_part_of_them(dataset: Dataset) -> None:
    with closing(SampleStream(dataset, **{**OPTIONS, "threads": 1})) as samples:
        held = next(samples).gt_bchw[1, 0, 4:8]
        before, places = held.copy(), set()
        for _ in range(20):
            batch = next(samples)
            places.add(batch.gt_bchw.__array_interface__["data"][0])
            del batch
        assert len(places) < 20
        assert np.array_equal(held, before)
        held[:] = 1.0
        assert held.base is not None

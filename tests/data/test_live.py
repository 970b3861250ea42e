"""Live degradation: crops are spoiled with their surroundings, and each time anew."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from srtui_kernels.crop import CODES, crop_to_chw

from srtui.config.degradation import (
    ByScale,
    Choice,
    Chroma,
    Degradation,
    Gaussian,
    Jpeg,
    OneOf,
    Resize,
    Scenario,
)
from srtui.config.project import PairFolders, Pairs, Prepare
from srtui.data.datasets import Dataset
from srtui.data.live import degraded_region
from srtui.data.names import read_rows
from srtui.data.plan import read_head
from srtui.data.store import StoreReader
from srtui.data.stream import SampleStream
from srtui.degradation.scenarios import degrade
from tests.data.pictures_cases import save, smooth
from tests.data.preparing import HALF, Preparation, fill

SMOOTH = Scenario(name="smooth", steps=(HALF, Gaussian(sigma=2.0)))
BLOCKS = Scenario(name="blocks", steps=(HALF, Jpeg(quality="photoshop-3")))
HALVED = Scenario(name="halved", steps=(HALF,))
SMEARED = Scenario(name="smeared", steps=(HALF, Gaussian(sigma=3.0, sigma_y=0.0)))
LARGE = np.random.default_rng(1).integers(0, 256, (320, 352, 3), np.uint8)


@pytest.mark.parametrize("corner", [(0, 0), (128, 150), (256, 288), (0, 100)])
@pytest.mark.parametrize("word", [0, 7, 200, 2**63 + 99])
def test_a_crop_is_what_it_would_be_in_the_whole_picture(corner: tuple[int, int], word: int) -> None:
    whole = degrade(LARGE, SMOOTH, 2, key=0)
    region, y, x = degraded_region(LARGE, SMOOTH, 2, corner, 64, 0, key=0, word=word)
    assert region.size < whole.size
    top, left = corner[0] // 2, corner[1] // 2
    assert np.array_equal(region[y : y + 32, x : x + 32], whole[top : top + 32, left : left + 32])


@pytest.mark.parametrize("code", range(CODES))
def test_a_crop_is_turned_before_it_is_spoiled(code: int) -> None:
    even = smooth(320, 352)  # noise would be clipped between the passes
    region, y, x = degraded_region(even, HALVED, 2, (64, 94), 64, code, key=0, word=99)
    lq_chw = crop_to_chw(degrade(even, HALVED, 2, key=0), 32, 47, 32, code)
    difference = np.abs(crop_to_chw(region, y, x, 32) - lq_chw).max() * 255
    assert difference < 1.1, "rows are rounded before columns: a level, where they have changed places"
    region, y, x = degraded_region(LARGE, SMEARED, 2, (64, 94), 64, code, key=0, word=99)
    level = np.abs(np.diff(region.astype(int), axis=1)).mean() < np.abs(np.diff(region.astype(int), axis=0)).mean()
    assert level, "what smears along lines does so in every turn"


def test_what_was_spoiled_line_by_line_is_not_laid_on_its_side() -> None:
    tape = (HALF, OneOf(choices=(Choice(steps=(Chroma(),)), Choice(steps=()))))
    assert Degradation(name="a", scenarios=(Scenario(name="tape", steps=tape),)).has_lines
    assert not Degradation(name="a", scenarios=(BLOCKS, SMOOTH)).has_lines


def test_the_jpeg_grid_begins_anywhere() -> None:
    places = {degraded_region(LARGE, BLOCKS, 2, (128, 150), 64, 0, key=0, word=word)[1:] for word in range(512)}
    assert {y % 8 for y, _ in places} == {x % 8 for _, x in places} == set(range(8))


def test_a_region_comes_out_even_at_a_scale_of_three() -> None:
    third = Scenario(name="third", steps=(Resize(percent=ByScale(x3=33.333333)),))
    picture = smooth(384, 432)
    region, y, x = degraded_region(picture, third, 3, (96, 150), 96, 0, key=0, word=7)
    whole = degrade(picture, third, 3, key=0)
    assert region.size < whole.size
    assert np.array_equal(region[y : y + 32, x : x + 32], whole[32:64, 50:82])


def test_a_picture_that_is_hardly_larger_than_the_crop_is_taken_whole() -> None:
    small = smooth(64, 80)
    region, y, x = degraded_region(small, BLOCKS, 2, (0, 16), 64, 0, key=0, word=12345)
    assert np.array_equal(region, degrade(small, BLOCKS, 2, key=0))
    assert (y, x) == (0, 8)


@pytest.fixture
def live(tmp_path: Path) -> Dataset:
    """A dataset that stores lq for validation only."""
    settings = Prepare(validation=2, degradation_mode="live")
    return Preparation(tmp_path, fill(tmp_path / "photos"), prepare=settings).run()


def test_only_validation_and_pairs_have_stored_lq(tmp_path: Path) -> None:
    for number in range(3):
        small = smooth(40, 48, seed=50 + number)
        save(tmp_path / "gt" / f"{number}.png", small.repeat(2, axis=0).repeat(2, axis=1))
        save(tmp_path / "lq" / f"{number}.png", small)
    pairs = Pairs(pairs=PairFolders(gt=str(tmp_path / "gt"), lq=str(tmp_path / "lq")), insist=True)
    settings = Prepare(validation=3, degradation_mode="live")
    dataset = Preparation(tmp_path, fill(tmp_path / "photos"), pairs, prepare=settings).run()
    with_lq = {row.name: row.split == "val" or row.scenario == "pair" for row in read_rows(dataset.folder)}
    assert {row.scenario for row in read_rows(dataset.folder)} == {"live", "pair", "blocks", "smear"}
    for split in ("train", "val"):
        reader = StoreReader(dataset.folder / f"{split}.lmdb")
        for name in reader.names:
            if with_lq[name]:
                assert reader.lq(name).shape[0] * 2 == reader.gt(name).shape[0]
            else:
                with pytest.raises(KeyError):
                    reader.lq(name)
    with closing(SampleStream(dataset, seed=1, gt_size=48, batch=64, threads=2)) as samples:
        batch = next(samples)
    small = batch.gt_bchw.reshape(64, 3, 24, 2, 24, 2).mean((3, 5))
    exact = np.abs(small - batch.lq_bchw).max((1, 2, 3)) < 1e-6
    assert 0 < exact.sum() < 64  # pairs come from the store, the others are spoiled


def test_live_datasets_take_less_room_and_validate_on_the_same(tmp_path: Path, live: Dataset) -> None:
    photos = tmp_path / "photos"
    fixed = Preparation(tmp_path / "fixed", photos, prepare=Prepare(validation=2)).run()
    heads = [read_head(dataset.folder / "plan.jsonl") for dataset in (live, fixed)]
    assert heads[0] is not None
    assert heads[1] is not None
    assert heads[0].train_room < heads[1].train_room
    assert heads[0].val_room == heads[1].val_room
    assert live.about.content.val == fixed.about.content.val


def test_live_samples_are_the_same_for_any_number_of_threads_and_after_a_resume(live: Dataset) -> None:
    def take(count: int, threads: int, start: int = 0) -> list[bytes]:
        options = {"seed": 1, "gt_size": 48, "batch": 4, "threads": threads, "start": start}
        with closing(SampleStream(live, **options)) as samples:
            return [batch.lq_bchw.tobytes() + batch.gt_bchw.tobytes() for batch in islice(samples, count)]

    one = take(10, threads=1)
    assert take(10, threads=5) == one
    assert take(4, threads=2, start=24) == one[6:]
    assert len(set(one)) == 10


def test_live_lq_looks_like_its_gt(live: Dataset) -> None:
    with closing(SampleStream(live, seed=1, gt_size=48, batch=16, threads=1)) as samples:
        batch = next(samples)
    small = batch.gt_bchw.reshape(16, 3, 24, 2, 24, 2).mean((3, 5))
    assert np.abs(small - batch.lq_bchw).mean() < 0.03
    assert not np.array_equal(small, batch.lq_bchw)


def test_the_number_of_variations_seen_is_known(tmp_path: Path, live: Dataset) -> None:
    fixed = Preparation(tmp_path / "fixed", tmp_path / "photos", prepare=Prepare(validation=2)).run()
    for dataset, expected in ((live, 32), (fixed, 6)):
        with closing(SampleStream(dataset, seed=1, gt_size=48, batch=16, threads=1)) as samples:
            assert samples.variations == 0
            next(samples)
            next(samples)
            assert samples.variations == expected

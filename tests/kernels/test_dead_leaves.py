"""Dead leaves: reproducible, of any size, and with the statistics of photographs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

import numpy as np
import pytest
from numpy.typing import NDArray
from srtui_kernels import dead_leaves
from srtui_kernels._random import draw, draw_bell, draw_below, draw_direction, draw_scale
from srtui_kernels.dead_leaves import VERSION

from tests.cases import NO_PHOTOGRAPHS, Picture, photograph_cases
from tests.kernels.verbs import assert_same_bytes

SEEDS = range(10)


@pytest.fixture(scope="module")
def leaves() -> list[Picture]:
    """Ten pictures, drawn by four threads."""
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda seed: dead_leaves(256, 320, seed), SEEDS))


def test_a_seed_gives_the_same_bytes_on_every_machine() -> None:
    """When this changes on purpose, VERSION must go up: stored data sets are recognised by it."""
    digest = blake2b(dead_leaves(64, 96, 7).tobytes(), digest_size=8).hexdigest()
    assert (VERSION, digest) == (1, "a26f945b815e4106")


def test_threads_change_nothing(leaves: list[Picture]) -> None:
    for seed in (0, 9):
        assert_same_bytes(leaves[seed], dead_leaves(256, 320, seed), seed)


def test_every_seed_is_another_picture(leaves: list[Picture]) -> None:
    assert len({picture.tobytes() for picture in leaves}) == len(leaves)
    assert not np.array_equal(dead_leaves(64, 64, 0), dead_leaves(64, 64, (1 << 64) - 1))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 40), (40, 1), (7, 300)])
def test_any_size_is_filled(height: int, width: int) -> None:
    picture = dead_leaves(height, width, 3)
    assert (picture.shape, picture.dtype) == ((height, width, 3), np.uint8)
    assert dead_leaves(height, width, 3).any()


@pytest.mark.parametrize("arguments", [(0, 4, 1), (4, 1 << 15, 1), (4, 4, -1), (4, 4, 1 << 64)])
def test_numbers_out_of_range_are_refused(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="pass a whole number"):
        dead_leaves(*arguments)


def luma(picture: Picture) -> NDArray[np.float64]:
    return picture @ np.array([0.299, 0.587, 0.114])


def spectral_slope(picture: Picture) -> float:
    """Exponent of the power spectrum between 1/64 and 1/8 cycles per pixel."""
    window = np.hanning(256)[:, None] * np.hanning(256)
    patch = luma(picture)[:256, :256]
    power = np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2
    radius = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256))
    bands = [(low, 2 * low) for low in (1 / 64, 1 / 32, 1 / 16)]
    means = [power[(radius >= low) & (radius < high)].mean() for low, high in bands]
    return float(np.polyfit(np.log([low for low, _ in bands]), np.log(means), 1)[0])


def gradient_kurtosis(picture: Picture) -> float:
    """Large where most of a picture is smooth and the rest has edges; 3 for noise."""
    step = np.diff(luma(picture), axis=1)
    return float((step**4).mean() / (step**2).mean() ** 2)


def colour_correlation(picture: Picture) -> float:
    return float(np.corrcoef(picture.reshape(-1, 3).T.astype(float))[0, 1])


def colourfulness(picture: Picture) -> float:
    return float((picture.max(axis=2) - picture.min(axis=2).astype(float)).mean())


MEASURES = {
    spectral_slope: (-3.0, -1.9),  # photographs: about -2.5
    gradient_kurtosis: (10.0, 60.0),  # 13 to 57 in the middle eight tenths of the Kodak pictures
    colour_correlation: (0.75, 0.99),
    colourfulness: (12.0, 55.0),
    lambda picture: float(luma(picture).mean()): (75.0, 140.0),
    lambda picture: float(luma(picture).std()): (30.0, 65.0),
}


def test_the_pictures_are_statistically_like_photographs(leaves: list[Picture]) -> None:
    for measure, (low, high) in MEASURES.items():
        assert low < np.median([measure(picture) for picture in leaves]) < high, measure


def test_the_photographs_are_too() -> None:
    """The ranges above mean something: photographs are inside."""
    photographs = [case.make() for case in photograph_cases(256)] or pytest.skip(NO_PHOTOGRAPHS)
    for measure, (low, high) in MEASURES.items():
        assert low < np.median([measure(picture) for picture in photographs]) < high, measure


def test_random_draws_have_their_moments() -> None:
    state = np.array([5], np.uint64)
    even = np.array([draw(state, 2.0, 4.0) for _ in range(4000)])
    assert 2.0 <= even.min() < 2.01
    assert 3.99 < even.max() < 4.0
    assert even.mean() == pytest.approx(3.0, abs=0.03)
    bell = np.array([draw_bell(state) for _ in range(4000)])
    assert (bell.mean(), bell.std()) == (pytest.approx(0.0, abs=0.05), pytest.approx(1.0, abs=0.05))
    assert np.bincount([draw_below(state, 5) for _ in range(4000)]).min() > 700
    octaves = np.log2([draw_scale(state, 1.0, 16.0) for _ in range(4000)])
    assert np.histogram(octaves, bins=4, range=(0, 4))[0].min() > 900
    directions = np.array([draw_direction(state) for _ in range(4000)])
    assert np.hypot(*directions.T) == pytest.approx(1.0)
    assert np.abs(directions.mean(axis=0)).max() < 0.05

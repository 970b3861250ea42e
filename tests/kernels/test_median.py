"""The median gives OpenCV's bytes, for every picture there can be."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from srtui_kernels import median

from tests.cases import CASES, NO_PHOTOGRAPHS, noise, photograph_cases
from tests.kernels import oracles
from tests.kernels.reference import windows
from tests.kernels.verbs import assert_matches, assert_same_bytes


@pytest.mark.parametrize("radius", [1, 2])
def test_gives_opencvs_and_its_twins_bytes(radius: int) -> None:
    assert_matches(partial(median, radius=radius), partial(oracles.cv2_median, radius=radius), CASES)
    assert_matches(partial(median, radius=radius), partial(windows.median, radius=radius), CASES)


def _assert_middles(windows_nyx: NDArray[np.uint8]) -> None:
    """Lay windows side by side and compare the medians in their middles."""
    side = windows_nyx.shape[1]
    picture = np.ascontiguousarray(windows_nyx.transpose(1, 0, 2)).reshape(side, -1)
    middle = median(picture, side // 2)[side // 2, side // 2 :: side]
    ones = windows_nyx.sum(axis=(1, 2), dtype=np.int64)
    assert_same_bytes(middle, (2 * ones > side * side).astype(np.uint8), "windows")


def _windows(numbers: NDArray[np.uint32], side: int) -> NDArray[np.uint8]:
    """Window number n: its bits."""
    bits = np.unpackbits(numbers.astype("<u4").view(np.uint8).reshape(-1, 4), axis=1, bitorder="little")
    return bits[:, : side * side].reshape(-1, side, side)


def test_every_3x3_window_of_zeros_and_ones_has_the_right_median() -> None:
    """The 0-1 principle: a network of minima and maxima that is right for all zeros and ones is right for all bytes."""
    _assert_middles(_windows(np.arange(512, dtype=np.uint32), 3))


def test_5x5_windows_of_zeros_and_ones_have_the_right_median() -> None:
    """A sorted row of zeros and ones is known by its number of ones: 6⁵ windows are all, each here in two orders."""
    ones = np.array(list(product(range(6), repeat=5)))  # windows × rows
    windows_nyx = (np.arange(5)[None, None, :] < ones[:, :, None]).astype(np.uint8)
    _assert_middles(windows_nyx)
    _assert_middles(np.random.default_rng(0).permuted(windows_nyx, axis=2))


@pytest.mark.exhaustive
def test_every_5x5_window_of_zeros_and_ones_has_the_right_median() -> None:
    for first in range(0, 1 << 25, 1 << 20):
        _assert_middles(_windows(np.arange(first, first + (1 << 20), dtype=np.uint32), 5))


@given(shape=st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4])), radius=st.integers(1, 2))
@settings(max_examples=100, deadline=None)
def test_any_size_gives_opencvs_bytes(shape: tuple[int, int, int], radius: int) -> None:
    picture = noise(*shape)
    assert_same_bytes(median(picture, radius), oracles.cv2_median(picture, radius), shape)


@pytest.mark.parametrize(("radius", "error"), [(0, ValueError), (3, ValueError), (1.5, TypeError), ("1", TypeError)])
def test_other_radii_are_refused(radius: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="pass a whole number from 1 to 2"):
        median(noise(4, 4, 3), radius)


@pytest.mark.exhaustive
def test_photographs_give_opencvs_bytes() -> None:
    cases = list(photograph_cases()) or pytest.skip(NO_PHOTOGRAPHS)
    for radius in (1, 2):
        assert_matches(partial(median, radius=radius), partial(oracles.cv2_median, radius=radius), cases)

"""The median gives OpenCV's bytes, for every picture there can be."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srtui_kernels import median
from srtui_kernels.median import _sort3, _sort5

from tests.cases import CASES, NO_PHOTOGRAPHS, noise, photograph_cases
from tests.kernels import oracles
from tests.kernels.reference import windows
from tests.kernels.verbs import assert_matches, assert_same_bytes


@pytest.mark.parametrize("radius", [1, 2])
def test_gives_opencvs_and_its_twins_bytes(radius: int) -> None:
    assert_matches(partial(median, radius=radius), partial(oracles.cv2_median, radius=radius), CASES)
    assert_matches(partial(median, radius=radius), partial(windows.median, radius=radius), CASES)


def test_columns_are_sorted_whatever_they_hold() -> None:
    """The 0-1 principle: what sorts all zeros and ones sorts everything."""
    for bits in product((np.uint8(0), np.uint8(1)), repeat=5):
        assert list(_sort5(*bits)) == sorted(bits)
        assert list(_sort3(*bits[:3])) == sorted(bits[:3])


@pytest.mark.parametrize("radius", [1, 2])
def test_every_window_of_zeros_and_ones_has_the_right_median(radius: int) -> None:
    """After sorting, a column of zeros and ones is known by its number of ones: 4³ or 6⁵ windows are all."""
    side = 2 * radius + 1
    ones = np.array(list(product(range(side + 1), repeat=side)))  # windows × columns
    windows_nyx = (np.arange(side)[None, :, None] < ones[:, None, :]).astype(np.uint8)
    picture = windows_nyx.transpose(1, 0, 2).reshape(side, -1)
    middle = median(picture, radius)[radius, radius::side]
    assert_same_bytes(middle, (ones.sum(axis=1) * 2 > side * side).astype(np.uint8), radius)


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

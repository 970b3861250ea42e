"""Resizing gives Pillow's bytes."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srtui_kernels import resize
from srtui_kernels.resize import FILTERS, _weights

from tests.cases import CASES, NO_PHOTOGRAPHS, noise, photograph_cases, saturated
from tests.kernels import oracles
from tests.kernels.reference.resize import resize as twin
from tests.kernels.verbs import assert_matches, assert_same_bytes

PILLOWS = ("bicubic", "bilinear", "lanczos", "area", "nearest")
SIZES = ((1, 1), (20, 13), (61, 47), (128, 9), (7, 200))


@pytest.mark.parametrize("filter", PILLOWS)
def test_gives_pillows_bytes(filter: str) -> None:
    for width, height in SIZES:
        options = {"width": width, "height": height, "filter": filter}
        assert_matches(partial(resize, **options), partial(oracles.pillow_resize, **options), CASES)


@pytest.mark.parametrize("filter", FILTERS)
def test_gives_its_twins_bytes(filter: str) -> None:
    for width, height in SIZES[1:4]:
        options = {"width": width, "height": height, "filter": filter}
        assert_matches(partial(resize, **options), partial(twin, **options), CASES)


@given(sizes=st.tuples(*[st.integers(1, 90)] * 4), filter=st.sampled_from(PILLOWS))
@settings(max_examples=150, deadline=None)
def test_any_size_gives_pillows_bytes(sizes: tuple[int, int, int, int], filter: str) -> None:
    picture = saturated(sizes[0], sizes[1], 3)
    ours = resize(picture, sizes[2], sizes[3], filter)
    assert_same_bytes(ours, oracles.pillow_resize(picture, sizes[2], sizes[3], filter), (sizes, filter))


@pytest.mark.parametrize("percent", [25, 50, 75])
def test_one_call_of_pillow_gives_the_same_when_both_sides_shrink_alike(percent: int) -> None:
    picture = noise(96, 160, 3)
    width, height = 160 * percent // 100, 96 * percent // 100
    expected = oracles.pillow_resize_at_once(picture, width, height, "bicubic")
    assert_same_bytes(resize(picture, width, height), expected, percent)
    back = oracles.pillow_resize_at_once(expected, 160, 96, "bicubic")
    assert_same_bytes(resize(expected, 160, 96), back, f"{percent} and back")


@pytest.mark.parametrize("filter", FILTERS)
def test_flat_pictures_stay_flat(filter: str) -> None:
    for value in (0, 1, 128, 255):
        picture = np.full((37, 53, 3), value, np.uint8)
        for width, height in ((11, 90), (53, 5), (40, 30), (300, 200)):
            assert (resize(picture, width, height, filter) == value).all()


@pytest.mark.parametrize("filter", [name for name in FILTERS if name != "nearest"])
def test_no_sum_leaves_32_bits(filter: str) -> None:
    for size in range(1, 41):
        for outputs in range(1, 41):
            weight = _weights(size, outputs, filter).weight.astype(np.int64)
            assert 255 * np.maximum(weight, 0).sum(axis=1).max() + (1 << 21) < 1 << 31
            assert 255 * np.minimum(weight, 0).sum(axis=1).min() > -(1 << 31)


def test_the_same_size_is_a_copy() -> None:
    picture = noise(9, 8, 3)
    for name in FILTERS:
        result = resize(picture, 8, 9, name)
        assert_same_bytes(result, picture, name)
        assert not np.shares_memory(result, picture)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ((np.zeros((4, 4, 3), np.float32), 2, 2), TypeError, "float32; convert it to uint8"),
        (([[1]], 2, 2), TypeError, "list; pass a NumPy array"),
        ((np.zeros((4, 4, 2), np.uint8), 2, 2), ValueError, "2 channels"),
        ((np.zeros(4, np.uint8), 2, 2), ValueError, r"shape \(4,\)"),
        ((np.zeros((0, 4, 3), np.uint8), 2, 2), ValueError, "empty"),
        ((np.zeros((4, 4, 3), np.uint8), 0, 2), ValueError, "width is 0"),
        ((np.zeros((4, 4, 3), np.uint8), 2, 2.0), TypeError, "height is 2.0"),
        ((np.zeros((4, 4, 3), np.uint8), 2, 2, "cubic"), ValueError, "'cubic'; pass one of bicubic"),
    ],
)
def test_wrong_arguments_are_named(arguments: tuple[object, ...], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        resize(*arguments)


@pytest.mark.exhaustive
@pytest.mark.parametrize("filter", PILLOWS)
def test_all_small_sizes_give_pillows_bytes(filter: str) -> None:
    for size in range(1, 41):
        picture = saturated(size, 41 - size, 3)
        for outputs in range(1, 61):
            expected = oracles.pillow_resize(picture, outputs, 61 - outputs, filter)
            assert_same_bytes(resize(picture, outputs, 61 - outputs, filter), expected, (size, outputs))


@pytest.mark.exhaustive
@pytest.mark.parametrize("filter", PILLOWS)
def test_photographs_give_pillows_bytes(filter: str) -> None:
    cases = list(photograph_cases()) or pytest.skip(NO_PHOTOGRAPHS)
    for width, height in ((384, 256), (192, 128), (600, 419), (1000, 700)):
        options = {"width": width, "height": height, "filter": filter}
        assert_matches(partial(resize, **options), partial(oracles.pillow_resize, **options), cases)

"""Crops are what NumPy would cut, turn and divide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srtui_kernels import crop_many, crop_to_chw

from tests.cases import CASES, Case, noise
from tests.kernels.reference.crop import crop_to_chw as twin
from tests.kernels.verbs import assert_same_bytes


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_turn_gives_its_twins_numbers(case: Case) -> None:
    picture = case.make()
    size = max(min(picture.shape[:2]) // 2, 1)
    y, x = picture.shape[0] - size, (picture.shape[1] - size) // 2
    for code in range(8):
        assert_same_bytes(crop_to_chw(picture, y, x, size, code), twin(picture, y, x, size, code), (case, code))


@given(data=st.data(), height=st.integers(1, 40), width=st.integers(1, 40), code=st.integers(0, 7))
@settings(max_examples=100, deadline=None)
def test_any_square_inside_gives_its_twins_numbers(data: st.DataObject, height: int, width: int, code: int) -> None:
    size = data.draw(st.integers(1, min(height, width)))
    y, x = data.draw(st.integers(0, height - size)), data.draw(st.integers(0, width - size))
    picture = noise(height, width, 3)
    assert_same_bytes(crop_to_chw(picture, y, x, size, code), twin(picture, y, x, size, code), (y, x, size, code))


@pytest.mark.parametrize("size", [8, 16, 40, 48])
def test_many_crops_are_those_that_are_cut_one_by_one(size: int) -> None:
    shapes = ((48, 48), (64, 50), (90, 200), (49, 128))
    pictures = [noise(height, width, 3) for height, width in shapes] * 4
    pictures[5] = pictures[5][:, ::-1]  # no rows that lie one behind the other
    corners = [(0, 0), (9, 2), (42, 152), (1, 80)] * 4
    corners = [
        (min(y, p.shape[0] - size), min(x, p.shape[1] - size)) for p, (y, x) in zip(pictures, corners, strict=True)
    ]
    corners[6] = (90 - size, 200 - size)  # where a vector would end beyond the picture
    codes = [number % 8 for number in range(16)]
    out = np.zeros((16, 3, size, size), np.float32)
    crop_many(pictures, corners, codes, out)
    for number, (picture, (y, x), code) in enumerate(zip(pictures, corners, codes, strict=True)):
        assert_same_bytes(out[number], twin(np.ascontiguousarray(picture), y, x, size, code), (size, number))


@pytest.mark.parametrize(
    ("corner", "code", "says"), [((0, 33), 0, "x"), ((-1, 0), 0, "y"), ((33, 0), 0, "y"), ((0, 0), 8, "code")]
)
def test_one_wrong_crop_among_many_is_named(corner: tuple[int, int], code: int, says: str) -> None:
    picture, out = noise(64, 64, 3), np.zeros((2, 3, 32, 32), np.float32)
    with pytest.raises(ValueError, match=says):
        crop_many([picture, picture], [(0, 0), corner], [0, code], out)
    with pytest.raises(ValueError, match="shape"):
        crop_many([picture], [(0, 0)], [0], out)


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"corners": [(0, 0), (1.5, 0)]}, TypeError, "y is 1.5"),
        ({"codes": [0, 1.5]}, TypeError, "code is 1.5"),
        ({"pictures": [noise(64, 64, 3), [[1]]]}, TypeError, "the picture is a list"),
        ({"pictures": [noise(64, 64, 3), noise(64, 64, 4)]}, ValueError, "out has shape"),
        ({"pictures": [noise(64, 64, 3), noise(64, 64)]}, ValueError, "out has shape"),
        ({"codes": [0]}, ValueError, "shorter"),
        ({"out": None}, TypeError, "out is NoneType"),
        ({"out": np.zeros((), np.float32)}, ValueError, r"out has shape \(\)"),
    ],
)
def test_wrong_arguments_of_many_are_named(wrong: dict[str, object], error: type[Exception], says: str) -> None:
    right = {"pictures": [noise(64, 64, 3)] * 2, "corners": [(0, 0)] * 2, "codes": [0, 0]}
    with pytest.raises(error, match=says):
        crop_many(**{**right, "out": np.zeros((2, 3, 32, 32), np.float32), **wrong})


def test_numbers_of_numpy_are_whole_numbers_too() -> None:
    picture, out = noise(64, 64, 3), np.zeros((1, 3, 32, 32), np.float32)
    crop_many([picture], [(np.int64(9), np.int64(17))], [np.int64(5)], out)
    assert_same_bytes(out[0], twin(picture, 9, 17, 32, 5), "NumPy's numbers")


@pytest.mark.parametrize("off", [0, 1, 8])
def test_it_does_not_matter_where_the_crop_is_written(off: int) -> None:
    """At a line of the cache it is written past the caches."""
    picture, size = noise(70, 90, 3), 48
    room = np.zeros(3 * size * size + 64, np.float32)
    first = -room.ctypes.data % 64 // 4 + off
    for code in range(8):
        out = room[first : first + 3 * size * size].reshape(3, size, size)
        assert_same_bytes(crop_to_chw(picture, 9, 17, size, code, out), twin(picture, 9, 17, size, code), (off, code))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("code", [0, 4])
def test_every_byte_becomes_its_share_of_255(channels: int, code: int) -> None:
    plane = np.arange(256, dtype=np.uint8).reshape(16, 16)
    expected = (plane.T if code else plane).astype(np.float32) / np.float32(255)
    for crop in crop_to_chw(np.stack([plane] * channels, axis=-1), 0, 0, 16, code):
        assert_same_bytes(crop, expected, "all bytes")


@pytest.mark.parametrize("code", range(8))
def test_large_squares_of_colour_give_their_twins_numbers(code: int) -> None:
    picture = np.arange(256, dtype=np.uint8).repeat(3 * 256).reshape(256, 256, 3) + noise(256, 256, 3) // 2
    for size in (192, 201, 255):
        assert_same_bytes(crop_to_chw(picture, 1, 0, size, code), twin(picture, 1, 0, size, code), (size, code))


def test_writes_into_a_place_in_a_batch() -> None:
    batch, picture = np.full((3, 3, 8, 8), np.nan, np.float32), noise(20, 20, 3)
    result = crop_to_chw(picture, 5, 6, 8, 5, out=batch[1])
    assert np.shares_memory(result, batch)
    assert_same_bytes(batch[1], twin(picture, 5, 6, 8, 5), "the place")
    assert np.isnan(batch[[0, 2]]).all(), "its neighbours are left alone"


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ((0, 0, 9), ValueError, "size is 9; pass a whole number from 1 to 8"),
        ((3, 0, 6), ValueError, "y is 3; pass a whole number from 0 to 2"),
        ((0, -1, 6), ValueError, "x is -1"),
        ((0, 0, 6, 8), ValueError, "code is 8"),
        ((0, 0, True), TypeError, "size is True"),
        ((0, 0, 2, 0, np.empty((3, 2, 2))), TypeError, "out is float64"),
        ((0, 0, 2, 0, np.empty((3, 2, 3), np.float32)), ValueError, r"out has shape \(3, 2, 3\)"),
        ((0, 0, 2, 0, np.empty((3, 2, 4), np.float32)[..., ::2]), ValueError, "not contiguous"),
    ],
)
def test_wrong_arguments_are_named(arguments: tuple[object, ...], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        crop_to_chw(noise(8, 10, 3), *arguments)

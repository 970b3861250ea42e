"""Fields are taken apart, put together and woven as cameras do."""

from __future__ import annotations

import numpy as np
import pytest
from srtui_kernels import interlace, join_fields, motion_along, split_fields, weave
from srtui_kernels.fields import shift

from tests.cases import CASES, Case, noise
from tests.kernels.verbs import assert_same_bytes

FRAMES = [case for case in CASES if case.make().shape[0] > 1]


@pytest.mark.parametrize("case", FRAMES, ids=str)
def test_fields_are_the_even_and_the_odd_rows(case: Case) -> None:
    frame = case.make()
    top, bottom = split_fields(frame)
    for row in range(frame.shape[0]):
        assert_same_bytes((top, bottom)[row % 2][row // 2], frame[row], row)
    assert_same_bytes(join_fields(top, bottom), np.ascontiguousarray(frame), "joined")


@pytest.mark.parametrize("case", FRAMES, ids=str)
def test_a_frame_is_woven_of_two_moments(case: Case) -> None:
    first = case.make()
    second = 255 - first
    bottom_first, top_first = weave(first, second), weave(first, second, "top")
    for row in range(first.shape[0]):
        assert_same_bytes(bottom_first[row], (first if row % 2 else second)[row], row)
        assert_same_bytes(top_first[row], (second if row % 2 else first)[row], row)
    assert not np.shares_memory(bottom_first, first)


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="one row"):
        split_fields(noise(1, 5, 3))
    with pytest.raises(ValueError, match="pass two of one shape"):
        weave(noise(4, 5, 3), noise(4, 6, 3))
    with pytest.raises(ValueError, match="'top' or 'bottom'"):
        weave(noise(4, 5, 3), noise(4, 5, 3), "left")
    with pytest.raises(ValueError, match="pass both of one frame"):
        join_fields(noise(2, 5, 3), noise(3, 5, 3))


def test_a_moving_picture_is_recorded_field_by_field() -> None:
    picture = noise(40, 60, 3)
    frame = interlace(picture, 3.0, 2.0)
    assert_same_bytes(frame[1::2], picture[1::2], "the first field is where the picture has it")
    assert_same_bytes(frame[4::2, 5:55], picture[2:-2:2, 2:52], "the second one moved")
    before, after = interlace(picture, 3.0, 2.0, frame=-1), interlace(picture, 3.0, 2.0, frame=1)
    assert_same_bytes(before[1:31:2, 5:45], picture[5:35:2, 11:51], "two fields earlier")
    assert_same_bytes(after[11:31:2, 15:45], picture[7:27:2, 9:39], "two fields later")
    assert_same_bytes(interlace(picture, 0.0, 0.0), picture, "at rest")
    assert_same_bytes(interlace(picture, 3.0, 2.0, "top")[::2], picture[::2], "top first")


def test_parts_of_pixels_are_interpolated() -> None:
    ramp = np.arange(0, 200, 4, dtype=np.uint8)[None].repeat(4, axis=0)
    moved = motion_along(ramp, shift(0.25, 0.0))
    assert moved[0, 5:45].tolist() == (ramp[0, 5:45] - 1).tolist()
    assert np.asarray(shift(0.5, 0.0).weight) == pytest.approx([-0.0625, 0.5625, 0.5625, -0.0625])
    assert shift(-2.0, 1.0).weight.tolist() == [1.0]


@pytest.mark.parametrize(("dx", "dy", "frame"), [(20.5, 0.0, 0), (0.0, float("nan"), 0), (0.0, 0.0, 3)])
def test_movements_out_of_range_are_refused(dx: float, dy: float, frame: int) -> None:
    with pytest.raises(ValueError, match=r"pass a (whole )?number from"):
        interlace(noise(8, 8, 3), dx, dy, frame=frame)

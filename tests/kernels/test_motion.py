"""Motion blur: the line that is drawn, and OpenCV's bytes up to 11×11 weights."""

from __future__ import annotations

import math
from functools import partial

import cv2
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from srtui_kernels import _tap_sums, motion
from srtui_kernels._checks import rows_of
from srtui_kernels._vectors import host_has
from srtui_kernels.motion import Taps, line

from tests.cases import CASES, NO_PHOTOGRAPHS, Picture, noise, photograph_cases
from tests.kernels import oracles
from tests.kernels.reference import windows
from tests.kernels.verbs import assert_matches, assert_same_bytes

LINES = ((0.0, 10.0), (90.0, 10.0), (45.0, 10.0), (-45.0, 10.0), (30.0, 6.5), (161.0, 10.5))

needs_fused_opencv = pytest.mark.skipif(
    not cv2.checkHardwareSupport(12) and "NEON" not in cv2.getCPUFeaturesLine(),  # 12: CPU_FMA3
    reason="without a fused multiply-add in the CPU, OpenCV rounds twice and is no reference",
)


def in_opencvs_vectors(picture: Picture) -> Picture:
    """The part of the picture that OpenCV computes in fours; its remainder loop rounds every product as well."""
    rows = picture.reshape(picture.shape[0], -1)
    return rows[:, : rows.shape[1] // 4 * 4]


@needs_fused_opencv
@pytest.mark.parametrize(("angle", "length"), LINES)
def test_gives_opencvs_bytes(angle: float, length: float) -> None:
    for case in CASES:
        picture = case.make()
        expected = in_opencvs_vectors(oracles.cv2_sum_of_taps(picture, line(angle, length)))
        assert_same_bytes(in_opencvs_vectors(motion(picture, angle, length)), expected, case)


@needs_fused_opencv
@given(
    shape=st.tuples(st.integers(1, 50), st.integers(1, 50), st.sampled_from([1, 3, 4])),
    angle=st.floats(-360.0, 360.0),
    length=st.floats(0.0, 11.0),
)
@settings(max_examples=150, deadline=None)
def test_any_line_gives_opencvs_bytes(shape: tuple[int, int, int], angle: float, length: float) -> None:
    taps = line(angle, length)
    assume(max(abs(taps.dy).max(), abs(taps.dx).max()) <= 5)
    picture = noise(*shape)
    expected = in_opencvs_vectors(oracles.cv2_sum_of_taps(picture, taps))
    assert_same_bytes(in_opencvs_vectors(motion(picture, angle, length)), expected, (shape, angle, length))


@pytest.mark.parametrize(("angle", "length"), [*LINES, (20.0, 33.0)])
def test_gives_its_twins_bytes(angle: float, length: float) -> None:
    taps = list(zip(*line(angle, length), strict=True))
    assert_matches(partial(motion, angle=angle, length=length), partial(windows.sum_of_taps, taps=taps), CASES)


@pytest.mark.skipif(not host_has("fma"), reason="without a fused multiply-add in the CPU, only float64 is used")
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(1, 90), st.sampled_from([1, 3, 4])),
    places=st.dictionaries(
        st.tuples(st.integers(-100, 100) | st.integers(-3, 3), st.integers(-100, 100) | st.integers(-3, 3)),
        st.integers(-4096, 65536),
        min_size=1,
        max_size=20,
    ),
)
@example((12, 90, 3), {(0, 0): 65536 * 512, (1, 0): -65536 * 600})  # far beyond what 16 bits hold
@example((12, 43, 3), {(-2, 0): 0, (2, 0): 32768})  # 0 and halves
@settings(max_examples=150, deadline=None)
def test_both_ways_of_adding_up_give_the_same_bytes(
    shape: tuple[int, int, int], places: dict[tuple[int, int], int]
) -> None:
    dy, dx = np.ascontiguousarray(np.array(list(places), np.int32).T)
    taps = Taps(dy, dx, np.array([weight / 65536 for weight in places.values()], np.float32))
    rows = rows_of(noise(*shape))
    fused, in_float64 = np.empty_like(rows), np.empty_like(rows)
    _tap_sums._sum_fused(rows, fused, shape[2], *taps)
    _tap_sums._sum_in_float64(rows, in_float64, shape[2], *taps)
    assert_same_bytes(fused, in_float64, (shape, places))


def test_straight_lines_are_means_with_half_weights_at_the_ends() -> None:
    assert as_dict(line(0.0, 4.0)) == {(0, x): 0.125 if abs(x) == 2 else 0.25 for x in range(-2, 3)}
    assert as_dict(line(90.0, 4.0)) == {(y, 0): 0.125 if abs(y) == 2 else 0.25 for y in range(-2, 3)}


def test_diagonals_stay_on_the_diagonal() -> None:
    assert all(y == -x for y, x in as_dict(line(45.0, 10.0)))  # counter-clockwise: up to the right
    assert all(y == x for y, x in as_dict(line(-45.0, 10.0)))


def test_a_turn_by_half_a_circle_is_the_same_line() -> None:
    for angle in (0.0, 30.0, 45.0, 100.0):
        assert as_dict(line(angle, 9.0)) == pytest.approx(as_dict(line(angle - 180.0, 9.0)), abs=1e-6)


@given(angle=st.floats(-360.0, 360.0), length=st.floats(0.0, 60.0))
@settings(max_examples=100, deadline=None)
def test_a_line_lies_where_its_points_do(angle: float, length: float) -> None:
    drawn = as_dict(line(angle, length))
    assert sum(drawn.values()) == pytest.approx(1.0, abs=1e-5)
    assert list(drawn) == sorted(drawn), "from the top left, row by row"
    points = (np.arange(20_000) + 0.5) / 20_000 - 0.5
    rows = np.floor(0.5 - points * length * math.sin(math.radians(angle))).astype(int)
    columns = np.floor(0.5 + points * length * math.cos(math.radians(angle))).astype(int)
    places, counts = np.unique(np.stack([rows, columns]), axis=1, return_counts=True)
    expected = {(int(y), int(x)): count / 20_000 for (y, x), count in zip(places.T, counts, strict=True)}
    for place in drawn.keys() | expected.keys():
        assert drawn.get(place, 0.0) == pytest.approx(expected.get(place, 0.0), abs=3e-3)


def test_flat_pictures_stay_flat() -> None:
    for value in (0, 1, 127, 254, 255):
        assert (motion(np.full((21, 17, 3), value, np.uint8), 37.0, 15.0) == value).all()


@pytest.mark.parametrize(("angle", "length", "says"), [(361.0, 5.0, "angle is 361"), (0.0, 201.0, "length is 201")])
def test_lines_out_of_range_are_refused(angle: float, length: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        motion(noise(4, 4, 3), angle, length)


@needs_fused_opencv
@pytest.mark.exhaustive
def test_photographs_give_opencvs_bytes() -> None:
    cases = list(photograph_cases()) or pytest.skip(NO_PHOTOGRAPHS)
    for angle, length in LINES:
        taps = line(angle, length)
        assert_matches(partial(motion, angle=angle, length=length), partial(oracles.cv2_sum_of_taps, taps=taps), cases)


def as_dict(taps: Taps) -> dict[tuple[int, int], float]:
    return {(int(y), int(x)): float(weight) for y, x, weight in zip(*taps, strict=True)}

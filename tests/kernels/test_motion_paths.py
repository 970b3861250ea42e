"""Curved paths are drawn where they run, and their sum is exact, in light too."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srtui_kernels import curve, motion, motion_along, motion_in_light
from srtui_kernels._light import light_tables
from srtui_kernels.motion import Taps, line
from srtui_kernels.motion_paths import as_taps, polyline, whole_weights

from tests.cases import CASES, noise
from tests.kernels.reference import tape, windows
from tests.kernels.verbs import assert_matches, assert_same_bytes

CURVES = ((20.0, 12.0, 40.0), (-70.0, 25.0, -90.0), (0.0, 6.0, 180.0))


def as_dict(taps: Taps) -> dict[tuple[int, int], float]:
    return {(int(y), int(x)): float(weight) for y, x, weight in zip(*taps, strict=True)}


@given(angle=st.floats(-360, 360), length=st.floats(0.0, 60.0), bend=st.floats(-180, 180))
@settings(max_examples=60, deadline=None)
def test_an_arc_lies_where_its_points_do(angle: float, length: float, bend: float) -> None:
    drawn = as_dict(curve(angle, length, bend))
    assert sum(drawn.values()) == pytest.approx(1.0, abs=1e-5)
    assert list(drawn) == sorted(drawn), "from the top left, row by row"
    steps = (np.arange(20_000) + 0.5) / 20_000 - 0.5
    directions = np.radians(angle + bend * steps)
    x = np.cumsum(np.cos(directions)) / 20_000 * length
    y = -np.cumsum(np.sin(directions)) / 20_000 * length
    x, y = x - x.mean(), y - y.mean()
    for name, points in (("down", y), ("across", x)):
        places = np.array([place[name == "across"] for place in drawn])
        mean = (places * np.array(list(drawn.values()))).sum()
        assert mean == pytest.approx(np.floor(points + 0.5).mean(), abs=0.1), name


def test_an_arc_moves_nothing() -> None:
    point = np.zeros((81, 81), np.uint8)
    point[40, 40] = 255
    y, x = np.mgrid[-40:41, -40:41]
    for angle, length, bend in ((0.0, 40.0, 120.0), (77.0, 31.0, -90.0), (200.0, 25.5, 180.0)):
        taps = curve(angle, length, bend)
        assert (taps.weight * taps.dx).sum() == pytest.approx(0.0, abs=0.15)
        assert (taps.weight * taps.dy).sum() == pytest.approx(0.0, abs=0.15)
        light = light_tables()[0][motion_in_light(point, taps)].astype(float)
        assert ((light * x).sum() / light.sum(), (light * y).sum() / light.sum()) == pytest.approx((0, 0), abs=0.2)


@given(angle=st.floats(-360, 360), length=st.floats(0.0, 60.0))
@settings(max_examples=60, deadline=None)
def test_an_arc_without_bend_is_a_line(angle: float, length: float) -> None:
    assert as_dict(curve(angle, length, 0.0)) == as_dict(line(angle, length))
    slight, straight = as_dict(curve(angle, length, 0.01)), as_dict(line(angle, length))
    difference = sum(abs(slight.get(place, 0) - straight.get(place, 0)) for place in slight.keys() | straight.keys())
    across = abs(math.cos(math.radians(angle))) < 0.001 or abs(math.sin(math.radians(angle))) < 0.001
    assert difference < 0.02 or across


def test_a_polyline_is_its_lines() -> None:
    assert as_dict(polyline([(0.0, 0.0), (3.0, 0.0), (3.0, 2.0)])) == pytest.approx(
        {(0, 0): 0.1, (0, 1): 0.2, (0, 2): 0.2, (0, 3): 0.2, (1, 3): 0.2, (2, 3): 0.1}
    )


@pytest.mark.parametrize("path", CURVES)
def test_any_taps_give_the_twins_bytes(path: tuple[float, float, float]) -> None:
    taps = curve(*path)
    pairs = list(zip(*taps, strict=True))
    assert_matches(partial(motion_along, taps=taps), partial(windows.sum_of_taps, taps=pairs), CASES)
    whole = list(zip(taps.dy, taps.dx, whole_weights(taps.weight).astype(int), strict=True))
    assert_matches(partial(motion_in_light, taps=taps), partial(tape.sum_of_light, taps=whole), CASES)


def test_along_a_line_it_is_motion() -> None:
    picture = noise(50, 60, 3)
    assert_same_bytes(motion_along(picture, line(30.0, 9.0)), motion(picture, 30.0, 9.0), "a line")


def test_negative_weights_sharpen() -> None:
    taps = as_taps({(0, -1): -0.5, (0, 0): 2.0, (0, 1): -0.5})
    picture = noise(20, 30, 3)
    assert_same_bytes(motion_along(picture, taps), windows.sum_of_taps(picture, zip(*taps, strict=True)), "negative")
    with pytest.raises(ValueError, match="none below 0"):
        motion_in_light(picture, taps)


def test_light_adds_up_before_the_curve() -> None:
    point = np.zeros((9, 9), np.uint8)
    point[4, 4] = 255
    assert motion_in_light(point, line(0.0, 3.0))[4, 3:6].tolist() == [156, 156, 156]  # a third of the light
    assert motion(point, 0.0, 3.0)[4, 3:6].tolist() == [85, 85, 85]


def test_flat_pictures_stay_flat_in_light() -> None:
    for value in range(256):
        flat = np.full((5, 6, 3), value, np.uint8)
        assert_same_bytes(motion_in_light(flat, curve(10.0, 4.0, 30.0)), flat, value)


def test_the_curve_rounds_the_same_everywhere() -> None:
    """No value lies so near to a half that another machine's power function could round it to the other side."""
    values = np.arange(256) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4) * 65535
    assert np.abs(light - np.floor(light) - 0.5).min() > 1e-6
    to_light, back = light_tables()
    assert (np.diff(to_light.astype(int)) > 0).all()
    assert (back[to_light] == np.arange(256)).all()


@pytest.mark.parametrize("path", [(361.0, 5.0, 0.0), (0.0, 201.0, 0.0), (0.0, 5.0, 181.0)])
def test_paths_out_of_range_are_refused(path: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="pass a number from"):
        curve(*path)


def test_what_are_no_taps_is_refused() -> None:
    taps = line(0.0, 5.0)
    with pytest.raises(ValueError, match="pass 1 to 4096 of each"):
        motion_along(noise(4, 4), Taps(taps.dy[1:], taps.dx, taps.weight))
    with pytest.raises(ValueError, match="int32, int32 and float32"):
        motion_along(noise(4, 4), Taps(taps.dy, taps.dx, taps.weight.astype(float)))
    with pytest.raises(ValueError, match="draw it shorter"):
        motion_along(noise(4, 4), Taps(taps.dy, taps.dx * 1000, taps.weight))

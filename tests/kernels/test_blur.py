"""Real-ESRGAN's blurs: the kernels of its formulas, and the twin's bytes."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srtui_kernels import blur, ring
from srtui_kernels.blur import bell, bessel_j1, sinc
from srtui_kernels.motion import Taps

from tests.cases import CASES, noise
from tests.kernels.reference import windows
from tests.kernels.verbs import assert_matches

ANGLES = st.floats(-180.0, 180.0)


def as_square(taps: Taps, window: int) -> np.ndarray:
    square = np.zeros((window, window))
    square[taps.dy + window // 2, taps.dx + window // 2] = taps.weight
    return square


def by_basicsr(window: int, sigma_x: float, sigma_y: float, angle: float, shape: str, beta: float) -> np.ndarray:
    """The formulas with matrices; its rows count upwards."""
    turn = math.radians(angle)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    inverse = np.linalg.inv(rotation @ np.diag([sigma_x**2, sigma_y**2]) @ rotation.T)
    axis = np.arange(window) - window // 2
    grid = np.stack([*np.meshgrid(axis, -axis)], axis=-1).astype(float)
    square = np.einsum("yxi,ij,yxj->yx", grid, inverse, grid)
    power = square**beta
    bells = {"gaussian": np.exp(-0.5 * square), "generalized": np.exp(-0.5 * power), "plateau": 1 / (power + 1)}
    return bells[shape] / bells[shape].sum()


@given(
    half=st.integers(1, 10),
    sigma_x=st.floats(0.2, 3.0),
    sigma_y=st.floats(0.2, 3.0),
    angle=ANGLES,
    shape=st.sampled_from(["gaussian", "generalized", "plateau"]),
    beta=st.floats(0.5, 4.0),
)
@settings(max_examples=80, deadline=None)
def test_bells_are_basicsrs(half: int, sigma_x: float, sigma_y: float, angle: float, shape: str, beta: float) -> None:
    drawn = as_square(bell(2 * half + 1, sigma_x, sigma_y, angle, shape, beta), 2 * half + 1)
    assert drawn == pytest.approx(by_basicsr(2 * half + 1, sigma_x, sigma_y, angle, shape, beta), abs=3e-4)


def test_bessels_function_is_the_table() -> None:
    """Abramowitz and Stegun, table 9.1."""
    table = {
        0.0: 0.0,
        1.0: 0.4400505857,
        2.0: 0.5767248078,
        5.0: -0.3275791376,
        10.0: 0.0434727462,
        17.5: -0.1634199694,
    }
    for x, value in table.items():
        assert bessel_j1(x) == pytest.approx(value, abs=1e-9)


def test_a_ring_passes_low_and_stops_high_frequencies() -> None:
    square = as_square(sinc(21, math.pi / 2), 21)
    response = np.abs(np.fft.fft2(square, (128, 128)))[0]
    assert response[:24] == pytest.approx(1.0, abs=0.2)  # up to 3/8 of the cutoff's double
    assert response[44:64].max() < 0.15
    assert square.min() < 0


@pytest.mark.parametrize(
    "options",
    [
        {"window": 7, "sigma_x": 1.5, "sigma_y": 0.5, "angle": 30.0},
        {"window": 5, "sigma_x": 2.0, "sigma_y": 2.0, "shape": "generalized", "beta": 3.0},
        {"window": 9, "sigma_x": 0.3, "sigma_y": 3.0, "shape": "plateau", "beta": 1.4},
    ],
)
def test_gives_its_twins_bytes(options: dict[str, object]) -> None:
    everything = {"angle": 0.0, "shape": "gaussian", "beta": 1.0, **options}
    pairs = list(zip(*bell(**everything), strict=True))
    assert_matches(partial(blur, **options), partial(windows.sum_of_taps, taps=pairs), CASES)


def test_a_ring_gives_its_twins_bytes() -> None:
    pairs = list(zip(*sinc(7, 1.7), strict=True))
    assert_matches(partial(ring, window=7, cutoff=1.7), partial(windows.sum_of_taps, taps=pairs), CASES)


def test_numbers_out_of_range_are_refused() -> None:
    picture = noise(4, 4, 3)
    with pytest.raises(ValueError, match="pass an odd number"):
        blur(picture, 4, 1.0, 1.0)
    with pytest.raises(ValueError, match=r"sigma_y is 0\.01"):
        blur(picture, 5, 1.0, 0.01)
    with pytest.raises(ValueError, match="shape is 'round'"):
        blur(picture, 5, 1.0, 1.0, shape="round")
    with pytest.raises(ValueError, match="cutoff is 4"):
        ring(picture, 5, 4.0)

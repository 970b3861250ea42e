"""Defocus in linear light gives its twin's bytes, and what a lens would make of a lamp in the dark."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srtui_kernels import gaussian, gaussian_in_light
from srtui_kernels.gaussian import gaussian_weights

from tests.cases import CASES, noise
from tests.kernels.reference import tape
from tests.kernels.verbs import assert_matches, assert_same_bytes

SIGMAS = ((1.0, 1.0), (0.4, 3.7), (6.0, 0.1), (0.0, 2.2))  # of 0.1 only the middle's weight is left


@pytest.mark.parametrize(("sigma_x", "sigma_y"), SIGMAS)
def test_gives_its_twins_bytes(sigma_x: float, sigma_y: float) -> None:
    options = {"sigma_x": sigma_x, "sigma_y": sigma_y}
    assert_matches(partial(gaussian_in_light, **options), partial(tape.gaussian_in_light, **options), CASES)


@given(
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20) | st.integers(21, 200), st.sampled_from([1, 3, 4])),
    sigma_x=st.floats(0.0, 2.5) | st.floats(0.0, 25.0),
    sigma_y=st.floats(0.0, 2.5) | st.floats(0.0, 25.0),
)
@settings(max_examples=60, deadline=None)
def test_any_size_and_sigma_give_its_twins_bytes(shape: tuple[int, int, int], sigma_x: float, sigma_y: float) -> None:
    picture = noise(*shape)
    expected = tape.gaussian_in_light(picture, sigma_x, sigma_y)
    assert_same_bytes(gaussian_in_light(picture, sigma_x, sigma_y), expected, (shape, sigma_x, sigma_y))


def test_one_sigma_blurs_both_ways_and_none_neither() -> None:
    picture = noise(20, 30, 3)
    assert_same_bytes(gaussian_in_light(picture, 1.3), gaussian_in_light(picture, 1.3, 1.3), "sigma_y left out")
    assert_same_bytes(gaussian_in_light(picture, 0.0), picture, "no blur")


@pytest.mark.parametrize("sigma", [0.8, 2.0, 7.2, 25.0])
def test_a_lamp_and_an_edge_fade_as_real_light_does(sigma: float) -> None:
    """Weights of 8 bits, as `gaussian` has them, would leave steps of 13 around the lamp."""
    reach = gaussian_weights(sigma).size // 2
    row = np.zeros((1, 6 * reach + 1), np.uint8)
    row[0, reach], row[0, 5 * reach :] = 255, 255
    bell = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    exact = np.convolve(np.pad(row[0] == 255, reach, "reflect"), bell / bell.sum(), "valid")
    expected = tape.nearest_value(np.rint(exact * 65535).astype(np.int64))
    found = gaussian_in_light(row, sigma)[0]
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert (np.diff(found[reach : 3 * reach].astype(int)) <= 0).all()


def test_light_is_spread_not_values() -> None:
    edge = np.zeros((8, 40), np.uint8)
    edge[:, 20:] = 255
    middle = gaussian_in_light(edge, 2.0).astype(int)[4, 19:21].mean(), gaussian(edge, 2.0).astype(int)[4, 19:21].mean()
    assert middle[0] == pytest.approx(188, abs=3), "half of the light"
    assert middle[1] == pytest.approx(127.5, abs=1)


def test_flat_pictures_stay_flat() -> None:
    for value in range(256):
        flat = np.full((5, 6, 3), value, np.uint8)
        assert_same_bytes(gaussian_in_light(flat, 1.7), flat, value)


def test_weights_of_15_bits_are_symmetric_and_add_up() -> None:
    for sigma in np.linspace(0.0, 25.0, 501):
        weights = gaussian_weights(float(sigma), 32768).astype(int)
        assert weights.sum() == 32768
        assert (weights == weights[::-1]).all()


@pytest.mark.parametrize("sigma", [-0.1, 25.1, float("nan")])
def test_sigmas_out_of_range_are_refused(sigma: float) -> None:
    with pytest.raises(ValueError, match="pass a number from 0 to 25"):
        gaussian_in_light(noise(4, 4, 3), sigma)
    with pytest.raises(ValueError, match="sigma_y"):
        gaussian_in_light(noise(4, 4, 3), 1.0, sigma)

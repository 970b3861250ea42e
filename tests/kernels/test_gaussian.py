"""Gaussian blur gives OpenCV's bytes, window and weights included."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srtui_kernels import gaussian
from srtui_kernels.gaussian import gaussian_weights

from tests.cases import CASES, NO_PHOTOGRAPHS, noise, photograph_cases
from tests.kernels import oracles
from tests.kernels.reference import windows
from tests.kernels.verbs import assert_matches, assert_same_bytes

SIGMAS = ((1.0, 1.0), (2.0, 2.0), (0.4, 3.7), (6.0, 0.0))


@pytest.mark.parametrize(("sigma_x", "sigma_y"), SIGMAS)
def test_gives_opencvs_and_its_twins_bytes(sigma_x: float, sigma_y: float) -> None:
    options = {"sigma_x": sigma_x, "sigma_y": sigma_y}
    assert_matches(partial(gaussian, **options), partial(oracles.cv2_gaussian, **options), CASES)
    assert_matches(partial(gaussian, **options), partial(windows.gaussian, **options), CASES)


@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40) | st.integers(41, 800), st.sampled_from([1, 3, 4])),
    sigma_x=st.floats(0.0, 2.5) | st.floats(0.0, 25.0),
    sigma_y=st.floats(0.0, 25.0),
)
@settings(max_examples=150, deadline=None)
def test_any_size_and_sigma_give_opencvs_bytes(shape: tuple[int, int, int], sigma_x: float, sigma_y: float) -> None:
    picture = noise(*shape)
    ours = gaussian(picture, sigma_x, sigma_y)
    assert_same_bytes(ours, oracles.cv2_gaussian(picture, sigma_x, sigma_y), (shape, sigma_x, sigma_y))


def test_one_sigma_blurs_both_ways() -> None:
    picture = noise(20, 30, 3)
    assert_same_bytes(gaussian(picture, 1.3), gaussian(picture, 1.3, 1.3), "sigma_y left out")


def test_weights_are_symmetric_and_add_up() -> None:
    for sigma in (1e-308, 1e-200, 1e-100, *np.linspace(0.0, 25.0, 501)):
        weights = gaussian_weights(float(sigma)).astype(int)
        assert weights.sum() == 256
        assert (weights == weights[::-1]).all()
        assert weights.tolist() == windows.gaussian_weights(float(sigma))


@pytest.mark.parametrize("sigma", [-0.1, 25.1, float("nan"), float("inf")])
def test_sigmas_out_of_range_are_refused(sigma: float) -> None:
    with pytest.raises(ValueError, match="pass a number from 0 to 25"):
        gaussian(noise(4, 4, 3), sigma)
    with pytest.raises(ValueError, match="sigma_y"):
        gaussian(noise(4, 4, 3), 1.0, sigma)


@pytest.mark.exhaustive
def test_photographs_give_opencvs_bytes() -> None:
    cases = list(photograph_cases()) or pytest.skip(NO_PHOTOGRAPHS)
    for sigma_x, sigma_y in SIGMAS:
        options = {"sigma_x": sigma_x, "sigma_y": sigma_y}
        assert_matches(partial(gaussian, **options), partial(oracles.cv2_gaussian, **options), cases)

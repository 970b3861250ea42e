"""Sharpening gives its twin's bytes, and a halo on both sides of an edge."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srtui_kernels import sharpen

from tests.cases import CASES, noise
from tests.kernels.reference import tape
from tests.kernels.verbs import assert_matches, assert_same_bytes

SIGMAS = st.just(0.0) | st.floats(0.01, 4.0)


@pytest.mark.parametrize("by_field", [False, True])
@pytest.mark.parametrize(("amount", "sigma_x", "sigma_y"), [(1.0, 1.0, 1.0), (0.37, 2.2, 0.0), (8.0, 0.6, 1.4)])
def test_gives_its_twins_bytes(amount: float, sigma_x: float, sigma_y: float, by_field: bool) -> None:
    options = {"amount": amount, "sigma_x": sigma_x, "sigma_y": sigma_y, "by_field": by_field}
    assert_matches(partial(sharpen, **options), partial(tape.sharpen, **options), CASES)


@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4])),
    amount=st.floats(0.0, 8.0),
    sigma_x=SIGMAS,
    sigma_y=SIGMAS,
    by_field=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_anything_gives_its_twins_bytes(
    shape: tuple[int, int, int], amount: float, sigma_x: float, sigma_y: float, by_field: bool
) -> None:
    picture, arguments = noise(*shape), (amount, sigma_x, sigma_y)
    ours = sharpen(picture, *arguments, by_field=by_field)
    assert_same_bytes(ours, tape.sharpen(picture, *arguments, by_field), (shape, arguments, by_field))


def test_an_edge_gets_a_dark_and_a_bright_halo() -> None:
    edge = np.full((20, 40), 60, np.uint8)
    edge[:, 20:] = 180
    row = sharpen(edge, 1.0, 1.5)[10].astype(int)
    assert row[:12].tolist() == [60] * 12
    assert row[19] < 45
    assert row[20] > 195


def test_no_amount_changes_nothing() -> None:
    picture = noise(30, 31, 3)
    assert_same_bytes(sharpen(picture, 0.0, 1.0), picture, "amount 0")
    assert_same_bytes(sharpen(picture, 3.0, 0.0), picture, "sigma 0")


def test_fields_do_not_touch_each_other() -> None:
    frame = noise(32, 40, 3)
    other = frame.copy()
    other[1::2] = 0
    assert_same_bytes(sharpen(frame, 2.0, 1.0, by_field=True)[::2], sharpen(other, 2.0, 1.0, by_field=True)[::2], "top")


@pytest.mark.parametrize("arguments", [(-0.1, 1.0, 1.0), (8.1, 1.0, 1.0), (1.0, 26.0, 1.0), (1.0, 1.0, float("nan"))])
def test_numbers_out_of_range_are_refused(arguments: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="pass a number from 0 to"):
        sharpen(noise(4, 4, 3), *arguments)

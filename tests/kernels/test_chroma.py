"""DV's colours: the twin's bytes, FFmpeg's matrix, and fields that do not mix."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from srtui_kernels import field_chroma, from_planes, full_planes, to_planes
from srtui_kernels.chroma import Planes

from tests.cases import CASES, noise
from tests.kernels.reference import tape
from tests.kernels.verbs import assert_same_bytes

SAMPLINGS = ("4:2:0", "4:1:1", "4:4:4")
COLOURED = [case for case in CASES if case.make().shape[2:] == (3,)]


@pytest.mark.parametrize("sampling", SAMPLINGS)
@given(rows=st.integers(1, 12), columns=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_planes_are_its_twins(sampling: str, rows: int, columns: int) -> None:
    picture = noise(4 * rows, 4 * columns, 3)
    planes = to_planes(picture, sampling)
    expected = tape.to_planes(picture, sampling)
    for name, ours, theirs in zip(("y", "cb", "cr"), planes, expected, strict=True):
        assert_same_bytes(ours, theirs, (name, picture.shape))
    for interlaced in (True, False):
        back = from_planes(planes, sampling, interlaced=interlaced)
        assert_same_bytes(back, tape.from_planes(*expected, sampling, interlaced), (picture.shape, interlaced))
    for ours, theirs in zip(full_planes(planes, sampling), tape.full_planes(*expected, sampling), strict=True):
        assert_same_bytes(ours, theirs, ("full", picture.shape))


@pytest.mark.parametrize("sampling", SAMPLINGS)
@given(seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_any_planes_give_their_twins_picture(sampling: str, seed: int) -> None:
    """Also colours that no RGB has: they are clipped."""
    values = np.random.default_rng(seed)
    shape = {"4:2:0": (8, 10), "4:1:1": (16, 5), "4:4:4": (16, 20)}[sampling]
    planes = Planes(*(values.integers(0, 256, each, np.uint8) for each in ((16, 20), shape, shape)))
    for interlaced in (True, False):
        expected = tape.from_planes(*planes, sampling, interlaced)
        assert_same_bytes(from_planes(planes, sampling, interlaced=interlaced), expected, interlaced)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_every_size_makes_the_round_trip(sampling: str) -> None:
    for case in COLOURED:
        picture = case.make()
        before = picture.copy()
        result = field_chroma(picture, sampling)
        assert_same_bytes(picture, before, f"source of {case}")
        assert (result.shape, result.dtype) == (picture.shape, np.uint8)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_flat_colours_come_back(sampling: str) -> None:
    for colour in np.random.default_rng(1).integers(0, 256, (200, 3), np.uint8):
        flat = np.broadcast_to(colour, (8, 8, 3))
        assert np.abs(field_chroma(flat, sampling).astype(int) - flat).max() <= 2
    greys = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    back = field_chroma(greys, sampling).astype(int)
    assert np.ptp(back, axis=2).max() == 0
    assert np.abs(back - greys).max() <= 1


def test_the_matrix_is_bt601() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (4, 400, 3), np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    y, cb, cr = to_planes(picture, "4:1:1")
    expected = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)[: picture.shape[0]]
    assert np.abs(y.astype(int) - expected).max() <= 1
    assert (y.min() >= 16, y.max() <= 235, cb.min() >= 16, cb.max() <= 240, cr.min() >= 16, cr.max() <= 240) == (
        True,
    ) * 6


def test_pals_red_lies_on_the_first_line_of_each_field_and_blue_on_the_second() -> None:
    """The chroma of one line of one field goes half to the sample on that line, or a quarter to both beside it."""
    for row in range(8):
        frame = np.full((16, 8, 3), 128, np.uint8)
        frame[row] = (255, 0, 255)
        _, cb, cr = to_planes(frame, "4:2:0")
        field, line = row % 2, row // 2
        strongest = (np.abs(cr.astype(int) - 128).sum(axis=1), np.abs(cb.astype(int) - 128).sum(axis=1))
        second = line % 2
        assert int(np.argmax(strongest[second])) == 2 * (line // 2) + field
        assert strongest[second].max() > 1.5 * strongest[1 - second].max()


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_fields_do_not_mix(sampling: str) -> None:
    frame = noise(32, 40, 3)
    other = frame.copy()
    other[1::2] = noise(16, 40, 3)
    assert_same_bytes(field_chroma(frame, sampling)[::2], field_chroma(other, sampling)[::2], "top field")


def test_fieldwise_chroma_keeps_the_colours_of_moving_edges() -> None:
    """Red that moved 12 pixels between the fields: sampled line by line of the frame, its edge would be pink."""
    frame = np.full((32, 64, 3), 40, np.uint8)
    frame[0::2, 20:] = frame[1::2, 32:] = (220, 30, 30)
    assert np.abs(field_chroma(frame, "4:2:0").astype(int) - frame).mean() < 3.0


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="pass 4:2:0, 4:1:1 or 4:4:4"):
        field_chroma(noise(4, 4, 3), "4:2:2")
    with pytest.raises(ValueError, match="pad it"):
        to_planes(noise(6, 4, 3), "4:2:0")
    with pytest.raises(ValueError, match="pass 3, channels last"):
        to_planes(noise(4, 4), "4:2:0")
    y, c = noise(8, 8), noise(4, 4)
    with pytest.raises(ValueError, match="pass chroma of"):
        from_planes(Planes(y, c, noise(4, 8)), "4:2:0")

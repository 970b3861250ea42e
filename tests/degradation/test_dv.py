"""The tape: real DV, one picture a frame, the same bytes whoever records."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import pytest
from srtui_kernels import dead_leaves, noise
from srtui_kernels.chroma import Planes, field_chroma, from_planes, to_planes

from srtui.degradation.dv import STANDARDS, recorded
from srtui.degradation.video import reflected
from tests.cases import NO_PHOTOGRAPHS, photograph_cases

Picture = np.ndarray


def rgb(planes: Planes) -> Picture:
    return from_planes(Planes(*(np.ascontiguousarray(plane) for plane in planes)), "4:4:4")


def psnr(first: Picture, second: Picture) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((first.astype(float) - second) ** 2), 1e-9)))


@pytest.fixture(scope="module")
def scene() -> Picture:
    """One frame of PAL, as a camera would see it."""
    return dead_leaves(576, 720, 3)


@pytest.mark.parametrize("standard", STANDARDS)
def test_a_frame_comes_back_a_little_worse(scene: Picture, standard: str) -> None:
    frame = scene[: STANDARDS[standard].height]
    (back,) = recorded([frame], standard, 7)
    colours = field_chroma(frame, STANDARDS[standard].sampling)
    assert 30 < psnr(rgb(back), colours) < 55
    (worse,) = recorded([frame], standard, 300)
    assert psnr(back.y, to_planes(frame, "4:4:4").y) > psnr(worse.y, to_planes(frame, "4:4:4").y) + 3


@pytest.mark.parametrize("standard", STANDARDS)
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 7), (144, 144), (577, 721), (100, 1500)])
def test_any_size_comes_back(scene: Picture, standard: str, size: tuple[int, int]) -> None:
    picture = reflected(scene, *size)
    (back,) = recorded([picture], standard, 7)
    assert {plane.shape for plane in back} == {size}
    assert psnr(back.y, to_planes(picture, "4:4:4").y) > 25


def test_frames_of_a_crop_share_one_and_large_ones_do_not(scene: Picture) -> None:
    crop, moved = scene[:144, :144], scene[4:148, 6:150]
    for standard in STANDARDS:
        together = recorded([crop, crop, moved], standard, 7)
        assert [plane.shape for plane in together[2]] == [(144, 144)] * 3
        assert psnr(rgb(together[2]), field_chroma(moved, STANDARDS[standard].sampling)) > 28
    apart = recorded([scene, scene], "pal", 7)
    (alone,) = recorded([scene], "pal", 7)
    assert all(np.array_equal(plane, other) for plane, other in zip(apart[1], alone, strict=True))


def test_threads_change_nothing(scene: Picture) -> None:
    crops = [scene[top : top + 96, left : left + 120] for top in (0, 100, 333) for left in (0, 222, 555)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda crop: rgb(recorded([crop], "pal", 30)[0]), crops))
    for crop, result in zip(crops, together, strict=True):
        assert np.array_equal(rgb(recorded([crop], "pal", 30)[0]), result)


def test_reflections_keep_fields_apart() -> None:
    frame = np.zeros((7, 4, 3), np.uint8)
    frame[1::2] = 200
    tall = reflected(frame, 40, 9)
    assert (tall[0::2] == 0).all()
    assert (tall[1::2] == 200).all()


def test_two_pictures_never_share_a_frame(scene: Picture) -> None:
    """What lies beside a picture is its own reflection: it comes back the same in any company."""
    crops = [scene[:200, :300], scene[300:500, 400:700]]
    first = [rgb(recorded([crop], "pal", 7)[0]) for crop in crops]
    again = [rgb(recorded([crop], "pal", 7)[0]) for crop in reversed(crops)]
    assert np.array_equal(first[0], again[1])
    assert np.array_equal(first[1], again[0])


def test_photographs_lose_what_dv_takes() -> None:
    """Measured on Kodak's: 42 dB of luma clean, 38 with a sensor's noise of 6, 37 and 31 with wider dead zones."""
    photographs = [case.make()[:512, :720] for case in islice(photograph_cases(), 4)] or pytest.skip(NO_PHOTOGRAPHS)

    def loss(pictures: list[Picture], dead_zone: int) -> float:
        pairs = [(recorded([picture], "pal", dead_zone)[0].y, to_planes(picture, "4:4:4").y) for picture in pictures]
        return float(np.median([psnr(*pair) for pair in pairs]))

    clean, wide, wider = (loss(photographs, dead_zone) for dead_zone in (7, 100, 300))
    noisy = loss([noise(picture, 1, 6.0) for picture in photographs], 7)
    assert 36 < clean < 50
    assert clean - 8 < noisy < clean - 1
    assert wider + 3 < wide < clean - 2

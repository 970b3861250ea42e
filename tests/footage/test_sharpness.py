"""The measure that frames are chosen by: it sees through combs, noise and DV, and finds what motion smears."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from srtui.footage.reader import luma_of
from srtui.footage.sharpness import sharpness
from tests.footage.tapes import texture

USABLE = ((1, 0), (3, 0), (5, 0), (3, 8), (5, 12))
HOPELESS = ((15, 0), (25, 0), (25, 8))
"""Length of the motion blur, and shift between the fields, in pixels."""


def motion(length: int, degrees: float) -> NDArray[np.float32]:
    kernel = np.zeros((length, length), np.float32)
    turn = math.radians(degrees)
    for step in np.linspace(-(length - 1) / 2, (length - 1) / 2, 4 * length):
        kernel[round(length // 2 - step * math.sin(turn)), round(length // 2 + step * math.cos(turn))] = 1
    return kernel / kernel.sum()


class Camcorder:
    """Grey pictures through real DV."""

    def __init__(self) -> None:
        from fractions import Fraction

        self._encoder: Any = av.CodecContext.create("dvvideo", "w")
        self._encoder.width, self._encoder.height, self._encoder.pix_fmt = 720, 576, "yuv420p"
        self._encoder.time_base, self._encoder.framerate = Fraction(1, 25), Fraction(25)
        self._encoder.options = {"flags": "+ildct+ilme"}
        self._decoder: Any = av.CodecContext.create("dvvideo", "r")

    def __call__(self, luma_hw: NDArray[np.uint8]) -> NDArray[np.uint8]:
        planes = np.full((864, 720), 128, np.uint8)
        planes[:576] = luma_hw
        (packet,) = self._encoder.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p"))
        (image,) = self._decoder.decode(packet)
        return luma_of(image)


def separation(scenes: list[NDArray[np.float32]]) -> float:
    """Mean probability, within a scene, that a usable picture is called sharper than a hopeless one."""
    random, camcorder = np.random.default_rng(0), Camcorder()
    found = []
    for scene in scenes:
        values = []
        for length, shift in (*USABLE, *HOPELESS):
            blurred = cv2.filter2D(scene, -1, motion(length, random.uniform(0, 180)))
            frame = blurred[:576, :720].copy()
            frame[0::2] = blurred[1:577, shift : 720 + shift][0::2] if shift else frame[0::2]
            noisy = np.clip(frame + random.normal(0, 3, frame.shape), 16, 235).astype(np.uint8)
            values.append(sharpness(camcorder(noisy)))
        usable, hopeless = np.array(values[:5], float), np.array(values[5:], float)
        found.append((usable[:, None] > hopeless).mean())
    return float(np.mean(found))


def test_smeared_pictures_rank_below_usable_ones_of_their_scene() -> None:
    assert separation([texture(seed, 800, 640) for seed in range(6)]) > 0.97


def test_smeared_photographs_rank_below_usable_ones_of_their_scene(shared_data: Path) -> None:
    scenes = []
    for path in sorted((shared_data / "photos" / "train").glob("*.png"))[:8]:
        photo = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert photo is not None
        size = max(780 / photo.shape[1], 636 / photo.shape[0])
        small = cv2.resize(photo, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
        scenes.append(np.asarray(cv2.GaussianBlur(small, (0, 0), 0.7), np.float32))
    assert separation(scenes) > 0.97


@pytest.mark.parametrize("level", [16, 90])
def test_a_picture_with_nothing_but_noise_has_no_sharpness(level: int) -> None:
    noise = np.random.default_rng(0).normal(level, 3, (576, 720))
    assert sharpness(np.clip(noise, 0, 255).astype(np.uint8)) is None


@pytest.mark.parametrize("size", [(16, 16), (33, 47), (1080, 1920)])
def test_any_size_is_measured(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 255, size, np.uint8)
    assert sharpness(picture) is not None

"""The pictures that kernels are tested and timed on: one table for tests and benchmarks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]

NO_PHOTOGRAPHS = "no photographs: name their folder in SRTUI_TEST_PHOTOS, or put them in ../shared/data/photos/val"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One picture, made when it is needed."""

    name: str
    make: Callable[[], Picture]

    def __str__(self) -> str:
        return self.name


def noise(*shape: int) -> Picture:
    """White noise, the same at every call."""
    return np.random.default_rng(list(shape)).integers(0, 256, shape, np.uint8)


def saturated(*shape: int) -> Picture:
    """Black and white only: everything overshoots and must be clipped."""
    return np.where(noise(*shape) < 128, np.uint8(0), np.uint8(255))


def gradient(height: int, width: int) -> Picture:
    """Smooth in all three channels: rounding shows."""
    y, x = np.mgrid[:height, :width]
    planes = (255 * x / width, 255 * y / height, 255 * (x + y) / (height + width))
    return np.stack(planes, axis=-1).astype(np.uint8)


def read_only(picture: Picture) -> Picture:
    """Return the picture as it would lie in a mapped file."""
    picture.flags.writeable = False
    return picture


CASES = (
    Case(name="noise", make=lambda: noise(67, 93, 3)),
    Case(name="noise, sides of 16", make=lambda: noise(96, 160, 3)),
    Case(name="saturated", make=lambda: saturated(61, 80, 3)),
    Case(name="gradient", make=lambda: gradient(75, 64)),
    Case(name="white", make=lambda: np.full((33, 29, 3), 255, np.uint8)),
    Case(name="black", make=lambda: np.zeros((18, 34, 3), np.uint8)),
    Case(name="grey without channels", make=lambda: noise(41, 37)),
    Case(name="one channel", make=lambda: noise(19, 53, 1)),
    Case(name="four channels", make=lambda: noise(45, 31, 4)),
    Case(name="one pixel", make=lambda: noise(1, 1, 3)),
    Case(name="one row", make=lambda: noise(1, 23, 3)),
    Case(name="one column", make=lambda: noise(23, 1, 3)),
    Case(name="two by three", make=lambda: noise(2, 3, 3)),
    Case(name="five wide", make=lambda: noise(6, 5, 3)),
    Case(name="every second column", make=lambda: noise(40, 90, 3)[:, ::2]),
    Case(name="every second row, upside down", make=lambda: noise(80, 44, 3)[::-2]),
    Case(name="transposed", make=lambda: noise(48, 36, 3).transpose(1, 0, 2)),
    Case(name="channels reversed", make=lambda: noise(30, 50, 3)[..., ::-1]),
    Case(name="read-only", make=lambda: read_only(noise(32, 48, 3))),
)


def photographs() -> list[Path]:
    """Photographs to try with, if there are any: see NO_PHOTOGRAPHS."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "photos" / "val"
    folder = Path(os.environ.get("SRTUI_TEST_PHOTOS") or beside)
    return sorted(folder.glob("*.png"))


def photograph_cases(size: int | None = None) -> Iterator[Case]:
    """Yield the photographs, whole or the middle ``size`` × ``size`` pixels, sides multiples of 16."""
    for path in photographs():
        yield Case(name=path.stem, make=lambda path=path: _middle(path, size))


def _middle(path: Path, size: int | None) -> Picture:
    with Image.open(path) as file:
        picture = np.asarray(file.convert("RGB"))
    height, width = (min(side, size or side) // 16 * 16 for side in picture.shape[:2])
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return np.ascontiguousarray(picture[top : top + height, left : left + width])

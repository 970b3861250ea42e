"""
Every public kernel in every way of using it: the one table for tests that ask the same of all kernels.

As a program it runs them all and prints a digest of each result, which must not depend on the machine:
``python -m tests.kernels.every_kernel [--places plain start end] [--many] [--without KERNEL ...]``.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import product
from typing import Any, get_args

import numpy as np
import srtui_kernels as kernels
from numpy.typing import NDArray
from srtui_kernels import png
from srtui_kernels.blur import Shape
from srtui_kernels.chroma import Sampling
from srtui_kernels.jpeg_tables import Subsampling, preset
from srtui_kernels.resize import FILTERS

from tests import cases
from tests.cases import Picture
from tests.kernels.classic import SCENARIOS, steps_of
from tests.kernels.reference.png import encode
from tests.kernels.reference.png import lines as filtered

# Three channels of these widths end shortly before, at and after the ends of 16, 32 and 64-byte vectors.
SIZES = (
    *((1, 1), (1, 2), (2, 1), (3, 5), (5, 3), (7, 8), (8, 7), (9, 16), (16, 17), (17, 21), (13, 22), (5, 43), (33, 31)),
    *((34, 64), (6, 65), (65, 9), (40, 86), (3, 171), (129, 3), (48, 64)),
)
MANY_SIZES = (
    *product((1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 66), (*range(1, 45), 63, 64, 65, 85, 86, 127, 128, 129)),
    *SIZES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One way of using a public function of srtui_kernels."""

    kernel: Callable[..., object]
    says: str = ""
    run: Callable[[Picture], NDArray[np.generic]]
    channels: tuple[int, ...] = (1, 3, 4)

    def __str__(self) -> str:
        return f"{self.kernel.__name__} {self.says}".strip()


def _resize_uses() -> Iterator[Use]:
    shares = ((1, 2), (1, 4), (3, 4), (4, 3), (2, 1), (2, 5), (7, 5), (1, 9))
    for name, (a, b) in product(FILTERS, shares):
        yield Use(
            kernel=kernels.resize,
            says=f"{name}, {a}/{b}",
            run=lambda picture, name=name, a=a, b=b: _resized(picture, name, a, b),
        )
    yield Use(
        kernel=kernels.resize, says="across alone", run=lambda picture: kernels.resize(picture, 5, picture.shape[0])
    )
    yield Use(
        kernel=kernels.resize, says="down alone", run=lambda picture: kernels.resize(picture, picture.shape[1], 5)
    )


def _resized(picture: Picture, filter: str, a: int, b: int) -> Picture:
    height, width = picture.shape[:2]
    return kernels.resize(picture, max(width * a // b, 1), max(height * a // b, 1), filter)


def _crop_uses() -> Iterator[Use]:
    for code in range(8):
        yield Use(
            kernel=kernels.crop_to_chw, says=f"code {code}", run=lambda picture, code=code: _cropped(picture, code)
        )
    yield Use(kernel=kernels.crop_to_chw, says="of a view", run=lambda picture: _cropped(picture[:, ::-1], 6))
    yield Use(kernel=kernels.crop_many, run=_cropped_in_many_places, channels=(3,))


def _cropped_in_many_places(picture: Picture) -> NDArray[np.float32]:
    """All corners, in every turn."""
    height, width = picture.shape[:2]
    size = max(min(height, width) * 2 // 3, 1)
    corners = [(y, x) for y in (0, height - size) for x in (0, width - size)] * 2
    out = np.empty((8, 3, size, size), np.float32)
    kernels.crop_many([picture] * 8, corners, range(8), out)
    return out


def _cropped(picture: Picture, code: int) -> NDArray[np.float32]:
    """Cut the bottom right corner: its last byte is the picture's."""
    height, width = picture.shape[:2]
    size = max(min(height, width) * 3 // 4, 1)
    out = np.empty((picture.shape[2], size, size), np.float32)
    return kernels.crop_to_chw(picture, height - size, width - size, size, code, out)


def _jpeg_uses() -> Iterator[Use]:
    for name, subsampling in product(("photoshop-4", "ijg-30", "ijg-100"), get_args(Subsampling)):
        luma, chroma, _ = preset(name)
        yield Use(
            kernel=kernels.jpeg_round_trip,
            says=f"{name}, {subsampling}",
            run=lambda picture, how=(luma, chroma, subsampling): kernels.jpeg_round_trip(picture, *how),
            channels=(1, 3),
        )


def _scenario_uses() -> Iterator[Use]:
    for name in SCENARIOS:
        yield Use(
            kernel=kernels.run_scenario,
            says=name,
            run=lambda picture, name=name: _degraded(picture, name),
            channels=(3,),
        )


def _degraded(picture: Picture, scenario: str) -> Picture:
    """Run a scenario; a side under 4 has no quarter."""
    height, width = (max(side, 8) for side in picture.shape[:2])
    large = np.resize(picture, (height, width, 3))
    return kernels.run_scenario(large, steps_of(scenario, width, height), key=5)


def _camera_uses() -> Iterator[Use]:
    for gain, grey in product((0.0, 0.4), (False, True)):
        run = partial(kernels.noise, key=77, sigma=6.0, gain=gain, grey=grey)
        yield Use(kernel=kernels.noise, says=f"gain {gain}, grey {grey}", run=run)
    for grey in (False, True):
        run = partial(kernels.shot_noise, key=78, strength=0.7, grey=grey)
        yield Use(kernel=kernels.shot_noise, says=f"grey {grey}", run=run, channels=(3,) if grey else (1, 3, 4))
    for by_field in (False, True):
        run = partial(kernels.sharpen, amount=1.5, sigma_x=1.2, sigma_y=0.8, by_field=by_field)
        yield Use(kernel=kernels.sharpen, says=f"by field {by_field}", run=run)
    taps = kernels.curve(30.0, 12.0, 60.0)
    yield Use(kernel=kernels.curve, run=lambda _: kernels.curve(75.0, 31.0, -120.0).weight, channels=(1,))
    yield Use(kernel=kernels.motion_along, run=partial(kernels.motion_along, taps=taps))
    yield Use(kernel=kernels.motion_in_light, run=partial(kernels.motion_in_light, taps=taps))
    yield Use(kernel=kernels.ring, run=partial(kernels.ring, window=13, cutoff=1.2))
    for window, shape in product((1, 7, 21), get_args(Shape)):
        bell = partial(kernels.blur, window=window, sigma_x=2.5, sigma_y=0.8, angle=33.0, shape=shape)
        yield Use(kernel=kernels.blur, says=f"{shape}, {window}", run=bell)


def _png_uses() -> Iterator[Use]:
    yield Use(kernel=kernels.read_png, run=_read)
    for name in range(5):
        run = partial(_unfiltered, name=name)
        yield Use(kernel=png.unfilter, says=f"filter {name}", run=run)


def _read(picture: Picture) -> Picture:
    picture[..., 3:] = 255
    read = kernels.read_png(np.frombuffer(encode(picture), np.uint8).copy())
    assert read is not None
    return read


def _unfiltered(picture: Picture, name: int) -> Picture:
    lines = filtered(picture, [name] * picture.shape[0])
    pixels = png.unfilter(lines, picture.shape[2])
    assert pixels is not None
    return pixels


def _tape_uses() -> Iterator[Use]:
    yield Use(kernel=kernels.split_fields, run=lambda picture: np.concatenate(kernels.split_fields(_tall(picture))))
    yield Use(
        kernel=kernels.join_fields, run=lambda picture: kernels.join_fields(*kernels.split_fields(_tall(picture)))
    )
    yield Use(kernel=kernels.weave, run=lambda picture: kernels.weave(_tall(picture), _tall(picture)[::-1].copy()))
    yield Use(kernel=kernels.interlace, run=lambda picture: kernels.interlace(_tall(picture), 3.3, -1.7, frame=1))
    for sampling in get_args(Sampling):
        name: dict[str, Any] = {"says": sampling, "channels": (3,)}
        for field in (False, True):
            yield Use(
                kernel=kernels.from_planes,
                **name | {"says": f"{sampling}, interlaced {field}"},
                run=partial(_planes, sampling=sampling, interlaced=field),
            )
        yield Use(kernel=kernels.full_planes, **name, run=partial(_planes, sampling=sampling, full=True))
        yield Use(kernel=kernels.field_chroma, **name, run=partial(kernels.field_chroma, sampling=sampling))
        yield Use(kernel=kernels.to_planes, **name, run=partial(_planes, sampling=sampling))


def _tall(picture: Picture) -> Picture:
    """Fields need two rows."""
    return picture if picture.shape[0] > 1 else np.concatenate([picture, picture])


def _planes(picture: Picture, sampling: Sampling, *, full: bool = False, interlaced: bool | None = None) -> Picture:
    height, width = (-(-side // 4) * 4 for side in picture.shape[:2])
    planes = kernels.to_planes(np.resize(picture, (height, width, 3)), sampling)
    if interlaced is not None:
        return kernels.from_planes(planes, sampling, interlaced=interlaced)
    return np.concatenate([plane.reshape(-1) for plane in (kernels.full_planes(planes, sampling) if full else planes)])


USES = (
    *_resize_uses(),
    Use(kernel=kernels.median, says="3×3", run=lambda picture: kernels.median(picture, 1)),
    Use(kernel=kernels.median, says="5×5", run=lambda picture: kernels.median(picture, 2)),
    *(
        Use(
            kernel=kernels.gaussian,
            says=f"σ {x} and {y}",
            run=lambda picture, x=x, y=y: kernels.gaussian(picture, x, y),
        )
        for x, y in ((1.0, 1.0), (2.0, 2.0), (0.0, 2.5), (0.4, 0.0), (25.0, 9.0))
    ),
    *(
        Use(
            kernel=kernels.gaussian_in_light,
            says=f"σ {x} and {y}",
            run=lambda picture, x=x, y=y: kernels.gaussian_in_light(picture, x, y),
        )
        for x, y in ((1.0, 2.0), (0.0, 2.5), (0.4, 0.0), (25.0, 9.0))
    ),
    *(
        Use(
            kernel=kernels.motion,
            says=f"{angle}°, {length} px",
            run=lambda picture, a=angle, px=length: kernels.motion(picture, a, px),
        )
        for angle, length in ((0.0, 10.0), (90.0, 10.0), (45.0, 10.0), (-45.0, 10.0), (30.0, 15.0), (113.0, 60.0))
    ),
    *_jpeg_uses(),
    *_crop_uses(),
    Use(kernel=kernels.dead_leaves, run=lambda picture: kernels.dead_leaves(*picture.shape[:2], 9), channels=(3,)),
    *_scenario_uses(),
    *_camera_uses(),
    *_tape_uses(),
    *_png_uses(),
)
NOT_KERNELS = {"warm_up"}


def missing() -> set[str]:
    """Name the public functions that the table lacks."""
    return set(kernels.__all__) - {use.kernel.__name__ for use in USES} - NOT_KERNELS


def digests(place: str = "plain", *, many: bool = False, without: Collection[str] = ()) -> dict[str, str]:
    """Run everything and digest the results of each use; ``place``: plain memory, or see tests/kernels/guard.py."""
    if place != "plain":
        from tests.kernels.guard import guarded
    found = {}
    for number, use in enumerate(USES):
        if use.kernel.__name__ in without:
            continue
        digest = blake2b(digest_size=8)
        for height, width, channels in _shapes(use, number, many):
            print(f"{use}: {height}×{width}×{channels}, {place}", file=sys.stderr, flush=True)
            source = cases.noise(height, width, channels)
            with nullcontext() if place == "plain" else guarded(place):
                digest.update(use.run(source.copy()).tobytes())
        found[str(use)] = digest.hexdigest()
    return found


def _shapes(use: Use, number: int, many: bool) -> Iterator[tuple[int, int, int]]:
    """All sizes with all channels, or a few sizes with the channels in turn."""
    if many:
        yield from ((*size, channels) for size, channels in product((*MANY_SIZES, *SIZES), use.channels))
    else:
        yield from ((*size, use.channels[(number + at) % len(use.channels)]) for at, size in enumerate(SIZES))


def main() -> None:
    """Print a JSON object of digests for each place; on standard error, what is being run, for processes that die."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--places", choices=("plain", "start", "end"), default=["plain"], nargs="+")
    parser.add_argument("--many", action="store_true")
    parser.add_argument("--without", default=[], nargs="+", help="kernels to leave out")
    asked = parser.parse_args()
    faulthandler.enable()
    print(json.dumps([digests(place, many=asked.many, without=asked.without) for place in asked.places]), flush=True)
    os._exit(0)  # NumPy frees guarded arrays that caches hold when Python is no longer there to help


if __name__ == "__main__":
    main()

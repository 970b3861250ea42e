"""The libraries that the kernels are timed against, called as their users call them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from srtui_kernels.motion import line
from srtui_kernels.scenarios import Gaussian, Jpeg, Median, Motion, Resize, Step

Picture = NDArray[np.uint8]
RoundTrip = Callable[[Picture], Picture]


HAS_SIMPLEJPEG = find_spec("simplejpeg") is not None  # the extra "bench" of pyproject.toml


def missing() -> tuple[str, ...]:
    """What is not compared with, and how to get it."""
    return () if HAS_SIMPLEJPEG else ("simplejpeg is not installed (pip install 'srtui[bench]'): cv2 stands in for it",)


def pillow_bicubic(src: Picture, width: int, height: int) -> Picture:
    """Resize with Pillow, from an array to an array."""
    return np.asarray(Image.fromarray(src).resize((width, height), Image.Resampling.BICUBIC))


def cv2_area(src: Picture, width: int, height: int) -> Picture:
    """Resize with OpenCV's means of areas."""
    resized: Picture = cv2.resize(src, (width, height), interpolation=cv2.INTER_AREA)
    return resized


def kernel_of(angle: float, length: float) -> NDArray[np.float32]:
    """Draw the taps of our motion blur into the square that ``cv2.filter2D`` wants."""
    taps = line(angle, length)
    reach = int(max(abs(taps.dy).max(), abs(taps.dx).max()))
    weights = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    weights[taps.dy + reach, taps.dx + reach] = taps.weight
    return weights


def cv2_noise(src: Picture, sigma: float) -> Picture:
    """Add gaussian noise with OpenCV."""
    drawn = np.empty(src.shape, np.int16)
    cv2.randn(drawn, 0, sigma)
    noisy: Picture = cv2.add(src, drawn, dtype=cv2.CV_8U)
    return noisy


def numpy_crop(src: Picture, y: int, x: int, size: int, code: int) -> NDArray[np.float32]:
    """Cut, turn, scale to [0, 1] and put channels first with NumPy."""
    patch = src[y : y + size, x : x + size]
    patch = patch[:, ::-1] if code & 1 else patch
    patch = patch[::-1] if code & 2 else patch
    patch = patch.transpose(1, 0, 2) if code & 4 else patch
    return np.ascontiguousarray((patch.astype(np.float32) / 255).transpose(2, 0, 1))


def jpeg_round_trips(quality: int) -> dict[str, RoundTrip]:
    """Encoding and decoding, 4:2:0 with the accurate DCT, in memory."""
    trips: dict[str, RoundTrip] = {"cv2": partial(_cv2_jpeg, quality=quality)}
    if HAS_SIMPLEJPEG:
        trips["simplejpeg"] = partial(_simplejpeg, quality=quality)
    return trips


def quality_of_equal_size(pictures: Sequence[Picture], step: Jpeg) -> int:
    """Find the IJG quality whose files of ``pictures`` are together nearest in size to those with the step's tables."""
    tables = [list(step.luma), list(step.chroma)]
    wanted = sum(_size(picture, qtables=tables) for picture in pictures)
    return min(
        range(5, 100), key=lambda quality: abs(sum(_size(picture, quality=quality) for picture in pictures) - wanted)
    )


def chain(steps: Sequence[Step], lq: Sequence[Picture]) -> Callable[[Picture], Picture]:
    """Turn a scenario into calls of Pillow, OpenCV and simplejpeg (cv2 without it); ``lq`` are pictures for JPEG."""
    calls = [_call(step, lq) for step in steps]

    def run(picture: Picture) -> Picture:
        for call in calls:
            picture = call(picture)
        return picture

    return run


def _call(step: Step, lq: Sequence[Picture]) -> Callable[[Picture], Picture]:
    match step:
        case Resize():
            return partial(pillow_bicubic, width=step.width, height=step.height)
        case Median():
            return partial(cv2.medianBlur, ksize=2 * step.radius + 1)
        case Gaussian():
            return partial(cv2.GaussianBlur, ksize=(0, 0), sigmaX=step.sigma_x, sigmaY=step.sigma_y)
        case Motion():
            return partial(cv2.filter2D, ddepth=-1, kernel=kernel_of(step.angle, step.length))
        case Jpeg():
            trips = jpeg_round_trips(quality_of_equal_size(lq, step))
            return trips.get("simplejpeg", trips["cv2"])
        case _:
            raise TypeError(f"step is {step!r}; the chain has no call for it")


def _cv2_jpeg(src: Picture, quality: int) -> Picture:
    file = cv2.imencode(".jpg", src, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)


def _simplejpeg(src: Picture, quality: int) -> Picture:
    import simplejpeg

    file = simplejpeg.encode_jpeg(src, quality=quality, colorspace="RGB", colorsubsampling="420", fastdct=False)
    return np.asarray(simplejpeg.decode_jpeg(file, colorspace="RGB", fastdct=False, fastupsample=False))


def _size(picture: Picture, **options: object) -> int:
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", subsampling="4:2:0", **options)
    return file.tell()

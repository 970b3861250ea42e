"""The libraries whose bytes the kernels must give: Pillow and OpenCV, called as a user would."""

from __future__ import annotations

import io
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from srtui_kernels.motion import Taps, line
from srtui_kernels.scenarios import Gaussian, Jpeg, Median, Motion, Resize, Step

Picture = NDArray[np.uint8]

_MODES = {1: "L", 3: "RGB", 4: "CMYK"}  # Pillow would premultiply the alpha of RGBA
_FILTERS = {
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
    "nearest": Image.Resampling.NEAREST,
}


def pillow_resize(src: Picture, width: int, height: int, filter: str) -> Picture:
    """Resize with Pillow, across and then down: from 13.0 on, one call does some sizes the other way round."""
    image = _to_pillow(src)
    wide = image.resize((width, image.height), _FILTERS[filter])
    return _from_pillow(wide.resize((width, height), _FILTERS[filter]), src)


def pillow_resize_at_once(src: Picture, width: int, height: int, filter: str) -> Picture:
    """Resize with one call of Pillow."""
    return _from_pillow(_to_pillow(src).resize((width, height), _FILTERS[filter]), src)


def cv2_median(src: Picture, radius: int) -> Picture:
    """Median with OpenCV."""
    return cv2.medianBlur(np.ascontiguousarray(src), 2 * radius + 1).reshape(src.shape)


def cv2_gaussian(src: Picture, sigma_x: float, sigma_y: float) -> Picture:
    """Gaussian blur with OpenCV, which chooses the window; for 0 it would take the other sigma."""
    return cv2.GaussianBlur(np.ascontiguousarray(src), (0, 0), sigma_x or 1e-6, sigmaY=sigma_y or 1e-6).reshape(
        src.shape
    )


def cv2_sum_of_taps(src: Picture, taps: Taps) -> Picture:
    """Correlate with OpenCV."""
    reach = int(max(abs(taps.dy).max(), abs(taps.dx).max()))
    weights = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    weights[taps.dy + reach, taps.dx + reach] = taps.weight
    return cv2.filter2D(np.ascontiguousarray(src), -1, weights).reshape(src.shape)


def pillow_jpeg(src: Picture, luma: Sequence[int], chroma: Sequence[int], subsampling: str) -> Picture:
    """Save as JPEG and load with Pillow."""
    file = io.BytesIO()
    if src.ndim == 2 or src.shape[2] == 1:
        _to_pillow(src).save(file, "JPEG", qtables=[list(luma)])
    else:
        _to_pillow(src).save(file, "JPEG", qtables=[list(luma), list(chroma)], subsampling=subsampling)
    with Image.open(file) as image:
        return _from_pillow(image, src)


def chain(src: Picture, steps: Sequence[Step]) -> Picture:
    """Run the steps of a scenario."""
    for step in steps:
        match step:
            case Resize():
                src = pillow_resize_at_once(src, step.width, step.height, step.filter)
            case Median():
                src = cv2_median(src, step.radius)
            case Gaussian():
                src = cv2_gaussian(src, step.sigma_x, step.sigma_y)
            case Motion():
                src = cv2_sum_of_taps(src, line(step.angle, step.length))
            case Jpeg():
                src = pillow_jpeg(src, step.luma, step.chroma, step.subsampling)
            case _:
                raise TypeError(f"step is {step!r}; no library does that")
    return src


def _to_pillow(src: Picture) -> Image.Image:
    height, width, channels = (*src.shape, 1)[:3]
    return Image.frombytes(_MODES[channels], (width, height), np.ascontiguousarray(src).tobytes())


def _from_pillow(image: Image.Image, like: Picture) -> Picture:
    return np.asarray(image).reshape(image.height, image.width, *like.shape[2:])

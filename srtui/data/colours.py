"""Pixels of any kind → uint8 RGB in sRGB: 16 bits to 8, grey and alpha, colour profiles."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from srtui.data.rejection import PictureRejected

_SIXTEEN_TO_EIGHT = ((np.arange(1 << 16, dtype=np.uint32) + 128) // 257).astype(np.uint8)


def rgb_of(pixels: NDArray[Any], *, bgr: bool) -> NDArray[np.uint8]:
    """Grey (H, W), colour (H, W, 3) or colour and alpha (H, W, 4), 8 or 16 bits → uint8 RGB.

    Raises
    ------
    PictureRejected
        If a pixel is not opaque, or a sample is no whole number of 8 or 16 bits.
    """
    if pixels.dtype not in {np.dtype(np.uint8), np.dtype(np.uint16)}:
        raise PictureRejected(f"samples of kind {pixels.dtype} are not read, only whole numbers of 8 or 16 bits")
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if channels == 4 and (least := int(pixels[..., 3].min())) != np.iinfo(pixels.dtype).max:
        raise PictureRejected(f"transparent (alpha goes down to {least})")
    eight = _SIXTEEN_TO_EIGHT[pixels] if pixels.dtype == np.uint16 else pixels
    if channels == 1:
        return np.repeat(eight.reshape(*eight.shape[:2], 1), 3, axis=2)
    if channels not in {3, 4}:
        raise PictureRejected(f"{channels} channels are not read")
    if channels == 3 and not bgr:
        return eight
    # 0.4 ms for 2048×1391 where NumPy's reversed slice takes 20.
    codes = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB if bgr else cv2.COLOR_RGBA2RGB}
    return np.asarray(cv2.cvtColor(eight, codes[channels]), np.uint8)


def to_srgb(rgb_hwc: NDArray[np.uint8], icc: bytes) -> NDArray[np.uint8]:
    """Apply a file's colour profile; none, or one that calls itself sRGB, changes nothing.

    Raises
    ------
    PictureRejected
        If the profile is damaged, or not one for these pixels.
    """
    if not icc:
        return rgb_hwc
    profile = _profile(icc)
    if "sRGB" in ImageCms.getProfileDescription(profile):
        return rgb_hwc
    space = profile.profile.xcolor_space.strip()
    if space == "GRAY" and _is_grey(rgb_hwc):
        return np.asarray(_converted(Image.fromarray(rgb_hwc[..., 0]), profile))
    if space != "RGB":
        raise PictureRejected(f"its colour profile is for {space}, its pixels are RGB")
    return np.asarray(_converted(Image.fromarray(rgb_hwc), profile))


def cmyk_to_srgb(image: Image.Image, icc: bytes) -> NDArray[np.uint8]:
    """Printing inks → sRGB, by the file's profile if it has one, else by the plain formula."""
    return np.asarray(_converted(image, _profile(icc)) if icc else image.convert("RGB"))


def _profile(icc: bytes) -> ImageCms.ImageCmsProfile:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except (OSError, ImageCms.PyCMSError) as error:
        raise PictureRejected(f"its colour profile is damaged: {error}") from None


def _converted(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    try:
        converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (OSError, ValueError, ImageCms.PyCMSError) as error:
        raise PictureRejected(f"its colour profile cannot be used: {error}") from None
    assert converted is not None  # only with inPlace
    return converted


def _is_grey(rgb_hwc: NDArray[np.uint8]) -> bool:
    red, green, blue = np.moveaxis(rgb_hwc, 2, 0)
    return np.array_equal(red, green) and np.array_equal(red, blue)

"""Files → pictures: always uint8 RGB, upright, sRGB; or a reason why not."""

from __future__ import annotations

import io
import stat
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from srtui.data.colours import to_srgb
from srtui.data.decoding import BROKEN, PNG, check_png, with_cv2, with_pillow
from srtui.data.rejection import PictureRejected as PictureRejected  # noqa: PLC0414 - callers catch it from here
from srtui.files import write_whole

Picture = NDArray[np.uint8]
"""(H, W, 3), uint8, RGB."""

LARGEST_PICTURE = 1 << 28
"""Pixels that are decoded at most: 268 million, 805 MB."""
LARGEST_SIDE = 65500
"""Longest side in pixels: JPEG's own limit, which the degradations share."""
LARGEST_FILE = 1 << 31
"""Bytes of a picture file that are read at most."""
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".ppm", ".pgm", ".pnm"})
"""How files are called that are taken for pictures, in lower case; what they are is seen from their content."""

_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "PPM")
_BITS_PER_SAMPLE, _ORIENTATION = 258, 274  # tags of TIFF and EXIF

Image.init()  # else the first threads that meet a TIFF load the plugins at once
Image.MAX_IMAGE_PIXELS = None  # Pillow warns at 89 million; LARGEST_PICTURE is compared before anything is decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file says about its picture before it is decoded."""

    width: int
    """Of the upright picture, in pixels."""
    height: int
    orientation: int
    """EXIF: 1 is upright, 6 must be turned clockwise."""
    icc: bytes
    by_cv2: bool
    """Whether cv2 decodes it."""


def read_picture(path: Path) -> Picture:
    """Decode a picture file.

    Returns
    -------
    rgb_hwc: uint8, upright, sRGB; grey is repeated, opaque alpha dropped, 16 bits become 8 as ``(v + 128) // 257``.

    Raises
    ------
    PictureRejected
        If the file is empty, truncated, damaged, no picture, animated, transparent or too large.
    """
    return decode_picture(_read(path))


def decode_picture(raw: NDArray[np.uint8]) -> Picture:
    """Decode a file's content; returns and raises what `read_picture` does."""
    if not raw.size:
        raise PictureRejected("empty file")
    exif = check_png(raw) if raw[: len(PNG)].tobytes() == PNG else b""
    with _open(io.BytesIO(raw.data)) as image:
        header = _header(image, exif)
        rgb_hwc = with_cv2(raw) if header.by_cv2 else with_pillow(image, header.icc)
        icc = b"" if image.mode == "CMYK" else header.icc
    return _upright(to_srgb(rgb_hwc, icc), header.orientation)


def read_header(path: Path) -> Header:
    """Look at a picture file without decoding it; what is wrong further on shows only in `read_picture`.

    Raises
    ------
    PictureRejected
        If the file is empty, no picture, animated or too large.
    """
    _check_file(path)
    with path.open("rb") as file, _open(file) as image:
        return _header(image)


def decode_header(raw: NDArray[np.uint8]) -> Header:
    """Look at a file's content without decoding it; raises what `read_header` does."""
    if not raw.size:
        raise PictureRejected("empty file")
    with _open(io.BytesIO(raw.data)) as image:
        return _header(image)


def write_png(path: Path, rgb_hwc: Picture) -> None:
    """Write a picture (uint8, (H, W, 3), RGB) as PNG, whatever the file's name; it appears only when it is whole."""
    ok, encoded = cv2.imencode(".png", cv2.cvtColor(rgb_hwc, cv2.COLOR_RGB2BGR))
    if not ok:
        raise ValueError(f"a picture of shape {rgb_hwc.shape} cannot be written as PNG")
    write_whole(path, encoded.tobytes())


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            path.open("rb").close()
    except OSError as error:
        raise PictureRejected(error.strerror or str(error)) from None
    if not stat.S_ISREG(status.st_mode):
        raise PictureRejected("not a file")
    if not status.st_size:
        raise PictureRejected("empty file")
    if status.st_size > LARGEST_FILE:
        raise PictureRejected(f"file of {status.st_size / 1e9:.1f} GB; at most {LARGEST_FILE / 1e9:.1f} GB are read")


def _read(path: Path) -> NDArray[np.uint8]:
    """All bytes of a file: cv2 itself cannot open every name."""
    _check_file(path)
    try:
        return np.fromfile(path, np.uint8)
    except OSError as error:
        raise PictureRejected(error.strerror or str(error)) from None


def _open(file: io.BytesIO | io.BufferedReader) -> Image.Image:
    try:
        return Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError:
        raise PictureRejected("not a picture, or not of a kind that is read here") from None
    except BROKEN as error:
        raise PictureRejected(f"damaged: {error}") from None


def _header(image: Image.Image, exif: bytes = b"") -> Header:
    width, height = image.size
    if width * height > LARGEST_PICTURE or max(width, height) > LARGEST_SIDE:
        limit = f"{LARGEST_PICTURE // 1_000_000} million pixels, {LARGEST_SIDE} a side"
        raise PictureRejected(f"too large: {width}×{height}; at most {limit}")
    try:
        # MPO is a photograph followed by its thumbnails or its other eye.
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        orientation = _orientation(image, exif)
    except BROKEN as error:
        raise PictureRejected(f"damaged: {error}") from None
    if frames > 1:
        raise PictureRejected(f"animated, or several pictures in one file ({frames})")
    if orientation >= 5:
        width, height = height, width
    return Header(
        width=width,
        height=height,
        orientation=orientation,
        icc=image.info.get("icc_profile") or b"",
        by_cv2=_is_for_cv2(image),
    )


def _is_for_cv2(image: Image.Image) -> bool:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (8,))
        return max(bits if isinstance(bits, tuple) else (bits,)) == 16 and image.mode != "CMYK"
    return image.format == "WEBP" or (image.format == "PNG" and image.mode not in {"1", "P"})


def _orientation(image: Image.Image, exif: bytes) -> int:
    """EXIF orientation, without Pillow's getexif, which decodes a whole PNG to find it."""
    if image.format == "TIFF":
        return 1  # both libraries turn TIFFs themselves, and Pillow's size is that of the upright one
    tags = Image.Exif()
    tags.load(exif or image.info.get("exif") or b"")
    value = tags.get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(stored_hwc: Picture, orientation: int) -> Picture:
    """Undo how the camera was held (EXIF 2.32, 4.6.4 A, Orientation)."""
    turned = stored_hwc.transpose(1, 0, 2) if orientation >= 5 else stored_hwc
    rows = slice(None, None, -1) if orientation in {3, 4, 7, 8} else slice(None)
    columns = slice(None, None, -1) if orientation in {2, 3, 6, 7} else slice(None)
    return np.ascontiguousarray(turned[rows, columns])

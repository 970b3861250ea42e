"""File contents → pixels: which library decodes what, and how to know that nothing is missing.

A kernel of ours decodes the usual PNG (8 bits, nothing odd) 2.5 times as quickly as cv2, to the same pixels. cv2
decodes the other PNGs, WebP and 16-bit TIFF. Pillow decodes the rest: it refuses truncated JPEGs, which cv2 returns as
whole pictures, and it knows palettes, CMYK and TIFF's many ways; but of 16 bits it keeps the upper eight.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from srtui_kernels.png import read_png

from srtui.data.colours import cmyk_to_srgb, rgb_of
from srtui.data.crc import crc32
from srtui.data.rejection import PictureRejected

BROKEN = (OSError, EOFError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, struct.error)
"""What Pillow raises over files that are not what they say."""
PNG = b"\x89PNG\r\n\x1a\n"

_PLAIN = frozenset({"1", "L", "P", "RGB", "YCbCr"})

cv2.setNumThreads(1)  # one picture per thread is our parallelism; cv2's own pool would fight over the same cores
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what is wrong with a file is said once, by us


def with_cv2(raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Decode a whole file's bytes: rgb_hwc, uint8, not turned; most PNGs go the quick way."""
    if raw[: len(PNG)].tobytes() == PNG and (rgb_hwc := read_png(raw)) is not None:
        return rgb_hwc
    try:
        pixels = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise PictureRejected(f"damaged: {error.err}") from None
    if pixels is None:
        raise PictureRejected("truncated or damaged")
    return rgb_of(pixels, bgr=True)


def with_pillow(image: Image.Image, icc: bytes) -> NDArray[np.uint8]:
    """Decode an opened file: rgb_hwc, uint8, not turned; ``icc`` is applied to CMYK only."""
    try:
        image.load()
        if image.has_transparency_data:
            return rgb_of(np.asarray(image.convert("RGBA")), bgr=False)
        if image.mode == "CMYK":
            return cmyk_to_srgb(image, icc)
        if image.mode == "I":  # 16-bit PGM
            return rgb_of(np.asarray(image).astype(np.uint16), bgr=False)
        if image.mode not in _PLAIN:
            raise PictureRejected(f"pixels of kind {image.mode} are not read")
        return np.asarray(image.convert("RGB"))
    except BROKEN as error:
        raise PictureRejected(f"truncated or damaged: {error}") from None


def check_png(raw: NDArray[np.uint8]) -> bytes:
    """Walk the chunks of a PNG, for cv2 before 4.11 fills in what is missing; gives its EXIF, wherever it stands.

    Raises
    ------
    PictureRejected
        If the end is missing, or a checksum is wrong.
    """
    view, offset, kind, exif = raw.data, len(PNG), b"", b""
    while kind != b"IEND":
        if offset + 12 > len(view):
            raise PictureRejected("truncated")
        length, kind = struct.unpack_from(">I4s", view, offset)
        end = offset + 8 + length
        if end + 4 > len(view):
            raise PictureRejected("truncated")
        needed = kind[:1].isupper()  # the picture's own chunks; a damaged comment does no harm
        if needed and crc32(view[offset + 4 : end]) != struct.unpack_from(">I", view, end)[0]:
            raise PictureRejected(f"damaged: wrong checksum in {kind.decode('ascii', 'backslashreplace')}")
        if kind == b"eXIf":
            exif = b"Exif\0\0" + bytes(view[offset + 8 : end])
        offset = end + 4
    return exif

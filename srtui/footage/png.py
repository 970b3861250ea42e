"""PNG files that say the shape of their pixels and where they come from."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import cv2

from srtui.files import write_whole
from srtui.footage.colours import Rgb

_HEAD = 33  # signature and IHDR, which every other chunk comes behind (PNG, third edition, 5.6)


def write_png(path: Path, rgb_hwc: Rgb, aspect: Fraction, texts: Mapping[str, str]) -> None:
    """
    Write a picture, whole or not at all.

    Parameters
    ----------
    rgb_hwc
        (H, W, 3), uint8.
    aspect
        Width of a pixel by its height, kept as pHYs: pixels are not changed.
    texts
        Kept as iTXt, by keyword (Latin letters).
    """
    ok, encoded = cv2.imencode(".png", cv2.cvtColor(rgb_hwc, cv2.COLOR_RGB2BGR))
    if not ok:
        raise ValueError(f"a picture of shape {rgb_hwc.shape} cannot be written as PNG")
    raw = encoded.tobytes()
    # Pixels a unit: the wider a pixel, the fewer; 0 means that the unit is unknown and only the ratio counts.
    shape = struct.pack(">IIB", aspect.denominator, aspect.numerator, 0)
    notes = [_chunk(b"iTXt", key.encode("latin-1") + bytes(5) + text.encode()) for key, text in texts.items()]
    write_whole(path, b"".join([raw[:_HEAD], _chunk(b"pHYs", shape), *notes, raw[_HEAD:]]))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

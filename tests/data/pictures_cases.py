"""Picture files of every kind that is met in the wild, and of some that should not be."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]


def smooth(height: int = 64, width: int = 96, seed: int = 0) -> Picture:
    """Soft colours: what lossy files keep nearly as it was."""
    grid = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), np.uint8)
    return np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC))


def encoded(rgb_hwc: Picture, kind: str, mode: str = "RGB", **options: object) -> bytes:
    """File contents as Pillow writes them."""
    file = io.BytesIO()
    Image.fromarray(rgb_hwc).convert(mode).save(file, kind, **options)
    return file.getvalue()


def save(path: Path, rgb_hwc: Picture, **options: object) -> Path:
    """Write a picture without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb_hwc).save(path, **options)
    return path


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk with its length and sum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_that_says(width: int, height: int) -> bytes:
    """PNG of a few bytes that claims to be of this size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = png_chunk(b"IHDR", head), png_chunk(b"IDAT", zlib.compress(bytes(100))), png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def profile(red: str = "rXYZ", blue: str = "bXYZ") -> bytes:
    """ICC profile with sRGB's primaries and a gamma of 2.2; swap the names to swap the colours."""
    primaries = {
        red: (0.4361, 0.2225, 0.0139),
        "gXYZ": (0.3851, 0.7169, 0.0971),
        blue: (0.1431, 0.0606, 0.7141),
        "wtpt": (0.9642, 1.0, 0.8249),
    }
    tags = {name: b"XYZ \0\0\0\0" + b"".join(map(_fixed, value)) for name, value in primaries.items()}
    tags |= {name: b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) for name in ("rTRC", "gTRC", "bTRC")}
    tags["desc"] = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    return _profile(b"RGB ", tags)


def grey_profile() -> bytes:
    """ICC profile for grey with a gamma of 1."""
    white = b"XYZ \0\0\0\0" + b"".join(map(_fixed, (0.9642, 1.0, 0.8249)))
    description = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    return _profile(b"GRAY", {"wtpt": white, "kTRC": b"curv\0\0\0\0" + struct.pack(">I", 0), "desc": description})


def _profile(space: bytes, tags: dict[str, bytes]) -> bytes:
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name.encode() + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    illuminant = b"".join(map(_fixed, (0.9642, 1.0, 0.8249)))
    head = struct.pack(">I4xI4s4s4s12x4s28x", start + len(body), 0x02100000, b"mntr", space, b"XYZ ", b"acsp")
    return head + illuminant + bytes(128 - len(head) - len(illuminant)) + struct.pack(">I", len(tags)) + table + body


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))

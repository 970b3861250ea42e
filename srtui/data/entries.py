"""The dataset store: pictures as raw pixels in LMDB, so that a crop touches only the pages that it needs.

Keys are ``0001/gt`` and ``0001/lq`` (absent where degradation is live). A value is a header of 32 bytes and the pixels:

====== ===== =========================================================
offset bytes
====== ===== =========================================================
0      8     ``SRTUIPIC``
8      2     version, 1 (all numbers are little-endian)
10     2     channels, 3: RGB
12     4     height
16     4     width
20     4     CRC32 of the 20 bytes before it and of the pixels
24     8     zero
32     …     pixels, uint8 (height, width, channels)
====== ===== =========================================================
"""

from __future__ import annotations

import struct
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from srtui.data.crc import crc32

Picture = NDArray[np.uint8]
Part = Literal["gt", "lq"]

VERSION = 1
HEADER = struct.Struct("<8sHHIIII4x")
CHANNELS = 3

_MAGIC = b"SRTUIPIC"
_SUMMED = 20
"""Bytes of the header that the CRC covers."""


def key_of(name: str, part: Part) -> str:
    """Key of a picture's gt or lq; ASCII."""
    return f"{name}/{part}"


def name_of(key: str) -> str:
    """Name of the picture that a key belongs to."""
    return key.partition("/")[0]


class EntryDamagedError(Exception):
    """A value is not what its header says; the text says how."""


def encode(picture_hwc: Picture) -> Picture:
    """Value of a picture (uint8, (H, W, 3)): header and pixels."""
    height, width, channels = picture_hwc.shape
    value = np.empty(HEADER.size + picture_hwc.size, np.uint8)
    value[HEADER.size :].reshape(picture_hwc.shape)[:] = picture_hwc
    HEADER.pack_into(value.data, 0, _MAGIC, VERSION, channels, height, width, 0, 0)
    HEADER.pack_into(value.data, 0, _MAGIC, VERSION, channels, height, width, _crc(value), 0)
    return value


def decode(value: Picture) -> Picture:
    """View of a value's pixels, (H, W, 3); the CRC is not looked at, which would read every page.

    Raises
    ------
    EntryDamagedError
        If the header is not one, or not of this version, or does not fit the length.
    """
    if value.size < HEADER.size:
        raise EntryDamagedError(f"only {value.size} bytes long")
    magic, version, channels, height, width, _, _ = HEADER.unpack_from(value.data)
    if magic != _MAGIC:
        raise EntryDamagedError("its header is overwritten")
    if version > VERSION:
        raise EntryDamagedError(f"is of version {version}, this srtui reads up to {VERSION}: update srtui")
    if channels != CHANNELS or HEADER.size + height * width * channels != value.size:
        raise EntryDamagedError(f"its header says {width}×{height}×{channels}, which {value.size} bytes do not hold")
    return value[HEADER.size :].reshape(height, width, channels)


def checksum(value: Picture) -> int:
    """CRC32 that an encoded value carries: equal pictures have equal ones."""
    return int(HEADER.unpack_from(value.data)[5])


def check(value: Picture) -> None:
    """Read all of a value and compare it with its CRC.

    Raises
    ------
    EntryDamagedError
        If it differs, or `decode` raises.
    """
    decode(value)
    stored = int(HEADER.unpack_from(value.data)[5])
    found = _crc(value)
    if found != stored:
        raise EntryDamagedError(f"its CRC32 is {found:08x}, its header says {stored:08x}")


def _crc(value: Picture) -> int:
    return crc32(value[HEADER.size :].data, crc32(value[:_SUMMED].data))

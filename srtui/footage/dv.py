"""What a DV frame says of itself: which of its blocks could not be read from the tape, and when it was recorded."""

from __future__ import annotations

from datetime import datetime

import numpy as np

_BLOCK = 80  # bytes of a DIF block (IEC 61834-2, 11)
_SEQUENCE, _SHARE = 150, 135  # blocks of a DIF sequence, and how many of them are video
_VAUX = slice(3, 6)  # blocks of a sequence that hold packs of 5 bytes about the picture
_DATE, _TIME = 0x62, 0x63  # their first byte (IEC 61834-4)
_VIDEO = 4  # section type in the three upper bits of its first byte
_HEADER = 3  # bytes before the payload; the upper half of the next byte is STA, the state of the macroblock


def concealed_blocks(packet: bytes, lines: int) -> int:
    """Video blocks of a DV frame whose error state (STA) is not "no error", and those that are not there at all.

    Parameters
    ----------
    lines
        Of the picture.

    Notes
    -----
    The player writes STA when it hides a dropout by other data, or cannot (IEC 61834-2, table 42: 2, 4, 6, A, C, E
    concealed, 7 and F not); the pictures themselves often look nearly right. FFmpeg decodes whatever it gets.
    """
    whole = len(packet) // _BLOCK * _BLOCK
    blocks = np.frombuffer(packet, np.uint8, whole).reshape(-1, _BLOCK)
    good = (blocks[:, 0] >> 5 == _VIDEO) & (blocks[:, _HEADER] >> 4 == 0)
    wanted = max(whole, frame_bytes(lines)) // _BLOCK * _SHARE // _SEQUENCE
    return max(wanted - int(np.count_nonzero(good)), 0)


def frame_bytes(lines: int) -> int:
    """Bytes of a frame of DV at 25 Mbit/s: 12 sequences of blocks for 576 lines, 10 for 480."""
    return _BLOCK * _SEQUENCE * (12 if lines == 576 else 10)


def recorded_at(packet: bytes) -> str:
    """When the camera recorded a DV frame, ISO 8601 to the second in the camera's time; empty if it does not say."""
    date = _pack(packet, _DATE)
    time = _pack(packet, _TIME)
    if len(date) < 5 or len(time) < 5:
        return ""
    day, month, year = _decimal(date[2], 0x3F), _decimal(date[3], 0x1F), _decimal(date[4], 0xFF)
    second, minute, hour = _decimal(time[2], 0x7F), _decimal(time[3], 0x7F), _decimal(time[4], 0x3F)
    try:  # DV came in 1995; the year has two digits
        return datetime(year + (1900 if year >= 90 else 2000), month, day, hour, minute, second).isoformat()
    except ValueError:
        return ""


def _pack(packet: bytes, kind: int) -> bytes:
    for block in range(_VAUX.start, _VAUX.stop):
        for start in range(block * _BLOCK + _HEADER, (block + 1) * _BLOCK - 5, 5):
            if packet[start : start + 1] == bytes([kind]):
                return packet[start : start + 5]
    return b""


def _decimal(value: int, mask: int) -> int:
    """Two decimal digits, four bits each; -1 if they are none (all bits set: not recorded)."""
    tens, ones = (value & mask) >> 4, value & 15
    return 10 * tens + ones if tens < 10 and ones < 10 else -1

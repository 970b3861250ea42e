"""What a DV frame says of itself: which of its blocks the player could not read from the tape."""

from __future__ import annotations

import numpy as np

_BLOCK = 80  # bytes of a DIF block (IEC 61834-2, 11)
_SEQUENCE, _SHARE = 150, 135  # blocks of a DIF sequence, and how many of them are video
_VIDEO = 4  # section type in the three upper bits of its first byte
_HEADER = 3  # bytes before the payload; the upper half of the next byte is STA, the state of the macroblock


def concealed_blocks(packet: bytes) -> int:
    """Video blocks of a DV frame whose error state (STA) is not "no error", and those that are not there at all.

    Notes
    -----
    The player writes STA when it hides a dropout by other data, or cannot (IEC 61834-2, table 42: 2, 4, 6, A, C, E
    concealed, 7 and F not); the pictures themselves often look nearly right. FFmpeg decodes whatever it gets.
    """
    whole = len(packet) // _BLOCK * _BLOCK
    blocks = np.frombuffer(packet, np.uint8, whole).reshape(-1, _BLOCK)
    good = (blocks[:, 0] >> 5 == _VIDEO) & (blocks[:, _HEADER] >> 4 == 0)
    return max(len(blocks) * _SHARE // _SEQUENCE - int(np.count_nonzero(good)), 0)

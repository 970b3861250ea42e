"""DV as a camcorder records it: the real codec (FFmpeg's dvvideo), RGB in, what comes back from the tape out.

One picture fills whole frames alone. DV spreads the bits of five macroblocks from all over the frame over one segment,
so strangers in one frame would spoil each other: measured, 93 % of a crop's bytes depended on its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from srtui_kernels.chroma import STEPS, Planes, Sampling, full_planes, to_planes

from srtui.degradation.video import from_frame, reflected, to_frame

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """One of DV's two systems (IEC 61834-2)."""

    width: int
    height: int
    pixel_format: str
    sampling: Sampling
    rate: Fraction


STANDARDS = {
    "pal": Standard(width=720, height=576, pixel_format="yuv420p", sampling="4:2:0", rate=Fraction(25)),
    "ntsc": Standard(width=720, height=480, pixel_format="yuv411p", sampling="4:1:1", rate=Fraction(30000, 1001)),
}

_ENCODER = {"flags": "+ildct+ilme+bitexact", "dct": "int", "idct": "simple"}
"""Interlaced blocks where they are better; transforms whose bytes do not depend on the CPU."""
_DECODER = {"flags": "+bitexact", "idct": "simple"}


def recorded(frames: Sequence[Picture], standard: str, dead_zone: int) -> list[Planes]:
    """Record frames that follow one another on tape, and read them back.

    Parameters
    ----------
    frames
        uint8 RGB, all (H, W, 3), two fields in each. Each is reflected to fill a frame of the standard; larger ones are
        cut into several. Small ones (crops) share one, side by side: they show the same.
    standard
        ``pal`` or ``ntsc``.
    dead_zone
        The coder's quant_deadzone, 0 to 1023 (7 is its own).

    Returns
    -------
    Planes of (H, W) for each frame, with chroma interpolated to every sample, field by field (4:4:4 for `from_planes`).

    Notes
    -----
    No state, no files, one thread: the same bytes whoever calls it. 6 ms for a PAL frame.
    """
    system = STANDARDS[standard]
    cell = system.width // len(frames) // 4 * 4
    if len(frames) == 1 or frames[0].shape[1] > cell:
        return [_recorded(frame, system, dead_zone) for frame in frames]
    height, width = frames[0].shape[:2]
    together = np.concatenate([reflected(frame, height, cell) for frame in frames], axis=1)
    planes = _recorded(together, system, dead_zone)
    starts = [number * cell for number in range(len(frames))]
    return [Planes(*(plane[:, start : start + width] for plane in planes)) for start in starts]


def _recorded(picture_hwc: Picture, system: Standard, dead_zone: int) -> Planes:
    height, width = picture_hwc.shape[:2]
    even = reflected(picture_hwc, -(-height // 4) * 4, -(-width // 4) * 4)
    planes = to_planes(even, system.sampling)
    tape = _record_whole(planes, system, dead_zone)
    cut = Planes(*(plane[: like.shape[0], : like.shape[1]] for plane, like in zip(tape, planes, strict=True)))
    return Planes(*(plane[:height, :width] for plane in full_planes(cut, system.sampling)))


def _record_whole(planes: Planes, system: Standard, dead_zone: int) -> Planes:
    """Record as many frames as the picture fills, and put them together again."""
    down, across = -(-planes.y.shape[0] // system.height), -(-planes.y.shape[1] // system.width)
    columns, lines = STEPS[system.sampling]
    sizes = ((system.height, system.width), *((system.height // lines, system.width // columns),) * 2)
    whole = [
        reflected(plane, down * height, across * width).copy()
        for plane, (height, width) in zip(planes, sizes, strict=True)
    ]
    for row in range(down):
        for column in range(across):
            parts = [
                plane[row * height : (row + 1) * height, column * width : (column + 1) * width]
                for plane, (height, width) in zip(whole, sizes, strict=True)
            ]
            for part, back in zip(parts, _record_frame(parts, system, dead_zone), strict=True):
                part[:] = back
    return Planes(*whole)


def _record_frame(parts: list[Picture], system: Standard, dead_zone: int) -> Planes:
    encoder, decoder = _encoder(system, dead_zone), av.CodecContext.create("dvvideo", "r")
    decoder.thread_count = 1
    decoder.options = _DECODER
    frame = to_frame(parts, system.pixel_format)
    frame.time_base = encoder.time_base
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    pictures = [picture for packet in packets for picture in decoder.decode(packet)]
    return from_frame((pictures or decoder.decode(None))[0], parts)


def _encoder(system: Standard, dead_zone: int) -> Any:
    encoder = av.CodecContext.create("dvvideo", "w")
    encoder.width, encoder.height, encoder.pix_fmt = system.width, system.height, system.pixel_format
    encoder.time_base, encoder.framerate = 1 / system.rate, system.rate
    encoder.thread_count = 1
    encoder.options = {**_ENCODER, "quant_deadzone": str(dead_zone)}
    return encoder

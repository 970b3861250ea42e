"""Whole pictures out of fields: the deinterlacers of FFmpeg, as restoring uses them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av.error
import av.filter
from av.video.format import VideoFormat
from srtui_kernels.chroma import Planes

from srtui.degradation.video import from_frame, reflected, to_frame

_SMALLEST = 4  # the filters refuse less than 4 lines and 3 columns


def deinterlaced(frames: Sequence[Planes], method: str, first: str) -> Planes:
    """Make a whole picture of the field that was recorded first.

    Parameters
    ----------
    frames
        Planes of (H, W) each: three frames that follow one another, of which the middle one is wanted; or only one.
    method
        ``bwdif`` or ``yadif``.
    first
        The field to keep, ``top`` or ``bottom``; the other one's lines are made of what is above, below, before, after.

    Returns
    -------
    Planes of (H, W) each.
    """
    height, width = frames[0].y.shape
    tall, wide = max(height, _SMALLEST), max(width, _SMALLEST)
    three = list(frames) if len(frames) == 3 else [frames[0]] * 3
    graph = av.filter.Graph()
    graph.threads = 1
    source = graph.add_buffer(width=wide, height=tall, format=VideoFormat("yuv444p"), time_base=Fraction(1, 25))
    parity = "tff" if first == "top" else "bff"
    filters = [source, graph.add(method, f"mode=send_frame:parity={parity}:deint=all"), graph.add("buffersink")]
    graph.link_nodes(*filters).configure()
    for number, frame in enumerate(three):
        full = [reflected(plane, tall, wide) for plane in frame]
        graph.push(to_frame(full, "yuv444p", number=number))
    graph.push(None)
    whole = [graph.pull() for _ in three][1]
    return from_frame(whole, frames[0])

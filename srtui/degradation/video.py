"""Planes of a picture ↔ frames of FFmpeg, and pictures continued beyond their borders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from srtui_kernels.chroma import Planes

Plane = NDArray[np.uint8]


def to_frame(planes: Sequence[Plane], pixel_format: str, *, number: int = 0) -> Any:
    """Copy planes into an av.VideoFrame, number ``number`` of its stream."""
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, pixel_format)
    for target, plane in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(target, np.uint8).reshape(-1, target.line_size)
        rows[: plane.shape[0], : plane.shape[1]] = plane
    frame.pts = number
    return frame


def from_frame(frame: Any, like: Sequence[Plane]) -> Planes:
    """Copy the planes out of an av.VideoFrame; ``like`` has their shapes."""
    found = []
    for source, plane in zip(frame.planes, like, strict=True):
        rows = np.frombuffer(source, np.uint8).reshape(-1, source.line_size)
        found.append(rows[: plane.shape[0], : plane.shape[1]].copy())
    return Planes(*found)


def reflected(plane: Plane, height: int, width: int) -> Plane:
    """Continue a picture to the right and downwards by its reflection, whose first row is the last but one.

    An even row is followed by an odd one and the other way round, also across the border: fields stay fields.
    """
    if plane.shape[:2] == (height, width):
        return plane
    return np.ascontiguousarray(plane[_folded(height, plane.shape[0])][:, _folded(width, plane.shape[1])])


def _folded(length: int, size: int) -> NDArray[np.intp]:
    period = max(2 * size - 2, 1)
    places = np.arange(length) % period
    return np.minimum(places, period - places) if size > 1 else np.zeros(length, np.intp)

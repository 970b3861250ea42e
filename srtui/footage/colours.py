"""Decoded pictures → RGB, by the matrix and range that they are coded with; deinterlaced first where need be."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from srtui.footage.facts import Facts
from srtui.footage.filters import Filters

Rgb = NDArray[np.uint8]
"""(H, W, 3), uint8."""

_PRECISE = "flags=bicubic+accurate_rnd+full_chroma_int"


def rgb_steps(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Filters that turn progressive pictures into RGB."""
    span = "full" if facts.full_range else "limited"
    matrix = f"in_color_matrix={facts.matrix}:in_range={span}"
    return (("scale", f"{matrix}:out_range=full:{_PRECISE}"), ("format", "rgb24"))


def deinterlacing_steps(kind: str, *, both_fields: bool) -> tuple[tuple[str, str], ...]:
    """
    Filters that make whole pictures of fields; nothing for progressive ones.

    Parameters
    ----------
    kind
        ``progressive``, ``tff`` or ``bff``.
    both_fields
        Two pictures a frame instead of one.

    Notes
    -----
    Chroma is brought to full height field by field (``interl=1``) before: read as progressive, interlaced 4:2:0 loses
    4 to 8 dB of chroma wherever something moves.
    """
    if kind == "progressive":
        return ()
    mode = "send_field" if both_fields else "send_frame"
    return (
        ("scale", f"interl=1:{_PRECISE}"),
        ("format", "yuv444p"),
        ("bwdif", f"mode={mode}:parity={kind}:deint=all"),
    )


def to_rgb(image: Any, facts: Facts) -> Rgb:
    """One progressive picture as RGB, (H, W, 3), uint8."""
    return rgb_of(Filters(image, rgb_steps(facts)).push(image)[0])


def rgb_of(image: Any) -> Rgb:
    """Pixels of an av.VideoFrame that is RGB already."""
    return np.ascontiguousarray(image.to_ndarray(format="rgb24"))

"""Decoded pictures → RGB, by the matrix and range that they are coded with; deinterlaced first where need be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srtui.footage.facts import Facts
from srtui.footage.filters import Filters

Rgb = NDArray[np.uint8]
"""(H, W, 3), uint8."""

_PRECISE = "flags=bicubic+accurate_rnd+full_chroma_int"


def to_rgb(image: Any, facts: Facts) -> Rgb:
    """One progressive picture as RGB, (H, W, 3), uint8; upright, if the camera was held otherwise and says so."""
    matrix = f"in_color_matrix={facts.matrix}:in_range={_span(facts)}"
    steps = (("scale", f"{matrix}:out_range=full:{_PRECISE}"), ("format", "rgb24"))
    rgb_hwc = Filters(image, steps).push(image)[0].to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(rgb_hwc, round(image.rotation / 90)))


def deinterlaced(images: Sequence[Any], kind: str, facts: Facts, *, both_fields: bool) -> list[Any]:
    """
    Make whole pictures of fields (bwdif): one for each of the images that follow one another, or two.

    Parameters
    ----------
    kind
        ``tff`` or ``bff``.
    both_fields
        Two pictures a frame instead of one.

    Notes
    -----
    Chroma is brought to full height field by field (``interl=1``) before: read as progressive, interlaced 4:2:0 loses
    4 to 8 dB of chroma wherever something moves.
    """
    mode = "send_field" if both_fields else "send_frame"
    span = _span(facts)
    steps = (
        ("scale", f"interl=1:in_range={span}:out_range={span}:{_PRECISE}"),
        ("format", "yuv444p"),
        ("bwdif", f"mode={mode}:parity={kind}:deint=all"),
    )
    filters = Filters(images[0], steps)
    return [whole for image in (*images, None) for whole in filters.push(image)]


def _span(facts: Facts) -> str:
    return "full" if facts.full_range else "limited"

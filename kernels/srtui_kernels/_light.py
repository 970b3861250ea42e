"""
Light before the camera's curve: what the sums in linear light turn values into, and back.

16 bits keep all 256 values apart: the darkest lie 20 steps from each other. Source of the curve: IEC 61966-2-1 (sRGB).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=1)
def light_tables() -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Value → light (256,), and light → nearest value (65536,): the sRGB curve in 16 bits."""
    values = [each / 255.0 for each in range(256)]
    light = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in values]
    to_light = np.array([round(each * 65535) for each in light], np.uint16)
    middles = (to_light[1:].astype(np.int64) + to_light[:-1]) // 2
    back = np.searchsorted(middles, np.arange(65536), side="left").astype(np.uint8)
    return to_light, back

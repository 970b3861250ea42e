"""Twin of the crop kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def crop_to_chw(src: NDArray[np.uint8], y: int, x: int, size: int, code: int) -> NDArray[np.float32]:
    """See srtui_kernels.crop_to_chw."""
    patch = src.reshape(*src.shape[:2], -1)[y : y + size, x : x + size]
    patch = patch[:, ::-1] if code & 1 else patch
    patch = patch[::-1] if code & 2 else patch
    patch = patch.transpose(1, 0, 2) if code & 4 else patch
    return (patch.astype(np.float32) / np.float32(255)).transpose(2, 0, 1)

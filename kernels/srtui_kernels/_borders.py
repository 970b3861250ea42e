"""Pictures continued beyond their borders, as the windows of the blurs need them."""

from __future__ import annotations

from srtui_kernels._checks import Bytes
from srtui_kernels._jit import kernel


@kernel
def mirrored(position: int, size: int) -> int:
    """Reflect a position into 0..size - 1 without repeating the border pixel (cv2.BORDER_REFLECT_101)."""
    if size == 1:
        return 0
    while position < 0 or position >= size:
        position = -position if position < 0 else 2 * size - 2 - position
    return position


@kernel
def mirror_row(row: Bytes, wide: Bytes, channels: int) -> None:
    """Copy a flat row into the middle of a wider one and reflect it into both margins."""
    margin = (wide.size - row.size) // 2
    middle = wide[margin : margin + row.size]
    for x in range(row.size):
        middle[x] = row[x]
    width = row.size // channels
    reach = margin // channels
    for x in range(reach):
        left = mirrored(x - reach, width) * channels
        right = mirrored(width + x, width) * channels
        for c in range(channels):
            wide[x * channels + c] = row[left + c]
            wide[margin + row.size + x * channels + c] = row[right + c]

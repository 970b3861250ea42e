"""Which windows a picture is cut into: the rule of BasicSR's ``extract_subimages``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiling:
    """Numbers of the rule, in gt pixels; they must be multiples of the scale."""

    size: int
    """Side of a window."""
    step: int
    """From one window to the next."""
    threshold: int
    """Pixels between the last window and the border that may be lost."""


def starts(length: int, tiling: Tiling) -> list[int]:
    """Where windows begin along a side of ``length`` pixels; none fits into a side that is shorter than a window.

    Notes
    -----
    One window each step as long as they fit; where more than the threshold is left behind the last, one more that ends
    at the border (``scripts/data_preparation/extract_subimages.py`` of BasicSR 1.4).
    """
    last = length - tiling.size
    if last < 0:
        return []
    regular = list(range(0, last + 1, tiling.step))
    return [*regular, last] if last - regular[-1] > tiling.threshold else regular


def windows(width: int, height: int, tiling: Tiling) -> Iterator[tuple[int, int]]:
    """Top and left of every window, row by row."""
    columns = starts(width, tiling)
    return ((top, left) for top in starts(height, tiling) for left in columns)


def count_windows(width: int, height: int, tiling: Tiling) -> int:
    """How many windows there are."""
    return len(starts(width, tiling)) * len(starts(height, tiling))

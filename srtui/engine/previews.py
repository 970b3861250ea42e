"""A few validation pictures through time: previews/<picture>-<iteration>.png, each lq | restored | gt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from srtui.data.pictures import write_png
from srtui.engine.scores import Seen

Picture = NDArray[np.uint8]

MOMENTS = 8
"""Moments of each picture that are kept: the first, the last, and others between them at even distances."""
LARGEST = 512
"""Sides of the shown part, in gt pixels, at most; of larger pictures the middle is shown."""


def write_preview(folder: Path, seen: Seen, iteration: int) -> Path:
    """Write what the network makes of a picture now, and remove moments of the past that are too many."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{seen.name}-{iteration:08d}.png"
    write_png(path, _strip(seen))
    for old in superfluous([_iteration(path) for path in _moments(folder, seen.name)], MOMENTS):
        (folder / f"{seen.name}-{old:08d}.png").unlink()
    return path


def superfluous(iterations: list[int], most: int) -> list[int]:
    """Which of ``iterations`` (ascending) to remove so that ``most`` stay, as evenly spread as can be."""
    kept, removed = list(iterations), []
    while len(kept) > max(most, 2):
        gaps = [after - before for before, after in zip(kept[:-2], kept[2:], strict=True)]
        removed.append(kept.pop(gaps.index(min(gaps)) + 1))
    return removed


def _moments(folder: Path, name: str) -> list[Path]:
    return sorted(folder.glob(f"{name}-[0-9]*.png"))


def _iteration(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _strip(seen: Seen) -> Picture:
    scale = seen.gt_hwc.shape[0] // seen.lq_hwc.shape[0]
    lq_hwc = seen.lq_hwc.repeat(scale, axis=0).repeat(scale, axis=1)
    return np.concatenate([_middle(picture) for picture in (lq_hwc, seen.network_hwc, seen.gt_hwc)], axis=1)


def _middle(picture_hwc: Picture) -> Picture:
    height, width = picture_hwc.shape[:2]
    top, left = max(height - LARGEST, 0) // 2, max(width - LARGEST, 0) // 2
    return picture_hwc[top : top + LARGEST, left : left + LARGEST]

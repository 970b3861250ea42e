"""A few validation pictures through time: previews/<picture>-<iteration>.png, each lq | bicubic | network | gt."""

from __future__ import annotations

from pathlib import Path

from srtui.data.pictures import write_png
from srtui.engine.scores import Seen
from srtui.engine.side_by_side import side_by_side

MOMENTS = 8
"""Moments of each picture that are kept: the first, the last, and others between them at even distances."""


def write_preview(folder: Path, seen: Seen, iteration: int) -> Path:
    """Write what the network makes of a picture now, and remove moments of the past that are too many."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{seen.name}-{iteration:08d}.png"
    write_png(path, side_by_side(seen))
    moments = sorted(int(old.stem.rpartition("-")[2]) for old in folder.glob(f"{seen.name}-*.png"))
    for old in superfluous(moments, MOMENTS):
        (folder / f"{seen.name}-{old:08d}.png").unlink()
    return path


def superfluous(iterations: list[int], most: int) -> list[int]:
    """Which of ``iterations`` (ascending) to remove so that ``most`` stay, as evenly spread as can be."""
    kept, removed = list(iterations), []
    while len(kept) > max(most, 2):
        gaps = [after - before for before, after in zip(kept[:-2], kept[2:], strict=True)]
        removed.append(kept.pop(gaps.index(min(gaps)) + 1))
    return removed

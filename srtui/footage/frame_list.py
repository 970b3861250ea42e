"""frames.csv: what was found of every picture of a tape, a line each."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from srtui.errors import UsageError
from srtui.files import whole_file
from srtui.footage.developing import REACH
from srtui.footage.reader import Anchor
from srtui.footage.scenes import Judged
from srtui.footage.table import NO_PTS, Table

HEAD = (
    "frame", "time", "pts", "crc", "scene", "span", "sharpness", "rank", "of", "smeared", "repeat", "dropout", "empty",
)  # fmt: skip
"""Number from 0; seconds; in the stream's units; checksum of the luma; from 1; from 1; `sharpness.sharpness`; 1 is the
sharpest of its span, 0 not ranked; how many are ranked; 1 or 0 (twice); torn blocks (-1: incomplete); 1 or 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line, as far as choosing needs it."""

    frame: int
    time: float
    pts: int | None
    crc: int
    scene: int
    sharpness: float
    usable: bool


def anchors_of(pictures: Sequence[Listed], picture: Listed, before: int = REACH) -> list[Anchor]:
    """What a picture is found again by, with up to ``before`` of those before it."""
    near = pictures[max(picture.frame - before, 0) : picture.frame + 1]
    return [Anchor(each.frame, each.pts, each.crc) for each in near]


def write_frames(path: Path, table: Table, judged: Judged) -> None:
    """Write frames.csv, whole or not at all."""
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows(_lines(table, judged))


def _lines(table: Table, judged: Judged) -> Iterator[tuple[object, ...]]:
    for i in range(len(table)):
        pts, sharpness = int(table.pts[i]), float(table.sharpness[i])
        yield (
            i,
            f"{table.time[i]:.4f}",
            "" if pts == NO_PTS else pts,
            f"{int(table.crc[i]):08x}",
            int(judged.scene[i]),
            int(judged.span[i]),
            "" if math.isnan(sharpness) else f"{sharpness:.4f}",
            int(judged.rank[i]),
            int(judged.ranked[i]),
            int(judged.smeared[i]),
            int(judged.repeat[i]),
            -1 if table.corrupt[i] else int(table.torn[i]),
            int(judged.empty[i]),
        )


def listed(table: Table, judged: Judged) -> list[Listed]:
    """The same without a file."""
    usable = judged.usable
    return [
        Listed(
            frame=i,
            time=float(table.time[i]),
            pts=None if table.pts[i] == NO_PTS else int(table.pts[i]),
            crc=int(table.crc[i]),
            scene=int(judged.scene[i]),
            sharpness=float(table.sharpness[i]),
            usable=bool(usable[i]),
        )
        for i in range(len(table))
    ]


def read_frames(path: Path) -> list[Listed]:
    """Lines of frames.csv.

    Raises
    ------
    UsageError
        If it is not there or not one of ours.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_listed(line) for line in csv.DictReader(file)]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise UsageError(str(path), f"not readable: {error}", hint="srtui scan --fresh makes it anew") from None


def _listed(line: dict[str, str]) -> Listed:
    return Listed(
        frame=int(line["frame"]),
        time=float(line["time"]),
        pts=int(line["pts"]) if line["pts"] else None,
        crc=int(line["crc"], 16),
        scene=int(line["scene"]),
        sharpness=float(line["sharpness"]) if line["sharpness"] else math.nan,
        usable=int(line["rank"]) > 0 and line["smeared"] == "0",
    )

"""What an export consists of: pieces of pictures, in order, each encoded on its own by any thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import cv2
import numpy as np

from srtui.config.degradation import Scenario
from srtui.data.datasets import Dataset
from srtui.data.decisions import Settled, settled
from srtui.data.entries import Picture, key_of
from srtui.data.export_names import Namer
from srtui.data.names import LIVE, Row, Split, read_rows
from srtui.data.store import StoreReader, forget
from srtui.data.windows import Tiling, count_windows, windows
from srtui.degradation.scenarios import degrade


class Pair:
    """gt and lq of one picture; a live one gets the lq that a fixed dataset would hold."""

    def __init__(self, reader: StoreReader, row: Row, scale: int, drawn: tuple[Scenario, int] | None) -> None:
        self.row = row
        self._reader, self._scale, self._drawn = reader, scale, drawn
        self._lock = Lock()

    @cached_property
    def gt_hwc(self) -> Picture:
        """The clean picture."""
        return self._reader.view(key_of(self.row.name, "gt"))

    @property
    def lq_hwc(self) -> Picture:
        """The spoiled picture; the first thread that asks makes it."""
        with self._lock:
            return self._lq_hwc

    @cached_property
    def _lq_hwc(self) -> Picture:
        if self._drawn is None:
            return self._reader.view(key_of(self.row.name, "lq"))
        scenario, key = self._drawn
        return degrade(self.gt_hwc, scenario, self._scale, key)

    def forget(self) -> None:
        """Let the process's memory go that the stored pictures were read through."""
        for name in ("gt_hwc", "_lq_hwc") if self._drawn is None else ("gt_hwc",):
            if name in self.__dict__:
                forget(self.__dict__[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A window of a picture, or all of it."""

    pair: Pair
    split: Split
    name: str
    """How it is called, without suffix."""
    scale: int
    top: int
    """In gt pixels, as all sizes here."""
    left: int
    height: int
    width: int
    last: bool
    """Whether no more pieces of this picture follow."""

    def gt(self, level: int) -> bytes:
        """PNG of the gt; called from many threads."""
        return _png(self._cut(self.pair.gt_hwc, 1), level)

    def lq(self, level: int) -> bytes:
        """PNG of the lq; called from many threads."""
        return _png(self._cut(self.pair.lq_hwc, self.scale), level)

    def _cut(self, picture_hwc: Picture, scale: int) -> Picture:
        top, left = self.top // scale, self.left // scale
        return picture_hwc[top : top + self.height // scale, left : left + self.width // scale]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What an export will hold."""

    pieces: int
    to_train: int
    """Pieces that are not for validation."""
    pixels: int
    """Of gt."""
    too_small: int
    """Pictures into which no window fits."""


class Pieces:
    """All pieces of a dataset.

    Parameters
    ----------
    tiling
        For the pictures to train on; those to validate on, and all without it, stay whole.
    """

    def __init__(self, dataset: Dataset, namer: Namer, tiling: Tiling | None) -> None:
        self.dataset = dataset
        self._namer, self._tiling = namer, tiling
        self._readers: dict[Split, StoreReader] = {"train": dataset.reader("train"), "val": dataset.reader("val")}

    def too_small(self) -> Iterator[Row]:
        """Pictures to train on into which no window fits."""
        return (row for row in read_rows(self.dataset.folder) if not self._count(row))

    def totals(self) -> Totals:
        """Numbers of everything; looks at names.csv only."""
        pieces = to_train = pixels = small = 0
        for row in read_rows(self.dataset.folder):
            count, tiling = self._count(row), self._tiling_of(row)
            pieces += count
            to_train += count if row.split == "train" else 0
            pixels += count * (tiling.size**2 if tiling else row.width * row.height)
            small += not count
        return Totals(pieces=pieces, to_train=to_train, pixels=pixels, too_small=small)

    def listed(self, split: Split) -> Iterator[tuple[str, int, int]]:
        """Name, height and width of each piece of a split, in order; looks at names.csv only."""
        for row in read_rows(self.dataset.folder):
            if row.split == split:
                name = self._namer.name(row)
                for _, _, height, width, suffix in self._windows(row):
                    yield name + suffix, height, width

    def __iter__(self) -> Iterator[Piece]:
        scale = self.dataset.scale
        for pair in self._pairs():
            name, left = self._namer.name(pair.row), self._count(pair.row)
            for y, x, height, width, suffix in self._windows(pair.row):
                left -= 1
                yield Piece(
                    pair=pair,
                    split=pair.row.split,
                    name=name + suffix,
                    scale=scale,
                    top=y,
                    left=x,
                    height=height,
                    width=width,
                    last=left == 0,
                )

    def _tiling_of(self, row: Row) -> Tiling | None:
        return self._tiling if row.split == "train" else None

    def _count(self, row: Row) -> int:
        tiling = self._tiling_of(row)
        return count_windows(row.width, row.height, tiling) if tiling else 1

    def _windows(self, row: Row) -> Iterator[tuple[int, int, int, int, str]]:
        """Top, left, height, width and suffix of the name of each piece of a picture."""
        tiling = self._tiling_of(row)
        if tiling is None:
            yield 0, 0, row.height, row.width, ""
            return
        for number, (top, left) in enumerate(windows(row.width, row.height, tiling), start=1):
            yield top, left, tiling.size, tiling.size, f"_s{number:03d}"

    def _pairs(self) -> Iterator[Pair]:
        scenarios, folder = self.dataset.about.settings.degradation.scenarios, self.dataset.folder
        made = (each for each in settled(folder) if isinstance(each, Settled))
        for row in read_rows(folder):
            drawn = None
            if row.scenario == LIVE:
                entry = next(each.entry for each in made if each.number == int(row.name))
                drawn = (scenarios[entry.scenario], entry.key)
            yield Pair(self._readers[row.split], row, self.dataset.scale, drawn)


def _png(part_hwc: Picture, level: int) -> bytes:
    bgr_hwc = np.ascontiguousarray(part_hwc[:, :, ::-1])
    ok, encoded = cv2.imencode(".png", bgr_hwc, [cv2.IMWRITE_PNG_COMPRESSION, level])
    if not ok:
        raise ValueError(f"a picture of shape {part_hwc.shape} cannot be written as PNG")
    return bytes(encoded)

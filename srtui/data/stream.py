"""The sample stream: endless training crops, the same for any number of threads, resumed by one integer."""

from __future__ import annotations

import math
import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from srtui_kernels.crop import CODES, crop_many

from srtui.data.datasets import Dataset
from srtui.data.live import degraded_region
from srtui.data.names import LIVE, read_rows
from srtui.degradation.draws import below, key, words
from srtui.degradation.scenarios import choose
from srtui.errors import UsageError
from srtui.ordered import in_order, thread_count

Floats = NDArray[np.float32]
Shape = tuple[int, int, int, int]

MIRRORED = 2
"""Symmetries of what was spoiled line by line, and is stored so: as it is, and left and right exchanged."""
SHOWN = 5
"""Pictures that an error names."""
READY = 2
"""Batches that wait for the consumer, beside one in work per thread: more would only push crops out of the cache."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops in RGB from 0 to 1, contiguous; nobody else holds them."""

    lq_bchw: Floats
    gt_bchw: Floats


class SampleStream:
    """Iterator of batches, cut by threads ahead of the consumer.

    Sample k is a pure function of the dataset and (seed, k): which crop of which picture (every crop of the dataset is
    equally likely), which of the square's 8 symmetries (where lq is stored, of those that a tape's lines allow), and
    with live degradation everything that it draws.

    Parameters
    ----------
    dataset
        Crops are cut from its training store.
    gt_size
        Side of the gt crops in pixels, a multiple of the scale; lq crops are ``gt_size / scale``.
    batch
        Samples per batch, over all ranks.
    threads
        0: one per core.
    start
        Samples that were consumed before.
    rank, ranks
        Which part of each batch this process gets: of B samples, those from B·rank/ranks on.
    empty
        Makes the arrays that are filled; pass one that gives pinned memory to copy to a GPU without waiting.

    Attributes
    ----------
    position
        Samples consumed, over all ranks: the whole state. A stream with ``start=position`` goes on with the next one.
    wait_seconds
        Time that the consumer has waited for samples.

    Raises
    ------
    UsageError
        If ``gt_size`` does not suit the scale or a picture, or the dataset has no training pictures.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        seed: int,
        gt_size: int,
        batch: int,
        threads: int = 0,
        start: int = 0,
        rank: int = 0,
        ranks: int = 1,
        empty: Callable[[Shape], Floats] | None = None,
    ) -> None:
        check_multiple(gt_size, dataset.scale)
        self.position = start
        self.wait_seconds = 0.0
        self._cutter = _Cutter(dataset, seed, gt_size)
        self._batch = batch
        self._part = range(batch * rank // ranks, batch * (rank + 1) // ranks)
        self._empty = empty or Loans()
        threads = thread_count(threads)
        self._batches = in_order(self._cut, count(start, batch), threads, ahead=threads + READY)

    @property
    def variations(self) -> int:
        """How many distinct degradations the samples have shown so far, at most.

        A live crop is spoiled anew each time, so that each sample counts; a stored picture was spoiled once.
        """
        return self._cutter.places.variations(self.position)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        began = time.perf_counter()
        batch = next(self._batches)
        self.wait_seconds += time.perf_counter() - began
        self.position += self._batch
        return batch

    def close(self) -> None:
        """End the threads; batches that are being cut are waited for and dropped."""
        self._batches.close()

    def _cut(self, first: int) -> Batch:
        """Batch that begins with sample ``first``; called from many threads."""
        cutter, samples = self._cutter, len(self._part)
        lq_bchw = self._empty((samples, 3, cutter.lq_size, cutter.lq_size))
        gt_bchw = self._empty((samples, 3, cutter.gt_size, cutter.gt_size))
        found = [cutter.find(first + offset) for offset in self._part]
        _cut_all([gt for gt, _ in found], gt_bchw)
        _cut_all([lq for _, lq in found], lq_bchw)
        return Batch(lq_bchw, gt_bchw)


class Crop(NamedTuple):
    """A square to cut out of a picture."""

    picture_hwc: NDArray[np.uint8]
    corner: tuple[int, int]
    """Top and left."""
    code: int
    """How it is turned."""


def _cut_all(crops: Sequence[Crop], out_bchw: Floats) -> None:
    crop_many(
        [crop.picture_hwc for crop in crops], [crop.corner for crop in crops], [crop.code for crop in crops], out_bchw
    )


class _Cutter:
    """Finds sample k."""

    def __init__(self, dataset: Dataset, seed: int, gt_size: int) -> None:
        self.gt_size, self.lq_size = gt_size, gt_size // dataset.scale
        self._seed, self._scale = seed, dataset.scale
        self._scenarios = dataset.about.settings.degradation.scenarios
        self._codes = MIRRORED if dataset.about.settings.degradation.has_lines else CODES
        self._store = dataset.reader("train")
        self.places = _Places(dataset, gt_size)

    def find(self, sample: int) -> tuple[Crop, Crop]:
        """Where gt and lq of sample number ``sample`` are cut."""
        place, turn, region, dealt = words(4, self._seed, "sample", sample)
        name, y, x, live = self.places.find(place)
        code, scale = below(turn, CODES if live else self._codes), self._scale
        gt_hwc, corner = self._store.gt(name), (y * scale, x * scale)
        gt = Crop(gt_hwc, corner, code)
        if not live:
            return gt, Crop(self._store.lq(name), (y, x), code)
        scenario = self._scenarios[choose(self._scenarios, dealt)]
        drawn = key(self._seed, "degradation", sample)
        lq_hwc, y, x = degraded_region(gt_hwc, scenario, scale, corner, self.gt_size, code, drawn, region)
        return gt, Crop(lq_hwc, (y, x), 0)


class _Places:
    """Every place in the training pictures where a crop fits; some 21 bytes per picture.

    Raises
    ------
    UsageError
        If there are no pictures, or crops do not fit into some.
    """

    def __init__(self, dataset: Dataset, gt_size: int) -> None:
        self._numbers, self._columns, self._ends = array("Q"), array("I"), array("Q")
        self._live = bytearray()
        self._live_crops = 0
        self._digits, end, scale = 0, 0, dataset.scale
        small, shown, least = 0, list[str](), gt_size
        for row in read_rows(dataset.folder):
            if row.split != "train":
                continue
            if min(row.width, row.height) < gt_size:
                small, least = small + 1, min(least, row.width, row.height)
                shown += [f"{row.name} ({row.file}, {row.width}×{row.height})"] if small <= SHOWN else []
                continue
            columns, lines = ((side - gt_size) // scale + 1 for side in (row.width, row.height))
            end += columns * lines
            self._numbers.append(int(row.name))
            self._columns.append(columns)
            self._ends.append(end)
            self._live.append(row.scenario == LIVE)
            self._live_crops += columns * lines if row.scenario == LIVE else 0
            self._digits = len(row.name)
        if small:
            raise _too_small(dataset, gt_size, small, shown, least)
        if not end:
            hint = "add sources, or lower prepare.validation"
            raise UsageError(str(dataset.folder), "no pictures to train on", hint=hint)

    def find(self, word: int) -> tuple[str, int, int, bool]:
        """Picture, top and left in lq pixels, and whether its lq is made anew, that a 64-bit word draws."""
        crop = below(word, self._ends[-1])
        picture = bisect_right(self._ends, crop)
        y, x = divmod(crop - (self._ends[picture - 1] if picture else 0), self._columns[picture])
        return f"{self._numbers[picture]:0{self._digits}d}", y, x, bool(self._live[picture])

    def variations(self, samples: int) -> int:
        """Distinct degradations among the first ``samples``, at most; where pairs lie among live ones, on average."""
        live = samples * self._live_crops // self._ends[-1]
        return live + min(samples - live, self._live.count(0))


class Loans:
    """Arrays that are used again when nobody holds them: new memory costs more than cutting the crops that fill it."""

    def __init__(self) -> None:
        self._free: dict[Shape, list[Floats]] = {}

    def __call__(self, shape: Shape) -> Floats:
        """Give an array of float32; what is in it is left from before."""
        free = self._free.setdefault(shape, [])
        try:
            kept = free.pop()
        except IndexError:
            kept = on_a_line(shape)
        # An array over a foreign owner: NumPy's views of it hold on to it, and not to what lies below.
        return np.asarray(_Loan(kept, free))


def on_a_line(shape: Shape) -> Floats:
    """Make an array that begins at a line of the cache: crops are then written past the caches."""
    size = math.prod(shape)
    room = np.empty(size + 16, np.float32)
    first = -room.ctypes.data % 64 // room.itemsize
    return room[first : first + size].reshape(shape)


class _Loan:
    """Owner of a lent array's memory; it takes it back in the end."""

    def __init__(self, kept: Floats, free: list[Floats]) -> None:
        self.__array_interface__ = kept.__array_interface__
        self._kept, self._free = kept, free

    def __del__(self) -> None:
        self._free.append(self._kept)


def check_multiple(gt_size: int, scale: int) -> None:
    """
    Check that crops of ``gt_size`` pixels have an lq side.

    Raises
    ------
    UsageError
        If they have not, with the next size that has.
    """
    if gt_size % scale or gt_size < 1:
        fact = f"{gt_size} is not a multiple of the scale, {scale}"
        raise UsageError("gt_size", fact, hint=f"use {max(gt_size // scale, 1) * scale}")


def _too_small(dataset: Dataset, gt_size: int, count: int, shown: list[str], least: int) -> UsageError:
    more = f" and {count - SHOWN} more" if count > SHOWN else ""
    fits = least // dataset.scale * dataset.scale
    fact = f"crops of {gt_size} pixels do not fit into {', '.join(shown)}{more}"
    hint = f"set gt_size to {fits} or less in the profile, or prepare.checks.smallest_side to {gt_size}"
    return UsageError("gt_size", fact, where=dataset.folder, hint=hint)

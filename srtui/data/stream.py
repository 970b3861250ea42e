"""The sample stream: endless training crops, the same for any number of threads, resumed by one integer."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, count

import numpy as np
from numpy.typing import NDArray
from srtui_kernels.crop import CODES, crop_to_chw

from srtui.data.datasets import Dataset
from srtui.data.live import degraded_region
from srtui.data.names import LIVE, Row, read_rows
from srtui.degradation.draws import below, key, words
from srtui.degradation.scenarios import choose
from srtui.errors import UsageError
from srtui.ordered import in_order, thread_count

Floats = NDArray[np.float32]
Shape = tuple[int, int, int, int]

SHOWN = 5
"""Pictures that an error names."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops in RGB from 0 to 1, contiguous; nobody else holds them."""

    lq_bchw: Floats
    gt_bchw: Floats


class SampleStream:
    """Iterator of batches, cut by threads ahead of the consumer.

    Sample k is a pure function of the dataset and (seed, k): which crop of which picture (every crop of the dataset is
    equally likely), which of the square's 8 symmetries, and with live degradation everything that it draws.

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
        rows = [row for row in read_rows(dataset.folder) if row.split == "train"]
        _check_sizes(dataset, rows, gt_size)
        self.position = start
        self.wait_seconds = 0.0
        self._cutter = _Cutter(dataset, rows, seed, gt_size)
        self._batch = batch
        self._part = range(batch * rank // ranks, batch * (rank + 1) // ranks)
        self._empty = empty or _empty
        self._batches = in_order(self._cut, count(start, batch), thread_count(threads))

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
        for index, offset in enumerate(self._part):
            cutter.cut(first + offset, lq_bchw[index], gt_bchw[index])
        return Batch(lq_bchw, gt_bchw)


class _Cutter:
    """Cuts sample k."""

    def __init__(self, dataset: Dataset, rows: list[Row], seed: int, gt_size: int) -> None:
        self.gt_size, self.lq_size = gt_size, gt_size // dataset.scale
        self._seed, self._scale = seed, dataset.scale
        self._scenarios = dataset.about.settings.degradation.scenarios
        self._store = dataset.reader("train")
        self._live = [row.scenario == LIVE for row in rows]
        self._names = [row.name for row in rows]
        self._columns = [row.width // self._scale - self.lq_size + 1 for row in rows]
        self._last = list(
            accumulate(columns * self._lines(row) for columns, row in zip(self._columns, rows, strict=True))
        )

    def _lines(self, row: Row) -> int:
        return row.height // self._scale - self.lq_size + 1

    def cut(self, sample: int, lq_chw: Floats, gt_chw: Floats) -> None:
        """Fill both arrays with sample number ``sample``."""
        place, turn, region, dealt = words(4, self._seed, "sample", sample)
        crop = below(place, self._last[-1])
        picture = bisect_right(self._last, crop)
        y, x = divmod(crop - (self._last[picture - 1] if picture else 0), self._columns[picture])
        code, name, scale = below(turn, CODES), self._names[picture], self._scale
        gt_hwc = self._store.gt(name)
        crop_to_chw(gt_hwc, y * scale, x * scale, self.gt_size, code, gt_chw)
        if self._live[picture]:
            scenario = self._scenarios[choose(self._scenarios, dealt)]
            drawn = key(self._seed, "degradation", sample)
            lq_hwc, y, x = degraded_region(gt_hwc, scenario, scale, (y * scale, x * scale), self.gt_size, drawn, region)
        else:
            lq_hwc = self._store.lq(name)
        crop_to_chw(lq_hwc, y, x, self.lq_size, code, lq_chw)


def _empty(shape: Shape) -> Floats:
    return np.empty(shape, np.float32)


def _check_sizes(dataset: Dataset, rows: list[Row], gt_size: int) -> None:
    if gt_size % dataset.scale or gt_size < 1:
        fact = f"{gt_size} is not a multiple of the scale, {dataset.scale}"
        raise UsageError("gt_size", fact, hint=f"use {max(gt_size // dataset.scale, 1) * dataset.scale}")
    if not rows:
        raise UsageError(
            str(dataset.folder), "no pictures to train on", hint="add sources, or lower prepare.validation"
        )
    small = [row for row in rows if min(row.width, row.height) < gt_size]
    if small:
        shown = ", ".join(f"{row.name} ({row.file}, {row.width}×{row.height})" for row in small[:SHOWN])
        more = f" and {len(small) - SHOWN} more" if len(small) > SHOWN else ""
        least = min(min(row.width, row.height) for row in small) // dataset.scale * dataset.scale
        fact = f"crops of {gt_size} pixels do not fit into {shown}{more}"
        hint = f"set gt_size to {least} or less in the profile, or prepare.checks.smallest_side to {gt_size}"
        raise UsageError("gt_size", fact, where=dataset.folder, hint=hint)

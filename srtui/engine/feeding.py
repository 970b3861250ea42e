"""Batches on the way to the device: the next one travels while the network works on this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srtui.data.stream import Batch, SampleStream

Floats = NDArray[np.float32]
AHEAD = 4
"""Updates that a GPU is given beyond the one that it does: CUDA graphs let the host run dozens ahead, each with a batch
in pinned memory and on the GPU, and a GPU with four to do is not idle."""


class Feed(Protocol):
    """Gives batches that lie on the device, channels last."""

    @property
    def variations(self) -> int:
        """Distinct degradations that were seen so far."""

    def take(self) -> tuple[Tensor, Tensor]:
        """Next (lq_bchw, gt_bchw)."""

    def prepare(self) -> None:
        """Let the batch after this one travel; call it when the work on this one is on its way."""

    def waited(self) -> float:
        """Seconds, so far, in which the device had nothing to do because no batch was there."""


@contextmanager
def feed(samples: SampleStream, device: torch.device) -> Iterator[Feed]:
    """Batches of ``samples`` for ``device``; the stream is closed in the end."""
    fed = GpuFeed(samples, device) if device.type == "cuda" else CpuFeed(samples)
    try:
        yield fed
    finally:
        fed.close()


class CpuFeed:
    """Where the device is the CPU, batches are there as soon as they are cut."""

    def __init__(self, samples: SampleStream) -> None:
        self._samples = samples

    @property
    def variations(self) -> int:
        """Distinct degradations that were seen so far."""
        return self._samples.variations

    def take(self) -> tuple[Tensor, Tensor]:
        """Next batch."""
        batch = next(self._samples)
        lq_bchw, gt_bchw = (torch.from_numpy(array) for array in (batch.lq_bchw, batch.gt_bchw))
        return _channels_last(lq_bchw), _channels_last(gt_bchw)

    def prepare(self) -> None:
        """Nothing: the stream's threads cut ahead."""

    def waited(self) -> float:
        """Seconds that this thread, which computes too, waited for the stream."""
        return self._samples.wait_seconds

    def close(self) -> None:
        """End the stream."""
        self._samples.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Travelling:
    batch: Batch
    """Pinned memory; whoever drops it lets it be filled again, and the two tensors' memory with it."""
    lq_bchw: Tensor
    gt_bchw: Tensor
    arrived: torch.cuda.Event
    waited: float
    """Seconds until it was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """Between two updates on the GPU's clock, and what the host waited for data meanwhile."""

    before: torch.cuda.Event
    after: torch.cuda.Event
    waited: float


class GpuFeed:
    """Copies on a stream of their own, from pinned memory, one batch ahead.

    Notes
    -----
    The host runs ahead of a GPU, so that it waits for samples while the GPU is busy: that is no loss. What counts is
    how long the GPU lay idle between two updates (events on its own clock), and at most the host's wait in between.
    """

    def __init__(self, samples: SampleStream, device: torch.device) -> None:
        self._samples = samples
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call] # torch's annotations leave it out
        self._next: _Travelling | None = None
        self._leaving = deque[tuple[_Travelling, torch.cuda.Event]]()
        self._ended: torch.cuda.Event | None = None
        self._gaps = deque[_Gap]()
        self._waited = 0.0

    @property
    def variations(self) -> int:
        """Distinct degradations that were seen so far, up to the batch that travels."""
        return self._samples.variations

    def take(self) -> tuple[Tensor, Tensor]:
        """Next batch; the GPU waits until it has arrived, the host does not."""
        now = self._next or self._send()
        self._next = None
        current = torch.cuda.current_stream(self._device)
        current.wait_event(now.arrived)
        if self._ended is not None:
            self._gaps.append(_Gap(before=self._ended, after=_now(current), waited=now.waited))
        lq_bchw, gt_bchw = (each.clone(memory_format=torch.channels_last) for each in (now.lq_bchw, now.gt_bchw))
        # Not by record_stream: a recording of CUDA graphs that fails can leave torch unable to free what it marks.
        copied = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call] # torch's annotations leave it out
        current.record_event(copied)
        self._leaving.append((now, copied))
        return lq_bchw, gt_bchw

    def prepare(self) -> None:
        """Send the next batch; drop those that have arrived and been copied, and wait where they are too many."""
        current = torch.cuda.current_stream(self._device)
        self._ended = _now(current)
        while len(self._leaving) > AHEAD or (self._leaving and _has_come(self._leaving[0][1])):
            _, copied = self._leaving.popleft()
            copied.synchronize()
        self._next = self._send()

    def _send(self) -> _Travelling:
        before = self._samples.wait_seconds
        batch = next(self._samples)
        with torch.cuda.stream(self._stream):
            lq_bchw, gt_bchw = (
                torch.from_numpy(array).to(self._device, non_blocking=True) for array in (batch.lq_bchw, batch.gt_bchw)
            )
            arrived = self._stream.record_event()
        waited = self._samples.wait_seconds - before
        return _Travelling(batch=batch, lq_bchw=lq_bchw, gt_bchw=gt_bchw, arrived=arrived, waited=waited)

    def waited(self) -> float:
        """Seconds that the GPU lay idle for want of data; gaps that it has not come to yet count the next time."""
        while self._gaps and _has_come(self._gaps[0].after):
            gap = self._gaps.popleft()
            self._waited += min(gap.before.elapsed_time(gap.after) / 1000, gap.waited)
        return self._waited

    def close(self) -> None:
        """End the stream; what is still travelling arrives and is copied first, for its memory is given back."""
        torch.cuda.synchronize(self._device)
        self._samples.close()


def _now(stream: torch.cuda.Stream) -> torch.cuda.Event:
    event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call] # torch's annotations leave it out
    stream.record_event(event)
    return event


def _has_come(event: torch.cuda.Event) -> bool:
    """Whether the GPU has passed it; asking does not wait."""
    return bool(event.query())  # type: ignore[no-untyped-call] # torch's annotations leave it out


def pinned(shape: tuple[int, int, int, int]) -> Floats:
    """Memory that a GPU fetches while Python goes on."""
    array: Floats = torch.empty(shape, pin_memory=True).numpy()
    return array


def _channels_last(tensor_bchw: Tensor) -> Tensor:
    return tensor_bchw.contiguous(memory_format=torch.channels_last)

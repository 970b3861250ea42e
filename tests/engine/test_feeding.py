"""Batches on their way to the device."""

from __future__ import annotations

import weakref
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from srtui.data.datasets import open_dataset
from srtui.data.stream import Batch, SampleStream
from srtui.engine.feeding import AHEAD, GpuFeed, feed, pinned

CPU = torch.device("cpu")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


def stream(dataset: Path, device: torch.device) -> SampleStream:
    empty = pinned if device.type == "cuda" else None
    return SampleStream(open_dataset(dataset), seed=3, gt_size=32, batch=4, threads=1, empty=empty)


def assert_gives_the_streams_batches(dataset: Path, device: torch.device, batches: int) -> None:
    with feed(stream(dataset, device), device) as fed:
        given = []
        for _ in range(batches):
            lq_bchw, gt_bchw = fed.take()
            assert lq_bchw.is_contiguous(memory_format=torch.channels_last)
            assert gt_bchw.device.type == device.type
            given.append((lq_bchw.cpu().numpy().copy(), gt_bchw.cpu().numpy().copy()))
            fed.prepare()
        assert fed.waited() >= 0
        assert fed.variations >= 1
    plain = stream(dataset, CPU)
    for lq_bchw, gt_bchw in given:
        batch = next(plain)
        assert np.array_equal(batch.lq_bchw, lq_bchw)
        assert np.array_equal(batch.gt_bchw, gt_bchw)
    plain.close()


def test_batches_come_in_the_streams_order(training_dataset: Path) -> None:
    assert_gives_the_streams_batches(training_dataset, CPU, 5)


def test_on_a_cpu_waiting_is_what_the_stream_says(training_dataset: Path) -> None:
    samples = stream(training_dataset, CPU)
    with feed(samples, CPU) as fed:
        for _ in range(3):
            fed.take()
        assert fed.waited() == samples.wait_seconds > 0


class Event:
    """Of a GPU that has done nothing yet; who waits for it makes it go on."""

    def __init__(self, **_options: bool) -> None:
        self.come = False

    def query(self) -> bool:
        return self.come

    def synchronize(self) -> None:
        self.come = True


class Stream:
    """Of a GPU that is slow."""

    def __init__(self, _device: torch.device) -> None:
        self.events: list[Event] = []

    def record_event(self, event: Event | None = None) -> Event:
        self.events.append(event or Event())
        return self.events[-1]

    def wait_event(self, event: Event) -> None:
        assert isinstance(event, Event)


class Samples:
    """Batches, of which it remembers which are still held."""

    wait_seconds = 0.0

    def __init__(self) -> None:
        self.batches: list[weakref.ref[Any]] = []

    def __next__(self) -> Batch:
        lq_bchw, gt_bchw = (np.full((1, 3, side, side), len(self.batches), np.float32) for side in (2, 4))
        self.batches.append(weakref.ref(gt_bchw))
        return Batch(lq_bchw, gt_bchw)

    @property
    def held(self) -> list[int]:
        return [number for number, batch in enumerate(self.batches) if batch() is not None]

    def close(self) -> None:
        pass


@pytest.fixture
def slow_gpu(monkeypatch: pytest.MonkeyPatch) -> Stream:
    """The stream that computes, of a GPU that is not there; tensors lie on the CPU."""
    current = Stream(CPU)
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "stream", lambda _stream: nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _device: current)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _device: None)
    return current


def test_a_batch_is_held_until_the_gpu_has_copied_it(slow_gpu: Stream) -> None:
    samples = Samples()
    fed = GpuFeed(samples, CPU)  # type: ignore[arg-type] # a stand-in
    for number in range(3):
        lq_bchw, gt_bchw = fed.take()
        assert lq_bchw.is_contiguous(memory_format=torch.channels_last)
        assert (lq_bchw.unique().tolist(), gt_bchw.unique().tolist()) == ([number], [number])
        fed.prepare()
    assert samples.held == [0, 1, 2, 3]
    for event in slow_gpu.events[:-2]:  # all but the last copy, and what follows it
        event.come = True
    fed.take()
    fed.prepare()
    assert samples.held == [2, 3, 4]


def test_the_host_runs_only_some_batches_ahead_of_the_gpu(slow_gpu: Stream) -> None:
    samples = Samples()
    fed = GpuFeed(samples, CPU)  # type: ignore[arg-type] # a stand-in
    for _ in range(3 * AHEAD):
        fed.take()
        fed.prepare()
    assert len(samples.held) == AHEAD + 1  # and the one that travels


@needs_gpu
def test_pinned_memory_is_not_filled_again_before_its_copy_has_ended(training_dataset: Path) -> None:
    gpu = torch.device("cuda", 0)
    busy = torch.rand(4096, 4096, device=gpu)
    for _ in range(50):
        busy = busy @ busy / 4096  # the copies queue behind nothing, the work does
    assert_gives_the_streams_batches(training_dataset, gpu, 40)


@needs_gpu
def test_a_wait_while_the_gpu_is_busy_is_none(training_dataset: Path) -> None:
    gpu = torch.device("cuda", 0)
    heavy = torch.rand(8192, 8192, device=gpu)
    with feed(stream(training_dataset, gpu), gpu) as fed:
        for _ in range(5):
            fed.take()
            for _ in range(20):
                heavy = heavy @ heavy / 8192
            fed.prepare()
        torch.cuda.synchronize()
        assert fed.waited() < 0.05

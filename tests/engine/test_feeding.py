"""Batches on their way to the device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from srtui.data.datasets import open_dataset
from srtui.data.stream import SampleStream
from srtui.engine.feeding import feed, pinned

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

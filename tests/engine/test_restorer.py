"""The tile follows the memory: chosen from what is free, halved when the GPU says no."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from srtui.config.network import RRDB, Compact
from srtui.engine import networks, restorer
from srtui.engine.networks import SRNetwork
from srtui.engine.restorer import SMALLEST_TILE, Restorer
from srtui.errors import MachineError

GIGABYTE = 1 << 30


class Small(SRNetwork):
    """Leaves the picture as it is, in memory for so many pixels."""

    def __init__(self, room: int, full: type[RuntimeError] = torch.OutOfMemoryError, words: str = "") -> None:
        super().__init__(scale=1, radius=4, floats=3)
        self.weight = nn.Parameter(torch.ones(1))
        self.room = room
        self.full = full(words or "CUDA out of memory")
        self.windows: list[tuple[int, int]] = []

    def forward(self, lq_bchw: Tensor) -> Tensor:
        height, width = lq_bchw.shape[-2:]
        if height * width > self.room:
            raise self.full
        self.windows.append((height, width))
        return lq_bchw * self.weight


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_tile_that_does_not_fit_is_halved_and_the_next_picture_begins_with_what_fitted() -> None:
    notes: list[str] = []
    net = Small(room=60 * 60)
    restore = Restorer(net, note=notes.append)
    lq_hwc = picture(120, 150)
    assert np.array_equal(restore(lq_hwc), lq_hwc)
    assert notes == [
        "GPU memory: a tile of 150 pixels did not fit, going on with 75",
        "GPU memory: a tile of 75 pixels did not fit, going on with 37",
    ]
    assert np.array_equal(restore(lq_hwc), lq_hwc)
    assert len(notes) == 2


def test_without_room_for_the_smallest_tile_it_is_an_error() -> None:
    with pytest.raises(MachineError, match=f"tile of {SMALLEST_TILE} pixels does not fit"):
        Restorer(Small(room=100))(picture(200, 200))


def test_the_tile_asked_for_is_taken() -> None:
    net = Small(room=10**9)
    Restorer(net, tile=50)(picture(100, 100))
    assert net.windows == [(54, 54)] * 4


def test_a_picture_that_fits_in_the_free_memory_is_restored_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restorer, "_free_memory", lambda device: 4 * GIGABYTE)
    assert Restorer(networks.build(Compact(), 2)).automatic_tile(288, 360) == 360


@pytest.mark.parametrize("free", [GIGABYTE // 4, GIGABYTE, 3 * GIGABYTE])
def test_the_window_of_an_automatic_tile_fits_in_the_free_memory(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(restorer, "_free_memory", lambda device: free)
    net = networks.build(RRDB(blocks=4), 4)
    tile = Restorer(net).automatic_tile(2000, 3000)
    assert SMALLEST_TILE <= tile < 2000
    assert (tile + 2 * net.overlap) ** 2 * net.floats * 4 < free


def test_a_window_holds_no_more_numbers_than_cudnn_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restorer, "_free_memory", lambda device: 140 * GIGABYTE)
    monkeypatch.setitem(restorer._WIDEST, "cpu", 2048)
    net = networks.build(RRDB(), 4)
    tile = Restorer(net).automatic_tile(2000, 3000)
    widest = 64 * (net.scale * (tile + 2 * net.overlap)) ** 2  # of the two layers at the result's size
    assert 2**30 < widest < 2**31


def test_next_to_no_memory_still_gives_a_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restorer, "_free_memory", lambda device: 1000)
    assert Restorer(networks.build(Compact(), 2)).automatic_tile(600, 600) == SMALLEST_TILE


def test_a_read_only_picture_is_welcome() -> None:
    lq_hwc = picture(20, 20)
    lq_hwc.flags.writeable = False
    assert np.array_equal(Restorer(Small(room=1000))(lq_hwc), lq_hwc)


def test_what_cuda_graphs_hold_is_not_counted_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    def segment(device: int, pool: tuple[int, int], total: int, allocated: int) -> dict[str, object]:
        return {"device": device, "segment_pool_id": pool, "total_size": total, "allocated_size": allocated}

    held = [segment(1, (0, 0), 100, 30), segment(1, (0, 7), 1000, 10), segment(0, (0, 0), 5000, 0)]
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (400, 2000))
    monkeypatch.setattr(torch.cuda, "memory_snapshot", lambda: held)
    assert restorer._free_memory(torch.device("cuda", 1)) == 400 + 70


def test_convolutions_for_which_no_workspace_is_left_halve_the_tile() -> None:
    net = Small(40 * 40, RuntimeError, "GET was unable to find an engine to execute this computation")
    notes: list[str] = []
    lq_hwc = picture(60, 60)
    assert np.array_equal(Restorer(net, note=notes.append)(lq_hwc), lq_hwc)
    assert len(notes) == 1


def test_an_error_that_is_not_about_memory_is_not_tried_again() -> None:
    net = Small(40 * 40, RuntimeError, "CUDA error: an illegal memory access was encountered")
    with pytest.raises(RuntimeError, match="illegal"):
        Restorer(net)(picture(60, 60))

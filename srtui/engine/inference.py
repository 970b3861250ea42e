"""
Restoring pictures of any size tile by tile, as if they had been restored whole.

A tile is computed inside a window that is larger by the network's overlap on every side; where the picture ends the
window ends too, so that the network meets the same border as it would untiled. With an overlap of the whole receptive
radius the result differs only by the order of sums; with a measured one, by at most one level of 255.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srtui.engine.device import Arithmetic, autocast
from srtui.engine.networks import SRNetwork
from srtui.engine.networks.base import DEEPEST_WHOLE
from srtui.errors import SrtuiError

Progress = Callable[[int, int], None]
"""Called with the tiles done and the tiles in all."""


class Cut(NamedTuple):
    """A tile along one axis, in lq pixels: it fills ``first:last`` and is computed from ``begin:end``."""

    first: int
    last: int
    begin: int
    end: int


def cuts(length: int, tile: int, overlap: int, multiple: int = 1) -> list[Cut]:
    """Cut a side into equal tiles of at most ``tile`` pixels (at least ``multiple``); windows begin at multiples."""
    tile = max(tile // multiple, 1) * multiple
    step = -(-length // -(-length // tile))
    step = -(-step // multiple) * multiple
    context = -(-overlap // multiple) * multiple
    return [
        Cut(first, min(first + step, length), max(first - context, 0), min(first + step + context, length))
        for first in range(0, length, step)
    ]


@torch.inference_mode()
def restore_tiled(
    net: SRNetwork,
    lq_bchw: Tensor,
    *,
    tile: int,
    overlap: int | None = None,
    precision: Arithmetic = "fp32",
    progress: Progress | None = None,
) -> Tensor:
    """
    Restore pictures.

    Parameters
    ----------
    net
        In eval mode, on the device to compute on.
    lq_bchw
        uint8 RGB, (B, 3, H, W), on the CPU: only windows travel to the device.
    tile
        Side of a tile in lq pixels; a picture that fits in it is restored whole.
    overlap
        lq pixels of context on every side; by default the network's own.
    precision
        Arithmetic of the forward pass; what overflows in half precision is computed again in fp32.
    progress
        Called after each tile; what it raises ends the work.

    Returns
    -------
    uint8 RGB, (B, 3, scale·H, scale·W), on the CPU, channels last; rounded once.

    Raises
    ------
    SrtuiError
        If the network's result is not finite.
    RuntimeError
        If a window does not fit on the GPU.
    """
    scale, context = net.scale, net.overlap if overlap is None else overlap
    batch, _, height, width = lq_bchw.shape
    size = (batch, 3, height * scale, width * scale)
    restored_bchw = torch.empty(size, dtype=torch.uint8, memory_format=torch.channels_last)
    rows = cuts(height, tile, context, net.multiple)
    columns = cuts(width, tile, context, net.multiple)
    for done, (y, x) in enumerate(((y, x) for y in rows for x in columns), start=1):
        window_bchw = lq_bchw[..., y.begin : y.end, x.begin : x.end]
        result_bchw = _forward(net, window_bchw, precision)[..., _inner(y, scale), _inner(x, scale)]
        restored_bchw[..., _outer(y, scale), _outer(x, scale)] = _to_bytes(result_bchw)
        if progress:
            progress(done, len(rows) * len(columns))
    return restored_bchw


def _outer(cut: Cut, scale: int) -> slice:
    return slice(cut.first * scale, cut.last * scale)


def _inner(cut: Cut, scale: int) -> slice:
    return slice((cut.first - cut.begin) * scale, (cut.last - cut.begin) * scale)


def _forward(net: SRNetwork, lq_bchw: Tensor, precision: Arithmetic) -> Tensor:
    """Run the network on bytes; float32 on its device, finite, nominally in [0, 1]."""
    device = next(net.parameters()).device
    input_bchw = lq_bchw.to(device).float().div_(255).contiguous(memory_format=torch.channels_last)
    with autocast(device, precision), _as_in_every_run(precision):
        restored_bchw: Tensor = net(input_bchw).float()
    if torch.isfinite(restored_bchw).all():
        return restored_bchw
    if precision == "fp32":
        raise SrtuiError("network", "gives numbers that are not finite", hint="take an earlier checkpoint of it")
    return _forward(net, lq_bchw, "fp32")


@contextmanager
def _as_in_every_run(precision: Arithmetic) -> Iterator[None]:
    """Have cuDNN compute in a training's validation as in any other job.

    When fp32 is asked for, it must not cut that to TF32's 10 bits. And it must not try out which algorithm is quickest,
    as it does for crops: every size of a window is a new one, and each layer would be tried out for it.
    """
    cudnn = torch.backends.cudnn
    before = cudnn.allow_tf32, cudnn.benchmark
    cudnn.allow_tf32, cudnn.benchmark = before[0] and precision != "fp32", False
    try:
        yield
    finally:
        cudnn.allow_tf32, cudnn.benchmark = before


def _to_bytes(restored_bchw: Tensor) -> Tensor:
    return restored_bchw.clamp(0, 1).mul_(255).round_().to(torch.uint8).cpu()


_CONTEXTS = (4, 8, 12, 16, 20, 24, 32, 40, 48, 64)
_TOLERANCE = 0.25 / 255  # half of what can move a rounded value by a level: other pictures may be twice as unkind


@torch.inference_mode()
def measure_overlap(net: SRNetwork) -> int:
    """
    Find the smallest overlap at which tiles do not show.

    A receptive radius of hundreds of pixels is one on paper: trained weights look a dozen or two around. A picture of
    hard edges and noise is restored whole, and again without what lies beyond more and more context.

    Returns
    -------
    lq pixels: the receptive radius of a shallow network; else the first of a short list at which no value differs by
    more than a quarter of a level of 255, or the longest of the list.
    """
    if net.radius <= DEEPEST_WHOLE:
        return net.radius
    half = _aligned(80, net)
    whole = half + _aligned(96, net)
    picture = torch.from_numpy(unkind_picture(64 * net.coarse, -(-whole // 8) * 8)).permute(2, 0, 1)[None, ..., :whole]
    whole_bchw = _forward(net, picture, "fp32")[..., : half * net.scale].clamp(0, 1)

    def shows(context: int) -> bool:
        part_bchw = _forward(net, picture[..., : half + _aligned(context, net)], "fp32")
        return bool((part_bchw[..., : half * net.scale].clamp(0, 1) - whole_bchw).abs().max() > _TOLERANCE)

    low, high = 0, len(_CONTEXTS) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if shows(_CONTEXTS[middle]) else (low, middle)
    return min(_aligned(_CONTEXTS[low], net), net.radius)


def _aligned(length: int, net: SRNetwork) -> int:
    """So many pixels of the trunk in lq pixels, up to where a tile may begin."""
    return -(-length * net.coarse // net.multiple) * net.multiple


def unkind_picture(height: int, width: int) -> NDArray[np.uint8]:
    """
    Draw rectangles of all colours under noise, uint8 (height, width, 3); sides are multiples of 8.

    Tiles differed on it as much as on photographs, or more, with trained networks.
    """
    rng = np.random.default_rng(1)
    picture_hwc = np.full((height, width, 3), 128.0)
    for _ in range(height * width // 140):
        y, x, tall, wide = rng.integers((0, 0, 2, 2), (height, width, 24, 24))
        picture_hwc[y : y + tall, x : x + wide] = rng.uniform(0, 255, 3)
    strength = np.kron(rng.uniform(0, 25, (height // 8, width // 8)), np.ones((8, 8)))[..., None]
    picture_hwc += rng.normal(0, 1, picture_hwc.shape) * strength
    bytes_hwc: NDArray[np.uint8] = np.clip(picture_hwc, 0, 255).astype(np.uint8)
    return bytes_hwc

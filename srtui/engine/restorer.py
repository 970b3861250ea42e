"""Pictures through a network with whatever memory there is: chooses the tile, and takes a smaller one when it must."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from srtui.engine.device import Arithmetic, out_of_memory
from srtui.engine.inference import Progress, restore_tiled
from srtui.engine.networks import SRNetwork
from srtui.errors import MachineError

SMALLEST_TILE = 16
_SHARE = 0.6  # of the free memory; the rest is for cuDNN's workspaces and for what else runs here
_MOST = 2**32
"""Numbers alive at once: cuDNN takes tensors of fewer than 2³¹, and a layer's input and output are alive together."""
_COMMON = (0, 0)  # pool of torch's memory that is no graph's
_WIDEST = {"cpu": 512, "cuda": 2048}  # window sides beyond which nothing is gained, and pause and stop wait too long


class Restorer:
    """
    Restores one picture after another.

    Parameters
    ----------
    net
        In eval mode, on its device.
    overlap
        Context of a tile in lq pixels; by default the network's own.
    tile
        Side in lq pixels; 0 chooses it from the free memory, anew for each picture.
    precision
        Arithmetic of the forward pass.
    note
        Told, in words, when the GPU's memory did not suffice.
    """

    def __init__(
        self,
        net: SRNetwork,
        *,
        overlap: int | None = None,
        tile: int = 0,
        precision: Arithmetic = "fp32",
        note: Callable[[str], None] | None = None,
    ) -> None:
        self.net = net
        self.overlap = net.overlap if overlap is None else overlap
        self.precision = precision
        self._tile = tile
        self._ceiling = tile or max(_WIDEST.values())
        self._note = note or (lambda _text: None)

    def __call__(self, lq_hwc: NDArray[np.uint8], progress: Progress | None = None) -> NDArray[np.uint8]:
        """
        Restore an RGB picture, (H, W, 3) → (scale·H, scale·W, 3).

        Raises
        ------
        MachineError
            If not even tiles of `SMALLEST_TILE` pixels fit in the GPU's memory.
        """
        lq_bchw = torch.from_numpy(np.array(lq_hwc)).permute(2, 0, 1)[None]
        tile = min(self._tile or self.automatic_tile(*lq_hwc.shape[:2]), self._ceiling)
        while True:
            try:
                restored_bchw = restore_tiled(
                    self.net, lq_bchw, tile=tile, overlap=self.overlap, precision=self.precision, progress=progress
                )
                return restored_bchw[0].permute(1, 2, 0).numpy()
            except RuntimeError as error:  # outside this block it no longer holds on to the tensors that did not fit
                if not out_of_memory(error):
                    raise
            tile = self._ceiling = self._smaller(min(tile, max(lq_hwc.shape[:2])))

    def automatic_tile(self, height: int, width: int) -> int:
        """Largest tile whose window surely fits in the free memory; the whole picture if that does."""
        device = next(self.net.parameters()).device
        pixels = min(int(_SHARE * _free_memory(device)) // 4, _MOST) // self.net.floats
        if height * width <= min(pixels, _WIDEST[device.type] ** 2):
            return max(height, width)
        window = min(math.isqrt(pixels), _WIDEST[device.type])
        return max(window - 2 * self.overlap, SMALLEST_TILE)

    def _smaller(self, tile: int) -> int:
        if tile <= SMALLEST_TILE:
            hint = "end what else uses the GPU, or restore with --device cpu"
            raise MachineError("GPU memory", f"a tile of {tile} pixels does not fit", hint=hint)
        torch.cuda.empty_cache()
        smaller = max(tile // 2, SMALLEST_TILE)
        self._note(f"GPU memory: a tile of {tile} pixels did not fit, going on with {smaller}")
        return smaller


def _free_memory(device: torch.device) -> int:
    """Bytes that this process may still take, with what torch holds in reserve.

    CUDA graphs of a training hold their memory for themselves, whether something lies in it or not.
    """
    if device.type == "cpu":
        return int(psutil.virtual_memory().available)
    free, _ = torch.cuda.mem_get_info(device)
    segments = torch.cuda.memory_snapshot()  # type: ignore[no-untyped-call] # torch's annotations leave it out
    mine = [each for each in segments if each["device"] == device.index]
    common = [each for each in mine if tuple(each.get("segment_pool_id", _COMMON)) == _COMMON]
    return int(free + sum(each["total_size"] - each["allocated_size"] for each in common))

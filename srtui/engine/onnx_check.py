"""Whether an ONNX file gives the same pictures as torch, and whether half precision can hold a network's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from srtui.engine.inference import unkind_picture
from srtui.engine.networks import SRNetwork
from srtui.errors import CheckFailedError, SrtuiError

SIZES = ((1, 48, 64), (2, 35, 29))
"""Batch, height and width that are checked; the second fits no multiple."""
TOLERANCE = {False: 1e-4, True: 1 / 255}
"""
Largest difference from torch's float32, as a share of the largest value (at least 1), without and with half precision.

In float32 only the order of sums differs: up to 9e-7 was seen (Compact 64/16, MSRResNet 64/16, RRDBNet 64/23, with
weights that keep a signal's size). A fortieth of a level of 255 is far above that, and far below what could be seen.
In half precision up to 1.2e-3 was seen (RRDBNet 64/23); a whole level is what nobody should exceed, for then results
would differ by more than their rounding.
"""


def compare(net: SRNetwork, content: bytes, *, half: bool) -> dict[str, float]:
    """
    Run an ONNX file by ONNX Runtime on a CPU, beside the network.

    Returns
    -------
    Largest difference by size (batch×width×height), each as a share of the largest value.

    Raises
    ------
    CheckFailedError
        If one is beyond `TOLERANCE`, or the file cannot be run.
    """
    runtime = _Runtime(content)
    found = {}
    for batch, height, width in SIZES:
        size = f"{batch}×{width}×{height}"
        lq_bchw = _pictures(batch, height, width)
        lq_bchw = lq_bchw.half().float() if half else lq_bchw
        with torch.no_grad():
            expected_bchw = net(lq_bchw).numpy()
        result_bchw = runtime(lq_bchw.numpy().astype(np.float16 if half else np.float32), size)
        if result_bchw.shape != expected_bchw.shape:
            raise _wrong(f"at {size} gives {result_bchw.shape}, torch {expected_bchw.shape}")
        peak = max(1.0, float(np.abs(expected_bchw).max()))
        found[size] = float(np.abs(result_bchw.astype(np.float32) - expected_bchw).max()) / peak
        if not found[size] <= TOLERANCE[half]:
            fact = f"differs from torch by {found[size]:.2g}, at most {TOLERANCE[half]:.2g} is allowed"
            raise _wrong(f"at {size} {fact}")
    return found


class _Runtime:
    """ONNX Runtime on a CPU, whose errors are ours."""

    def __init__(self, content: bytes) -> None:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as state

        # Its exceptions have nothing in common but the module.
        self._errors: tuple[type[Exception], ...] = tuple(
            getattr(state, name)
            for name in ("Fail", "InvalidArgument", "InvalidGraph", "NotImplemented", "RuntimeException")
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4  # it shouts what its exceptions say
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except self._errors as error:
            raise _wrong(f"cannot be opened: {_first_line(error)}") from None

    def __call__(self, lq_bchw: NDArray[Any], size: str) -> NDArray[Any]:
        try:
            (result_bchw,) = self._session.run(None, {"input": lq_bchw})
        except self._errors as error:
            raise _wrong(f"cannot be run at {size}: {_first_line(error)}") from None
        found: NDArray[Any] = result_bchw
        return found


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]


def _wrong(fact: str) -> CheckFailedError:
    hint = "nothing was written: the sums of some networks depend on the picture's size; --as safetensors keeps them"
    return CheckFailedError("onnx", f"the file {fact}", hint=hint)


@torch.no_grad()
def assert_in_range(net: SRNetwork) -> None:
    """Refuse numbers inside the network that half precision would make infinite; on a CPU ONNX Runtime hides it."""
    largest: dict[str, float] = {}
    with _watched(net, largest):
        net(_pictures(*SIZES[0]))
    name, value = max(largest.items(), key=lambda item: item[1])
    if value > float(np.finfo(np.float16).max):
        fact = f"{name or 'the result'} reaches {value:.3g}; half precision ends at 65504"
        raise SrtuiError("--fp16", fact, hint="export it without --fp16")


@contextmanager
def _watched(net: nn.Module, largest: dict[str, float]) -> Iterator[None]:
    def note(name: str) -> Any:
        def hook(_layer: nn.Module, _inputs: Any, result: Any) -> None:
            if isinstance(result, Tensor) and result.numel():
                largest[name] = float(result.abs().max())

        return hook

    hooks = [layer.register_forward_hook(note(name)) for name, layer in net.named_modules()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _pictures(batch: int, height: int, width: int) -> Tensor:
    """Pictures of hard edges and noise, float32 in [0, 1], (batch, 3, height, width)."""
    picture_hwc = unkind_picture(batch * 64, 64)
    parts = [picture_hwc[64 * part : 64 * part + height, :width] for part in range(batch)]
    return torch.from_numpy(np.stack(parts)).permute(0, 3, 1, 2).float().div(255).contiguous()

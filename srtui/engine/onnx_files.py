"""
ONNX files: one graph for pictures of any size, checked against torch before it is kept.

Made by torch's older exporter, which records one pass. It is the one that every torch from 2.4 on has and that takes
odd sizes of RRDBNet ×2 and ×1 (their padding depends on the size; torch.export ends at the ``if``); the newer one is
not in 2.4 and needs onnxscript. torch calls the older one legacy: should it go, this file is the place to change.
"""

from __future__ import annotations

import inspect
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

import srtui
from srtui.engine.inference import unkind_picture
from srtui.engine.models import LoadedModel
from srtui.engine.networks import SRNetwork
from srtui.engine.onnx_half import to_half
from srtui.errors import CheckFailedError, MachineError, SrtuiError
from srtui.files import write_whole
from srtui.project.cards import metadata_of

if TYPE_CHECKING:
    import onnx

OPSET = 17
"""The newest that chaiNNer offers, and old enough for TensorRT 8.6 and ONNX Runtime 1.12."""
SIZES = ((1, 48, 64), (2, 35, 29))
"""Batch, height and width that are checked; the second fits no multiple."""
_TRACED = (1, 3, 37, 43)  # odd, so that padding is part of the graph
TOLERANCE = {False: 1e-4, True: 1 / 255}
"""
Largest difference from torch's float32, as a share of the largest value (at least 1), without and with half precision.

In float32 only the order of sums differs: up to 2e-6 was seen (five networks, weights of a trained one's size). A
fortieth of a level of 255 is far above that and far below what could be seen. In half precision up to 1.3e-3 was seen;
a whole level is what nobody should exceed, for then results would differ by more than their rounding.
"""


class Phase(Protocol):
    """Says what comes next, and how many seconds of silence are normal in it."""

    def __call__(self, name: str, *, quiet: float = ...) -> None:
        """Begin a phase."""


def write_onnx(path: Path, model: LoadedModel, *, half: bool, phase: Phase) -> dict[str, Any]:
    """
    Write a network as ONNX.

    Input ``input`` (batch, 3, height, width) and output ``output``, RGB in 0 to 1, both float16 if ``half``.

    Returns
    -------
    ``opset``; ``smallest`` side of a picture in pixels; ``differences`` from torch by size; ``tolerance``.

    Raises
    ------
    MachineError
        If onnx or onnxruntime is missing.
    SrtuiError
        If torch cannot export the network, or its numbers are too large for half precision.
    CheckFailedError
        If the file gives other pictures than the network.
    """
    _need_packages()
    net = model.net
    net.fuse()
    net.to(memory_format=torch.contiguous_format)
    phase("exporting", quiet=900)
    graph = _traced(net)
    if half:
        _assert_in_range(net)
        to_half(graph)
    _describe(graph, model, half=half)
    content = graph.SerializeToString(deterministic=True)
    phase("checking", quiet=900)
    differences = _compare(net, content, half=half)
    write_whole(path, content)
    return {
        "opset": OPSET,
        "smallest": _smallest(net),
        "differences": differences,
        "tolerance": TOLERANCE[half],
    }


def _need_packages() -> None:
    try:
        import onnx  # noqa: F401 - asked whether it is there
        import onnxruntime  # noqa: F401 - the same
    except ImportError as error:
        raise MachineError("--as onnx", f"{error.name} is not installed", hint="pip install 'srtui[onnx]'") from None


def _traced(net: SRNetwork) -> onnx.ModelProto:
    import onnx

    axes = {"input": {0: "batch", 2: "height", 3: "width"}, "output": {0: "batch", 2: "height_out", 3: "width_out"}}
    buffer = io.BytesIO()
    options: dict[str, Any] = {"f": buffer, "opset_version": OPSET, "dynamic_axes": axes}
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:  # 2.4 has only the older exporter
        options["dynamo"] = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is the older exporter, and that sizes become part of the graph
            torch.onnx.export(net, (torch.zeros(_TRACED),), input_names=["input"], output_names=["output"], **options)
    except RuntimeError as error:  # what torch.onnx.errors derive from; they append the whole graph
        fact = f"torch {torch.__version__} cannot export this network: {str(error).strip().splitlines()[0][:200]}"
        raise SrtuiError("onnx", fact, hint="--as safetensors keeps it as it is") from None
    return onnx.load_model_from_string(buffer.getvalue())


def _describe(graph: onnx.ModelProto, model: LoadedModel, *, half: bool) -> None:
    """Say inside the file what programs need to know, and the whole recipe."""
    graph.producer_name, graph.producer_version = "srtui", srtui.__version__
    graph.doc_string = f"{model.description}: RGB in 0 to 1, (batch, 3, height, width)"
    facts = {
        "scale": model.scale,
        "overlap": model.overlap,
        "smallest": _smallest(model.net),
        "color_order": "RGB",
        "range": "0..1",
        "layout": "NCHW",
        "numbers": "float16" if half else "float32",
        **metadata_of(model.card),
    }
    for name, value in facts.items():
        graph.metadata_props.add(key=name, value=str(value))


def _smallest(net: SRNetwork) -> int:
    """Side of the smallest picture: reflection at the border needs more pixels than it adds."""
    return net.multiple // 2 + 1


@contextmanager
def _watched(net: nn.Module, largest: dict[str, float]) -> Iterator[None]:
    def note(name: str) -> Any:
        def hook(_layer: nn.Module, _inputs: Any, result: Any) -> None:
            if isinstance(result, Tensor):
                largest[name] = float(result.abs().max())

        return hook

    hooks = [layer.register_forward_hook(note(name)) for name, layer in net.named_modules()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def _assert_in_range(net: SRNetwork) -> None:
    """Refuse numbers inside the network that half precision would make infinite; on a CPU ONNX Runtime hides it."""
    largest: dict[str, float] = {}
    with _watched(net, largest):
        net(_pictures(*SIZES[0]))
    name, value = max(largest.items(), key=lambda item: item[1])
    if value > float(np.finfo(np.float16).max):
        fact = f"{name or 'the result'} reaches {value:.3g}; half precision ends at 65504"
        raise SrtuiError("--fp16", fact, hint="export it without --fp16")


def _compare(net: SRNetwork, content: bytes, *, half: bool) -> dict[str, float]:
    """Differences between the file and torch, by size; each a share of the largest value."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors: they come as exceptions, with more to say
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    found = {}
    for batch, height, width in SIZES:
        lq_bchw = _pictures(batch, height, width)
        lq_bchw = lq_bchw.half().float() if half else lq_bchw
        with torch.no_grad():
            expected_bchw = net(lq_bchw).numpy()
        given = lq_bchw.numpy().astype(np.float16 if half else np.float32)
        (result_bchw,) = session.run(None, {"input": given})
        size = f"{batch}×{width}×{height}"
        if result_bchw.shape != expected_bchw.shape:
            raise _wrong(size, f"gives {result_bchw.shape}, torch {expected_bchw.shape}")
        peak = max(1.0, float(np.abs(expected_bchw).max()))
        found[size] = float(np.abs(result_bchw.astype(np.float32) - expected_bchw).max()) / peak
        if not found[size] <= TOLERANCE[half]:
            raise _wrong(size, f"differs from torch by {found[size]:.2g}, at most {TOLERANCE[half]:.2g} is allowed")
    return found


def _wrong(size: str, fact: str) -> CheckFailedError:
    hint = "nothing was written; --as safetensors keeps the network as it is"
    return CheckFailedError("onnx", f"at {size} the file {fact}", hint=hint)


def _pictures(batch: int, height: int, width: int) -> Tensor:
    """Pictures of hard edges and noise, float32 in [0, 1], (batch, 3, height, width)."""
    picture_hwc = unkind_picture(batch * 64, 64)
    parts = [picture_hwc[64 * part : 64 * part + height, :width] for part in range(batch)]
    return torch.from_numpy(np.stack(parts)).permute(0, 3, 1, 2).float().div(255).contiguous()

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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch

import srtui
from srtui.engine.models import LoadedModel
from srtui.engine.networks import SRNetwork
from srtui.engine.onnx_check import TOLERANCE, assert_in_range, compare
from srtui.engine.onnx_half import to_half
from srtui.errors import MachineError, SrtuiError
from srtui.files import write_whole
from srtui.project.cards import metadata_of

if TYPE_CHECKING:
    import onnx

OPSET = 17
"""The newest that chaiNNer offers, and old enough for TensorRT 8.6 and ONNX Runtime 1.12."""
_TRACED = (1, 3, 37, 43)  # odd, so that padding is part of the graph


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
        assert_in_range(net)
        to_half(graph)
    _describe(graph, model, half=half)
    content = graph.SerializeToString(deterministic=True)
    phase("checking", quiet=900)
    differences = compare(net, content, half=half)
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

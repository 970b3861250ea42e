"""Half precision for ONNX graphs; torch would record one itself, but in minutes on a CPU (6 blocks of RRDB: 132 s)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx


def to_half(model: onnx.ModelProto) -> None:
    """Turn all float32 numbers of a graph into float16, input and output too; factors of enlargements stay float32."""
    from onnx import TensorProto

    graph = model.graph
    kept = {name for node in graph.node if node.op_type == "Resize" for name in node.input[1:3]}
    for tensor in graph.initializer:
        if tensor.name not in kept:
            _narrow(tensor)
    for node in graph.node:
        if node.output[0] in kept:
            continue
        for attribute in node.attribute:
            if attribute.HasField("t"):
                _narrow(attribute.t)
            elif node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
    _retype(graph.input)
    _retype(graph.output)
    _retype(graph.value_info)


def _narrow(tensor: onnx.TensorProto) -> None:
    from onnx import TensorProto, numpy_helper

    if tensor.data_type == TensorProto.FLOAT:
        values = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _retype(values: Iterable[onnx.ValueInfoProto]) -> None:
    from onnx import TensorProto

    for value in values:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.FLOAT16

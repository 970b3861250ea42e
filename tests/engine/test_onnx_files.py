"""ONNX files give the same pictures as torch, at any size, or are not written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from srtui.config.network import RRDB, Compact, Network, Spandrel
from srtui.engine import models, networks, onnx_check, onnx_files
from srtui.engine.models import load_model, save_model
from srtui.errors import CheckFailedError, MachineError, SrtuiError
from srtui.project.cards import ModelCard
from tests.engine.exchanging import SMALL, convert, result, saved, trained

onnx = pytest.importorskip("onnx", reason="onnx is not installed (pip install 'srtui[onnx]')")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (pip install 'srtui[onnx]')")

CASES = [(options, scale) for options in SMALL for scale in (2, 4)] + [(SMALL[2], 1), (SMALL[1], 3)]


@pytest.fixture(autouse=True)
def _small_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "measure_overlap", lambda net: 5)  # seconds for RRDBNet ×1 and ×2
    monkeypatch.setattr(onnx_check, "SIZES", ((1, 16, 24), (2, 13, 11)))


def session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # sizes that it must refuse are shouted about
    return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(("options", "scale"), CASES, ids=[f"{options.type}-x{scale}" for options, scale in CASES])
def test_pictures_of_any_size_come_out_as_from_torch(tmp_path: Path, options: Network, scale: int) -> None:
    ours, there = tmp_path / "сеть.safetensors", tmp_path / "сеть.onnx"
    net = saved(ours, options, scale)
    found = result(convert(ours, there, "onnx"))
    assert found["opset"] == 17
    assert list(found["differences"]) == ["1×24×16", "2×11×13"]
    assert max(found["differences"].values()) <= 1e-5
    run, smallest = session(there), found["smallest"]
    for size in ((1, 3, 8, 8), (2, 3, 9, 7), (1, 3, smallest, smallest), (3, 3, smallest, 20)):
        lq_bchw = torch.rand(size, generator=torch.Generator().manual_seed(1))
        (restored_bchw,) = run.run(None, {"input": lq_bchw.numpy()})
        expected_bchw = net(lq_bchw).numpy()
        assert restored_bchw.shape == expected_bchw.shape == (size[0], 3, scale * size[2], scale * size[3])
        assert np.abs(restored_bchw - expected_bchw).max() <= 1e-5 * max(1, np.abs(expected_bchw).max())


@pytest.mark.parametrize("options", SMALL, ids=[options.type for options in SMALL])
def test_half_precision_is_half_throughout(tmp_path: Path, options: Network) -> None:
    ours, whole, half = (tmp_path / name for name in ("a.safetensors", "a.onnx", "half.onnx"))
    save_wide = options if not isinstance(options, Compact) else Compact(features=48, convs=4)
    saved(ours, save_wide, 2)
    convert(ours, whole, "onnx")
    found = result(convert(ours, half, "onnx", half=True))
    assert max(found["differences"].values()) <= 1 / 255
    run = session(half)
    assert {each.type for each in (*run.get_inputs(), *run.get_outputs())} == {"tensor(float16)"}
    graph = onnx.load(half).graph
    assert not [each.name for each in graph.initializer if each.data_type == onnx.TensorProto.FLOAT]
    if isinstance(options, Compact):  # of the smallest ones, most of the file is no weights
        assert half.stat().st_size < 0.6 * whole.stat().st_size


def test_the_file_says_what_programs_need_to_know(tmp_path: Path) -> None:
    ours, there = tmp_path / "a.safetensors", tmp_path / "a.onnx"
    card = ModelCard(network=SMALL[2], scale=2, overlap=12, recipe={"seed": 5})
    save_model(ours, trained(SMALL[2], 2).state_dict(), card)
    convert(ours, there, "onnx")
    model = onnx.load(there)
    onnx.checker.check_model(model, full_check=True)
    facts = {each.key: each.value for each in model.metadata_props}
    assert json.loads(facts.pop("srtui"))["recipe"] == {"seed": 5}
    assert facts == {
        "scale": "2",
        "overlap": "12",
        "smallest": "2",
        "color_order": "RGB",
        "range": "0..1",
        "layout": "NCHW",
        "numbers": "float32",
    }
    assert [each.version for each in model.opset_import] == [17]
    assert "conv_first.weight" in {each.name for each in model.graph.initializer}
    dims = [[dim.dim_param or dim.dim_value for dim in each.type.tensor_type.shape.dim] for each in model.graph.input]
    assert dims == [["batch", 3, "height", "width"]]


def test_equal_networks_are_equal_files(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors", SMALL[4], 2)
    for name in ("one.onnx", "two.onnx"):
        convert(tmp_path / "a.safetensors", tmp_path / name, "onnx")
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


def test_spans_convolutions_are_fused(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors", SMALL[4], 2)
    convert(tmp_path / "a.safetensors", tmp_path / "a.onnx", "onnx")
    graph = onnx.load(tmp_path / "a.onnx").graph
    assert sum(node.op_type == "Conv" for node in graph.node) == 20 + 2  # 20 of them wide, conv_cat, upsampler
    assert not [each.name for each in graph.initializer if ".sk." in each.name or ".conv." in each.name]


@pytest.mark.parametrize("half", [False, True])
def test_a_file_that_differs_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: bool
) -> None:
    saved(tmp_path / "a.safetensors", SMALL[1], 2)
    traced = onnx_files._traced

    def falsified(net: Any) -> Any:
        graph = traced(net)
        tensor = next(each for each in graph.graph.initializer if each.name == "conv_last.bias")
        tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor) + np.float32(0.3), tensor.name))
        return graph

    monkeypatch.setattr(onnx_files, "_traced", falsified)
    with pytest.raises(CheckFailedError, match="the file at 1×24×16 differs from torch by 0"):
        convert(tmp_path / "a.safetensors", tmp_path / "a.onnx", "onnx", half=half)
    assert not list(tmp_path.glob("*.onnx*")) + list(tmp_path.glob("*.part"))


def test_a_graph_of_one_size_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What recording one pass does to a network whose sums depend on the size in Python."""
    saved(tmp_path / "a.safetensors", SMALL[1], 2)
    loaded = load_model(tmp_path / "a.safetensors")
    forward = loaded.net.forward
    loaded.net.forward = lambda lq_bchw: forward(lq_bchw) * (int(lq_bchw.shape[-1]) / 24)  # type: ignore[method-assign] # a network that ONNX writes otherwise
    with pytest.raises(CheckFailedError, match="differs from torch"):
        onnx_files.write_onnx(tmp_path / "a.onnx", loaded, half=False, phase=lambda name, quiet=0: None)
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.parametrize(("architecture", "fits"), [("RealPLKSR", True), ("DAT", False)])
def test_spandrels_networks_stand_the_check_or_are_refused(tmp_path: Path, architecture: str, fits: bool) -> None:
    pytest.importorskip("spandrel", reason="spandrel is not installed")
    settings: dict[str, Any] = {"dim": 16, "n_blocks": 1, "kernel_size": 5, "split_ratio": 0.25}
    if not fits:
        settings = {"embed_dim": 24, "split_size": (4, 8), "depth": (2,), "num_heads": (2,), "expansion_factor": 2.0}
    options = Spandrel(architecture=architecture, options=settings)
    torch.manual_seed(1)
    net = networks.build(options, 2).eval()
    save_model(tmp_path / "a.safetensors", net.state_dict(), ModelCard(network=options, scale=2, overlap=5))
    if fits:
        for half in (False, True):
            convert(tmp_path / "a.safetensors", tmp_path / "a.onnx", "onnx", half=half, overwrite=True)
    else:
        with pytest.raises(CheckFailedError, match=r"cannot be run at \d|at 2×11×13 differs"):
            convert(tmp_path / "a.safetensors", tmp_path / "a.onnx", "onnx")
        assert not (tmp_path / "a.onnx").exists()


def test_what_torch_cannot_export_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "a.safetensors", SMALL[1], 2)
    loaded = load_model(tmp_path / "a.safetensors")
    loaded.net.forward = lambda lq_bchw: torch.linalg.inv(lq_bchw @ lq_bchw.mT)  # type: ignore[method-assign] # a network that ONNX cannot write
    with pytest.raises(SrtuiError, match=r"torch \S+ cannot export this network") as caught:
        onnx_files.write_onnx(tmp_path / "a.onnx", loaded, half=False, phase=lambda name, quiet=0: None)
    assert len(caught.value.fact) < 300


def test_numbers_beyond_half_precision_are_named(tmp_path: Path) -> None:
    options = RRDB(features=8, blocks=1, growth=4)
    net = trained(options, 4)
    net.get_parameter("conv_body.weight").data *= 1e6
    net.get_parameter("conv_last.weight").data *= 1e-6
    save_model(tmp_path / "a.safetensors", net.state_dict(), ModelCard(network=options, scale=4, overlap=5))
    with pytest.raises(SrtuiError, match=r"conv_\w+ reaches .*; half precision ends at 65504"):
        convert(tmp_path / "a.safetensors", tmp_path / "a.onnx", "onnx", half=True)
    convert(tmp_path / "a.safetensors", tmp_path / "a.onnx", "onnx")


def test_without_onnx_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    saved(tmp_path / "a.safetensors", SMALL[0], 2)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MachineError, match="onnxruntime is not installed") as caught:
        convert(tmp_path / "a.safetensors", tmp_path / "a.onnx", "onnx")
    assert caught.value.hint == "pip install 'srtui[onnx]'"

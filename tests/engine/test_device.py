"""Where torch computes: what is asked for is what is used, or an error says why not."""

import os
import warnings

import pytest
import torch

from srtui.engine import device as places
from srtui.engine.device import autocast, choose_precision, memory_explained, pick_device, same_order, use_threads
from srtui.errors import MachineError, UsageError

GPU = torch.device("cuda", 0)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    def make(gpus: int, capability: tuple[int, int] = (8, 0)) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Some GPU")
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
        monkeypatch.setattr(places, "_proved", lambda device: device)

    return make


def test_auto_takes_the_first_gpu_and_else_the_cpu(machine) -> None:
    machine(0)
    assert pick_device("auto") == torch.device("cpu")
    machine(2)
    assert pick_device("auto") == GPU
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("cuda") == GPU
    assert pick_device("cuda:1") == torch.device("cuda", 1)


@pytest.mark.parametrize("asked", ["gpu", "cuda:", "cuda:-1", "cuda:one", "auto:1", "", "mps"])
def test_what_is_no_device_is_a_usage_error(machine, asked: str) -> None:
    machine(2)
    with pytest.raises(UsageError, match="not a device"):
        pick_device(asked)


def test_a_gpu_that_is_not_there_is_an_error_that_counts(machine) -> None:
    machine(2)
    with pytest.raises(MachineError, match="2 GPUs, cuda:0 to cuda:1"):
        pick_device("cuda:2")
    machine(0)
    with pytest.raises(MachineError, match="0 GPUs"):
        pick_device("cuda")


def test_the_gpu_that_is_asked_for_becomes_the_current_one(machine, monkeypatch: pytest.MonkeyPatch) -> None:
    proved, current, ones = places._proved, list[torch.device](), torch.ones(2)
    machine(2)
    monkeypatch.setattr(places, "_proved", proved)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(torch, "ones", lambda *_size, device: ones)
    assert pick_device("cuda:1") == torch.device("cuda", 1)
    assert current == [torch.device("cuda", 1)]
    pick_device("cpu")
    assert len(current) == 1


def test_a_gpu_that_cannot_compute_is_an_error_even_for_auto(machine, monkeypatch: pytest.MonkeyPatch) -> None:
    proved = places._proved
    machine(1)
    monkeypatch.setattr(places, "_proved", proved)
    monkeypatch.setattr(torch.cuda, "set_device", lambda _device: None)

    def fail(*_args: object, **_kw: object) -> None:
        raise RuntimeError("no kernel image is available for execution on the device\nmore")

    monkeypatch.setattr(torch, "ones", fail)
    with pytest.raises(MachineError, match="no kernel image is available") as caught:
        pick_device("auto")
    assert "more" not in caught.value.fact


@pytest.mark.parametrize(
    ("capability", "chosen"), [((9, 0), "bf16"), ((8, 0), "bf16"), ((7, 5), "fp16"), ((7, 0), "fp16"), ((6, 1), "fp32")]
)
def test_auto_precision_follows_the_capability(machine, capability: tuple[int, int], chosen: str) -> None:
    machine(1, capability)
    assert choose_precision("auto", GPU) == chosen


def test_bf16_on_an_old_gpu_is_refused_with_its_capability(machine) -> None:
    machine(1, (7, 5))
    with pytest.raises(MachineError, match=r"this GPU has 7\.5"):
        choose_precision("bf16", GPU)
    assert choose_precision("fp16", GPU) == "fp16"


def test_precision_on_the_cpu_follows_its_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(places, "_cpu_flags", lambda: frozenset({"avx2"}))
    assert choose_precision("auto", cpu) == "fp32"
    assert choose_precision("bf16", cpu) == "bf16"
    monkeypatch.setattr(places, "_cpu_flags", lambda: frozenset({"avx512_bf16"}))
    assert choose_precision("auto", cpu) == "bf16"
    with pytest.raises(MachineError, match="half precision"):
        choose_precision("fp16", cpu)


def test_autocast_changes_convolutions_only_when_asked() -> None:
    layer, x_bchw = torch.nn.Conv2d(1, 1, 3), torch.rand(1, 1, 8, 8)
    with autocast(torch.device("cpu"), "bf16"):
        assert layer(x_bchw).dtype == torch.bfloat16
    with autocast(torch.device("cpu"), "fp32"):
        assert layer(x_bchw).dtype == torch.float32


def test_threads_are_those_asked_for() -> None:
    before = torch.get_num_threads()
    try:
        assert use_threads(1) == torch.get_num_threads() == 1
        assert use_threads(0) == torch.get_num_threads() >= 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nlong advice"),
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        RuntimeError("FIND was unable to find an engine to execute this computation"),
    ],
)
def test_a_full_gpu_is_told_in_one_line_however_its_libraries_say_it(error: RuntimeError) -> None:
    with (
        pytest.raises(MachineError, match=r"choose a smaller network, batch or gt_size") as caught,
        memory_explained(GPU),
    ):
        raise error
    assert caught.value.fact == str(error).partition("\n")[0]


def test_other_errors_of_a_gpu_are_not_taken_for_want_of_memory() -> None:
    with pytest.raises(RuntimeError, match="illegal memory access"), memory_explained(GPU):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


def test_a_gpu_that_is_to_add_up_in_the_same_order_says_what_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    said, others = list[str](), list[str]()
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_, **__: others.append(str(message)))
    with same_order(True, torch.device("cuda", 0), said.append):
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
        for _ in range(2):
            torch.zeros(3).put_(torch.tensor([0, 0]), torch.ones(2))  # in which order is nobody's to say
        warnings.simplefilter("always")
        warnings.warn("something else", stacklevel=1)
    assert said == ["put_ has no deterministic way on this GPU: a resumed run may differ in its last digits"]
    assert others == ["something else"]
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(("wished", "device"), [(False, torch.device("cuda", 0)), (True, torch.device("cpu"))])
def test_nothing_changes_without_a_wish_or_on_a_cpu(wished: bool, device: torch.device) -> None:
    with same_order(wished, device, pytest.fail):
        assert not torch.are_deterministic_algorithms_enabled()

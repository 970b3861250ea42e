"""Compiling is tried, and given up with a word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from srtui.engine.compiling import Quickened, wanted

CPU = torch.device("cpu")


def quickened(compiling: Callable[[nn.Module], Callable[[Tensor], Tensor]], said: list[str]) -> Quickened:
    return Quickened(nn.Identity(), "on", CPU, alarm=said.append, compiling=compiling)


def test_what_was_compiled_is_called() -> None:
    said: list[str] = []
    net = quickened(lambda _net: lambda x: x + 1, said)
    assert net.compiled
    assert net(torch.zeros(1)).item() == 1
    assert not said


def test_a_compiler_that_fails_at_once_leaves_the_network_as_it_is() -> None:
    def fails(_net: nn.Module) -> Callable[[Tensor], Tensor]:
        raise RuntimeError("no Triton here\nand more lines")

    said: list[str] = []
    net = quickened(fails, said)
    assert not net.compiled
    assert net(torch.zeros(1)).item() == 0
    assert said == ["compiling the network failed, so it runs as it is: no Triton here"]


def test_a_compiler_that_fails_at_the_first_batch_is_asked_once() -> None:
    calls = []

    def broken(x: Tensor) -> Tensor:
        calls.append(x)
        raise NotImplementedError

    said: list[str] = []
    net = quickened(lambda _net: broken, said)
    assert [net(torch.full((1,), 3.0)).item() for _ in range(3)] == [3, 3, 3]
    assert len(calls) == 1
    assert said == ["compiling the network failed, so it runs as it is: NotImplementedError"]


def test_memory_that_runs_out_is_not_the_compilers_fault() -> None:
    def full(_x: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    said: list[str] = []
    net = quickened(lambda _net: full, said)
    with pytest.raises(torch.OutOfMemoryError):
        net(torch.zeros(1))
    assert net.compiled
    assert not said


def test_a_cpu_is_left_alone_unless_asked() -> None:
    assert [wanted(wish, CPU) for wish in ("auto", "on", "off")] == [False, True, False]
    never = Quickened(nn.Identity(), "auto", CPU, alarm=pytest.fail, compiling=pytest.fail)
    assert not never.compiled
    assert never(torch.ones(1)).item() == 1

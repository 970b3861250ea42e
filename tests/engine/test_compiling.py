"""Compiling is tried, and given up with a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from srtui.engine.compiling import Quickened, wanted
from tests.engine.training_cases import Training, assert_identical, small_profile, small_stage

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


def test_a_compiler_is_given_up_once() -> None:
    said: list[str] = []
    net = quickened(lambda _net: lambda x: x + 1, said)
    assert net.give_up(NotImplementedError())
    assert net(torch.full((1,), 3.0)).item() == 3
    assert not net.give_up(RuntimeError("the network's own"))
    assert said == ["compiling the network failed, so it runs as it is: NotImplementedError"]


class FailsBackward(torch.autograd.Function):
    """The identity; torch compiles what comes back when it is first needed."""

    @staticmethod
    def forward(_ctx: Any, restored_bchw: Tensor) -> Tensor:
        return restored_bchw.clone()

    @staticmethod
    def backward(_ctx: Any, _gradient_bchw: Tensor) -> Tensor:
        raise AssertionError("no kernel\nand more lines")


def fails_forward(_restored_bchw: Tensor) -> Tensor:
    raise AssertionError("no kernel\nand more lines")


@pytest.mark.parametrize("broken", [fails_forward, FailsBackward.apply])
def test_a_training_whose_compiler_fails_in_either_pass_goes_on_as_if_it_had_not_been_asked(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[Tensor], Tensor]
) -> None:
    plain = Training(tmp_path / "plain", training_dataset, small_profile(small_stage(4)))
    plain.run()
    monkeypatch.setattr(torch, "compile", lambda net, **_: lambda lq_bchw: broken(net(lq_bchw)))
    compiled = Training(tmp_path / "compiled", training_dataset, small_profile(small_stage(4), compile="on"))
    compiled.run()
    assert_identical(compiled.folder, plain.folder)
    (alarm,) = compiled.events("alarm")
    assert alarm["text"] == "compiling the network failed, so it runs as it is: no kernel"


def test_memory_that_runs_out_is_not_the_compilers_fault(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_(net: nn.Module, **_: object) -> Callable[[Tensor], Tensor]:
        def tight(lq_bchw: Tensor) -> Tensor:
            if len(lq_bchw) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")
            restored: Tensor = net(lq_bchw)
            return restored

        return tight

    monkeypatch.setattr(torch, "compile", compile_)
    training = Training(tmp_path, training_dataset, small_profile(small_stage(2), compile="on"))
    training.run()
    (alarm,) = training.events("alarm")
    assert alarm["text"].startswith("out of memory at iteration 1 (CUDA out of memory)")


def test_a_cpu_is_left_alone_unless_asked() -> None:
    assert [wanted(wish, CPU) for wish in ("auto", "on", "off")] == [False, True, False]
    never = Quickened(nn.Identity(), "auto", CPU, alarm=pytest.fail, compiling=pytest.fail)
    assert not never.compiled
    assert never(torch.ones(1)).item() == 1

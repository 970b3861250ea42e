"""The benchmark of training: its sides in processes of their own, its rows, its means."""

from __future__ import annotations

import math

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import training
from benchmarks.plain_loop import PlainLoop, as_published
from benchmarks.rows import Asked
from benchmarks.training import Measured
from benchmarks.training_cases import CASES, MERGED, SCALE, Case
from benchmarks.training_side import Side
from srtui.config.losses import Gan, Losses
from srtui.config.network import Compact, Span, SRResNet, Vgg
from srtui.config.optimization import Adam
from srtui.config.profile import Stage
from srtui.engine import networks
from srtui.engine.networks import SRNetwork
from srtui.engine.rehearsal import Rehearsal

CPU = torch.device("cpu")


def stage(**changes: object) -> Stage:
    return Stage(**{"iterations": 10, "batch": 2, "gt_size": 32, "optimizer": Adam(lr=1e-3), **changes})


def small(options: object) -> SRNetwork:
    torch.manual_seed(3)
    return networks.build(options, SCALE)


def noise() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, 3, 8, 8, generator=generator), torch.rand(2, 3, 32, 32, generator=generator)


@pytest.mark.parametrize("options", [Compact(features=8, convs=2), SRResNet(features=8, blocks=1), Span(features=8)])
def test_both_loops_train_the_same_network(options: object) -> None:
    lq_bchw, gt_bchw = noise()
    loop = PlainLoop(as_published(small(options)), stage(), CPU, ema=0.9)
    torch.manual_seed(3)
    ours = Rehearsal(options, stage(), SCALE, CPU, precision="fp32")
    ours._lq_bchw, ours._gt_bchw = lq_bchw, gt_bchw
    before = [weight.detach().clone() for weight in loop.net.parameters()]
    for _ in range(3):
        loop.update(lq_bchw, gt_bchw)
        loop._optimizer.param_groups[0]["lr"] = ours._work.rate(ours._done + 1)
        ours.update()
    moved = 0.0
    for first, plain, mine in zip(before, loop.net.parameters(), ours._work._net.parameters(), strict=True):
        moved = max(moved, float((plain - first).detach().abs().max()))
        torch.testing.assert_close(plain, mine, rtol=0, atol=3e-4)
    assert moved > 1e-3
    assert loop.log["l_g_pix"] > 0


def test_the_plain_loop_trains_a_discriminator_too() -> None:
    gan = Gan(weight=0.1, kind="relativistic", discriminator=Vgg(features=4))
    loop = PlainLoop(small(Compact(features=8, convs=1)), stage(gan=gan, losses=Losses(l1=0.01)), CPU)
    before = {name: weight.detach().clone() for name, weight in loop._discriminator.named_parameters()}
    loop.update(*noise())
    assert set(loop.log) == {"l_g_pix", "l_g_gan", "l_d_real", "l_d_fake", "out_d_real", "out_d_fake"}
    assert all(math.isfinite(value) for value in loop.log.values())
    assert any(not torch.equal(weight, before[name]) for name, weight in loop._discriminator.named_parameters())


def test_a_row_holds_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        training,
        "_interleaved",
        lambda sides, rounds: {side: Measured(2.0 if side.way == "ours" else 1.0, 0.5, 1e9, 1e10) for side in sides},
    )
    monkeypatch.setattr(training, "_arithmetics", lambda device: ("fp32", "bf16"))
    found = training.rows(Asked(device="cpu"))
    speed, memory = found[:2]
    assert (speed.name, speed.reference, speed.ours, speed.ratio) == ("MSRResNet, fp32", 1.0, 2.0, 2.0)
    assert (memory.name, memory.unit, memory.ratio) == ("MSRResNet, fp32, memory", "GiB", 1.0)
    assert "MSRResNet, fp32: 20 % of 0.01 TFLOP/s, which a matrix product reaches here" in speed.notes
    means = {row.name: (row.ratio, row.target) for row in found if row.unit == "×"}
    assert means["geometric mean, fp32"] == (pytest.approx(2.0), 1.3)
    assert means["geometric mean, bf16"] == (pytest.approx(2.0), 2.2)
    assert means["geometric mean, SPAN merged on both sides, fp32"] == (pytest.approx(2.0), None)
    assert not [row for row in training.rows(Asked(device="cpu", only="Compact*")) if row.unit == "×"]


def test_a_gpu_has_more_to_compare_with(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = {"plain": 1.0, "tuned": 2.0, "ours": 4.0, "graphs": 8.0}

    def measured(sides: list[Side], _rounds: int) -> dict[Side, Measured]:
        return {side: Measured(speeds[side.way], 0.5, 1e9, 1e10) for side in sides}

    monkeypatch.setattr(training, "_interleaved", measured)
    monkeypatch.setattr(training, "_arithmetics", lambda device: ("fp32", "bf16"))
    monkeypatch.setattr(training, "pick_device", lambda _name: torch.device("cuda", 0))
    found = training.rows(Asked(device="cuda"))
    of_compact = [row for row in found if row.name in {"Compact, bf16", "Compact, bf16, CUDA graphs"}]
    assert [(row.against, row.ratio, row.target) for row in of_compact] == [
        ("plain loop", 4.0, 1.0),
        ("plain loop, autocast, channels-last", 2.0, 1.0),
        ("srtui without them", 2.0, None),
    ]
    means = {(row.name, row.against): row.target for row in found if row.unit == "×"}
    assert means["geometric mean, bf16", "plain loop"] == 2.0
    assert means["geometric mean, bf16", "plain loop, autocast, channels-last"] == 1.3


def test_sides_run_in_turn_in_processes_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "ROUND", 0.01)
    monkeypatch.setattr(training, "WARM_UP", 1)
    side = Side(way="ours", case="Compact", device="cpu", precision="fp32", threads=1, flops=True, crops=(1, 32))
    (found,) = training._interleaved([side], 1).values()
    assert found.per_second > 0
    assert found.gib > 0
    assert 1e8 < found.flops < 1e10
    assert found.peak_flops > found.flops


def test_a_side_that_fails_ends_the_benchmark() -> None:
    side = Side(way="ours", case="nothing", device="cpu", precision="fp32", threads=1)
    with pytest.raises(SystemExit, match="a side of the benchmark ended with code 1"):
        training._interleaved([side], 1)


def test_every_case_fits_its_network() -> None:
    assert MERGED in CASES
    for case in CASES.values():
        assert isinstance(case, Case)
        for device in ("cpu", "cuda:0"):
            assert case.stage(device).gt_size % SCALE == 0


def test_a_row_that_there_is_not_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["training", "--device", "cpu", "--only", "nothing"]) == 2
    assert "no row of training is called 'nothing'" in capsys.readouterr().err

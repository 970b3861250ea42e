"""An update stays on the GPU: no tensor of the CPU gets into it.

Without a GPU: torch's fake tensors say that they lie on one, and have shapes, types and devices, but no numbers. What
would mix devices, or read a number back, is an error of theirs. Gradients are pretended, as torch's engine asks the
GPU itself for streams: what backward passes do, torch derives from the forward pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from srtui.config.losses import Gan, Losses, Perceptual
from srtui.config.network import EDSR, RRDB, Compact, Network, Span, SRResNet, UNet, Vgg
from srtui.config.optimization import Adam
from srtui.config.profile import Stage
from srtui.engine import losses, networks
from srtui.engine.device import Arithmetic
from srtui.engine.ema import Ema
from srtui.engine.losses import perceptual
from srtui.engine.ranks import Alone
from srtui.engine.stage_work import Conditions, StageWork

GPU = torch.device("cuda", 1)
SCALE = 4
EVERYTHING = Losses(l1=1.0, mse=1.0, charbonnier=1.0, frequency=1.0, ms_ssim=1.0, ldl=1.0)


class Generator:
    """Of the GPU that is not there."""

    def manual_seed(self, _seed: int) -> None:
        pass


class Watch(TorchDispatchMode):
    """Notes every operation that has to do with a tensor on the CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        tensors = [each for each in tree_leaves((args, kwargs, result)) if isinstance(each, Tensor)]
        if any(each.device != GPU for each in tensors):
            self.seen.append(str(func))
        return result


@pytest.fixture
def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Let a block compute with fake tensors."""
    monkeypatch.setattr(FakeTensor, "__deepcopy__", lambda value, _memo: _like(value, value.detach().clone()))
    monkeypatch.setattr(nn.Module, "to", _moved)
    monkeypatch.setattr(Tensor, "backward", _pretend_gradients)
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.cuda, "default_generators", (Generator(), Generator()))
    with FakeTensorMode():
        yield Watch()


def _moved(module: nn.Module, device: torch.device | None = None, *, memory_format: Any = None) -> nn.Module:
    """`nn.Module.to`, which would exchange tensors that fake ones hold on to."""
    for layer in module.modules():
        for table in (layer._parameters, layer._buffers):
            for name, value in table.items():
                if value is not None:
                    there = value.detach().to(device or value.device)
                    if memory_format is not None and there.dim() == 4:
                        there = there.contiguous(memory_format=memory_format)
                    table[name] = _like(value, there)
    return module


def _like(value: Tensor, other: Tensor) -> Tensor:
    """The other tensor, as a parameter if the first is one."""
    return nn.Parameter(other, value.requires_grad) if isinstance(value, nn.Parameter) else other


def _pretend_gradients(loss: Tensor) -> None:
    """Give one to every weight that a loss depends on."""
    seen, waiting = set(), [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            if hasattr(node, "variable"):
                node.variable.grad = torch.zeros_like(node.variable)
            waiting += [before for before, _ in node.next_functions]


def update(watch: Watch, network: Network, stage: Stage, precision: Arithmetic, micro_batch: int = 0) -> None:
    net = networks.build(network, SCALE).to(GPU).to(memory_format=torch.channels_last)
    conditions = Conditions(device=GPU, precision=precision, ranks=Alone(GPU), seed=1, cuda_graphs=False)
    ema = Ema(net, 0.999)
    work = StageWork(net, ema, stage, 1, conditions, micro_batch=micro_batch, shrunk=lambda *_: pytest.fail("memory"))
    lq_size = stage.gt_size // SCALE
    lq_bchw = torch.rand(stage.batch, 3, lq_size, lq_size, device=GPU)
    gt_bchw = torch.rand(stage.batch, 3, stage.gt_size, stage.gt_size, device=GPU)
    with watch:
        work.update(lq_bchw, gt_bchw, done=0, iteration=1, slower=1.0)


def stage(gan: Gan | None = None, weights: Losses = EVERYTHING) -> Stage:
    return Stage(iterations=9, batch=2, gt_size=32, losses=weights, optimizer=Adam(lr=1e-3), gan=gan)


@pytest.mark.parametrize(
    "network",
    [
        Compact(features=8, convs=1),
        SRResNet(features=8, blocks=1),
        EDSR(features=8, blocks=1),
        RRDB(features=8, growth=4, blocks=1),
        Span(features=8, norm=True),
    ],
)
def test_an_update_of_every_network_stays_on_the_gpu(on_a_gpu: Watch, network: Network) -> None:
    update(on_a_gpu, network, stage(weights=Losses()), "bf16")
    assert not on_a_gpu.seen


@pytest.mark.parametrize(
    "gan",
    [
        Gan(kind="relativistic", discriminator=Vgg(features=4)),
        Gan(kind="vanilla", discriminator=UNet(features=4)),
    ],
)
def test_all_losses_and_a_discriminator_stay_on_the_gpu(on_a_gpu: Watch, gan: Gan) -> None:
    update(on_a_gpu, Compact(features=8, convs=1), stage(gan), "fp16", micro_batch=1)
    assert not on_a_gpu.seen


def test_a_perceptual_loss_stays_on_the_gpu(on_a_gpu: Watch) -> None:
    rows = perceptual.layout()[:5]
    layers = [
        perceptual.Layer(
            name=name,
            weight=torch.zeros(outputs, inputs, 3, 3, device=GPU),
            bias=torch.zeros(outputs, device=GPU),
            begins_block=name.endswith("_1") and name != "conv1_1",
        )
        for name, _, inputs, outputs in rows
    ]
    loss = perceptual.PerceptualLoss(Perceptual(layers={"conv1_2": 0.1, "conv3_1": 1.0}), layers)
    pictures_bchw = torch.rand(2, 3, 32, 32, device=GPU)
    with on_a_gpu:
        assert loss(pictures_bchw, pictures_bchw).device == GPU
    assert not on_a_gpu.seen


@pytest.mark.parametrize(
    "mistake",
    [
        lambda restored, gt: (restored * torch.tensor(2.0, device=restored.device) - gt).mean(),
        lambda restored, gt: (restored - gt).mean() * torch.ones(()),
    ],
)
def test_a_loss_that_brings_a_number_along_would_be_seen(
    on_a_gpu: Watch, monkeypatch: pytest.MonkeyPatch, mistake: losses.objective.Loss
) -> None:
    monkeypatch.setitem(losses.LOSSES, "l1", mistake)
    update(on_a_gpu, Compact(features=8, convs=1), stage(weights=Losses()), "fp32")
    assert on_a_gpu.seen


def test_a_loss_that_waits_for_the_gpu_would_be_seen(on_a_gpu: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(losses.LOSSES, "l1", lambda restored, gt: (restored - gt).mean() * restored.max().item())
    with pytest.raises(DataDependentOutputException):
        update(on_a_gpu, Compact(features=8, convs=1), stage(weights=Losses()), "fp32")

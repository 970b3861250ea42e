"""Quick ways through layers: the same numbers and the same gradients as torch's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from srtui.engine.networks.quick import PReLU, enlarged


def result_and_gradients(
    function: Callable[[Tensor], Tensor], layer: nn.Module, dtype: torch.dtype
) -> tuple[Tensor, ...]:
    x_bchw = torch.randn(2, 8, 6, 5, generator=torch.Generator().manual_seed(1))
    x_bchw = x_bchw.contiguous(memory_format=torch.channels_last).requires_grad_()
    x_bchw.data[0, 0, 0, 0] = 0  # where the two slopes meet
    layer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
        result = function(x_bchw * 1.0)
    weights = torch.randn(result.shape, generator=torch.Generator().manual_seed(2))
    (result * weights).sum().backward()
    gradients = (x_bchw.grad, *(weight.grad for weight in layer.parameters()))
    return (result.detach(), *(gradient.clone() for gradient in gradients if gradient is not None))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_prelu_is_torchs(dtype: torch.dtype) -> None:
    layer = PReLU(8, 0.2)
    ours = result_and_gradients(layer, layer, dtype)
    theirs = result_and_gradients(lambda x_bchw: functional.prelu(x_bchw, layer.weight), layer, dtype)
    assert len(ours) == 3
    assert [each.dtype for each in ours] == [each.dtype for each in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=2e-2 if dtype is torch.bfloat16 else 1e-5, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_enlarging_is_a_pixel_shuffle(factor: int, dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    layer = nn.Conv2d(8, 4 * factor**2, 3, 1, 1).to(memory_format=torch.channels_last)
    ours = result_and_gradients(lambda x_bchw: enlarged(layer, x_bchw, factor), layer, dtype)
    theirs = result_and_gradients(lambda x_bchw: functional.pixel_shuffle(layer(x_bchw), factor), layer, dtype)
    assert len(ours) == 4
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=2e-2 if dtype is torch.bfloat16 else 1e-5, atol=1e-4)
    with torch.no_grad():
        assert torch.equal(
            enlarged(layer, torch.ones(1, 8, 3, 3), factor),
            functional.pixel_shuffle(layer(torch.ones(1, 8, 3, 3)), factor),
        )

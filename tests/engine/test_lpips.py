"""LPIPS with random weights against the published formula, written plainly over torchvision's own networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from srtui.config.validation import Lpips as Files
from srtui.engine import lpips
from srtui.engine.lpips import Lpips
from srtui.errors import SrtuiError, UsageError

AFTER = {"alex": (1, 4, 7, 9, 11), "vgg": (3, 8, 15, 22, 29)}
"""Places in torchvision's ``features`` of the five ReLUs, as the authors slice them."""
CHANNELS = {"alex": (64, 192, 384, 256, 256), "vgg": (64, 128, 256, 512, 512)}
CPU = torch.device("cpu")


@torch.no_grad()
def published(kind: str, features: nn.Sequential, lins: dict[str, Tensor], a: np.ndarray, b: np.ndarray) -> float:
    """Equation 1 of the paper, with the input scaling of version 0.1, in float64."""
    shift = torch.tensor([-0.030, -0.088, -0.188], dtype=torch.float64).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450], dtype=torch.float64).view(1, 3, 1, 1)
    found = []
    for picture in (a, b):
        x = torch.from_numpy(picture).permute(2, 0, 1)[None].double() / 255 * 2 - 1
        x, layers = (x - shift) / scale, []
        for index, module in enumerate(features.double()):
            x = module(x)
            if index in AFTER[kind]:
                layers.append(x.clone() / (x.pow(2).sum(1, keepdim=True).sqrt() + 1e-10))
        found.append(layers)
    total = 0.0
    for layer in range(5):
        squared = (found[0][layer] - found[1][layer]) ** 2
        total += float((squared * lins[f"lin{layer}.model.1.weight"].double()).sum(1).mean())
    return total


@pytest.fixture(scope="module", params=["alex", "vgg"])
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, nn.Sequential, dict[str, Tensor], Files]:
    """A backbone and layer weights, both random, as the two files that are published."""
    kind: str = request.param
    folder = tmp_path_factory.mktemp("веса")
    torch.manual_seed(5)
    vgg = torchvision.models.vgg
    features: nn.Sequential = (
        torchvision.models.alexnet(weights=None).features if kind == "alex" else vgg.make_layers(vgg.cfgs["D"])
    )
    lins = {f"lin{n}.model.1.weight": torch.rand(1, width, 1, 1) for n, width in enumerate(CHANNELS[kind])}
    torch.save(lins, folder / f"{kind}.pth")
    torch.save({f"features.{key}": value for key, value in features.state_dict().items()}, folder / "backbone.pth")
    files = Files(weights=str(folder / f"{kind}.pth"), backbone=str(folder / "backbone.pth"))
    return kind, features, lins, files


def pictures(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    a = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return a, np.clip(a + rng.normal(0, 20, a.shape), 0, 255).astype(np.uint8)


def test_it_is_the_published_formula(network: tuple[str, nn.Sequential, dict[str, Tensor], Files]) -> None:
    kind, features, lins, files = network
    a, b = pictures(71, 90)
    measure = Lpips(files, CPU)
    assert measure.network == {"alex": "AlexNet", "vgg": "VGG16"}[kind]
    assert measure(a, b) == pytest.approx(published(kind, features, lins, a, b), rel=1e-4)
    assert measure(a, b, border=4) == pytest.approx(
        published(kind, features, lins, a[4:-4, 4:-4], b[4:-4, 4:-4]), rel=1e-4
    )
    assert measure(a, a) == 0


def test_large_pictures_are_measured_in_parts(
    network: tuple[str, nn.Sequential, dict[str, Tensor], Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = pictures(64, 150)
    measure = Lpips(network[3], CPU)
    monkeypatch.setattr(lpips, "PART", 80)
    halves = [measure(a[:, half], b[:, half]) for half in (slice(75), slice(75, 150))]
    assert measure(a, b) == pytest.approx(np.mean([each for each in halves if each is not None]), rel=1e-5)


def test_what_is_too_small_is_not_measured(network: tuple[str, nn.Sequential, dict[str, Tensor], Files]) -> None:
    measure = Lpips(network[3], CPU)
    assert measure(*pictures(32, 33)) is not None
    assert measure(*pictures(31, 200)) is None
    assert measure(*pictures(39, 200), border=4) is None


def test_files_that_do_not_fit_are_named(
    network: tuple[str, nn.Sequential, dict[str, Tensor], Files], tmp_path: Path
) -> None:
    _, features, lins, files = network
    with pytest.raises(UsageError, match="no such file"):
        Lpips(Files(weights=str(tmp_path / "missing.pth"), backbone=files.backbone), CPU)
    with pytest.raises(UsageError, match=r"no weights of LPIPS.*features"):
        Lpips(Files(weights=files.backbone, backbone=files.backbone), CPU)
    with pytest.raises(UsageError, match=r"is not torchvision's .*0\.weight is not there"):
        Lpips(Files(weights=files.weights, backbone=files.weights), CPU)
    (tmp_path / "torn.pth").write_bytes(Path(files.weights).read_bytes()[:500])
    with pytest.raises(SrtuiError, match="damaged"):
        Lpips(Files(weights=str(tmp_path / "torn.pth"), backbone=files.backbone), CPU)
    (tmp_path / "torn.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(SrtuiError, match="damaged"):
        Lpips(Files(weights=str(tmp_path / "torn.safetensors"), backbone=files.backbone), CPU)
    wide = {**features.state_dict(), "0.weight": torch.zeros(64, 3, 7, 7)}
    torch.save(wide, tmp_path / "wide.pth")
    with pytest.raises(UsageError, match=r"0\.weight is \(64, 3, 7, 7\)"):
        Lpips(Files(weights=files.weights, backbone=str(tmp_path / "wide.pth")), CPU)
    del lins


def test_files_that_would_run_code_are_refused(
    network: tuple[str, nn.Sequential, dict[str, Tensor], Files], tmp_path: Path
) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "module.pth")
    with pytest.raises(UsageError, match="refused"):
        Lpips(Files(weights=str(tmp_path / "module.pth"), backbone=network[3].backbone), CPU)


def test_features_alone_and_safetensors_are_read_too(
    network: tuple[str, nn.Sequential, dict[str, Tensor], Files], tmp_path: Path
) -> None:
    _, features, lins, files = network
    save_file(lins, tmp_path / "lins.safetensors")
    save_file({key: value.float() for key, value in features.state_dict().items()}, tmp_path / "b.safetensors")
    other = Lpips(Files(weights=str(tmp_path / "lins.safetensors"), backbone=str(tmp_path / "b.safetensors")), CPU)
    a, b = pictures(40, 40)
    assert other(a, b) == pytest.approx(Lpips(files, CPU)(a, b), rel=1e-6)

"""VGG19's features against torchvision's own network, and where their weights come from; without any network."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
from email.message import Message
from http.client import HTTPResponse
from pathlib import Path
from typing import cast

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import VGG19_Weights, vgg

from srtui.config.losses import Layer, Losses, Perceptual
from srtui.engine import losses
from srtui.engine.losses import perceptual, vgg_file
from srtui.errors import MachineError, SrtuiError, UsageError

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def theirs() -> nn.Sequential:
    torch.manual_seed(1)
    return vgg.make_layers(vgg.cfgs["E"], batch_norm=False).eval()


def state_of(theirs: nn.Sequential, until: int = 40) -> dict[str, Tensor]:
    named = theirs.state_dict().items()
    return {f"features.{key}": value for key, value in named if int(key.split(".")[0]) <= until}


@pytest.fixture(scope="module")
def whole(theirs: nn.Sequential, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("веса vgg") / "vgg.safetensors"
    save_file(state_of(theirs), path)
    return path


@pytest.fixture
def shallow(theirs: nn.Sequential, tmp_path: Path) -> Path:
    path = tmp_path / "shallow.safetensors"
    save_file(state_of(theirs, until=5), path)
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch cache"))
    monkeypatch.setattr(vgg_file, "url", (tmp_path / "server" / "vgg19-dcbb9e9d.pth").as_uri)


def options(path: Path | str = "", **layers: float) -> Perceptual:
    return Perceptual(layers=cast("dict[Layer, float]", layers or {"conv1_2": 1.0}), weights=str(path))


def their_features(theirs: nn.Sequential, pictures: Tensor, index: int) -> Tensor:
    """What torchvision's network makes of normalised pictures, up to a convolution."""
    normalised = VGG19_Weights.IMAGENET1K_V1.transforms()
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in (normalised.mean, normalised.std))
    x = (pictures - mean) / std
    for layer in theirs[: index + 1]:
        x = layer(x.clone())
    return x


def test_the_layout_is_torchvisions(theirs: nn.Sequential) -> None:
    convolutions = [(f"features.{at}", each) for at, each in enumerate(theirs) if isinstance(each, nn.Conv2d)]
    assert [(key, each.in_channels, each.out_channels) for key, each in convolutions] == [
        row[1:] for row in perceptual.layout()
    ]


@pytest.mark.parametrize("criterion", ["l1", "mse"])
def test_the_loss_is_the_weighted_distance_before_the_relu(theirs: nn.Sequential, whole: Path, criterion: str) -> None:
    torch.manual_seed(2)
    restored, gt = torch.rand(2, 3, 37, 40), torch.rand(2, 3, 37, 40)
    weights = {"conv1_2": 0.1, "conv3_4": 2.0, "conv5_4": 1.0}
    chosen = Perceptual(layers=cast("dict[Layer, float]", weights), weights=str(whole), criterion=criterion)  # type: ignore[arg-type] # from a list of its values
    plain = {"l1": nn.functional.l1_loss, "mse": nn.functional.mse_loss}[criterion]
    expected = torch.tensor(0.0)
    with torch.no_grad():
        for index, weight in zip((2, 16, 34), weights.values(), strict=True):
            expected += weight * plain(their_features(theirs, restored, index), their_features(theirs, gt, index))
    objective = losses.build(Losses(l1=0, perceptual=chosen), device=CPU)
    torch.testing.assert_close(objective(restored, gt), expected, rtol=1e-4, atol=1e-7)


def test_it_is_added_with_its_weight(shallow: Path) -> None:
    torch.manual_seed(2)
    restored, gt = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    alone = losses.build(Losses(l1=0, perceptual=options(shallow)), device=CPU)(restored, gt)
    chosen = Perceptual(weight=3.0, layers={"conv1_2": 1.0}, weights=str(shallow))
    both = losses.build(Losses(l1=2.0, perceptual=chosen), device=CPU)(restored, gt)
    torch.testing.assert_close(both, 3 * alone + 2 * (restored - gt).abs().mean())


def test_only_the_picture_learns_and_only_as_deep_as_asked(shallow: Path) -> None:
    loss = perceptual.build(options(shallow, conv1_1=1.0), CPU)
    assert [layer.name for layer in loss._layers] == ["conv1_1"]
    loss = perceptual.build(options(shallow, conv1_1=1.0, conv2_1=0.5, conv5_4=0.0), CPU)
    assert [layer.name for layer in loss._layers] == ["conv1_1", "conv1_2", "conv2_1"]
    assert not any(each.requires_grad for layer in loss._layers for each in (layer.weight, layer.bias))
    assert all(layer.weight.is_contiguous(memory_format=torch.channels_last) for layer in loss._layers)
    restored, gt = (torch.rand(1, 3, 16, 16, requires_grad=True) for _ in range(2))
    loss(restored, gt).backward()
    assert restored.grad is not None
    assert restored.grad.abs().max() > 0
    assert gt.grad is None


def test_it_stays_in_float32_inside_autocast(shallow: Path) -> None:
    objective = losses.build(Losses(l1=0, perceptual=options(shallow)), device=CPU)
    restored, gt = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    expected = objective(restored, gt)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(objective(restored, gt), expected)


def test_the_smallest_crops_reach_the_deepest_layer(whole: Path) -> None:
    loss = perceptual.build(options(whole, conv5_4=1.0), CPU)
    restored = torch.rand(1, 3, 8, 8, requires_grad=True)
    loss(restored, torch.rand(1, 3, 8, 8)).backward()
    assert restored.grad is not None
    assert torch.isfinite(restored.grad).all()


def test_nothing_compared_is_an_error(shallow: Path) -> None:
    with pytest.raises(UsageError, match="every weight is 0"):
        perceptual.build(options(shallow, conv1_1=0.0), CPU)


# Where the weights come from.


def offer(theirs: nn.Sequential, folder: Path, *, damaged: bool = False) -> Path:
    """A file as torch.hub names it, with the beginning of its SHA-256 in its name."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state_of(theirs, until=5), folder / "new.pth")
    digest = hashlib.sha256((folder / "new.pth").read_bytes()).hexdigest()[:8]
    path = (folder / "new.pth").rename(folder / f"vgg19-{'0' * 8 if damaged else digest}.pth")
    assert path.is_file()
    return path


def in_cache() -> list[str]:
    """Files of torch's cache, but for the lock of those who download."""
    return [path.name for path in vgg_file.cached().parent.iterdir() if path.suffix != ".lock"]


def test_ranks_that_begin_together_download_once(
    theirs: nn.Sequential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = offer(theirs, tmp_path / "server")
    monkeypatch.setattr(vgg_file, "url", served.as_uri)
    script = (
        "import fcntl, sys; file = open(sys.argv[1], 'a'); fcntl.lockf(file, fcntl.LOCK_EX);"
        "print('locked', flush=True); sys.stdin.read()"
    )
    vgg_file.cached().parent.mkdir(parents=True)
    lock = vgg_file.cached().with_name(f"{served.name}.lock")
    command = [sys.executable, "-c", script, str(lock)]
    waited: list[tuple[int, int]] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"

        def report(done: int, total: int) -> None:
            waited.append((done, total))
            if other.poll() is None:
                shutil.copy(served, vgg_file.cached())  # what the other downloads
                other.communicate()

        losses.fetch(Losses(perceptual=options()), report)
    assert set(waited) == {(0, 0)}


def test_a_download_fills_torchs_cache_once_and_says_how_far_it_is(
    theirs: nn.Sequential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = offer(theirs, tmp_path / "сервер")
    monkeypatch.setattr(vgg_file, "url", served.as_uri)
    reports: list[tuple[int, int]] = []
    wanted = Losses(perceptual=options())
    losses.fetch(wanted, lambda done, total: reports.append((done, total)))
    size = served.stat().st_size
    assert reports[-1] == (size, size)
    cached = tmp_path / "torch cache" / "hub" / "checkpoints"
    assert vgg_file.cached().parent == cached
    assert in_cache() == [served.name]
    assert (cached / served.name).read_bytes() == served.read_bytes()
    served.unlink()
    losses.fetch(wanted, lambda *_: pytest.fail("downloaded again"))
    losses.build(wanted, device=CPU)


def test_what_names_its_own_file_downloads_nothing() -> None:
    losses.fetch(Losses(perceptual=options("mine.pth")), lambda *_: pytest.fail("downloaded"))
    losses.fetch(Losses(), lambda *_: pytest.fail("downloaded"))


def test_without_a_network_the_error_says_where_the_file_belongs_and_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="downloading it failed") as caught:
        losses.fetch(Losses(perceptual=options()), lambda *_: None)
    place = tmp_path / "torch cache" / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
    assert caught.value.where == str(place)
    assert f"curl --fail --location --create-dirs --output '{place}' {vgg_file.url()}" in caught.value.hint
    assert "weights: FILE" in caught.value.hint
    assert in_cache() == []


def test_building_never_downloads(theirs: nn.Sequential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vgg_file, "url", offer(theirs, tmp_path / "server").as_uri)
    with pytest.raises(MachineError, match="not there"):
        losses.build(Losses(perceptual=options()), device=CPU)


def test_a_damaged_download_is_not_kept(theirs: nn.Sequential, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vgg_file, "url", offer(theirs, tmp_path / "server", damaged=True).as_uri)
    with pytest.raises(SrtuiError, match="its SHA-256 begins with"):
        losses.fetch(Losses(perceptual=options()), lambda *_: None)
    assert in_cache() == []


class Answer:
    """A server that promises more than it sends, or sends more than anyone wants."""

    def __init__(self, promised: str, content: bytes) -> None:
        self.headers = Message()
        self.headers["Content-Length"] = promised
        self._content = io.BytesIO(content)

    def read(self, size: int) -> bytes:
        return self._content.read(size)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("promised", "size", "fact"), [("1000", 400, "after 400 of 1000"), ("many", 5000, "more than 0 MiB")]
)
def test_a_broken_connection_and_an_endless_answer_leave_nothing(
    monkeypatch: pytest.MonkeyPatch, promised: str, size: int, fact: str
) -> None:
    answer = cast("HTTPResponse", Answer(promised, bytes(size)))
    monkeypatch.setattr(vgg_file.urllib.request, "urlopen", lambda *_, **__: answer)
    monkeypatch.setattr(vgg_file, "LARGEST", 2000)
    with pytest.raises(MachineError, match=fact):
        losses.fetch(Losses(perceptual=options()), lambda *_: None)
    assert in_cache() == []


def test_a_cached_file_with_another_hash_is_refused(theirs: nn.Sequential, tmp_path: Path) -> None:
    vgg_file.cached().parent.mkdir(parents=True)
    shutil.copy(offer(theirs, tmp_path / "server"), vgg_file.cached())
    with pytest.raises(SrtuiError, match="its name says dcbb9e9d"):
        losses.build(Losses(perceptual=options()), device=CPU)


def test_a_named_file_may_be_a_pth_or_whole_and_must_be_there(theirs: nn.Sequential, tmp_path: Path) -> None:
    path = tmp_path / "мои веса.pth"
    with pytest.raises(UsageError, match="no such file"):
        losses.build(Losses(perceptual=options(path)), device=CPU)
    torch.save({**state_of(theirs, until=5), "classifier.0.weight": torch.zeros(2, 2)}, path)
    objective = losses.build(Losses(perceptual=options(path)), device=CPU)
    restored, gt = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    expected = objective(restored, gt)
    path.write_bytes(b"replaced while the run goes on")
    assert torch.equal(objective(restored, gt), expected)


def test_other_networks_and_broken_files_are_named(theirs: nn.Sequential, shallow: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no features\.7\.weight \(conv2_2\)"):
        perceptual.build(options(shallow, conv2_2=1.0), CPU)
    other = tmp_path / "other.safetensors"
    save_file({**state_of(theirs, until=5), "features.2.weight": torch.zeros(8, 8, 3, 3)}, other)
    with pytest.raises(UsageError, match=r"features\.2\.weight is \(8, 8, 3, 3\)"):
        perceptual.build(options(other), CPU)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(UsageError, match="no state dict"):
        perceptual.build(options(tmp_path / "list.pth"), CPU)
    for name in ("torn.safetensors", "torn.pth"):
        (tmp_path / name).write_bytes(shallow.read_bytes()[:5000])
        with pytest.raises(SrtuiError, match="damaged"):
            perceptual.build(options(tmp_path / name), CPU)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.pth"
    torch.save(nn.Linear(1, 1), path)
    with pytest.raises(UsageError, match="wants to run"):
        perceptual.build(options(path), CPU)

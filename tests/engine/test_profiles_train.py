"""Every shipped profile, and every BasicSR file, trains: two iterations of each stage, everything made small."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from srtui.config import shipped
from srtui.config.basicsr import import_options
from srtui.config.losses import Losses, Perceptual
from srtui.config.network import EDSR, RRDB, Compact, Network, Span, Spandrel, SRResNet
from srtui.config.profile import Profile, Stage
from srtui.engine.losses import vgg_file
from srtui.engine.losses.perceptual import layout
from srtui.errors import MachineError
from srtui.jobs.context import JobContext
from tests.basicsr_files import FILES
from tests.engine.training_cases import Training, make_dataset, small_profile, small_stage

SMALL: dict[type, Network] = {
    Compact: Compact(features=8, convs=1),
    SRResNet: SRResNet(features=8, blocks=1),
    RRDB: RRDB(features=8, blocks=1, growth=4),
    EDSR: EDSR(features=8, blocks=1),
    Span: Span(features=8),
    Spandrel: Spandrel(
        architecture="SwinIR",
        options={"embed_dim": 8, "depths": (1,), "num_heads": (2,), "window_size": 4, "upsampler": "pixelshuffle"},
    ),
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("dataset"))


@pytest.fixture(scope="module")
def vgg19(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features of VGG19 with random weights, as wide as their inputs let them keep their size."""
    torch.manual_seed(0)
    state = {}
    for _, key, channels, width in layout():
        state[f"{key}.weight"] = (torch.randn(width, channels, 3, 3) * (2 / (9 * channels)) ** 0.5).half()
        state[f"{key}.bias"] = torch.zeros(width).half()
    path = tmp_path_factory.mktemp("vgg19") / "random.safetensors"
    save_file(state, path)
    return path


def shrunk(profile: Profile, vgg19: Path) -> Profile:
    stages = tuple(_small(stage, vgg19) for stage in profile.stages)
    every = sum(stage.iterations for stage in stages)
    return dataclasses.replace(
        profile,
        network=SMALL[type(profile.network)],
        stages=stages,
        precision="fp32",
        log_every=1,
        validate_every=every,
        checkpoint_every=every,
    )


def _small(stage: Stage, vgg19: Path) -> Stage:
    losses, gan = stage.losses, stage.gan
    if losses.perceptual is not None:
        losses = dataclasses.replace(losses, perceptual=dataclasses.replace(losses.perceptual, weights=str(vgg19)))
    if gan is not None:
        gan = dataclasses.replace(gan, discriminator=dataclasses.replace(gan.discriminator, features=4))
    return dataclasses.replace(stage, iterations=2, gt_size=32, batch=2, losses=losses, gan=gan)


def assert_trains(training: Training) -> None:
    training.run()
    losses = [event["loss"] for event in training.events("metric")]
    assert len(losses) == training.request.profile.iterations
    assert all(loss is not None and loss > 0 for loss in losses)
    assert load_file(training.model)


@pytest.mark.parametrize("name", shipped.names("training"))
def test_every_shipped_profile_trains(name: str, dataset: Path, vgg19: Path, tmp_path: Path) -> None:
    profile = shrunk(shipped.training_profile(name, tmp_path), vgg19)
    assert_trains(Training(tmp_path, dataset, profile))


@pytest.mark.parametrize("name", [name for name in FILES if name != "SwinIR"])
def test_every_imported_profile_trains(name: str, dataset: Path, vgg19: Path, tmp_path: Path) -> None:
    assert_trains(Training(tmp_path, dataset, shrunk(imported(FILES[name], tmp_path), vgg19)))


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # spandrel's SwinIR calls it the old way
def test_an_imported_network_of_spandrel_trains(dataset: Path, vgg19: Path, tmp_path: Path) -> None:
    pytest.importorskip("spandrel", reason="the extra spandrel is not installed")
    assert_trains(Training(tmp_path, dataset, shrunk(imported(FILES["SwinIR"], tmp_path), vgg19)))


def imported(text: str, folder: Path) -> Profile:
    path = folder / "options.yml"
    path.write_text(text, encoding="utf-8")
    return import_options(path).profile


def perceptual_later() -> Profile:
    """VGG19 is wanted in the second stage only."""
    second = Losses(perceptual=Perceptual(layers={"conv1_1": 1.0}))
    return small_profile(small_stage(2), small_stage(2, losses=second), log_every=1)


def test_weights_of_a_later_stage_are_fetched_before_the_run(
    dataset: Path, vgg19: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server").mkdir()
    digest = hashlib.sha256(vgg19.read_bytes()).hexdigest()
    served = tmp_path / "server" / f"vgg19-{digest[:8]}.safetensors"
    served.symlink_to(vgg19)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(vgg_file, "url", served.as_uri)
    training = Training(tmp_path, dataset, perceptual_later())
    there: dict[str, list[bool]] = {}

    def look(job: JobContext, done: int) -> None:
        there.setdefault(job._status["unit"], []).append(vgg_file.cached().is_file())

    training.run(at=look)
    (_, downloading), (_, training_itself) = there.items()
    assert not any(downloading)
    assert len(downloading) > 10  # with progress
    assert all(training_itself)
    assert load_file(training.model)


def test_a_run_whose_later_stage_lacks_its_weights_does_not_begin(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(vgg_file, "url", (tmp_path / "nowhere" / "vgg19-dcbb9e9d.pth").as_uri)
    training = Training(tmp_path, dataset, perceptual_later())
    with pytest.raises(MachineError, match="downloading it failed"):
        training.run()
    assert training.events("metric") == []
    assert not training.model.exists()

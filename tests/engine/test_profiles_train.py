"""Every shipped profile, and every BasicSR file, trains: two iterations of each stage, everything made small."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from srtui.config import shipped
from srtui.config.basicsr import import_options
from srtui.config.network import EDSR, RRDB, Compact, Network, Span, SRResNet
from srtui.config.profile import Profile, Stage
from srtui.engine.losses.perceptual import layout
from tests.basicsr_files import FILES
from tests.engine.training_cases import Training, make_dataset

SMALL: dict[type, Network] = {
    Compact: Compact(features=8, convs=1),
    SRResNet: SRResNet(features=8, blocks=1),
    RRDB: RRDB(features=8, blocks=1, growth=4),
    EDSR: EDSR(features=8, blocks=1),
    Span: Span(features=8),
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


@pytest.mark.parametrize("name", FILES)
def test_every_imported_profile_trains(name: str, dataset: Path, vgg19: Path, tmp_path: Path) -> None:
    path = tmp_path / "options.yml"
    path.write_text(FILES[name], encoding="utf-8")
    assert_trains(Training(tmp_path, dataset, shrunk(import_options(path).profile, vgg19)))

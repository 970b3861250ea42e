"""The shipped training profiles say the numbers that they are known for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srtui.config import shipped
from srtui.config.losses import Gan, Losses, Perceptual
from srtui.config.network import RRDB, Compact, Span, SRResNet, UNet, Vgg
from srtui.config.optimization import Adam, Constant, Cosine, MultiStep
from srtui.config.profile import Profile, Stage
from srtui.config.reader import read_yaml
from srtui.errors import ConfigurationError


def profile(name: str) -> Profile:
    return shipped.training_profile(name, Path())


PSNR_MILLION = Stage(
    iterations=1_000_000, gt_size=128, batch=16, optimizer=Adam(lr=2e-4), schedule=Cosine(periods=4, min_lr=1e-7)
)
"""Of MSRResNet and of RRDBNet alike: cosine 4 × 250k from 2e-4 to 1e-7, L1 alone."""


def test_classic_srresnet_is_basicsrs() -> None:
    found = profile("classic-srresnet")
    assert (found.network, found.stages, found.ema) == (SRResNet(features=64, blocks=16), (PSNR_MILLION,), 0.999)


def test_classic_esrgan_is_basicsrs() -> None:
    found = profile("classic-esrgan")
    assert found.network == RRDB(features=64, blocks=23, growth=32)
    assert (found.ema, found.validate_every, found.checkpoint_every, found.log_every) == (0.999, 5000, 5000, 100)
    psnr, gan = found.stages
    assert psnr == PSNR_MILLION
    assert (gan.iterations, gan.gt_size, gan.batch) == (400_000, 128, 16)
    assert gan.optimizer == Adam(type="adam", lr=1e-4, betas=(0.9, 0.99), weight_decay=0)
    assert isinstance(gan.schedule, MultiStep)
    assert [share * gan.iterations for share in gan.schedule.milestones] == [50_000, 100_000, 200_000, 300_000]
    assert gan.schedule.gamma == 0.5
    assert gan.losses == Losses(l1=0.01, perceptual=Perceptual(weight=1, layers={"conv5_4": 1}, criterion="l1"))
    assert gan.gan == Gan(
        weight=0.005, kind="relativistic", discriminator=Vgg(features=64), optimizer=Adam(lr=1e-4), every=1
    )


def test_quality_takes_real_esrgans_discriminator_and_losses() -> None:
    found = profile("quality")
    assert found.network == RRDB(features=64, blocks=23, growth=32)
    psnr, gan = found.stages
    assert (psnr.gan, psnr.losses, psnr.optimizer.lr, psnr.batch) == (None, Losses(), 2e-4, 12)
    layers = {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1, "conv4_4": 1, "conv5_4": 1}
    assert gan.losses == Losses(l1=1, perceptual=Perceptual(weight=1, layers=layers, criterion="l1"))
    assert gan.gan == Gan(weight=0.1, kind="vanilla", discriminator=UNet(features=64), optimizer=Adam(lr=1e-4))
    assert (gan.optimizer.lr, gan.schedule, gan.batch) == (1e-4, Constant(type="constant"), 12)


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("tiny", Compact(features=32, convs=8)),
        ("fast", Compact(features=64, convs=16)),
        ("balanced", Span(features=48)),
        ("finetune", RRDB()),
    ],
)
def test_the_default_for_tapes_is_psnr(name: str, network: Compact | Span | RRDB) -> None:
    found = profile(name)
    assert found.network == network
    (stage,) = found.stages
    assert stage.gan is None
    assert stage.losses == Losses()


def test_finetune_is_short_and_gentle() -> None:
    found, quality = profile("finetune"), profile("quality")
    assert found.iterations < quality.iterations / 10
    assert found.stages[0].optimizer.lr < quality.stages[0].optimizer.lr / 2
    assert "training.start" in found.about
    assert found.needs_start
    assert not quality.needs_start


@pytest.mark.parametrize("name", shipped.names("training"))
def test_every_profile_says_whose_it_is_in_one_line(name: str) -> None:
    about = profile(name).about
    assert 40 < len(about) < 120
    assert "\n" not in about


@pytest.mark.parametrize("name", ["../../evil", "a/b", "", " ", ".hidden", "two\nlines", "ж" * 61])
def test_a_name_that_no_file_can_have_is_refused_where_it_stands(tmp_path: Path, name: str) -> None:
    file = tmp_path / "mine.yml"
    file.write_text(f"stages: [{{iterations: 1}}]\nname: {json.dumps(name)}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(file, Profile)
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == ("name", 2)
    assert "files' names" in problem.fact


def test_more_periods_than_anybody_counts_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text("name: a\nstages: [{iterations: 2, schedule: {type: cosine, periods: 1000000000000}}]\n")
    with pytest.raises(ConfigurationError, match="out of range"):
        read_yaml(file, Profile)

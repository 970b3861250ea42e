"""Runs of several stages: PSNR first, then a GAN from its weights, exact wherever they are interrupted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from srtui.config.losses import Gan, Losses
from srtui.config.network import UNet
from srtui.config.optimization import Adam, Constant
from srtui.config.profile import Profile
from srtui.engine import checkpoints, models
from srtui.engine.adversary import Adversary
from srtui.engine.ema import Ema
from srtui.engine.ranks import Alone
from srtui.engine.stage_work import StageWork
from srtui.errors import UsageError
from srtui.jobs.context import Stopped
from tests.engine.training_cases import (
    Training,
    assert_identical,
    every_tensor,
    gan_stage,
    small_profile,
    small_stage,
    stop_at,
)

FIRST, LAST = 8, 24
"""Where the first stage ends, and the second."""
CPU = torch.device("cpu")


def two_stages(**changes: Any) -> Profile:
    second = gan_stage(LAST - FIRST, batch=3, **changes)
    return small_profile(small_stage(FIRST), second, validate_every=LAST)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, training_dataset: Path) -> Training:
    """A training of two stages that nothing interrupted."""
    torch.set_num_threads(1)
    training = Training(tmp_path_factory.mktemp("whole"), training_dataset, two_stages())
    training.run()
    return training


def ema_of(training: Training, iteration: int) -> dict[str, torch.Tensor]:
    folder = training.folder.checkpoints / str(iteration)
    return dict(models.load_model(folder / "ema.safetensors").net.state_dict())


@pytest.mark.parametrize("iterations", [(3,), (FIRST,), (FIRST + 1,), (17,), (LAST,), (2, FIRST, 13, 20)])
def test_stopped_and_resumed_in_any_stage_is_as_if_never_stopped(
    tmp_path: Path, training_dataset: Path, whole: Training, iterations: tuple[int, ...]
) -> None:
    training = Training(tmp_path, training_dataset, two_stages())
    for iteration in iterations:
        with pytest.raises(Stopped):
            training.run(at=stop_at(iteration))
        assert checkpoints.iterations(training.folder.checkpoints)[-1] == iteration
    training.run()
    assert_identical(training.folder, whole.folder)
    assert training.model.read_bytes() != b""
    names = [name for name in every_tensor(training.folder) if name.startswith("work.adversary.")]
    assert any(".net." in name for name in names)
    assert any("exp_avg_sq" in name for name in names)
    figures = ("loss", "content", "gan", "disc", "disc_real", "disc_fake", "disc_right")
    assert [[event.get(name) for name in figures] for event in training.events("metric")] == [
        [event.get(name) for name in figures] for event in whole.events("metric")
    ]


def test_the_losses_are_told_apart(whole: Training) -> None:
    first, last = whole.events("metric")[0], whole.events("metric")[-1]
    assert "gan" not in first
    assert last["loss"] == pytest.approx(last["content"] + 0.1 * last["gan"], rel=1e-5)
    assert 0 <= last["disc_right"] <= 1
    assert [event["name"] for event in whole.events("phase")][-2:] == [
        "training (stage 1 of 2: PSNR)",
        "training (stage 2 of 2: GAN)",
    ]


def test_both_ends_are_kept_each_with_its_average(whole: Training) -> None:
    psnr = models.load_model(whole.model.with_name("small-psnr.safetensors"))
    assert psnr.recipe is not None
    final = models.load_model(whole.model)
    kept = {name: value for name, value in every_tensor(whole.folder).items() if name.startswith("ema.")}
    assert all(torch.equal(value, kept[f"ema.{name}"]) for name, value in final.net.state_dict().items())
    assert any(not torch.equal(value, final.net.state_dict()[name]) for name, value in psnr.net.state_dict().items())


def test_a_gan_begins_from_the_average_of_the_stage_before(tmp_path: Path, training_dataset: Path) -> None:
    still = {"optimizer": Adam(lr=1e-12), "schedule": Constant(type="constant")}
    profile = small_profile(small_stage(FIRST), gan_stage(2, **still), validate_every=LAST)
    training = Training(tmp_path, training_dataset, profile)
    training.run()
    at_border, tensors = ema_of(training, FIRST), every_tensor(training.folder)
    for name, value in at_border.items():
        torch.testing.assert_close(tensors[f"net.{name}"], value, rtol=0, atol=1e-9)
        torch.testing.assert_close(tensors[f"ema.{name}"], value, rtol=0, atol=1e-7)


def test_only_stages_without_a_discriminator_are_compared_by_psnr(whole: Training) -> None:
    found = checkpoints.load_newest(whole.folder.checkpoints, print)
    assert found is not None
    assert whole.iterations("validation") == [FIRST, LAST]
    assert found.state["progress"]["best"] == FIRST
    assert FIRST in checkpoints.iterations(whole.folder.checkpoints)


def test_a_network_is_updated_at_every_so_many_updates_of_the_discriminator(
    tmp_path: Path, training_dataset: Path
) -> None:
    gan = Gan(discriminator=UNet(features=4), every=3)
    profile = small_profile(gan_stage(7, gan=gan), log_every=1, validate_every=7)
    training = Training(tmp_path, training_dataset, profile)
    training.run()
    moved = [event["iteration"] for event in training.events("metric") if event["gan"] is not None]
    assert moved == [3, 6]
    tensors = every_tensor(training.folder)
    assert tensors["work.stepper.optimizer.state.0.step"] == 2
    assert tensors["work.adversary.stepper.optimizer.state.0.step"] == 7


def test_ldl_looks_at_what_the_averaged_network_makes(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    averaged = StageWork._averaged

    def watched(work: StageWork, lq_bchw: torch.Tensor) -> torch.Tensor:
        result = averaged(work, lq_bchw)
        seen.append(result.requires_grad)
        assert torch.equal(result, work._ema.net(lq_bchw))
        return result

    monkeypatch.setattr(StageWork, "_averaged", watched)
    profile = small_profile(small_stage(2), gan_stage(2, losses=Losses(l1=1.0, ldl=1.0)))
    training = Training(tmp_path, training_dataset, profile)
    training.run()
    assert seen == [False, False]
    assert math.isfinite(training.events("metric")[-1]["loss"])


def adversary(kind: Any) -> Adversary:
    gan = Gan(kind=kind, discriminator=UNet(features=4), optimizer=Adam(lr=1e-2))
    return Adversary(gan, 16, seed=1, device=CPU, precision="fp32", ranks=Alone())


def weights(net: torch.nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in net.parameters()]


@pytest.mark.parametrize("kind", ["vanilla", "lsgan", "hinge", "relativistic"])
def test_the_discriminator_stands_still_while_it_is_fooled_and_then_learns(kind: str) -> None:
    judge = adversary(kind)
    fake, real = torch.rand(2, 3, 16, 16, requires_grad=True), torch.rand(2, 3, 16, 16)
    judge.fool(fake, real).backward()  # type: ignore[no-untyped-call] # torch's annotations leave it out
    assert fake.grad is not None
    assert bool(fake.grad.abs().sum() > 0)  # others computed it under inference_mode: the network learned nothing
    assert all(weight.grad is None for weight in judge.net.parameters())
    before = weights(judge.net)
    judge.learn(fake.detach(), real, 1.0)
    judge.stepper.step(1e-2)
    assert any(not torch.equal(old, new) for old, new in zip(before, weights(judge.net), strict=True))


@pytest.mark.parametrize("kind", ["vanilla", "lsgan", "hinge", "relativistic"])
def test_a_discriminator_learns_to_tell_noise_from_light(kind: str) -> None:
    judge = adversary(kind)
    torch.manual_seed(3)
    shares = []
    for _ in range(30):
        judge.learn(0.2 * torch.rand(2, 3, 16, 16), 0.8 + 0.2 * torch.rand(2, 3, 16, 16), 1.0)
        judge.stepper.step(1e-2)
        shares.append(judge.means.read()["disc_right"])
    assert shares[-1] > 0.9 > shares[0]


def test_the_discriminators_first_weights_depend_on_the_seed_and_its_stage_alone() -> None:
    torch.manual_seed(1)
    one = adversary("vanilla")
    torch.rand(7)
    other = adversary("vanilla")
    assert all(torch.equal(a, b) for a, b in zip(weights(one.net), weights(other.net), strict=True))


def test_a_discriminator_that_cannot_be_built_is_an_error_at_once(tmp_path: Path, training_dataset: Path) -> None:
    training = Training(tmp_path, training_dataset, small_profile(small_stage(8), gan_stage(8, gt_size=16)))
    with pytest.raises(UsageError, match="discriminator"):
        training.run()
    assert not training.events("metric")


def test_a_third_stage_without_a_discriminator_keeps_the_gan(tmp_path: Path, training_dataset: Path) -> None:
    profile = small_profile(small_stage(1), gan_stage(1), small_stage(1), validate_every=3)
    training = Training(tmp_path, training_dataset, profile)
    training.run()
    assert sorted(path.name for path in training.model.parent.iterdir()) == [
        "small-gan.safetensors",
        "small-psnr.safetensors",
        "small.safetensors",
    ]


def test_stages_of_one_kind_keep_one_file(tmp_path: Path, training_dataset: Path) -> None:
    profile = small_profile(small_stage(1), small_stage(1, gt_size=16), validate_every=2)
    training = Training(tmp_path, training_dataset, profile)
    training.run()
    assert [path.name for path in training.model.parent.iterdir()] == ["small.safetensors"]


def test_an_average_begun_anew_is_the_network() -> None:
    from srtui.config.network import Compact
    from srtui.engine import networks

    net = networks.build(Compact(features=4, convs=1), 2)
    ema = Ema(net, 0.9)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(1)
    ema.begin_anew()
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), ema.net.parameters(), strict=True))


def test_a_training_begins_from_other_weights_says_so_and_does_not_need_them_again(
    tmp_path: Path, training_dataset: Path, whole: Training
) -> None:
    begun = tmp_path / "чужая сеть.safetensors"
    begun.write_bytes(whole.model.read_bytes())
    profile = small_profile(small_stage(4, optimizer=Adam(lr=1e-12), schedule=Constant(type="constant")))
    training = Training(tmp_path, training_dataset, profile, start=str(begun), seed=99)
    with pytest.raises(Stopped):
        training.run(at=stop_at(2))
    notes = [event["text"] for event in training.events("note")]
    assert [text for text in notes if text.startswith("taken ")] == notes[:1]
    begun.unlink()
    training.run()
    final, other = (models.load_model(each).net.state_dict() for each in (training.model, whole.model))
    for name, value in other.items():
        torch.testing.assert_close(final[name], value, rtol=0, atol=1e-7)
    assert len([event for event in training.events("note") if event["text"].startswith("taken ")]) == 1

"""Trainings that go wrong, each made to: skipped updates, returns, explosions, and too little memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from srtui.config.losses import Gan
from srtui.config.network import UNet
from srtui.config.optimization import Adam, Constant
from srtui.config.profile import Profile
from srtui.engine import checkpoints, losses, networks, trouble
from srtui.engine.networks.compact import SRVGGNetCompact
from srtui.engine.stage_work import StageWork, parts
from srtui.errors import MachineError, SrtuiError
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


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int, float], bool]], None]:
    """Make the updates of which a function says so (their number, their rate) end in a loss that is not finite."""

    def poison(bad: Callable[[int, float], bool]) -> None:
        now: list[bool] = [False]
        update = StageWork.update
        loss = losses.LOSSES["l1"]

        def watched(work: StageWork, *tensors: torch.Tensor, **how: Any) -> None:
            now[0] = bad(how["iteration"], how["slower"])
            update(work, *tensors, **how)

        monkeypatch.setattr(StageWork, "update", watched)
        factor = {True: math.nan, False: 1.0}
        monkeypatch.setitem(losses.LOSSES, "l1", lambda restored, gt: loss(restored, gt) * factor[now[0]])

    return poison


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "PATIENCE", 10)


def quick_profile(iterations: int, **changes: Any) -> Profile:
    options = {"log_every": 4, "checkpoint_every": 4, "validate_every": 1000, **changes}
    return small_profile(small_stage(iterations, gt_size=16, batch=1, schedule=Constant(type="constant")), **options)


def test_one_bad_batch_is_skipped_and_said(
    tmp_path: Path, training_dataset: Path, poisoned: Callable[[Callable[[int, float], bool]], None]
) -> None:
    poisoned(lambda iteration, _: iteration == 6)
    training = Training(tmp_path, training_dataset, quick_profile(20))
    training.run()
    (alarm,) = training.events("alarm")
    assert alarm["text"] == "1 updates up to iteration 8 were skipped: the loss was not finite"
    assert all(bool(torch.isfinite(value).all()) for value in every_tensor(training.folder).values())
    assert training.events("metric")[-1]["skipped"] == 1
    assert training.model.is_file()


@pytest.mark.usefixtures("_impatient")
def test_repeated_trouble_leads_back_to_the_last_good_checkpoint_with_half_the_rate(
    tmp_path: Path, training_dataset: Path, poisoned: Callable[[Callable[[int, float], bool]], None]
) -> None:
    poisoned(lambda iteration, slower: iteration > 9 and slower > 0.5)
    training = Training(tmp_path, training_dataset, quick_profile(28))
    training.run()
    alarms = [event["text"] for event in training.events("alarm")]
    assert alarms[-1].startswith(
        "the last 11 updates up to iteration 20 were skipped: the loss was not finite: back to"
    )
    assert alarms[-1].endswith("the checkpoint of iteration 8, with 0.5 of the rate")
    assert training.iterations("resumed") == [8]
    metrics = training.events("metric")
    assert [event["iteration"] for event in metrics] == list(range(4, 29, 4))  # what came after 8 is undone
    assert [event["lr"] for event in metrics] == [2e-3] * 2 + [1e-3] * 5
    assert metrics[-1]["skipped"] == 0  # of the updates that count
    assert training.model.is_file()


@pytest.mark.usefixtures("_impatient")
def test_a_lower_rate_outlives_a_kill(
    tmp_path: Path, training_dataset: Path, poisoned: Callable[[Callable[[int, float], bool]], None]
) -> None:
    poisoned(lambda iteration, slower: iteration > 9 and slower > 0.5)
    one_go, stopped = (Training(tmp_path / name, training_dataset, quick_profile(28)) for name in "ab")
    one_go.run()
    with pytest.raises(ZeroDivisionError):  # as sudden as a kill, right after the return
        stopped.run(at=lambda job, done: 1 // 0 if done == 9 and stopped.events("resumed") else None)  # type: ignore[arg-type, return-value] # never returns a value
    assert checkpoints.iterations(stopped.folder.checkpoints)[-1] == 8
    stopped.run()
    assert_identical(one_go.folder, stopped.folder)


@pytest.mark.usefixtures("_impatient")
def test_after_three_returns_it_fails_and_says_what_to_do(
    tmp_path: Path, training_dataset: Path, poisoned: Callable[[Callable[[int, float], bool]], None]
) -> None:
    poisoned(lambda *_: True)
    training = Training(tmp_path, training_dataset, quick_profile(20))
    fact = "updates up to iteration 12 were skipped: the loss was not finite, again after 3 returns"
    with pytest.raises(SrtuiError, match=fact) as caught:
        training.run()
    assert "optimizer.lr" in caught.value.hint
    assert not training.model.exists()
    assert [event["text"][-20:] for event in training.events("alarm") if "back to" in event["text"]] == [
        "with 0.5 of the rate",
        "ith 0.25 of the rate",
        "th 0.125 of the rate",
    ]


def test_trouble_of_the_discriminator_alone_leads_back_too(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from srtui.engine.adversary import Adversary

    learn = Adversary.learn

    def fails(judge: Adversary, fake: torch.Tensor, real: torch.Tensor, share: float) -> None:
        learn(judge, fake, real * math.nan, share)

    monkeypatch.setattr(Adversary, "learn", fails)
    monkeypatch.setattr(trouble, "PATIENCE", 5)
    stage = gan_stage(8, gan=Gan(discriminator=UNet(features=4)), gt_size=16, batch=1)
    training = Training(tmp_path, training_dataset, small_profile(stage, log_every=5, checkpoint_every=100))
    with pytest.raises(SrtuiError, match="the discriminator's last 5 updates"):
        training.run()


def test_a_loss_that_explodes_is_said_once(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss, calls = losses.LOSSES["l1"], [0]

    def explodes(restored: torch.Tensor, gt: torch.Tensor) -> torch.Tensor:
        calls[0] += 1
        return loss(restored, gt) * (1 if calls[0] < 20 else 50)

    monkeypatch.setitem(losses.LOSSES, "l1", explodes)
    training = Training(tmp_path, training_dataset, quick_profile(50, log_every=1))
    training.run()
    (alarm,) = training.events("alarm")
    assert "more than 3 times its best for 10 readings" in alarm["text"]


def test_a_discriminator_that_wins_is_said_once(tmp_path: Path, training_dataset: Path) -> None:
    gan = Gan(weight=1e-9, discriminator=UNet(features=8), optimizer=Adam(lr=1e-2))
    stage = gan_stage(120, gan=gan, gt_size=16, optimizer=Adam(lr=1e-9), schedule=Constant(type="constant"))
    training = Training(tmp_path, training_dataset, small_profile(stage, log_every=1, validate_every=1000))

    def win(adversary: Any, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        return torch.ones(())

    from srtui.engine.adversary import Adversary

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Adversary, "_right", win)
        with pytest.raises(Stopped):
            training.run(at=stop_at(30))
    (alarm,) = training.events("alarm")
    assert "right in 100.0% of its verdicts for 20 readings" in alarm["text"]


@pytest.mark.parametrize(
    ("crops", "most", "sizes"), [(16, 0, [16]), (16, 16, [16]), (16, 12, [8, 8]), (7, 3, [3, 3, 1]), (5, 1, [1] * 5)]
)
def test_parts_are_as_equal_as_can_be(crops: int, most: int, sizes: list[int]) -> None:
    found = list(parts(crops, most))
    assert [part.stop - part.start for part in found] == sizes
    assert (found[0].start, found[-1].stop) == (0, crops)


def first_gradients(training: Training) -> dict[str, torch.Tensor]:
    """Of a training of one update: Adam remembers a tenth of them."""
    return {name: value for name, value in every_tensor(training.folder).items() if name.endswith(".exp_avg")}


@pytest.mark.parametrize("micro_batch", [1, 2, 3])
@pytest.mark.parametrize("gan", [False, True])
def test_accumulated_micro_batches_have_the_gradient_of_the_whole_batch(
    tmp_path: Path, training_dataset: Path, micro_batch: int, gan: bool
) -> None:
    judge = Gan(discriminator=UNet(features=4))
    stage = gan_stage(1, gan=judge, batch=5) if gan else small_stage(1, batch=5)
    whole = Training(tmp_path / "whole", training_dataset, small_profile(stage))
    whole.run()
    dealt = Training(tmp_path / "dealt", training_dataset, small_profile(stage), micro_batch=micro_batch)
    dealt.run()
    mine, theirs = first_gradients(whole), first_gradients(dealt)
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        torch.testing.assert_close(theirs[name], value, rtol=1e-3, atol=1e-6)
    assert dealt.events("metric")[-1]["loss"] == pytest.approx(whole.events("metric")[-1]["loss"], rel=1e-5)
    for name in ("content", "gan", "disc", "disc_real", "disc_fake", "disc_right") if gan else ():
        figures = [training.events("metric")[-1][name] for training in (whole, dealt)]
        assert figures[1] == pytest.approx(figures[0], rel=1e-3, abs=1e-5)
    assert dealt.events("metric")[-1]["micro_batch"] == micro_batch


def assert_like(left: Training, right: Training) -> None:
    """Both did the same updates with the same samples; the losses tell, for Adam makes whole steps of roundings."""
    mine, theirs = every_tensor(left.folder), every_tensor(right.folder)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine if name.endswith(".step"))
    losses_of = [[event["loss"] for event in training.events("metric")] for training in (left, right)]
    assert losses_of[0] == pytest.approx(losses_of[1], rel=1e-3)


@contextmanager
def room_for(crops: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A network that needs more memory than there is above so many crops; gives the crops of every pass in training."""
    seen: list[int] = []
    forward = SRVGGNetCompact.forward

    def limited(net: SRVGGNetCompact, lq_bchw: torch.Tensor) -> torch.Tensor:
        if net.training:
            seen.append(len(lq_bchw))
            if len(lq_bchw) > crops:
                raise torch.OutOfMemoryError(f"tried to allocate {len(lq_bchw)} crops\nlong advice")
        return forward(net, lq_bchw)

    with monkeypatch.context() as patch:
        patch.setattr(SRVGGNetCompact, "forward", limited)
        yield seen


@pytest.mark.parametrize("gan", [False, True])
def test_out_of_memory_halves_what_goes_through_at_once_and_loses_nothing(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch, gan: bool
) -> None:
    judge = Gan(discriminator=UNet(features=4))
    stage = gan_stage(6, gan=judge, batch=6) if gan else small_stage(6, batch=6)
    profile = small_profile(stage, checkpoint_every=100)
    whole = Training(tmp_path / "whole", training_dataset, profile)
    whole.run()
    training = Training(tmp_path / "tight", training_dataset, profile)
    with room_for(2, monkeypatch) as seen:
        with pytest.raises(Stopped):
            training.run(at=stop_at(3))
        assert seen == [6, 3, 2, 2, 2, *[2] * 6]
        training.run()
        assert seen[11:] == [2] * 9  # a resumed run begins with what fitted
    alarms = [event["text"] for event in training.events("alarm")]
    assert [text.partition(" (")[0] for text in alarms] == ["out of memory at iteration 1"] * 2
    assert alarms[-1].endswith("going on with 2 crops at once, which add up to the same batch of 6")
    assert_like(whole, training)


def test_the_discriminator_may_be_what_does_not_fit(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from srtui.engine.adversary import Adversary

    profile = small_profile(gan_stage(3, gan=Gan(discriminator=UNet(features=4)), batch=4), checkpoint_every=100)
    whole = Training(tmp_path / "whole", training_dataset, profile)
    whole.run()
    learn = Adversary.learn

    def limited(judge: Adversary, fake: torch.Tensor, real: torch.Tensor, share: float) -> None:
        learn(judge, fake, real, share)
        if len(fake) > 2:
            raise RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")

    monkeypatch.setattr(Adversary, "learn", limited)
    training = Training(tmp_path / "tight", training_dataset, profile)
    training.run()
    assert len(training.events("alarm")) == 1
    assert_like(whole, training)  # the network was not updated twice


def test_one_crop_that_does_not_fit_is_the_machines_fault(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(tmp_path, training_dataset, small_profile(small_stage(6, batch=3)))
    with (
        room_for(0, monkeypatch),
        pytest.raises(MachineError, match="one crop of 32 pixels does not fit: tried") as caught,
    ):
        training.run()
    assert caught.value.exit_code == 4


def test_another_error_of_torch_is_not_taken_for_too_little_memory(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> torch.Tensor:
        raise RuntimeError("a defect")

    training = Training(tmp_path, training_dataset)
    monkeypatch.setattr(networks.SRNetwork, "__call__", fails)
    with pytest.raises(RuntimeError, match="a defect"):
        training.run()

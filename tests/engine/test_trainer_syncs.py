"""Between two readings the host never waits for the device."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from srtui.config.losses import Gan, Losses
from srtui.config.network import UNet, Vgg
from srtui.config.profile import Profile
from srtui.engine import trainer
from srtui.engine.cuda_graphs import WARM_UP
from srtui.engine.training_state import TrainingState
from srtui.jobs.context import JobContext, Stopped
from tests.engine.training_cases import Training, assert_identical, gan_stage, small_profile, small_stage, stop_at

WAITING = ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__")
"""What on a GPU makes the host wait until everything before it is done."""

LOSSES = Losses(l1=1.0, charbonnier=0.1, frequency=0.1, ms_ssim=0.1, ldl=0.1)


def one_stage(gan: Gan | None) -> Profile:
    stage = gan_stage(24, gan=gan, losses=LOSSES, gt_size=32) if gan else small_stage(24, losses=LOSSES)
    return small_profile(stage, log_every=12, validate_every=1000, checkpoint_every=1000, cuda_graphs=True)


@pytest.mark.parametrize(
    "gan",
    [
        None,
        Gan(kind="vanilla", discriminator=UNet(features=4)),
        Gan(kind="relativistic", discriminator=Vgg(features=4), every=2),
    ],
)
@pytest.mark.parametrize("micro_batch", [0, 1])
def test_the_host_waits_for_the_device_only_at_readings(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch, gan: Gan | None, micro_batch: int
) -> None:
    waits = Counter[str]()
    for name in WAITING:
        original = getattr(torch.Tensor, name)

        def counted(tensor: torch.Tensor, *args: Any, _name: str = name, _original: Any = original) -> Any:
            waits[_name] += 1
            return _original(tensor, *args)

        monkeypatch.setattr(torch.Tensor, name, counted)
    training = Training(tmp_path, training_dataset, one_stage(gan), micro_batch=micro_batch)
    seen: dict[int, Counter[str]] = {}

    def look(_job: JobContext, done: int) -> None:
        seen.setdefault(done, Counter(waits))

    training.run(at=look)
    assert seen[11] - seen[1] == Counter()
    # One for the network; with a discriminator its counters, its means and the network's too.
    assert seen[13] - seen[11] == Counter({"tolist": 4 if gan else 1})
    assert seen[23] - seen[13] == Counter()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("gan", [None, Gan(kind="relativistic", discriminator=UNet(features=4))])
def test_no_update_makes_the_host_wait_for_a_gpu(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch, gan: Gan | None
) -> None:
    update = trainer._update

    def strict(state: TrainingState, *others: Any) -> None:
        if state.progress.iteration > WARM_UP:  # the first ones choose algorithms, and what they do is recorded
            torch.cuda.set_sync_debug_mode("error")
        try:
            update(state, *others)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(trainer, "_update", strict)
    training = Training(tmp_path, training_dataset, one_stage(gan), device="cuda")
    training.run()
    assert training.model.is_file()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu_resumed_is_as_if_never_stopped(tmp_path: Path, training_dataset: Path) -> None:
    stages = small_stage(8), gan_stage(8, gan=Gan(discriminator=Vgg(features=4)))
    profile = small_profile(*stages, deterministic=True)
    one_go, stopped = (Training(tmp_path / name, training_dataset, profile, device="cuda") for name in "ab")
    one_go.run()
    for iteration in (5, 8, 12):
        with pytest.raises(Stopped):
            stopped.run(at=stop_at(iteration))
    stopped.run()
    assert_identical(one_go.folder, stopped.folder)

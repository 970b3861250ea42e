"""The largest micro-batch that fits."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from srtui.config.network import Compact
from srtui.config.profile import Stage
from srtui.engine import auto_batch, trainer
from srtui.engine.auto_batch import affordable, largest, largest_micro_batch
from srtui.engine.rehearsal import Rehearsal
from srtui.errors import MachineError
from srtui.jobs.context import Stopped
from tests.engine.training_cases import Training, small_profile, small_stage, stop_at

CPU = torch.device("cpu")
SMALL = Compact(features=8, convs=1)


@pytest.mark.parametrize("most", range(1, 17))
def test_the_search_finds_what_fits(most: int) -> None:
    tried: list[int] = []

    def fits(crops: int) -> bool:
        tried.append(crops)
        return crops <= most

    assert largest(16, fits, "here") == most
    assert tried[0] == 16
    assert len(tried) <= 6


def test_nothing_fits_is_an_error_of_the_machine() -> None:
    with pytest.raises(MachineError, match="cuda:0: not even one crop fits in the memory"):
        largest(8, lambda _crops: False, "cuda:0")


def test_memory_is_divided_among_crops() -> None:
    assert affordable(16, first=100, each=50, room=260) == 4
    assert affordable(16, first=100, each=1, room=10_000) == 16
    with pytest.raises(MachineError, match=r"one crop needs 2\.0 GiB, and 1\.0 may be used"):
        affordable(16, first=2 << 30, each=1, room=1 << 30)


def test_a_cpu_is_measured_and_draws_stay_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    stage = Stage(iterations=10, batch=4, gt_size=32)
    assert largest_micro_batch(SMALL, stage, 4, CPU, precision="fp32") == 4
    assert torch.equal(torch.rand(1), expected)
    monkeypatch.setattr(auto_batch, "CPU_MARGIN", 0.0)
    with pytest.raises(MachineError, match="one crop needs"):
        largest_micro_batch(SMALL, stage, 4, CPU, precision="fp32")


def test_the_search_can_be_stopped() -> None:
    def check() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        largest_micro_batch(SMALL, Stage(iterations=10, batch=2, gt_size=32), 4, CPU, precision="fp32", check=check)


def test_a_rehearsal_takes_no_smaller_parts_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsal = Rehearsal(SMALL, Stage(iterations=10, batch=2, gt_size=32), 4, CPU, precision="fp32")

    def full(_lq: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")

    monkeypatch.setattr(rehearsal._work, "_forward", full)
    with pytest.raises(MachineError, match="CUDA out of memory"):
        rehearsal.update()


def test_a_training_finds_its_micro_batch(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "largest_micro_batch", lambda *_, **__: 1)
    training = Training(tmp_path, training_dataset, small_profile(small_stage(4)), auto_batch=True)
    training.run()
    assert {event["micro_batch"] for event in training.events("metric")} == {1}
    assert "up to 1 of 2 crops fit at once" in [event["text"] for event in training.events("note")]


def test_a_training_can_be_stopped_while_it_looks_for_its_micro_batch(tmp_path: Path, training_dataset: Path) -> None:
    training = Training(tmp_path, training_dataset, small_profile(small_stage(4)), auto_batch=True)
    with pytest.raises(Stopped):
        training.run(at=stop_at(0))
    assert not training.events("note")
    training.run()
    assert training.model.is_file()

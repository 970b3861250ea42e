"""Measuring how long a training will take, and remembering it."""

from __future__ import annotations

import dataclasses
import weakref
from pathlib import Path

import pytest
import torch

from srtui.config.losses import Gan
from srtui.config.network import Compact, UNet
from srtui.config.profile import Profile, Stage
from srtui.config.reader import to_plain
from srtui.config.requests import EstimateRequest
from srtui.engine import estimating
from srtui.errors import MachineError, UsageError
from srtui.jobs.context import JobContext
from srtui.jobs.events import read_events
from srtui.jobs.folder import create
from srtui.project import estimates
from srtui.project.estimates import StageEstimate, recall_all, sentence, whole_seconds

STAGE = Stage(iterations=1000, batch=2, gt_size=32)


def profile(*stages: Stage) -> Profile:
    return Profile(name="small", network=Compact(features=8, convs=1), stages=stages or (STAGE,), precision="fp32")


def estimate(folder: Path, wanted: Profile, gpus: str = "") -> dict[str, object]:
    request = EstimateRequest(profile=wanted, scale=4, device="cpu", gpus=gpus, threads=1)
    job = create(folder / "jobs", "estimate", to_plain(request))
    estimating.run(JobContext(job, resumed=False), request)
    events = list(read_events(job.events))
    return next(event for event in events if event["kind"] == "result") | {
        "alarms": [event["text"] for event in events if event["kind"] == "alarm"]
    }


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimating, "LONGEST", 0.05)


def test_every_stage_is_measured_and_remembered(tmp_path: Path) -> None:
    gan = dataclasses.replace(STAGE, iterations=500, gan=Gan(discriminator=UNet(features=4)))
    wanted = profile(STAGE, gan)
    assert recall_all(wanted, 4, "cpu", 1) is None
    result = estimate(tmp_path, wanted)
    known = recall_all(wanted, 4, "cpu", 1)
    assert known is not None
    assert [each.precision for each in known] == ["fp32", "fp32"]
    assert result["hours"] == pytest.approx(whole_seconds(wanted, known) / 3600, abs=1e-3)
    assert result["estimate"] == sentence(wanted, known)
    assert result["micro_batch"] == [0, 0]
    assert all(each.seconds > 0 and each.gib > 0 for each in known)


def test_iterations_do_not_matter_but_crops_and_scale_do(tmp_path: Path) -> None:
    estimate(tmp_path, profile())
    longer = profile(dataclasses.replace(STAGE, iterations=77))
    assert recall_all(longer, 4, "cpu", 1) is not None
    assert recall_all(longer, 2, "cpu", 1) is None
    assert recall_all(profile(dataclasses.replace(STAGE, batch=3)), 4, "cpu", 1) is None
    assert recall_all(longer, 4, "cpu", 2) is None


def test_a_network_that_will_be_compiled_is_compiled_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_net: object, **_: object) -> None:
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", fails)
    wanted = dataclasses.replace(profile(), compile="on")
    assert "no compiler" in str(estimate(tmp_path, wanted)["alarms"])
    assert recall_all(wanted, 4, "cpu", 1) is not None
    assert recall_all(profile(), 4, "cpu", 1) is None


def test_what_does_not_fit_is_measured_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = estimating.measure

    def small_memory(*arguments: object, micro_batch: int) -> StageEstimate:
        if micro_batch != 1:
            raise MachineError("cuda:0", "CUDA out of memory")
        return real(*arguments, micro_batch=micro_batch)

    monkeypatch.setattr(estimating, "measure", small_memory)
    monkeypatch.setattr(estimating, "largest_micro_batch", lambda *_, **__: 1)
    result = estimate(tmp_path, profile())
    assert result["micro_batch"] == [1]
    assert "1 crops at once, the rest is accumulated" in str(result["estimate"])
    assert "2 crops at once do not fit (CUDA out of memory)" in str(result["alarms"])


def test_what_did_not_fit_is_gone_before_smaller_parts_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[weakref.ref[estimating.Rehearsal]] = []

    class Full(estimating.Rehearsal):
        def update(self) -> None:
            if tried:
                return super().update()
            tried.append(weakref.ref(self))
            raise torch.OutOfMemoryError("CUDA out of memory")

    def search(*_args: object, **_options: object) -> int:
        assert [each() for each in tried] == [None]
        return 1

    monkeypatch.setattr(estimating, "Rehearsal", Full)
    monkeypatch.setattr(estimating, "largest_micro_batch", search)
    assert estimate(tmp_path, profile())["micro_batch"] == [1]


def test_of_several_gpus_the_first_is_measured_with_its_part_of_the_batch(tmp_path: Path) -> None:
    wanted = profile(dataclasses.replace(STAGE, batch=3))
    part, first, ranks = estimates.part_of(wanted, "auto", "cpu,cpu")
    assert ([stage.batch for stage in part.stages], first, ranks) == ([2], "cpu", 2)
    assert estimates.part_of(wanted, "cuda:1", "") == (wanted, "cuda:1", 1)
    result = estimate(tmp_path, wanted, gpus="cpu,cpu")
    assert recall_all(part, 4, "cpu", 1) is not None
    assert recall_all(wanted, 4, "cpu", 1) is None
    assert "GiB of memory on each of 2 GPUs" in str(result["estimate"])


def test_a_damaged_estimate_is_none(tmp_path: Path) -> None:
    (key,) = estimates.keys(profile(), 4, "cpu")
    known = StageEstimate(seconds=0.5, gib=1.0, micro_batch=0, precision="bf16")
    estimates.remember(key, known)
    assert estimates.recall(key) == known
    (path,) = estimates._folder().iterdir()
    for damaged in ("", "[]", "{", '{"version": 2}', '{"version": 1, "seconds": 1}'):
        path.write_text(damaged)
        assert estimates.recall(key) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.01, "about 10 seconds"), (1.0, "about 16.7 minutes"), (36, "about 10.0 hours"), (1e3, "days")],
)
def test_the_sentence_is_for_people(seconds: float, words: str) -> None:
    known = StageEstimate(seconds=seconds, gib=1.25, micro_batch=0, precision="bf16")
    assert words in sentence(profile(), [known])
    assert "1,000 updates, 1.2 GiB" in sentence(profile(), [known])


def test_crops_that_the_scale_does_not_divide_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gt_size: 33 is not a multiple of the scale, 4"):
        estimate(tmp_path, profile(dataclasses.replace(STAGE, gt_size=33)))

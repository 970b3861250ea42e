"""Updates that are recorded and replayed are the updates that Python makes call by call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from srtui.config.losses import Gan, Losses
from srtui.config.network import Span, UNet, Vgg
from srtui.config.profile import Profile, Stage
from srtui.engine import cuda_graphs
from srtui.engine.networks.compact import SRVGGNetCompact
from srtui.jobs.context import Stopped
from tests.engine.taping import CpuRecorder
from tests.engine.training_cases import (
    Training,
    assert_identical,
    every_tensor,
    gan_stage,
    small_stage,
    stop_at,
)
from tests.engine.training_cases import small_profile as _small_profile

LOSSES = Losses(l1=1.0, charbonnier=0.1, frequency=0.1, ms_ssim=0.1, ldl=0.1)
VANILLA = Gan(kind="vanilla", discriminator=UNet(features=4))
RELATIVISTIC = Gan(kind="relativistic", discriminator=Vgg(features=4), every=2)


def small_profile(*stages: Stage, **changes: Any) -> Profile:
    """As other tests', with graphs unless it says otherwise."""
    return _small_profile(*stages, **{"cuda_graphs": True, **changes})


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> CpuRecorder:
    recorder = CpuRecorder()
    monkeypatch.setattr(cuda_graphs, "recorder_for", lambda _device: recorder)
    return recorder


def call_by_call(folder: Path, dataset: Path, profile_: Callable[..., Profile]) -> Training:
    training = Training(folder / "plain", dataset, profile_(cuda_graphs=False))
    training.run()
    return training


@pytest.mark.parametrize(
    ("stage", "recorded", "replayed"),
    [
        (small_stage(8, losses=LOSSES), 1, 6),
        (gan_stage(8, gan=VANILLA, losses=LOSSES), 2, 12),
        (gan_stage(8, gan=RELATIVISTIC, losses=LOSSES), 3, 10),
    ],
    ids=["no discriminator", "U-Net", "VGG at every second update"],
)
def test_a_training_by_graphs_is_the_same_to_the_last_bit(
    tmp_path: Path, training_dataset: Path, recorder: CpuRecorder, stage: object, recorded: int, replayed: int
) -> None:
    def profile(**changes: object) -> Profile:
        return small_profile(stage, **changes)

    plain = call_by_call(tmp_path, training_dataset, profile)
    assert not recorder.recorded
    by_graphs = Training(tmp_path / "graphs", training_dataset, profile())
    by_graphs.run()
    assert_identical(by_graphs.folder, plain.folder)
    assert (recorder.recorded, recorder.replayed) == (recorded, replayed)
    assert not by_graphs.events("alarm")
    losses = [[event["loss"] for event in training.events("metric")] for training in (plain, by_graphs)]
    assert losses[0] == losses[1]


def test_a_network_that_merges_its_weights_in_every_pass_is_recorded_whole(
    tmp_path: Path, training_dataset: Path, recorder: CpuRecorder
) -> None:
    def profile(**changes: object) -> Profile:
        return small_profile(small_stage(6), network=Span(features=8), **changes)

    plain = call_by_call(tmp_path, training_dataset, profile)
    by_graphs = Training(tmp_path / "graphs", training_dataset, profile())
    by_graphs.run()
    assert_identical(by_graphs.folder, plain.folder)
    assert recorder.replayed == 4


def test_resumed_by_graphs_is_as_if_never_stopped(
    tmp_path: Path, training_dataset: Path, recorder: CpuRecorder
) -> None:
    profile = small_profile(small_stage(6), gan_stage(6, gan=VANILLA))
    one_go, stopped = (Training(tmp_path / name, training_dataset, profile) for name in ("one go", "stopped"))
    one_go.run()
    for iteration in (4, 9):
        with pytest.raises(Stopped):
            stopped.run(at=stop_at(iteration))
    stopped.run()
    assert_identical(one_go.folder, stopped.folder)
    assert recorder.recorded > 3  # recorded anew after each stop


def test_what_cannot_be_recorded_is_done_call_by_call_with_a_word(
    tmp_path: Path, training_dataset: Path, recorder: CpuRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = SRVGGNetCompact.forward

    def looks(net: SRVGGNetCompact, lq_bchw: Tensor) -> Tensor:
        assert lq_bchw.mean().item() >= 0
        return forward(net, lq_bchw)

    monkeypatch.setattr(SRVGGNetCompact, "forward", looks)
    plain = call_by_call(tmp_path, training_dataset, lambda **changes: small_profile(small_stage(6), **changes))
    looking = Training(tmp_path / "looking", training_dataset, small_profile(small_stage(6)))
    looking.run()
    assert_identical(looking.folder, plain.folder)
    assert not recorder.replayed
    (alarm,) = looking.events("alarm")
    assert alarm["text"] == (
        "recording the updates as CUDA graphs failed, so they are done call by call: "
        "operation not permitted when stream is capturing"
    )


def test_no_room_for_a_graph_leaves_the_batch_whole(
    tmp_path: Path, training_dataset: Path, recorder: CpuRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_work: Callable[[], None]) -> Callable[[], None]:
        try:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        finally:  # as torch does where a recording ends that has failed
            raise RuntimeError("operation failed due to a previous error during capture")

    monkeypatch.setattr(recorder, "record", full)
    training = Training(tmp_path, training_dataset, small_profile(small_stage(4)))
    training.run()
    (alarm,) = training.events("alarm")
    assert alarm["text"].endswith("call by call: CUDA out of memory. Tried to allocate 2 GiB")


def test_parts_of_a_batch_are_not_recorded(tmp_path: Path, training_dataset: Path, recorder: CpuRecorder) -> None:
    training = Training(tmp_path, training_dataset, small_profile(small_stage(4)), micro_batch=1)
    training.run()
    assert not recorder.recorded


def test_memory_that_runs_out_later_ends_the_graphs(
    tmp_path: Path, training_dataset: Path, recorder: CpuRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = recorder.record

    def tight(work: Callable[[], None]) -> Callable[[], None]:
        replay, left = record(work), iter(range(2))

        def replay_until_full() -> None:
            if next(left, None) is None:
                raise torch.OutOfMemoryError("CUDA out of memory")
            replay()

        return replay_until_full

    monkeypatch.setattr(recorder, "record", tight)
    training = Training(tmp_path, training_dataset, small_profile(small_stage(8)))
    training.run()
    (alarm,) = training.events("alarm")
    assert alarm["text"].startswith("out of memory at iteration 5 (CUDA out of memory): going on with 1 crops")
    assert (recorder.recorded, recorder.replayed) == (1, 2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("gan", [None, VANILLA, RELATIVISTIC])
def test_on_a_gpu_recorded_updates_are_those_made_call_by_call(
    tmp_path: Path, training_dataset: Path, gan: Gan | None
) -> None:
    stage = small_stage(12) if gan is None else gan_stage(12, gan=gan)
    found = []
    for graphs in (False, True):
        profile = small_profile(stage, cuda_graphs=graphs, deterministic=True)
        training = Training(tmp_path / str(graphs), training_dataset, profile, device="cuda")
        training.run()
        assert not [each for each in training.events("alarm") if "CUDA graphs" in each["text"]]
        found.append(every_tensor(training.folder))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])

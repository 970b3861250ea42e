"""The trainer in one process: it learns, and whatever interrupts it, the result is the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from srtui.config.losses import Losses
from srtui.config.network import Compact
from srtui.config.optimization import MultiStep
from srtui.config.reader import from_plain
from srtui.config.requests import TrainRequest
from srtui.data.pictures import read_picture
from srtui.data.store import StoreReader
from srtui.data.writing import StoreWriter
from srtui.engine import checkpoints, models
from srtui.engine.restorer import Restorer
from srtui.engine.scores import validate_network
from srtui.errors import DeviceBusyError, UsageError
from srtui.files import state_folder
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.control import ask
from srtui.jobs.folder import read_record
from tests.engine.training_cases import (
    ITERATIONS,
    Training,
    assert_identical,
    every_tensor,
    small_profile,
    small_stage,
    stop_at,
)

OTHER_TRAINING = """
import sys
from pathlib import Path
from srtui.jobs.lock import take
lock = take(Path(sys.argv[1]), text="/jobs/the-first\\n")
print("held", flush=True)
sys.stdin.read()
"""


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, training_dataset: Path) -> Training:
    """A training that nothing interrupted."""
    torch.set_num_threads(1)
    training = Training(tmp_path_factory.mktemp("whole"), training_dataset)
    training.run()
    return training


def test_a_training_lowers_the_loss(tmp_path: Path, training_dataset: Path) -> None:
    training = Training(
        tmp_path, training_dataset, small_profile(small_stage(150), log_every=10, checkpoint_every=1000)
    )
    training.run()
    losses_seen = [event["loss"] for event in training.events("metric")]
    assert len(losses_seen) == 15
    assert sum(losses_seen[-5:]) < sum(losses_seen[:5])
    gains = [event["gain_y"] for event in training.events("validation")]
    assert gains[-1] > gains[0] + 1


def test_it_says_what_it_does(whole: Training) -> None:
    assert whole.iterations("metric") == [4, 8, 12, 16, 20, 24]
    assert whole.iterations("validation") == [12, 24]
    last = whole.events("validation")[-1]
    assert 5 < last["psnr_y"] < 60
    assert last["gain_y"] == pytest.approx(last["scenarios"][0]["gain_y"])
    assert [(each["name"], each["pictures"]) for each in last["scenarios"]] == [("half", 2)]
    assert not whole.events("resumed")
    metric = whole.events("metric")[0]
    assert {"loss", "smoothed", "lr", "it_s", "data_wait", "memory_gib"} <= metric.keys()


def test_the_last_three_checkpoints_and_the_best_stay(whole: Training) -> None:
    kept = checkpoints.iterations(whole.folder.checkpoints)
    assert kept[-3:] == [15, 20, 24]
    best = max(whole.events("validation"), key=lambda event: event["psnr_y"])["iteration"]
    assert best in kept


def test_all_validation_pictures_are_kept_through_time(whole: Training) -> None:
    index = json.loads((whole.folder.previews / "index.json").read_text(encoding="utf-8"))
    moments = {each["name"]: [moment["iteration"] for moment in each["moments"]] for each in index["pictures"]}
    assert moments == {"0007": [12, 24], "0008": [12, 24]}
    restore, made = Restorer(models.load_model(whole.model).net), {}
    reader = StoreReader(Path(whole.request.dataset) / "val.lmdb")
    validate_network(restore, reader, show=reader.names, see=lambda seen: made.update({seen.name: seen.network_hwc}))
    for each in index["pictures"]:
        assert (read_picture(whole.folder.previews / each["whole"]) == made[each["name"]]).all()


def test_without_validation_pictures_it_trains_and_says_so(tmp_path: Path, training_dataset: Path) -> None:
    dataset = tmp_path / "dataset"
    shutil.copytree(training_dataset, dataset)
    StoreWriter(dataset / "empty.lmdb", room=0).close()
    (dataset / "empty.lmdb").replace(dataset / "val.lmdb")
    training = Training(tmp_path, dataset)
    training.run()
    (alarm,) = training.events("alarm")
    assert "nothing to validate on" in alarm["text"]
    assert not training.events("validation")
    assert training.model.is_file()


def test_the_network_is_the_average_with_its_recipe(whole: Training) -> None:
    loaded = models.load_model(whole.model)
    ema = {name[len("ema.") :]: value for name, value in every_tensor(whole.folder).items() if name.startswith("ema.")}
    assert loaded.net.state_dict().keys() == ema.keys()
    assert all(torch.equal(value, ema[name]) for name, value in loaded.net.state_dict().items())
    assert loaded.scale == 2
    assert loaded.recipe is not None
    assert loaded.recipe["profile"]["name"] == "small"


def test_the_same_request_gives_the_same_bytes(tmp_path: Path, training_dataset: Path, whole: Training) -> None:
    bytes_before = whole.model.read_bytes()
    again = Training(tmp_path, training_dataset)
    again.request = whole.request
    again.run()
    assert_identical(again.folder, whole.folder)
    assert whole.model.read_bytes() == bytes_before


def test_another_seed_gives_another_network(tmp_path: Path, training_dataset: Path, whole: Training) -> None:
    other = Training(tmp_path, training_dataset, seed=4)
    other.run()
    with pytest.raises(AssertionError):
        assert_identical(other.folder, whole.folder)


def test_the_curves_can_be_read(whole: Training) -> None:
    curves = EventAccumulator(str(whole.folder.path / "tensorboard"))
    curves.Reload()
    assert [point.step for point in curves.Scalars("loss")] == [4, 8, 12, 16, 20, 24]
    assert [point.step for point in curves.Scalars("psnr_y")] == [12, 24]


@pytest.mark.parametrize("iteration", [1, 5, 12, 17, 23, 24])
def test_stopped_and_resumed_is_as_if_never_stopped(
    tmp_path: Path, training_dataset: Path, whole: Training, iteration: int
) -> None:
    training = Training(tmp_path, training_dataset)
    with pytest.raises(Stopped):
        training.run(at=stop_at(iteration))
    assert checkpoints.iterations(training.folder.checkpoints)[-1] == iteration
    training.run()
    assert_identical(training.folder, whole.folder)
    assert training.iterations("resumed") == [iteration]
    assert training.iterations("metric") == whole.iterations("metric")
    assert training.iterations("validation") == whole.iterations("validation")
    assert [event["loss"] for event in training.events("metric")] == [event["loss"] for event in whole.events("metric")]


def test_stages_follow_each_other_wherever_it_is_stopped(tmp_path: Path, training_dataset: Path) -> None:
    second = small_stage(8, batch=3, gt_size=16, schedule=MultiStep(type="multistep", milestones=(0.5,)))
    profile = small_profile(small_stage(7), second)
    one_go = Training(tmp_path / "whole", training_dataset, profile)
    one_go.run()
    assert one_go.events("metric")[-1]["iteration"] == 15
    for iteration in (7, 11):
        training = Training(tmp_path / str(iteration), training_dataset, profile)
        with pytest.raises(Stopped):
            training.run(at=stop_at(iteration))
        training.run()
        assert_identical(training.folder, one_go.folder)


def test_a_finished_training_resumed_does_nothing(tmp_path: Path, training_dataset: Path) -> None:
    training = Training(tmp_path, training_dataset)
    training.run()
    training.model.unlink()
    metrics = len(training.events("metric"))
    training.run()
    assert not training.model.exists()
    assert len(training.events("metric")) == metrics


def test_a_damaged_checkpoint_costs_only_the_way_back_to_the_one_before(
    tmp_path: Path, training_dataset: Path, whole: Training
) -> None:
    training = Training(tmp_path, training_dataset)
    with pytest.raises(Stopped):
        training.run(at=stop_at(17))
    flip_a_bit(training.folder.checkpoints / "17" / "ema.safetensors")
    training.run()
    (alarm,) = training.events("alarm")
    assert "checkpoint 17" in alarm["text"]
    assert training.iterations("resumed") == [15]
    assert_identical(training.folder, whole.folder)


@pytest.mark.parametrize("change", ["network", "scale"])
def test_a_checkpoint_of_another_network_is_refused_in_words(
    tmp_path: Path, training_dataset: Path, change: str
) -> None:
    training = Training(tmp_path, training_dataset)
    with pytest.raises(Stopped):
        training.run(at=stop_at(5))
    if change == "network":
        other = small_profile(network=Compact(features=12, convs=1))
        training.request = Training(tmp_path / "other", training_dataset, other).request
        fact = r"features 8, .*asks for .*features 12"
    else:
        state = training.folder.checkpoints / "5" / "state.pt"
        content = torch.load(state, weights_only=True)
        content["about"]["scale"] = 4
        torch.save(content, state)
        fact = r"compact ×4 .*asks for compact ×2"
    with pytest.raises(UsageError, match=fact):
        training.run()


def test_a_checkpoint_of_a_gpu_is_resumed_on_a_cpu(
    tmp_path: Path, training_dataset: Path, whole: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(tmp_path, training_dataset)
    with pytest.raises(Stopped):
        training.run(at=stop_at(5))
    state = training.folder.checkpoints / "5" / "state.pt"
    content = torch.load(state, weights_only=True)
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda _storage: "cuda:0")
        torch.save(content, state)
    assert b"cuda:0" in state.read_bytes()
    training.run()
    assert_identical(training.folder, whole.folder)


def test_a_run_leaves_its_options_as_they_were(whole: Training) -> None:
    assert from_plain(TrainRequest, read_record(whole.folder).request, where="job.yml") == whole.request
    with pytest.raises(FrozenInstanceError):
        whole.request.profile.stages[0].batch = 1  # type: ignore[misc] # that is what is tested


def test_other_conditions_are_said(tmp_path: Path, training_dataset: Path) -> None:
    training = Training(tmp_path, training_dataset)
    with pytest.raises(Stopped):
        training.run(at=stop_at(5))
    training.request = replace(training.request, threads=2)
    training.run()
    (alarm,) = training.events("alarm")
    assert alarm["text"] == "resumed with threads 2 instead of 1: the result may differ in its last digits"


@pytest.mark.parametrize("change", [{"gt_size": 256}, {"gt_size": 33}, {"losses": Losses(l1=0)}])
def test_a_late_stage_that_cannot_work_is_an_error_at_once(
    tmp_path: Path, training_dataset: Path, change: dict[str, Any]
) -> None:
    training = Training(tmp_path, training_dataset, small_profile(small_stage(8), small_stage(8, **change)))
    with pytest.raises(UsageError):
        training.run()
    assert not training.events("metric")


def test_a_dataset_of_another_scale_is_refused(tmp_path: Path, training_dataset: Path) -> None:
    training = Training(tmp_path, training_dataset)
    training.request = replace(training.request, scale=4)
    with pytest.raises(UsageError, match="made for scale 2, but the training is for 4"):
        training.run()


def test_a_wish_for_a_checkpoint_or_a_validation_is_granted_once(tmp_path: Path, training_dataset: Path) -> None:
    training = Training(tmp_path, training_dataset)

    def wish(job: JobContext, done: int) -> None:
        if done == 2:
            ask(job.folder, "checkpoint")
            ask(job.folder, "validate")

    training.run(at=wish)
    assert 4 in training.iterations("checkpoint")
    assert training.iterations("validation") == [4, 12, 24]
    assert training.iterations("checkpoint").count(8) == 0


def test_control_stop_is_seen_at_the_next_reading(tmp_path: Path, training_dataset: Path) -> None:
    training = Training(tmp_path, training_dataset)
    with pytest.raises(Stopped):
        training.run(at=lambda job, done: ask(job.folder, "stop") if done == 9 else None)
    assert checkpoints.iterations(training.folder.checkpoints)[-1] == 12


def test_a_stop_during_validation_does_not_wait_for_its_end(
    tmp_path: Path, training_dataset: Path, whole: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(tmp_path, training_dataset)
    monkeypatch.setattr("srtui.engine.appraiser.validate_network", _stops)
    with pytest.raises(Stopped):
        training.run()
    monkeypatch.undo()
    assert checkpoints.iterations(training.folder.checkpoints)[-1] == 12
    training.run()
    assert training.iterations("validation") == [12, 24]
    assert_identical(training.folder, whole.folder)


def _stops(*_: object, **__: object) -> None:
    raise Stopped


def test_two_trainings_on_one_device_are_one_too_many(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRTUI_DEVICE_ID", "GPU-test")
    command = [sys.executable, "-c", OTHER_TRAINING, str(state_folder() / "gpu-GPU-test.lock")]
    training = Training(tmp_path, training_dataset)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(DeviceBusyError, match="/jobs/the-first"):
            training.run()
        other.kill()
    training.run()
    assert training.model.is_file()


def test_bf16_is_exact_too(tmp_path: Path, training_dataset: Path) -> None:
    profile = small_profile(small_stage(8), precision="bf16")
    one_go, stopped = (
        Training(tmp_path / "a", training_dataset, profile),
        Training(tmp_path / "b", training_dataset, profile),
    )
    one_go.run()
    with pytest.raises(Stopped):
        stopped.run(at=stop_at(3))
    stopped.run()
    assert_identical(one_go.folder, stopped.folder)


def test_iterations_are_what_the_profile_says(whole: Training) -> None:
    assert every_tensor(whole.folder)["iteration"] == ITERATIONS

"""A training whose disk is full: it waits, and then everything is as if there had been room."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from srtui.engine import checkpoints, room
from srtui.jobs import context
from srtui.jobs.context import Stopped
from srtui.jobs.control import ask
from srtui.jobs.folder import read_json
from tests.engine.test_trainer_kills import wait_until, worker
from tests.engine.training_cases import Training, assert_identical, stop_at


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, training_dataset: Path) -> Training:
    """A training that nothing interrupted."""
    torch.set_num_threads(1)
    training = Training(tmp_path_factory.mktemp("whole"), training_dataset)
    training.run()
    return training


class FullDisk:
    """Lets writes of files whose path holds ``word`` fail, so many ``times``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.word, self.times, self.failed = "", 0, 0
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self._limited)
        monkeypatch.setattr(context, "RETRY", 0.2)

    def _limited(self, descriptor: int) -> None:
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        if self.failed < self.times and self.word in path:
            self.failed += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        self._fsync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    """A disk that can be full."""
    return FullDisk(monkeypatch)


@pytest.mark.parametrize("word", ["state.pt", "ema.safetensors", "small.safetensors"])
def test_a_full_disk_pauses_a_training_and_changes_nothing(
    tmp_path: Path, training_dataset: Path, whole: Training, disk: FullDisk, word: str
) -> None:
    disk.word, disk.times = word, 2
    training = Training(tmp_path, training_dataset)
    training.run()
    assert disk.failed == 2
    assert_identical(training.folder, whole.folder)
    texts = [event["text"] for event in training.events("alarm")]
    assert len(texts) == 1
    assert "the disk is full" in texts[0]
    assert training.iterations("checkpoint") == whole.iterations("checkpoint")
    assert not [path for path in training.folder.checkpoints.iterdir() if path.name.startswith(".")]


def test_stopped_while_it_waits_it_goes_on_from_the_checkpoint_before(
    tmp_path: Path, training_dataset: Path, whole: Training, disk: FullDisk
) -> None:
    training = Training(tmp_path, training_dataset)
    with pytest.raises(Stopped):
        training.run(at=stop_at(7))
    disk.word, disk.times = "state.pt", 10**6
    with pytest.raises(Stopped):
        training.run(at=lambda job, done: ask(job.folder, "stop") if done == 9 else None)
    disk.times = 0
    assert checkpoints.iterations(training.folder.checkpoints)[-1] == 7
    (training.folder.control / "stop").unlink()
    training.run()
    assert_identical(training.folder, whole.folder)


def test_little_room_is_said_once_before_there_is_none(
    tmp_path: Path, training_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(room.shutil, "disk_usage", lambda _path: Usage)
    training = Training(tmp_path, training_dataset)
    training.run()
    (alarm,) = training.events("alarm")
    assert "0 MB are free for checkpoints of" in alarm["text"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    folder = tmp_path / "small disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8M", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_really_full_pauses_the_worker_until_there_is_room(
    small_disk: Path, tmp_path: Path, training_dataset: Path, whole: Training
) -> None:
    training = Training(small_disk, training_dataset)
    training.request = whole.request
    ballast = small_disk / "ballast"

    def fill() -> None:
        with ballast.open("wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 14))
                    file.flush()
            except OSError:
                pass

    with worker(training.folder) as process:
        wait_until(lambda: 0 in checkpoints.iterations(training.folder.checkpoints), process, training.folder)
        fill()
        wait_until(lambda: _reason(training) != "", process, training.folder)
        assert "the disk is full" in _reason(training)
        ballast.unlink()
        assert process.wait(120) == 0, training.folder.log.read_text()
    assert_identical(training.folder, whole.folder)


def _reason(training: Training) -> str:
    return str((read_json(training.folder.status) or {}).get("reason", ""))

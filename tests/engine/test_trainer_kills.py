"""The trainer as a real worker process: killed, stopped, paused, out of room; and then resumed."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from srtui.engine import checkpoints
from srtui.jobs.context import Stopped
from srtui.jobs.control import ask, withdraw
from srtui.jobs.events import EventTail
from srtui.jobs.folder import JobFolder, read_json
from srtui.jobs.status import read_status
from tests.engine.training_cases import Training, assert_identical, every_tensor, small_profile, small_stage

ITERATIONS = 300
PATIENCE = 120.0  # s: a machine that does many other things


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, training_dataset: Path) -> Training:
    """A training that nothing interrupted."""
    torch.set_num_threads(1)
    training = long_training(tmp_path_factory.mktemp("whole"), training_dataset)
    training.run()
    return training


def long_training(folder: Path, dataset: Path) -> Training:
    profile = small_profile(small_stage(ITERATIONS), log_every=1, checkpoint_every=10, validate_every=100)
    return Training(folder, dataset, profile)


@contextmanager
def worker(folder: JobFolder, largest_file: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    def limit() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    command = [sys.executable, "-m", "srtui.worker", str(folder.path)]
    with folder.log.open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=limit)  # noqa: PLW1509 - no threads here
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[bytes], folder: JobFolder) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert process.poll() is None, folder.log.read_text()
        assert time.monotonic() < deadline, folder.log.read_text()
        time.sleep(0.002)


class Iterations:
    """How far a training is, read from the end of its events."""

    def __init__(self, training: Training) -> None:
        self._tail = EventTail(training.folder.events)
        self._last = 0

    def done(self) -> int:
        for event in self._tail.read():
            self._last = event.get("iteration", self._last)
        return self._last


def kill_at(training: Training, iteration: int, delay: float) -> int:
    """Start the worker and SIGKILL it ``delay`` seconds after an iteration; gives how far it came."""
    iterations = Iterations(training)
    with worker(training.folder) as process:
        wait_until(lambda: iterations.done() >= iteration, process, training.folder)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return iterations.done()


def kill_and_resume(training: Training, kills: int, draw: random.Random) -> list[int]:
    """Kill ``kills`` times at random moments, then let it end; gives the iterations of the kills."""
    moments = [0]
    for number in range(kills):
        room = (ITERATIONS - 40 - moments[-1]) // (kills - number)
        moments.append(kill_at(training, moments[-1] + draw.randint(1, max(room, 1)), draw.uniform(0, 0.02)))
    with worker(training.folder) as process:
        assert process.wait(PATIENCE) == 0, training.folder.log.read_text()
    return moments[1:]


def test_killed_twice_and_resumed_every_tensor_is_the_same(
    tmp_path: Path, training_dataset: Path, whole: Training
) -> None:
    training = long_training(tmp_path, training_dataset)
    kill_and_resume(training, 2, random.Random(1))
    assert_identical(training.folder, whole.folder)
    assert len(training.events("resumed")) >= 1
    assert training.iterations("metric") == list(range(1, ITERATIONS + 1))


@pytest.mark.exhaustive
def test_killed_ten_times_and_resumed_every_tensor_is_the_same(
    tmp_path: Path, training_dataset: Path, whole: Training, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random()
    training = long_training(tmp_path, training_dataset)
    moments = kill_and_resume(training, 10, draw)
    assert_identical(training.folder, whole.folder)
    tensors = every_tensor(training.folder)
    with capsys.disabled():
        print(
            f"\nkilled at iterations {', '.join(map(str, moments))} of {ITERATIONS}; "
            f"{len(tensors)} tensors with {sum(value.numel() for value in tensors.values()):,} numbers identical"
        )


def test_sigterm_leaves_a_checkpoint_within_ten_iterations(
    tmp_path: Path, training_dataset: Path, whole: Training
) -> None:
    training = long_training(tmp_path, training_dataset)
    iterations = Iterations(training)
    with worker(training.folder) as process:
        wait_until(lambda: iterations.done() >= 30, process, training.folder)
        before = iterations.done()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    ending = read_json(training.folder.exit)
    assert ending is not None
    assert (ending["outcome"], ending["code"]) == ("stopped", 0)
    newest = checkpoints.iterations(training.folder.checkpoints)[-1]
    assert newest == iterations.done()
    assert before <= newest < ITERATIONS
    training.run()
    assert_identical(training.folder, whole.folder)


def test_pause_holds_it_and_resume_goes_on(tmp_path: Path, training_dataset: Path, whole: Training) -> None:
    training = long_training(tmp_path, training_dataset)
    iterations = Iterations(training)
    with worker(training.folder) as process:
        wait_until(lambda: iterations.done() >= 10, process, training.folder)
        ask(training.folder, "pause")
        wait_until(lambda: read_status(training.folder).state == "paused", process, training.folder)
        held = iterations.done()
        assert held < ITERATIONS
        first = read_status(training.folder).updated
        wait_until(lambda: read_status(training.folder).updated != first, process, training.folder)
        assert iterations.done() == held
        withdraw(training.folder, "pause")
        assert process.wait(PATIENCE) == 0
    assert_identical(training.folder, whole.folder)


def test_a_full_disk_fails_with_4_keeps_the_checkpoint_before_and_can_be_resumed(
    tmp_path: Path, training_dataset: Path, whole: Training
) -> None:
    quiet = small_profile(small_stage(ITERATIONS), log_every=100, checkpoint_every=10, validate_every=100)
    training = Training(tmp_path, training_dataset, quiet)
    with pytest.raises(Stopped):
        training.run(at=lambda job, done: job.interrupt() if done == 12 else None)
    before = every_tensor(training.folder)
    state = training.folder.checkpoints / str(int(before["iteration"])) / "state.pt"
    with worker(training.folder, largest_file=state.stat().st_size - 1) as process:  # everything else is smaller
        assert process.wait(PATIENCE) == 4, training.folder.log.read_text()
    ending = read_json(training.folder.exit)
    assert ending is not None
    assert "no room left on the disk" in ending["error"]
    after = every_tensor(training.folder)
    assert after["iteration"] == before["iteration"]
    assert not list(training.folder.checkpoints.glob(".*"))
    training.run()
    assert_identical(training.folder, whole.folder)

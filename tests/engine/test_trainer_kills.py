"""The trainer as a real worker process: killed, stopped, paused, out of room; and then resumed."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
import torch

from srtui.engine import checkpoints
from srtui.engine.models import load_model
from srtui.jobs.control import ask, withdraw
from srtui.jobs.events import EventTail
from srtui.jobs.folder import JobFolder, read_json
from srtui.jobs.status import read_status
from tests.engine.training_cases import Training, assert_identical, every_tensor, gan_stage, small_profile, small_stage

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

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self._tail.read()

    def done(self) -> int:
        for event in self._tail.read():
            self._last = event.get("iteration", self._last)
        return self._last


Kind = Literal["SIGKILL", "SIGTERM", "SIGHUP", "full disk"]
KINDS: tuple[Kind, ...] = ("SIGKILL", "SIGTERM", "SIGHUP", "full disk")
FIRST, LAST, EVERY = 40, 80, 10
"""Where the first of two stages ends, and the second; updates between two checkpoints."""


def two_stages(folder: Path, dataset: Path) -> Training:
    stages = small_stage(FIRST), gan_stage(LAST - FIRST)
    profile = small_profile(*stages, log_every=5, checkpoint_every=EVERY, validate_every=FIRST)
    return Training(folder, dataset, profile)


@pytest.fixture(scope="module")
def two_whole(tmp_path_factory: pytest.TempPathFactory, training_dataset: Path) -> Training:
    """A training of two stages, with a discriminator in the second, that nothing interrupted."""
    torch.set_num_threads(1)
    training = two_stages(tmp_path_factory.mktemp("two"), training_dataset)
    training.run()
    return training


def interrupt(training: Training, kind: Kind, iteration: int, delay: float) -> int:
    """Start the worker and end it after an iteration in one of four ways; gives how far it came."""
    iterations = Iterations(training)
    iterations.forget()
    states = training.folder.checkpoints.glob("*/state.pt")
    largest = max((state.stat().st_size for state in states), default=4097) - 1 if kind == "full disk" else None
    with worker(training.folder, largest) as process:
        if kind == "full disk":  # of everything that is written, state.pt is the largest
            assert process.wait(PATIENCE) == 4, training.folder.log.read_text()
            assert "a limit on the size of files" in (read_json(training.folder.exit) or {})["error"]
            assert not list(training.folder.checkpoints.glob(".*"))
            return iterations.done()
        wait_until(lambda: iterations.done() >= iteration, process, training.folder)
        time.sleep(delay)
        if kind == "SIGHUP":  # the terminal is gone: nothing ends
            process.send_signal(signal.SIGHUP)
            held = iterations.done()
            wait_until(lambda: iterations.done() > held, process, training.folder)
        process.send_signal(signal.SIGTERM if kind == "SIGTERM" else signal.SIGKILL)
        code = process.wait(PATIENCE)
        assert code == (0 if kind == "SIGTERM" else -signal.SIGKILL), training.folder.log.read_text()
    return iterations.done()


def interrupt_and_resume(training: Training, kinds: Sequence[Kind], draw: random.Random) -> list[str]:
    """End a training again and again, then let it come to its end; tells what happened to it."""
    story, last = [], 0
    for number, kind in enumerate(kinds):
        room = (LAST - 3 * EVERY - last) // (len(kinds) - number)
        reached = interrupt(training, kind, last + draw.randint(1, max(room, 1)), draw.uniform(0, 0.02))
        newest = max(checkpoints.iterations(training.folder.checkpoints), default=0)
        resumed = training.iterations("resumed")
        assert not resumed or resumed[-1] == last  # it went on where the newest checkpoint was
        assert newest >= reached - EVERY
        assert newest >= last
        story.append(f"{kind} at {reached}")
        last = newest
    with worker(training.folder) as process:
        assert process.wait(PATIENCE) == 0, training.folder.log.read_text()
    return story


def assert_as_if_nothing_had_happened(training: Training, whole: Training) -> None:
    assert_identical(training.folder, whole.folder)
    assert training.iterations("metric") == whole.iterations("metric")
    assert [event["loss"] for event in training.events("metric")] == [event["loss"] for event in whole.events("metric")]
    for model in (training.model, training.model.with_name("small-psnr.safetensors")):
        mine, theirs = (dict(load_model(each).net.state_dict()) for each in (model, whole.model.with_name(model.name)))
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_ended_in_four_ways_and_resumed_every_tensor_is_the_same(
    tmp_path: Path, training_dataset: Path, two_whole: Training
) -> None:
    training = two_stages(tmp_path, training_dataset)
    interrupt_and_resume(training, KINDS, random.Random(1))
    assert_as_if_nothing_had_happened(training, two_whole)


@pytest.mark.exhaustive
def test_ended_ten_times_and_resumed_every_tensor_is_the_same(
    tmp_path: Path, training_dataset: Path, two_whole: Training, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random()
    training = two_stages(tmp_path, training_dataset)
    kinds = [*KINDS, *KINDS, *draw.choices(KINDS, k=2)]
    draw.shuffle(kinds)
    story = interrupt_and_resume(training, kinds, draw)
    assert_as_if_nothing_had_happened(training, two_whole)
    tensors = every_tensor(training.folder)
    with capsys.disabled():
        print(
            f"\n{', '.join(story)} of {LAST}; "
            f"{len(tensors)} tensors with {sum(value.numel() for value in tensors.values()):,} numbers identical"
        )


def test_a_pause_holds_it_and_sigterm_leaves_a_checkpoint_within_ten_iterations(
    tmp_path: Path, training_dataset: Path, whole: Training
) -> None:
    training = long_training(tmp_path, training_dataset)
    iterations = Iterations(training)
    with worker(training.folder) as process:
        wait_until(lambda: iterations.done() >= 10, process, training.folder)
        ask(training.folder, "pause")
        wait_until(lambda: read_status(training.folder).state == "paused", process, training.folder)
        held = iterations.done()
        first = read_status(training.folder).updated
        wait_until(lambda: read_status(training.folder).updated != first, process, training.folder)
        assert iterations.done() == held
        withdraw(training.folder, "pause")
        wait_until(lambda: iterations.done() >= held + 20, process, training.folder)
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

"""One training per GPU."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from srtui.engine import reservation
from srtui.engine.reservation import device_names, reserved
from srtui.errors import DeviceBusyError
from srtui.files import state_folder
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.control import ask
from srtui.jobs.events import read_events
from srtui.jobs.folder import create

GPU = "GPU-test"
HOLDER = """
import sys
from pathlib import Path
from srtui.jobs.lock import take
lock = take(Path(sys.argv[1]), text="/jobs/the-other-one\\n")
print("held", flush=True)
sys.stdin.read()
"""
ASKER = """
import sys
from pathlib import Path
from srtui.jobs.lock import take
sys.exit(take(Path(sys.argv[1])) is None)
"""


@pytest.fixture
def job(tmp_path: Path) -> JobContext:
    return JobContext(create(tmp_path, "train", {}), resumed=False)


@pytest.fixture
def other_training() -> Iterator[subprocess.Popen[str]]:
    """A process that holds the GPU until its standard input is closed."""
    command = [sys.executable, "-c", HOLDER, str(state_folder() / f"gpu-{GPU}.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def test_a_busy_gpu_is_an_error_that_names_the_job(job: JobContext, other_training: object) -> None:
    with pytest.raises(DeviceBusyError, match="/jobs/the-other-one"), reserved(job, [GPU], wait=False):
        pytest.fail("two trainings on one GPU")


def test_waiting_begins_when_the_other_ends(
    job: JobContext, other_training: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reservation, "_TICK", 0.01)
    assert other_training.stdin is not None
    threading.Timer(0.1, other_training.stdin.close).start()
    with reserved(job, [GPU], wait=True):
        assert other_training.wait(5) == 0
    assert [event["name"] for event in read_events(job.folder.events)] == ["waiting for GPU"]


def test_waiting_can_be_stopped(job: JobContext, other_training: object) -> None:
    ask(job.folder, "stop")
    with pytest.raises(Stopped), reserved(job, [GPU], wait=True):
        pytest.fail("two trainings on one GPU")


def asked_elsewhere(name: str) -> bool:
    """Whether another process could have the GPU. (To open the file here would drop the lock.)"""
    return subprocess.call([sys.executable, "-c", ASKER, str(state_folder() / f"gpu-{name}.lock")]) == 0


def test_of_several_gpus_all_are_held_or_none(job: JobContext, other_training: object) -> None:
    with reserved(job, ["GPU-z", "GPU-a"], wait=False):
        assert not asked_elsewhere("GPU-a")
        assert not asked_elsewhere("GPU-z")
    wanted = ["GPU-z", GPU, "GPU-a"]
    with pytest.raises(DeviceBusyError) as caught, reserved(job, wanted, wait=False):
        pytest.fail("two trainings on one GPU")
    assert str(caught.value).startswith(f"error: GPU {GPU}: another training uses it: /jobs/the-other-one")
    assert asked_elsewhere("GPU-a")
    assert asked_elsewhere("GPU-z")


def test_all_busy_gpus_are_named(job: JobContext, other_training: object) -> None:
    command = [sys.executable, "-c", HOLDER.replace("the-other-one", "a-third"), str(state_folder() / "gpu-GPU-b.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as third:
        assert third.stdout is not None
        third.stdout.readline()
        with pytest.raises(DeviceBusyError) as caught, reserved(job, [GPU, "GPU-b", "GPU-c"], wait=False):
            pytest.fail("two trainings on one GPU")
        third.kill()
    assert caught.value.subject == f"GPUs GPU-b, {GPU}"
    assert caught.value.fact == f"other trainings use them: GPU-b: /jobs/a-third; {GPU}: /jobs/the-other-one"


def test_who_waits_for_one_gpu_holds_no_other(
    job: JobContext, other_training: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    free: list[bool] = []

    def look(seconds: float) -> None:
        assert other_training.stdin is not None
        free.append(asked_elsewhere("GPU-a"))
        other_training.stdin.close()
        other_training.wait(5)

    monkeypatch.setattr(reservation, "time", SimpleNamespace(sleep=look))
    with reserved(job, ["GPU-a", GPU], wait=True):
        assert free == [True]
        assert not asked_elsewhere("GPU-a")


def fails_with_the_gpu(job: JobContext) -> None:
    with reserved(job, [GPU], wait=False):
        assert not asked_elsewhere(GPU)
        raise ZeroDivisionError


def test_the_gpu_is_given_back_even_after_a_failure(job: JobContext) -> None:
    path = state_folder() / f"gpu-{GPU}.lock"
    with pytest.raises(ZeroDivisionError):
        fails_with_the_gpu(job)
    assert path.read_text() == f"{job.folder.path}\n"
    assert asked_elsewhere(GPU)


def test_a_cpu_is_not_held(job: JobContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SRTUI_DEVICE_ID", raising=False)
    assert device_names(torch.device("cpu"), torch.device("cpu")) == []
    with reserved(job, [], wait=False), reserved(job, [], wait=False):
        assert not list(state_folder().glob("gpu-*"))


def test_the_device_can_be_injected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRTUI_DEVICE_ID", GPU)
    assert device_names(torch.device("cpu")) == [GPU]

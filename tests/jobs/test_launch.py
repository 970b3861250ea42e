"""Real jobs in real processes: launched, failing, killed, resumed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from srtui.errors import UsageError
from srtui.jobs.control import ask, withdraw
from srtui.jobs.events import read_events
from srtui.jobs.folder import JobFolder, create
from srtui.jobs.launch import follow, launch, stop
from srtui.jobs.status import JobStatus, read_status

MANY = {
    "sources": [{"synthetic": {"pictures": 20000, "seed": 1, "width": 64, "height": 64}}],
    "scale": 4,
    "prepare": {"validation": 4},
    "degradation": {
        "name": "test",
        "scenarios": [{"name": "plain", "steps": [{"step": "resize", "percent": {"x4": 25.0}}]}],
    },
    "digest": "abc",
    "threads": 1,
}


@pytest.fixture
def long_job(tmp_path: Path) -> JobFolder:
    """Job that would take minutes."""
    return create(tmp_path / "jobs", "prepare", {**MANY, "dataset": str(tmp_path / "dataset")})


def wait_for(folder: JobFolder, *states: str, beyond: int = -1) -> JobStatus:
    for moment in follow(folder, every=0.02):
        if moment.status.state in states and moment.status.done > beyond:
            return moment.status
    return read_status(folder)


def test_a_failing_job_says_why(tmp_path: Path) -> None:
    folder = create(tmp_path / "jobs", "verify", {"dataset": str(tmp_path / "нет")})
    launch(folder)
    status = wait_for(folder, "failed")
    assert (status.state, status.code) == ("failed", 2)
    assert str(tmp_path / "нет") in status.error
    assert read_events(folder.events)[-1]["kind"] == "end"


def test_a_request_with_problems_fails_with_the_place(tmp_path: Path) -> None:
    folder = create(tmp_path / "jobs", "verify", {"datasett": "x"})
    launch(folder)
    status = wait_for(folder, "failed")
    assert status.code == 2
    assert "did you mean 'dataset'?" in status.error


def test_a_killed_worker_has_crashed_and_can_be_resumed_and_stopped(long_job: JobFolder) -> None:
    launch(long_job)
    status = wait_for(long_job, "running", beyond=0)
    with pytest.raises(UsageError, match="runs already"):
        launch(long_job)
    assert status.pid is not None
    os.kill(status.pid, signal.SIGKILL)
    status = wait_for(long_job, "crashed")
    assert "killed by SIGKILL" in status.error
    launch(long_job)
    assert wait_for(long_job, "running", beyond=0).state == "running"
    stop(long_job)
    status = wait_for(long_job, "stopped")
    assert (status.state, status.code) == ("stopped", 0)


def test_a_job_pauses_and_goes_on(long_job: JobFolder) -> None:
    launch(long_job)
    wait_for(long_job, "running", beyond=0)
    ask(long_job, "pause")
    paused = wait_for(long_job, "paused")
    assert paused.state == "paused"
    withdraw(long_job, "pause")
    assert wait_for(long_job, "running", beyond=paused.done).state == "running"
    stop(long_job)
    assert wait_for(long_job, "stopped").state == "stopped"

"""Real jobs in real processes: launched, failing, killed, resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from srtui.errors import UsageError
from srtui.jobs.control import ask, withdraw
from srtui.jobs.events import read_events
from srtui.jobs.folder import JobFolder, create, jobs_root
from srtui.jobs.launch import follow, launch, rests, start, stop
from srtui.jobs.status import JobStatus, read_status
from srtui.jobs.wording import again

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
    assert wait_for(long_job, "paused").state == "paused"
    withdraw(long_job, "pause")
    # Not beyond what was done: the next phase, which may have begun meanwhile, counts anew.
    assert wait_for(long_job, "running").state == "running"
    stop(long_job)
    assert wait_for(long_job, "stopped").state == "stopped"


def test_a_job_that_was_never_begun_rests_and_one_without_a_log_may_not(tmp_path: Path) -> None:
    folder = create(tmp_path / "jobs", "verify", {"dataset": str(tmp_path / "нет")})
    assert rests(folder)
    code = (
        "import sys; from pathlib import Path; from srtui.jobs.lock import take; "
        "lock = take(Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(folder.lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launched_elsewhere:
        assert launched_elsewhere.stdout is not None
        launched_elsewhere.stdout.readline()
        assert not rests(folder)
        start(folder)  # does nothing: somebody works on it
        launched_elsewhere.kill()
    start(folder)
    assert wait_for(folder, "failed").code == 2


def test_a_command_about_a_job_works_from_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "мой проект"
    job = create(jobs_root(project), "train", {})
    (project / "project.yml").touch()
    assert again("attach", job) == f"srtui attach -p '{project}' {job.id}"
    monkeypatch.chdir(project)
    assert again("attach", job) == f"srtui attach {job.id}"
    alone = create(jobs_root(None), "blend", {})
    assert again("stop", alone) == f"srtui stop {alone.id}"

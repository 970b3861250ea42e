"""``srtui train --gpus`` and ``--defer``: what a job is asked, without running it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from srtui.cli import projects, run
from srtui.config.requests import RunRequest
from srtui.jobs.folder import JobFolder, all_jobs, jobs_root, read_record
from srtui.project.folder import open_project
from srtui.project.run import children
from srtui.project.steps import Step


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose dataset is said to be there."""
    monkeypatch.setattr(projects, "need", lambda *_: None)
    (tmp_path / "project.yml").write_text("scale: 4\nsources: [{folder: a}]\n")
    return tmp_path


def made(project: Path) -> list[JobFolder]:
    return all_jobs(jobs_root(project))


def gpus(job: JobFolder) -> str:
    asked: str = read_record(job).request["gpus"]
    return asked


def test_a_deferred_job_is_made_and_its_folder_printed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "-p", str(project), "--defer"]) == 0
    (job,) = made(project)
    assert capsys.readouterr().out == f"{job.path}\n"
    assert gpus(job) == ""
    assert not job.log.exists()


def test_the_gpus_are_kept_in_the_job_and_can_be_changed_later(project: Path) -> None:
    assert run(["train", "-p", str(project), "--gpus", "0, 1", "--defer"]) == 0
    (job,) = made(project)
    assert gpus(job) == "0,1"
    before = read_record(job)
    assert run(["train", "-p", str(project), "--resume", "--gpus", "all", "--defer"]) == 0
    assert gpus(job) == "all"
    assert read_record(job).request == {**before.request, "gpus": "all"}
    assert read_record(job).digest == before.digest
    assert made(project) == [job]


def test_the_gpus_of_a_running_job_stay(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "-p", str(project), "--gpus", "0,1", "--defer"]) == 0
    (job,) = made(project)
    code = (
        "import sys; from pathlib import Path; from srtui.jobs.lock import take; "
        "lock = take(Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(job.lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        assert run(["train", "-p", str(project), "--resume", "--gpus", "0"]) == 2
        worker.kill()
    assert "runs already: its GPUs cannot be changed now" in capsys.readouterr().err
    assert gpus(job) == "0,1"


def test_a_run_trains_on_the_gpus_it_was_given_and_moves_a_training_that_was_left(project: Path) -> None:
    opened, step = open_project(project), Step(name="train", state="todo")
    (job,) = children(opened, step, RunRequest(project=str(project), gpus="0,1"))
    assert gpus(job) == "0,1"
    for asked, found in (("", "0,1"), ("all", "all")):
        assert children(opened, step, RunRequest(project=str(project), gpus=asked)) == [job]
        assert gpus(job) == found


@pytest.mark.parametrize("command", ["train", "run"])
@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["--gpus", "0,0"], "'0,0' names a GPU twice"),
        (["--gpus", "first"], "'first' is not a list of GPUs"),
        (["--gpus", "0,1", "--device", "cuda:1"], "--gpus 0,1 and --device cuda:1 both say where"),
    ],
)
def test_what_makes_no_sense_is_refused(
    project: Path, command: str, arguments: list[str], fact: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, "-p", str(project), *arguments]) == 2
    assert fact in capsys.readouterr().err
    assert not made(project)

"""What is resumed depends on the project that is named, never on the folder where one stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from srtui.cli import job, projects, run
from srtui.files import write_json
from srtui.jobs.folder import VERSION, all_jobs, create, jobs_root, read_record


def test_a_training_is_resumed_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(projects, "need", lambda *_: None)
    project, elsewhere = tmp_path / "мой проект", tmp_path / "elsewhere"
    for folder in (project, elsewhere):
        folder.mkdir()
    (project / "project.yml").write_text("scale: 4\nsources: [{folder: a}]\n")
    monkeypatch.chdir(tmp_path)
    assert run(["train", "-p", project.name, "--defer"]) == 0
    monkeypatch.chdir(elsewhere)
    assert run(["train", "-p", f"../{project.name}", "--resume", "--defer"]) == 0
    (job,) = all_jobs(jobs_root(project))
    assert capsys.readouterr().out == f"{job.path}\n" * 2
    request = read_record(job).request
    assert all(Path(request[name]).is_relative_to(project) for name in ("dataset", "model"))
    assert not list(elsewhere.iterdir())


def test_a_training_that_is_resumed_takes_no_other_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(projects, "need", lambda *_: None)
    (tmp_path / "project.yml").write_text("scale: 4\nsources: [{folder: a}]\n")
    assert run(["train", "-p", str(tmp_path), "--defer"]) == 0
    other = ["--profile", "nosuch", "--iterations", "5", "--auto-batch"]
    assert run(["train", "-p", str(tmp_path), "--resume", *other]) == 2
    assert "--profile, --iterations, --auto-batch would change nothing" in capsys.readouterr().err


def test_resume_does_not_take_what_runs_for_what_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running, stopped = (create(jobs_root(tmp_path), "train", {}, digest=name) for name in "ab")
    running, stopped = sorted((running, stopped), key=lambda folder: folder.id)
    (tmp_path / "project.yml").touch()
    write_json(stopped.exit, {"v": VERSION, "outcome": "stopped", "code": 0, "signal": None, "error": ""})
    monkeypatch.setattr(job, "rests", lambda folder: folder.id != running.id)
    assert run(["resume", "-p", str(tmp_path)]) == 2
    assert f"srtui resume -p {tmp_path} {stopped.id}" in capsys.readouterr().err
    assert run(["resume", "-p", str(tmp_path), running.id]) == 0

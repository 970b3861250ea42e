"""What is resumed depends on the project that is named, never on the folder where one stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from srtui.cli import projects, run
from srtui.jobs.folder import all_jobs, jobs_root, read_record


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

"""The command line: exit codes, errors, JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from srtui.cli import cli, job, projects, run
from srtui.files import write_json
from srtui.jobs.folder import all_jobs, create, jobs_root
from srtui.project.folder import open_project


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in cli.commands:
        assert run([name, "--help"]) == 0
        assert "Usage:" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nonsense"], ["jobs", "--nonsense"], ["train", "--iterations", "0"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert run(arguments) == 2


def test_no_project_is_exit_code_2_with_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["train"], ["prepare"], ["validate"], ["run"], ["dataset", "verify"]):
        assert run(command) == 2
        assert "no project.yml here" in capsys.readouterr().err


def test_problems_of_a_project_are_printed_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "project.yml").write_text("scale: 5\ntrainig: 1\n")
    assert run(["train", "-p", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "error: scale: 5 is not allowed" in error
    assert "did you mean 'training'?" in error


def test_train_before_prepare_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "project.yml").write_text("scale: 4\nsources: [{folder: a}]\n")
    assert run(["train", "-p", str(tmp_path)]) == 2
    assert f"srtui prepare -p {tmp_path}" in capsys.readouterr().err


def test_jobs_and_status_speak_json(capsys: pytest.CaptureFixture[str]) -> None:
    folder = create(jobs_root(None), "verify", {"dataset": "x"})
    assert run(["jobs", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["id"], row["state"], row["folder"]) == (folder.id, "queued", str(folder.path))
    assert run(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == folder.id


def test_status_says_where_pictures_through_time_are(capsys: pytest.CaptureFixture[str]) -> None:
    folder = create(jobs_root(None), "train", {"dataset": "x"})
    assert run(["status"]) == 0
    assert "pictures" not in capsys.readouterr().out
    (folder.previews / "strips").mkdir(parents=True)
    (folder.previews / "index.json").write_text("{}")
    assert run(["status"]) == 0
    assert f"pictures {folder.previews / 'strips'}" in capsys.readouterr().out
    assert run(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["previews"] == str(folder.previews / "index.json")


def test_no_jobs_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["jobs"]) == 0
    assert "no jobs yet" in capsys.readouterr().err
    assert run(["status"]) == 2


def test_profiles_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profiles"]) == 0
    assert "classic-srresnet" in capsys.readouterr().out
    assert run(["profiles", "tiny", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tiny"
    assert run(["profiles", "nothing"]) == 2


def test_the_wizard_needs_a_terminal() -> None:
    done = subprocess.run([sys.executable, "-m", "srtui"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert not done.stdout


def test_a_reader_that_leaves_is_no_error() -> None:
    command = f"'{sys.executable}' -m srtui --help | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Usage:")
    assert "Traceback" not in done.stderr


def test_nothing_is_asked_of_a_job_that_was_never_begun(capsys: pytest.CaptureFixture[str]) -> None:
    folder = create(jobs_root(None), "verify", {"dataset": "x"})
    assert run(["stop"]) == 0
    assert f"{folder.id}: queued, so there is nothing to stop" in capsys.readouterr().err
    assert run(["pause"]) == 2
    assert not list(folder.control.iterdir())


@pytest.mark.parametrize("option", [["--profile", "fsat"], ["--start", "none.pth"]])
def test_what_does_not_fit_is_not_kept(
    prepared: Path, option: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(prepared)
    (prepared / "none.pth").write_text("no network")
    before = (prepared / "project.yml").read_text()
    assert run(["train", *option]) == 2
    assert option[1] in capsys.readouterr().err
    assert (prepared / "project.yml").read_text() == before
    assert not [each for each in all_jobs(jobs_root(prepared)) if each.kind == "train"]


def test_a_profile_is_found_where_one_stands(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    Path("mine.yml").write_text("version: 1\nname: mine\nstages: [{iterations: 10}]\n")
    assert run(["train", "-p", str(prepared), "--profile", "mine.yml", "--defer"]) == 0
    assert open_project(prepared).settings.training.profile == str(elsewhere / "mine.yml")


def test_a_scale_that_does_not_fit_is_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    assert run(["prepare", str(tmp_path / "photos"), "-p", str(tmp_path), "--scale", "3"]) == 2
    assert "must be a multiple of scale (3)" in capsys.readouterr().err
    assert not (tmp_path / "project.yml").exists()


@pytest.mark.parametrize(
    ("outcome", "verb"), [("stopped", "resume"), ("crashed", "resume"), ("failed", "status"), ("finished", "train")]
)
def test_what_leads_to_a_network_depends_on_how_its_training_ended(
    prepared: Path, outcome: str, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project = open_project(prepared)
    training = create(project.jobs, "train", {}, project.train_digest())
    training.log.touch()
    write_json(training.exit, {"v": 1, "outcome": outcome, "code": 1, "signal": None, "error": ""})
    assert run(["validate", "-p", str(prepared)]) == 2
    error = capsys.readouterr().err
    assert "error: train: not done yet" in error
    assert f"srtui {verb} -p {prepared}" in error


def test_the_demo_leaves_other_projects_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "project.yml").write_text("scale: 4\nsources: [{folder: a}]\n")
    (tmp_path / "models").mkdir()
    for fresh in ([], ["--fresh"]):
        assert run(["demo", "--output", str(tmp_path), *fresh]) == 2
        assert "is a project of yours, no demo" in capsys.readouterr().err
    assert (tmp_path / "models").is_dir()


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A project whose dataset is said to be there."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "project.yml").write_text("scale: 4\nsources: [{folder: a}]\n")
    project = open_project(folder)
    preparing = create(project.jobs, "prepare", {}, project.prepare_digest())
    preparing.log.touch()
    write_json(preparing.exit, {"v": 1, "outcome": "finished", "code": 0, "signal": None, "error": ""})
    project.dataset.mkdir(parents=True)
    (project.dataset / "dataset.yml").touch()
    return folder


def test_one_network_is_not_trained_twice_at_once(
    prepared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["train", "-p", str(prepared), "--profile", "tiny", "--defer"]) == 0
    assert run(["train", "-p", str(prepared), "--defer"]) == 0  # nobody works on the first one
    first, second = all_jobs(jobs_root(prepared))[1:]
    monkeypatch.setattr(projects, "rests", lambda each: each != first)
    assert run(["train", "-p", str(prepared)]) == 2
    assert f"{first.id}: trains this network already" in capsys.readouterr().err
    assert run(["train", "-p", str(prepared), "--profile", "fast", "--defer"]) == 0  # another one may be
    assert run(["validate", "-p", str(prepared)]) == 2
    assert f"srtui resume -p {prepared}" in capsys.readouterr().err
    assert not second.log.exists()


@pytest.mark.parametrize(
    "command", [["restore", "a.png", "b.png", "--model"], ["import-model"], ["export", "--as", "pth"]]
)
def test_what_is_no_network_is_refused_before_a_job_is_made(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "net.pth"):
        Path(name).write_text("no network")
    assert run([*command, "net.pth"]) == 2
    assert "is no network file" in capsys.readouterr().err
    assert not all_jobs(jobs_root(None))


def test_without_a_name_the_newest_job_is_meant_that_somebody_works_on(
    prepared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    worked_on = all_jobs(jobs_root(prepared))[0]
    create(jobs_root(prepared), "train", {})  # never begun
    monkeypatch.setattr(job, "rests", lambda folder: folder != worked_on)
    assert run(["status", "-p", str(prepared), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == worked_on.id


def test_a_run_is_meant_before_its_steps(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [create(jobs_root(None), kind, {}) for kind in ("run", "train")]
    jobs[1].log.write_text("what the training wrote")
    monkeypatch.setattr(job, "rests", lambda _: False)
    assert run(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == jobs[0].id
    assert run(["logs"]) == 0
    assert capsys.readouterr().out == "what the training wrote"

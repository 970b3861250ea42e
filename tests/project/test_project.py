"""Projects: settings to digests and requests, and which steps are fresh."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from srtui.config import shipped
from srtui.config.project import Folder, Prepare, Project, Restore, Training
from srtui.errors import UsageError
from srtui.files import write_json
from srtui.jobs.folder import create
from srtui.project.folder import OpenProject, open_project, save_project, stretched
from srtui.project.steps import RULES, StepName, steps


@pytest.fixture
def project(tmp_path: Path) -> OpenProject:
    """Project with one source."""
    return save_project(tmp_path / "мой проект", Project(scale=4, sources=(Folder(folder="pictures"),)))


def pretend(project: OpenProject, name: StepName, outcome: str = "finished") -> None:
    """A job of ``name`` that ended."""
    job = create(project.jobs, name, {}, RULES[name].digest(project))
    job.log.touch()
    write_json(job.exit, {"v": 1, "outcome": outcome, "code": 0, "signal": None, "error": ""})
    result = RULES[name].result(project)
    if outcome == "finished" and not result.exists():
        result.parent.mkdir(parents=True, exist_ok=True)
        result.touch()


def states(project: OpenProject) -> dict[str, str]:
    return {step.name: step.state for step in steps(project)}


def test_a_missing_project_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no project\.yml here"):
        open_project(tmp_path)


def test_saving_keeps_the_old_file_and_writes_only_news(project: OpenProject) -> None:
    before = project.file.stat().st_mtime_ns
    save_project(project.folder, project.settings)
    assert project.file.stat().st_mtime_ns == before
    save_project(project.folder, dataclasses.replace(project.settings, scale=2))
    assert open_project(project.folder).settings.scale == 2
    assert "scale: 4" in (project.folder / "project.yml~").read_text()


def test_requests_are_absolute_but_digests_are_not(project: OpenProject, tmp_path: Path) -> None:
    request = project.prepare_request()
    assert request.sources == (Folder(folder=str(project.folder / "pictures")),)
    moved = OpenProject(tmp_path / "elsewhere", project.settings)
    assert moved.prepare_digest() == project.prepare_digest()


def test_datasets_that_were_made_before_a_setting_came_are_still_the_projects(tmp_path: Path) -> None:
    """Another digest and everybody prepares again: OUTPUT_VERSION is raised for that, and no new setting."""
    project = OpenProject(tmp_path, Project(degradation="photoshop-six"))
    assert project.prepare_digest() == "295fd4bf03abfcfb"


def test_steps_follow_each_other(project: OpenProject) -> None:
    assert states(project) == {"prepare": "todo", "train": "blocked", "validate": "blocked", "restore": "empty"}
    pretend(project, "prepare")
    assert states(project) == {"prepare": "done", "train": "todo", "validate": "blocked", "restore": "empty"}
    pretend(project, "train")
    pretend(project, "validate")
    assert states(project) == {"prepare": "done", "train": "done", "validate": "done", "restore": "empty"}


def test_changed_settings_make_a_step_stale_and_block_what_depends_on_it(project: OpenProject) -> None:
    pretend(project, "prepare")
    pretend(project, "train")
    retrained = OpenProject(
        project.folder, dataclasses.replace(project.settings, training=Training(profile="fast", iterations=5))
    )
    assert states(retrained) == {"prepare": "done", "train": "stale", "validate": "blocked", "restore": "empty"}
    reprepared = OpenProject(project.folder, dataclasses.replace(project.settings, scale=2))
    found = {step.name: step for step in steps(reprepared)}
    assert found["prepare"].state == "stale"
    assert (found["train"].state, found["train"].reason) == ("blocked", "needs prepare, which is stale")


def test_a_failed_or_removed_result_is_to_be_done(project: OpenProject) -> None:
    pretend(project, "prepare", outcome="failed")
    assert states(project)["prepare"] == "todo"
    pretend(project, "prepare")
    (project.dataset / "dataset.yml").unlink()
    assert states(project)["prepare"] == "todo"


def test_a_scale_that_the_degradation_does_not_know_is_an_error(project: OpenProject) -> None:
    three = OpenProject(project.folder, dataclasses.replace(project.settings, scale=3, prepare=Prepare(multiple=12)))
    with pytest.raises(UsageError, match="written for scales 4, 2, 1, the project's is 3"):
        three.prepare_request()


def test_restore_entries_become_requests(project: OpenProject) -> None:
    entry = Restore(input="a b.png", output="out/")
    with_restore = OpenProject(project.folder, dataclasses.replace(project.settings, restore=(entry,)))
    (request,) = with_restore.restore_requests()
    assert request.input == str(project.folder / "a b.png")
    assert request.output == str(project.folder / "out")


def test_stages_are_stretched_in_proportion() -> None:
    profile = shipped.training_profile("fast", Path())
    two = dataclasses.replace(
        profile, stages=(profile.stages[0], dataclasses.replace(profile.stages[0], iterations=100000))
    )
    assert [stage.iterations for stage in stretched(two, 4000).stages] == [3000, 1000]
    assert [stage.iterations for stage in stretched(two, 1).stages] == [1, 1]
    assert stretched(two, None) == two


def test_a_job_that_was_never_begun_does_not_count_as_running(project: OpenProject) -> None:
    pretend(project, "prepare")
    create(project.jobs, "train", {}, project.train_digest())
    (step,) = (step for step in steps(project) if step.name == "train")
    assert (step.state, step.reason) == ("todo", "the last job was never begun")

"""The seven steps and their marks."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from srtui.app.machine import Machine
from srtui.app.project_view import TITLES, ProjectView, look_at, with_machine
from srtui.config.project import Project, Synthetic, SyntheticPictures
from srtui.project.folder import OpenProject, save_project

SYNTHETIC = SyntheticPictures(synthetic=Synthetic(pictures=4))


def marks(view: ProjectView) -> dict[str, str]:
    return {step.name: step.mark for step in view.steps}


def test_a_new_project_begins_with_its_sources(tmp_path: Path) -> None:
    save_project(tmp_path, Project())
    view = look_at(tmp_path)
    assert marks(view) == {
        "hardware": "running",
        "sources": "now",
        "degradation": "done",
        "prepare": "waiting",
        "profile": "done",
        "train": "waiting",
        "restore": "waiting",
    }
    assert view.landing() == "hardware"


def test_only_one_step_is_to_be_done_now(tmp_path: Path) -> None:
    save_project(tmp_path, Project(sources=(SYNTHETIC,)))
    view = look_at(tmp_path)
    assert [step.name for step in view.steps if step.mark == "now"] == ["prepare"]
    assert view.step("train").note == "after Prepare"


def test_a_prepared_project_is_opened_at_its_training(project: OpenProject) -> None:
    view = look_at(project.folder)
    assert (view.step("prepare").mark, view.step("train").mark) == ("done", "now")
    assert view.landing() == "train"


def test_changed_settings_make_a_step_stale_and_block_what_needs_it(project: OpenProject) -> None:
    prepare = dataclasses.replace(project.settings.prepare, seed=8)
    save_project(project.folder, dataclasses.replace(project.settings, prepare=prepare))
    view = look_at(project.folder)
    assert (view.step("prepare").mark, view.step("prepare").note) == ("stale", "settings changed")
    assert (view.step("train").mark, view.step("train").note) == ("blocked", "Prepare is stale")
    assert view.landing() == "prepare"


def test_a_failed_job_blocks_its_step_with_the_reason(project: OpenProject, recorded: ModuleType) -> None:
    recorded.finish(recorded.make_job(project, "train"), "failed", 4, "error: disk: full")
    step = look_at(project.folder).step("train")
    assert (step.mark, step.note) == ("blocked", "the last job failed")
    assert step.status is not None
    assert step.status.error == "error: disk: full"


def test_a_running_job_shows_how_far_it_is(project: OpenProject, recorded: ModuleType) -> None:
    job = recorded.make_training(project)
    with recorded.held(job):
        view = look_at(project.folder)
    assert (view.step("train").mark, view.step("train").note) == ("running", "training 49 %")
    assert [status.id for status in view.living] == [job.id]


def test_a_source_folder_that_is_gone_is_named(project: OpenProject) -> None:
    shutil.rmtree(project.folder / "photos")
    step = look_at(project.folder).step("sources")
    assert (step.mark, step.note) == ("blocked", "photos is not there")


def test_a_degradation_of_another_scale_is_blocked(tmp_path: Path) -> None:
    save_project(tmp_path, Project(scale=3, prepare=dataclasses.replace(Project().prepare, multiple=15)))
    step = look_at(tmp_path).step("degradation")
    assert step.mark == "blocked"
    assert "not 3" in step.note


@pytest.mark.parametrize("content", ["training: {patchsize: 1}\nversion: 1\n", "", "[", "\xff"])
def test_a_broken_project_is_shown_and_breaks_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "project.yml").write_text(content, encoding="latin-1")
    view = look_at(tmp_path)
    assert view.project is None
    assert view.problem.startswith("error: ")
    assert len(view.steps) == len(TITLES)


def test_problems_of_the_machine_block_the_first_step(tmp_path: Path, recorded: ModuleType) -> None:
    save_project(tmp_path, Project())
    view = look_at(tmp_path)
    assert with_machine(view, recorded.make_machine()).step("hardware").mark == "done"
    assert with_machine(view, Machine(trouble="no")).step("hardware").mark == "blocked"

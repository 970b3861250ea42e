"""What the wizard's buttons do, without a widget in sight: projects made and changed, jobs started."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from srtui.jobs.folder import JobFolder, create
from srtui.jobs.launch import launch
from srtui.jobs.status import read_status

if TYPE_CHECKING:
    from srtui.project.folder import OpenProject
    from srtui.project.steps import StepName


def start_step(folder: Path, name: StepName) -> JobFolder:
    """Start a step's job, take up one that was stopped, or join the one that runs.

    Raises
    ------
    SrtuiError
        If it cannot start.
    """
    from srtui.config.requests import RunRequest
    from srtui.project.folder import open_project
    from srtui.project.run import children
    from srtui.project.steps import steps

    project = open_project(folder)
    request = RunRequest(project=str(project.folder), steps=(name,))
    if name == "restore" and len(project.settings.restore) > 1:
        return start_run(folder, (name,))  # one after the other, not all at once
    step = next(step for step in steps(project) if step.name == name)
    return _living(children(project, step, request)[0])


def start_run(folder: Path, names: tuple[StepName, ...] = ("prepare", "train", "validate", "restore")) -> JobFolder:
    """Start the job that does every step which is not done, or join the one that does it already."""
    from srtui.config.reader import to_plain
    from srtui.config.requests import RunRequest
    from srtui.project.folder import open_project
    from srtui.project.steps import newest_jobs

    project = open_project(folder)
    newest = newest_jobs(project).get("run")
    if newest is not None and not newest[1].ended:
        return newest[0]
    request = RunRequest(project=str(project.folder), steps=names)
    return _living(create(project.jobs, "run", to_plain(request)))


def resume(job: JobFolder) -> JobFolder:
    """Take up a job that was stopped, failed or killed."""
    return _living(job)


def start_demo(folder: Path) -> JobFolder:
    """Make the demo's project in ``folder`` (or take up the one there) and do its steps."""
    from srtui.project.demo import demo_project
    from srtui.project.folder import save_project

    save_project(folder, demo_project(None, None))
    return start_run(folder, ("prepare", "train", "validate"))


def new_project(folder: Path) -> OpenProject:
    """Make a project with nothing chosen yet."""
    from srtui.config.project import Project
    from srtui.project.folder import save_project

    return save_project(folder, Project())


def add_source(folder: Path, pictures: Path) -> OpenProject:
    """Add a folder of clean pictures to the project."""
    from srtui.project.folder import open_project, save_project
    from srtui.project.sources import with_sources

    return save_project(folder, with_sources(open_project(folder).settings, folder, [pictures], None))


def add_generated(folder: Path) -> OpenProject:
    """Add generated pictures to the project: no download, no photographs needed."""
    from srtui.config.project import Synthetic, SyntheticPictures
    from srtui.project.folder import open_project, save_project

    settings = open_project(folder).settings
    sources = (*settings.sources, SyntheticPictures(synthetic=Synthetic()))
    return save_project(folder, dataclasses.replace(settings, sources=sources))


def _living(job: JobFolder) -> JobFolder:
    if read_status(job).ended or not job.log.exists():
        launch(job)
    return job

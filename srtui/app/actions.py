"""What the wizard's buttons do, without a widget in sight: projects made and changed, jobs started."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from srtui.errors import UsageError
from srtui.jobs.folder import JobFolder, create
from srtui.jobs.launch import start

if TYPE_CHECKING:
    from srtui.config.requests import Request
    from srtui.project.folder import OpenProject
    from srtui.project.steps import StepName

STILLS = "stills"
"""Folder of a project that frames of tapes go to."""
FRAMES = 100
"""Frames that are taken of a tape; ``srtui frames`` takes any number."""


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
    from srtui.project.demo import make_demo

    make_demo(folder)
    return start_run(folder, ("prepare", "train", "validate"))


def new_project(folder: Path) -> OpenProject:
    """Make a project with nothing chosen yet."""
    from srtui.config.project import Project
    from srtui.project.folder import save_project

    return save_project(folder, Project())


def add_source(folder: Path, material: Path) -> OpenProject:
    """Add clean pictures to the project: a folder, an LMDB of BasicSR, or a video.

    Raises
    ------
    UsageError
        If it is a tape, or nothing is there.
    """
    from srtui.project.folder import OpenProject, open_project, save_project
    from srtui.project.sources import with_sources

    if not material.exists():
        raise UsageError(str(material), "is not there", hint="type the path of a folder; → completes it")
    changed = with_sources(open_project(folder).settings, folder, [material], None)
    OpenProject(folder.resolve(), changed).check_roles()
    return save_project(folder, changed)


def add_tape(folder: Path, tape: Path) -> OpenProject:
    """Add a tape to the project's footage.

    Raises
    ------
    UsageError
        If it is none, or a source.
    """
    from srtui.project.folder import open_project, save_project
    from srtui.project.footage import with_tape

    return save_project(folder, with_tape(open_project(folder), tape))


def add_restore(folder: Path, pictures: Path) -> OpenProject:
    """List a picture or a folder of pictures to be restored, into ``restored/`` and its name.

    Raises
    ------
    UsageError
        If nothing is there, or it is listed already.
    """
    from srtui.config.project import Restore
    from srtui.project.folder import open_project, save_project
    from srtui.project.sources import written

    project = open_project(folder)
    if not pictures.exists():
        raise UsageError(str(pictures), "is not there", hint="type the path of a picture or a folder; → completes it")
    listed = project.settings.restore
    if any(project.path(each.input) == pictures for each in listed):
        raise UsageError(str(pictures), "is listed already", where=project.file)
    taken = {project.path(each.output) for each in listed}
    names = (f"{pictures.stem}{number}{pictures.suffix}" for number in ("", *(f"-{count}" for count in range(2, 1000))))
    output = next(path for name in names if (path := project.folder / "restored" / name) not in taken)
    added = Restore(input=written(pictures, project.folder), output=written(output, project.folder))
    return save_project(folder, dataclasses.replace(project.settings, restore=(*listed, added)))


def choose_profile(folder: Path, name: str) -> OpenProject:
    """Train with this profile."""
    from srtui.project.folder import open_project, save_project

    settings = open_project(folder).settings
    return save_project(
        folder, dataclasses.replace(settings, training=dataclasses.replace(settings.training, profile=name))
    )


def begin_from(folder: Path, network: Path | None) -> OpenProject:
    """Begin the training from a network; None: from random weights.

    Raises
    ------
    UsageError
        If it is no network.
    """
    from srtui.project.folder import open_project, save_project
    from srtui.project.network_file import check_network_file
    from srtui.project.sources import written

    if network is not None:
        check_network_file(network)
    settings = open_project(folder).settings
    start = written(network, folder) if network else ""
    return save_project(
        folder, dataclasses.replace(settings, training=dataclasses.replace(settings.training, start=start))
    )


def choose_degradation(folder: Path, name: str) -> OpenProject:
    """Spoil pictures by this degradation."""
    from srtui.project.folder import open_project, save_project

    return save_project(folder, dataclasses.replace(open_project(folder).settings, degradation=name))


def choose_scale(folder: Path, scale: int) -> OpenProject:
    """Make pictures this many times larger.

    Raises
    ------
    UsageError
        If the settings contradict it.
    """
    from srtui.project.folder import open_project, save_project

    project = open_project(folder)
    try:
        changed = dataclasses.replace(project.settings, scale=cast("Any", scale))
    except ValueError as error:
        raise UsageError(f"scale {scale}", str(error), where=project.file, hint="change it there (e)") from None
    return save_project(folder, changed)


def start_scan(folder: Path, tapes: Sequence[str], *, fresh: bool = False) -> JobFolder:
    """Scan tapes (``fresh``: also those that are scanned), or join the job that does.

    Raises
    ------
    SrtuiError
        If it cannot start.
    """
    from srtui.config.requests import ScanRequest
    from srtui.project.folder import open_project
    from srtui.project.footage import SCANS

    project = open_project(folder)
    request = ScanRequest(tapes=tuple(tapes), output=str(project.folder / SCANS), fresh=fresh)
    return _join_or_start(project, "scan", request)


def start_frames(folder: Path, tape: Path) -> JobFolder:
    """Extract the best frames of a tape into ``stills/`` and its name, or join the job that does.

    Raises
    ------
    SrtuiError
        If it cannot start.
    """
    from srtui.config.requests import FramesRequest
    from srtui.project.folder import open_project
    from srtui.project.footage import SCANS

    project = open_project(folder)
    output = project.folder / STILLS / tape.stem
    scans = project.folder / SCANS
    request = FramesRequest(tape=str(tape), scans=str(scans), output=str(output), count=FRAMES)
    return _join_or_start(project, "frames", request)


def _join_or_start(project: OpenProject, kind: str, request: Request) -> JobFolder:
    """Join a living job of this kind, take up one that was asked the same and did not finish, else start one."""
    from srtui.config.reader import to_plain
    from srtui.jobs.folder import read_record
    from srtui.project.steps import newest_jobs

    asked = to_plain(request)
    newest = newest_jobs(project).get(kind)
    if newest is not None and (
        not newest[1].ended or (newest[1].state != "finished" and read_record(newest[0]).request == asked)
    ):
        return _living(newest[0])
    return _living(create(project.jobs, kind, asked))


def add_generated(folder: Path) -> OpenProject:
    """Add generated pictures to the project: no download, no photographs needed."""
    from srtui.config.project import Synthetic, SyntheticPictures
    from srtui.project.folder import open_project, save_project

    settings = open_project(folder).settings
    sources = (*settings.sources, SyntheticPictures(synthetic=Synthetic()))
    return save_project(folder, dataclasses.replace(settings, sources=sources))


def _living(job: JobFolder) -> JobFolder:
    start(job)
    return job

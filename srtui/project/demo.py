"""The project that `srtui demo` runs: the whole job on generated pictures, or on the user's own, in minutes."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from srtui.config.project import Folder, Project, Source, Synthetic, SyntheticPictures, Training, Validate
from srtui.config.reader import read_yaml
from srtui.errors import UsageError
from srtui.jobs.folder import all_jobs, jobs_root
from srtui.jobs.launch import rests
from srtui.jobs.wording import again
from srtui.project.folder import FILE, OpenProject, save_project

MINIMUM_GAIN = 0.2
"""Mean Y-PSNR over bicubic, in dB, that the demo's network must reach."""
ESTIMATE = "prepares pictures, trains a small network and compares it with bicubic: 2 to 4 minutes on two cores"
_TRAIN = Synthetic(pictures=64, seed=1)
_VALIDATE = Synthetic(pictures=24, seed=2, width=384, height=256)


def _settings(photos: Path | None, val_photos: Path | None) -> Project:
    """Settings of the demo."""
    sources: Source = SyntheticPictures(synthetic=_TRAIN)
    validation: Source = SyntheticPictures(synthetic=_VALIDATE)
    if photos is not None and val_photos is not None:
        sources, validation = Folder(folder=str(photos.resolve())), Folder(folder=str(val_photos.resolve()))
    return Project(
        scale=4,
        sources=(sources,),
        validation_sources=(validation,),
        degradation="photoshop-six",
        training=Training(profile="tiny"),
        validate=Validate(minimum_gain=MINIMUM_GAIN),
    )


def make_demo(
    folder: Path, photos: Path | None = None, val_photos: Path | None = None, *, fresh: bool = False
) -> OpenProject:
    """Make the demo's project in ``folder``, or take up the one there; ``fresh`` forgets what it has done.

    Raises
    ------
    UsageError
        If there is another project, or it is to be forgotten while one of its jobs runs.
    """
    demo = _settings(photos, val_photos)
    file = folder / FILE
    if file.is_file() and _but_for_pictures(read_yaml(file, Project)) != _but_for_pictures(demo):
        raise UsageError(str(file), "is a project of yours, no demo", hint="choose another --output")
    if fresh:
        _forget(folder)
    return save_project(folder, demo)


def _but_for_pictures(settings: Project) -> Project:
    return dataclasses.replace(settings, sources=(), validation_sources=())


def _forget(folder: Path) -> None:
    """Remove what an earlier demo made, and nothing else."""
    for job in all_jobs(jobs_root(folder.resolve())):
        if not rests(job):
            raise UsageError(job.id, "runs", hint=f"{again('stop', job)} first")
    if (folder / FILE).is_file():
        for path in (folder / name for name in ("dataset", "jobs", "models", "comparison")):
            if path.exists():
                shutil.rmtree(path)

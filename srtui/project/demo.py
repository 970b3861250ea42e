"""The project that `srtui demo` runs: the whole job on generated pictures, or on the user's own, in minutes."""

from __future__ import annotations

import shutil
from pathlib import Path

from srtui.config.project import Folder, Project, Source, Synthetic, SyntheticPictures, Training, Validate
from srtui.errors import UsageError
from srtui.project.folder import FILE

MINIMUM_GAIN = 0.2
"""Mean Y-PSNR over bicubic, in dB, that the demo's network must reach."""
ESTIMATE = "prepares pictures, trains a small network and compares it with bicubic: 3 to 4 minutes on two cores"
_TRAIN = Synthetic(pictures=64, seed=1)
_VALIDATE = Synthetic(pictures=24, seed=2, width=384, height=256)


def demo_project(photos: Path | None, val_photos: Path | None) -> Project:
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


def forget(folder: Path) -> None:
    """Remove an earlier demo, and nothing else."""
    if not folder.exists():
        return
    if not (folder / FILE).is_file():
        raise UsageError(str(folder), f"no {FILE} in it, so it is no demo", hint="choose another --output")
    for name in ("dataset", "jobs", "models", "comparison"):
        if (folder / name).exists():
            shutil.rmtree(folder / name)
